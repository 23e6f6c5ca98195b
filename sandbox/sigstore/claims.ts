/** What GitHub's OIDC token says of a job: the certificate's claims come from these, and the provenance does too. */
import type { JobPlace } from '../actions/runner/job-facts.ts';

export const ISSUER = 'https://token.actions.githubusercontent.com';
/** As certificates name the server, wherever the stand-in listens. */
export const SERVER = 'https://github.com';

/** Source: GitHub docs, "OpenID Connect reference". Every value is text. */
export interface JobClaims {
  readonly iss: string;
  readonly event_name: string;
  readonly sha: string;
  readonly ref: string;
  readonly repository: string;
  readonly repository_id: string;
  readonly repository_owner: string;
  readonly repository_owner_id: string;
  readonly repository_visibility: string;
  /** The file that was dispatched. */
  readonly workflow: string;
  readonly workflow_ref: string;
  readonly workflow_sha: string;
  /** The file that the job stands in: another one where a reusable workflow was called. */
  readonly job_workflow_ref: string;
  readonly job_workflow_sha: string;
  readonly runner_environment: string;
  readonly run_id: string;
  readonly run_attempt: string;
}

export function claimsOf({ repository, run, file, runner }: JobPlace): JobClaims {
  const name = `${repository.owner.login}/${repository.name}`;
  const { ref, sha } = run.checkedOut;
  return {
    iss: ISSUER,
    event_name: run.event,
    sha,
    ref,
    repository: name,
    repository_id: String(repository.id),
    repository_owner: repository.owner.login,
    repository_owner_id: String(repository.owner.id),
    repository_visibility: repository.visibility,
    workflow: run.workflow.name,
    workflow_ref: `${name}/.github/workflows/${run.file}@${ref}`,
    workflow_sha: sha,
    job_workflow_ref: file.ref,
    job_workflow_sha: file.sha,
    runner_environment: runner.environment,
    run_id: String(run.id),
    run_attempt: String(run.attempt),
  };
}

/** The certificate's subject: who signs. */
export const signerUri = (claims: Pick<JobClaims, 'job_workflow_ref'>): string =>
  `${SERVER}/${claims.job_workflow_ref}`;
