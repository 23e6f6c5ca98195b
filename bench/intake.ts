/**
 * Intake beside the bare call that it makes: signed push deliveries to `serve`, and `signalWithStart` of the same workflow
 * with the same payload, in turns, against one Temporal server. No worker polls meanwhile.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import { freePort, startDevServer, type DevServer } from '../src/adapters/temporal/dev-server.ts';
import { findServerBinary } from '../src/adapters/temporal/server-binary.ts';
import { SIGNALS, TASK_QUEUE, WORKFLOWS } from '../src/domain/run/messages.ts';
import { coordinatorId } from '../src/domain/run/workflow-ids.ts';
import { temporalFolder } from '../src/cli/cache-folder.ts';
import { WEBHOOK_PATH } from '../src/intake/webhook-contract.ts';
import { inLanes, latency, merged, perSecond, type Finished } from './load.ts';
import { memoryOf, processorEach, processorTimes, startProduct, type ProductProcess } from './product-process.ts';
import { Poster, pushDelivery, type Delivery } from './push-deliveries.ts';
import { atMost, exactly, round, type Row } from './rows.ts';

const CONNECTIONS = 50;
const WARM_UP = 100;
const PER_ROUND = 300;
/** In turns, and each of the two first as often as the other, so that neither has the fuller database. */
const ROUNDS = ['bare', 'posted', 'posted', 'bare', 'bare', 'posted'] as const;
const BURST = 500;
/** Started, signalled, first task scheduled: more would be a delivery that arrived twice. */
const EVENTS_OF_ONE_DELIVERY = 3;

interface Bench {
  readonly client: Client;
  readonly url: string;
  readonly service: ProductProcess;
  readonly temporalPid: number;
  deliveries(prefix: string, count: number): Delivery[];
}

export async function intake(): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'slsa-bench-'));
  const binary = await findServerBinary({
    cliPath: process.env['TEMPORAL_CLI_PATH'],
    path: process.env['PATH'],
    cacheDir: temporalFolder(process.env),
    onProgress: () => undefined,
  });
  const temporal = await startDevServer({ binary, databaseFile: join(folder, 'temporal.db') });
  try {
    return await withService(temporal, measure);
  } finally {
    await temporal.stop('SIGKILL');
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function withService({ address, pid }: DevServer, work: (bench: Bench) => Promise<Row[]>): Promise<Row[]> {
  const appId = 4711;
  const secret = randomBytes(24).toString('hex');
  const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs1', format: 'pem' });
  const port = await freePort();
  const service = await startProduct('serve', 'Service is listening', {
    TEMPORAL_URL: address,
    APP_ID: String(appId),
    PRIVATE_KEY: key.toString().replaceAll('\n', '\\n'),
    WEBHOOK_SECRET: secret,
    PORT: String(port),
  });
  const connection = await Connection.connect({ address });
  try {
    return await work({
      client: new Client({ connection }),
      url: `http://127.0.0.1:${port}${WEBHOOK_PATH}`,
      service,
      temporalPid: pid,
      deliveries: (prefix, count) =>
        Array.from({ length: count }, (_, index) => pushDelivery(`${prefix}-${index}`, appId, secret)),
    });
  } finally {
    await connection.close();
    await service.stop();
  }
}

async function measure(bench: Bench): Promise<Row[]> {
  const idle = await memoryOf(bench.service.pid);
  const steady = await inTurns(bench);
  const atOnce = await burst(bench);
  const loaded = await memoryOf(bench.service.pid);
  const memory: Row =
    idle === null || loaded === null
      ? { what: 'memory of the service', measured: 'skipped: no /proc here' }
      : {
          what: 'memory of the service: idle, after the load, peak',
          measured: `${round(idle.residentMb)}, ${round(loaded.residentMb)}, ${round(loaded.peakMb)} MB`,
          target: 'peak < 300 MB',
          isMet: loaded.peakMb < 300,
        };
  return [...steady, ...atOnce, memory];
}

async function inTurns(bench: Bench): Promise<Row[]> {
  const poster = new Poster(bench.url, CONNECTIONS);
  const posts = (deliveries: readonly Delivery[]): Promise<Finished<number>> =>
    inLanes(deliveries.length, CONNECTIONS, (index) => poster.post(at(deliveries, index)));
  const calls = (deliveries: readonly Delivery[]): Promise<Finished<number>> =>
    inLanes(deliveries.length, CONNECTIONS, (index) => bareCall(bench.client, at(deliveries, index)));
  await calls(bench.deliveries('warm-bare', WARM_UP));
  await posts(bench.deliveries('warm-posted', WARM_UP));
  const bare: Finished<number>[] = [];
  const posted: Finished<number>[] = [];
  const sent: Delivery[] = [];
  for (const [round, kind] of ROUNDS.entries()) {
    const deliveries = bench.deliveries(`${kind}-${round}`, PER_ROUND);
    if (kind === 'bare') bare.push(await calls(deliveries));
    else {
      posted.push(await posts(deliveries));
      sent.push(...deliveries);
    }
  }
  const processor = [
    await processorRow(bench, 'bare call', () => calls(bench.deliveries('processor-bare', PER_ROUND))),
    await processorRow(bench, 'delivery', () => posts(bench.deliveries('processor-posted', PER_ROUND))),
  ];
  poster.close();
  return [...compared(merged(bare), merged(posted), await countLost(bench.client, sent)), ...processor];
}

/** Where both share the processor with the server, this says why one has less of it. */
async function processorRow(
  { service, temporalPid }: Bench,
  what: string,
  load: () => Promise<Finished<number>>,
): Promise<Row> {
  const pids = [temporalPid, process.pid, service.pid];
  const before = await processorTimes(pids);
  const { jobs } = await load();
  return {
    what: `processor a ${what}: Temporal server, this process, service`,
    measured: processorEach(before, await processorTimes(pids), jobs.length),
  };
}

function compared(bare: Finished<number>, posted: Finished<number>, { lost, twice }: Lost): Row[] {
  const [share, tail] = [perSecond(posted) / perSecond(bare), latency(posted, 99) / latency(bare, 99)];
  const figures = (load: Finished<number>): string =>
    `${round(perSecond(load))}/s, p50 ${round(latency(load, 50))} ms, p99 ${round(latency(load, 99))} ms`;
  return [
    { what: `bare signalWithStart, N=${bare.jobs.length}`, measured: figures(bare) },
    { what: `signed 10 KB deliveries, N=${posted.jobs.length}`, measured: figures(posted) },
    {
      what: 'rate of deliveries / rate of bare calls',
      measured: `${round(share * 100)}%`,
      target: '>= 90%',
      isMet: share >= 0.9,
    },
    { what: 'p99 of deliveries / p99 of bare calls', measured: round(tail), target: '<= 1.5', isMet: tail <= 1.5 },
    exactly('deliveries not answered with 200', notTaken(posted), 0),
    exactly('deliveries lost', lost, 0),
    exactly('deliveries taken twice', twice, 0),
  ];
}

async function burst(bench: Bench): Promise<Row[]> {
  const deliveries = bench.deliveries('burst', BURST);
  const poster = new Poster(bench.url, BURST);
  const done = await inLanes(BURST, BURST, async (index) => {
    const delivery = at(deliveries, index);
    return { delivery, status: await poster.post(delivery) };
  });
  poster.close();
  const taken = done.jobs.flatMap(({ result: { status, delivery } }) => (status === 200 ? [delivery] : []));
  const { lost } = await countLost(bench.client, taken);
  return [
    atMost(`burst of ${BURST} at once: the slowest answer`, latency(done, 100) / 1000, 5, ' s'),
    exactly('burst: refused, with an answer that says so', BURST - taken.length, 0),
    exactly('burst: answered with 200, and lost', lost, 0),
  ];
}

const notTaken = ({ jobs }: Finished<number>): number => jobs.filter(({ result }) => result !== 200).length;

async function bareCall(client: Client, { intent }: Delivery): Promise<number> {
  await client.workflow.signalWithStart(WORKFLOWS.refCoordinator, {
    workflowId: coordinatorId(intent.repository.id, intent.ref),
    taskQueue: TASK_QUEUE,
    signal: SIGNALS.intent,
    signalArgs: [intent],
  });
  return 200;
}

interface Lost {
  readonly lost: number;
  readonly twice: number;
}

/** Asked of Temporal, one by one: what an answer says is not believed here. */
async function countLost(client: Client, deliveries: readonly Delivery[]): Promise<Lost> {
  const { jobs } = await inLanes(deliveries.length, CONNECTIONS, async (index) => {
    const { intent } = at(deliveries, index);
    try {
      const handle = client.workflow.getHandle(coordinatorId(intent.repository.id, intent.ref));
      return (await handle.describe()).historyLength;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return 0;
      throw error;
    }
  });
  return {
    lost: jobs.filter(({ result }) => result === 0).length,
    twice: jobs.filter(({ result }) => result > EVENTS_OF_ONE_DELIVERY).length,
  };
}

function at(deliveries: readonly Delivery[], index: number): Delivery {
  const delivery = deliveries[index];
  if (delivery === undefined) throw new Error(`There is no delivery ${index}`);
  return delivery;
}
