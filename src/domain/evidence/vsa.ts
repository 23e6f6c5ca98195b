/**
 * The verification summary: one signed sentence by which an admission controller can trust this App without repeating its
 * work. Source: SLSA v1.2, "Verification Summary Attestation". A failed verdict has one too.
 */
import type { Assessment } from './assessment.ts';
import { SLSA_VERSION } from './describe-assessment.ts';

export const VSA_TYPE = 'https://slsa.dev/verification_summary/v1';

export interface VsaStatement {
  readonly _type: 'https://in-toto.io/Statement/v1';
  readonly subject: readonly { readonly name: string; readonly digest: { readonly sha256: string } }[];
  readonly predicateType: typeof VSA_TYPE;
  readonly predicate: {
    readonly verifier: { readonly id: string; readonly version: Readonly<Record<string, string>> };
    readonly timeVerified: string;
    readonly resourceUri: string;
    readonly policy: { readonly uri: string; readonly digest: { readonly sha256: string } };
    readonly inputAttestations: readonly { readonly digest: { readonly sha256: string } }[];
    readonly verificationResult: 'PASSED' | 'FAILED';
    readonly verifiedLevels: readonly string[];
    readonly slsaVersion: string;
  };
}

/** At most one level of a track, or `FAILED`. L0 is no level of the specification's list: it is a failed verification. */
export function vsaStatement(assessment: Assessment, timeVerified: string): VsaStatement {
  const { subject, verifier, trustMapDigest, inputs, result, level } = assessment;
  const isPassed = result === 'met' && level > 0;
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: subject.name, digest: { sha256: subject.digest.replace('sha256:', '') } }],
    predicateType: VSA_TYPE,
    predicate: {
      verifier: { id: verifier.id, version: { 'slsa-pipeline': verifier.version } },
      timeVerified,
      resourceUri: `oci://${subject.name}`,
      policy: { uri: `${verifier.id}/trust-policy`, digest: { sha256: trustMapDigest } },
      inputAttestations: inputs.map((sha256) => ({ digest: { sha256 } })),
      verificationResult: isPassed ? 'PASSED' : 'FAILED',
      verifiedLevels: isPassed ? [`SLSA_BUILD_LEVEL_${level}`] : ['FAILED'],
      slsaVersion: SLSA_VERSION,
    },
  };
}
