/** What a person asked for, in a comment or by a press: who may, of which commit, effect, answer. */
import { ActivityFailure, log, patched, workflowInfo } from '@temporalio/workflow';
import { shortSha } from '../src/domain/git.ts';
import type { Command } from '../src/domain/command/command-grammar.ts';
import {
  approvedReply,
  fixReply,
  helpReply,
  NO_FIX_FOR_FORKS,
  NO_PULL_REQUEST,
  NO_RUN,
  NOTHING_TO_APPROVE,
  otherCommitReply,
  refusedApprovalReply,
  refusedReply,
  unknownReply,
  whatIsKept,
} from '../src/domain/command/replies.ts';
import { codeSpan } from '../src/domain/report/plain-text.ts';
import type { RefIntent } from '../src/domain/run/coordination.ts';
import type { CommandRequest } from '../src/domain/run/messages.ts';
import type { ReplyPlace, Trigger } from '../src/domain/run/trigger.ts';
import type { PullRequestHead, ReactionInput } from '../activities/answer-command.ts';
import type { ProposalInput, Proposed } from '../activities/propose-settings.ts';
import type { ExplainInput } from '../activities/tell-run.ts';
import { again, patiently } from './activity-calls.ts';
import { PATCHES } from './patches.ts';

type Subject<K extends CommandRequest['subject']['kind']> = Extract<CommandRequest['subject'], { kind: K }>;
type Of<K extends Command['kind']> = Extract<Command, { kind: K }>;

export async function command(request: CommandRequest): Promise<void> {
  const { subject } = request;
  switch (subject.kind) {
    case 'comment':
      return answerComment(request, subject);
    case 'press':
      return answerPress(request, subject);
    case 'button':
      return answerButton(request, subject);
  }
}

async function answerComment(request: CommandRequest, subject: Subject<'comment'>): Promise<void> {
  const { repository } = request;
  const { commentId } = subject;
  await react({ repository, commentId, content: 'eyes' });
  const answers: Answered[] = [];
  for (const each of subject.commands) answers.push(await carryOut({ request, subject }, each));
  const text = answers.map((answered) => answered.text).join('\n\n');
  const content = answers.every(({ isDone }) => isDone) ? '+1' : 'confused';
  await react({ repository, commentId, content });
  await patiently(() => again.replyToComment({ repository, ...placeOf(subject), text }));
}

/** One reply a comment, found again by its marker. */
const placeOf = ({ commentId, pullRequest }: Subject<'comment'>): ReplyPlace => ({
  issueNumber: pullRequest,
  marker: `reply:${commentId}`,
  since: workflowInfo().startTime.toISOString(),
});

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
const done = (text: string): Answered => ({ isDone: true, text });
const notDone = (text: string): Answered => ({ isDone: false, text });

interface Asked {
  readonly request: CommandRequest;
  readonly subject: Subject<'comment'>;
}

async function carryOut(asked: Asked, wanted: Command): Promise<Answered> {
  switch (wanted.kind) {
    case 'unknown':
      return notDone(unknownReply(wanted.text));
    case 'help':
      return done(helpReply(await patiently(() => again.accessOf(asked.request))));
    case 'status':
      return tell(asked, { kind: 'status' });
    case 'explain':
      return tell(asked, wanted.about);
    case 'rerun':
      return rerun(asked, wanted);
    case 'fix':
      return fix(asked);
    case 'cancel':
      return cancel(asked);
    case 'accept':
      return accept(asked, wanted);
    case 'approve':
      return approve(asked, wanted);
  }
}

const readHead = ({ request, subject }: Asked): Promise<PullRequestHead | null> =>
  patiently(() => again.readPullRequest({ repository: request.repository, number: subject.pullRequest }));

async function rerun(asked: Asked, { mode }: Of<'rerun'>): Promise<Answered> {
  if (!(await patiently(() => again.mayWrite(asked.request)))) return notDone(refusedReply('rerun'));
  const head = await readHead(asked);
  if (head === null) return notDone(NO_PULL_REQUEST);
  const actor = asked.request.user.login;
  const wanted: Trigger = { kind: 'rerun', actor, mode, reply: placeOf(asked.subject) };
  await again.handToCoordinator(intentFor(asked, head, wanted));
  return done(
    `Running ${codeSpan(shortSha(head.sha))} again${whatIsKept(mode)} The check \`SLSA pipeline\` shows how it goes.`,
  );
}

async function fix(asked: Asked): Promise<Answered> {
  if (!(await patiently(() => again.mayWrite(asked.request)))) return notDone(refusedReply('fix'));
  const head = await readHead(asked);
  if (head === null) return notDone(NO_PULL_REQUEST);
  if (head.fork) return notDone(NO_FIX_FOR_FORKS);
  const wanted: Trigger = { kind: 'fix', actor: asked.request.user.login, reply: placeOf(asked.subject) };
  await again.handToCoordinator(intentFor(asked, head, wanted));
  return done(fixReply(head.sha));
}

/** The newest run of the pull request's commit. */
async function latestRun({ request: { repository } }: Asked, { ref }: PullRequestHead): Promise<string | null> {
  const look = await patiently(() => again.resolveRef({ repository, ref }));
  return look?.past.toSorted((a, b) => b.attempt - a.attempt)[0]?.workflowId ?? null;
}

async function cancel(asked: Asked): Promise<Answered> {
  if (!(await patiently(() => again.mayWrite(asked.request)))) return notDone(refusedReply('cancel'));
  const head = await readHead(asked);
  if (head === null) return notDone(NO_PULL_REQUEST);
  const workflowId = await latestRun(asked, head);
  const isTold = workflowId !== null && (await again.cancelRun({ workflowId, by: asked.request.user.login }));
  if (!isTold) return notDone(`No run of ${codeSpan(shortSha(head.sha))} is under way.`);
  return done(`The run of ${codeSpan(shortSha(head.sha))} is being cancelled, with what it started in Actions.`);
}

/** Everybody who can comment can read, so nobody is asked. */
async function tell(asked: Asked, about: ExplainInput['about']): Promise<Answered> {
  const head = await readHead(asked);
  if (head === null) return notDone(NO_PULL_REQUEST);
  const workflowId = await latestRun(asked, head);
  const text = workflowId === null ? null : await again.explainRun({ workflowId, about });
  return text === null ? notDone(NO_RUN) : done(text);
}

async function accept(asked: Asked, { exception }: Of<'accept'>): Promise<Answered> {
  const { repository, user } = asked.request;
  if ((await patiently(() => again.accessOf(asked.request))) !== 'maintain') return notDone(refusedReply('accept'));
  const head = await readHead(asked);
  if (head === null) return notDone(NO_PULL_REQUEST);
  const base = head.baseRef;
  const proposed = await propose({ repository, base, by: user.login, edit: { kind: 'accept', exception } });
  if (proposed.kind === 'refused') return notDone(`I cannot: ${proposed.why}.`);
  return done(
    `#${proposed.pull.number} accepts ${codeSpan(exception.id)} on ${codeSpan(base)} until ${exception.until}, once it is merged. Then ${codeSpan('/slsa rerun scan')} looks again.`,
  );
}

/**
 * A comment carries no commit, so the person names the one that was read: it must be the head before the effect and after
 * it, and the coordinator starts nothing for a commit that is not the tip any more. Times of commits are their author's to
 * write, and are never looked at.
 */
async function approve(asked: Asked, wanted: Of<'approve'>): Promise<Answered> {
  const { repository } = asked.request;
  if (!(await patiently(() => again.mayWrite(asked.request)))) return notDone(refusedReply('approve'));
  const head = await readHead(asked);
  if (head === null) return notDone(NO_PULL_REQUEST);
  if (!head.sha.startsWith(wanted.sha)) return notDone(otherCommitReply(wanted.sha, head.sha));
  if (!head.fork && head.bot === undefined) return notDone(NOTHING_TO_APPROVE);
  const { sha, baseRef } = head;
  const of = { repository, commit: sha, pullRequest: head.number, baseRef };
  const released = await patiently(() => again.releaseForkCheck(of));
  if (released.kind === 'refused') return notDone(refusedApprovalReply(released.problem));
  const now = await readHead(asked);
  if (now?.sha !== head.sha) return notDone(now === null ? NO_PULL_REQUEST : otherCommitReply(wanted.sha, now.sha));
  const approval: Trigger = { kind: 'approval', actor: asked.request.user.login, sha, baseRef };
  await again.handToCoordinator(intentFor(asked, head, approval));
  return done(approvedReply(sha, released.kind === 'released'));
}

const propose = (input: ProposalInput): Promise<Proposed> => patiently(() => again.proposeSettings(input));

function intentFor({ request }: Asked, head: PullRequestHead, wanted: Trigger): RefIntent {
  const { number, ref, baseRef, baseSha, draft, fork, bot, sha } = head;
  const actor = request.user.login;
  const pull = { kind: 'pull_request', actor, number, baseRef, baseSha, draft, fork } as const;
  return {
    ...intentParts(request),
    ref,
    sha,
    triggers: [bot === undefined ? pull : { ...pull, bot }, wanted],
  };
}

const intentParts = ({
  repository,
  delivery,
  timing,
}: CommandRequest): Pick<RefIntent, 'repository' | 'delivery' | 'timing'> => ({ repository, delivery, timing });

async function answerPress(request: CommandRequest, { ref, sha, mode, check, fix }: Subject<'press'>): Promise<void> {
  if (!(await patiently(() => again.mayWrite(request)))) return;
  const { repository, user } = request;
  if (check !== undefined && patched(PATCHES.tellsOfMovedRef)) {
    const look = await patiently(() => again.resolveRef({ repository, ref }));
    if (look?.tip !== sha) {
      const text = `A re-run is for the newest commit of its branch, which is ${look === null ? 'gone' : codeSpan(look.tip)}: press Re-run there.`;
      const { id: checkRunId, workflowId } = check;
      await patiently(() => again.noteOnCheck({ repository, checkRunId, workflowId, note: { kind: 'text', text } }));
      return;
    }
  }
  const actor = user.login;
  const trigger: Trigger = fix === true ? { kind: 'fix', actor } : { kind: 'rerun', actor, mode };
  await again.handToCoordinator({ ...intentParts(request), ref, sha, triggers: [trigger] });
}

async function answerButton(request: CommandRequest, { name, check }: Subject<'button'>): Promise<void> {
  const { repository, user } = request;
  const { id: checkRunId, workflowId } = check;
  const say = (note: { kind: 'explain' } | { kind: 'text'; text: string }): Promise<null> =>
    patiently(() => again.noteOnCheck({ repository, checkRunId, workflowId, note }));
  if (name === 'explain') {
    await say({ kind: 'explain' });
    return;
  }
  if (!(await patiently(() => again.mayWrite(request)))) return;
  const base = repository.defaultBranch;
  const proposed = await propose({ repository, base, by: user.login, edit: { kind: 'set_up' } });
  const text =
    proposed.kind === 'proposed'
      ? `#${proposed.pull.number} adds the settings; it names the one command that adds the stage workflows.`
      : `I cannot: ${proposed.why}.`;
  await say({ kind: 'text', text });
}
