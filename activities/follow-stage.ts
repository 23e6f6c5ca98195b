/**
 * The seven stage activities: each call moves a stage one step on (dispatch, search, look, collect) and answers with a
 * value. Nothing here waits; the workflow does (docs/architecture.md, "reconcile, never sleep").
 */
import type { ActionsRun } from '../src/adapters/github/actions.ts';
import type { GitHub, RepositoryApi } from '../src/adapters/github/github.ts';
import { GitHubFault } from '../src/adapters/github/github-fault.ts';
import { problem, type Problem } from '../src/domain/problem.ts';
import { stageRunTitle } from '../src/domain/run/workflow-ids.ts';
import type { StageOutcome, StageRun } from '../src/domain/stage/stage-outcome.ts';
import type { Dispatched, StageInput, StageKnown, StageStep } from '../src/domain/stage/stage-step.ts';
import { STAGE_TABLE, type Stage, type StageActivity } from '../src/domain/stage/stage-table.ts';
import { collectOutcome, toStageRun } from './collect-outcome.ts';
import { toFailure } from './failures.ts';
import { recentBytes, type RecentBytes } from './recent-bytes.ts';
import type { StageFileFacts } from './stage-drift.ts';

export type FollowStage<S extends Stage> = (input: StageInput<S>, known: StageKnown) => Promise<StageStep<S>>;

export function createStageActivities(
  github: GitHub,
  facts: StageFileFacts,
  recent: RecentBytes = recentBytes(),
): Record<StageActivity, FollowStage<Stage>> {
  const follow =
    (stage: Stage): FollowStage<Stage> =>
    (input, known) => {
      if (input.stage !== stage) throw new Error(`The activity of ${stage} was given the input of ${input.stage}`);
      return step({ github, facts, recent, api: github.repository(input.repository), input }, known);
    };
  return {
    runMegalinter: follow('lint'),
    runBuildImage: follow('build'),
    runGenerateSbom: follow('sbom'),
    runScanSbom: follow('scan'),
    runSignImage: follow('sign'),
    runAttestSbom: follow('attest'),
    runVerifySignatures: follow('verify'),
  };
}

interface Following {
  readonly github: GitHub;
  readonly facts: StageFileFacts;
  readonly recent: RecentBytes;
  readonly api: RepositoryApi;
  readonly input: StageInput;
}

async function step(following: Following, known: StageKnown): Promise<StageStep> {
  try {
    switch (known.phase) {
      case 'new':
        return await dispatch(following, known);
      case 'unknown':
        return await search(following, known);
      case 'dispatched':
        return await look(following, known);
    }
  } catch (error) {
    if (error instanceof GitHubFault && error.kind === 'rate_limited') {
      return { kind: 'rate_limited', untilEpochSeconds: error.untilEpochSeconds ?? 0, known };
    }
    throw toFailure(error);
  }
}

type New = Extract<StageKnown, { phase: 'new' }>;
type Unknown = Extract<StageKnown, { phase: 'unknown' }>;

async function dispatch({ api, input }: Following, known: New): Promise<StageStep> {
  const { key, commit, group = key } = input;
  const inputs = { ...input.inputs, key, nonce: known.nonce, group, commit };
  const sentAt = new Date().toISOString();
  try {
    const answer = await api.actions.dispatch({ file: input.file, ref: input.ref, inputs });
    if (answer.kind === 'accepted') return { kind: 'unknown', known: { phase: 'unknown', nonce: known.nonce, sentAt } };
    return {
      kind: 'waiting',
      known: {
        phase: 'dispatched',
        nonce: known.nonce,
        actionsRunId: answer.actionsRunId,
        url: answer.url,
        etag: null,
        status: 'queued',
      },
    };
  } catch (error) {
    const refused = error instanceof GitHubFault ? refusal(error, input) : null;
    if (refused !== null) return { kind: 'finished', outcome: { kind: 'errored', run: null, problem: refused }, known };
    const isAmbiguous = error instanceof GitHubFault && (error.kind === 'unavailable' || error.kind === 'unreadable');
    if (isAmbiguous) return { kind: 'unknown', known: { phase: 'unknown', nonce: known.nonce, sentAt } };
    throw error;
  }
}

/** 403, 404 and 422 say for certain that nothing was started. */
function refusal(fault: GitHubFault, input: StageInput): Problem | null {
  const { title } = STAGE_TABLE[input.stage];
  const file = `.github/workflows/${input.file}`;
  if (fault.kind === 'not_found' || fault.message.includes("does not have 'workflow_dispatch' trigger")) {
    const message = `${title}: ${file} cannot be dispatched at ${input.ref}.`;
    const next = `Put the stage files on the default branch, and merge it into this branch, so that \`${file}\` is there too.`;
    return problem('stage_file_missing', 'person', message, next);
  }
  if (fault.kind === 'unprocessable') {
    const message = `${title}: GitHub refused to dispatch ${file} (${fault.message}).`;
    return problem(
      'stage_file_refused',
      'person',
      message,
      'Run `slsa-pipeline init` once more: the stage file is another than the one that this App renders.',
    );
  }
  if (fault.kind === 'forbidden') {
    const message = `${title}: the App may not dispatch ${file} (${fault.message}).`;
    const next = 'Grant the App "Actions: write", and look at rulesets that restrict who may run workflows.';
    return problem('dispatch_refused', 'person', message, next);
  }
  return null;
}

/** Lists lag a dispatch by seconds, and clocks differ: so it looks a minute further back. */
const SEARCH_MARGIN_MS = 60_000;

async function search(following: Following, known: Unknown): Promise<StageStep> {
  const { api, input } = following;
  const since = new Date(Date.parse(known.sentAt) - SEARCH_MARGIN_MS).toISOString().replace(/\.\d+Z$/, 'Z');
  const title = stageRunTitle(input.key, known.nonce);
  const { userId } = await following.github.identity();
  // The dispatch was taken, so the file is there: a list that does not know it yet only lags.
  const runs = await api.actions.runsSince(input.file, since).catch(nothingYet);
  const found = runs.find((run) => run.display_title === title && run.actor?.id === userId);
  if (found === undefined) return { kind: 'unknown', known };
  return advance(following, toKnown(known.nonce, found, null), found);
}

const nothingYet = (error: unknown): readonly ActionsRun[] => {
  if (error instanceof GitHubFault && error.kind === 'not_found') return [];
  throw error;
};

async function look(following: Following, known: Dispatched): Promise<StageStep> {
  try {
    const answer = await following.api.actions.run(known.actionsRunId, known.etag);
    if (answer === null) return { kind: 'waiting', known };
    return await advance(following, toKnown(known.nonce, answer.run, answer.etag), answer.run);
  } catch (error) {
    if (!(error instanceof GitHubFault) || error.kind !== 'not_found') throw error;
    // A run that was just started may not be readable for a moment; one that was read and is gone never comes back.
    if (known.etag === null && known.status === 'queued') return { kind: 'waiting', known };
    const message = `${STAGE_TABLE[following.input.stage].title}: run ${known.actionsRunId} is not there any more.`;
    return finished(
      known,
      errored(null, problem('run_vanished', 'nobody_here', message, 'Comment `/slsa rerun failed`.')),
    );
  }
}

const toKnown = (nonce: string, run: ActionsRun, etag: string | null): Dispatched => ({
  phase: 'dispatched',
  nonce,
  actionsRunId: run.id,
  url: run.html_url,
  etag,
  status: run.status === 'in_progress' ? 'in_progress' : 'queued',
});

async function advance(following: Following, known: Dispatched, run: ActionsRun): Promise<StageStep> {
  const foreign = await whyNotOurs(following, run);
  if (foreign !== null) {
    if (run.status !== 'completed') await following.api.actions.cancel(run.id, 'cancel');
    return finished(known, errored(toStageRun(run), foreign));
  }
  if (run.status !== 'completed') return { kind: 'waiting', known };
  const outcome = await collectOutcome({ ...following, reader: following.api.actions }, run);
  return finished(known, outcome);
}

/** Only the API is believed, and only about a run that is ours: this file, dispatched, by us, at our commit. */
async function whyNotOurs({ github, input }: Following, run: ActionsRun): Promise<Problem | null> {
  const { title } = STAGE_TABLE[input.stage];
  const { userId } = await github.identity();
  const [path] = run.path.split('@');
  const isOurs =
    path === `.github/workflows/${input.file}` && run.event === 'workflow_dispatch' && run.actor?.id === userId;
  if (!isOurs) {
    const message = `${title}: Actions run ${run.id} is not the one that this App dispatched.`;
    return problem('not_our_run', 'nobody_here', message, 'Comment `/slsa rerun failed`.');
  }
  if (input.bindsCommit && run.head_sha !== input.commit) {
    const message = `${title}: ${input.ref} moved to ${run.head_sha} before the stage started.`;
    return problem('commit_moved', 'nobody_here', message, 'The newer commit has its own run.');
  }
  return null;
}

const errored = (run: StageRun | null, why: Problem): StageOutcome => ({ kind: 'errored', run, problem: why });
const finished = (known: StageKnown, outcome: StageOutcome): StageStep => ({ kind: 'finished', outcome, known });
