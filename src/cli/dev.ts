/** `dev`: webhooks, worker and, where none is named, a Temporal server, all in one process. */
import { createMetrics } from '../adapters/metrics/metrics.ts';
import { connectTemporal } from '../adapters/temporal/temporal-client.ts';
import { WEBHOOK_TIMING } from '../domain/run/timing.ts';
import { WEBHOOK_PATH } from '../intake/webhook-contract.ts';
import { appOf } from './app-secrets.ts';
import { credentialsOf, secretsOf, type Environment } from './environment.ts';
import { evidencePartsFor } from './evidence.ts';
import { createLogger } from './logging.ts';
import { githubFor } from './processes/github-access.ts';
import { temporalFor } from './processes/local-temporal.ts';
import { insideOf, tracingFor } from './processes/process-settings.ts';
import { startService } from './processes/service-process.ts';
import { untilStopped } from './processes/until-stopped.ts';
import { startWorkerProcess } from './processes/worker-process.ts';
import { repairParts } from './repair-parts.ts';

const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** @throws UsageError, and Error where it cannot start */
export async function dev(environment: Environment): Promise<void> {
  const metrics = createMetrics();
  const log = createLogger(environment.LOG_LEVEL, secretsOf(environment));
  const app = appOf(environment);
  const evidence = await evidencePartsFor(environment);
  const github = githubFor(credentialsOf(environment), environment.GITHUB_API_URL, metrics);
  const repair = repairParts(environment);
  const builder = environment.BUILDER_WORKFLOW ?? null;
  const tracing = await tracingFor(environment);
  // The last one that was started stops first, and what was started before a failure stops too.
  const started = new AsyncDisposableStack();
  started.defer(() => tracing?.stop());
  try {
    const temporal = await temporalFor(environment, print);
    started.defer(() => temporal.stop());
    const { address } = temporal;
    const client = await connectTemporal(address, tracing ?? undefined);
    started.defer(() => client.close());
    const work = { log, temporal: address, github, builder, evidence, repair, metrics, tracing };
    const worker = await startWorkerProcess(work);
    started.defer(() => worker.stop());
    const { HOST: host, PORT: port } = environment;
    const inside = insideOf(environment);
    const parts = { log, temporal: client, app, timing: WEBHOOK_TIMING, host, port, evidence, metrics, inside };
    const service = await startService(parts);
    started.defer(() => service.stop());
    print(`Webhooks:     ${service.url}${WEBHOOK_PATH}`);
    print(`Temporal:     ${address.address} (TEMPORAL_URL, for \`run\` and \`doctor\`)`);
    if (temporal.uiUrl !== null) print(`Temporal UI:  ${temporal.uiUrl}`);
    await Promise.race([untilStopped(), worker.ended]);
  } finally {
    await started.disposeAsync();
  }
}
