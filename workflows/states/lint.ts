/** LINT: MegaLinter at the commit. */
import { followStage } from '../follow-stage.ts';
import type { Run } from '../run.ts';

export async function lint(run: Run): Promise<void> {
  const expected = { digest: null, sbomSha256: null, imageName: run.plan.image.name };
  await followStage(run, 'lint', { inputs: {}, expected });
}
