/** What a comment's command needs of GitHub: a reaction, who asks, which commit is meant, one reply. */
import type { GitHub } from '../src/adapters/github/github.ts';
import type { Repository } from '../src/domain/repository.ts';
import type { Access } from '../src/domain/command/command-grammar.ts';
import { branchRef, GitRef, type CommitSha } from '../src/domain/git.ts';
import type { RefIntent } from '../src/domain/run/coordination.ts';
import { answer, type Answer } from './failures.ts';
import { OwnComment } from './own-comment.ts';
import { STICKY_MARKER } from '../src/domain/report/sticky-comment.ts';

export interface Asker {
  readonly repository: Repository;
  readonly user: { readonly id: number; readonly login: string };
}

export interface PullRequestHead {
  readonly number: number;
  readonly sha: CommitSha;
  /** Of its branch; a fork's is in another repository, where only the pull request's own ref is of use. */
  readonly ref: GitRef;
  readonly baseRef: string;
  readonly baseSha: CommitSha;
  readonly draft: boolean;
  readonly fork: boolean;
  /** Numeric id of its author, where that is a bot. */
  readonly bot?: number;
}

export interface ReactionInput {
  readonly repository: Repository;
  readonly commentId: number;
  readonly content: 'eyes' | '+1' | 'confused';
}

export interface ReplyInput {
  readonly repository: Repository;
  readonly issueNumber: number;
  /** Unseen by readers; by it an earlier try's reply is found and edited instead of written twice. */
  readonly marker: string;
  readonly text: string;
  /** The last word of a run that the comment asked for, below what is there. */
  readonly isLast?: boolean;
  /** ISO time before which no reply was written: an earlier one is looked for from there on. */
  readonly since?: string;
}

/** The way to a ref's coordinator, which is started where it does not run. */
export interface Coordinators {
  deliver(intent: RefIntent): Promise<void>;
  /** False where the run has ended, or is not known any more. */
  cancelRun(workflowId: string, by: string): Promise<boolean>;
}

export interface StickyInput {
  readonly repository: Repository;
  readonly issueNumber: number;
  readonly text: string;
  /** False: only an earlier comment of ours is edited, and none is made. */
  readonly needsPerson: boolean;
}

export interface CommandActivities {
  keepStickyComment(input: StickyInput): Promise<Answer<null>>;
  handToCoordinator(intent: RefIntent): Promise<void>;
  reactToComment(input: ReactionInput): Promise<Answer<null>>;
  mayWrite(asker: Asker): Promise<Answer<boolean>>;
  accessOf(asker: Asker): Promise<Answer<Access>>;
  cancelRun(input: { workflowId: string; by: string }): Promise<boolean>;
  readPullRequest(input: { repository: Repository; number: number }): Promise<Answer<PullRequestHead | null>>;
  replyToComment(input: ReplyInput): Promise<Answer<null>>;
}

export function createCommandActivities(github: GitHub, coordinators: Coordinators): CommandActivities {
  return {
    handToCoordinator: (intent) => coordinators.deliver(intent),

    reactToComment: ({ repository, commentId, content }) =>
      answer(async () => {
        await github.repository(repository).conversations.react(commentId, content);
        return null;
      }),

    mayWrite: ({ repository, user }) => answer(() => github.repository(repository).conversations.mayWrite(user)),

    accessOf: ({ repository, user }) => answer(() => github.repository(repository).conversations.accessOf(user)),

    cancelRun: ({ workflowId, by }) => coordinators.cancelRun(workflowId, by),

    readPullRequest: ({ repository, number }) =>
      answer(async () => {
        const found = await github.repository(repository).contents.pullRequest(number);
        if (found?.state !== 'open') return null;
        const isFork = found.head.repo?.id !== found.base.repo.id;
        return {
          number,
          sha: found.head.sha,
          ref: isFork ? GitRef.parse(`refs/pull/${number}/head`) : branchRef(found.head.ref),
          baseRef: found.base.ref,
          baseSha: found.base.sha,
          draft: found.draft === true,
          fork: isFork,
          ...(found.user?.type === 'Bot' ? { bot: found.user.id } : {}),
        };
      }),

    keepStickyComment: ({ repository, issueNumber, text, needsPerson }) =>
      answer(async () => {
        const own = new OwnComment(github, { repository, issueNumber, marker: STICKY_MARKER });
        const earlier = await own.find();
        if (earlier === null && needsPerson) await own.write(text);
        else if (earlier !== null && earlier.text !== text) await own.edit(earlier.id, text);
        return null;
      }),

    replyToComment: ({ repository, issueNumber, marker, text, since, isLast = false }) =>
      answer(async () => {
        const own = new OwnComment(github, { repository, issueNumber, marker });
        const earlier = await own.find(since);
        if (earlier === null) await own.write(text);
        else if (!earlier.text.includes(text)) {
          // A run may end before its command was answered: then the answer goes above its last word.
          const both = isLast ? [earlier.text, text] : [text, earlier.text];
          await own.edit(earlier.id, both.join('\n\n'));
        }
        return null;
      }),
  };
}
