/** Which files have lint errors that may be repaired: from the linters' reports and git's own tree, at the commit. */
import type { CommitSha } from '../src/domain/git.ts';
import { scopeOf, type RepairScope, type TreeFile } from '../src/domain/repair/repair-scope.ts';
import type { Repository } from '../src/domain/repository.ts';
import { answer, type Answer } from './failures.ts';
import { NoRepair, type RepairMaterial } from './repair-material.ts';

export interface FilesInput {
  readonly repository: Repository;
  readonly commit: CommitSha;
  /** Id of the artifact that LINT left. */
  readonly lint: number;
}

export type FilesFound =
  | { readonly kind: 'found'; readonly scope: RepairScope; readonly findings: number }
  /** Goes on after "No repair was proposed: ". */
  | { readonly kind: 'none'; readonly why: string };

export interface FixesInput {
  readonly repository: Repository;
  /** Id of the artifact that the run with fixers left. */
  readonly fixes: number;
}

export type FixesFound =
  { readonly kind: 'found'; readonly files: number } | { readonly kind: 'none'; readonly why: string };

export interface FindRepairActivities {
  /** Whether what the fixers left can be used at all. */
  readFixes(input: FixesInput): Promise<Answer<FixesFound>>;
  getFilesWithLintErrors(input: FilesInput): Promise<Answer<FilesFound>>;
}

export const createFindRepairActivities = (material: RepairMaterial): FindRepairActivities => ({
  readFixes: ({ repository, fixes }) =>
    answer(() => orNoRepair(async () => ({ kind: 'found', files: (await material.fixed(repository, fixes)).size }))),
  getFilesWithLintErrors: ({ repository, commit, lint }) =>
    answer(() =>
      orNoRepair(async () => {
        const { findings, unplaced, isWhole } = await material.findings(repository, lint);
        if (!isWhole) return { kind: 'none', why: 'the report of the linters is too long to be compared whole' };
        const tree = await material.tree(repository, commit);
        const files = tree.flatMap(({ path, mode, sha, bytes, type }): [string, TreeFile][] =>
          type === 'tree' ? [] : [[path, { mode, sha, bytes }]],
        );
        const scope = scopeOf(findings, new Map(files));
        const silent = unplaced.map(({ linter, errors }) => ({
          why: `${linter} does not say where its errors are`,
          findings: errors,
        }));
        const count = findings.length + unplaced.reduce((sum, { errors }) => sum + errors, 0);
        return {
          kind: 'found',
          scope: { ...scope, left: [...scope.left, ...silent].slice(0, MAX_REASONS) },
          findings: count,
        };
      }),
    ),
});

const MAX_REASONS = 20;

/** Why there can be no repair is an answer: the run goes on with it. */
export async function orNoRepair<T>(
  work: () => Promise<T>,
): Promise<T | { readonly kind: 'none'; readonly why: string }> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof NoRepair) return { kind: 'none', why: error.message };
    throw error;
  }
}
