/** Lets the evidence be assessed; what could not be looked at is said, and is neither a pass nor a lower level. */
import { ActivityFailure, isCancellation } from '@temporalio/workflow';
import type { ArtifactFile, EvidenceInput } from '../../activities/assess-evidence.ts';
import { problem } from '../../src/domain/problem.ts';
import type { StageOutcome } from '../../src/domain/stage/stage-outcome.ts';
import type { Stage } from '../../src/domain/stage/stage-table.ts';
import { again, patiently } from '../activity-calls.ts';
import type { Run } from '../run.ts';

/** After BUILD: does anybody vouch for this digest? A failure here stops the run before anything else is made from it. */
export async function assessBuild(run: Run): Promise<void> {
  await assess(run, (input) => ({ ...input, signature: null, attestation: null }));
}

/** Everything, once every stage has left what it leaves. Without signing stages, nothing was added since BUILD. */
export async function assessWhole(run: Run): Promise<void> {
  const hasMore = run.plan.stages.includes('sign') || run.plan.stages.includes('attest');
  if (hasMore || run.evidence === null) await assess(run, (input) => input);
}

async function assess(run: Run, narrow: (input: EvidenceInput) => EvidenceInput): Promise<void> {
  const input = inputOf(run);
  if (input === null) return;
  try {
    const { assessment, vsa } = await patiently(() => again.assessEvidence(narrow(input)));
    run.assessed({ kind: 'assessed', assessment, vsa: vsa === null ? null : JSON.stringify(vsa) });
  } catch (error) {
    if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
    const why = error.cause?.message ?? error.message;
    const message = `The evidence could not be looked at: ${why}`;
    run.assessed({
      kind: 'unknown',
      problem: problem('evidence_unavailable', 'nobody_here', message, 'Comment `/slsa rerun failed`.'),
    });
  }
}

/** Null where there is no image to ask about. */
function inputOf({ request, plan, outcomes }: Run): EvidenceInput | null {
  const { build, sign, attest, sbom } = outcomes;
  if (build?.kind !== 'finished' || build.result.kind !== 'built') return null;
  const { image, signing, builder, stageFiles } = plan;
  const scannedSha256 = sbom?.kind === 'finished' ? (sbom.result.canonicalSha256 ?? null) : null;
  const file = <S extends Stage>(stage: S, { run }: Finished<S>, sha256: string): ArtifactFile => ({
    run,
    stageFile: stageFiles[stage].file,
    sha256,
  });
  return {
    repository: request.repository,
    commit: request.sha,
    ref: request.ref,
    image: { name: image.name, digest: build.result.digest },
    signing,
    hasBuilder: builder !== null,
    build: file('build', build, build.result.provenanceSha256),
    signature: sign?.kind === 'finished' ? file('sign', sign, sign.result.bundleSha256) : null,
    attestation:
      attest?.kind === 'finished' ? { ...file('attest', attest, attest.result.bundleSha256), scannedSha256 } : null,
  };
}

type Finished<S extends Stage> = Extract<StageOutcome<S>, { kind: 'finished' }>;
