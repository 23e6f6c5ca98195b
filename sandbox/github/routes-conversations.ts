/** Reactions, permissions and comments. */
import { z } from 'zod';
import { created, notFound, ok, type Route } from './http.ts';
import { commentJson, userJson } from './representations.ts';
import { parseBody, R, scoped, type Stage } from './scoped.ts';

const Body = z.object({ body: z.string().max(65_536, 'body is too long (maximum is 65536 characters)') });

export function conversationRoutes(stage: Stage): Route[] {
  const { world } = stage;
  return [
    ...commentRoutes(stage),
    {
      method: 'POST',
      path: `${R}/issues/comments/:comment/reactions`,
      handler: scoped(stage, 'issues:write', (call, repository) => {
        const { content } = parseBody(
          z.object({ content: z.enum(['+1', '-1', 'laugh', 'confused', 'heart', 'hooray', 'rocket', 'eyes']) }),
          call,
        );
        const commentId = Number(call.params['comment']);
        const isKnown = repository.reactions.some((each) => each.commentId === commentId && each.content === content);
        if (!isKnown) repository.reactions.push({ commentId, content });
        return { status: isKnown ? 200 : 201, body: { id: world.nextId(), content } };
      }),
    },
    {
      method: 'GET',
      path: `${R}/collaborators/:login/permission`,
      handler: scoped(stage, 'metadata', ({ params }, repository) => {
        const login = params['login'] ?? '';
        const user = world.users.get(login);
        if (user === undefined) throw notFound();
        const permission = repository.permissions.get(login) ?? (repository.visibility === 'public' ? 'read' : 'none');
        return ok({ permission, role_name: permission, user: userJson(user) });
      }),
    },
  ];
}

function commentRoutes(stage: Stage): Route[] {
  const { world, auth } = stage;
  return [
    {
      method: 'GET',
      path: `${R}/issues/:number/comments`,
      handler: scoped(stage, 'issues', ({ params }, repository) =>
        ok(repository.comments.filter((each) => each.issueNumber === Number(params['number'])).map(commentJson)),
      ),
    },
    {
      method: 'POST',
      path: `${R}/issues/:number/comments`,
      handler: scoped(stage, 'issues:write', (call, repository) => {
        const { body } = parseBody(Body, call);
        const comment = {
          id: world.nextId(),
          issueNumber: Number(call.params['number']),
          user: auth.grantOf(call).actor,
          body,
        };
        repository.comments.push(comment);
        return created(commentJson(comment));
      }),
    },
    {
      method: 'PATCH',
      path: `${R}/issues/comments/:comment`,
      handler: scoped(stage, 'issues:write', (call, repository) => {
        const comment = repository.comments.find((each) => each.id === Number(call.params['comment']));
        if (comment === undefined) throw notFound();
        comment.body = parseBody(Body, call).body;
        return ok(commentJson(comment));
      }),
    },
  ];
}
