/** Who the App is, and its tokens. */
import { created, notFound, ok, type Route } from './http.ts';
import { repositoryJson, userJson } from './representations.ts';
import { R, scoped, type Stage } from './scoped.ts';

export function appRoutes(stage: Stage): Route[] {
  const { world, auth } = stage;
  return [
    {
      method: 'GET',
      path: '/app',
      handler: (call) => {
        auth.requireApp(call);
        return ok({ id: world.app.id, slug: world.app.slug, name: world.app.slug });
      },
    },
    {
      method: 'POST',
      path: '/app/installations/:installation/access_tokens',
      handler: (call) => {
        auth.requireApp(call);
        if (Number(call.params['installation']) !== world.installationId) throw notFound();
        return created(auth.mint(call.body));
      },
    },
    { method: 'GET', path: '/user', handler: (call) => ok(userJson(auth.grantOf(call).actor)) },
    {
      method: 'GET',
      path: '/users/:login',
      handler: ({ params }) => {
        const user = world.users.get(params['login'] ?? '');
        if (user === undefined) throw notFound();
        return ok(userJson(user));
      },
    },
    {
      method: 'GET',
      path: R,
      handler: scoped(stage, 'metadata', (_call, repository) => ok(repositoryJson(repository))),
    },
  ];
}
