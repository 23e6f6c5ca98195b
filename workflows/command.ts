/** What a person asked for, in a comment or by a press of Re-run: who may, of which commit, effect, answer. */
import { ActivityFailure, log } from '@temporalio/workflow';
import { shortSha } from '../src/domain/git.ts';
import { nearestCommand } from '../src/domain/command/command-grammar.ts';
import { codeSpan } from '../src/domain/report/plain-text.ts';
import type { RefIntent } from '../src/domain/run/coordination.ts';
import type { CommandRequest, RerunCommand } from '../src/domain/run/messages.ts';
import type { RerunMode, Trigger } from '../src/domain/run/trigger.ts';
import { STAGE_TABLE, STAGES } from '../src/domain/stage/stage-table.ts';
import type { PullRequestHead, ReactionInput } from '../activities/answer-command.ts';
import { again, patiently } from './activity-calls.ts';

type CommentSubject = Extract<CommandRequest['subject'], { kind: 'comment' }>;

export async function command(request: CommandRequest): Promise<void> {
  const { subject } = request;
  if (subject.kind === 'comment') return answerComment(request, subject);
  if (!(await patiently(() => again.mayWrite(request)))) return;
  const { repository, user, delivery, timing } = request;
  const rerun: Trigger = { kind: 'rerun', actor: user.login, mode: subject.mode };
  await again.handToCoordinator({
    repository,
    ref: subject.ref,
    sha: subject.sha,
    triggers: [rerun],
    delivery,
    timing,
  });
}

async function answerComment(request: CommandRequest, subject: CommentSubject): Promise<void> {
  const { repository } = request;
  const { commentId } = subject;
  await react({ repository, commentId, content: 'eyes' });
  const answers: Answered[] = [];
  for (const each of subject.commands) answers.push(await carryOut(request, subject, each));
  const text = answers.map((answered) => answered.text).join('\n\n');
  const content = answers.every(({ isDone }) => isDone) ? '+1' : 'confused';
  await react({ repository, commentId, content });
  const marker = `reply:${commentId}`;
  await patiently(() => again.replyToComment({ repository, issueNumber: subject.pullRequest, marker, text }));
}

/** A courtesy: a comment that was deleted, or a grant that is missing, must not keep the command from being carried out. */
async function react(reaction: ReactionInput): Promise<void> {
  try {
    await patiently(() => again.reactToComment(reaction));
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    log.warn('A reaction could not be left', { reason: error.cause?.message ?? error.message });
  }
}

interface Answered {
  readonly isDone: boolean;
  readonly text: string;
}

async function carryOut(request: CommandRequest, subject: CommentSubject, asked: RerunCommand): Promise<Answered> {
  if (asked.kind === 'unknown') return { isDone: false, text: unknownCommand(asked.text) };
  if (!(await patiently(() => again.mayWrite(request)))) {
    return { isDone: false, text: 'Re-running needs write access to this repository, which you do not have.' };
  }
  const head = await patiently(() =>
    again.readPullRequest({ repository: request.repository, number: subject.pullRequest }),
  );
  if (head === null) return { isDone: false, text: 'This is not an open pull request, so there is no commit to run.' };
  await again.handToCoordinator(rerunIntent(request, head, asked.mode));
  return {
    isDone: true,
    text: `Running ${codeSpan(shortSha(head.sha))} again${whatIsKept(asked.mode)} The check \`SLSA pipeline\` shows how it goes.`,
  };
}

const whatIsKept = (mode: RerunMode): string => {
  if (mode === 'all') return ', from the beginning.';
  if (mode === 'failed') return '. What still holds of the last attempt is kept.';
  return ` from ${STAGE_TABLE[mode].title}: what was not made from it is kept.`;
};

function unknownCommand(text: string): string {
  const nearest = nearestCommand(text);
  const hint = nearest === null ? '' : ` Did you mean \`/slsa ${nearest}\`?`;
  return `I don't know ${codeSpan(text)}.${hint} I know: \`/slsa rerun\` (from the first failed stage), \`/slsa rerun all\`, and \`/slsa rerun\` with a stage: ${STAGES.join(', ')}.`;
}

function rerunIntent(
  { repository, user, delivery, timing }: CommandRequest,
  head: PullRequestHead,
  mode: RerunMode,
): RefIntent {
  const { number, ref, baseRef, baseSha, draft, fork, sha } = head;
  const actor = user.login;
  return {
    repository,
    ref,
    sha,
    triggers: [
      { kind: 'pull_request', actor, number, baseRef, baseSha, draft, fork },
      { kind: 'rerun', actor, mode },
    ],
    delivery,
    timing,
  };
}
