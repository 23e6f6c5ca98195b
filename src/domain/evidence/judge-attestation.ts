/** What stages 04 and 05 signed: by which of this repository's own files, in which run, about which image. */
import type { Digest } from '../git.ts';
import { firstFailing, same, type Check } from './checks.ts';
import { subjectCheck } from './judge-provenance.ts';
import type { RootName, VerifiedBundle } from './verified-bundle.ts';

export interface AttestationExpectation {
  readonly server: string;
  readonly issuer: string;
  readonly digest: Digest;
  readonly repository: { readonly fullName: string; readonly id: string; readonly ownerId: string };
  /** The stage's file in `.github/workflows/`, and the ref that it was dispatched at. */
  readonly file: string;
  readonly ref: string;
  readonly run: { readonly id: number; readonly attempt: number };
  readonly root: RootName;
  readonly predicateType: string;
}

export interface AttestationJudgement {
  readonly checks: readonly Check[];
  readonly refused: Check | null;
}

/** The commit is not compared: these stages check nothing out, and may run at a later tip of a busy branch. */
export function judgeAttestation(bundle: VerifiedBundle, expected: AttestationExpectation): AttestationJudgement {
  const { server, repository, file, ref, run } = expected;
  const { claims } = bundle;
  const address = `${server}/${repository.fullName}`;
  const identity = `${address}/.github/workflows/${file}@${ref}`;
  const checks = [
    same('predicate_type', expected.predicateType, bundle.statement.predicateType),
    subjectCheck(bundle, expected.digest),
    same('root', expected.root, bundle.root),
    same('issuer', expected.issuer, claims.issuer),
    same('signer', identity, bundle.signer),
    same('signer', identity, claims.buildSignerUri),
    same('runner', 'github-hosted', claims.runnerEnvironment),
    same('repository', address, claims.sourceRepositoryUri),
    same('repository_id', repository.id, claims.sourceRepositoryId),
    same('owner_id', repository.ownerId, claims.sourceOwnerId),
    same('ref', ref, claims.sourceRepositoryRef),
    same('trigger', 'workflow_dispatch', claims.buildTrigger),
    same('run', `${address}/actions/runs/${run.id}/attempts/${run.attempt}`, claims.runInvocationUri),
  ];
  return { checks, refused: firstFailing(checks) };
}
