/** `serve`, `worker` and `dev`: the processes of an installation, and all of them in one. */
import { connectTemporal } from '../adapters/temporal/temporal-client.ts';
import type { WorkerDeployment } from '../adapters/temporal/temporal-worker.ts';
import { WEBHOOK_TIMING } from '../domain/run/timing.ts';
import { WEBHOOK_PATH } from '../intake/webhook-server.ts';
import { createMetrics } from '../adapters/metrics/metrics.ts';
import {
  githubFor,
  startService,
  startWorkerProcess,
  temporalFor,
  tracingFor,
  type AppSecrets,
  type InsideAddress,
  type Started,
} from './compose.ts';
import { credentialsOf, secretsOf, UsageError, type Environment } from './environment.ts';
import { evidencePartsFor } from './evidence.ts';
import { createLogger } from './logging.ts';
import { startSetup } from './setup.ts';
import { repairParts } from './repair-parts.ts';
import { temporalAddress } from './temporal-address.ts';

const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** @throws UsageError */
function appOf(environment: Environment): AppSecrets {
  const credentials = credentialsOf(environment);
  if (credentials.kind !== 'app') {
    throw new UsageError(
      'Receiving webhooks needs an App: set APP_ID and PRIVATE_KEY, or SETUP_STORE to a file, and `serve` makes one.',
    );
  }
  if (environment.WEBHOOK_SECRET === undefined) {
    throw new UsageError('Set WEBHOOK_SECRET to the secret of the App: without it anybody could forge events.');
  }
  return { appId: credentials.appId, privateKey: credentials.privateKey, webhookSecret: environment.WEBHOOK_SECRET };
}

/** @throws UsageError where only half of it is set */
function deploymentOf({ WORKER_DEPLOYMENT, WORKER_BUILD_ID }: Environment): WorkerDeployment | null {
  if (WORKER_DEPLOYMENT === undefined && WORKER_BUILD_ID === undefined) return null;
  if (WORKER_DEPLOYMENT !== undefined && WORKER_BUILD_ID !== undefined) {
    return { deploymentName: WORKER_DEPLOYMENT, buildId: WORKER_BUILD_ID };
  }
  throw new UsageError('Set WORKER_DEPLOYMENT and WORKER_BUILD_ID together, or neither.');
}

/** Health and figures of a process that has no other server of its own, or none that strangers may ask. */
const insideOf = ({ METRICS_HOST: host, METRICS_PORT: port }: Environment): InsideAddress | null =>
  port === undefined ? null : { host, port };

/** Where there is no App yet, and a place to keep one: a page makes it. */
async function setUp(environment: Environment, store: string): Promise<void> {
  const log = createLogger(environment.LOG_LEVEL);
  const setup = await startSetup(environment, store, log);
  print(`There is no App yet. Open this to create it: ${setup.address}`);
  await untilStopped();
  await setup.stop();
}

export async function serve(environment: Environment): Promise<void> {
  const { APP_ID: appId, SETUP_STORE: store } = environment;
  if (appId === undefined && store !== undefined) return setUp(environment, store);
  const log = createLogger(environment.LOG_LEVEL, secretsOf(environment));
  const app = appOf(environment);
  const tracing = tracingFor(environment);
  const temporal = await connectTemporal(temporalAddress(environment), tracing ?? undefined);
  const { HOST: host, PORT: port } = environment;
  const evidence = evidencePartsFor(environment);
  const inside = insideOf(environment);
  const service = await startService({ log, temporal, app, timing: WEBHOOK_TIMING, host, port, evidence, inside });
  await untilStopped();
  await service.stop();
  await temporal.close();
  await tracing?.stop();
}

export async function work(environment: Environment): Promise<void> {
  const log = createLogger(environment.LOG_LEVEL, secretsOf(environment));
  const metrics = createMetrics();
  const github = githubFor(credentialsOf(environment), environment.GITHUB_API_URL, metrics);
  const builder = environment.BUILDER_WORKFLOW ?? null;
  const evidence = evidencePartsFor(environment);
  const inside = insideOf(environment);
  const deployment = deploymentOf(environment);
  const temporal = temporalAddress(environment);
  const tracing = tracingFor(environment);
  const worker = await startWorkerProcess({
    log,
    temporal,
    github,
    builder,
    evidence,
    repair: repairParts(environment),
    deployment,
    metrics,
    tracing,
    inside,
  });
  await Promise.race([untilStopped(), worker.ended]);
  await worker.stop();
  await tracing?.stop();
}

export async function dev(environment: Environment): Promise<void> {
  const log = createLogger(environment.LOG_LEVEL, secretsOf(environment));
  const app = appOf(environment);
  const temporal = await temporalFor(environment, print);
  const metrics = createMetrics();
  const github = githubFor(credentialsOf(environment), environment.GITHUB_API_URL, metrics);
  const builder = environment.BUILDER_WORKFLOW ?? null;
  const evidence = evidencePartsFor(environment);
  const tracing = tracingFor(environment);
  const { address } = temporal;
  const repair = repairParts(environment);
  const worker = await startWorkerProcess({
    log,
    temporal: address,
    github,
    builder,
    evidence,
    repair,
    metrics,
    tracing,
  });
  const client = await connectTemporal(address, tracing ?? undefined);
  const { HOST: host, PORT: port } = environment;
  const service = await startService({
    log,
    temporal: client,
    app,
    timing: WEBHOOK_TIMING,
    host,
    port,
    evidence,
    metrics,
    inside: insideOf(environment),
  });
  print(`Webhooks:     ${service.url}${WEBHOOK_PATH}`);
  print(`Temporal:     ${address.address} (TEMPORAL_URL, for \`run\` and \`doctor\`)`);
  if (temporal.uiUrl !== null) print(`Temporal UI:  ${temporal.uiUrl}`);
  await untilStopped();
  const parts: readonly Started[] = [service, worker, { stop: () => client.close() }, temporal];
  for (const part of parts) await part.stop();
  await tracing?.stop();
}

/** The first signal ends in order, the second at once. */
function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      process.once('SIGINT', () => process.exit(130));
      process.once('SIGTERM', () => process.exit(143));
      resolve();
    };
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
  });
}
