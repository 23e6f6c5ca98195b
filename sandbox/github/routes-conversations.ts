/** Reactions, permissions and comments. */
import { z } from 'zod';
import { created, notFound, ok, type Call, type Route } from './http.ts';
import { permissionJson } from './representations/accounts.ts';
import { commentJson, reactionJson } from './representations/conversations.ts';
import { invalid, pageOf, parseBody, R, scoped, type Scoped, type Stage } from './scoped.ts';
import type { CommentRecord, ReactionRecord, RepositoryRecord } from './world.ts';

const MAX_COMMENT = 65_536;

const CommentBody = z.object({ body: z.string() });
const ReactionBody = z.object({
  content: z.enum(['+1', '-1', 'laugh', 'confused', 'heart', 'hooray', 'rocket', 'eyes']),
});

/** A pull request's conversation is open to both permissions. */
const CONVERSE = 'issues:write|pull_requests:write';

const findComment = ({ params }: Call, repository: RepositoryRecord): CommentRecord => {
  const comment = repository.comments.find((each) => each.id === Number(params['comment']));
  if (comment === undefined) throw notFound();
  return comment;
};

/** The number of an issue or a pull request that is there. */
function requireNumber({ params }: Call, { issues, pulls }: RepositoryRecord): number {
  const wanted = Number(params['number']);
  if (![...issues, ...pulls].some(({ number }) => number === wanted)) throw notFound();
  return wanted;
}

export function conversationRoutes(stage: Stage): Route[] {
  const { world } = stage;
  return [
    ...commentRoutes(stage),
    {
      method: 'POST',
      path: `${R}/issues/comments/:comment/reactions`,
      handler: scoped(stage, CONVERSE, react(stage)),
    },
    {
      method: 'GET',
      path: `${R}/collaborators/:login/permission`,
      handler: scoped(stage, 'metadata', ({ params }, repository) => {
        const user = world.users.get(params['login'] ?? '');
        if (user === undefined) throw notFound();
        return ok(permissionJson(user, repository, world));
      }),
    },
  ];
}

/** The same reaction of the same user again is the one that is there. */
const react =
  ({ world, auth }: Stage): Scoped =>
  (call, repository) => {
    const { content } = parseBody(ReactionBody, call);
    const { id: commentId } = findComment(call, repository);
    const user = auth.grantOf(call).actor;
    const known = repository.reactions.find(
      (each) => each.commentId === commentId && each.content === content && each.user.id === user.id,
    );
    if (known !== undefined) return ok(reactionJson(known, world));
    const reaction: ReactionRecord = {
      id: world.nextId(),
      commentId,
      user,
      content,
      createdAt: new Date().toISOString(),
    };
    repository.reactions.push(reaction);
    return created(reactionJson(reaction, world));
  };

function commentRoutes(stage: Stage): Route[] {
  const { world, auth } = stage;
  return [
    {
      method: 'GET',
      path: `${R}/issues/:number/comments`,
      handler: scoped(stage, 'issues|pull_requests', (call, repository) => {
        const number = requireNumber(call, repository);
        const since = call.query.get('since');
        const found = repository.comments
          .filter((each) => each.issueNumber === number)
          .filter(({ updatedAt }) => since === null || Date.parse(updatedAt) >= Date.parse(since));
        const { items, headers } = pageOf(call, found);
        return ok(
          items.map((comment) => commentJson(comment, repository, world)),
          headers,
        );
      }),
    },
    {
      method: 'POST',
      path: `${R}/issues/:number/comments`,
      handler: scoped(stage, CONVERSE, (call, repository) => {
        const now = new Date().toISOString();
        const body = textOf(call);
        const issueNumber = requireNumber(call, repository);
        const comment: CommentRecord = {
          id: world.nextId(),
          issueNumber,
          user: auth.grantOf(call).actor,
          createdAt: now,
          updatedAt: now,
          body,
        };
        repository.comments.push(comment);
        const issue = repository.issues.find(({ number }) => number === issueNumber);
        if (issue !== undefined) issue.updatedAt = now;
        return created(commentJson(comment, repository, world));
      }),
    },
    {
      method: 'PATCH',
      path: `${R}/issues/comments/:comment`,
      handler: scoped(stage, CONVERSE, (call, repository) => {
        const comment = findComment(call, repository);
        Object.assign(comment, { body: textOf(call), updatedAt: new Date().toISOString() });
        return ok(commentJson(comment, repository, world));
      }),
    },
  ];
}

function textOf(call: Call): string {
  const { body } = parseBody(CommentBody, call);
  if (body.length <= MAX_COMMENT) return body;
  const message = `Body is too long (maximum is ${MAX_COMMENT} characters)`;
  throw invalid({ resource: 'IssueComment', code: 'unprocessable', field: 'data', message });
}
