/** What is known of a run at a moment: what its query answers, its check run shows, and its result keeps. */
import { z } from 'zod';
import { WORKING_STATES, TERMINAL_STATES } from '../graph/graph.ts';
import type { RunEvidence } from '../evidence/run-evidence.ts';
import type { TrackedIssue } from '../issue/tracked-issue.ts';
import type { Problem } from '../problem.ts';
import { RepairOutcome } from '../repair/repair-outcome.ts';
import type { PlacedFinding } from '../scan/scan-result.ts';
import type { StageOutcomes } from '../stage/stage-outcome.ts';
import { STAGE_TABLE, STAGES, type Stage } from '../stage/stage-table.ts';
import { Decision } from './decision.ts';
import { Plan } from './plan.ts';
import type { RunRequest } from './run-request.ts';
import { Trigger } from './trigger.ts';
import { Verdict } from './verdict.ts';
import { CommitSha } from '../git.ts';

/** `pausing`: it ended without a result that counts, and is about to be dispatched again. */
export type StageActivityState = 'waiting' | 'queued' | 'running' | 'pausing' | 'ended' | 'kept';

/** How far a stage is; its result, once there is one, is its outcome. */
export interface StageProgress {
  readonly stage: Stage;
  readonly state: StageActivityState;
  readonly url: string | null;
  /** ISO time at which the run turned to it. */
  readonly since: string | null;
  /** Where an earlier dispatch did not count: which one this is, and why. */
  readonly retry?: { readonly attempt: number; readonly of: number; readonly because: string };
}

export interface RunDocument {
  readonly request: RunRequest;
  readonly workflowId: string;
  readonly phase: 'waiting' | 'running' | 'ended';
  readonly plan: Plan | null;
  readonly stages: readonly StageProgress[];
  readonly outcomes: StageOutcomes;
  readonly evidence: RunEvidence | null;
  readonly decisions: readonly Decision[];
  /** Issues that this run has opened, updated or closed. */
  readonly issues: readonly TrackedIssue[];
  readonly verdict: Verdict | null;
  /** Mistakes of the settings file, where it has some. */
  readonly mistakes: readonly { readonly line: number; readonly column: number; readonly message: string }[];
  /** They stand in the commit's own file, and not in that of its base or its organisation. */
  readonly mistakesAreHere?: boolean;
  readonly problem: Problem | null;
  /** Where the repository names what the scan found, as far as it was looked for. */
  readonly places?: readonly PlacedFinding[];
  /** How AUTO_FIX ended, where it was entered. */
  readonly repair?: RepairOutcome;
  /** ISO time of this look. */
  readonly lookedAt: string;
  readonly startedAt: string;
}

/** A run of which nothing is known but that it was asked for. */
export const emptyDocument = (
  request: RunRequest,
  times: Pick<RunDocument, 'workflowId' | 'startedAt' | 'lookedAt'>,
): RunDocument => ({
  ...times,
  request,
  phase: 'waiting',
  plan: null,
  stages: [],
  outcomes: {},
  evidence: null,
  decisions: [],
  issues: [],
  verdict: null,
  mistakes: [],
  problem: null,
});

/** What a run leaves behind: read by the next attempt, by commands and by the command line. */
export const RunResult = z.object({
  schemaVersion: z.literal(1),
  workflowId: z.string(),
  sha: CommitSha,
  attempt: z.number().int().positive(),
  /** What may be shown of it, and to whom. */
  visibility: z.enum(['public', 'private', 'internal']).optional(),
  end: z.enum(TERMINAL_STATES),
  visited: z.array(z.enum(WORKING_STATES)),
  verdict: Verdict,
  triggers: z.array(Trigger),
  plan: Plan.nullable(),
  /** By stage; each is parsed again by its own schema before it is kept. */
  outcomes: z.partialRecord(z.enum(STAGES), z.unknown()),
  /** An assessment, shown again and served; a later attempt assesses anew. */
  evidence: z.unknown().optional(),
  decisions: z.array(Decision),
  repair: RepairOutcome.optional(),
});
export type RunResult = z.infer<typeof RunResult>;

const ACTIVE: readonly StageActivityState[] = ['queued', 'running', 'pausing'];

/** The run's state in a line: what the reference's `get_progress` query answered. */
export function progressLine(document: RunDocument): string {
  if (document.verdict !== null) return document.verdict.title;
  const active = document.stages.filter(({ state }) => ACTIVE.includes(state));
  const [first] = active;
  if (first === undefined) return document.phase === 'waiting' ? 'Waiting for its turn' : 'Reading the settings';
  const done = document.stages.filter(({ state }) => state === 'ended' || state === 'kept').length;
  const again = first.retry === undefined ? '' : ` · attempt ${first.retry.attempt} of ${first.retry.of}`;
  return `${STAGE_TABLE[first.stage].doing} · ${done + 1} of ${document.stages.length}${again}`;
}
