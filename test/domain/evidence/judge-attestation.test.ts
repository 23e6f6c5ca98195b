/** What stages 04 and 05 sign, and what nobody signs. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { JobClaims } from '../../../sandbox/sigstore/claims.ts';
import { provenanceOf, statementAbout } from '../../../sandbox/sigstore/provenance.ts';
import type { Sigstore } from '../../../sandbox/sigstore/sigstore.ts';
import type { TrustRoot } from '../../../src/adapters/sigstore/trust-root.ts';
import { readStatement } from '../../../src/adapters/sigstore/verify-bundle.ts';
import type { CheckId } from '../../../src/domain/evidence/checks.ts';
import { judgeAttestation, type AttestationExpectation } from '../../../src/domain/evidence/judge-attestation.ts';
import { judgeClaim } from '../../../src/domain/evidence/judge-claim.ts';
import type { Statement, VerifiedBundle } from '../../../src/domain/evidence/verified-bundle.ts';
import {
  bytesOf,
  EXPECTED,
  IMAGE,
  OTHER_COMMIT,
  OTHER_HEX,
  OWN_CLAIMS,
  PATH,
  REF,
  sandboxRoot,
  startSigstore,
  verifiedBytes,
  withValue,
} from '../../evidence-fixtures.ts';

let sigstore: Sigstore;
let roots: readonly TrustRoot[];
beforeAll(async () => {
  sigstore = await startSigstore();
  roots = [sandboxRoot('public_good', sigstore.publicGood), sandboxRoot('github', sigstore.github)];
});
afterAll(() => sigstore.stop());

const STAGES = [
  { file: '04-sign-image.yml', predicateType: 'https://sigstore.dev/cosign/sign/v1' },
  { file: '05-attest-sbom.yml', predicateType: 'https://spdx.dev/Document/v2.3' },
] as const;
type StageFile = (typeof STAGES)[number];

const expectationOf = ({ file, predicateType }: StageFile): AttestationExpectation => ({
  server: EXPECTED.server,
  issuer: EXPECTED.issuer,
  digest: IMAGE.digest,
  repository: { fullName: 'acme/app', id: '1296269', ownerId: '583231' },
  file,
  ref: REF,
  run: { id: 8_000_000_004, attempt: 1 },
  root: 'public_good',
  predicateType,
});

const claimsOf = ({ file }: StageFile): JobClaims => ({
  ...OWN_CLAIMS,
  workflow_ref: `acme/app/.github/workflows/${file}@${REF}`,
  job_workflow_ref: `acme/app/.github/workflows/${file}@${REF}`,
  run_id: '8000000004',
});

const bundleOf = async (
  stage: StageFile,
  {
    claims = {},
    statement = (good) => good,
  }: { claims?: Partial<JobClaims>; statement?: (good: object) => object } = {},
): Promise<VerifiedBundle> => {
  const good = statementAbout(IMAGE, { predicateType: stage.predicateType, predicate: {} });
  const signed = await sigstore.publicGood.sign(statement(good), { ...claimsOf(stage), ...claims });
  return verifiedBytes(bytesOf(signed), roots);
};

interface Attack {
  readonly what: string;
  readonly claims?: Partial<JobClaims>;
  readonly statement?: (good: object) => object;
  readonly refused: CheckId;
}

const ATTACKS: readonly Attack[] = [
  { what: 'another repository of the name', claims: { repository_id: '2' }, refused: 'repository_id' },
  { what: 'another owner of the name', claims: { repository_owner_id: '2' }, refused: 'owner_id' },
  { what: 'a repository of a near name', claims: { repository: 'acme/app-evil' }, refused: 'repository' },
  {
    what: 'another file of the repository',
    claims: { job_workflow_ref: `acme/app/.github/workflows/evil.yml@${REF}` },
    refused: 'signer',
  },
  {
    what: 'the same file of another repository',
    claims: { job_workflow_ref: `evil/app/.github/workflows/04-sign-image.yml@${REF}` },
    refused: 'signer',
  },
  {
    what: 'the same file at another branch',
    claims: { job_workflow_ref: 'acme/app/.github/workflows/04-sign-image.yml@refs/heads/main2' },
    refused: 'signer',
  },
  { what: 'another ref', claims: { ref: 'refs/heads/other' }, refused: 'ref' },
  { what: 'a self-hosted runner', claims: { runner_environment: 'self-hosted' }, refused: 'runner' },
  { what: 'another issuer', claims: { iss: 'https://evil.example' }, refused: 'issuer' },
  { what: 'a push', claims: { event_name: 'push' }, refused: 'trigger' },
  { what: 'another run', claims: { run_id: '8000000005' }, refused: 'run' },
  { what: 'another attempt', claims: { run_attempt: '2' }, refused: 'run' },
  {
    what: 'another image',
    statement: (good) => withValue(good, ['subject', 0, 'digest', 'sha256'], OTHER_HEX),
    refused: 'subject',
  },
  {
    what: 'another image too',
    statement: (good) => withValue(good, ['subject', 1], { name: 'other', digest: { sha256: OTHER_HEX } }),
    refused: 'subject',
  },
  {
    what: 'a statement of another kind',
    statement: (good) => withValue(good, ['predicateType'], 'https://slsa.dev/provenance/v1'),
    refused: 'predicate_type',
  },
];

describe.each(STAGES)('what $file signs', (stage) => {
  const expected = expectationOf(stage);

  it('holds: its own file, in its own run, about this image', async () => {
    const { checks, refused } = judgeAttestation(await bundleOf(stage), expected);
    expect(refused).toBeNull();
    expect(checks.map(({ state }) => state)).toEqual(checks.map(() => 'met'));
  });

  it('holds at a later commit, since these stages check nothing out', async () => {
    const later = { sha: OTHER_COMMIT, workflow_sha: OTHER_COMMIT, job_workflow_sha: OTHER_COMMIT };
    expect(judgeAttestation(await bundleOf(stage, { claims: later }), expected).refused).toBeNull();
  });

  it.each(ATTACKS)('is refused by "$refused" where it is of $what', async ({ claims, statement, refused }) => {
    const bundle = await bundleOf(stage, { ...(claims && { claims }), ...(statement && { statement }) });
    expect(judgeAttestation(bundle, expected).refused).toMatchObject({ id: refused });
  });

  it("is refused with GitHub's root where the public good is required, and the other way round", async () => {
    const good = statementAbout(IMAGE, { predicateType: stage.predicateType, predicate: {} });
    const ofGitHub = verifiedBytes(bytesOf(await sigstore.github.sign(good, claimsOf(stage))), roots);
    expect(judgeAttestation(ofGitHub, expected).refused).toMatchObject({ id: 'root' });
    expect(judgeAttestation(ofGitHub, { ...expected, root: 'github' }).refused).toBeNull();
    expect(judgeAttestation(await bundleOf(stage), { ...expected, root: 'github' }).refused).toMatchObject({
      id: 'root',
    });
  });

  it('is refused where a subject and its claims disagree about who signed', async () => {
    const evil = withValue(await bundleOf(stage), ['claims', 'buildSignerUri'], 'https://github.com/evil/x');
    expect(judgeAttestation(evil, expected).refused).toMatchObject({ id: 'signer' });
  });
});

describe('provenance that nobody signed', () => {
  const claim = (alter: (good: object) => object = (good) => good): Statement => {
    const statement = readStatement(bytesOf(alter(statementAbout(IMAGE, provenanceOf(OWN_CLAIMS)))));
    if (statement === null) throw new Error('it should be a statement');
    return statement;
  };
  const DEFINITION = ['predicate', 'buildDefinition'] as const;

  it('is taken for what it claims, where that is this build', () => {
    const { checks, refused } = judgeClaim(claim(), EXPECTED);
    expect(refused).toBeNull();
    expect(checks.map(({ id }) => id)).toEqual(['predicate_type', 'subject', 'build_type', 'parameters', 'commit']);
  });

  it.each<[string, CheckId, (good: object) => object]>([
    [
      'another commit',
      'commit',
      (good) => withValue(good, [...DEFINITION, 'resolvedDependencies', 0, 'digest', 'gitCommit'], OTHER_COMMIT),
    ],
    ['no commit', 'commit', (good) => withValue(good, [...DEFINITION, 'resolvedDependencies'], [])],
    ['another image', 'subject', (good) => withValue(good, ['subject', 0, 'digest', 'sha256'], OTHER_HEX)],
    [
      'another kind',
      'predicate_type',
      (good) => withValue(good, ['predicateType'], 'https://slsa.dev/provenance/v0.2'),
    ],
    [
      'another build type',
      'build_type',
      (good) => withValue(good, [...DEFINITION, 'buildType'], 'https://evil.example'),
    ],
    ['no build', 'build_type', (good) => withValue(good, ['predicate'], null)],
    [
      'another repository',
      'parameters',
      (good) =>
        withValue(
          good,
          [...DEFINITION, 'externalParameters', 'workflow', 'repository'],
          'https://github.com/acme/app-evil',
        ),
    ],
    [
      'one more parameter',
      'parameters',
      (good) => withValue(good, [...DEFINITION, 'externalParameters', 'inputs'], {}),
    ],
  ])('and that speaks of %s is refused by "%s"', (_, id, alter) => {
    expect(judgeClaim(claim(alter), EXPECTED).refused).toMatchObject({ id });
  });

  it('is compared with what was asked for, and with no more', () => {
    const asked = judgeClaim(claim(), { ...EXPECTED, commit: null, ref: null });
    expect(asked.refused).toBeNull();
    expect(asked.checks.find(({ id }) => id === 'commit')).toMatchObject({ state: 'not_assessed' });
    const elsewhere = claim((good) =>
      withValue(good, [...DEFINITION, 'externalParameters', 'workflow', 'path'], `${PATH}x`),
    );
    expect(judgeClaim(elsewhere, { ...EXPECTED, commit: null, ref: null }).refused).toMatchObject({ id: 'parameters' });
  });
});
