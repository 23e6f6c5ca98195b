/** What a repair is made from, fetched by reference: lint reports, the fixers' sources, files at the commit. */
import { createHash } from 'node:crypto';
import { ArchiveError, fetchArchive, readEntries } from '../src/adapters/github/artifact-archive.ts';
import type { TreeEntry } from '../src/adapters/github/git-objects.ts';
import type { GitHub } from '../src/adapters/github/github.ts';
import type { CommitSha } from '../src/domain/git.ts';
import { readAllFindings, type LintEvidence } from '../src/domain/lint/all-findings.ts';
import type { LintFinding } from '../src/domain/lint/lint-result.ts';
import { LINTER_LOGS, MEGALINTER_JSON, MEGALINTER_SARIF } from '../src/domain/lint/megalinter-json.ts';
import type { FileMaterial } from '../src/domain/repair/compose-repair.ts';
import { Fixes, FIXES_FILE } from '../src/domain/repair/fixes.ts';
import { isRepairable, repositoryPath, type RepairFile } from '../src/domain/repair/repair-scope.ts';
import type { RepairSource } from '../src/domain/repair/repair-source.ts';
import type { Repository } from '../src/domain/repository.ts';
import { parseJson, type ReportFiles } from '../src/domain/stage/stage-report.ts';
import { artifactKey, blobKey, treeKey, type RecentBytes } from './recent-bytes.ts';

/** Why a repair cannot be made at all, as the end of "No repair was proposed: ". */
export class NoRepair extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'NoRepair';
  }
}

/** Reports of real findings have less; one of more is parsed by the stage's own reader, and repaired by nobody. */
const MAX_REPORT_BYTES = 4 * 1024 * 1024;

export class RepairMaterial {
  private readonly github: GitHub;
  private readonly recent: RecentBytes;

  constructor(github: GitHub, recent: RecentBytes) {
    this.github = github;
    this.recent = recent;
  }

  /** @throws NoRepair */
  async findings(repository: Repository, artifactId: number): Promise<LintEvidence> {
    const files = await this.report(repository, artifactId, [MEGALINTER_JSON, MEGALINTER_SARIF, LINTER_LOGS]);
    const found = readAllFindings(files);
    if (found === null) throw new NoRepair('the report of the linters could not be read');
    return found;
  }

  /** By path: the fixers' sources, whose bytes are those that were kept. */
  async fixed(repository: Repository, artifactId: number): Promise<ReadonlyMap<string, Buffer>> {
    const files = await this.report(repository, artifactId, [FIXES_FILE]);
    const json = parseJson(files.get(FIXES_FILE)?.text ?? '');
    const fixes = json.ok ? Fixes.safeParse(json.value).data : undefined;
    if (fixes === undefined) throw new NoRepair("the fixers' sources could not be read");
    const bytes = fixes.files.map(({ path, sha256, content }) => ({
      path,
      sha256,
      bytes: Buffer.from(content, 'base64'),
    }));
    const changed = bytes.find((file) => createHash('sha256').update(file.bytes).digest('hex') !== file.sha256);
    if (changed !== undefined) throw new NoRepair("the fixers' sources are not those whose digests were written down");
    return new Map(bytes.map((file) => [file.path, file.bytes]));
  }

  /** The files of a round, as far as they are text. */
  async filesOf(source: RepairSource, paths: readonly string[]): Promise<MaterialOf[]> {
    const { repository, lint, fixes } = source;
    const before = await this.findings(repository, lint);
    const fixed = fixes === null ? new Map<string, Buffer>() : await this.fixed(repository, fixes);
    const left = fixes === null ? before : await this.findings(repository, fixes);
    const wanted = source.files.filter(({ path }) => paths.includes(path));
    const materials: MaterialOf[] = [];
    for (const file of wanted) {
      const base = textOf(await this.blob(repository, file.blob));
      const bytes = fixed.get(file.path);
      const young = bytes === undefined ? null : textOf(bytes);
      if (base === null || (bytes !== undefined && young === null)) {
        materials.push({ kind: 'unreadable', file });
        continue;
      }
      materials.push({
        kind: 'text',
        file,
        material: {
          path: file.path,
          base,
          findings: ownOf(before.findings, file.path),
          fixed: young,
          leftByFixers: ownOf(left.findings, file.path),
        },
      });
    }
    return materials;
  }

  /** Everything that is in the commit. @throws NoRepair */
  async tree(repository: Repository, commit: CommitSha): Promise<readonly TreeEntry[]> {
    const bytes = await this.recent.of(treeKey(repository.id, commit), async () => {
      const entries = await this.github.repository(repository).git.treeAt(commit);
      if (entries === null) throw new NoRepair('the repository has more files than can be checked one by one');
      return Buffer.from(JSON.stringify(entries));
    });
    return JSON.parse(bytes.toString('utf8')) as readonly TreeEntry[];
  }

  private blob(repository: Repository, sha: string): Promise<Buffer> {
    return this.recent.of(blobKey(repository.id, sha), () => this.github.repository(repository).git.blob(sha));
  }

  private async report(repository: Repository, artifactId: number, names: readonly string[]): Promise<ReportFiles> {
    const archive = await this.recent.of(artifactKey(repository.id, artifactId), () =>
      this.download(repository, artifactId),
    );
    if (archive.length > MAX_REPORT_BYTES) throw new NoRepair('the report of the linters is too large to repair from');
    try {
      return await readEntries(archive, names);
    } catch (error) {
      if (error instanceof ArchiveError) throw new NoRepair(error.message);
      throw error;
    }
  }

  private async download(repository: Repository, artifactId: number): Promise<Buffer> {
    const address = await this.github.repository(repository).actions.artifactLocation(artifactId);
    if (address === null) throw new NoRepair('the report of the linters has expired');
    try {
      return await fetchArchive(this.github.archives, address, null);
    } catch (error) {
      if (error instanceof ArchiveError) throw new NoRepair(error.message);
      throw error;
    }
  }
}

export type MaterialOf =
  | { readonly kind: 'text'; readonly file: RepairFile; readonly material: FileMaterial }
  /** Not UTF-8: written back as text it would be another file. */
  | { readonly kind: 'unreadable'; readonly file: RepairFile };

const ownOf = (findings: readonly LintFinding[], path: string): LintFinding[] =>
  findings.filter((finding) => isRepairable(finding) && repositoryPath(finding.file) === path);

/** Exactly, with its byte order mark; null where it is no text in UTF-8. */
function textOf(bytes: Buffer): string | null {
  if (bytes.includes(0)) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
