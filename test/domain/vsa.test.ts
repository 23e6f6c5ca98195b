/** The verification summary as SLSA v1.2 asks for it: what an admission controller reads instead of our word. */
import { describe, expect, it } from '@jest/globals';
import { assess, type Evidence } from '../../src/domain/evidence/assessment.ts';
import { vsaStatement, type VsaStatement } from '../../src/domain/evidence/vsa.ts';
import type { Assessment } from '../../src/domain/evidence/assessment.ts';
import type { Statement } from '../../src/domain/evidence/verified-bundle.ts';
import { assessmentOf } from '../assessment-fixture.ts';
import { EXPECTED, IMAGE, POLICY } from '../evidence-fixtures.ts';

const AT = '2026-11-23T14:02:00.000Z';
const HEX = '9c'.repeat(32);
const predicateOf = (more: Partial<Assessment>): VsaStatement['predicate'] =>
  vsaStatement(assessmentOf(more), AT).predicate;

describe('a verification summary', () => {
  it('has every field that SLSA v1.2 requires, and says what was verified by whom against what', () => {
    const assessment = assessmentOf({
      inputs: ['1'.repeat(64), '2'.repeat(64)],
      verifier: { id: 'https://slsa.example.org/verifier/v1', version: '0.1.0' },
      trustMapDigest: 'd'.repeat(64),
    });
    expect(vsaStatement(assessment, AT)).toEqual({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: 'ghcr.io/acme/app', digest: { sha256: HEX } }],
      predicateType: 'https://slsa.dev/verification_summary/v1',
      predicate: {
        verifier: { id: 'https://slsa.example.org/verifier/v1', version: { 'slsa-pipeline': '0.1.0' } },
        timeVerified: AT,
        resourceUri: 'oci://ghcr.io/acme/app',
        policy: { uri: 'https://slsa.example.org/verifier/v1/trust-policy', digest: { sha256: 'd'.repeat(64) } },
        inputAttestations: [{ digest: { sha256: '1'.repeat(64) } }, { digest: { sha256: '2'.repeat(64) } }],
        verificationResult: 'PASSED',
        verifiedLevels: ['SLSA_BUILD_LEVEL_3'],
        slsaVersion: '1.2',
      },
    });
  });

  it.each([1, 2, 3] as const)('of Build L%d names that level, and no other', (level) => {
    expect(predicateOf({ level, expectedLevel: 1 })).toMatchObject({
      verificationResult: 'PASSED',
      verifiedLevels: [`SLSA_BUILD_LEVEL_${level}`],
    });
  });

  it.each<[string, Partial<Assessment>]>([
    ['whose evidence is refused', { result: 'failed', level: 0 }],
    ['that is worth less than was expected', { result: 'lower', level: 2, expectedLevel: 3 }],
    ['without provenance', { result: 'lower', level: 0, standing: 'none' }],
    // No level of SLSA is lower than L1 in `verifiedLevels`: nothing was verified.
    ['at L0, were that ever enough', { result: 'met', level: 0, standing: 'none' }],
  ])('of an image %s is there all the same, and says FAILED', (_, more) => {
    expect(predicateOf(more)).toMatchObject({ verificationResult: 'FAILED', verifiedLevels: ['FAILED'] });
  });
});

describe('the attestations that it rests on', () => {
  const claim: Statement = { predicateType: 'https://slsa.dev/provenance/v1', subjects: [], predicate: {} };
  const rejected = (bundleSha256: string) => ({
    kind: 'rejected' as const,
    rejection: { code: 'bad_signature' as const, reason: 'no', bundleSha256 },
  });
  const attestation = { ...EXPECTED, root: 'public_good', file: '04-sign-image.yml', ref: 'refs/heads/main' };
  const evidence = (more: Partial<Evidence>): Evidence => ({
    subject: IMAGE,
    expected: EXPECTED,
    expectedLevel: 3,
    trust: { policy: POLICY, digest: '0'.repeat(64) },
    build: { kind: 'none' },
    conclusion: 'success',
    machines: null,
    found: [],
    looked: { attestations: 'read', registry: 'read' },
    signature: null,
    sbom: null,
    verifier: { id: 'urn:test', version: '0' },
    roots: [],
    ...more,
  });
  const inputsOf = (more: Partial<Evidence>): readonly string[] =>
    vsaStatement(assess(evidence(more)), AT).predicate.inputAttestations.map(({ digest }) => digest.sha256);

  // "If non-empty, this field MUST contain information on all the attestations used": SLSA v1.2, inputAttestations.
  it('are all of them, and none of those that were set aside', () => {
    const expected = {
      ...attestation,
      predicateType: 'x',
      repository: { fullName: 'acme/app', id: '1', ownerId: '2' },
      run: { id: 1, attempt: 1 },
    };
    expect(
      inputsOf({
        build: { kind: 'bundle', verification: rejected('a') },
        signature: { verification: rejected('b'), expected },
        sbom: { verification: rejected('c'), expected, attestedSha256: null, scannedSha256: null },
        found: [{ place: 'registry', verification: rejected('d') }],
      }),
    ).toEqual(['a', 'b', 'c']);
  });

  it('are the claim alone, where nobody signed', () => {
    expect(inputsOf({ build: { kind: 'unsigned', statement: claim, sha256: 'e' } })).toEqual(['e']);
  });

  it('are none, where there are none', () => {
    expect(inputsOf({})).toEqual([]);
    expect(inputsOf({ build: { kind: 'unsigned', statement: null, sha256: 'e' } })).toEqual([]);
  });
});
