/** Who we are on GitHub, and tokens that can do no more than the call at hand needs. */
import { createAppAuth } from '@octokit/auth-app';
import { Octokit } from '@octokit/core';
import { z } from 'zod';
import type { Secret } from '../../domain/secret.ts';
import { toFault } from './github-fault.ts';
import type { Reply } from './github-client.ts';

/** What a call needs; each set is one token, cached by (installation, repository, set). */
export const PERMISSION_SETS = {
  read: { contents: 'read', checks: 'read', pull_requests: 'read', metadata: 'read' },
  report: { checks: 'write', statuses: 'write' },
  dispatch: { actions: 'write' },
  follow: { actions: 'read' },
  attestations: { attestations: 'read' },
  propose: { contents: 'write', pull_requests: 'write' },
  converse: { issues: 'write', pull_requests: 'write' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, 'read' | 'write'>>>>;
export type PermissionSet = keyof typeof PERMISSION_SETS;

export interface TokenScope {
  readonly installationId: number | null;
  /** Null where only its name is known. */
  readonly repositoryId: number | null;
  readonly owner: string;
  readonly name: string;
  readonly permissions: PermissionSet;
}

export interface GitHubIdentity {
  /** Numeric id of the user that our dispatches and comments appear under. */
  readonly userId: number;
  readonly login: string;
  /** Null where a plain token is used: then there are no check runs, which belong to Apps. */
  readonly appId: number | null;
}

export interface Tokens {
  /** @param renew asks for a fresh token after GitHub refused the cached one. */
  token(scope: TokenScope, renew?: 'renew'): Promise<string>;
  identity(): Promise<GitHubIdentity>;
  /** As the App itself, beyond any installation; null where there is none. */
  readonly asApp: AppCall | null;
}

/** @throws GitHubFault */
export type AppCall = (route: string, params: Readonly<Record<string, unknown>>) => Promise<Reply>;

export interface Endpoint {
  readonly baseUrl: string;
  readonly fetch: typeof fetch;
}

const App = z.object({ id: z.number(), slug: z.string() });
const Installation = z.object({ id: z.number().int().positive() });
const User = z.object({ id: z.number(), login: z.string() });

export interface AppCredentials {
  readonly appId: number;
  readonly privateKey: Secret;
}

export function appTokens(credentials: AppCredentials, endpoint: Endpoint): Tokens {
  const octokit = new Octokit({ baseUrl: endpoint.baseUrl, request: { fetch: endpoint.fetch } });
  const { appId, privateKey } = credentials;
  const auth = createAppAuth({ appId, privateKey: privateKey.reveal(), request: octokit.request });
  const learn = async (): Promise<GitHubIdentity> => {
    const { token } = await auth({ type: 'app' });
    const app = App.parse(
      (await octokit.request('GET /app', { headers: { authorization: `Bearer ${token}` }, request: soon() })).data,
    );
    // The bot user is public: looked up without credentials, since an App's own token may not read users.
    const user = await octokit.request('GET /users/{username}', {
      username: `${app.slug}[bot]`,
      request: soon(),
    });
    const { id: userId, login } = User.parse(user.data);
    return { userId, login, appId: app.id };
  };
  const asApp: AppCall = async (route, params) => {
    const { token } = await auth({ type: 'app' });
    try {
      return await octokit.request(route, {
        ...params,
        headers: { authorization: `Bearer ${token}` },
        request: soon(),
      });
    } catch (error) {
      throw toFault(error, route, Math.floor(Date.now() / 1000));
    }
  };
  // By owner: an account has one installation of an App, whatever its repositories are called.
  const installations = new Map<string, number>();
  const installationOf = async ({ owner, name }: TokenScope): Promise<number> => {
    const known = installations.get(owner);
    if (known !== undefined) return known;
    const reply = await asApp('GET /repos/{owner}/{repo}/installation', { owner, repo: name });
    const { id } = Installation.parse(reply.data);
    installations.set(owner, id);
    return id;
  };
  return {
    asApp,
    identity: once(learn),
    async token(scope, renew) {
      const { repositoryId, name, permissions } = scope;
      const installationId = scope.installationId ?? (await installationOf(scope));
      const { token } = await auth({
        type: 'installation',
        installationId,
        ...(repositoryId === null ? { repositoryNames: [name] } : { repositoryIds: [repositoryId] }),
        permissions: PERMISSION_SETS[permissions],
        refresh: renew === 'renew',
      });
      return token;
    },
  };
}

export function plainTokens(secret: Secret, endpoint: Endpoint): Tokens {
  const octokit = new Octokit({ baseUrl: endpoint.baseUrl, request: { fetch: endpoint.fetch } });
  const learn = async (): Promise<GitHubIdentity> => {
    const user = await octokit.request('GET /user', {
      headers: { authorization: `Bearer ${secret.reveal()}` },
      request: soon(),
    });
    const { id: userId, login } = User.parse(user.data);
    return { userId, login, appId: null };
  };
  return { asApp: null, identity: once(learn), token: () => Promise.resolve(secret.reveal()) };
}

const TIMEOUT_MS = 20_000;

/** Nothing here has a deadline of its own: an answer that never comes would hold whoever asks who we are. */
const soon = (): { signal: AbortSignal } => ({ signal: AbortSignal.timeout(TIMEOUT_MS) });

/** Learnt once a process; a failed try is not remembered. */
function once<T>(learn: () => Promise<T>): () => Promise<T> {
  let learnt: Promise<T> | null = null;
  return () => {
    learnt ??= learn().catch((error: unknown) => {
      learnt = null;
      throw toFault(error, 'the question who we are', Math.floor(Date.now() / 1000));
    });
    return learnt;
  };
}
