/** `serve`: receives webhooks and hands them to Temporal; where there is no App yet, offers to make one. */
import { connectTemporal } from '../adapters/temporal/temporal-client.ts';
import { WEBHOOK_TIMING } from '../domain/run/timing.ts';
import { appOf } from './app-secrets.ts';
import { secretsOf, type Environment } from './environment.ts';
import { evidencePartsFor } from './evidence.ts';
import { createLogger } from './logging.ts';
import { insideOf, tracingFor } from './processes/process-settings.ts';
import { startService } from './processes/service-process.ts';
import { untilStopped } from './processes/until-stopped.ts';
import { temporalAddress } from './temporal-address.ts';

/** @throws UsageError, and Error where it cannot start */
export async function serve(environment: Environment): Promise<void> {
  const { APP_ID: appId, SETUP_STORE: store } = environment;
  if (appId === undefined && store !== undefined) return setUp(environment, store);
  const log = createLogger(environment.LOG_LEVEL, secretsOf(environment));
  const app = appOf(environment);
  const evidence = await evidencePartsFor(environment);
  const tracing = await tracingFor(environment);
  // The last one that was started stops first, and what was started before a failure stops too.
  const started = new AsyncDisposableStack();
  started.defer(() => tracing?.stop());
  try {
    const temporal = await connectTemporal(temporalAddress(environment), tracing ?? undefined);
    started.defer(() => temporal.close());
    const { HOST: host, PORT: port } = environment;
    const inside = insideOf(environment);
    const service = await startService({ log, temporal, app, timing: WEBHOOK_TIMING, host, port, evidence, inside });
    started.defer(() => service.stop());
    await untilStopped();
  } finally {
    await started.disposeAsync();
  }
}

async function setUp(environment: Environment, store: string): Promise<void> {
  const { startSetup } = await import('./setup.ts');
  const log = createLogger(environment.LOG_LEVEL);
  const setup = await startSetup(environment, store, log);
  process.stdout.write(`There is no App yet. Open this to create it: ${setup.address}\n`);
  await untilStopped();
  await setup.stop();
}
