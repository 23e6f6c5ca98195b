/** Reactions, replies, and who may ask for what. */
import { z } from 'zod';
import { mayDo, type Access } from '../../domain/command/command-grammar.ts';
import { orNull, parseReply, type RepositoryCall } from './github-client.ts';

const Permission = z.object({
  permission: z.string(),
  user: z.object({ id: z.number(), permissions: z.object({ maintain: z.boolean().optional() }).nullish() }).nullable(),
});

const Comment = z.object({ id: z.number(), body: z.string().nullish(), user: z.object({ id: z.number() }).nullish() });

export interface Conversations {
  react(commentId: number, content: 'eyes' | '+1' | 'confused'): Promise<void>;
  /** True where the login is still this numeric user, and may write to the repository now. */
  mayWrite(user: { readonly id: number; readonly login: string }): Promise<boolean>;
  /** What the login may do here now, if it is still this numeric user. */
  accessOf(user: { readonly id: number; readonly login: string }): Promise<Access>;
  /** Those that were written or edited since, the first hundred; `since` is an ISO time. */
  comments(issueNumber: number, since?: string): Promise<readonly z.infer<typeof Comment>[]>;
  createComment(issueNumber: number, body: string): Promise<number>;
  updateComment(commentId: number, body: string): Promise<void>;
}

export function conversations(call: RepositoryCall): Conversations {
  return {
    async react(commentId, content) {
      const route = 'POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions';
      await call({ route, permissions: 'converse', params: { comment_id: commentId, content } });
    },

    mayWrite: async (user) => mayDo(await accessOf(call, user), 'write'),

    accessOf: (user) => accessOf(call, user),

    async comments(issueNumber, since) {
      const route = 'GET /repos/{owner}/{repo}/issues/{issue_number}/comments';
      const reply = await call({
        route,
        permissions: 'converse',
        params: { issue_number: issueNumber, per_page: 100, ...(since === undefined ? {} : { since }) },
      });
      return parseReply(z.array(Comment), reply, route);
    },

    async createComment(issueNumber, body) {
      const route = 'POST /repos/{owner}/{repo}/issues/{issue_number}/comments';
      const reply = await call({ route, permissions: 'converse', params: { issue_number: issueNumber, body } });
      return parseReply(z.object({ id: z.number() }), reply, route).id;
    },

    async updateComment(commentId, body) {
      const route = 'PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}';
      await call({ route, permissions: 'converse', params: { comment_id: commentId, body } });
    },
  };
}

/** `permission` knows no maintainers (they are `write`), so the flags of the person say it. Source: REST, "Get repository permissions for a user". */
async function accessOf(
  call: RepositoryCall,
  { id, login }: { readonly id: number; readonly login: string },
): Promise<Access> {
  const route = 'GET /repos/{owner}/{repo}/collaborators/{username}/permission';
  const reply = await orNull(call({ route, permissions: 'read', params: { username: login } }));
  if (reply === null) return 'none';
  const { permission, user } = parseReply(Permission, reply, route);
  if (user?.id !== id) return 'none';
  if (permission === 'admin' || user.permissions?.maintain === true) return 'maintain';
  return permission === 'write' || permission === 'read' ? permission : 'none';
}
