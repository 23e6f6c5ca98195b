/** What GitHub sends when something happens in a repository. */
import type { PullRequestRuns } from '../actions/pull-request-runs.ts';
import { userJson } from './representations/accounts.ts';
import { commentJson } from './representations/conversations.ts';
import { pullJson } from './representations/pulls.ts';
import { checkRunJson } from './representations/reports.ts';
import { repositoryJson } from './representations/repositories.ts';
import type { Webhooks } from './webhooks.ts';
import type { CheckRunRecord, CommentRecord, PullRecord, RepositoryRecord, User, World } from './world.ts';

const NOTHING = '0'.repeat(40);

/** Those that start a workflow whose `pull_request` names no types. Source: docs, "Events that trigger workflows". */
const STARTING = ['opened', 'reopened', 'synchronize'];

/** More tags than these in one push, and GitHub sends nothing for any of them. Source: docs, webhook "push", "create". */
const MAX_TAGS = 3;

export interface QueueEntry {
  readonly ref: string;
  readonly sha: string;
  readonly baseRef: string;
  readonly baseSha: string;
}

interface Moved {
  readonly ref: string;
  readonly before: string;
  readonly after: string;
}

export class Events {
  private readonly world: World;
  private readonly webhooks: Webhooks;
  private readonly pusher: User;
  private readonly pullRuns: PullRequestRuns;
  /** Refs as they were when the last events were sent. */
  private readonly announced = new Map<number, ReadonlyMap<string, string>>();

  constructor(world: World, webhooks: Webhooks, pusher: User, pullRuns: PullRequestRuns) {
    this.pullRuns = pullRuns;
    this.world = world;
    this.webhooks = webhooks;
    this.pusher = pusher;
  }

  /** Push events for every ref that has moved since the last look. */
  async pushes(repository: RepositoryRecord): Promise<void> {
    const before = this.announced.get(repository.id) ?? new Map<string, string>();
    const after = await repository.git.refs();
    this.announced.set(repository.id, after);
    const moved = movedRefs(before, after);
    const isTag = ({ ref }: Moved): boolean => ref.startsWith('refs/tags/');
    const areTooManyTags = moved.filter(isTag).length > MAX_TAGS;
    if (moved.length > 0) repository.pushedAt = new Date().toISOString();
    for (const each of moved) if (!isTag(each) || !areTooManyTags) await this.push(repository, each);
  }

  async pull(action: string, repository: RepositoryRecord, pull: PullRecord): Promise<void> {
    await this.sendPull(action, repository, pull);
    if (STARTING.includes(action)) await this.pullRuns.start(action, repository, pull);
  }

  private async sendPull(action: string, repository: RepositoryRecord, pull: PullRecord): Promise<void> {
    this.webhooks.send('pull_request', {
      action,
      number: pull.number,
      pull_request: await pullJson(pull, repository, this.world),
      ...this.common(repository, pull.author),
    });
  }

  /** The App was installed on these repositories, or they were added to it. */
  installed(action: 'created' | 'added', repositories: readonly RepositoryRecord[]): void {
    const [first] = repositories;
    if (first === undefined) return;
    const named = repositories.map(({ id, name, owner, visibility }) => ({
      id,
      name,
      full_name: `${owner.login}/${name}`,
      private: visibility === 'private',
    }));
    this.webhooks.send(action === 'created' ? 'installation' : 'installation_repositories', {
      action,
      installation: { id: this.world.installationId, account: userJson(first.owner, this.world) },
      ...(action === 'created' ? { repositories: named } : { repositories_added: named }),
      sender: userJson(this.pusher, this.world),
    });
  }

  mergeGroup(action: string, repository: RepositoryRecord, { ref, sha, baseRef, baseSha }: QueueEntry): void {
    const merge_group = { head_sha: sha, head_ref: ref, base_ref: `refs/heads/${baseRef}`, base_sha: baseSha };
    this.webhooks.send('merge_group', { action, merge_group, ...this.common(repository, this.pusher) });
  }

  comment(repository: RepositoryRecord, comment: CommentRecord): void {
    const { issueNumber: number, user } = comment;
    const isIssue = repository.issues.some((each) => each.number === number);
    this.webhooks.send('issue_comment', {
      action: 'created',
      issue: { number, ...(isIssue ? {} : { pull_request: { url: `https://api.github.com/pulls/${number}` } }) },
      comment: commentJson(comment, repository, this.world),
      ...this.common(repository, user),
    });
  }

  checkRerequested(repository: RepositoryRecord, run: CheckRunRecord, user: User): void {
    const check_run = checkRunJson(run, repository, this.world);
    this.webhooks.send('check_run', { action: 'rerequested', check_run, ...this.common(repository, user) });
  }

  checkAction(
    repository: RepositoryRecord,
    run: CheckRunRecord,
    { identifier, user }: { readonly identifier: string; readonly user: User },
  ): void {
    const check_run = checkRunJson(run, repository, this.world);
    const requested_action = { identifier };
    this.webhooks.send('check_run', {
      action: 'requested_action',
      check_run,
      requested_action,
      ...this.common(repository, user),
    });
  }

  private async push(repository: RepositoryRecord, moved: Moved): Promise<void> {
    const isMoved = moved.before !== NOTHING && moved.after !== NOTHING;
    const commit = moved.after === NOTHING ? null : await repository.git.commitOf(moved.ref);
    this.webhooks.send('push', {
      ...moved,
      created: moved.before === NOTHING,
      deleted: moved.after === NOTHING,
      forced: isMoved && !(await repository.git.isFastForward(moved.before, moved.after)),
      head_commit: commit === null ? null : { id: commit, message: (await repository.git.commit(commit)).message },
      ...this.common(repository, this.pusher),
    });
    const branch = moved.ref.replace('refs/heads/', '');
    const affected = repository.pulls.filter(
      (pull) => pull.state === 'open' && pull.headRef === branch && pull.forkSha === null,
    );
    for (const pull of affected) await this.pull('synchronize', repository, pull);
  }

  private common(repository: RepositoryRecord, sender: User): Record<string, unknown> {
    return {
      repository: repositoryJson(repository, this.world),
      installation: { id: this.world.installationId },
      sender: userJson(sender, this.world),
    };
  }
}

function movedRefs(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): Moved[] {
  return [...new Set([...after.keys(), ...before.keys()])]
    .map((ref) => ({ ref, before: before.get(ref) ?? NOTHING, after: after.get(ref) ?? NOTHING }))
    .filter((each) => each.before !== each.after && /^refs\/(heads|tags)\//.test(each.ref));
}
