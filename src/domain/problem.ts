/** Why there is no result, in words that a person can act on. */
import { plainLine } from './report/plain-text.ts';

/**
 * Who can make it right. It decides the verdict: what the repository did is a failure, what a person must decide is
 * `action_required`, and what neither did is never held against the commit.
 */
export type Blame = 'repository' | 'person' | 'nobody_here';

/** Each has a page in docs/errors. */
export const PROBLEM_CODES = [
  'stage_file_missing',
  'stage_file_refused',
  /** A pull request from a fork brings another check than its base branch has. */
  'fork_check_differs',
  'dispatch_refused',
  'never_started',
  'queued_too_long',
  'ran_too_long',
  'commit_moved',
  'not_our_run',
  'run_vanished',
  /** Actions ended it before any step of it ran. */
  'never_ran',
  /** A step failed, and no report was left. */
  'stage_crashed',
  /** A service or a machine failed, and something shows it. */
  'infrastructure',
  'artifact_missing',
  'artifact_expired',
  'artifact_too_large',
  'artifact_unreadable',
  'artifact_changed',
  'report_unreadable',
  'report_contradicts',
  'wrong_subject',
  'github_unavailable',
  'github_refused',
  'evidence_unavailable',
] as const;
export type ProblemCode = (typeof PROBLEM_CODES)[number];

export interface Problem {
  readonly code: ProblemCode;
  readonly blame: Blame;
  /** What happened, where: one sentence. */
  readonly message: string;
  /** What to do next: one sentence. */
  readonly next: string;
  /** For a title, where the message is too long for one. */
  readonly title?: string;
}

/** What is quoted in a message may be anybody's and of any length: a problem travels in results that are small. */
const MAX_MESSAGE = 500;

export const problem = (code: ProblemCode, blame: Blame, message: string, next: string): Problem => ({
  code,
  blame,
  message: plainLine(message, MAX_MESSAGE),
  next: plainLine(next, MAX_MESSAGE),
});
