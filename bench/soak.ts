/**
 * `npm run soak [minutes]` (default 5): runs one after the other on several lanes, while every twentieth request, delivery and
 * stage goes wrong in some way. Every run must end, once and truly; the worker's memory is watched. On loopback, and bounded.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom, secondaryLimit, status, type Fault } from '../sandbox/faults.ts';
import type { RepositoryRecord } from '../sandbox/github/world.ts';
import type { WebhookManner } from '../sandbox/github/webhooks.ts';
import { scheduleMaintenance } from '../src/adapters/temporal/maintenance-schedule.ts';
import { parsePreviousRun } from '../src/domain/run/previous-run.ts';
import { Lane } from '../test/faults/lane.ts';
import { startTestServer } from '../test/faults/server.ts';
import { inLanes, percentile } from './load.ts';
import { atMost, exactly, round, TABLE_HEAD, tableRow, type Row } from './rows.ts';

const SEED = 20261127;
const SHARE = 0.05;
const LANES = 5;
const MAX_RUNS = 10_000;
const MAX_MINUTES = 60;
/** A run that has not ended by then counts as hanging. */
const RUN_LIMIT_MS = 180_000;

const FAULTS: readonly Fault[] = [
  status(500),
  status(502, 'Bad Gateway'),
  status(503, 'Service Unavailable'),
  status(401, 'Bad credentials'),
  secondaryLimit(1),
  { kind: 'cut-before-effect' },
  { kind: 'effect-then-cut' },
  { kind: 'truncate-body' },
  { kind: 'delay', milliseconds: 1500 },
];
const MANNERS: readonly WebhookManner[] = ['twice', 'late', 'drop', 'fail'];

const minutes = Math.min(MAX_MINUTES, Number(process.argv[2] ?? 5));
if (!(minutes > 0)) throw new Error('soak takes a number of minutes');
const random = seededRandom(SEED);
const print = (line: string): void => void process.stdout.write(`${line}\n`);

interface Ended {
  readonly conclusion: string;
  /** Why this run is not as every run must be; empty where it is. */
  readonly broken: readonly string[];
}

const server = await startTestServer();
const lane = await Lane.open({
  temporal: server.server.address,
  namespace: 'default',
  bundle: server.bundle,
  maintenance: true,
  workerFlags: ['--max-old-space-size=256', '--max-semi-space-size=4', '--expose-gc'],
  manner: (event) => mannerOf(event),
});

function mannerOf(event: string): WebhookManner {
  const drawn = random();
  if (drawn >= SHARE) return 'deliver';
  const manner = MANNERS[Math.floor((drawn / SHARE) * MANNERS.length)] ?? 'deliver';
  // What starts a run is lost only where GitHub knows of it: nobody could find it again otherwise.
  return manner === 'drop' && event !== 'workflow_run' ? 'fail' : manner;
}

for (const fault of FAULTS) {
  lane.sandbox.faults.add({
    method: '*',
    path: /^\/(repos\/|_blobs\/)/,
    random: { share: SHARE / FAULTS.length, random },
    fault,
  });
}

/** Each lane has its own, since a branch that is pushed to while it runs is another story. */
const REPOSITORIES_A_LANE = 4;
const repositories: RepositoryRecord[][] = [];
for (let number = 0; number < LANES; number += 1) {
  const own: RepositoryRecord[] = [];
  for (let each = 0; each < REPOSITORIES_A_LANE; each += 1) {
    const preset = each === 0 ? 'standard' : 'minimal';
    own.push(await lane.repository(`preset: ${preset}\n`, `soak-${number}-${each}`));
  }
  repositories.push(own);
}

/** One push, to the end of its run. */
async function oneRun(index: number, number: number): Promise<Ended> {
  const which = index % REPOSITORIES_A_LANE;
  const repository = repositories[number]?.[which];
  if (repository === undefined) throw new Error(`Lane ${number} has no repository ${which}`);
  const sha = await lane.push(repository);
  const workflowId = lane.idOf(repository, sha);
  const told = (what: string | undefined): string => `${repository.name} ${sha.slice(0, 7)}: ${what}`;
  try {
    const { conclusion } = await lane.ended(repository, workflowId, RUN_LIMIT_MS);
    const result = parsePreviousRun(await lane.client.resultOf(workflowId));
    const kinds = (result?.decisions ?? []).map(({ kind }) => kind);
    const again = kinds.filter((kind) => kind === 'dispatched_again' || kind === 'stage_retried').length;
    const wanted = { sha, stages: which === 0 ? 7 : 4, again, conclusion: conclusion ?? '' };
    return { conclusion: conclusion ?? 'none', broken: brokenOf(repository, wanted).map(told) };
  } catch (error) {
    return {
      conclusion: 'hangs',
      broken: [told(error instanceof Error ? error.message.split('\n')[0] : String(error))],
    };
  }
}

interface Wanted {
  readonly sha: string;
  readonly stages: number;
  /** Dispatches that were made again, as the run itself tells. */
  readonly again: number;
  readonly conclusion: string;
}

function brokenOf(repository: RepositoryRecord, { sha, stages, again, conclusion }: Wanted): string[] {
  const checks = repository.checkRuns.filter(({ headSha }) => headSha === sha);
  const runs = repository.runs.filter(({ headSha }) => headSha === sha);
  const status = repository.statuses.findLast((each) => each.sha === sha);
  const open = runs.filter(({ status: state }) => state !== 'completed');
  return [
    ...(checks.length === 1 ? [] : [`has ${checks.length} check runs`]),
    ...(runs.length <= stages + again
      ? []
      : [`has ${runs.length} stage runs for ${stages} stages and ${again} more tries`]),
    ...(conclusion !== 'success' || runs.length >= stages ? [] : ['passed without all its stages']),
    ...(conclusion === 'failure' ? [`is held against the commit: ${checks[0]?.title}`] : []),
    ...(status?.state === 'pending' ? ['has a status that is pending'] : []),
    ...(repository.issues.length === 0 ? [] : [`has ${repository.issues.length} issues`]),
    ...(open.length === 0 ? [] : [`left ${open.length} stage runs going on`]),
  ];
}

interface Sample {
  readonly minute: number;
  readonly residentMb: number;
  /** What is still in use after everything else was collected: this is what must not grow. */
  readonly liveMb: number;
  readonly handles: number;
}

const samples: Sample[] = [];
const started = performance.now();
const isOver = (): boolean => performance.now() - started > minutes * 60_000;

async function watch(): Promise<void> {
  while (!isOver()) {
    await delay(2000);
    const { rss, live, handles } = await lane.memory();
    const minute = (performance.now() - started) / 60_000;
    samples.push({ minute, residentMb: rss / 2 ** 20, liveMb: live / 2 ** 20, handles });
  }
}

async function maintain(): Promise<void> {
  while (!isOver()) {
    await delay(15_000);
    await scheduleMaintenance({ address: server.server.address, namespace: 'default' });
  }
}

/** Megabytes a minute, by least squares, of what follows the warm-up. */
function slope(of: readonly Sample[], figure: 'residentMb' | 'liveMb'): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(of.map(({ minute }) => minute)), mean(of.map((each) => each[figure]))];
  const over = of.reduce((sum, each) => sum + (each.minute - x) * (each[figure] - y), 0);
  return over / of.reduce((sum, { minute }) => sum + (minute - x) ** 2, 0);
}

const [{ jobs, seconds }] = await Promise.all([
  inLanes(MAX_RUNS, LANES, oneRun, minutes * 60_000),
  watch(),
  maintain(),
]);
const ends = Map.groupBy(jobs, ({ result }) => result.conclusion);
const broken = jobs.flatMap(({ result }) => result.broken);
const settled = samples.filter(({ minute }) => minute > minutes / 3);
const faulty = lane.sandbox.calls.filter(({ status: code }) => code >= 500 || code === 401 || code === 403).length;

print(`\n## soak (${Math.round(seconds)} s, seed ${SEED})\n\n${TABLE_HEAD}`);
const took = jobs.map(({ milliseconds }) => milliseconds / 1000);
const peak = Math.max(...samples.map(({ residentMb }) => residentMb));
const told = [...ends].map(([end, of]) => `${of.length} ${end}`).join(', ');
const rows: Row[] = [
  { what: 'runs', measured: `${jobs.length}: ${told}`, target: 'every run ends', isMet: !ends.has('hangs') },
  exactly('runs that are not as they must be', broken.length, 0),
  { what: 'a run, p50 / p99', measured: `${round(percentile(took, 50))} / ${round(percentile(took, 99))} s` },
  { what: 'requests / refused on purpose', measured: `${lane.sandbox.calls.length} / ${faulty}` },
  atMost('memory of the worker, peak', peak, 512, ' MB'),
  atMost('memory of the worker in use, slope', slope(settled, 'liveMb'), 1, ' MB/min'),
  { what: 'memory of the worker resident, slope', measured: `${round(slope(settled, 'residentMb'))} MB/min` },
  { what: 'handles of the worker, first / last', measured: `${settled[0]?.handles} / ${settled.at(-1)?.handles}` },
];
for (const row of rows) print(tableRow(row));
for (const line of broken.slice(0, 20)) print(`- ${line}`);
if (broken.length > 0) process.exitCode = 1;
await lane.close();
await server.close();
