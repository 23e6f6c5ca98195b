/**
 * oxsecurity/megalinter: a container, whose root leaves the reports. Source: oxsecurity/megalinter v9.3.0, `action.yml`,
 * `Dockerfile`; actions/runner `ContainerActionHandler.cs`.
 */
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { lintFolder } from '../megalinter/lint.ts';
import { consoleOf, reportFiles } from '../megalinter/reports.ts';
import { settingsOf } from '../megalinter/settings.ts';
import type { ActionCall, ActionDouble, ActionEnd } from './action.ts';

export const megalinter: ActionDouble = {
  name: 'oxsecurity/megalinter',
  commit: '42bb470545e359597e7f12156947c436e4e3fb9a',
  version: 'v9.3.0',
  // Everything comes by the environment.
  inputs: {},
  run,
};

const WORKSPACE = '/github/workspace';

async function run({ env, machine, log }: ActionCall): Promise<ActionEnd> {
  const { workspace } = machine.folders;
  const settings = settingsOf(workspace, env);
  const lint = await lintFolder(workspace, settings);
  for (const line of consoleOf(lint)) log(line);
  const folder = (settings['REPORT_OUTPUT_FOLDER'] ?? `${WORKSPACE}/megalinter-reports`).replace(WORKSPACE, workspace);
  // It is put into a folder that is there, which keeps its owner.
  const isNew = statSync(folder, { throwIfNoEntry: false }) === undefined;
  mkdirSync(folder, { recursive: true });
  const written = [...reportFiles(lint, settings)].map(([name, text]) => {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  });
  if (isNew) machine.giveToRoot(folder);
  else for (const path of written) machine.giveToRoot(path);
  const outputs = { has_updated_sources: String(lint.hasUpdatedSources) };
  return lint.returnCode === 0
    ? { outputs }
    : { outputs, failure: `Docker run failed with exit code ${lint.returnCode}` };
}
