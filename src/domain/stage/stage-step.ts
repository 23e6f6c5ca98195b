/**
 * A stage activity is one level-triggered step: called with the stage's input and what is known so far, it moves the
 * world one step and answers with a value. The workflow owns all waiting.
 */
import type { CommitSha, GitRef } from '../git.ts';
import type { Repository } from '../repository.ts';
import type { StageOutcome } from './stage-outcome.ts';
import type { StageExpectation } from './stage-report.ts';
import type { Stage } from './stage-table.ts';

export interface StageInput<S extends Stage = Stage> {
  readonly stage: S;
  readonly repository: Repository;
  readonly commit: CommitSha;
  /** What Actions is asked to run at: a branch or tag, never a commit, which it refuses. */
  readonly ref: GitRef;
  readonly file: string;
  /** As the stage file was rendered with. */
  readonly timeoutMinutes: number;
  /** The Actions run must be at the very commit: stages that check it out, and all stages of a pull request. */
  readonly bindsCommit: boolean;
  readonly key: string;
  /** The concurrency group: one run of it may be active. It is random, so that an attacker cannot cancel the run by joining the group.
   * Absent in runs that an older version started. */
  readonly group?: string;
  /** The stage file's own inputs, beside key, nonce, group and commit. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly expected: Omit<StageExpectation, 'stage' | 'commit'>;
}

/** What a run knows of a stage's Actions run. */
export type StageKnown =
  /** Nothing was sent yet. */
  | { readonly phase: 'new'; readonly nonce: string }
  /** A dispatch was sent and its answer is not known: it is only searched for. */
  | { readonly phase: 'unknown'; readonly nonce: string; readonly sentAt: string }
  | {
      readonly phase: 'dispatched';
      readonly nonce: string;
      readonly actionsRunId: number;
      readonly url: string;
      /** For conditional reads. */
      readonly etag: string | null;
      readonly status: 'queued' | 'in_progress';
    };

export type Dispatched = Extract<StageKnown, { phase: 'dispatched' }>;

export type StageStep<S extends Stage = Stage> =
  | { readonly kind: 'waiting'; readonly known: Dispatched }
  | { readonly kind: 'unknown'; readonly known: Extract<StageKnown, { phase: 'unknown' }> }
  | { readonly kind: 'finished'; readonly outcome: StageOutcome<S>; readonly known: StageKnown }
  | { readonly kind: 'rate_limited'; readonly untilEpochSeconds: number; readonly known: StageKnown };
