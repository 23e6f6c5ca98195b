/** One passage of one commit through the pipeline. This file is the story; each state is told in `states/`. */
import { ActivityFailure, CancellationScope, condition, isCancellation, patched } from '@temporalio/workflow';
import { STAGES_OF_STATE, stopAt, isTerminal, type WorkingState } from '../src/domain/graph/graph.ts';
import { applyOutcomes } from '../src/domain/run/apply-outcome.ts';
import { mayBeSuperseded } from '../src/domain/run/coordination.ts';
import { decision } from '../src/domain/run/decision.ts';
import type { RunResult } from '../src/domain/run/run-document.ts';
import type { RunRequest } from '../src/domain/run/run-request.ts';
import { verdict } from '../src/domain/run/verdict.ts';
import { answerReruns } from './answer-reruns.ts';
import { closeRepairs } from './close-repairs.ts';
import { PATCHES } from './patches.ts';
import { Reporter } from './reporter.ts';
import { index } from './search-index.ts';
import { Run } from './run.ts';
import { tellPullRequests } from './tell-pull-requests.ts';
import { attest } from './states/attest.ts';
import { autoFix } from './states/auto-fix.ts';
import { build } from './states/build.ts';
import { buildFailure, verifyFailure, vulnerabilityRemediation } from './states/failure-states.ts';
import { forkCheck } from './states/fork-check.ts';
import { init } from './states/init.ts';
import { lint } from './states/lint.ts';
import { parallelSbomSign } from './states/parallel-sbom-sign.ts';
import { updateStatus } from './states/update-status.ts';
import { verify } from './states/verify.ts';

const STATES: Readonly<Record<WorkingState, (run: Run, reporter: Reporter) => Promise<void>>> = {
  INIT: init,
  FORK_CHECK: forkCheck,
  LINT: lint,
  AUTO_FIX: autoFix,
  BUILD: build,
  BUILD_FAILURE: buildFailure,
  PARALLEL_SBOM_SIGN: parallelSbomSign,
  VULNERABILITY_REMEDIATION: vulnerabilityRemediation,
  ATTEST: attest,
  VERIFY: verify,
  VERIFY_FAILURE: verifyFailure,
  UPDATE_STATUS: updateStatus,
};

export async function slsaBuildPipeline(request: RunRequest): Promise<RunResult> {
  const run = new Run(request);
  const reporter = new Reporter(run);
  run.onSupersede(({ by }) => {
    if (mayBeSuperseded(request, run.hasDispatchedBuild)) run.askToStop({ kind: 'superseded', by });
  });
  if (patched(PATCHES.announceSlowInit)) reporter.announceIfSlow();
  await untilStopped(run, () => walk(run, reporter));
  index(run);
  await reporter.finish();
  await answerReruns(run);
  await tellPullRequests(run);
  await closeRepairs(run);
  return run.result();
}

async function walk(run: Run, reporter: Reporter): Promise<void> {
  for (let state = run.next(); !isTerminal(state); state = run.next()) {
    await STATES[state](run, reporter);
    run.completed(state);
    if (state === 'INIT' && run.verdict === null) reporter.follow();
    if (state === 'INIT' || state === 'BUILD') index(run);
    if (STAGES_OF_STATE[state] !== undefined && run.verdict === null)
      run.apply(applyOutcomes(run.graph, run.plan, { state, ...run.known }));
  }
}

/** Runs the story; a newer commit, a person or the operator may end it early, and even then it ends with a verdict. */
async function untilStopped(run: Run, story: () => Promise<void>): Promise<void> {
  const scope = new CancellationScope();
  const stop = condition(() => run.stopRequest !== null).then(() => scope.cancel());
  stop.catch(ignoreCancellation);
  try {
    await scope.run(story);
  } catch (error) {
    if (isCancellation(error)) concludeStopped(run);
    else if (error instanceof ActivityFailure) concludeWithoutGitHub(run, error);
    else throw error;
  }
}

function concludeStopped(run: Run): void {
  const { kind, by } = run.stopRequest ?? { kind: 'cancelled', by: 'the operator' };
  run.graph = stopAt(new Set(run.visited));
  if (kind === 'superseded') {
    run.decide(decision('run_superseded', `A newer commit, \`${by}\`, took this one's place.`));
    run.conclude(verdict('superseded', `Superseded by ${by.slice(0, 7)}`, 'Look at the run of the newer commit.'));
  } else {
    run.decide(decision('run_cancelled', `Cancelled by ${by}.`));
    run.conclude(verdict('cancelled', `Cancelled by ${by}`, 'Comment `/slsa rerun` to start again.'));
  }
}

/** GitHub did not answer, or refused, outside of any stage: it is nobody's commit that failed. */
function concludeWithoutGitHub(run: Run, error: ActivityFailure): void {
  run.graph = stopAt(new Set(run.visited));
  const why = error.cause?.message ?? error.message;
  run.conclude(
    verdict('no_result', `Not your fault: ${why}`, 'Comment `/slsa rerun failed` once GitHub answers again.'),
  );
}

const ignoreCancellation = (error: unknown): void => {
  if (!isCancellation(error)) throw error;
};
