/** BUILD: the image of the commit, pushed under its tag, named from here on by its digest only. */
import { assessBuild } from './evidence.ts';
import { followStage } from '../follow-stage.ts';
import type { Run } from '../run.ts';

export async function build(run: Run): Promise<void> {
  const { image, builder, imageFlags, signing } = run.plan;
  run.hasDispatchedBuild = true;
  await followStage(run, 'build', {
    // What shapes an isolated build is the commit alone; the builder reads the settings there by itself.
    inputs: builder === null ? { flags: JSON.stringify(imageFlags) } : {},
    expected: { digest: null, sbomSha256: null, imageName: image.name, build: { tag: image.tag, signing } },
  });
  await assessBuild(run);
}
