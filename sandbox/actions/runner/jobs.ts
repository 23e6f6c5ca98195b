/** The jobs of a run: in the order of their needs, those of called workflows among them. */
import { callDeclaration, permissionsFor, type Loaded } from './called-workflows.ts';
import { holds, textsOf, type Scope } from './expressions.ts';
import { isMapping } from './github-parser.ts';
import { nameOf, pairsOf, type Job, type Permissions } from './workflow.ts';

export type Result = 'success' | 'failure' | 'cancelled' | 'skipped';

export interface JobEnd {
  readonly result: Result;
  readonly outputs: Readonly<Record<string, string>>;
}

/** One job as it is about to start. */
export interface StartingJob {
  readonly job: Job;
  readonly loaded: Loaded;
  /** As GitHub shows it: with the names of the jobs that called its file. */
  readonly prefix: string;
  readonly contexts: Readonly<Record<string, unknown>>;
  readonly permissions: Permissions;
  readonly secrets: Readonly<Record<string, string>>;
}

export interface JobsParts {
  /** `github` and what else is the same in every file. */
  readonly github: Readonly<Record<string, unknown>>;
  readonly vars: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  start(job: StartingJob): Promise<JobEnd>;
  /** A job that does not run is a record all the same. */
  skip(job: StartingJob, conclusion: Result): void;
}

interface FileCall {
  readonly loaded: Loaded;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, string>>;
  readonly prefix: string;
  readonly ofCaller: Permissions | null;
}

/** @returns how each job of the file ended, by its id */
export async function runJobs(call: FileCall, parts: JobsParts): Promise<ReadonlyMap<string, JobEnd>> {
  const ends = new Map<string, Promise<JobEnd>>();
  const start = (job: Job): Promise<JobEnd> => {
    const known = ends.get(job.id);
    if (known !== undefined) return known;
    const needed = job.needs.map((id) => {
      const other = call.loaded.workflow.jobs.find((each) => each.id === id);
      if (other === undefined) throw new Error(`Job '${job.id}' depends on unknown job '${id}'.`);
      return start(other).then((end) => [id, end] as const);
    });
    const running = Promise.all(needed).then((needs) => runOne(job, new Map(needs), call, parts));
    ends.set(job.id, running);
    return running;
  };
  for (const job of call.loaded.workflow.jobs) void start(job);
  return new Map(await Promise.all([...ends].map(async ([id, end]) => [id, await end] as const)));
}

async function runOne(
  job: Job,
  needs: ReadonlyMap<string, JobEnd>,
  { loaded, inputs, secrets, prefix, ofCaller }: FileCall,
  parts: JobsParts,
): Promise<JobEnd> {
  const contexts = { github: parts.github, inputs, needs: Object.fromEntries(needs), vars: parts.vars };
  const scope: Scope = { contexts, status: statusAfter([...needs.values()], parts.signal) };
  const permissions = permissionsFor(job, loaded.workflow, ofCaller);
  const starting = { job, loaded, prefix, contexts, permissions, secrets };
  if (!holds(job.condition, scope)) {
    const result = parts.signal.aborted ? 'cancelled' : 'skipped';
    parts.skip(starting, result);
    return { result, outputs: {} };
  }
  const called = loaded.called.get(job.id);
  if (called === undefined) return parts.start(starting);
  const ends = await runJobs(
    {
      loaded: called,
      inputs: inputsOf(called, textsOf(job.calls?.inputs, scope)),
      secrets: secretsOf(job, { ...scope, contexts: { ...contexts, secrets } }, secrets),
      prefix: `${prefix}${nameOf(job)} / `,
      ofCaller: permissions,
    },
    parts,
  );
  return { result: together([...ends.values()]), outputs: outputsOf(called, ends, parts.github) };
}

/** Source: docs, "Status check functions": a job whose needs did not all succeed is skipped, unless its condition says otherwise. */
function statusAfter(needs: readonly JobEnd[], signal: AbortSignal): Scope['status'] {
  if (signal.aborted) return 'cancelled';
  if (needs.some(({ result }) => result === 'failure')) return 'failure';
  return needs.every(({ result }) => result === 'success') ? 'success' : 'skipped';
}

export function together(ends: readonly JobEnd[]): Result {
  const results = new Set(ends.map(({ result }) => result));
  for (const result of ['failure', 'cancelled', 'success'] as const) if (results.has(result)) return result;
  return 'skipped';
}

function inputsOf({ workflow }: Loaded, given: Readonly<Record<string, string>>): Record<string, string> {
  const declared = callDeclaration(workflow)?.inputs ?? new Map<string, { fallback: string }>();
  return Object.fromEntries([...declared].map(([name, { fallback }]) => [name, given[name] ?? fallback]));
}

/** Only those that are handed over, and the token, which every job has of its own. */
function secretsOf(job: Job, scope: Scope, own: Readonly<Record<string, string>>): Record<string, string> {
  const { secrets } = job.calls ?? {};
  if (secrets !== undefined && !isMapping(secrets)) return { ...own };
  return textsOf(secrets, scope);
}

function outputsOf(
  { workflow }: Loaded,
  ends: ReadonlyMap<string, JobEnd>,
  github: Readonly<Record<string, unknown>>,
): Record<string, string> {
  const call = new Map(pairsOf(workflow.triggers)).get('workflow_call');
  const outputs = call !== undefined && isMapping(call) ? pairsOf(call.find('outputs')) : [];
  const scope: Scope = { contexts: { github, jobs: Object.fromEntries(ends) }, status: 'success' };
  return Object.fromEntries(outputs.map(([name, token]) => [name, textsOf(token, scope)['value'] ?? '']));
}
