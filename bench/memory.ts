/** One worker with 300 runs that are all building: how much memory they take, and whether each of them still answers. */
import { setTimeout as delay } from 'node:timers/promises';
import type { RepositoryRecord } from '../sandbox/github/world.ts';
import { WEBHOOK_TIMING } from '../src/domain/run/timing.ts';
import { StageSet } from '../test/e2e/stage-set.ts';
import { inLanes, latency } from './load.ts';
import { memoryOf, startWorkerFor, type Memory } from './product-process.ts';
import { rememberGit } from './remembering-git.ts';
import { exactly, round, type Row } from './rows.ts';

const OPEN_RUNS = 300;
const QUERIES_AT_ONCE = 50;
const OPENING_LIMIT_MS = 240_000;
const LIMIT_MB = 512;
/** What a worker of that size is started with: on a large machine Node lets garbage lie, up to gigabytes of it. */
const NODE_OPTIONS = '--max-old-space-size=256 --max-semi-space-size=4';
const SETTINGS = "preset: standard\non: { push: { branches: ['**'] } }\n";

export async function memory(): Promise<Row[]> {
  const set = await StageSet.open({
    kind: true,
    queueMs: 0,
    timing: WEBHOOK_TIMING,
    worker: false,
    scripts: { build: { kind: 'endless' } },
  });
  try {
    const worker = await startWorkerFor(set, NODE_OPTIONS);
    try {
      return await measure(set, worker.pid);
    } finally {
      await worker.stop();
    }
  } finally {
    await endStages(set);
    await set.close();
  }
}

/** The sandbox does not wait for stages that still run when it stops, and their last word would find it gone. */
async function endStages({ sandbox }: StageSet): Promise<void> {
  sandbox.webhooks.options.url = null;
  for (const { runs } of sandbox.world.repositories.values()) for (const { abort } of runs) abort.abort('the end');
  await sandbox.engine.settle();
}

async function measure(set: StageSet, pid: number): Promise<Row[]> {
  const before = await memoryOf(pid);
  const started = performance.now();
  const ids = await openRuns(set);
  const seconds = (performance.now() - started) / 1000;
  // What start-up left behind is collected by then, and the last reports are written.
  await delay(15_000);
  const after = await memoryOf(pid);
  const queries = await inLanes(ids.length, QUERIES_AT_ONCE, (index) => isBuilding(set, ids[index] ?? ''));
  const answered = queries.jobs.filter(({ result }) => result).length;
  return [
    {
      what: 'open runs of one worker, and as many coordinators',
      measured: `${ids.length}, opened in ${round(seconds)} s`,
    },
    ...memoryRows(before, after, ids.length),
    exactly('queries answered, each saying that BUILD was dispatched', answered, ids.length),
    {
      what: 'all queries, and their p99',
      measured: `${round(queries.seconds)} s, ${round(latency(queries, 99))} ms`,
    },
  ];
}

function memoryRows(before: Memory | null, after: Memory | null, runs: number): Row[] {
  const what = `memory of the worker, NODE_OPTIONS="${NODE_OPTIONS}": idle, with the open runs, peak`;
  if (before === null || after === null) return [{ what, measured: 'skipped: no /proc here' }];
  return [
    {
      what,
      measured: `${round(before.residentMb)}, ${round(after.residentMb)}, ${round(after.peakMb)} MB`,
      target: `peak < ${LIMIT_MB} MB`,
      isMet: after.peakMb < LIMIT_MB,
    },
    {
      what: 'memory an open run, its coordinator included',
      measured: `${round((after.residentMb - before.residentMb) / runs)} MB`,
    },
  ];
}

/** One branch a run: the workflow ids, once every run is building. */
async function openRuns(set: StageSet): Promise<string[]> {
  const repository = rememberGit(await set.repository('busy', SETTINGS));
  const ids: string[] = [];
  while (ids.length < OPEN_RUNS) ids.push(await pushBranch(set, repository, `branch-${ids.length}`));
  const isRunning = (): number =>
    repository.runs.filter(({ file, status }) => file.startsWith('01') && status === 'in_progress').length;
  const deadline = Date.now() + OPENING_LIMIT_MS;
  while (isRunning() < OPEN_RUNS) {
    if (Date.now() > deadline) throw new Error(`Only ${isRunning()} of ${OPEN_RUNS} runs are building`);
    await delay(100);
  }
  return ids;
}

async function pushBranch(set: StageSet, repository: RepositoryRecord, branch: string): Promise<string> {
  await repository.git.git('branch', branch, 'main');
  const sha = await set.push(repository, branch);
  return set.idOf(repository, `refs/heads/${branch}`, sha);
}

async function isBuilding(set: StageSet, workflowId: string): Promise<boolean> {
  const document = await set.client.documentOf(workflowId).catch(() => null);
  return (
    document?.stages.some(({ stage, state }) => stage === 'build' && (state === 'queued' || state === 'running')) ===
    true
  );
}
