/** The Temporal server that `dev` and `demo` use: the one that the environment names, or one of their own. */
import { startDevServer } from '../../adapters/temporal/dev-server.ts';
import { findServerBinary } from '../../adapters/temporal/server-binary.ts';
import type { TemporalAddress } from '../../adapters/temporal/temporal-address.ts';
import { temporalFolder } from '../cache-folder.ts';
import type { Environment } from '../environment.ts';
import { temporalAddress } from '../temporal-address.ts';
import type { Started } from './started.ts';

export interface LocalTemporal extends Started {
  readonly address: TemporalAddress;
  /** Null where the environment names the server: the address of its UI is not known. */
  readonly uiUrl: string | null;
}

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
    cacheDir: temporalFolder(process.env),
    onProgress,
  });
  const server = await startDevServer({ binary, ui: true });
  const address = { address: server.address, namespace: 'default' };
  return { address, uiUrl: server.uiUrl, stop: () => server.stop() };
}
