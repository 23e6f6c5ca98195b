/** When the workflow server or the worker's own code is at fault: runs go on, or end with a word that is true. */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { MAINTENANCE_PACE } from '../../src/domain/maintenance/maintenance.ts';
import { SIGNALS } from '../../src/domain/run/messages.ts';
import { scheduleMaintenance } from '../../src/adapters/temporal/maintenance-schedule.ts';
import { freePort, startDevServer, type DevServer } from '../../src/adapters/temporal/dev-server.ts';
import { measureHistory } from '../e2e/temporal-history.ts';
import { endState, Lane } from './lane.ts';
import { serverBinary, startTestServer, type TestServer } from './server.ts';

const until = async (isSo: () => boolean | Promise<boolean>, withinMs = 30_000): Promise<void> => {
  const started = Date.now();
  while (!(await isSo()) && Date.now() - started < withinMs) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await isSo()).toBe(true);
};

describe('a Temporal server', () => {
  let server: TestServer;
  let lane: Lane;
  let current: DevServer;
  let restart: () => Promise<void>;

  beforeAll(async () => {
    const port = await freePort();
    server = await startTestServer({ port });
    await server.server.stop('SIGKILL');
    const binary = await serverBinary();
    const databaseFile = join(server.folder, 'temporal.db');
    const start = (): Promise<DevServer> => startDevServer({ binary, port, databaseFile });
    current = await start();
    restart = async () => {
      await current.stop('SIGKILL');
      await new Promise((resolve) => setTimeout(resolve, 500));
      current = await start();
    };
    lane = await Lane.open({ temporal: current.address, namespace: 'default', bundle: server.bundle });
  }, 120_000);
  afterAll(async () => {
    await lane.close();
    await current.stop('SIGKILL');
    await server.close();
  });

  it.each(['00', '01', '03'])(
    'F23: that is killed while stage %s runs, and comes back, loses no run',
    async (stage) => {
      Object.assign(lane.scripts, {
        lint: { kind: 'slow', milliseconds: 1500 },
        build: { kind: 'slow', milliseconds: 1500 },
        scan: { kind: 'slow', milliseconds: 1500 },
      });
      const repository = await lane.repository('preset: minimal\n');
      const sha = await lane.push(repository);
      await until(() => repository.runs.some(({ file, status }) => file.startsWith(stage) && status === 'in_progress'));
      await restart();
      const check = await lane.ended(repository, lane.idOf(repository, sha));

      expect(check.conclusion).toBe('success');
      expect(repository.runs.map(({ file }) => file.slice(0, 2)).toSorted()).toEqual(['00', '01', '02', '03']);
      expect(repository.checkRuns).toHaveLength(1);
    },
    120_000,
  );

  it('F7: that is down when a push comes: GitHub is told to keep it, and the push is run once the server is back', async () => {
    const repository = await lane.repository('preset: minimal\n');
    await current.stop('SIGKILL');
    const sha = await lane.push(repository);
    const refused = (): number | null =>
      lane.sandbox.webhooks.deliveries.findLast(({ event }) => event === 'push')?.status ?? null;
    await until(() => refused() !== null, 20_000);
    // Never 202, which Probot would answer for us after nine seconds: GitHub would take it for taken.
    expect(refused()).toBe(503);
    await restart();
    await scheduleMaintenance({ address: current.address, namespace: 'default' });
    const check = await lane.ended(repository, lane.idOf(repository, sha));

    expect(check.conclusion).toBe('success');
    expect(repository.checkRuns).toHaveLength(1);
  }, 120_000);
});

describe('limits that Temporal has', () => {
  let server: TestServer;
  let lane: Lane;
  beforeAll(async () => {
    const dynamicConfig = ['limit.blobSize.error=65536', 'limit.blobSize.warn=32768', 'limit.historyCount.error=3000'];
    server = await startTestServer({ dynamicConfig });
    lane = await Lane.open({ temporal: server.server.address, namespace: 'default', bundle: server.bundle });
  }, 120_000);
  afterAll(async () => {
    await lane.close();
    await server.close();
  });

  it('F27: are far away: a standard run keeps under a 30th of a payload and a tenth of a history', async () => {
    const repository = await lane.repository();
    const workflowId = lane.idOf(repository, await lane.push(repository));
    expect((await lane.ended(repository, workflowId)).conclusion).toBe('success');
    const { events, largestPayload } = await measureHistory(server.server.address, workflowId);
    expect(events).toBeLessThan(500);
    expect(largestPayload).toBeLessThan(32_000);
  });

  it('F30: 2,000 signals that mean nothing do not fill a history, and the run ends', async () => {
    Object.assign(lane.scripts, { build: { kind: 'slow', milliseconds: 4000 } });
    const repository = await lane.repository('preset: minimal\n');
    const workflowId = lane.idOf(repository, await lane.push(repository));
    await until(() => repository.runs.some(({ file }) => file.startsWith('01')));
    const connection = await Connection.connect({ address: server.server.address });
    const handle = new Client({ connection }).workflow.getHandle(workflowId);
    for (let batch = 0; batch < 20; batch += 1) {
      const news = (n: number) => ({ stage: 'build', actionsRunId: 9_000_000 + batch * 100 + n, attempt: 1 });
      await Promise.all(
        Array.from({ length: 100 }, (_, n) => handle.signal(SIGNALS.stageCompleted, news(n)).catch(() => null)),
      );
    }
    await connection.close();
    const check = await lane.ended(repository, workflowId);
    expect(check.conclusion).toBe('success');
    expect((await measureHistory(server.server.address, workflowId)).events).toBeLessThan(3000);
  }, 60_000);
});

describe('a version of the workflows that fails at its tasks', () => {
  let server: TestServer;
  let lane: Lane;
  beforeAll(async () => {
    server = await startTestServer({}, (code) => {
      const broken = code.replace('reporter.follow()', 'reporter.thatNeverWas()');
      expect(broken).not.toBe(code);
      return broken;
    });
    lane = await Lane.open({ temporal: server.server.address, namespace: 'default', bundle: server.bundle });
  }, 120_000);
  afterAll(async () => {
    await lane.close();
    await server.close();
  });

  it('F28: leaves no check open: the maintenance concludes it, says whose fault it is, and ends the run', async () => {
    const repository = await lane.repository('preset: minimal\n');
    const workflowId = lane.idOf(repository, await lane.push(repository));
    const address = { address: server.server.address, namespace: 'default' };
    await new Promise((resolve) => setTimeout(resolve, 6000));
    await until(async () => {
      await scheduleMaintenance(address, { ...MAINTENANCE_PACE, alertAfter: 1, concludeAfter: 3 });
      await new Promise((resolve) => setTimeout(resolve, 1000));
      return repository.checkRuns.some(({ status }) => status === 'completed');
    });

    expect(repository.checkRuns).toHaveLength(1);
    expect(repository.checkRuns[0]).toMatchObject({ externalId: workflowId, conclusion: 'timed_out' });
    expect(repository.checkRuns[0]?.title).toMatch(/^Not your fault: this App cannot go on with the run/);
    const connection = await Connection.connect({ address: server.server.address });
    const client = new Client({ connection });
    await until(async () => (await client.workflow.getHandle(workflowId).describe()).status.name === 'TERMINATED');
    await connection.close();
  }, 90_000);
});

describe('a run that an operator terminates', () => {
  let server: TestServer;
  let lane: Lane;
  beforeAll(async () => {
    server = await startTestServer();
    lane = await Lane.open({ temporal: server.server.address, namespace: 'default', bundle: server.bundle });
  }, 120_000);
  afterAll(async () => {
    await lane.close();
    await server.close();
  });
  afterEach(() => {
    Reflect.deleteProperty(lane.scripts, 'build');
  });

  it('F28: has its check closed and its pending status replaced, and the next push runs as ever', async () => {
    Object.assign(lane.scripts, { build: { kind: 'endless' } });
    const repository = await lane.repository('preset: minimal\n');
    const sha = await lane.push(repository);
    const workflowId = lane.idOf(repository, sha);
    await until(
      () => repository.checkRuns.length > 0 && repository.statuses.length > 0 && repository.runs.length === 2,
    );
    const connection = await Connection.connect({ address: server.server.address });
    await new Client({ connection }).workflow.getHandle(workflowId).terminate('by hand');
    await connection.close();
    await until(async () => {
      await scheduleMaintenance({ address: server.server.address, namespace: 'default' });
      await new Promise((resolve) => setTimeout(resolve, 500));
      return repository.checkRuns[0]?.status === 'completed';
    });
    expect(repository.checkRuns[0]).toMatchObject({
      conclusion: 'cancelled',
      title: 'Ended by the operator of this App',
    });
    expect(repository.statuses.at(-1)).toMatchObject({
      state: 'error',
      description: 'Ended by the operator of this App',
    });

    Reflect.deleteProperty(lane.scripts, 'build');
    const next = await lane.push(repository);
    expect((await lane.ended(repository, lane.idOf(repository, next))).conclusion).toBe('success');
    expect(endState(repository)).toMatchObject({ issues: [] });
  }, 60_000);

  it('F24: goes on where every workflow task replays from the beginning, since nothing is cached', async () => {
    const uncached = await Lane.open({
      temporal: server.server.address,
      namespace: 'default',
      bundle: server.bundle,
      maxCached: 0,
    });
    await lane.killWorker();
    try {
      const repository = await uncached.repository();
      const check = await uncached.ended(repository, uncached.idOf(repository, await uncached.push(repository)));
      expect(check.conclusion).toBe('success');
      expect(repository.runs).toHaveLength(7);
    } finally {
      await uncached.close();
      await lane.startWorker();
    }
  }, 60_000);
});

describe('a new version of the workflows', () => {
  it('F26: takes over the runs of the one before it, where the change is marked by `patched`', async () => {
    const server = await startTestServer();
    const lane = await Lane.open({
      temporal: server.server.address,
      namespace: 'default',
      bundle: server.bundle,
      scripts: { build: { kind: 'slow', milliseconds: 3000 } },
    });
    const next = await startTestServer({}, (code) => {
      const [, workflow = ''] = /(\(0, ?\w+)\.patched\)\([^)]*announceSlowInit/.exec(code) ?? [];
      // Another command where a run ends, for those that come there from now on.
      const later = `if (${workflow}.patched)('later')) await ${workflow}.sleep)(1); await reporter.finish();`;
      const changed = code.replace('await reporter.finish();', later);
      expect(changed).toContain(".patched)('later')");
      return changed;
    });
    try {
      const repository = await lane.repository('preset: minimal\n');
      const sha = await lane.push(repository);
      await until(() => repository.runs.some(({ file, status }) => file.startsWith('01') && status === 'in_progress'));
      await lane.killWorker();
      await lane.startWorkerWith(next.bundle);
      expect((await lane.ended(repository, lane.idOf(repository, sha))).conclusion).toBe('success');
      expect(repository.runs).toHaveLength(4);
    } finally {
      await lane.close();
      await server.close();
      await next.close();
    }
  }, 90_000);
});
