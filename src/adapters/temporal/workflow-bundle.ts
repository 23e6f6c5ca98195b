/** The workflows as Temporal's sandbox loads them: one file, bundled before the worker starts. */
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type BundleOptions } from '@temporalio/worker';

/**
 * What every workflow shares: pure modules of the domain, and zod below them. Anything else is evaluated anew for each
 * workflow, which for these took 18 ms and 1.5 MB. Such a module must keep nothing that one workflow could learn of
 * another. The roots suffice, imports follow; one that is missing here costs memory, nothing else.
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

/**
 * @param index path of `workflows/index.ts`, or of its built twin
 * @returns the bundle's code
 */
export async function bundleWorkflows(index: string, logger?: BundleOptions['logger']): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: index,
    preloadModules: SHARED.map(inDomain),
    // Without the sources' texts: they are two thirds of the map, and every stack trace can be read without them.
    webpackConfigHook: (config) => ({ ...config, devtool: 'inline-nosources-source-map' }),
    ...(logger === undefined ? {} : { logger }),
  });
  return code;
}

/** `.ts` in the source tree, `.js` in the built one. */
const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

const inDomain = (name: string): string =>
  fileURLToPath(new URL(`../../domain/${name}.${EXTENSION}`, import.meta.url));

/** `workflows/index` beside `src`, in the source tree as in the built one. */
export const workflowsIndex = (): string =>
  fileURLToPath(new URL(`../../../workflows/index.${EXTENSION}`, import.meta.url));
