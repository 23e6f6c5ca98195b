/** Webhook → intent: pure. Everything that is not understood is ignored with a reason, and never an error. */
import type { EmitterWebhookEventName } from '@octokit/webhooks';
import type { z } from 'zod';
import { parseCommands } from '../domain/command/command-grammar.ts';
import { skipMarkerIn } from '../domain/command/skip-marker.ts';
import { FORK_CHECK_FILE, parseForkRunTitle, type ForkRun } from '../domain/fork/fork-check.ts';
import { branchRef, GitRef, isTag, shortRef } from '../domain/git.ts';
import { isTryRef } from '../domain/repair/fix-branches.ts';
import { commandId, welcomeId, parseRunId, parseStageRunTitle, type RunKey } from '../domain/run/workflow-ids.ts';
import type { CommandRequest, PressedCheck } from '../domain/run/messages.ts';
import type { Timing } from '../domain/run/timing.ts';
import type { Trigger } from '../domain/run/trigger.ts';
import { ignored, type Intent } from './intent.ts';
import {
  CheckRun,
  CheckSuite,
  IssueComment,
  MergeGroup,
  PullRequest,
  Push,
  repositoryOf,
  WorkflowRun,
  Installation,
} from './payloads.ts';

export interface Delivery {
  /** `X-GitHub-Event`. */
  readonly event: string;
  /** `X-GitHub-Delivery`. */
  readonly id: string;
  readonly payload: unknown;
}

export interface IntakeContext {
  readonly appId: number;
  readonly timing: Timing;
}

type Handler = (delivery: Delivery, context: IntakeContext) => Intent;

/** One row an event; a new event is one row and one handler. */
const HANDLERS: Readonly<Partial<Record<EmitterWebhookEventName, Handler>>> = {
  push: reading(Push, onPush),
  pull_request: reading(PullRequest, onPullRequest),
  merge_group: reading(MergeGroup, onMergeGroup),
  workflow_run: reading(WorkflowRun, onWorkflowRun),
  check_run: reading(CheckRun, onCheckRun),
  check_suite: reading(CheckSuite, onCheckSuite),
  issue_comment: reading(IssueComment, onIssueComment),
  installation: reading(Installation, onInstallation('created')),
  installation_repositories: reading(Installation, onInstallation('added')),
};

export function eventToIntent(delivery: Delivery, context: IntakeContext): Intent {
  const handler = Object.entries(HANDLERS).find(([event]) => event === delivery.event)?.[1];
  return handler === undefined ? ignored(`no use for ${delivery.event} events`) : handler(delivery, context);
}

interface Read<T> extends IntakeContext {
  readonly payload: T;
  readonly delivery: string;
}

function reading<S extends z.ZodType>(schema: S, handle: (read: Read<z.output<S>>) => Intent): Handler {
  return ({ payload, id, event }, context) => {
    const parsed = schema.safeParse(payload);
    if (parsed.success) return handle({ ...context, payload: parsed.data, delivery: id.slice(0, 100) });
    return ignored(`this ${event} event has no usable ${parsed.error.issues[0]?.path.join('.') ?? 'payload'}`);
  };
}

function onPush({ payload, delivery, timing }: Read<z.infer<typeof Push>>): Intent {
  const ref = GitRef.safeParse(payload.ref);
  if (!ref.success) return ignored(`${payload.ref.slice(0, 100)} is no branch or tag`);
  // A queue's branch is pushed by GitHub itself, for a merge that may never be.
  if (payload.ref.startsWith('refs/heads/gh-readonly-queue/')) return ignored('a merge queue branch');
  // Ours, for a minute: linted, and then gone.
  if (isTryRef(payload.ref)) return ignored('a throw-away branch of a repair');
  const repository = repositoryOf(payload);
  const base = { repository, ref: ref.data, delivery, timing };
  if (payload.deleted === true) return { kind: 'ref', intent: { ...base, sha: payload.before, triggers: [] } };
  const sha = payload.head_commit?.id ?? payload.after;
  return { kind: 'ref', intent: { ...base, sha, triggers: [pushTrigger(payload, ref.data)] } };
}

const NOTHING = /^0+$/;

function pushTrigger({ sender, before, forced, head_commit: head }: z.infer<typeof Push>, ref: GitRef): Trigger {
  const skipMarker = skipMarkerIn(head?.message ?? '');
  // What a force push took away is in no comparison, so nothing is left out for it.
  const isComparable = forced !== true && !NOTHING.test(before);
  return {
    kind: 'push',
    actor: sender.login,
    ...(isComparable ? { before } : {}),
    // A tag is a release of its own, whatever its commit said when it was merged.
    ...(skipMarker === null || isTag(ref) ? {} : { skipMarker }),
  };
}

function onMergeGroup({ payload, delivery, timing }: Read<z.infer<typeof MergeGroup>>): Intent {
  const { action, merge_group: group, sender } = payload;
  const ref = GitRef.safeParse(group.head_ref);
  const base = GitRef.safeParse(group.base_ref);
  if (!ref.success || !base.success) return ignored('a merge group without a branch');
  const common = { repository: repositoryOf(payload), ref: ref.data, sha: group.head_sha, delivery, timing };
  if (action === 'destroyed') return { kind: 'ref', intent: { ...common, triggers: [] } };
  if (action !== 'checks_requested') return ignored(`no use for a merge group that was ${action}`);
  const baseRef = shortRef(base.data);
  const trigger: Trigger = { kind: 'merge_group', actor: sender.login, baseRef, baseSha: group.base_sha };
  return { kind: 'ref', intent: { ...common, triggers: [trigger] } };
}

/** Those after which the head, the base or the wish for a run may be another. */
const PULL_REQUEST_ACTIONS = ['opened', 'reopened', 'synchronize', 'ready_for_review', 'edited'];

function onPullRequest({ payload, delivery, timing }: Read<z.infer<typeof PullRequest>>): Intent {
  const { action, pull_request: pull } = payload;
  if (!PULL_REQUEST_ACTIONS.includes(action)) return ignored(`no use for a pull request that was ${action}`);
  const isFork = pull.head.repo?.id !== pull.base.repo.id;
  const ref = GitRef.safeParse(isFork ? `refs/pull/${pull.number}/head` : `refs/heads/${pull.head.ref}`);
  if (!ref.success) return ignored('its branch has a name that git does not accept');
  const trigger: Trigger = {
    kind: 'pull_request',
    actor: payload.sender.login,
    number: pull.number,
    baseRef: pull.base.ref,
    baseSha: pull.base.sha,
    draft: pull.draft === true,
    fork: isFork,
    ...(pull.user?.type === 'Bot' ? { bot: pull.user.id } : {}),
  };
  const repository = repositoryOf(payload);
  return {
    kind: 'ref',
    intent: { repository, ref: ref.data, sha: pull.head.sha, triggers: [trigger], delivery, timing },
  };
}

function onWorkflowRun({ payload }: Read<z.infer<typeof WorkflowRun>>): Intent {
  const { action, workflow_run: run } = payload;
  const fork = parseForkRunTitle(run.display_title ?? '');
  if (fork !== null && run.event === 'pull_request' && isForkCheck(run.path)) return onForkCheck(payload, fork);
  if (action !== 'completed') return ignored(`a stage run that is ${action} changes nothing`);
  const title = parseStageRunTitle(run.display_title ?? '');
  if (title === null) return ignored('not a run of one of our stages');
  // Anybody can title a run of their own after somebody else's.
  if (parseRunId(title.runWorkflowId)?.repositoryId !== payload.repository.id)
    return ignored("another repository's run");
  const news = { stage: title.stage, actionsRunId: run.id, attempt: run.run_attempt ?? 1 };
  return { kind: 'stage_news', runWorkflowId: title.runWorkflowId, news };
}

const isForkCheck = (path: string | null | undefined): boolean =>
  path?.split('@')[0] === `.github/workflows/${FORK_CHECK_FILE}`;

/** Whatever has happened to it: a run that was made has to be found, one that ended to be read. */
function onForkCheck({ repository, workflow_run: run }: z.infer<typeof WorkflowRun>, fork: ForkRun): Intent {
  const isOurs = run.head_repository?.id === repository.id;
  const ref = GitRef.safeParse(isOurs ? `refs/heads/${run.head_branch}` : `refs/pull/${fork.pullRequest}/head`);
  if (!ref.success) return ignored('its branch has a name that git does not accept');
  const news = { sha: fork.sha, actionsRunId: run.id, attempt: run.run_attempt ?? 1 };
  return { kind: 'fork_news', repositoryId: repository.id, ref: ref.data, news };
}

function onCheckRun({ payload, appId, delivery, timing }: Read<z.infer<typeof CheckRun>>): Intent {
  const { action, check_run: check, sender } = payload;
  if (!PRESSES.includes(action)) return ignored(`no use for a check run that was ${action}`);
  if (check.app?.id !== appId) return ignored("another App's check run");
  const workflowId = check.external_id ?? '';
  const key = parseRunId(workflowId);
  if (key?.repositoryId !== payload.repository.id) return ignored('not a check run of one of our runs');
  const pressed = { id: check.id, workflowId };
  const name = action === 'rerequested' ? 'rerequested' : (payload.requested_action?.identifier ?? '');
  const subject = subjectOfPress(name, { pressed, key, isGreen: check.conclusion === 'success' });
  if (subject === null) return ignored('a button that this version does not know');
  const request = { repository: repositoryOf(payload), user: personOf(sender), delivery, timing, subject };
  // By person too: a press that was refused must not stand in the way of somebody who may. A button can be pressed again.
  const id =
    name === 'rerequested' ? `check-${check.id}-${name}-${sender.id}` : `check-${check.id}-${name}-${delivery}`;
  return { kind: 'command', id: commandId(id), request };
}

const PRESSES = ['rerequested', 'requested_action'];

interface Press {
  readonly pressed: PressedCheck;
  readonly key: RunKey;
  readonly isGreen: boolean;
}

function subjectOfPress(name: string, { pressed: check, key, isGreen }: Press): CommandRequest['subject'] | null {
  const { ref, sha } = key;
  switch (name) {
    // On a green check there is nothing to go on from: who presses Re-run there means all of it.
    case 'rerequested':
      return { kind: 'press', ref, sha, mode: isGreen ? 'all' : 'failed', check };
    case 'fix_lint':
      return { kind: 'press', ref, sha, mode: 'failed', check, fix: true };
    case 'rerun_failed':
      return { kind: 'press', ref, sha, mode: 'failed', check };
    case 'explain':
    case 'set_up':
      return { kind: 'button', name, check };
    default:
      return null;
  }
}

const personOf = ({ id, login }: { id: number; login: string }): CommandRequest['user'] => ({ id, login });

function onCheckSuite({ payload, appId, delivery, timing }: Read<z.infer<typeof CheckSuite>>): Intent {
  const { action, check_suite: suite, sender } = payload;
  if (action !== 'rerequested') return ignored(`no use for a check suite that was ${action}`);
  if (suite.app?.id !== appId) return ignored("another App's check suite");
  if (suite.head_branch === null) return ignored('a check suite without branch');
  const subject = { kind: 'press', ref: branchRef(suite.head_branch), sha: suite.head_sha, mode: 'all' } as const;
  const request = { repository: repositoryOf(payload), user: personOf(sender), delivery, timing, subject };
  // A suite can be re-run again and again, so the delivery tells one press from the next.
  return { kind: 'command', id: commandId(`check-suite-${suite.id}-${delivery}`), request };
}

function onIssueComment({ payload, delivery, timing }: Read<z.infer<typeof IssueComment>>): Intent {
  const { action, issue, comment } = payload;
  if (action !== 'created') return ignored('only new comments are read: an edit may be of another hand');
  if (issue.pull_request == null) return ignored('a comment on an issue');
  const { user } = comment;
  if (user === null || user.type === 'Bot' || comment.performed_via_github_app != null) return ignored('not a person');
  const commands = parseCommands(comment.body);
  if (commands.length === 0) return ignored('no command in it');
  const subject = { kind: 'comment', commentId: comment.id, pullRequest: issue.number, commands } as const;
  const request = {
    repository: repositoryOf(payload),
    user: { id: user.id, login: user.login },
    delivery,
    timing,
    subject,
  };
  return { kind: 'command', id: commandId(String(comment.id)), request };
}

/** As many as get a first check: each costs requests, and a person looks at a few. */
const MAX_WELCOMED = 30;

function onInstallation(welcomed: 'created' | 'added'): (read: Read<z.infer<typeof Installation>>) => Intent {
  return ({ payload, delivery, timing }) => {
    const { action, installation, sender } = payload;
    if (action !== welcomed) return ignored(`no use for an installation that was ${action}`);
    const repositories = (payload.repositories_added ?? payload.repositories ?? []).slice(0, MAX_WELCOMED);
    if (repositories.length === 0) return ignored('an installation that names no repository');
    const { id: installationId, account: owner } = installation;
    const request = { installationId, owner, repositories, user: personOf(sender), delivery, timing };
    return { kind: 'welcome', id: welcomeId(delivery), request };
  };
}
