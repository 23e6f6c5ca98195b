/** Provenance that nobody signed: a claim. It is compared all the same, since one that speaks of another build is a fault. */
import { same, stated, firstFailing, type Check } from './checks.ts';
import { parameterCheck, subjectCheck, type ProvenanceExpectation } from './judge-provenance.ts';
import { PROVENANCE_TYPE, SlsaProvenance, WORKFLOW_BUILD_TYPE } from './slsa-provenance.ts';
import type { Statement } from './verified-bundle.ts';

export interface ClaimJudgement {
  readonly checks: readonly Check[];
  readonly refused: Check | null;
}

export function judgeClaim(statement: Statement, expected: ProvenanceExpectation): ClaimJudgement {
  const checks = [
    same('predicate_type', PROVENANCE_TYPE, statement.predicateType),
    subjectCheck({ statement }, expected.digest),
    ...claimChecks(statement, expected),
  ];
  return { checks, refused: firstFailing(checks) };
}

function claimChecks({ predicate }: Statement, expected: ProvenanceExpectation): Check[] {
  const parsed = SlsaProvenance.safeParse(predicate);
  if (!parsed.success) return [stated('build_type', false, WORKFLOW_BUILD_TYPE, '(no SLSA provenance v1)')];
  const { buildType, externalParameters, resolvedDependencies } = parsed.data.buildDefinition;
  const commits = (resolvedDependencies ?? []).flatMap(({ digest }) => digest?.['gitCommit'] ?? []);
  const { server, repository, workflowPath: path, ref, commit } = expected;
  const found = commits.slice(0, 3).join(', ') || '(none)';
  return [
    same('build_type', WORKFLOW_BUILD_TYPE, buildType),
    parameterCheck(externalParameters, { repository: `${server}/${repository.fullName}`, path, ref }),
    commit === null ? same('commit', null, found) : stated('commit', commits.includes(commit), commit, found),
  ];
}
