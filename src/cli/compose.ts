/** The composition roots: which parts a process is made of. */
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { EvidenceParts } from '../../activities/assess-evidence.ts';
import { createActivities, type RepairParts } from '../../activities/index.ts';
import { counting, createMetrics, type Metrics } from '../adapters/metrics/metrics.ts';
import { createGitHub, type GitHub } from '../adapters/github/github.ts';
import { appTokens, plainTokens } from '../adapters/github/tokens.ts';
import { defaultCacheDir, findServerBinary } from '../adapters/temporal/server-binary.ts';
import { freePort, startDevServer } from '../adapters/temporal/dev-server.ts';
import { scheduleMaintenance } from '../adapters/temporal/maintenance-schedule.ts';
import { registerSearchAttributes } from '../adapters/temporal/search-attributes.ts';
import { connectTemporal, type PipelineClient, type TemporalAddress } from '../adapters/temporal/temporal-client.ts';
import {
  installRuntime,
  startWorker,
  type RunningWorker,
  type WorkerDeployment,
} from '../adapters/temporal/temporal-worker.ts';
import { startTracing, WORKFLOW_TRACING, type Tracing } from '../adapters/tracing/tracing.ts';
import { bundleWorkflows, workflowsIndex } from '../adapters/temporal/workflow-bundle.ts';
import type { BuilderWorkflow } from '../domain/build/builder.ts';
import type { Timing } from '../domain/run/timing.ts';
import type { Secret } from '../domain/secret.ts';
import type { DsseEnvelope } from '../adapters/vsa/sign-vsa.ts';
import type { Digest } from '../domain/git.ts';
import { healthPage } from '../web/health-pages.ts';
import { startPageServer, type Page } from '../web/page-server.ts';
import { schemaPage } from '../web/schema-page.ts';
import { verifierPage } from '../web/verifier-pages.ts';
import { createWebhookServer } from '../intake/webhook-server.ts';
import type { Credentials, Environment } from './environment.ts';
import { readStageSources } from './stage-sources.ts';
import { temporalAddress } from './temporal-address.ts';
import { VERSION } from './version.ts';

export function githubFor(credentials: Credentials, baseUrl: string, metrics?: Metrics): GitHub {
  const send = metrics === undefined ? globalThis.fetch : counting(globalThis.fetch, metrics);
  const endpoint = { baseUrl, fetch: send };
  const tokens =
    credentials.kind === 'app' ? appTokens(credentials, endpoint) : plainTokens(credentials.token, endpoint);
  return createGitHub(tokens, endpoint);
}

/** Where the environment names a collector; once a process. */
export const tracingFor = ({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }: Environment): Tracing | null =>
  endpoint === undefined ? null : startTracing({ endpoint, version: VERSION });

export interface Parts {
  readonly log: Logger;
  readonly temporal: TemporalAddress;
  readonly github: GitHub;
  /** The operator's isolated builder; null where repositories build for themselves. */
  readonly builder: BuilderWorkflow | null;
  readonly evidence: EvidenceParts;
  readonly repair: RepairParts;
  /** Null where Temporal does not tell versions of the worker apart. */
  readonly deployment?: WorkerDeployment | null;
  readonly metrics?: Metrics;
  /** Null where no traces are made. */
  readonly tracing?: Tracing | null;
  /** Where health and figures are told; null where they are not. */
  readonly inside?: InsideAddress | null;
}

/** An address that only the operator's own machines reach. */
export interface InsideAddress {
  readonly host: string;
  readonly port: number;
}

export interface Started {
  stop(): Promise<void>;
}

export async function startWorkerProcess({
  log,
  temporal,
  github,
  builder,
  evidence,
  repair,
  deployment = null,
  metrics = createMetrics(),
  tracing = null,
  inside = null,
}: Parts): Promise<Started & Pick<RunningWorker, 'ended'>> {
  installRuntime({ log: (_level, message, meta) => log.warn({ meta }, message) });
  const interceptors = tracing === null ? [] : [WORKFLOW_TRACING];
  const bundle = await bundleWorkflows(workflowsIndex(), { interceptors, logger: quietLogger });
  const client = await connectTemporal(temporal, tracing ?? undefined);
  const unsearchable = await registerSearchAttributes(temporal);
  if (unsearchable !== null) log.warn({ reason: unsearchable }, 'Runs carry no search attributes');
  const facts = { isSearchable: unsearchable === null, builder, sources: readStageSources(), evidence, repair };
  const activities = createActivities(github, client, facts, metrics);
  const worker = await startWorker({
    ...temporal,
    bundle,
    activities,
    ...(deployment === null ? {} : { deployment }),
    ...(tracing === null ? {} : { tracing }),
  });
  await scheduleMaintenance(temporal).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    log.error({ reason }, 'Maintenance is not scheduled: failed deliveries and open checks are not looked after');
  });
  let isEnding = false;
  const whyNotReady = async (): Promise<string | null> => {
    if (isEnding) return 'this worker is ending';
    return (await client.isReachable()) ? null : 'Temporal does not answer';
  };
  const pages = (path: string): Promise<Page | null> => healthPage(path, { whyNotReady, metrics });
  const told = inside === null ? null : await startPageServer({ ...inside, pages });
  log.info({ address: temporal.address, inside: told?.url }, 'Worker is polling');
  return {
    ended: worker.ended,
    async stop() {
      isEnding = true;
      await worker.shutdown();
      await told?.stop();
      await client.close();
    },
  };
}

/** The bundler tells how webpack fared, which only its failure makes interesting: that is thrown. */
const quietLogger = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, log() {} };

export interface AppSecrets {
  readonly appId: number;
  readonly privateKey: Secret;
  readonly webhookSecret: Secret;
}

export interface ServiceParts {
  readonly log: Logger;
  readonly temporal: PipelineClient;
  readonly app: AppSecrets;
  readonly timing: Timing;
  readonly host: string;
  readonly port: number;
  readonly evidence: Pick<EvidenceParts, 'verifier' | 'vsa'>;
  readonly metrics?: Metrics;
  /** Where figures are told too; null where they are not, or somebody else of this process tells them. */
  readonly inside?: InsideAddress | null;
}

export async function startService({
  log,
  temporal,
  app,
  timing,
  host,
  port,
  evidence,
  metrics = createMetrics(),
  inside = null,
}: ServiceParts): Promise<Started & { readonly url: string }> {
  const { verifier, vsa: signer } = evidence;
  const findVsa = (digest: Digest): Promise<DsseEnvelope | null> => publicVsa(temporal, digest);
  const whyNotReady = async (): Promise<string | null> =>
    (await temporal.isReachable()) ? null : 'Temporal does not answer: webhooks are refused, and GitHub keeps them';
  const pages = async (path: string): Promise<Page | null> =>
    (await healthPage(path, { whyNotReady, metrics: null })) ??
    schemaPage(path) ??
    verifierPage(path, { verifier, signer, findVsa });
  const { server, drain } = await createWebhookServer({ ...app, log, temporal, timing, pages, metrics });
  const told =
    inside === null
      ? null
      : await startPageServer({ ...inside, pages: (path) => healthPage(path, { whyNotReady, metrics }) });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const url = `http://${host}:${(server.address() as AddressInfo).port}`;
  log.info({ url, inside: told?.url }, 'Service is listening');
  return {
    url,
    async stop() {
      await drain();
      await told?.stop();
    },
  };
}

/** Of public repositories only: a private one's summary stands in its check run, where its people read it. */
async function publicVsa(temporal: PipelineClient, digest: Digest): Promise<DsseEnvelope | null> {
  for (const result of await temporal.resultsByDigest(digest)) {
    const parsed = PublishedRun.safeParse(result);
    const vsa = parsed.success ? DsseJson.safeParse(JSON.parse(parsed.data.evidence.vsa)) : null;
    if (vsa?.success === true) return vsa.data;
  }
  return null;
}

const PublishedRun = z.object({ visibility: z.literal('public'), evidence: z.object({ vsa: z.string() }) });
const DsseJson = z.object({
  payloadType: z.literal('application/vnd.in-toto+json'),
  payload: z.string(),
  signatures: z.tuple([z.object({ keyid: z.string(), sig: z.string() })]),
});

export interface LocalTemporal extends Started {
  readonly address: TemporalAddress;
  /** Null where the server is somebody else's: its UI is where they put it. */
  readonly uiUrl: string | null;
}

const UI_PORT = 8233;

/** The server that the environment names, or one of our own. */
export async function temporalFor(
  environment: Environment,
  onProgress: (line: string) => void,
): Promise<LocalTemporal> {
  if (environment.TEMPORAL_URL !== undefined) {
    return { address: temporalAddress(environment), uiUrl: null, stop: () => Promise.resolve() };
  }
  const binary = await findServerBinary({
    cliPath: environment.TEMPORAL_CLI_PATH,
    path: process.env['PATH'],
    cacheDir: defaultCacheDir(process.env),
    onProgress,
  });
  const uiPort = await portOrFree(UI_PORT);
  const server = await startDevServer({ binary, uiPort });
  return {
    address: { address: server.address, namespace: 'default' },
    uiUrl: `http://127.0.0.1:${uiPort}`,
    stop: () => server.stop(),
  };
}

/** A second `dev` or `demo` on one machine gets another port for its UI. */
async function portOrFree(wanted: number): Promise<number> {
  const { createServer } = await import('node:net');
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => void freePort().then(resolve));
    probe.listen(wanted, '127.0.0.1', () => probe.close(() => resolve(wanted)));
  });
}
