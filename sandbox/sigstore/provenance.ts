/** SLSA provenance as actions/attest writes it, from a job's claims. Source: actions/toolkit, `packages/attest/src/provenance.ts`. */
import { SERVER, signerUri, type JobClaims } from './claims.ts';

export interface ImageSubject {
  readonly name: string;
  readonly digest: string;
}

export const statementAbout = (
  { name, digest }: ImageSubject,
  claim: { readonly predicateType: string; readonly predicate: unknown },
): object => ({
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name, digest: { sha256: digest.replace('sha256:', '') } }],
  ...claim,
});

export const provenanceOf = (claims: JobClaims): { predicateType: string; predicate: object } => ({
  predicateType: 'https://slsa.dev/provenance/v1',
  predicate: {
    buildDefinition: {
      buildType: 'https://actions.github.io/buildtypes/workflow/v1',
      externalParameters: { workflow: workflowParameter(claims) },
      internalParameters: {
        github: {
          event_name: claims.event_name,
          repository_id: claims.repository_id,
          repository_owner_id: claims.repository_owner_id,
          runner_environment: claims.runner_environment,
        },
      },
      resolvedDependencies: [
        { uri: `git+${SERVER}/${claims.repository}@${claims.ref}`, digest: { gitCommit: claims.sha } },
      ],
    },
    runDetails: {
      builder: { id: signerUri(claims) },
      metadata: {
        invocationId: `${SERVER}/${claims.repository}/actions/runs/${claims.run_id}/attempts/${claims.run_attempt}`,
      },
    },
  },
});

function workflowParameter({ repository, workflow_ref: workflowRef }: JobClaims): object {
  const at = workflowRef.indexOf('@');
  return {
    ref: workflowRef.slice(at + 1),
    repository: `${SERVER}/${repository}`,
    path: workflowRef.slice(repository.length + 1, at),
  };
}
