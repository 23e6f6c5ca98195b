/** The workflows' bundle, made by Jest's global set-up where there is one (test/jest/bundle-once.ts). */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BundleKind } from '../src/adapters/program-files.ts';
import { workflowCode } from '../src/adapters/temporal/workflow-bundle.ts';

export function bundledWorkflows(kind: BundleKind): Promise<string> {
  const folder = process.env['TEST_BUNDLES'];
  return folder === undefined ? workflowCode(kind) : readFile(join(folder, kind), 'utf8');
}
