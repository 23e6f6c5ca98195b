/** A Temporal server for a test file, and the workflows bundled once for all its workers. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDevServer, type DevServer, type DevServerOptions } from '../../src/adapters/temporal/dev-server.ts';
import { findServerBinary } from '../../src/adapters/temporal/server-binary.ts';
import { bundledWorkflows } from '../bundled-workflows.ts';
import { temporalFolder } from '../../src/cli/cache-folder.ts';

export interface TestServer {
  readonly server: DevServer;
  /** Path of the bundle's file. */
  readonly bundle: string;
  readonly folder: string;
  close(): Promise<void>;
}

export const serverBinary = (): Promise<string> =>
  findServerBinary({
    cliPath: process.env['TEMPORAL_CLI_PATH'],
    path: process.env['PATH'],
    cacheDir: temporalFolder(process.env),
    onProgress: () => undefined,
  });

/** @param change alters the workflows' code: another version of them, or a broken one */
export async function startTestServer(
  options: Omit<DevServerOptions, 'binary'> = {},
  change: (code: string) => string = (code) => code,
): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'slsa-faults-'));
  const bundle = join(folder, 'workflows.js');
  await writeFile(bundle, change(await bundledWorkflows('plain')));
  const server = await startDevServer({ binary: await serverBinary(), ...options });
  return {
    server,
    bundle,
    folder,
    async close() {
      await server.stop('SIGKILL');
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
