/** Where something needs a person, the pull request says so in a comment of its own, which is kept up to date. */
import { ActivityFailure, patched } from '@temporalio/workflow';
import { stickyComment } from '../src/domain/report/sticky-comment.ts';
import { aside, patiently, whateverComes } from './activity-calls.ts';
import { PATCHES } from './patches.ts';
import type { Run } from './run.ts';

export async function tellPullRequests(run: Run): Promise<void> {
  const { repository, triggers } = run.request;
  const pulls = triggers.filter((trigger) => trigger.kind === 'pull_request');
  // A fork's pull request gets no token but those that read and that report (threat T1): its check says it all.
  if (pulls.length === 0 || pulls.some(({ fork }) => fork) || run.hasForkCheck) return;
  const comment = stickyComment(run.document());
  if (comment === null || !patched(PATCHES.tellsPullRequests)) return;
  for (const { number } of pulls) {
    const input = { repository, issueNumber: number, ...comment };
    await whateverComes(() => patiently(() => aside.keepStickyComment(input))).catch(ignoreActivityFailure);
  }
}

/** A comment that cannot be written changes nothing of the run. */
const ignoreActivityFailure = (error: unknown): void => {
  if (!(error instanceof ActivityFailure)) throw error;
};
