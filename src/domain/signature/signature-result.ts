/**
 * What stages 04, 05 and 06 left: bundles as claims. Here a bundle is only matched with the image it names; whether its
 * signature holds, and whose it is, is the assessment of evidence (docs/slsa.md), which believes none of these words.
 */
import { z } from 'zod';
import { Digest } from '../git.ts';
import { problem } from '../problem.ts';
import { readBundle } from './bundle-facts.ts';
import {
  contradiction,
  read,
  readJsonFile,
  readStageReport,
  unusable,
  wrongSubject,
  Sha256Hex,
  type Reading,
  type ReportFiles,
  type StageExpectation,
} from '../stage/stage-report.ts';

export const SIGNATURE_BUNDLE = 'signature.sigstore.json';
export const ATTESTATION_BUNDLE = 'attestation.sigstore.json';
export const COSIGN_VERIFY = 'cosign-verify.json';
export const ATTESTATION_VERIFY = 'attestation-verify.json';

export const CYCLONEDX_PREDICATE = 'https://cyclonedx.org/bom';
/** What cosign 3 writes for a plain signature: it says who signed this digest, and nothing else. */
export const SIGNATURE_PREDICATE = 'https://sigstore.dev/cosign/sign/v1';

export const SignResult = z.object({
  digest: Digest,
  /** Index in the transparency log; null where the certificate authority keeps none. */
  logIndex: z.string().nullable(),
  bundleSha256: Sha256Hex,
});
export type SignResult = z.infer<typeof SignResult>;

export const AttestResult = SignResult.extend({ sbomSha256: Sha256Hex });
export type AttestResult = z.infer<typeof AttestResult>;

export const VerifyResult = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('verified'),
    signatures: z.number().int().positive(),
    attestations: z.number().int().positive(),
  }),
  z.object({ kind: z.literal('rejected'), reason: z.string() }),
]);
export type VerifyResult = z.infer<typeof VerifyResult>;

export function readSign(files: ReportFiles, expected: StageExpectation, conclusion: string): Reading<SignResult> {
  const finished = requireFinished(files, expected, conclusion);
  if (finished.kind === 'unusable') return finished;
  return readBundleFor(files, expected, { file: SIGNATURE_BUNDLE, predicateType: SIGNATURE_PREDICATE });
}

export function readAttest(files: ReportFiles, expected: StageExpectation, conclusion: string): Reading<AttestResult> {
  const finished = requireFinished(files, expected, conclusion);
  if (finished.kind === 'unusable') return finished;
  const bundle = readBundleFor(files, expected, { file: ATTESTATION_BUNDLE, predicateType: CYCLONEDX_PREDICATE });
  if (bundle.kind === 'unusable') return bundle;
  return read({ ...bundle.result, sbomSha256: expected.sbomSha256 ?? '' });
}

function requireFinished(files: ReportFiles, expected: StageExpectation, conclusion: string): Reading<true> {
  const stageReport = readStageReport(files, expected);
  if (stageReport.kind === 'unusable') return stageReport;
  const { exitCode } = stageReport.result;
  if (exitCode === 0 && conclusion === 'success') return read(true);
  return unusable(
    contradiction(expected.stage, `the tool ended with exit code ${exitCode} and the stage run ${conclusion}`),
  );
}

interface WantedBundle {
  readonly file: string;
  readonly predicateType: string;
}

function readBundleFor(files: ReportFiles, expected: StageExpectation, wanted: WantedBundle): Reading<SignResult> {
  const stage = expected.stage === 'attest' ? 'attest' : 'sign';
  const facts = readBundle(files, stage, wanted.file);
  if (facts.kind === 'unusable') return facts;
  const { predicateType, subjects, logIndex } = facts.result;
  if (predicateType !== wanted.predicateType) return unusable(wrongSubject(stage, wanted.predicateType, predicateType));
  const { digest } = expected;
  if (digest === null || !subjects.some((subject) => `sha256:${subject}` === digest)) {
    return unusable(wrongSubject(stage, digest ?? 'an image', subjects.slice(0, 3).join(', ') || 'nothing'));
  }
  return read({ digest, logIndex, bundleSha256: files.get(wanted.file)?.sha256 ?? '' });
}

/** `cosign verify` prints a JSON array; an empty one is no signature at all. */
const CosignVerify = z.array(
  z.object({ critical: z.object({ image: z.object({ 'docker-manifest-digest': z.string() }) }) }),
);

/** The attestations that `cosign verify-attestation` let through, as our stage 06 lists them. */
const AttestationVerify = z.array(z.object({ predicateType: z.string(), subjects: z.array(z.string()).min(1) }));

export function readVerify(files: ReportFiles, expected: StageExpectation, conclusion: string): Reading<VerifyResult> {
  const stageReport = readStageReport(files, expected);
  if (stageReport.kind === 'unusable') return stageReport;
  const signatures = readJsonFile(files, 'verify', COSIGN_VERIFY, CosignVerify);
  if (signatures.kind === 'unusable') return signatures;
  const attestations = readJsonFile(files, 'verify', ATTESTATION_VERIFY, AttestationVerify);
  if (attestations.kind === 'unusable') return attestations;
  const signed = signatures.result.filter(
    ({ critical }) => critical.image['docker-manifest-digest'] === expected.digest,
  );
  const attested = attestations.result.filter(
    ({ predicateType, subjects }) =>
      predicateType === CYCLONEDX_PREDICATE && subjects.some((subject) => subject === expected.digest),
  );
  if (signed.length === 0) return read({ kind: 'rejected', reason: 'no signature of this image could be verified' });
  if (attested.length === 0)
    return read({ kind: 'rejected', reason: 'no SBOM attestation of this image could be verified' });
  if (stageReport.result.exitCode !== 0 || conclusion !== 'success') {
    return unusable(
      problem(
        'report_contradicts',
        'nobody_here',
        `Verify: both checks list results, yet the stage run ended ${conclusion}.`,
        'Open the stage run and look at its last lines, then comment `/slsa rerun failed`.',
      ),
    );
  }
  return read({ kind: 'verified', signatures: signed.length, attestations: attested.length });
}
