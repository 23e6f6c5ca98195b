/** What a repair is made from, by reference: its bytes stay in GitHub, and out of the run's history. */
import type { CommitSha, GitRef } from '../git.ts';
import type { Repository } from '../repository.ts';
import type { RepairFile } from './repair-scope.ts';
import type { ModelEdit } from './structured-edit.ts';

export interface RepairSource {
  readonly repository: Repository;
  readonly ref: GitRef;
  readonly commit: CommitSha;
  /** Ids of artifacts: of LINT, and of the run that let the fixers work; null where there was none. */
  readonly lint: number;
  readonly fixes: number | null;
  readonly files: readonly RepairFile[];
}

/** One round's content: the same input makes the same tree, whichever worker makes it. */
export interface RepairRound {
  readonly source: RepairSource;
  /** Paths that are repaired in this round. */
  readonly paths: readonly string[];
  readonly edits: readonly ModelEdit[];
}
