/** BUILD: the image of the commit, pushed under its tag, named from here on by its digest only. */
import { followStage } from '../follow-stage.ts';
import type { Run } from '../run.ts';

export async function build(run: Run): Promise<void> {
  const { image } = run.plan;
  run.hasDispatchedBuild = true;
  await followStage(run, 'build', {
    inputs: {
      image: image.name,
      tag: image.tag,
      dockerfile: image.dockerfile,
      context: image.context,
      target: image.target,
      platforms: image.platforms.join(','),
      build_args: Object.entries(image.buildArgs)
        .map(([name, value]) => `${name}=${value}`)
        .join('\n'),
    },
    expected: { digest: null, sbomSha256: null, imageName: image.name },
  });
}
