/** What a run costs: requests and points at GitHub, counted from the sandbox's log, and the size of what Temporal keeps. */
import type { RecordedCall } from '../sandbox/github/http.ts';
import type { RepositoryRecord } from '../sandbox/github/world.ts';
import { POLLING_TIMING, WEBHOOK_TIMING } from '../src/domain/run/timing.ts';
import type { Scripts } from '../test/e2e/scripted-stages.ts';
import { StageSet, type StageSetOptions } from '../test/e2e/stage-set.ts';
import { measureHistory } from './history.ts';
import { atMost, type Row } from './rows.ts';

const POLLED_STAGE_SECONDS = 5;

interface Cost {
  readonly requests: number;
  readonly points: number;
  /** Of the requests: answered with 304, which is free of the hourly limit, not of the points. */
  readonly unchanged: number;
}

/** Reads are one point, writes five. Source: GitHub docs, "Rate limits for the REST API", secondary limits. */
const pointsOf = ({ method }: RecordedCall): number => (method === 'GET' ? 1 : 5);

/** Token mints and downloads from GitHub's stores are counted apart, as GitHub does. */
const isCounted = ({ path }: RecordedCall): boolean =>
  !path.includes('/access_tokens') && !/^\/_(blobs|attestations)\//.test(path);

async function costOf(set: StageSet, work: () => Promise<unknown>): Promise<Cost> {
  const before = set.sandbox.calls.length;
  await work();
  const counted = set.sandbox.calls.slice(before).filter(isCounted);
  return {
    requests: counted.length,
    points: counted.reduce((sum, call) => sum + pointsOf(call), 0),
    unchanged: counted.filter(({ status }) => status === 304).length,
  };
}

export async function requests(): Promise<Row[]> {
  return [...(await withWebhooks()), ...(await byPolling())];
}

async function withWebhooks(): Promise<Row[]> {
  return inSet({ timing: WEBHOOK_TIMING }, async (set) => {
    const standard = await set.repository('standard');
    const minimal = await set.repository('minimal', 'preset: minimal\n');
    const pull = await set.repository('pull');
    let workflowId = '';
    const costs = {
      standard: await costOf(set, async () => (workflowId = (await passed(set, standard)).workflowId)),
      minimal: await costOf(set, () => passed(set, minimal)),
      pull: await costOf(set, () => pullRequest(set, pull)),
    };
    const history = await measureHistory(set.temporal.address, workflowId);
    return [
      atMost('standard: requests', costs.standard.requests, 46),
      atMost('standard: points', costs.standard.points, 160),
      atMost('minimal: requests', costs.minimal.requests, 30),
      { what: 'minimal: points', measured: String(costs.minimal.points) },
      atMost('pull request (the stages of minimal): requests', costs.pull.requests, 34),
      { what: 'pull request: points', measured: String(costs.pull.points) },
      atMost('standard: history events', history.events, 500),
      atMost('standard: history bytes', history.bytes, 100_000),
      atMost('standard: largest event, bytes', history.largestPayload, 32_000),
    ];
  });
}

/** Nobody sends news of stages: each is looked at again and again. */
async function byPolling(): Promise<Row[]> {
  const scripts: Scripts = {};
  const manner: StageSetOptions['manner'] = (event) => (event === 'workflow_run' ? 'drop' : 'deliver');
  return inSet({ timing: POLLING_TIMING, manner, scripts }, async (set) => {
    const instant = await costOf(set, async () => passed(set, await set.repository('polled')));
    const slow = { kind: 'slow', milliseconds: POLLED_STAGE_SECONDS * 1000 } as const;
    for (const stage of ['lint', 'build', 'sbom', 'scan', 'sign', 'attest', 'verify'] as const) scripts[stage] = slow;
    const waited = await costOf(set, async () => passed(set, await set.repository('polled-slowly')));
    const told = (cost: Cost): string => `${cost.requests} (${cost.unchanged} unchanged), ${cost.points} points`;
    return [
      { what: 'standard by polling, instant stages: requests', measured: told(instant) },
      { what: `standard by polling, stages of ${POLLED_STAGE_SECONDS} s: requests`, measured: told(waited) },
    ];
  });
}

async function inSet(options: StageSetOptions, work: (set: StageSet) => Promise<Row[]>): Promise<Row[]> {
  const set = await StageSet.open({ kind: true, queueMs: 0, ...options });
  try {
    // Who we are is learnt once a process, and is no cost of a run.
    await passed(set, await set.repository('warm-up', 'preset: minimal\n'));
    return await work(set);
  } finally {
    await set.close();
  }
}

const RUN_LIMIT_MS = 120_000;

async function passed(set: StageSet, repository: RepositoryRecord, branch = 'main'): Promise<{ workflowId: string }> {
  const sha = await set.push(repository, branch);
  const workflowId = set.idOf(repository, `refs/heads/${branch}`, sha);
  await succeeded(set, repository, workflowId);
  return { workflowId };
}

async function pullRequest(set: StageSet, repository: RepositoryRecord): Promise<void> {
  await repository.git.git('branch', 'feature', 'main');
  const sha = await set.push(repository, 'feature');
  await set.sandbox.openPull(repository, 'feature');
  await succeeded(set, repository, set.idOf(repository, 'refs/heads/feature', sha));
}

/** Until the run has ended too: what it says last, it says after its check. */
async function succeeded(set: StageSet, repository: RepositoryRecord, workflowId: string): Promise<void> {
  const { conclusion, title } = await set.check(repository, workflowId, RUN_LIMIT_MS);
  if (conclusion !== 'success') throw new Error(`${workflowId} ended ${conclusion}: ${title}`);
  await set.result(workflowId);
}
