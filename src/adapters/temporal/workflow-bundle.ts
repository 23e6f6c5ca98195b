/** The workflows as Temporal's sandbox loads them: one file. The build makes it; the source tree makes it at each start. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** `traced` also holds OpenTelemetry's interceptors, which each workflow evaluates anew. */
export type BundleKind = 'plain' | 'traced';

const IS_BUILT = import.meta.url.endsWith('.js');

/**
 * @returns the bundle's code
 * @throws Error where a build lacks its bundle, or the workflows cannot be bundled
 */
export function workflowCode(kind: BundleKind): Promise<string> {
  return IS_BUILT ? builtCode(kind) : bundleInProcess(kind);
}

/** `npm run build` writes it there. */
async function builtCode(kind: BundleKind): Promise<string> {
  const file = fileURLToPath(new URL(`../../../workflows/bundle.${kind}.js`, import.meta.url));
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw new Error(`This build has no ${file}: run \`npm run build\` again.`, { cause: error });
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
