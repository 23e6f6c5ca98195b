/** What the maintenance does: asks GitHub for deliveries that failed, and closes the checks of runs that cannot do so themselves. */
import { log } from '@temporalio/activity';
import type { GitHub } from '../src/adapters/github/github.ts';
import type { RunWatch, RunningRun } from '../src/adapters/temporal/run-watch.ts';
import { reportAbandoned, type Abandonment, type AbandonedReport } from '../src/domain/maintenance/abandoned-run.ts';
import type { AbandonedRun, AbandonedRuns, MaintenancePace } from '../src/domain/maintenance/maintenance.ts';
import { planRedeliveries, type RedeliveryState } from '../src/domain/maintenance/redelivery.ts';
import { RunRequest } from '../src/domain/run/run-request.ts';
import { answer, type Answer } from './failures.ts';
import type { Tally } from './tally.ts';

export interface FindInput {
  /** ISO time; null in the first round, which looks three days back. */
  readonly closedThrough: string | null;
  readonly pace: MaintenancePace;
}

export interface MaintenanceActivities {
  redeliverFailed(state: RedeliveryState): Promise<Answer<RedeliveryState>>;
  findAbandonedRuns(input: FindInput): Promise<AbandonedRuns>;
  closeAbandonedRun(run: AbandonedRun): Promise<Answer<null>>;
}

export function createMaintenanceActivities(github: GitHub, runs: RunWatch, tally: Tally): MaintenanceActivities {
  return {
    redeliverFailed: (state) => answer(() => redeliverFailed(github, state, tally)),
    findAbandonedRuns: (input) => findAbandonedRuns(runs, input, tally),
    closeAbandonedRun: (run) => answer(() => closeAbandonedRun(github, runs, run)),
  };
}

async function redeliverFailed({ deliveries }: GitHub, state: RedeliveryState, tally: Tally): Promise<RedeliveryState> {
  if (deliveries === null) return state;
  const plan = planRedeliveries(state, await deliveries.failedSince(state.through), Date.now());
  for (const id of plan.redeliver) await deliveries.redeliver(id);
  tally.redelivered(plan.redeliver.length);
  if (plan.redeliver.length > 0) {
    log.warn('Webhook deliveries had failed and were asked for again', { deliveries: plan.redeliver.length });
  }
  return plan.state;
}

/** As long as GitHub keeps deliveries; checks that have been open for longer are nobody's news. */
const LOOK_BACK_MS = 3 * 24 * 3_600_000;

async function findAbandonedRuns(
  runs: RunWatch,
  { closedThrough, pace }: FindInput,
  tally: Tally,
): Promise<AbandonedRuns> {
  const now = Date.now();
  const since = closedThrough ?? new Date(now - LOOK_BACK_MS).toISOString();
  const ended = await runs.endedOutside(since);
  const running = await runs.runningSince(new Date(now - pace.alertAfter * 1000).toISOString());
  tally.stuckRuns(running.filter((run) => failingSeconds(run, now) > pace.alertAfter).length);
  const lost = running.flatMap((run) => {
    const abandonment = abandonmentOf(run, pace, now);
    return abandonment === null ? [] : [{ workflowId: run.workflowId, startedAt: run.startedAt, abandonment }];
  });
  return {
    abandoned: [
      ...ended.map(({ workflowId, startedAt, how }) => ({ workflowId, startedAt, abandonment: { kind: how } })),
      ...lost,
    ],
    closedThrough: ended.map(({ closedAt }) => closedAt).reduce((a, b) => (a > b ? a : b), since),
  };
}

/** A task that fails is tried for ever: a new version of this App may cure it, so the operator hears of it first. */
function abandonmentOf(run: RunningRun, pace: MaintenancePace, now: number): Abandonment | null {
  const { workflowId, startedAt, task } = run;
  const failingFor = failingSeconds(run, now);
  if (task !== null && failingFor > pace.alertAfter) {
    log.error('Workflow tasks of a run keep failing: a version of the worker that can go on is needed', {
      alert: 'stuck_task',
      run: workflowId,
      tries: task.tries,
    });
  }
  if (task !== null && failingFor > pace.concludeAfter) return { kind: 'stuck', tries: task.tries };
  const lasts = (now - Date.parse(startedAt)) / 1000;
  return lasts > pace.runLimit ? { kind: 'overdue', hours: Math.round(pace.runLimit / 3600) } : null;
}

/** The first tries after a worker's loss are nobody's fault. */
const FAILING_TRIES = 3;

/** For how long its workflow task has been failing; 0 where it does not. */
const failingSeconds = ({ task }: RunningRun, now: number): number =>
  task !== null && task.tries >= FAILING_TRIES ? (now - Date.parse(task.since)) / 1000 : 0;

/** The check first: were this cut short in between, the next round would find the run again. */
async function closeAbandonedRun(github: GitHub, runs: RunWatch, run: AbandonedRun): Promise<null> {
  const { workflowId, startedAt, abandonment } = run;
  const parsed = RunRequest.safeParse(await runs.requestOf(workflowId));
  if (parsed.success) {
    const times = { workflowId, startedAt, now: new Date().toISOString() };
    await closeReports(github, parsed.data, { workflowId, report: reportAbandoned(parsed.data, times, abandonment) });
  }
  if (abandonment.kind === 'stuck' || abandonment.kind === 'overdue') {
    await runs.terminate(workflowId, `maintenance: ${abandonment.kind}`);
  }
  return null;
}

interface Closing {
  readonly workflowId: string;
  readonly report: AbandonedReport;
}

/** Only what is still open is touched: a run that had its say keeps it. */
async function closeReports(github: GitHub, request: RunRequest, { workflowId, report }: Closing): Promise<void> {
  const { repository, sha } = request;
  const { appId, userId } = await github.identity();
  const { reports } = github.repository(repository);
  if (appId !== null) {
    const check = (await reports.checkRuns(sha, appId)).find((each) => each.external_id === workflowId);
    if (check === undefined) await reports.createCheckRun(sha, workflowId, report.check);
    else if (check.status !== 'completed') await reports.updateCheckRun(check.id, report.check);
  }
  const status = await reports.latestStatus(sha, report.status.context);
  if (status?.state === 'pending' && status.creator?.id === userId) await reports.setStatus(sha, report.status);
}
