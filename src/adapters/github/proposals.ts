/** A change of one file, proposed as a pull request: a branch, a commit on it, and the request. */
import { z } from 'zod';
import type { CommitSha } from '../../domain/git.ts';
import { GitHubFault } from './github-fault.ts';
import { orNull, parseReply, type RepositoryCall } from './github-client.ts';

const Pull = z.object({
  number: z.number().int().positive(),
  html_url: z.string(),
  user: z.object({ id: z.number() }).nullish(),
});
export type ProposedPull = Pick<z.infer<typeof Pull>, 'number' | 'html_url'>;

const File = z.object({ sha: z.string(), content: z.string(), encoding: z.literal('base64') });

export interface FileChange {
  readonly path: string;
  readonly branch: string;
  readonly text: string;
  readonly message: string;
  /** Blob SHA of the file that it replaces; null where there is none. */
  readonly replaces: string | null;
}

export interface Proposals {
  /** The open pull request of this user from one branch to the other; null where there is none. */
  openBy(
    userId: number,
    branches: { readonly owner: string; readonly head: string; readonly base: string },
  ): Promise<ProposedPull | null>;
  /** False where there is a branch of this name already. */
  createBranch(branch: string, at: CommitSha): Promise<boolean>;
  file(path: string, at: string): Promise<{ readonly text: string; readonly sha: string } | null>;
  write(change: FileChange): Promise<void>;
  open(pull: {
    readonly title: string;
    readonly body: string;
    readonly head: string;
    readonly base: string;
  }): Promise<ProposedPull>;
}

export function proposals(call: RepositoryCall): Proposals {
  return {
    async openBy(userId, { owner, head, base }) {
      const route = 'GET /repos/{owner}/{repo}/pulls';
      const params = { head: `${owner}:${head}`, base, state: 'open', per_page: 10 };
      const reply = await call({ route, permissions: 'propose', params });
      return parseReply(z.array(Pull), reply, route).find(({ user }) => user?.id === userId) ?? null;
    },

    async createBranch(branch, at) {
      const route = 'POST /repos/{owner}/{repo}/git/refs';
      try {
        await call({ route, permissions: 'propose', params: { ref: `refs/heads/${branch}`, sha: at } });
        return true;
      } catch (error) {
        // "Reference already exists".
        if (error instanceof GitHubFault && error.kind === 'unprocessable') return false;
        throw error;
      }
    },

    async file(path, at) {
      const route = 'GET /repos/{owner}/{repo}/contents/{path}';
      const reply = await orNull(call({ route, permissions: 'propose', params: { path, ref: at } }));
      if (reply === null) return null;
      const { sha, content } = parseReply(File, reply, route);
      return { sha, text: Buffer.from(content, 'base64').toString('utf8') };
    },

    async write({ path, branch, text, message, replaces }) {
      const route = 'PUT /repos/{owner}/{repo}/contents/{path}';
      const content = Buffer.from(text, 'utf8').toString('base64');
      const params = { path, branch, message, content, ...(replaces === null ? {} : { sha: replaces }) };
      await call({ route, permissions: 'propose', params });
    },

    async open(pull) {
      const route = 'POST /repos/{owner}/{repo}/pulls';
      return parseReply(Pull, await call({ route, permissions: 'propose', params: pull }), route);
    },
  };
}
