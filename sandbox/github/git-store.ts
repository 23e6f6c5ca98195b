/** Real git objects: bare repositories, read and written by the git binary. */
import { execFile, spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { ObjectReader, type GitObject } from './object-reader.ts';

const run = promisify(execFile);
const MAX_OUTPUT = 256 * 1024 * 1024;

export interface TreeEntry {
  readonly mode: string;
  readonly type: 'blob' | 'tree' | 'commit';
  readonly sha: string;
  readonly size: number;
  readonly name: string;
}

export interface Signature {
  readonly name: string;
  readonly email: string;
  readonly date: string;
}

export interface CommitInfo {
  readonly sha: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: Signature;
  readonly committer: Signature;
  readonly message: string;
}

/** How far two commits are apart, as a pull request says it. */
export interface Comparison {
  readonly commits: number;
  readonly changed_files: number;
  readonly additions: number;
  readonly deletions: number;
}

export interface NewCommit {
  readonly ref: string;
  readonly from?: string;
  /** By path; null removes a file. */
  readonly files: ReadonlyMap<string, string | Buffer | null>;
  readonly message: string;
}

export interface ChangedFile {
  readonly filename: string;
  readonly status: string;
  readonly previous: string | null;
}

const STATUS_OF: Readonly<Record<string, string>> = { A: 'added', D: 'removed', M: 'modified', R: 'renamed' };

/** Environment of every git call: nobody's configuration but ours. */
const ENVIRONMENT = {
  PATH: process.env['PATH'] ?? '',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'sandbox',
  GIT_AUTHOR_EMAIL: 'sandbox@example.invalid',
  GIT_COMMITTER_NAME: 'sandbox',
  GIT_COMMITTER_EMAIL: 'sandbox@example.invalid',
};

export class GitStore {
  readonly dir: string;

  private readonly objects: ObjectReader;

  constructor(dir: string) {
    this.dir = dir;
    this.objects = new ObjectReader(dir, ENVIRONMENT);
  }

  async create(): Promise<void> {
    await mkdir(this.dir, { recursive: true });
    await this.git('init', '--quiet', '--bare', '--initial-branch=main', '.');
    await this.git('config', 'http.receivepack', 'true');
  }

  /** All refs with the objects they point at. */
  async refs(): Promise<ReadonlyMap<string, string>> {
    const text = await this.git('for-each-ref', '--format=%(refname) %(objectname)');
    return new Map(
      text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => [line.split(' ')[0] ?? '', line.split(' ')[1] ?? '']),
    );
  }

  /** The object that a full ref points at, tags as they are; null where there is no such ref. */
  async refOf(ref: string): Promise<string | null> {
    if (!ref.startsWith('refs/') || NO_REF.test(ref)) return null;
    return (await this.objects.read(ref))?.sha ?? null;
  }

  /** The commit that a name stands for, annotated tags peeled; null where there is none. */
  async commitOf(name: string): Promise<string | null> {
    if (name.startsWith('-')) return null;
    return (await this.objects.read(`${name}^{commit}`))?.sha ?? null;
  }

  async file(commit: string, path: string): Promise<Buffer | null> {
    const object = await this.objects.read(`${commit}:${path}`);
    return object?.type === 'blob' ? object.bytes : null;
  }

  async bytesOf(sha: string): Promise<Buffer> {
    const object = await this.objects.read(sha);
    if (object?.type !== 'blob') throw new Error(`${sha} is no blob`);
    return object.bytes;
  }

  /** Git's name of a file's contents; null where it is absent. */
  async blobOf(commit: string, path: string): Promise<string | null> {
    return (await this.objects.read(`${commit}:${path}`))?.sha ?? null;
  }

  async directory(commit: string, path: string): Promise<TreeEntry[] | null> {
    const target = path === '' ? commit : `${commit}:${path}`;
    const text = await this.git('ls-tree', '-z', '--long', target).catch(() => null);
    if (text === null) return null;
    return text
      .split('\0')
      .filter((line) => line !== '')
      .map((line) => {
        const [info = '', name = ''] = line.split('\t');
        // Sizes stand in a column; trees and submodules have a dash there.
        const [mode = '', type = 'blob', sha = '', size = ''] = info.split(/ +/);
        return { mode, type: type as TreeEntry['type'], sha, size: Number.parseInt(size, 10) || 0, name };
      });
  }

  /** A commit that is known to be there. */
  async commit(sha: string): Promise<CommitInfo> {
    const object = await this.objects.read(`${sha}^{commit}`);
    if (object === null) throw new Error(`${sha} is no commit`);
    return commitInfo(object);
  }

  /** Ends what this has started. */
  close(): void {
    this.objects.close();
  }

  /** Nothing but zeros where one of the commits is not here: a fork's, say. */
  async comparison(base: string, head: string): Promise<Comparison> {
    const range = `${base}...${head}`;
    const lines = await this.git('diff', '--numstat', range).catch(() => '');
    const commits = await this.git('rev-list', '--count', `${base}..${head}`).catch(() => '0');
    const changes = lines.split('\n').filter((line) => line !== '');
    const sum = (column: number): number =>
      changes.reduce((total, line) => total + (Number(line.split('\t')[column]) || 0), 0);
    return { commits: Number(commits), changed_files: changes.length, additions: sum(0), deletions: sum(1) };
  }

  /** What changed between two commits, as a pull request lists it. */
  async changedFiles(base: string, head: string): Promise<ChangedFile[]> {
    const text = await this.git('diff', '--name-status', '-z', '--find-renames', `${base}...${head}`);
    const fields = text.split('\0').filter((field) => field !== '');
    const files: ChangedFile[] = [];
    for (let at = 0; at < fields.length;) {
      const status = fields[at] ?? '';
      const isRenamed = status.startsWith('R');
      const filename = fields[at + (isRenamed ? 2 : 1)] ?? '';
      files.push({
        filename,
        status: STATUS_OF[status[0] ?? ''] ?? 'changed',
        previous: isRenamed ? (fields[at + 1] ?? null) : null,
      });
      at += isRenamed ? 3 : 2;
    }
    return files;
  }

  /** Commits of `head` that `base` does not have. */
  async countBetween(base: string, head: string): Promise<number> {
    return Number(await this.git('rev-list', '--count', `${base}..${head}`));
  }

  /** Whether a ref can go from one commit to the other without losing any. */
  async isFastForward(before: string, after: string): Promise<boolean> {
    return this.git('merge-base', '--is-ancestor', before, after).then(
      () => true,
      () => false,
    );
  }

  /** Writes a commit with these files over its parent's, and moves the branch to it. */
  commitFiles(branch: string, files: ReadonlyMap<string, string | Buffer | null>, message: string): Promise<string> {
    return this.commitTo({ ref: `refs/heads/${branch}`, files, message });
  }

  /** As above, for any ref; a ref that is not there yet begins at `from`. */
  async commitTo({ ref, from, files, message }: NewCommit): Promise<string> {
    const parent = (await this.commitOf(ref)) ?? (from === undefined ? null : await this.commitOf(from));
    const seconds = Math.floor(Date.now() / 1000);
    const chunks: Buffer[] = [];
    const line = (text: string): number => chunks.push(Buffer.from(`${text}\n`));
    const data = (content: Buffer): void => {
      line(`data ${content.length}`);
      chunks.push(content, Buffer.from('\n'));
    };
    line(`commit ${ref}`);
    line(`committer sandbox <sandbox@example.invalid> ${seconds} +0000`);
    data(Buffer.from(message));
    if (parent !== null) line(`from ${parent}`);
    for (const [path, content] of files) {
      if (content === null) line(`D ${path}`);
      else {
        line(`M 100644 inline ${path}`);
        data(Buffer.from(content));
      }
    }
    await this.gitWithInput(Buffer.concat(chunks), ['fast-import', '--quiet', '--force']);
    const commit = await this.commitOf(ref);
    if (commit === null) throw new Error('git fast-import made no commit');
    return commit;
  }

  /** Merges two commits without a working tree, and lets a ref point at the result. */
  async merge(ref: string, base: string, head: string): Promise<string> {
    const tree = (await this.git('merge-tree', '--write-tree', base, head)).split('\n')[0] ?? '';
    const message = `Merge ${head} into ${base}`;
    const sha = (await this.git('commit-tree', tree, '-p', base, '-p', head, '-m', message)).trim();
    await this.git('update-ref', ref, sha);
    return sha;
  }

  /** The tree of a commit as plain files in a folder. */
  async checkOut(commit: string, folder: string): Promise<void> {
    await mkdir(folder, { recursive: true });
    const archive = spawn('git', ['archive', '--format=tar', commit], this.options());
    const untar = spawn('tar', ['-x', '-C', folder], { stdio: ['pipe', 'ignore', 'pipe'] });
    archive.stdout.pipe(untar.stdin);
    await new Promise<void>((resolve, reject) => {
      untar.once('error', reject);
      untar.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`tar ended with ${code}`))));
    });
  }

  git(...args: string[]): Promise<string> {
    return run('git', args, this.options()).then(({ stdout }) => stdout);
  }

  /** As `git`, with what it reads, and variables of its own. */
  async gitWithInput(
    input: Buffer,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const options = this.options();
    const child = spawn('git', args, { ...options, env: { ...options.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    // Some read nothing, and end before they were told so.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`git ${args[0]}: ${errors}`))));
    });
    return output;
  }

  private options(): { cwd: string; env: NodeJS.ProcessEnv; maxBuffer: number } {
    return { cwd: this.dir, env: ENVIRONMENT, maxBuffer: MAX_OUTPUT };
  }
}

/** What would make a revision of a name. Source: git docs, "git-check-ref-format". */
const NO_REF = /[\s~^:?*[\\]|@\{|\.\./;

/** Source: git docs, "gitformat-commit": headers, an empty line, the message. */
function commitInfo({ sha, bytes }: GitObject): CommitInfo {
  const text = bytes.toString('utf8');
  const end = text.indexOf('\n\n');
  const headers = text.slice(0, end).split('\n');
  const valuesOf = (name: string): string[] =>
    headers.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
  return {
    sha,
    tree: valuesOf('tree')[0] ?? '',
    parents: valuesOf('parent'),
    author: signature(valuesOf('author')[0] ?? ''),
    committer: signature(valuesOf('committer')[0] ?? ''),
    message: text.slice(end + 2).trimEnd(),
  };
}

function signature(text: string): Signature {
  const [, name = '', email = '', seconds = '0', zone = '+0000'] =
    /^(.*?) ?<([^>]*)> (\d+) ([+-]\d{4})$/.exec(text) ?? [];
  const minutes = Number(`${zone[0]}1`) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3)));
  const local = new Date((Number(seconds) + minutes * 60) * 1000).toISOString().slice(0, 19);
  return { name, email, date: `${local}${zone.slice(0, 3)}:${zone.slice(3)}` };
}
