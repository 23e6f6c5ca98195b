/** The document: what holds, at which level, what failed, and what is missing for the next level. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { JobClaims } from '../../../sandbox/sigstore/claims.ts';
import { provenanceOf, statementAbout } from '../../../sandbox/sigstore/provenance.ts';
import type { Sigstore, SigstoreInstance } from '../../../sandbox/sigstore/sigstore.ts';
import type { TrustRoot } from '../../../src/adapters/sigstore/trust-root.ts';
import { readStatement, verifyBundle } from '../../../src/adapters/sigstore/verify-bundle.ts';
import {
  assess,
  expectedLevelOf,
  type Assessment,
  type Evidence,
  type FoundBundle,
  type SbomEvidence,
  type StageEvidence,
} from '../../../src/domain/evidence/assessment.ts';
import { nextLevelLine } from '../../../src/domain/evidence/describe-assessment.ts';
import { nextOf } from '../../../src/domain/evidence/checks.ts';
import { defaultPolicy, TrustPolicy, type TrustMap } from '../../../src/domain/evidence/trust-map.ts';
import type { BundleVerification } from '../../../src/domain/evidence/verified-bundle.ts';
import {
  BUILDER_CLAIMS,
  BUILDER_COMMIT,
  BUILDER_FILE,
  bytesOf,
  EXPECTED,
  IMAGE,
  OTHER_COMMIT,
  OTHER_HEX,
  OWN_CLAIMS,
  POLICY,
  REF,
  sandboxRoot,
  startSigstore,
  withValue,
} from '../../evidence-fixtures.ts';

let sigstore: Sigstore;
let roots: readonly TrustRoot[];
let byBuilder: BundleVerification;
let byOwnWorkflow: BundleVerification;
let ofStranger: BundleVerification;
let signature: StageEvidence;
let sbom: SbomEvidence;

const sign = async (claims: JobClaims, statement?: object, at?: SigstoreInstance): Promise<BundleVerification> => {
  const good = statement ?? statementAbout(IMAGE, provenanceOf(claims));
  return verifyBundle(bytesOf(await (at ?? sigstore.publicGood).sign(good, claims)), roots);
};

const SBOM_TYPE = 'https://spdx.dev/Document/v2.3';
const SIGN_TYPE = 'https://sigstore.dev/cosign/sign/v1';

async function stageEvidence(file: string, predicateType: string): Promise<StageEvidence> {
  const identity = `acme/app/.github/workflows/${file}@${REF}`;
  const claims = { ...OWN_CLAIMS, workflow_ref: identity, job_workflow_ref: identity };
  return {
    verification: await sign(claims, statementAbout(IMAGE, { predicateType, predicate: {} })),
    expected: {
      server: EXPECTED.server,
      issuer: EXPECTED.issuer,
      digest: IMAGE.digest,
      repository: { fullName: 'acme/app', id: '1296269', ownerId: '583231' },
      file,
      ref: REF,
      run: { id: Number(OWN_CLAIMS.run_id), attempt: 1 },
      root: 'public_good',
      predicateType,
    },
  };
}

beforeAll(async () => {
  sigstore = await startSigstore();
  roots = [sandboxRoot('public_good', sigstore.publicGood), sandboxRoot('github', sigstore.github)];
  byBuilder = await sign(BUILDER_CLAIMS);
  byOwnWorkflow = await sign(OWN_CLAIMS);
  ofStranger = await sign({ ...BUILDER_CLAIMS, job_workflow_ref: `evil/evil/.github/workflows/x.yml@${OTHER_COMMIT}` });
  signature = await stageEvidence('04-sign-image.yml', SIGN_TYPE);
  const attested = await stageEvidence('05-attest-sbom.yml', SBOM_TYPE);
  sbom = { ...attested, attestedSha256: 'a'.repeat(64), scannedSha256: 'a'.repeat(64) };
});
afterAll(() => sigstore.stop());

const trustOf = (policy: TrustPolicy): TrustMap => ({ policy, digest: 'd'.repeat(64) });

const evidence = (changes: Partial<Evidence> = {}): Evidence => ({
  subject: IMAGE,
  expected: EXPECTED,
  expectedLevel: 3,
  trust: trustOf(POLICY),
  build: { kind: 'bundle', verification: byBuilder },
  conclusion: 'success',
  machines: null,
  found: [{ place: 'attestations', verification: byBuilder }],
  looked: { attestations: 'read', registry: 'not_available' },
  signature,
  sbom,
  verifier: { id: 'https://app.example/verifier/v1', version: '1.0.0' },
  roots: roots.map(({ facts }) => facts),
  ...changes,
});

const assessed = (changes: Partial<Evidence> = {}): Assessment => assess(evidence(changes));
const bundleOf = (verification: BundleVerification): Evidence['build'] => ({ kind: 'bundle', verification });
const unsigned = (statement: object | null): Evidence['build'] => ({
  kind: 'unsigned',
  statement: statement === null ? null : readStatement(bytesOf(statement)),
  sha256: 'e'.repeat(64),
});

const states = ({ requirements }: Assessment): string[] =>
  requirements.map(({ title, level, state }) => `${title} (${level === null ? 'beside' : `L${level}`}): ${state}`);

describe('what is assessed', () => {
  it('is met at L3, with every requirement, where the isolated builder signed and all else holds', () => {
    const assessment = assessed();
    expect(assessment).toMatchObject({
      schemaVersion: 1,
      result: 'met',
      level: 3,
      standing: 'trusted_builder',
      failing: null,
      setAside: { count: 0, examples: [] },
      trustMapDigest: 'd'.repeat(64),
      verifier: { version: '1.0.0' },
    });
    expect(states(assessment)).toEqual([
      'Provenance exists (L1): met',
      'Provenance is distributed (L1): met',
      'Provenance is authentic (L2): met',
      'The build is hosted (L2): met',
      'Provenance is unforgeable (L3): met',
      'The build is isolated (L3): met',
      'The image is signed (beside): met',
      'The scanned SBOM is attested (beside): met',
    ]);
    expect(nextLevelLine(assessment)).toBe('');
  });

  it('names where each thing can be looked up: bundle, certificate, log and time', () => {
    expect(assessed().provenance).toEqual({
      bundleSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      signatureSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      certificateSerial: expect.stringMatching(/^[0-9a-f]+$/),
      logIndex: expect.stringMatching(/^\d+$/),
      signedAt: expect.stringMatching(/^20\d\d-.*Z$/),
      signer: `https://github.com/${BUILDER_CLAIMS.job_workflow_ref}`,
      root: 'public_good',
    });
    expect(assessed().roots.map(({ name }) => name)).toEqual(['public_good', 'github']);
  });

  it.each<[string, () => Partial<Evidence>, Partial<Assessment>, string[]]>([
    [
      "the repository's own workflow, where the builder's L3 is expected: lower",
      () => ({ build: bundleOf(byOwnWorkflow), found: [{ place: 'attestations', verification: byOwnWorkflow }] }),
      { result: 'lower', level: 2, standing: 'own_workflow' },
      ['met', 'met', 'met', 'met', 'not_met', 'not_met'],
    ],
    [
      'the own workflow, where nothing more is expected: met',
      () => ({ build: bundleOf(byOwnWorkflow), expectedLevel: 2, found: [] }),
      { result: 'met', level: 2 },
      ['met', 'not_met', 'met', 'met', 'not_met', 'not_met'],
    ],
    [
      'a signer that nobody here trusts: L1',
      () => ({ build: bundleOf(ofStranger), found: [] }),
      { result: 'lower', level: 1, standing: 'unknown_signer' },
      ['met', 'not_met', 'not_met', 'met', 'not_met', 'not_met'],
    ],
    [
      'unsigned, where nothing is signed: L1 and met',
      () => ({
        build: unsigned(statementAbout(IMAGE, provenanceOf(OWN_CLAIMS))),
        expectedLevel: 1,
        found: [],
        signature: null,
        sbom: null,
      }),
      { result: 'met', level: 1, standing: 'unsigned', provenance: null },
      ['met', 'not_assessed', 'not_met', 'not_met', 'not_met', 'not_met'],
    ],
    [
      'no bundle at all: L0',
      () => ({ build: { kind: 'none' }, found: [], signature: null, sbom: null }),
      { result: 'lower', level: 0, standing: 'none', provenance: null },
      ['not_met', 'not_assessed', 'not_met', 'not_met', 'not_met', 'not_met'],
    ],
    [
      'an artifact that cannot be read as a statement: L0',
      () => ({ build: unsigned(null), expectedLevel: 1, found: [], signature: null, sbom: null }),
      { result: 'lower', level: 0, standing: 'none' },
      ['not_met', 'not_assessed', 'not_met', 'not_met', 'not_met', 'not_met'],
    ],
  ])('%s', (_, changes, outcome, rows) => {
    const assessment = assessed(changes());
    expect(assessment).toMatchObject({ failing: null, ...outcome });
    expect(assessment.requirements.slice(0, 6).map(({ state }) => state)).toEqual(rows);
  });

  it('says nothing of places that could not be read, and blocks nothing for it', () => {
    const assessment = assessed({ found: [], looked: { attestations: 'not_available', registry: 'not_asked' } });
    expect(assessment).toMatchObject({ result: 'met', level: 3 });
    expect(assessment.requirements[1]).toMatchObject({
      state: 'not_assessed',
      reason: expect.stringContaining('nowhere'),
    });
  });
});

describe('a failure', () => {
  const tampered = (): BundleVerification => verifyBundle(Buffer.from('no bundle'), roots);

  it.each<[string, () => Promise<Partial<Evidence>> | Partial<Evidence>, string, string]>([
    ['a signature that does not hold', () => ({ build: bundleOf(tampered()) }), 'provenance', 'signature'],
    [
      'another commit',
      async () => ({ build: bundleOf(await sign({ ...BUILDER_CLAIMS, sha: OTHER_COMMIT })) }),
      'provenance',
      'commit',
    ],
    [
      'another repository',
      async () => ({ build: bundleOf(await sign({ ...BUILDER_CLAIMS, repository_id: '7' })) }),
      'provenance',
      'repository_id',
    ],
    [
      'another run',
      async () => ({ build: bundleOf(await sign({ ...BUILDER_CLAIMS, run_id: '7' })) }),
      'provenance',
      'run',
    ],
    [
      'an unsigned claim of another commit',
      () => ({ build: unsigned(statementAbout(IMAGE, provenanceOf({ ...OWN_CLAIMS, sha: OTHER_COMMIT }))) }),
      'provenance',
      'commit',
    ],
    ['a run that failed', () => ({ conclusion: 'failure' }), 'build run', 'conclusion'],
    ['a run that was cancelled', () => ({ conclusion: 'cancelled' }), 'build run', 'conclusion'],
    ['a run without a conclusion', () => ({ conclusion: '' }), 'build run', 'conclusion'],
    [
      'a signature of stage 04 that does not hold',
      () => ({ signature: { ...signature, verification: tampered() } }),
      'signature',
      'signature',
    ],
    [
      'a signature of another file',
      () => ({ signature: { ...signature, expected: { ...signature.expected, file: '07.yml' } } }),
      'signature',
      'signer',
    ],
    [
      'an SBOM attestation that does not hold',
      () => ({ sbom: { ...sbom, verification: tampered() } }),
      'SBOM attestation',
      'signature',
    ],
    [
      'an SBOM that is not the one that was scanned',
      () => ({ sbom: { ...sbom, scannedSha256: 'b'.repeat(64) } }),
      'SBOM attestation',
      'sbom',
    ],
    ['an SBOM whose scan has no hash', () => ({ sbom: { ...sbom, scannedSha256: null } }), 'SBOM attestation', 'sbom'],
    [
      'neither SBOM having a hash',
      () => ({ sbom: { ...sbom, attestedSha256: null, scannedSha256: null } }),
      'SBOM attestation',
      'sbom',
    ],
  ])('is %s: no level is left, and what failed is named', async (_, changes, about, id) => {
    const assessment = assessed(await changes());
    expect(assessment).toMatchObject({ result: 'failed', level: 0, failing: { about, id, state: 'not_met' } });
    expect(nextLevelLine(assessment)).toBe(nextOf(assessment.failing!));
  });

  it('of the build comes before one of the stages after it', () => {
    const assessment = assessed({
      build: bundleOf(tampered()),
      conclusion: 'failure',
      sbom: { ...sbom, scannedSha256: null },
    });
    expect(assessment.failing).toMatchObject({ about: 'provenance' });
    expect(assessment.requirements.at(-1)).toMatchObject({ title: 'The scanned SBOM is attested', state: 'not_met' });
  });

  it('leaves no row above L1 that a reader could take for met', async () => {
    const assessment = assessed({ build: bundleOf(await sign({ ...BUILDER_CLAIMS, sha: OTHER_COMMIT })) });
    const met = assessment.requirements.filter(({ level, state }) => level !== null && level > 1 && state === 'met');
    expect(met).toEqual([]);
  });

  it('is not an unknown conclusion: where no run is known, nothing is said of it', () => {
    expect(assessed({ conclusion: null })).toMatchObject({ result: 'met', level: 3 });
  });
});

describe('the rows and the level', () => {
  it.each<[string, Partial<JobClaims>, TrustPolicy]>([
    ['a builder that is not in the map', {}, defaultPolicy(null)],
    ['a self-hosted runner', { runner_environment: 'self-hosted' }, POLICY],
    ['another issuer', { iss: 'https://evil.example' }, POLICY],
    ['a builder at another commit than it says', { job_workflow_sha: OTHER_COMMIT }, POLICY],
    [
      'a builder that the map holds for L2',
      {},
      TrustPolicy.parse({ builders: [{ workflow: BUILDER_FILE, commits: [BUILDER_COMMIT], level: 2 }] }),
    ],
  ])(
    'never contradict each other: with %s, a row of the next level is open, and says why',
    async (_, claims, policy) => {
      const { level, requirements } = assessed({
        build: bundleOf(await sign({ ...BUILDER_CLAIMS, ...claims })),
        trust: trustOf(policy),
      });
      expect(level).toBeLessThan(3);
      const next = requirements.filter((row) => row.level === level + 1);
      expect(next.filter(({ state }) => state === 'met')).not.toHaveLength(next.length);
      for (const { reason } of requirements) expect(reason).not.toBe('');
    },
  );

  it('do not blame the trust map for a runner', async () => {
    const build = bundleOf(await sign({ ...BUILDER_CLAIMS, runner_environment: 'self-hosted' }));
    const { requirements } = assessed({ build });
    for (const { reason } of requirements) expect(reason).not.toContain('the trust map holds this builder');
  });
});

describe('other bundles of the same image', () => {
  const found = async (claims: Partial<JobClaims>, statement?: object): Promise<FoundBundle> => ({
    place: 'attestations',
    verification: await sign({ ...BUILDER_CLAIMS, ...claims }, statement),
  });

  it('are verified, counted and set aside, and change neither the level nor the result', async () => {
    const others = [
      await found({ run_id: '1' }),
      await found({ repository_id: '2' }),
      await found(
        {},
        withValue(statementAbout(IMAGE, provenanceOf(BUILDER_CLAIMS)), ['subject', 0, 'digest', 'sha256'], OTHER_HEX),
      ),
      await found({}, statementAbout(IMAGE, { predicateType: 'https://example.com/other', predicate: {} })),
      await found({}),
      { place: 'registry', verification: verifyBundle(Buffer.from('{}'), roots) } as const,
    ];
    const assessment = assessed({ found: [{ place: 'attestations', verification: byBuilder }, ...others] });
    expect(assessment).toMatchObject({ result: 'met', level: 3, failing: null, setAside: { count: 6 } });
    expect(assessment.setAside.examples).toHaveLength(5);
    expect(assessment.setAside.examples).toContain(
      'attestations: a statement of another kind (https://example.com/other)',
    );
    expect(assessment.setAside.examples).toContain('attestations: provenance of another signature of the same build');
  });

  it('never lift the level of the bundle that this build names', () => {
    const assessment = assessed({
      build: bundleOf(ofStranger),
      found: [byBuilder, byOwnWorkflow].map((verification) => ({ place: 'registry', verification })),
    });
    expect(assessment).toMatchObject({ result: 'lower', level: 1, setAside: { count: 2 } });
    expect(
      assessed({ build: { kind: 'none' }, found: [{ place: 'registry', verification: byBuilder }] }),
    ).toMatchObject({
      level: 0,
      provenance: null,
    });
  });

  it('are not counted where they are the very ones of this run, wherever they are kept and however often', () => {
    const own = [byBuilder, byBuilder, signature.verification, sbom.verification];
    const places = own.flatMap((verification) =>
      (['attestations', 'registry'] as const).map((place) => ({ place, verification })),
    );
    expect(assessed({ found: places })).toMatchObject({ setAside: { count: 0 } });
    expect(assessed({ found: places }).requirements[1]).toMatchObject({ reason: 'kept by GitHub and the registry' });
  });

  it('of another signature do not count as its distribution', async () => {
    const assessment = assessed({ found: [await found({})] });
    expect(assessment.requirements[1]).toMatchObject({ state: 'not_met' });
  });
});

describe('the level that is expected', () => {
  const minimum = (level: 1 | 2 | 3): TrustMap =>
    trustOf(TrustPolicy.parse({ minimum: [{ repositories: 'acme/*', level }] }));

  it.each([
    ['public_log', true, null, 3],
    ['github', true, null, 3],
    ['public_log', false, null, 2],
    ['github', false, null, 2],
    ['none', true, null, 1],
    ['none', false, null, 1],
    ['none', false, 3, 3],
    ['public_log', false, 3, 3],
    ['public_log', true, 1, 3],
  ] as const)('with signing %s, a builder %s and a minimum of %s is L%i', (signing, hasBuilder, least, level) => {
    const trust = least === null ? trustOf(POLICY) : minimum(least);
    expect(expectedLevelOf({ signing, hasBuilder }, trust, 'acme/app')).toBe(level);
  });

  it('follows the minimum of the repository itself, and of no other', () => {
    expect(expectedLevelOf({ signing: 'none', hasBuilder: false }, minimum(3), 'other/app')).toBe(1);
  });

  it('decides between met and lower, and nothing else', () => {
    const results = ([1, 2, 3] as const).map((expectedLevel) =>
      assessed({ build: bundleOf(byOwnWorkflow), expectedLevel }),
    );
    expect(results.map(({ result, level }) => [result, level])).toEqual([
      ['met', 2],
      ['met', 2],
      ['lower', 2],
    ]);
  });
});
