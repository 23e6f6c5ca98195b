/** What a run costs: GitHub requests and points, counted, and the size of what Temporal keeps. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RepositoryRecord } from '../../sandbox/github/world.ts';
import { WEBHOOK_TIMING } from '../../src/domain/run/timing.ts';
import { StageSet } from './stage-set.ts';
import { measureHistory, recordHistory } from './temporal-history.ts';

let set: StageSet;

beforeAll(async () => {
  // The product's own pace: what counts here is how often it asks.
  set = await StageSet.open({ kind: true, timing: WEBHOOK_TIMING, queueMs: 50 });
  // Who we are is learnt once a process, and is no cost of a run.
  await set.pushed(await set.repository('warm-up', 'preset: minimal\n'));
});
afterAll(() => set.close());

/** Reads are one point, writes five. Source: GitHub docs, "Rate limits for the REST API", secondary limits. */
const pointsOf = (method: string): number => (method === 'GET' ? 1 : 5);

interface Cost {
  readonly requests: number;
  readonly points: number;
}

async function costOf(work: () => Promise<unknown>): Promise<Cost> {
  const before = set.sandbox.calls.length;
  await work();
  const counted = set.sandbox.calls
    .slice(before)
    .filter(({ path }) => !path.includes('/access_tokens') && !/^\/_(blobs|attestations)\//.test(path));
  return { requests: counted.length, points: counted.reduce((sum, { method }) => sum + pointsOf(method), 0) };
}

const pull = async (repository: RepositoryRecord): Promise<void> => {
  await repository.git.git('branch', 'feature', 'main');
  const sha = await set.push(repository, 'feature');
  await set.sandbox.openPull(repository, 'feature');
  await set.check(repository, set.idOf(repository, 'refs/heads/feature', sha));
};

describe('a run costs at most', () => {
  it('46 requests and 160 points for standard; its history stays small', async () => {
    const repository = await set.repository('standard');
    let workflowId = '';
    const cost = await costOf(async () => {
      const { check, result } = await set.pushed(repository);
      workflowId = result.workflowId;
      expect(check.conclusion).toBe('success');
    });
    const history = await measureHistory(set.temporal.address, workflowId);
    await recordHistory(set.temporal.address, workflowId, 'standard');

    expect(cost.requests).toBeLessThanOrEqual(46);
    expect(cost.points).toBeLessThanOrEqual(160);
    expect(history.events).toBeLessThan(500);
    expect(history.bytes).toBeLessThan(100_000);
    expect(history.largestPayload).toBeLessThan(32_000);
    process.stdout.write(`standard: ${JSON.stringify({ ...cost, ...history })}\n`);
  });

  it('30 requests for minimal', async () => {
    const cost = await costOf(async () => set.pushed(await set.repository('minimal', 'preset: minimal\n')));
    expect(cost.requests).toBeLessThanOrEqual(30);
    process.stdout.write(`minimal: ${JSON.stringify(cost)}\n`);
  });

  it('four for a push that nobody wants', async () => {
    const repository = await set.repository('unwanted');
    await repository.git.git('branch', 'idea', 'main');
    const cost = await costOf(async () => {
      const sha = await set.push(repository, 'idea');
      const { verdict } = await set.result(set.idOf(repository, 'refs/heads/idea', sha));
      expect(verdict.kind).toBe('not_wanted');
    });
    expect(cost.requests).toBeLessThanOrEqual(4);
    process.stdout.write(`unwanted push: ${JSON.stringify(cost)}\n`);
  });

  it('four more for a pull request', async () => {
    const cost = await costOf(async () => pull(await set.repository('pull')));
    expect(cost.requests).toBeLessThanOrEqual(34);
    process.stdout.write(`pull request: ${JSON.stringify(cost)}\n`);
  });
});
