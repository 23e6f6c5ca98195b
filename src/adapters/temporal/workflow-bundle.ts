/** The workflows as Temporal's sandbox loads them: one file, bundled before the worker starts. */
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bundleWorkflowCode, DefaultLogger, type BundleOptions } from '@temporalio/worker';

/**
 * What all workflows share: modules of the domain, and zod below them. Any other module is evaluated anew for each
 * workflow; with these among them that took 18 ms and 1.5 MB a workflow, and takes 0.4 ms and 45 KB without them. So
 * such a module must keep nothing that one workflow could learn of another. The roots suffice, imports follow; one that
 * is missing here costs memory, and nothing else.
 */
const SHARED = [
  'command/command-grammar',
  'report/status-report',
  'run/apply-outcome',
  'run/coordination',
  'run/messages',
  'run/resume',
  'run/run-document',
  'run/workflow-ids',
] as const;

export interface BundleWish {
  /** Modules with interceptors of workflows, by name. */
  readonly interceptors?: readonly string[];
  /** Is told what the bundler said, where it failed. */
  readonly logger?: BundleOptions['logger'];
}

/** A bundle has two megabytes; Node's own limit is one. */
const MAX_BUNDLE_BYTES = 32 * 1024 * 1024;

/**
 * Bundles in a process of its own, which takes webpack's memory with it when it ends: a worker would keep those 250 MB.
 *
 * @param index path of `workflows/index.ts`, or of its built twin
 * @returns the bundle's code
 */
export async function bundleWorkflows(index: string, { interceptors = [], logger }: BundleWish = {}): Promise<string> {
  const bundler = [fileURLToPath(import.meta.url), index, ...interceptors];
  try {
    return (await promisify(execFile)(process.execPath, bundler, { maxBuffer: MAX_BUNDLE_BYTES })).stdout;
  } catch (error) {
    logger?.error('The workflows could not be bundled', { error });
    throw error;
  }
}

async function bundleHere(index: string, interceptors: readonly string[]): Promise<string> {
  const { resolve } = createRequire(import.meta.url);
  const { code } = await bundleWorkflowCode({
    workflowsPath: index,
    preloadModules: SHARED.map(inDomain),
    workflowInterceptorModules: interceptors.map((name) => resolve(name)),
    // Without the sources' texts, which are two thirds of the map: lines of stack traces are found all the same.
    webpackConfigHook: (config) => ({ ...config, devtool: 'inline-nosources-source-map' }),
    logger: new DefaultLogger('ERROR'),
  });
  return code;
}

/** `.ts` in the source tree, `.js` in the built one. */
const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

const inDomain = (name: string): string => fileURLToPath(new URL(`../../domain/${name}.${EXTENSION}`, import.meta.url));

/** `workflows/index` beside `src`, in the source tree as in the built one. */
export const workflowsIndex = (): string =>
  fileURLToPath(new URL(`../../../workflows/index.${EXTENSION}`, import.meta.url));

const [, , asked, ...interceptors] = process.argv;
if (import.meta.main && asked !== undefined) process.stdout.write(await bundleHere(asked, interceptors));
