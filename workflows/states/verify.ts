/** VERIFY: the stage's own look at signature and attestation as a second opinion, and the assessment, which decides. */
import { followStage } from '../follow-stage.ts';
import type { Run } from '../run.ts';
import { assessWhole } from './evidence.ts';
import { builtImage } from './subject.ts';

export async function verify(run: Run): Promise<void> {
  if (run.plan.stages.includes('verify')) await secondOpinion(run);
  await assessWhole(run);
}

async function secondOpinion(run: Run): Promise<void> {
  const { image, digest, imageName } = builtImage(run);
  const { stageFiles } = run.plan;
  await followStage(run, 'verify', {
    inputs: {
      image,
      digest,
      signing: run.plan.signing,
      sign_file: stageFiles.sign.file,
      attest_file: stageFiles.attest.file,
    },
    expected: { digest, sbomSha256: null, imageName },
  });
}
