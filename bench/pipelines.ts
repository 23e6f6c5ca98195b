/** Whole standard pipelines whose stages take no time: what is left is what the pipeline itself adds. */
import { setTimeout as delay } from 'node:timers/promises';
import type { RepositoryRecord } from '../sandbox/github/world.ts';
import { WEBHOOK_TIMING } from '../src/domain/run/timing.ts';
import { STAGES } from '../src/domain/stage/stage-table.ts';
import { StageSet } from '../test/e2e/stage-set.ts';
import { inLanes, percentile, type Finished } from './load.ts';
import { exactly, round, type Row } from './rows.ts';

const LEVELS = [
  { lanes: 1, runs: 10 },
  { lanes: 10, runs: 40 },
  { lanes: 50, runs: 100 },
] as const;

/** A webhook that was lost costs `firstLook`: that is to be seen in the figures, so it is waited for. */
const RUN_LIMIT_MS = 240_000;
const LOOK_EVERY_MS = 10;

export async function pipelines(): Promise<Row[]> {
  const set = await StageSet.open({ kind: true, queueMs: 0, timing: WEBHOOK_TIMING });
  try {
    const repositories: RepositoryRecord[] = [];
    for (let index = 0; index < Math.max(...LEVELS.map(({ lanes }) => lanes)); index += 1)
      repositories.push(await set.repository(`app-${index}`));
    await inLanes(5, 5, (_, lane) => oneRun(set, repositories[lane]));
    const rows: Row[] = [];
    for (const level of LEVELS)
      rows.push(
        ...told(level.lanes, await inLanes(level.runs, level.lanes, (_, lane) => oneRun(set, repositories[lane]))),
      );
    const refused = set.sandbox.webhooks.deliveries.filter(({ status }) => status !== null && status !== 200);
    return [...rows, exactly('webhooks not answered with 200', refused.length, 0)];
  } finally {
    await set.close();
  }
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
    { what: `overhead a stage ${at}`, measured: `${round(p50 / STAGES.length)} ms` },
    exactly(`runs without success ${at}`, jobs.filter(({ result }) => result.conclusion !== 'success').length, 0),
  ];
}
