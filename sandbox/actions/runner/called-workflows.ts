/**
 * Reusable workflows: found, read and held against what their caller gives, before any job starts.
 * Source: docs, "Reusing workflow configurations", and the messages that GitHub shows on such runs.
 */
import { findRepository, type RepositoryRecord, type World } from '../../github/world.ts';
import { isMapping, textIn, type TemplateToken } from './github-parser.ts';
import {
  InvalidWorkflow,
  nameOf,
  pairsOf,
  readWorkflow,
  type Job,
  type Permissions,
  type Workflow,
} from './workflow.ts';

/** A file with the files that its jobs call, by the ids of those jobs. */
export interface Loaded {
  readonly workflow: Workflow;
  /** `owner/name/path@ref`, and its commit. */
  readonly file: { readonly ref: string; readonly sha: string };
  readonly called: ReadonlyMap<string, Loaded>;
}

/** Every file that is called, also by those that are. */
export const callsOf = ({ called }: Loaded): { readonly path: string; readonly sha: string }[] =>
  [...called.values()].flatMap((each) => [{ path: each.file.ref, sha: each.file.sha }, ...callsOf(each)]);

/** Jobs as GitHub shows them, those of called files under their caller's name. */
export const jobNames = ({ workflow, called }: Loaded, prefix = ''): string[] =>
  workflow.jobs.flatMap((job) => {
    const name = `${prefix}${nameOf(job)}`;
    const callee = called.get(job.id);
    return callee === undefined ? [name] : jobNames(callee, `${name} / `);
  });

export interface CallDeclaration {
  readonly inputs: ReadonlyMap<string, { readonly isRequired: boolean; readonly fallback: string }>;
  readonly secrets: ReadonlyMap<string, { readonly isRequired: boolean }>;
}

/** @throws InvalidWorkflow with GitHub's words */
export async function loadCalled(
  workflow: Workflow,
  file: Loaded['file'],
  at: { readonly world: World; readonly caller: RepositoryRecord },
): Promise<Loaded> {
  const called = new Map<string, Loaded>();
  for (const job of workflow.jobs) {
    if (job.calls === null) continue;
    const loaded = await loadOne(job.calls.workflow, at);
    checkCall(job, loaded.workflow);
    checkPermissions(job, workflow, loaded);
    called.set(job.id, loaded);
  }
  return { workflow, file, called };
}

async function loadOne(
  reference: string,
  { world, caller }: { readonly world: World; readonly caller: RepositoryRecord },
): Promise<Loaded> {
  const [, owner = '', name = '', path = '', ref = ''] = /^([^/]+)\/([^/]+)\/(.+)@([^@]+)$/.exec(reference) ?? [];
  const repository = readableBy(caller, findRepository(world, owner, name));
  const found = repository === null ? null : await fileAt(repository, { ref, path });
  if (found === null)
    throw new InvalidWorkflow(
      `error parsing called workflow "${reference}": workflow was not found. See https://docs.github.com/actions/learn-github-actions/reusing-workflows#access-to-reusable-workflows for more information.`,
    );
  const { sha, text } = found;
  return loadCalled(await readWorkflow(path, text), { ref: reference, sha }, { world, caller });
}

async function fileAt(
  { git }: RepositoryRecord,
  { ref, path }: { readonly ref: string; readonly path: string },
): Promise<{ readonly sha: string; readonly text: string } | null> {
  const sha = await git.commitOf(ref);
  const bytes = sha === null ? null : await git.file(sha, path);
  return sha === null || bytes === null ? null : { sha, text: bytes.toString('utf8') };
}

/** A private repository's workflows are for those of its owner. */
const readableBy = (caller: RepositoryRecord, repository: RepositoryRecord | null): RepositoryRecord | null =>
  repository?.visibility === 'public' || repository?.owner.id === caller.owner.id ? repository : null;

export function callDeclaration({ triggers }: Workflow): CallDeclaration | null {
  const call = new Map(pairsOf(triggers)).get('workflow_call');
  if (call === undefined) return null;
  const part = (name: string): [string, TemplateToken][] => (isMapping(call) ? pairsOf(call.find(name)) : []);
  const isRequired = (fields: ReadonlyMap<string, TemplateToken>): boolean => textIn(fields.get('required')) === 'true';
  return {
    inputs: new Map(
      part('inputs').map(([name, token]) => {
        const fields = new Map(pairsOf(token));
        return [name, { isRequired: isRequired(fields), fallback: textIn(fields.get('default')) }];
      }),
    ),
    secrets: new Map(
      part('secrets').map(([name, token]) => [name, { isRequired: isRequired(new Map(pairsOf(token))) }]),
    ),
  };
}

function checkCall({ calls }: Job, called: Workflow): void {
  const declared = callDeclaration(called);
  if (declared === null)
    throw new InvalidWorkflow(`workflow is not reusable as it is missing a \`on.workflow_call\` trigger`);
  checkNames('input', pairsOf(calls?.inputs), declared.inputs);
  checkNames('secret', pairsOf(calls?.secrets), declared.secrets);
}

function checkNames(
  kind: 'input' | 'secret',
  pairs: readonly (readonly [string, unknown])[],
  declared: ReadonlyMap<string, { readonly isRequired: boolean }>,
): void {
  const given = new Set(pairs.map(([name]) => name));
  for (const name of given)
    if (!declared.has(name))
      throw new InvalidWorkflow(`Invalid ${kind}, ${name} is not defined in the referenced workflow.`);
  for (const [name, { isRequired }] of declared)
    if (isRequired && !given.has(name))
      throw new InvalidWorkflow(
        `${kind === 'input' ? 'Input' : 'Secret'} ${name} is required, but not provided while calling.`,
      );
}

const RANK: Readonly<Record<string, number>> = { none: 0, read: 1, write: 2 };

/** A called job may ask for no more than its caller was given. */
function checkPermissions(job: Job, workflow: Workflow, { workflow: called, file }: Loaded): void {
  const cap = job.permissions ?? workflow.permissions;
  if (cap === null) return;
  for (const each of called.jobs) {
    for (const [scope, access] of Object.entries(each.permissions ?? called.permissions ?? {})) {
      const allowed = cap[scope] ?? 'none';
      if ((RANK[access] ?? 0) > (RANK[allowed] ?? 0))
        throw new InvalidWorkflow(
          `Error calling workflow '${file.ref}'. The nested job '${each.id}' is requesting '${scope}: ${access}', but is only allowed '${scope}: ${allowed}'.`,
        );
    }
  }
}

/** What a job's token may: what the job asks for, else its file, else its caller, else what repositories are given. */
export function permissionsFor(job: Job, workflow: Workflow, ofCaller: Permissions | null): Permissions {
  return job.permissions ?? workflow.permissions ?? ofCaller ?? DEFAULT_PERMISSIONS;
}

/** Source: docs, "Setting the permissions of the GITHUB_TOKEN for your repository", the restricted default. */
const DEFAULT_PERMISSIONS: Permissions = { contents: 'read', packages: 'read' };
