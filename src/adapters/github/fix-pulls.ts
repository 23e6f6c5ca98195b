/** Fix pull requests: drafts that people review. Nothing here approves or merges (threat T16). */
import { z } from 'zod';
import { CommitSha } from '../../domain/git.ts';
import { parseReply, type RepositoryCall } from './github-client.ts';

const Pull = z.object({
  number: z.number().int().positive(),
  html_url: z.string(),
  user: z.object({ id: z.number() }).nullish(),
  head: z.object({ ref: z.string(), sha: CommitSha, repo: z.object({ id: z.number() }).nullable() }),
});

export interface FixPull {
  readonly number: number;
  readonly url: string;
  readonly branch: string;
  readonly head: CommitSha;
}

export interface PullWords {
  readonly title: string;
  readonly body: string;
}

export interface FixPulls {
  /** Open pull requests that this user has opened to a branch, from branches of the same repository; the newest hundred. */
  openBy(userId: number, base: string): Promise<readonly FixPull[]>;
  openDraft(pull: PullWords & { readonly head: string; readonly base: string }): Promise<FixPull>;
  rewrite(number: number, words: PullWords): Promise<void>;
  close(number: number): Promise<void>;
  label(number: number, labels: readonly string[]): Promise<void>;
  comment(number: number, text: string): Promise<void>;
}

const toFixPull = ({ number, html_url: url, head }: z.infer<typeof Pull>): FixPull => ({
  number,
  url,
  branch: head.ref,
  head: head.sha,
});

export function fixPulls(call: RepositoryCall, repositoryId: number): FixPulls {
  const change = async (number: number, params: Readonly<Record<string, string>>): Promise<void> => {
    const route = 'PATCH /repos/{owner}/{repo}/pulls/{pull_number}';
    await call({ route, permissions: 'propose', params: { pull_number: number, ...params } });
  };
  const onIssue = async (what: string, number: number, params: Readonly<Record<string, unknown>>): Promise<void> => {
    const route = `POST /repos/{owner}/{repo}/issues/{issue_number}/${what}`;
    await call({ route, permissions: 'converse', params: { issue_number: number, ...params } });
  };
  return {
    async openBy(userId, base) {
      const route = 'GET /repos/{owner}/{repo}/pulls';
      const params = { base, state: 'open', sort: 'created', direction: 'desc', per_page: 100 };
      const reply = await call({ route, permissions: 'read', params });
      return parseReply(z.array(Pull), reply, route)
        .filter(({ user, head }) => user?.id === userId && head.repo?.id === repositoryId)
        .map(toFixPull);
    },

    async openDraft(pull) {
      const route = 'POST /repos/{owner}/{repo}/pulls';
      const params = { ...pull, draft: true, maintainer_can_modify: false };
      return toFixPull(parseReply(Pull, await call({ route, permissions: 'propose', params }), route));
    },

    rewrite: (number, { title, body }) => change(number, { title, body }),
    close: (number) => change(number, { state: 'closed' }),
    label: (number, labels) => onIssue('labels', number, { labels }),
    comment: (number, text) => onIssue('comments', number, { body: text }),
  };
}
