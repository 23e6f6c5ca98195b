/** Whose code a run is about: a fork's, and that of a bot that nobody named, is nobody's here. */
import type { PullRequest } from '../src/adapters/github/contents.ts';
import type { GitHub, RepositoryApi } from '../src/adapters/github/github.ts';
import { pullRequestOfRef } from '../src/domain/fork/fork-check.ts';
import { isTag, shortRef } from '../src/domain/git.ts';
import { decision, type Decision } from '../src/domain/run/decision.ts';
import type { ForkSource } from '../src/domain/run/plan.ts';
import type { RunRequest } from '../src/domain/run/run-request.ts';
import type { Trigger } from '../src/domain/run/trigger.ts';

/** A fork's ref says which pull request it is of, also where the history that knew more of it has expired; null: it is closed. */
export async function triggersOf(api: RepositoryApi, { ref, triggers }: RunRequest): Promise<Trigger[] | null> {
  const number = pullRequestOfRef(ref);
  if (number === null || triggers.some(({ kind }) => kind === 'pull_request')) return triggers;
  const pull = await api.contents.pullRequest(number);
  return pull?.state === 'open' ? [...triggers, pullTrigger(pull, triggers[0]?.actor ?? 'somebody')] : null;
}

const pullTrigger = ({ number, base, draft, user }: PullRequest, actor: string): Trigger => ({
  kind: 'pull_request',
  actor,
  number,
  baseRef: base.ref,
  baseSha: base.sha,
  draft: draft === true,
  fork: true,
  ...(user?.type === 'Bot' ? { bot: user.id } : {}),
});

/** @returns null where everybody whose code this is is vouched for */
export async function forkSource(
  github: GitHub,
  request: RunRequest,
  trusted: TrustedBots,
): Promise<ForkSource | null> {
  const { repository, sha, ref, triggers } = request;
  const { contents } = github.repository(repository);
  const fork = triggers.find((trigger) => trigger.kind === 'pull_request' && trigger.fork);
  if (fork?.kind === 'pull_request') {
    const { number: pullRequest, baseRef } = fork;
    return { of: 'fork', pullRequest, baseRef, isShared: await contents.isHeadOfBranch(sha) };
  }
  const isDefault = ref === `refs/heads/${repository.defaultBranch}`;
  if (isDefault || isTag(ref) || triggers.some(({ kind }) => kind === 'merge_group')) return null;
  // Whoever opens another pull request of a bot's branch, or first, does not vouch for what the bot has pushed there.
  const byBots = (await contents.pullRequestsOf(shortRef(ref), repository.owner)).filter(
    ({ user }) => user?.type === 'Bot',
  );
  if (byBots.length === 0) return null;
  const named = [(await github.identity()).userId, ...(await trusted())];
  const unnamed = byBots.find(({ user }) => user == null || !named.includes(user.id));
  return unnamed === undefined
    ? null
    : { of: 'bot', pullRequest: unnamed.number, baseRef: unnamed.base.ref, isShared: false };
}

/** Numeric ids that the default branch names: a bot that can push could name itself on any other one. */
export type TrustedBots = () => Promise<readonly number[]>;

export function whyNotDispatched({ triggers, repository }: RunRequest, source: ForkSource | null): Decision[] {
  if (source === null) return [];
  const { of, pullRequest, baseRef } = source;
  const bot = triggers.find((each) => each.kind === 'pull_request' && each.number === pullRequest);
  const id = bot?.kind === 'pull_request' ? bot.bot : undefined;
  const why =
    of === 'fork'
      ? `#${pullRequest} comes from a fork`
      : `#${pullRequest} is of a bot that \`${repository.defaultBranch}\` does not name (\`trusted_bots: [${id ?? '…'}]\` there would)`;
  const text = `Nothing is dispatched, since a dispatch holds secrets and ${why}: its read-only check is followed, by the settings of \`${baseRef}\`.`;
  return [decision('not_vouched_for', text)];
}
