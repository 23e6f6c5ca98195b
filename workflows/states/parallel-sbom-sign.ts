/**
 * PARALLEL_SBOM_SIGN: two branches at once. Inventory, then scan of that very inventory; and the signature, which says
 * who built the image and not that it is clean.
 */
import { followStage } from '../follow-stage.ts';
import type { Run } from '../run.ts';
import { together } from '../together.ts';
import { builtImage, sbomInputs } from './subject.ts';

export async function parallelSbomSign(run: Run): Promise<void> {
  await together([sbomThenScan(run), sign(run)]);
}

async function sbomThenScan(run: Run): Promise<void> {
  const { image, digest, imageName } = builtImage(run);
  const expected = { digest, sbomSha256: null, imageName };
  const sbom = await followStage(run, 'sbom', { inputs: { image, digest }, expected });
  if (sbom.kind !== 'finished') return;
  const subject = sbomInputs(run);
  await followStage(run, 'scan', {
    inputs: { digest, ...subject },
    expected: { digest, sbomSha256: subject.sbom_sha256, imageName, exceptions: run.plan.exceptions ?? [] },
  });
}

async function sign(run: Run): Promise<void> {
  if (!run.plan.stages.includes('sign')) return;
  const { image, digest, imageName } = builtImage(run);
  await followStage(run, 'sign', {
    inputs: { image, digest, signing: run.plan.signing },
    expected: { digest, sbomSha256: null, imageName },
  });
}
