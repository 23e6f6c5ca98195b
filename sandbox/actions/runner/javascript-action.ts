/**
 * An action that is a program for Node, of a repository that the sandbox has, or of the checkout itself.
 * Source: actions/runner `ActionManager.cs`, `NodeScriptActionHandler.cs`; docs, "Metadata syntax for GitHub Actions".
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { findRepository, type RepositoryRecord, type World } from '../../github/world.ts';
import type { Machine } from './machine.ts';

export interface JavaScriptAction {
  /** Inputs by name, with their defaults; null when there is no default. */
  readonly inputs: Readonly<Record<string, string | null>>;
  /** The program's path on the machine. */
  readonly main: string;
}

const Metadata = z.object({
  inputs: z.record(z.string(), z.object({ default: z.string().optional() })).default({}),
  runs: z.object({ using: z.string(), main: z.string() }),
});

/** Node versions that the runner still has. */
const NODES = ['node20', 'node24'];

/** @throws Error in the runner's words */
function read(text: string, folder: string): JavaScriptAction {
  const { inputs, runs } = Metadata.parse(parse(text));
  if (!NODES.includes(runs.using))
    throw new Error(`'using: ${runs.using}' is not supported, use 'docker', 'node20' or 'node24' instead.`);
  return {
    inputs: Object.fromEntries(
      Object.entries(inputs).map(([name, input]) => [name.toLowerCase(), input.default ?? null]),
    ),
    main: join(folder, runs.main),
  };
}

/** @param uses `./path`, from the workspace */
export function localAction(uses: string, { folders }: Machine): JavaScriptAction {
  const folder = join(folders.workspace, uses);
  const file = ['action.yml', 'action.yaml'].map((name) => join(folder, name)).find((path) => existsSync(path));
  if (file === undefined)
    throw new Error(
      `Can't find 'action.yml', 'action.yaml' or 'Dockerfile' under '${folder}'. Did you forget to run actions/checkout before running your local action?`,
    );
  return read(readFileSync(file, 'utf8'), folder);
}

/**
 * Fetches an action by its commit. Another owner's has to be public.
 *
 * @param uses `owner/name/path@commit`
 * @returns null where there is no such action
 */
export async function fetchAction(
  uses: string,
  { world, caller, machine }: { readonly world: World; readonly caller: RepositoryRecord; readonly machine: Machine },
): Promise<JavaScriptAction | null> {
  const [, owner = '', name = '', path = '', ref = ''] = /^([^/]+)\/([^/@]+)(?:\/([^@]+))?@(.+)$/.exec(uses) ?? [];
  const repository = findRepository(world, owner, name);
  if (repository === null) return null;
  if (repository.visibility !== 'public' && repository.owner.id !== caller.owner.id) return null;
  const entries = (await repository.git.directory(ref, path)) ?? [];
  const folder = join(machine.folders.actions, owner, name, ref, path);
  mkdirSync(folder, { recursive: true });
  for (const entry of entries.filter(({ type }) => type === 'blob'))
    writeFileSync(join(folder, entry.name), await repository.git.bytesOf(entry.sha));
  const metadata = join(folder, 'action.yml');
  return existsSync(metadata) ? read(readFileSync(metadata, 'utf8'), folder) : null;
}
