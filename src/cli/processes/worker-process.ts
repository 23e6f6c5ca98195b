/** The parts of a worker process: activities, workflows, maintenance, and health and figures where they are wanted. */
import type { Logger } from 'pino';
import type { EvidenceParts } from '../../../activities/assess-evidence.ts';
import { createActivities, type RepairParts } from '../../../activities/index.ts';
import type { GitHub } from '../../adapters/github/github.ts';
import { createMetrics, type Metrics } from '../../adapters/metrics/metrics.ts';
import { scheduleMaintenance } from '../../adapters/temporal/maintenance-schedule.ts';
import { registerSearchAttributes } from '../../adapters/temporal/search-attributes.ts';
import { connectTemporal, type PipelineClient } from '../../adapters/temporal/temporal-client.ts';
import type { TemporalAddress } from '../../adapters/temporal/temporal-address.ts';
import {
  installRuntime,
  startWorker,
  type RunningWorker,
  type WorkerDeployment,
} from '../../adapters/temporal/temporal-worker.ts';
import { workflowCode } from '../../adapters/temporal/workflow-bundle.ts';
import type { Tracing } from '../../adapters/tracing/tracing.ts';
import type { BuilderWorkflow } from '../../domain/build/builder.ts';
import { healthPage } from '../../web/health-pages.ts';
import type { ListenOn } from '../../web/listen.ts';
import { startPageServer, type Page } from '../../web/page-server.ts';
import { readStageSources } from '../stage-sources.ts';
import type { Started } from './started.ts';

export interface WorkerParts {
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
  readonly inside?: ListenOn | null;
}

/** @throws Error that says what to do, where Temporal does not answer, lacks the namespace, or a port is taken */
export async function startWorkerProcess(parts: WorkerParts): Promise<Started & Pick<RunningWorker, 'ended'>> {
  // The last one that was started stops first, and what was started before a failure stops too.
  const started = new AsyncDisposableStack();
  try {
    const worker = await startParts(parts, started);
    return { ended: worker.ended, stop: () => started.disposeAsync() };
  } catch (error) {
    await started.disposeAsync();
    throw error;
  }
}

async function startParts(parts: WorkerParts, started: AsyncDisposableStack): Promise<RunningWorker> {
  const { log, temporal, tracing = null, metrics = createMetrics(), inside = null } = parts;
  installRuntime(log);
  // First, since it tells a wrong address or namespace at once; the rest takes seconds.
  const client = await connectTemporal(temporal, tracing ?? undefined);
  started.defer(() => client.close());
  let isPolling = false;
  const whyNotReady = async (): Promise<string | null> =>
    isPolling ? client.whyUnavailable() : 'this worker is starting or shutting down';
  const pages = (path: string): Promise<Page | null> => healthPage(path, { whyNotReady, metrics });
  const told = inside === null ? null : await startPageServer({ ...inside, pages });
  started.defer(() => told?.stop());
  const worker = await startPolling({ ...parts, metrics }, client);
  started.defer(() => worker.shutdown());
  started.defer(() => void (isPolling = false));
  isPolling = true;
  await scheduleMaintenance(temporal).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    log.error({ reason }, 'Maintenance is not scheduled: failed deliveries and open checks are not looked after');
  });
  log.info({ address: temporal.address, inside: told?.url }, 'Worker is polling');
  return worker;
}

async function startPolling(parts: WorkerParts, client: PipelineClient): Promise<RunningWorker> {
  const { log, temporal, github, builder, evidence, repair, deployment = null, metrics, tracing = null } = parts;
  const bundle = await workflowCode(tracing === null ? 'plain' : 'traced');
  const unsearchable = await registerSearchAttributes(temporal);
  if (unsearchable !== null) log.warn({ reason: unsearchable }, 'Runs carry no search attributes');
  const facts = { isSearchable: unsearchable === null, builder, sources: readStageSources(), evidence, repair };
  return startWorker({
    ...temporal,
    bundle,
    activities: createActivities(github, client, facts, metrics),
    ...(deployment === null ? {} : { deployment }),
    ...(tracing === null ? {} : { tracing }),
  });
}
