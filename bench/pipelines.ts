/**
 * Whole standard pipelines whose stages take no time: what is left is what the pipeline itself adds. The worker is a
 * process of its own, as in an installation; the service and the sandbox share this one.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { RepositoryRecord } from '../sandbox/github/world.ts';
import { WEBHOOK_TIMING } from '../src/domain/run/timing.ts';
import { STAGES } from '../src/domain/stage/stage-table.ts';
import { StageSet } from '../test/e2e/stage-set.ts';
import { inLanes, percentile, type Finished } from './load.ts';
import { memoryOf, processorEach, processorTimes, startWorkerFor } from './product-process.ts';
import { rememberGit } from './remembering-git.ts';
import { atMost, exactly, round, type Row } from './rows.ts';

/**
 * So long, and not so many runs: a shared machine does between one and two a second. More at a time than it can do only
 * lengthens the queue, and with it every figure of a stage.
 */
const LEVELS = [
  { lanes: 1, milliseconds: 15_000 },
  { lanes: 4, milliseconds: 15_000 },
  { lanes: 10, milliseconds: 20_000 },
] as const;
const MAX_RUNS = 500;
const WARM_UP_LANES = 4;
/** Of what a stage takes beside its own work; the wait for the processor is in it. */
const STAGE_LIMIT_MS = 1000;

/** A run that takes longer is one without success: the benchmark has to end. */
const RUN_LIMIT_MS = 30_000;
const LOOK_EVERY_MS = 10;

export async function pipelines(): Promise<Row[]> {
  const set = await StageSet.open({ kind: true, queueMs: 0, timing: WEBHOOK_TIMING, worker: false });
  try {
    const worker = await startWorkerFor(set);
    try {
      return await measure(set, worker.pid);
    } finally {
      await worker.stop();
    }
  } finally {
    await set.close();
  }
}

async function measure(set: StageSet, workerPid: number): Promise<Row[]> {
  const repositories: RepositoryRecord[] = [];
  for (let index = 0; index < Math.max(...LEVELS.map(({ lanes }) => lanes)); index += 1)
    repositories.push(rememberGit(await set.repository(`app-${index}`)));
  // Tokens are minted and code is warm by the time that it counts.
  await inLanes(repositories.length, WARM_UP_LANES, (index) => oneRun(set, repositories[index]));
  const rows: Row[] = [];
  const pids = [workerPid, set.temporal.pid, process.pid];
  let runs = repositories.length;
  for (const { lanes, milliseconds } of LEVELS) {
    const before = await processorTimes(pids);
    const finished = await inLanes(MAX_RUNS, lanes, (_, lane) => oneRun(set, repositories[lane]), milliseconds);
    runs += finished.jobs.length;
    rows.push(...told(lanes, finished), {
      what: `processor a run at ${lanes} at a time: worker, Temporal server, service with sandbox`,
      measured: processorEach(before, await processorTimes(pids), finished.jobs.length),
    });
  }
  const refused = set.sandbox.webhooks.deliveries.filter(({ status }) => status !== null && status !== 200);
  return [...rows, exactly('webhooks not answered with 200', refused.length, 0), await workerMemory(workerPid, runs)];
}

async function workerMemory(pid: number, runs: number): Promise<Row> {
  const memory = await memoryOf(pid);
  const measured = memory === null ? 'skipped: no /proc here' : `${round(memory.residentMb)} MB`;
  return { what: `memory of the worker after ${runs} runs, all ended`, measured };
}

interface OneRun {
  readonly milliseconds: number;
  readonly conclusion: string | null;
}

/** From the push event to the completed check run, as a person would see it; the commit is made before the clock starts. */
async function oneRun(set: StageSet, repository: RepositoryRecord | undefined): Promise<OneRun> {
  if (repository === undefined) throw new Error('More lanes than repositories');
  const sha = await repository.git.commitFiles('main', new Map([['file.txt', `${Math.random()}`]]), 'Change');
  const workflowId = set.idOf(repository, 'refs/heads/main', sha);
  const started = performance.now();
  await set.sandbox.announcePushes(repository.owner.login, repository.name);
  for (;;) {
    const check = repository.checkRuns.find(
      ({ externalId, status }) => externalId === workflowId && status === 'completed',
    );
    const milliseconds = performance.now() - started;
    if (check !== undefined) return { milliseconds, conclusion: check.conclusion };
    if (milliseconds > RUN_LIMIT_MS) return { milliseconds, conclusion: null };
    await delay(LOOK_EVERY_MS);
  }
}

function told(lanes: number, { seconds, jobs }: Finished<OneRun>): Row[] {
  const taken = jobs.map(({ result }) => result.milliseconds);
  const [p50, p99] = [percentile(taken, 50), percentile(taken, 99)];
  const at = `at ${lanes} at a time`;
  return [
    {
      what: `pipelines ${at}, N=${jobs.length}`,
      measured: `${round(jobs.length / seconds)} runs/s, p50 ${round(p50)} ms, p99 ${round(p99)} ms`,
    },
    atMost(`overhead a stage ${at}`, p50 / STAGES.length, STAGE_LIMIT_MS, ' ms'),
    exactly(`runs without success ${at}`, jobs.filter(({ result }) => result.conclusion !== 'success').length, 0),
  ];
}
