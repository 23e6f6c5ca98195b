/** A comment of ours that is written once and edited from then on: found again by a marker that readers do not see. */
import type { GitHub } from '../src/adapters/github/github.ts';
import type { Conversations } from '../src/adapters/github/conversations.ts';
import type { Repository } from '../src/domain/repository.ts';

export interface CommentPlace {
  readonly repository: Repository;
  readonly issueNumber: number;
  readonly marker: string;
}

export class OwnComment {
  private readonly github: GitHub;
  private readonly conversations: Conversations;
  private readonly issueNumber: number;
  private readonly hidden: string;

  constructor(github: GitHub, { repository, issueNumber, marker }: CommentPlace) {
    this.github = github;
    this.conversations = github.repository(repository).conversations;
    this.issueNumber = issueNumber;
    this.hidden = `<!-- slsa-pipeline:${marker} -->`;
  }

  /** @param since ISO time before which it was not written */
  async find(since?: string): Promise<{ readonly id: number; readonly text: string } | null> {
    const { userId } = await this.github.identity();
    // Anybody can copy the marker: only a comment of our own is edited.
    const found = (await this.conversations.comments(this.issueNumber, since)).find(
      (comment) => comment.user?.id === userId && comment.body?.startsWith(this.hidden) === true,
    );
    return found === undefined ? null : { id: found.id, text: (found.body ?? '').slice(this.hidden.length).trim() };
  }

  async write(text: string): Promise<void> {
    await this.conversations.createComment(this.issueNumber, `${this.hidden}\n${text}`);
  }

  async edit(id: number, text: string): Promise<void> {
    await this.conversations.updateComment(id, `${this.hidden}\n${text}`);
  }
}
