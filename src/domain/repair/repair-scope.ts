/** Which files a repair looks at, and why it leaves the others: decided from findings and from git's own tree, before a byte is read. */
import type { LintFinding } from '../lint/lint-result.ts';
import { whyKept } from './guarded-path.ts';

/** As git has it: a symlink is `120000`, a submodule `160000`. */
export interface TreeFile {
  readonly mode: string;
  readonly sha: string;
  readonly bytes: number;
}

export interface RepairFile {
  readonly path: string;
  readonly mode: string;
  /** Git's name of its contents at the commit. */
  readonly blob: string;
  readonly bytes: number;
  readonly findings: number;
}

/** Findings that nobody tries to repair, by their reason. */
export interface LeftAlone {
  readonly why: string;
  readonly findings: number;
}

export interface RepairScope {
  readonly files: readonly RepairFile[];
  readonly left: readonly LeftAlone[];
}

/** As many files as a person reviews at once. */
export const MAX_REPAIRED_FILES = 25;
const MAX_FILE_BYTES = 2 * 1024 * 1024;

/** They find secrets, vulnerabilities and copies: what a linter's fix or a model writes there is a decision of people. */
const NOT_FOR_REPAIR =
  /gitleaks|secretlint|trufflehog|kingfisher|betterleaks|trivy|grype|osv|kics|checkov|devskim|semgrep|syft|dustilock|bandit|jscpd|lychee|cspell|git_diff/i;

/** A file that holds one is shown to nobody. */
const SECRET_SCANNERS = /gitleaks|secretlint|trufflehog|kingfisher|betterleaks/i;

export function scopeOf(findings: readonly LintFinding[], tree: ReadonlyMap<string, TreeFile>): RepairScope {
  const secret = new Set(
    findings.filter(({ linter }) => SECRET_SCANNERS.test(linter)).map(({ file }) => repositoryPath(file)),
  );
  const byPath = Map.groupBy(findings.filter(isRepairable), ({ file }) => repositoryPath(file));
  const looked = [...byPath].map(([path, own]) => ({ path, own, entry: tree.get(path) }));
  const wanted: RepairFile[] = [];
  const left = new Map<string, number>();
  const leave = (why: string, count: number): void => void left.set(why, (left.get(why) ?? 0) + count);
  leave('secrets, vulnerabilities and copies are for people to decide on', findings.length - sum(byPath));
  for (const { path, own, entry } of looked.toSorted((a, b) => b.own.length - a.own.length)) {
    const why =
      (secret.has(path) ? 'it holds a secret' : whyNot(path, entry)) ??
      (wanted.length < MAX_REPAIRED_FILES ? null : TOO_MANY);
    if (why !== null || entry === undefined) leave(why ?? '', own.length);
    else wanted.push({ path, mode: entry.mode, blob: entry.sha, bytes: entry.bytes, findings: own.length });
  }
  return {
    files: wanted,
    left: [...left].filter(([, count]) => count > 0).map(([why, count]) => ({ why, findings: count })),
  };
}

const TOO_MANY = `more than ${MAX_REPAIRED_FILES} files have findings: the others are left for the next run`;

const sum = (byPath: ReadonlyMap<string, readonly LintFinding[]>): number =>
  [...byPath.values()].reduce((total, own) => total + own.length, 0);

export const isRepairable = ({ linter }: LintFinding): boolean => !NOT_FOR_REPAIR.test(linter);

/** Linters name files by where they ran: MegaLinter's container, or the checkout itself. */
const WORKSPACES = ['file:///github/workspace/', '/github/workspace/', '/tmp/lint/', './'];

export function repositoryPath(file: string): string {
  const workspace = WORKSPACES.find((each) => file.startsWith(each));
  return workspace === undefined ? file : file.slice(workspace.length);
}

function whyNot(path: string, entry: TreeFile | undefined): string | null {
  if (path === '') return 'the linter does not say in which file';
  const kept = whyKept(path);
  if (kept !== null) return kept;
  if (entry === undefined) return 'the linter names a file that is not in the commit';
  if (entry.mode === '120000') return 'it is a symbolic link';
  if (entry.mode === '160000') return 'it is a submodule';
  return entry.bytes > MAX_FILE_BYTES ? 'the file has more than 2 MB' : null;
}
