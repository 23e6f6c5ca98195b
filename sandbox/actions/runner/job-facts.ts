/** What a job knows of itself: the repository, the run, the file that it stands in, what its token may, and its machine. */
import type { ActionsRunRecord, RunnerRecord } from '../../github/actions-records.ts';
import type { RepositoryRecord } from '../../github/world.ts';
import { SERVER } from '../../sigstore/claims.ts';
import type { Permissions } from './workflow.ts';

/** Identifies a job: its repository, run, workflow file and runner. */
export interface JobPlace {
  readonly repository: RepositoryRecord;
  readonly run: ActionsRunRecord;
  /** The file that it is written in, `owner/name/path@ref`, and its commit: another than the run's where it was called. */
  readonly file: { readonly ref: string; readonly sha: string };
  readonly runner: Pick<RunnerRecord, 'environment'>;
}

export interface JobFacts extends JobPlace {
  /** Its key in the file, `build`. */
  readonly id: string;
  /** As GitHub shows it, `builder / build`. */
  readonly name: string;
  readonly permissions: Permissions;
  readonly token: string;
  readonly runner: RunnerRecord;
}

/** Whether its token may do that. Source: docs, "Permissions for the GITHUB_TOKEN". */
export function may({ permissions }: Pick<JobFacts, 'permissions'>, scope: string, access: 'read' | 'write'): boolean {
  const granted = permissions[scope] ?? 'none';
  return granted === 'write' || granted === access;
}

/** The `github` context. Source: docs, "Contexts reference". */
export function githubContext(facts: JobFacts, apiUrl: string): Record<string, unknown> {
  const { repository, run, token } = facts;
  const fullName = `${repository.owner.login}/${repository.name}`;
  const { ref, sha } = run.checkedOut;
  const isTag = ref.startsWith('refs/tags/');
  return {
    token,
    job: facts.id,
    ref,
    ref_name: ref.replace(/^refs\/(heads\/|tags\/)?/, ''),
    ref_type: isTag ? 'tag' : 'branch',
    sha,
    repository: fullName,
    repository_id: String(repository.id),
    repository_owner: repository.owner.login,
    repository_owner_id: String(repository.owner.id),
    repository_visibility: repository.visibility,
    run_id: String(run.id),
    run_number: String(run.number),
    run_attempt: String(run.attempt),
    actor: run.actor.login,
    actor_id: String(run.actor.id),
    triggering_actor: run.actor.login,
    workflow: run.workflow.name,
    workflow_ref: `${fullName}/.github/workflows/${run.file}@${ref}`,
    workflow_sha: sha,
    head_ref: run.event === 'pull_request' ? run.ref.replace('refs/heads/', '') : '',
    base_ref: run.baseRef ?? '',
    event_name: run.event,
    event: run.payload,
    server_url: SERVER,
    api_url: apiUrl,
    graphql_url: `${apiUrl}/graphql`,
    retention_days: '90',
    action: '__run',
  };
}

/** Variables that every process of a job gets; nothing can override them. Source: docs, "Variables reference". */
export function runtimeVariables(context: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(context)
      .filter(([name, value]) => name !== 'token' && typeof value === 'string')
      .map(([name, value]) => [`GITHUB_${name.toUpperCase()}`, value as string]),
  );
}
