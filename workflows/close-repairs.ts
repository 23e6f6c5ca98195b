/** A branch that passes the linters by itself needs no repair any more: what is open for it is closed, with a word why. */
import { ActivityFailure, patched } from '@temporalio/workflow';
import { aside, patiently, whateverComes } from './activity-calls.ts';
import { PATCHES } from './patches.ts';
import type { Run } from './run.ts';

export async function closeRepairs(run: Run): Promise<void> {
  const { repository, ref, sha } = run.request;
  const { lint } = run.outcomes;
  const isClean = lint?.kind === 'finished' && lint.result.errors === 0;
  if (!isClean || !run.repairsHere || !patched(PATCHES.closesRepairs)) return;
  await whateverComes(() => patiently(() => aside.closeRepairs({ repository, ref, sha }))).catch(ignoreActivityFailure);
}

/** It is tried again by the next clean run. */
const ignoreActivityFailure = (error: unknown): void => {
  if (!(error instanceof ActivityFailure)) throw error;
};
