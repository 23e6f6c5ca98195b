/** Issues of our own: found by who created them, never by a search that lags. */
import { z } from 'zod';
import { parseReply, type RepositoryCall } from './github-client.ts';

const Issue = z.object({
  number: z.number().int().positive(),
  html_url: z.string(),
  state: z.enum(['open', 'closed']),
  state_reason: z.string().nullish(),
  body: z.string().nullish(),
  user: z.object({ id: z.number() }).nullish(),
  pull_request: z.object({}).nullish(),
});
export type Issue = z.infer<typeof Issue>;

export interface IssueChange {
  readonly title?: string;
  readonly body?: string;
  readonly state?: 'open' | 'closed';
  readonly state_reason?: 'completed' | 'not_planned' | 'reopened';
}

export interface Issues {
  /** Issues that this user created, the newest change first. */
  createdBy(
    creator: { readonly id: number; readonly login: string },
    state: 'open' | 'closed',
  ): Promise<readonly Issue[]>;
  read(number: number): Promise<Issue>;
  create(issue: { readonly title: string; readonly body: string; readonly labels: readonly string[] }): Promise<Issue>;
  update(number: number, change: IssueChange): Promise<Issue>;
}

const PAGE = 100;
/** One issue a branch and kind, and one an image: more than these and something else is wrong. */
const MAX_PAGES = 5;

export function issues(call: RepositoryCall): Issues {
  return {
    async createdBy({ id, login }, state) {
      const route = 'GET /repos/{owner}/{repo}/issues';
      const found: Issue[] = [];
      for (let page = 1; page <= MAX_PAGES; page += 1) {
        const params = { creator: login, state, sort: 'updated', direction: 'desc', per_page: PAGE, page };
        const reply = await call({ route, permissions: 'converse', params });
        const items = parseReply(z.array(Issue), reply, route);
        found.push(...items);
        if (items.length < PAGE) break;
      }
      // The list has pull requests too; and a login can be somebody else's by now.
      return found.filter((issue) => issue.pull_request == null && issue.user?.id === id);
    },

    async read(number) {
      const route = 'GET /repos/{owner}/{repo}/issues/{issue_number}';
      return parseReply(Issue, await call({ route, permissions: 'converse', params: { issue_number: number } }), route);
    },

    async create({ title, body, labels }) {
      const route = 'POST /repos/{owner}/{repo}/issues';
      return parseReply(Issue, await call({ route, permissions: 'converse', params: { title, body, labels } }), route);
    },

    async update(number, change) {
      const route = 'PATCH /repos/{owner}/{repo}/issues/{issue_number}';
      const params = { issue_number: number, ...change };
      return parseReply(Issue, await call({ route, permissions: 'converse', params }), route);
    },
  };
}
