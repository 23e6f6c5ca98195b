/** Git's own objects over the API: trees, blobs, commits and refs, made and read by the git binary. */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { GitStore } from './git-store.ts';
import { ApiError, created, notFound, ok, type Route } from './http.ts';
import { gitCommitJson, refJson, treeJson } from './representations/git.ts';
import { parseBody, R, scoped, type Scoped, type Stage } from './scoped.ts';

/** GitHub lists no more of a tree. Source: REST, "Get a tree". */
const MAX_TREE_ENTRIES = 100_000;

const NewTree = z.object({
  base_tree: z.string().optional(),
  tree: z
    .array(
      z.object({
        path: z.string().min(1),
        mode: z.enum(['100644', '100755', '040000', '160000', '120000']),
        type: z.enum(['blob', 'tree', 'commit']),
        content: z.string().optional(),
        sha: z.string().nullish(),
      }),
    )
    .min(1),
});
const NewCommit = z.object({ message: z.string(), tree: z.string(), parents: z.array(z.string()).default([]) });
const RefChange = z.object({ sha: z.string(), force: z.boolean().default(false) });

const getTree =
  ({ world }: Stage): Scoped =>
  async ({ params, query }, repository) => {
    const { git } = repository;
    const name = params['sha'] ?? '';
    const tree = await peeled(git, `${name}^{tree}`);
    if (tree === null) throw notFound();
    const args = query.has('recursive') ? ['-r', '-t'] : [];
    const text = await git.git('ls-tree', '-z', '--long', ...args, tree);
    const lines = text.split('\0').filter((line) => line !== '');
    return ok(treeJson(tree, lines.slice(0, MAX_TREE_ENTRIES), lines.length > MAX_TREE_ENTRIES, { repository, world }));
  };

const getBlob: Scoped = async ({ params, baseUrl }, { git, owner, name }) => {
  const sha = params['sha'] ?? '';
  const type = await git.git('cat-file', '-t', sha).catch(() => '');
  if (type.trim() !== 'blob') throw notFound();
  const base64 = (await git.bytesOf(sha)).toString('base64');
  const content = base64.replace(/.{1,60}/g, '$&\n');
  const url = `${baseUrl}/repos/${owner.login}/${name}/git/blobs/${sha}`;
  return ok({ sha, node_id: 'B_', size: Buffer.from(base64, 'base64').length, url, content, encoding: 'base64' });
};

const postTree =
  ({ world }: Stage): Scoped =>
  async (call, repository) => {
    const { git } = repository;
    const { base_tree: base, tree } = parseBody(NewTree, call);
    if (base !== undefined && (await peeled(git, `${base}^{tree}`)) === null)
      throw new ApiError(422, 'Tree SHA does not exist');
    if (tree.some(({ path }) => path.startsWith('.github/workflows/')))
      throw new ApiError(403, 'Resource not accessible by integration');
    if (tree.some(({ path }) => path.split('/').some((part) => ['', '.', '..', '.git'].includes(part))))
      throw new ApiError(422, 'tree.path contains a malformed path component');
    const index = join(git.dir, `index-${randomBytes(6).toString('hex')}`);
    try {
      const env = { GIT_INDEX_FILE: index };
      if (base !== undefined) await git.gitWithInput(Buffer.alloc(0), ['read-tree', base], env);
      for (const { path, mode, content, sha } of tree) {
        const blob = content === undefined ? (sha ?? '') : await write(git, content);
        await git.gitWithInput(
          Buffer.alloc(0),
          ['update-index', '--add', '--cacheinfo', `${mode},${blob},${path}`],
          env,
        );
      }
      const made = (await git.gitWithInput(Buffer.alloc(0), ['write-tree'], env)).trim();
      const lines = (await git.git('ls-tree', '-z', '--long', made)).split('\0').filter((line) => line !== '');
      return created(treeJson(made, lines, false, { repository, world }));
    } finally {
      await rm(index, { force: true });
    }
  };

const write = async (git: GitStore, content: string): Promise<string> =>
  (await git.gitWithInput(Buffer.from(content), ['hash-object', '-w', '--stdin'])).trim();

const postCommit =
  ({ world }: Stage): Scoped =>
  async (call, repository) => {
    const { git } = repository;
    const { message, tree, parents } = parseBody(NewCommit, call);
    if ((await peeled(git, `${tree}^{tree}`)) === null) throw new ApiError(422, 'Tree SHA does not exist');
    const missing = await Promise.all(parents.map((parent) => git.commitOf(parent)));
    if (missing.includes(null)) throw new ApiError(422, 'Parent SHA does not exist or is not a commit object');
    const args = ['commit-tree', tree, ...parents.flatMap((parent) => ['-p', parent])];
    const sha = (await git.gitWithInput(Buffer.from(message), args)).trim();
    return created(gitCommitJson(await git.commit(sha), repository, world));
  };

const getCommit =
  ({ world }: Stage): Scoped =>
  async ({ params }, repository) => {
    const sha = await repository.git.commitOf(params['sha'] ?? '');
    if (sha === null) throw notFound();
    return ok(gitCommitJson(await repository.git.commit(sha), repository, world));
  };

const getRef =
  ({ world }: Stage): Scoped =>
  async ({ params }, repository) => {
    const ref = `refs/${params['ref'] ?? ''}`;
    const sha = await repository.git.refOf(ref);
    if (sha === null) throw notFound();
    return ok(refJson(ref, sha, repository, world));
  };

const patchRef =
  ({ world, events }: Stage): Scoped =>
  async (call, repository) => {
    const { git } = repository;
    const ref = `refs/${call.params['ref'] ?? ''}`;
    const { sha, force } = parseBody(RefChange, call);
    const at = await git.refOf(ref);
    if (at === null) throw new ApiError(422, 'Reference does not exist');
    if ((await git.commitOf(sha)) === null) throw new ApiError(422, 'Object does not exist');
    if (!force && !(await git.isFastForward(at, sha))) throw new ApiError(422, 'Update is not a fast forward');
    await git.git('update-ref', ref, sha);
    await events.pushes(repository);
    return ok(refJson(ref, sha, repository, world));
  };

const deleteRef =
  ({ events }: Stage): Scoped =>
  async ({ params }, repository) => {
    const ref = `refs/${params['ref'] ?? ''}`;
    if ((await repository.git.refOf(ref)) === null) throw new ApiError(422, 'Reference does not exist');
    await repository.git.git('update-ref', '-d', ref);
    await events.pushes(repository);
    return { status: 204 };
  };

const peeled = async (git: GitStore, name: string): Promise<string | null> => {
  if (name.startsWith('-')) return null;
  const text = await git.git('rev-parse', '--verify', '--quiet', name).catch(() => '');
  return text.trim() === '' ? null : text.trim();
};

export function gitRoutes(stage: Stage): Route[] {
  const [read, write_] = ['contents', 'contents:write'];
  return [
    { method: 'GET', path: `${R}/git/trees/:sha`, handler: scoped(stage, read, getTree(stage)) },
    { method: 'POST', path: `${R}/git/trees`, handler: scoped(stage, write_, postTree(stage)) },
    { method: 'GET', path: `${R}/git/blobs/:sha`, handler: scoped(stage, read, getBlob) },
    { method: 'GET', path: `${R}/git/commits/:sha`, handler: scoped(stage, read, getCommit(stage)) },
    { method: 'POST', path: `${R}/git/commits`, handler: scoped(stage, write_, postCommit(stage)) },
    { method: 'GET', path: `${R}/git/ref/*ref`, handler: scoped(stage, read, getRef(stage)) },
    { method: 'PATCH', path: `${R}/git/refs/*ref`, handler: scoped(stage, write_, patchRef(stage)) },
    { method: 'DELETE', path: `${R}/git/refs/*ref`, handler: scoped(stage, write_, deleteRef(stage)) },
  ];
}
