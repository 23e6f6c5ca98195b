/**
 * One verified bundle → what it is worth as provenance of one image. Every comparison is of whole strings and numeric ids,
 * against what the event, the run request and the trust map say; nothing expected comes from the bundle's own side.
 * Source: SLSA v1.2, "Verifying artifacts"; docs/slsa.md.
 */
import type { Digest } from '../git.ts';
import { firstFailing, oneOf, same, stated, type Check, type CheckId } from './checks.ts';
import { PROVENANCE_TYPE, SlsaProvenance, WORKFLOW_BUILD_TYPE, WorkflowParameter } from './slsa-provenance.ts';
import { lowerLevel, trustedLevel, trustedSigners, type Level, type TrustPolicy } from './trust-map.ts';
import type { RootName, VerifiedBundle } from './verified-bundle.ts';

/** Where null stands, it was not asked for: `slsa-pipeline verify` may know less than a run. */
export interface ProvenanceExpectation {
  /** `https://github.com`, as identities begin. */
  readonly server: string;
  readonly issuer: string;
  readonly digest: Digest;
  readonly repository: { readonly fullName: string; readonly id: string | null; readonly ownerId: string | null };
  readonly commit: string | null;
  readonly ref: string | null;
  /** The stage file that was dispatched: `.github/workflows/01-build-image.yml`. */
  readonly workflowPath: string;
  readonly run: { readonly id: number; readonly attempt: number } | null;
  readonly root: RootName | null;
}

/** Who signed, as far as the level is concerned. */
export type Standing = 'trusted_builder' | 'own_workflow' | 'unknown_signer';

export interface ProvenanceJudgement {
  readonly standing: Standing;
  /** What the signer vouches for, where nothing is refused. */
  readonly level: Level;
  readonly checks: readonly Check[];
  /** The first comparison that makes the bundle speak of something else than this image of this run. */
  readonly refused: Check | null;
}

/** A difference here lowers the level; any other difference refuses the bundle. */
export const ABOUT_THE_SIGNER: readonly CheckId[] = ['issuer', 'signer', 'signer_digest', 'runner'];

export function judgeProvenance(
  bundle: VerifiedBundle,
  expected: ProvenanceExpectation,
  policy: TrustPolicy,
): ProvenanceJudgement {
  const signer = judgeSigner(bundle, expected, policy);
  const checks = [
    same('predicate_type', PROVENANCE_TYPE, bundle.statement.predicateType),
    subjectCheck(bundle, expected.digest),
    same('root', expected.root, bundle.root),
    ...signer.checks,
    ...sourceChecks(bundle, expected),
    ...predicateChecks(bundle, expected),
  ];
  const refused = firstFailing(checks.filter(({ id }) => !ABOUT_THE_SIGNER.includes(id)));
  const isVouched = firstFailing(signer.checks) === null;
  return { standing: signer.standing, level: isVouched ? levelOf(bundle, signer) : 1, checks, refused };
}

/** All subjects, since one that is foreign would lend this image's provenance to another. */
export function subjectCheck({ statement }: Pick<VerifiedBundle, 'statement'>, digest: Digest): Check {
  const hex = digest.replace('sha256:', '');
  const foreign = statement.subjects.find((subject) => subject !== hex);
  const found = statement.subjects.length === 0 ? '(no subject)' : foreign === undefined ? hex : (foreign ?? '(none)');
  return stated('subject', statement.subjects.length > 0 && foreign === undefined, hex, found);
}

interface SignerJudgement {
  readonly standing: Standing;
  readonly level: Level;
  readonly checks: readonly Check[];
}

function judgeSigner(bundle: VerifiedBundle, expected: ProvenanceExpectation, policy: TrustPolicy): SignerJudgement {
  const { signer, claims, root } = bundle;
  const { server, repository, workflowPath } = expected;
  const ref = expected.ref ?? claims.sourceRepositoryRef;
  const own = `${server}/${repository.fullName}/${workflowPath}@${ref ?? ''}`;
  const trusted = trustedLevel(policy, server, { signer, root });
  const standing = standingOf(trusted, ref !== null && signer === own);
  const isOneName = claims.buildSignerUri === signer;
  const stoodAt = standing === 'trusted_builder' ? signer.slice(signer.lastIndexOf('@') + 1) : expected.commit;
  return {
    standing,
    level: trusted ?? (standing === 'own_workflow' ? 2 : 1),
    checks: [
      same('issuer', expected.issuer, claims.issuer),
      stated(
        'signer',
        isOneName && standing !== 'unknown_signer',
        [...trustedSigners(policy, server), own].join(' or '),
        isOneName ? signer : `${signer}, while its claims say ${claims.buildSignerUri ?? '(nothing)'}`,
      ),
      same('signer_digest', standing === 'unknown_signer' ? null : stoodAt, claims.buildSignerDigest),
      same('runner', 'github-hosted', claims.runnerEnvironment),
    ],
  };
}

function standingOf(trusted: Level | null, isOwn: boolean): Standing {
  if (trusted !== null) return 'trusted_builder';
  return isOwn ? 'own_workflow' : 'unknown_signer';
}

/** Old provenance of the platform names the runner for a builder: that is never more than L2. */
const levelOf = (bundle: VerifiedBundle, { level }: SignerJudgement): Level =>
  buildTypeOf(bundle) === OLD_BUILD_TYPE ? lowerLevel(level, 2) : level;

/** Events of which that build type may speak. Source: actions/buildtypes, `workflow/v1`. */
const ACCEPTED_TRIGGERS = ['workflow_dispatch', 'push', 'create', 'release'];

function sourceChecks({ claims }: VerifiedBundle, expected: ProvenanceExpectation): Check[] {
  const { server, repository, commit, ref, workflowPath, run } = expected;
  const address = `${server}/${repository.fullName}`;
  return [
    same('repository', address, claims.sourceRepositoryUri),
    same('repository_id', repository.id, claims.sourceRepositoryId),
    same('owner_id', repository.ownerId, claims.sourceOwnerId),
    same('commit', commit, claims.sourceRepositoryDigest),
    same('ref', ref, claims.sourceRepositoryRef),
    same('config', ref === null ? null : `${address}/${workflowPath}@${ref}`, claims.buildConfigUri),
    oneOf('trigger', run === null ? ACCEPTED_TRIGGERS : ['workflow_dispatch'], claims.buildTrigger),
    same(
      'run',
      run === null ? null : `${address}/actions/runs/${run.id}/attempts/${run.attempt}`,
      claims.runInvocationUri,
    ),
  ];
}

const OLD_BUILD_TYPE = 'https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1';
const OLD_BUILDER_ID = 'https://github.com/actions/runner/github-hosted';

const buildTypeOf = ({ statement }: Pick<VerifiedBundle, 'statement'>): string | null =>
  SlsaProvenance.safeParse(statement.predicate).data?.buildDefinition.buildType ?? null;

function predicateChecks(bundle: VerifiedBundle, expected: ProvenanceExpectation): Check[] {
  const parsed = SlsaProvenance.safeParse(bundle.statement.predicate);
  if (!parsed.success) return [stated('build_type', false, WORKFLOW_BUILD_TYPE, '(no SLSA provenance v1)')];
  const { claims, signer } = bundle;
  const { buildDefinition, runDetails } = parsed.data;
  const isOld = buildDefinition.buildType === OLD_BUILD_TYPE;
  return [
    oneOf('build_type', [WORKFLOW_BUILD_TYPE, OLD_BUILD_TYPE], buildDefinition.buildType),
    same('builder_id', isOld ? OLD_BUILDER_ID : signer, runDetails.builder.id),
    parameterCheck(buildDefinition.externalParameters, {
      repository: `${expected.server}/${expected.repository.fullName}`,
      path: expected.workflowPath,
      ref: expected.ref ?? claims.sourceRepositoryRef ?? '',
    }),
    sourceCheck(buildDefinition.resolvedDependencies ?? [], claims.sourceRepositoryDigest),
    same('invocation', claims.runInvocationUri, runDetails.metadata?.invocationId ?? null),
  ];
}

/** External parameters have to be complete at L3, and each is compared: one that is not known may have shaped the build. */
export function parameterCheck(
  found: Readonly<Record<string, unknown>>,
  expected: { readonly repository: string; readonly path: string; readonly ref: string | null },
): Check {
  const wanted = `workflow ${expected.path} of ${expected.repository} at ${expected.ref ?? 'any ref'}, and no other`;
  const others = Object.keys(found).filter((key) => key !== 'workflow');
  const workflow = WorkflowParameter.safeParse(found['workflow']);
  if (others.length > 0) return stated('parameters', false, wanted, `also ${others.slice(0, 3).join(', ')}`);
  if (!workflow.success) return stated('parameters', false, wanted, 'a workflow of another shape');
  const { repository, path, ref } = workflow.data;
  const isAtRef = expected.ref === null || ref === expected.ref;
  const isSame = repository === expected.repository && path === expected.path && isAtRef;
  return stated('parameters', isSame, wanted, `workflow ${path} of ${repository} at ${ref}`);
}

interface Material {
  readonly uri?: string | null | undefined;
  readonly digest?: Readonly<Record<string, string>> | null | undefined;
}

/** The commit must be among the materials; the uri beside it is the tenant's spelling of the ref. */
function sourceCheck(materials: readonly Material[], commit: string | null): Check {
  const commits = materials.flatMap(({ digest }) => digest?.['gitCommit'] ?? []);
  return stated(
    'source',
    commit !== null && commits.includes(commit),
    commit ?? '',
    commits.slice(0, 3).join(', ') || '(none)',
  );
}
