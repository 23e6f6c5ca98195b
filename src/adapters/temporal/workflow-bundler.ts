/** Bundles the workflows and prints the bundle: `node workflow-bundler.ts plain|traced`. A program of its own: it loads webpack. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { WORKFLOW_TRACING } from '../tracing/workflow-tracing.ts';

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

/** `.ts` in the source tree, `.js` in the built one. */
const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

const at = (path: string): string => fileURLToPath(new URL(`${path}.${EXTENSION}`, import.meta.url));

async function bundle(interceptors: readonly string[]): Promise<string> {
  const { resolve } = createRequire(import.meta.url);
  const { code } = await bundleWorkflowCode({
    workflowsPath: at('../../../workflows/index'),
    preloadModules: SHARED.map((name) => at(`../../domain/${name}`)),
    workflowInterceptorModules: interceptors.map((name) => resolve(name)),
    // Without the sources' texts, which are two thirds of the map: lines of stack traces are found all the same.
    webpackConfigHook: (config) => ({ ...config, devtool: 'inline-nosources-source-map' }),
    logger: new DefaultLogger('ERROR'),
  });
  return code;
}

process.stdout.write(await bundle(process.argv[2] === 'traced' ? [WORKFLOW_TRACING] : []));
