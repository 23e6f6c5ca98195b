/** ATTEST: a signed statement that this image has this SBOM. */
import { followStage } from '../follow-stage.ts';
import type { Run } from '../run.ts';
import { builtImage, sbomInputs } from './subject.ts';

export async function attest(run: Run): Promise<void> {
  const { image, digest, imageName } = builtImage(run);
  const subject = sbomInputs(run);
  await followStage(run, 'attest', {
    inputs: { image, digest, signing: run.plan.signing, ...subject },
    expected: { digest, sbomSha256: subject.sbom_sha256, imageName },
  });
}
