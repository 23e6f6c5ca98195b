/** `worker`: the Temporal worker, which runs the pipelines. */
import { createMetrics } from '../adapters/metrics/metrics.ts';
import type { WorkerDeployment } from '../adapters/temporal/temporal-worker.ts';
import { credentialsOf, secretsOf, type Environment } from './environment.ts';
import { evidencePartsFor } from './evidence.ts';
import { createLogger } from './logging.ts';
import { githubFor } from './processes/github-access.ts';
import { insideOf, tracingFor } from './processes/process-settings.ts';
import { untilStopped } from './processes/until-stopped.ts';
import { startWorkerProcess } from './processes/worker-process.ts';
import { repairParts } from './repair-parts.ts';
import { temporalAddress } from './temporal-address.ts';
import { UsageError } from './usage-error.ts';

/** @throws UsageError, and Error where it cannot start */
export async function work(environment: Environment): Promise<void> {
  const metrics = createMetrics();
  const parts = {
    log: createLogger(environment.LOG_LEVEL, secretsOf(environment)),
    temporal: temporalAddress(environment),
    github: githubFor(credentialsOf(environment), environment.GITHUB_API_URL, metrics),
    builder: environment.BUILDER_WORKFLOW ?? null,
    evidence: await evidencePartsFor(environment),
    repair: repairParts(environment),
    deployment: deploymentOf(environment),
    metrics,
    inside: insideOf(environment),
  };
  const tracing = await tracingFor(environment);
  const started = new AsyncDisposableStack();
  started.defer(() => tracing?.stop());
  try {
    const worker = await startWorkerProcess({ ...parts, tracing });
    started.defer(() => worker.stop());
    await Promise.race([untilStopped(), worker.ended]);
  } finally {
    await started.disposeAsync();
  }
}

/** @throws UsageError where only half of it is set */
function deploymentOf({ WORKER_DEPLOYMENT, WORKER_BUILD_ID }: Environment): WorkerDeployment | null {
  if (WORKER_DEPLOYMENT === undefined && WORKER_BUILD_ID === undefined) return null;
  if (WORKER_DEPLOYMENT !== undefined && WORKER_BUILD_ID !== undefined) {
    return { deploymentName: WORKER_DEPLOYMENT, buildId: WORKER_BUILD_ID };
  }
  throw new UsageError('Set WORKER_DEPLOYMENT and WORKER_BUILD_ID together, or neither.');
}
