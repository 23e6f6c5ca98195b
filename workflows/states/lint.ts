/**
 * LINT: MegaLinter at the commit. On a branch that is pushed to faster than it is linted, the build is dispatched in the
 * same step; its outcome still counts only once lint has let it through.
 */
import { CancellationScope, isCancellation } from '@temporalio/workflow';
import { judge } from '../../src/domain/run/verdict.ts';
import { followStage } from '../follow-stage.ts';
import type { Run } from '../run.ts';
import { together } from '../together.ts';
import { build } from './build.ts';

export async function lint(run: Run): Promise<void> {
  if (run.request.overlapsBuild) return lintBesideBuild(run);
  await followLint(run);
}

const followLint = (run: Run): ReturnType<typeof followStage<'lint'>> =>
  followStage(run, 'lint', {
    inputs: {},
    expected: { digest: null, sbomSha256: null, imageName: run.plan.image.name },
  });

async function lintBesideBuild(run: Run): Promise<void> {
  const scope = new CancellationScope();
  const building = scope.run(() => build(run)).catch(unlessCancelled);
  const linting = followLint(run).then((outcome) => {
    // What lint stops has nothing to build; where a repair is proposed after all, BUILD dispatches anew.
    if (judge('lint', outcome, run.plan.gates).kind === 'stop') scope.cancel();
  });
  await together([linting, building]);
}

/** Lint has ended the run, so the build was let go on purpose. */
const unlessCancelled = (error: unknown): void => {
  if (!isCancellation(error)) throw error;
};
