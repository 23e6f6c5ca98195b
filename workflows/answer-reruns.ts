/** The last word of a run to those who asked for it in a comment. */
import { ActivityFailure } from '@temporalio/workflow';
import { shortSha } from '../src/domain/git.ts';
import { describeRepair } from '../src/domain/repair/repair-outcome.ts';
import { codeSpan, inertMarkdown, markedCode } from '../src/domain/report/plain-text.ts';
import { aside, patiently, whateverComes } from './activity-calls.ts';
import type { Run } from './run.ts';

/** Whoever asked for this run in a comment reads there how it ended. */
export async function answerReruns({ request, verdict: ended, known: { repair } }: Run): Promise<void> {
  const { repository, sha, triggers } = request;
  const repaired = repair === null ? '' : ` ${markedCode(describeRepair(repair))}`;
  const text = `${codeSpan(shortSha(sha))} was run again: **${inertMarkdown(ended?.title ?? 'no verdict')}**.${repaired}`;
  for (const trigger of triggers) {
    const reply = trigger.kind === 'rerun' || trigger.kind === 'fix' ? trigger.reply : undefined;
    if (reply === undefined) continue;
    await whateverComes(() =>
      patiently(() => aside.replyToComment({ repository, ...reply, text, isLast: true })),
    ).catch(ignoreActivityFailure);
  }
}

/** A comment that cannot be edited changes nothing of the run. */
const ignoreActivityFailure = (error: unknown): void => {
  if (!(error instanceof ActivityFailure)) throw error;
};
