/** Who the App is, where it is installed, and its tokens. */
import type { Grant } from './auth.ts';
import { ApiError, created, notFound, ok, type Route } from './http.ts';
import { appJson, installationJson, profileJson } from './representations/accounts.ts';
import { wholeSeconds, type Json } from './representations/json.ts';
import { repositoryJson } from './representations/repositories.ts';
import { R, scoped, type Stage } from './scoped.ts';
import { findRepository, type World } from './world.ts';

const revokeRoute = ({ auth }: Stage): Route => ({
  method: 'DELETE',
  path: '/installation/token',
  handler: (call) => {
    auth.revoke(call);
    return { status: 204 };
  },
});

export function appRoutes(stage: Stage): Route[] {
  const { world, auth } = stage;
  return [
    {
      method: 'GET',
      path: '/app',
      handler: (call) => {
        auth.requireApp(call);
        return ok(appJson(world));
      },
    },
    {
      method: 'POST',
      path: '/app/installations/:installation/access_tokens',
      handler: (call) => {
        auth.requireApp(call);
        if (Number(call.params['installation']) !== world.installationId) throw notFound();
        return created(tokenJson(auth.mint(call.body), world));
      },
    },
    {
      method: 'GET',
      path: `${R}/installation`,
      handler: (call) => {
        auth.requireApp(call);
        const repository = findRepository(world, call.params['owner'] ?? '', call.params['repo'] ?? '');
        if (repository === null) throw notFound();
        return ok(installationJson(repository, world));
      },
    },
    revokeRoute(stage),
    manifestRoute(stage),
    {
      method: 'GET',
      path: '/user',
      handler: (call) => {
        const { actor, isApp } = auth.grantOf(call);
        // An installation is nobody: it has no user of its own to show.
        if (isApp) throw new ApiError(403, 'Resource not accessible by integration');
        return ok(profileJson(actor, world));
      },
    },
    {
      method: 'GET',
      path: '/users/:login',
      handler: ({ params }) => {
        const user = world.users.get(params['login'] ?? '');
        if (user === undefined) throw notFound();
        return ok(profileJson(user, world));
      },
    },
    {
      method: 'GET',
      path: R,
      handler: scoped(stage, 'metadata', (_call, repository) => ok(repositoryJson(repository, world))),
    },
  ];
}

/** A code is good once. */
const manifestRoute = ({ world }: Stage): Route => ({
  method: 'POST',
  path: '/app-manifests/:code/conversions',
  handler: ({ params }) => {
    const code = params['code'] ?? '';
    const credentials = world.manifestCodes.get(code);
    if (credentials === undefined || !world.manifestCodes.delete(code)) throw notFound();
    const client = { client_id: `Iv23${world.app.id}`, client_secret: 'c'.repeat(40) };
    return created({
      ...appJson(world),
      ...client,
      pem: credentials.pem,
      webhook_secret: credentials.webhookSecret,
    });
  },
});

/** Only a token that was narrowed names its repositories. */
function tokenJson({ token, grant }: { token: string; grant: Grant }, world: World): Json {
  const { repositoryIds, permissions, expiresAt } = grant;
  const repositories = repositoryIds?.map((id) => world.repositories.get(id)).filter((each) => each !== undefined);
  return {
    token,
    expires_at: wholeSeconds(new Date(expiresAt).toISOString()),
    permissions,
    repository_selection: 'selected',
    ...(repositories === undefined
      ? {}
      : { repositories: repositories.map((repository) => repositoryJson(repository, world)) }),
  };
}
