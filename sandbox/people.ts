/** What people do on GitHub, and what GitHub sends for it. */
import type { Events, QueueEntry } from './github/events.ts';
import {
  findRepository,
  nextNumber,
  type PullRecord,
  type RepositoryRecord,
  type User,
  type World,
} from './github/world.ts';
import type { Files } from './set-up.ts';

export interface ForkPull {
  readonly files: Files;
  readonly login?: string;
  readonly type?: User['type'];
  readonly baseRef?: string;
  readonly headRef?: string;
  readonly draft?: boolean;
}

export class People {
  readonly world: World;
  readonly events: Events;

  constructor(world: World, events: Events) {
    this.world = world;
    this.events = events;
  }

  user(login: string, type: User['type'] = 'User'): User {
    return userIn(this.world, login, type);
  }

  /** Commits files to a branch and sends what GitHub sends for a push. */
  async push(
    repository: RepositoryRecord,
    branch: string,
    files: ReadonlyMap<string, string | Buffer | null>,
    message = 'Change',
  ): Promise<string> {
    const sha = await repository.git.commitFiles(branch, files, message);
    await this.events.pushes(repository);
    return sha;
  }

  async openPull(
    repository: RepositoryRecord,
    head: string,
    options: Partial<Pick<PullRecord, 'draft' | 'forkSha' | 'headRepositoryId' | 'baseRef' | 'author'>> = {},
  ): Promise<PullRecord> {
    const pull: PullRecord = {
      id: this.world.nextId(),
      createdAt: new Date().toISOString(),
      number: nextNumber(repository),
      headRef: head,
      headRepositoryId: repository.id,
      baseRef: 'main',
      author: this.user('kim'),
      draft: false,
      state: 'open',
      forkSha: null,
      ...options,
    };
    repository.pulls.push(pull);
    await this.events.pull('opened', repository, pull);
    return pull;
  }

  /** Somebody without access pushes to a fork and opens a pull request: GitHub keeps its commit under `refs/pull/N/head`. */
  async openForkPull(repository: RepositoryRecord, fork: ForkPull): Promise<PullRecord> {
    const { files, login = 'mallory', baseRef = 'main', headRef = 'patch-1', type = 'User', draft = false } = fork;
    const author = this.user(login, type);
    const ref = `refs/pull/${nextNumber(repository)}/head`;
    const forkSha = await repository.git.commitTo({ ref, from: `refs/heads/${baseRef}`, files, message: 'Change' });
    return this.openPull(repository, headRef, {
      author,
      baseRef,
      draft,
      forkSha,
      headRepositoryId: this.world.nextId(),
    });
  }

  async pushToFork(repository: RepositoryRecord, pull: PullRecord, files: Files): Promise<string> {
    const ref = `refs/pull/${pull.number}/head`;
    pull.forkSha = await repository.git.commitTo({ ref, files, message: 'Change again' });
    await this.events.pull('synchronize', repository, pull);
    return pull.forkSha;
  }

  /** What a merge queue does with an entry: a branch of GitHub's own, with what would be merged; answers with its ref and commit. */
  async enqueue(repository: RepositoryRecord, pull: PullRecord): Promise<QueueEntry> {
    const { git } = repository;
    const base = await git.commitOf(`refs/heads/${pull.baseRef}`);
    const head = await git.commitOf(`refs/heads/${pull.headRef}`);
    if (base === null || head === null) throw new Error('A queue entry needs both branches');
    const ref = `refs/heads/gh-readonly-queue/${pull.baseRef}/pr-${pull.number}-${base}`;
    const sha = await git.merge(ref, base, head);
    const entry = { ref, sha, baseRef: pull.baseRef, baseSha: base };
    await this.events.pushes(repository);
    this.events.mergeGroup('checks_requested', repository, entry);
    return entry;
  }

  /** The entry was merged, or fell out of the queue. */
  async dequeue(repository: RepositoryRecord, entry: QueueEntry): Promise<void> {
    await repository.git.git('update-ref', '-d', entry.ref);
    this.events.mergeGroup('destroyed', repository, entry);
  }

  comment(repository: RepositoryRecord, issueNumber: number, login: string, body: string): number {
    const now = new Date().toISOString();
    const user = this.user(login);
    const comment = { id: this.world.nextId(), issueNumber, user, createdAt: now, updatedAt: now, body };
    repository.comments.push(comment);
    this.events.comment(repository, comment);
    return comment.id;
  }

  /** A person presses Re-run on a check run of ours. */
  pressRerun(repository: RepositoryRecord, checkRunId: number, login: string): void {
    const run = repository.checkRuns.find((each) => each.id === checkRunId);
    if (run === undefined) throw new Error(`There is no check run ${checkRunId}`);
    this.events.checkRerequested(repository, run, this.user(login));
  }

  /** A person presses a button of ours on a check run that has ended. */
  pressButton(repository: RepositoryRecord, checkRunId: number, identifier: string, login = 'kim'): void {
    const run = repository.checkRuns.find((each) => each.id === checkRunId);
    const isThere = run?.status === 'completed' && run.actions.some((action) => action.identifier === identifier);
    if (run === undefined || !isThere) throw new Error(`There is no button ${identifier} on check run ${checkRunId}`);
    this.events.checkAction(repository, run, { identifier, user: this.user(login) });
  }

  /** Sends push events for what has changed in git behind the sandbox's back. */
  async announcePushes(owner: string, name: string): Promise<void> {
    const repository = findRepository(this.world, owner, name);
    if (repository !== null) await this.events.pushes(repository);
  }
}

export function userIn(world: World, login: string, type: User['type'] = 'User'): User {
  const known = world.users.get(login);
  if (known !== undefined) return known;
  const user = { id: world.nextId(), login, type };
  world.users.set(login, user);
  return user;
}
