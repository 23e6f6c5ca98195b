/**
 * The action that an isolated builder's plan job runs, in the runner's own Node: it reads the settings at the commit and hands
 * on what is to be built. `npm run build:plan` bundles it into `stages/builder/plan/plan.mjs`, which depends on nothing.
 *
 * Source of what it reads and writes: docs, "Metadata syntax for GitHub Actions" (`INPUT_…`), "Workflow commands" (GITHUB_OUTPUT).
 */
import { appendFileSync, lstatSync, readFileSync, realpathSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { planBuild, type BuildFacts } from '../domain/build/build-plan.ts';
import { SETTINGS_PATH } from '../domain/settings/settings-schema.ts';
import { MAX_YAML_BYTES } from '../domain/settings/strict-yaml.ts';

class Refused extends Error {}

function wanted(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '')
    throw new Refused(`${name} is not set: this program is started by GitHub Actions.`);
  return value;
}

/** Returns null when the file does not exist. Refuses symbolic links, which could read files of the runner. */
function settingsIn(workspace: string): string | null {
  const path = join(workspace, SETTINGS_PATH);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return null;
  if (!found.isFile() || realpathSync(path) !== join(realpathSync(workspace), SETTINGS_PATH))
    throw new Refused(`${SETTINGS_PATH} is a link, or no file.`);
  if (found.size > MAX_YAML_BYTES) throw new Refused(`${SETTINGS_PATH} has more than ${MAX_YAML_BYTES / 1024} KB.`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch {
    throw new Refused(`${SETTINGS_PATH} is not UTF-8.`);
  }
}

function factsOf(): BuildFacts {
  const visibility = wanted('INPUT_VISIBILITY');
  if (visibility !== 'public' && visibility !== 'private' && visibility !== 'internal')
    throw new Refused(`The visibility is ${visibility}, which is none that GitHub has.`);
  return {
    settings: settingsIn(wanted('GITHUB_WORKSPACE')),
    flags: process.env['INPUT_FLAGS'] ?? '{}',
    repository: wanted('GITHUB_REPOSITORY'),
    ref: wanted('GITHUB_REF'),
    sha: wanted('GITHUB_SHA'),
    defaultBranch: wanted('INPUT_DEFAULT-BRANCH'),
    visibility,
  };
}

/** Uses a random delimiter, which a value cannot contain. */
function handOn(outputs: Readonly<Record<string, string>>): void {
  const lines = Object.entries(outputs).map(([name, value]) => {
    const end = `end-${randomUUID()}`;
    return `${name}<<${end}\n${value}\n${end}\n`;
  });
  appendFileSync(wanted('GITHUB_OUTPUT'), lines.join(''));
}

/** Prints an annotation. The message quotes an untrusted file, so it is escaped. */
const told = (message: string, line: number | null): string =>
  `::error${line === null ? '' : ` file=${SETTINGS_PATH},line=${line}`}::${message.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')}\n`;

try {
  const plan = planBuild(factsOf());
  if (plan.kind === 'planned') handOn(plan.outputs);
  else {
    for (const { message, line } of plan.mistakes) process.stdout.write(told(message, line));
    process.exitCode = 1;
  }
} catch (error) {
  if (!(error instanceof Refused)) throw error;
  process.stdout.write(told(error.message, null));
  process.exitCode = 1;
}
