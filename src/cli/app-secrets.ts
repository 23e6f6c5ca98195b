/** The App that receives webhooks, from the environment. */
import { credentialsOf, type Environment } from './environment.ts';
import type { AppSecrets } from './processes/service-process.ts';
import { UsageError } from './usage-error.ts';

/** @throws UsageError */
export function appOf(environment: Environment): AppSecrets {
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
