/** The workflows as Temporal's sandbox loads them: one file, bundled before the worker starts. */
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type BundleOptions } from '@temporalio/worker';

/**
 * @param index path of `workflows/index.ts`, or of its built twin
 * @returns the bundle's code
 */
export async function bundleWorkflows(index: string, logger?: BundleOptions['logger']): Promise<string> {
  const { code } = await bundleWorkflowCode({ workflowsPath: index, ...(logger === undefined ? {} : { logger }) });
  return code;
}

/** `workflows/index` beside `src`, in the source tree as in the built one. */
export const workflowsIndex = (): string => {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`../../../workflows/index.${extension}`, import.meta.url));
};
