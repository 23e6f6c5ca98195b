/** Whose code a run is about: a fork's, and that of a bot that nobody named, is nobody's here. */
import type { PullRequest } from '../src/adapters/github/contents.ts';
import type { GitHub, RepositoryApi } from '../src/adapters/github/github.ts';
import { pullRequestOfRef } from '../src/domain/fork/fork-check.ts';
import { decision, type Decision } from '../src/domain/run/decision.ts';
import type { ForkSource } from '../src/domain/run/plan.ts';
import type { RunRequest } from '../src/domain/run/run-request.ts';
import type { Trigger } from '../src/domain/run/trigger.ts';
import type { SettingsFile } from '../src/domain/settings/settings-schema.ts';

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

/** @param bases settings by base branch; null where everybody who asks is vouched for */
export async function forkSource(
  github: GitHub,
  { triggers }: RunRequest,
  bases: ReadonlyMap<string, SettingsFile>,
): Promise<ForkSource | null> {
  const pulls = triggers.filter((trigger) => trigger.kind === 'pull_request');
  const fork = pulls.find((pull) => pull.fork);
  if (fork !== undefined) return { of: 'fork', pullRequest: fork.number, baseRef: fork.baseRef };
  const byBots = pulls.filter(
    ({ bot, baseRef }) => bot !== undefined && bases.get(baseRef)?.trusted_bots?.includes(bot) !== true,
  );
  if (byBots.length === 0) return null;
  const { userId } = await github.identity();
  const unnamed = byBots.find(({ bot }) => bot !== userId);
  return unnamed === undefined ? null : { of: 'bot', pullRequest: unnamed.number, baseRef: unnamed.baseRef };
}

export function whyNotDispatched({ triggers }: RunRequest, source: ForkSource | null): Decision[] {
  if (source === null) return [];
  const { of, pullRequest, baseRef } = source;
  const bot = triggers.find((each) => each.kind === 'pull_request' && each.number === pullRequest);
  const id = bot?.kind === 'pull_request' ? bot.bot : undefined;
  const why =
    of === 'fork'
      ? `#${pullRequest} comes from a fork`
      : `#${pullRequest} is of a bot that \`${baseRef}\` does not name (\`trusted_bots: [${id}]\` there would)`;
  const text = `Nothing is dispatched, since a dispatch holds secrets and ${why}: its read-only check is followed, by the settings of \`${baseRef}\`.`;
  return [decision('not_vouched_for', text)];
}
