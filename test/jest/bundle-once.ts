/** Bundles the workflows once for all files of a project: each of them would take two seconds for the same bytes. */
import { rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { workflowCode } from '../../src/adapters/temporal/workflow-bundle.ts';

export default async function bundleOnce(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'slsa-bundles-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const kind of ['plain', 'traced'] as const) await writeFile(join(folder, kind), await workflowCode(kind));
  // Processes that Jest starts afterwards inherit it.
  process.env['TEST_BUNDLES'] = folder;
}
