/** The workflows as Temporal's sandbox loads them: one file. The build makes it; a checkout makes it at each start. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { builtWorkflows, type BundleKind } from '../program-files.ts';

/**
 * @returns the bundle's code
 * @throws Error where a build lacks its bundle, or the workflows cannot be bundled
 */
export async function workflowCode(kind: BundleKind): Promise<string> {
  const built = builtWorkflows(kind);
  if (built === null) return bundleInProcess(kind);
  return readFile(built, 'utf8').catch((error: unknown) => {
    throw new Error(`This build has no ${built}: run \`npm run build\` again.`, { cause: error });
  });
}

/** A bundle has two megabytes; Node's own limit is one. */
const MAX_BUNDLE_BYTES = 32 * 1024 * 1024;

/** In a process of its own, which takes webpack's memory with it when it ends: a worker would keep those 250 MB. */
async function bundleInProcess(kind: BundleKind): Promise<string> {
  const bundler = fileURLToPath(new URL('workflow-bundler.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [bundler, kind], { maxBuffer: MAX_BUNDLE_BYTES });
  return stdout;
}
