/**
 * The golden run's every outbound write, and a worker that dies (`kill -9`) right before it and right after it, or whose answer is
 * lost: GitHub ends up in the very state in which the golden run left it.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RecordedCall } from '../../sandbox/github/http.ts';
import type { RepositoryRecord } from '../../sandbox/github/world.ts';
import { endState, Lane } from './lane.ts';
import { startTestServer, type TestServer } from './server.ts';

const LANES = 4;
let server: TestServer;
let lanes: Lane[];
let golden: object;
let writes: string[];

const isWrite = ({ method, path }: Pick<RecordedCall, 'method' | 'path'>): boolean =>
  method !== 'GET' && path.startsWith('/repos/');
const writesOf = (lane: Lane, { name }: RepositoryRecord): RecordedCall[] =>
  lane.sandbox.calls.filter((call) => isWrite(call) && call.path.startsWith(`/repos/acme/${name}/`));

beforeAll(async () => {
  const names = Array.from({ length: LANES }, (_, index) => `lane-${index}`);
  server = await startTestServer({ namespaces: names });
  const { bundle } = server;
  const temporal = server.server.address;
  lanes = await Promise.all(names.map((namespace) => Lane.open({ temporal, namespace, bundle })));
  const [lane] = lanes as [Lane];
  const repository = await lane.repository();
  await lane.ended(repository, lane.idOf(repository, await lane.push(repository)));
  golden = endState(repository);
  writes = writesOf(lane, repository).map(({ route }) => route);
}, 120_000);
afterAll(async () => {
  await Promise.all(lanes.map((lane) => lane.close()));
  await server.close();
});

type Manner = 'killed before' | 'killed after' | 'answer lost';

interface Swept {
  readonly label: string;
  readonly state: object;
  /** From the moment at which the new worker polls to its first request for this run; null where no worker was killed. */
  readonly resumedAfterMs: number | null;
}

async function sweep(lane: Lane, nth: number, manner: Manner): Promise<Swept> {
  const repository = await lane.repository();
  const rule = { method: 'WRITE', path: new RegExp(`^/repos/acme/${repository.name}/`), nth: [nth] };
  const during = (): Promise<void> => lane.crash();
  if (manner === 'answer lost') lane.sandbox.faults.add({ ...rule, fault: { kind: 'effect-then-cut' } });
  else
    lane.sandbox.faults.add({
      ...rule,
      fault: { kind: 'hold', when: manner === 'killed before' ? 'before' : 'after', during },
    });
  const workflowId = lane.idOf(repository, await lane.push(repository));
  await lane.ended(repository, workflowId).catch((error: unknown) => {
    throw new Error(`write ${nth} (${writes[nth - 1]}), ${manner}: ${String(error)}`);
  });
  lane.sandbox.faults.clear();
  const { readyAt } = lane;
  const next = lane.sandbox.calls.find(
    (call) => call.at >= readyAt && call.path.startsWith(`/repos/acme/${repository.name}/`),
  );
  return {
    label: `${nth} ${writes[nth - 1]}, ${manner}`,
    state: endState(repository),
    resumedAfterMs: manner === 'answer lost' || next === undefined ? null : next.at - readyAt,
  };
}

/** Each lane takes the next write that nobody has taken yet. */
async function sweepAll(manner: Manner): Promise<Swept[]> {
  const swept: Swept[] = [];
  let next = 1;
  const work = async (lane: Lane): Promise<void> => {
    while (next <= writes.length) {
      const nth = next;
      next += 1;
      swept.push(await sweep(lane, nth, manner));
    }
  };
  await Promise.all(lanes.map(work));
  return swept;
}

const expectGolden = (swept: readonly Swept[]): void => {
  expect(swept.length).toBe(writes.length);
  for (const { label, state } of swept) expect({ label, state }).toEqual({ label, state: golden });
};

describe('the golden standard run', () => {
  it('writes what it is known to write: a check, its updates, two statuses, seven dispatches', () => {
    const count = (route: RegExp): number => writes.filter((each) => route.test(each)).length;
    expect(count(/dispatches$/)).toBe(7);
    expect(count(/statuses/)).toBe(2);
    expect(count(/^POST .*check-runs$/)).toBe(1);
    expect(writes.length).toBeGreaterThanOrEqual(11);
  });
});

describe('each of its writes', () => {
  it('F24: may be where the worker is killed just before it', async () => {
    const swept = await sweepAll('killed before');
    expectGolden(swept);
    // The heartbeat that is missed takes four seconds; then the step is somebody else's. Without it that would be its time-out,
    // 25 s at least.
    for (const { label, resumedAfterMs } of swept)
      expect({ label, isSoon: (resumedAfterMs ?? 0) < 20_000 }).toEqual({ label, isSoon: true });
  }, 400_000);

  it('F24, F9: may be where the worker is killed just after it took effect', async () => {
    expectGolden(await sweepAll('killed after'));
  }, 400_000);

  it('F9: may lose its answer after it took effect', async () => {
    expectGolden(await sweepAll('answer lost'));
  }, 400_000);
});
