/**
 * The check of code that nobody here vouches for: a pull request from a fork, or of a bot that is not trusted. Actions runs it
 * by itself, on `pull_request`, with a read-only token and no secret; it is followed by its commit, and never dispatched.
 */
import { CommitSha } from '../git.ts';
import type { Problem } from '../problem.ts';
import type { Repository } from '../repository.ts';
import type { Exception } from '../settings/settings-schema.ts';
import type { StageOutcomes } from '../stage/stage-outcome.ts';
import type { Stage } from '../stage/stage-table.ts';

/** In `.github/workflows/`; no setting names another, since it must be the very file of the base branch. */
export const FORK_CHECK_FILE = 'fork-check.yml';

/** Nothing of it is pushed, signed, attested or verified. */
export const FORK_STAGES = ['lint', 'build', 'sbom', 'scan'] as const satisfies readonly Stage[];
export type ForkStage = (typeof FORK_STAGES)[number];

/** The job that speaks for a stage; what the jobs with the fork's own code leave is only read by `report`. */
export const FORK_JOBS = {
  lint: 'lint',
  build: 'build',
  sbom: 'report',
  scan: 'report',
} as const satisfies Readonly<Record<ForkStage, string>>;
export const FORK_REPORT_JOB = 'report';

/** Minutes: its plan, then lint or build, then the report (stages/fork-check.yml). */
export const FORK_CHECK_MINUTES = { plan: 5, lint: 30, build: 60, report: 20 } as const;
export const FORK_CHECK_LIMIT_MINUTES =
  FORK_CHECK_MINUTES.plan + Math.max(FORK_CHECK_MINUTES.lint, FORK_CHECK_MINUTES.build) + FORK_CHECK_MINUTES.report;

/**
 * Its `run-name`: by it a pull request's run is told from another's of the same commit, and from one into another branch,
 * whose settings it went by.
 */
export const forkRunTitle = (pullRequest: number, sha: CommitSha, baseRef: string): string =>
  `slsa fork ${pullRequest} ${sha} ${baseRef}`;

export interface ForkRun {
  readonly pullRequest: number;
  readonly sha: CommitSha;
}

/** Anybody can title a run so: a hint to look, never a reason to believe. */
export function parseForkRunTitle(title: string): ForkRun | null {
  const match = /^slsa fork ([1-9]\d{0,9}) ([0-9a-f]{40}) \S{1,250}$/.exec(title);
  const sha = CommitSha.safeParse(match?.[2]);
  return match === null || !sha.success ? null : { pullRequest: Number(match[1]), sha: sha.data };
}

/** The number in `refs/pull/7/head`, which is how a fork's commit is known here; null for any other ref. */
export function pullRequestOfRef(ref: string): number | null {
  const match = /^refs\/pull\/([1-9]\d{0,9})\/head$/.exec(ref);
  return match === null ? null : Number(match[1]);
}

// Following it: each call of its activity looks once, and answers with a value.

export interface ForkInput {
  readonly repository: Repository;
  readonly commit: CommitSha;
  readonly pullRequest: number;
  readonly baseRef: string;
  /** Those of the plan: what of the check is read. */
  readonly stages: readonly ForkStage[];
  readonly imageName: string;
  readonly exceptions: readonly Exception[];
  /** Somebody has let it go: where GitHub still says that it is held, that is only not known yet. */
  readonly isApproved: boolean;
}

/** What a run knows of the check's Actions run. */
export type ForkKnown =
  /** Nothing was looked at yet, the workflow file neither. */
  | { readonly phase: 'new' }
  | { readonly phase: 'searching' }
  | {
      readonly phase: 'found';
      readonly actionsRunId: number;
      readonly url: string;
      readonly etag: string | null;
      readonly status: 'queued' | 'in_progress';
    };

export type ForkStep =
  | { readonly kind: 'waiting'; readonly known: Exclude<ForkKnown, { phase: 'new' }> }
  /** GitHub lets a newcomer's run wait until somebody who may write lets it go. */
  | { readonly kind: 'held'; readonly url: string }
  /** The check can never count for this commit. */
  | { readonly kind: 'refused'; readonly problem: Problem }
  | { readonly kind: 'finished'; readonly outcomes: StageOutcomes }
  | { readonly kind: 'rate_limited'; readonly untilEpochSeconds: number; readonly known: ForkKnown };
