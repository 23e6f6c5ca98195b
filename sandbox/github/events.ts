/** What GitHub sends when something happens in a repository. */
import { checkRunJson, commentJson, pullJson, repositoryJson, userJson } from './representations.ts';
import type { Webhooks } from './webhooks.ts';
import type { CheckRunRecord, CommentRecord, PullRecord, RepositoryRecord, User, World } from './world.ts';

const NOTHING = '0'.repeat(40);

export class Events {
  private readonly world: World;
  private readonly webhooks: Webhooks;
  private readonly pusher: User;
  /** Refs as they were when the last events were sent. */
  private readonly announced = new Map<number, ReadonlyMap<string, string>>();

  constructor(world: World, webhooks: Webhooks, pusher: User) {
    this.world = world;
    this.webhooks = webhooks;
    this.pusher = pusher;
  }

  /** Push events for every ref that has moved since the last look. */
  async pushes(repository: RepositoryRecord): Promise<void> {
    const before = this.announced.get(repository.id) ?? new Map<string, string>();
    const after = await repository.git.refs();
    this.announced.set(repository.id, after);
    for (const [ref, sha] of after) {
      if (before.get(ref) !== sha) await this.push(repository, { ref, before: before.get(ref) ?? NOTHING, after: sha });
    }
    for (const [ref, sha] of before) {
      if (!after.has(ref)) await this.push(repository, { ref, before: sha, after: NOTHING });
    }
  }

  async pull(action: string, repository: RepositoryRecord, pull: PullRecord): Promise<void> {
    const head = pull.forkSha ?? (await repository.git.commitOf(`refs/heads/${pull.headRef}`)) ?? '';
    const base = (await repository.git.commitOf(`refs/heads/${pull.baseRef}`)) ?? '';
    this.webhooks.send('pull_request', {
      action,
      number: pull.number,
      pull_request: pullJson(pull, repository, { head, base }),
      ...this.common(repository, pull.author),
    });
  }

  comment(repository: RepositoryRecord, comment: CommentRecord): void {
    const { issueNumber, user } = comment;
    this.webhooks.send('issue_comment', {
      action: 'created',
      issue: { number: issueNumber, pull_request: { url: `https://api.github.com/pulls/${issueNumber}` } },
      comment: commentJson(comment),
      ...this.common(repository, user),
    });
  }

  checkRerequested(repository: RepositoryRecord, run: CheckRunRecord, user: User): void {
    const check_run = checkRunJson(run, this.world);
    this.webhooks.send('check_run', { action: 'rerequested', check_run, ...this.common(repository, user) });
  }

  private async push(
    repository: RepositoryRecord,
    moved: { ref: string; before: string; after: string },
  ): Promise<void> {
    const commit = moved.after === NOTHING ? null : await repository.git.commitOf(moved.ref);
    this.webhooks.send('push', {
      ...moved,
      created: moved.before === NOTHING,
      deleted: moved.after === NOTHING,
      forced: false,
      head_commit: commit === null ? null : { id: commit },
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
      repository: repositoryJson(repository),
      installation: { id: this.world.installationId },
      sender: userJson(sender),
    };
  }
}
