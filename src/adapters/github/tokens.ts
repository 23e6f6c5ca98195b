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
  /** A token that nobody else has, revoked once the work is done (threat T29). */
  lend<T>(scope: TokenScope, work: (token: string) => Promise<T>): Promise<T>;
  /** As the App itself, beyond any installation; null where there is none. */
  readonly asApp: AppCall | null;
}

/** @throws GitHubFault */
export type AppCall = (route: string, params: Readonly<Record<string, unknown>>) => Promise<Reply>;

export interface Endpoint {
  readonly baseUrl: string;
  readonly fetch: typeof fetch;
  /** How long one call may take; default: CALL_TIMEOUT_MS of github-client.ts. */
  readonly timeoutMs?: number;
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
  const installationOf = installationsOf(asApp);
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

    async lend(scope, work) {
      const installationId = scope.installationId ?? (await installationOf(scope));
      const token = await mint(asApp, { ...scope, installationId });
      try {
        return await work(token);
      } finally {
        await revoke(octokit, token);
      }
    },
  };
}

/** By owner: an account has one installation of an App, whatever its repositories are called. */
function installationsOf(asApp: AppCall): (scope: TokenScope) => Promise<number> {
  const installations = new Map<string, number>();
  return async ({ owner, name }) => {
    const known = installations.get(owner);
    if (known !== undefined) return known;
    const reply = await asApp('GET /repos/{owner}/{repo}/installation', { owner, repo: name });
    const { id } = Installation.parse(reply.data);
    installations.set(owner, id);
    return id;
  };
}

async function mint(
  asApp: AppCall,
  { installationId, repositoryId, name, permissions }: TokenScope & { readonly installationId: number },
): Promise<string> {
  const { data } = await asApp('POST /app/installations/{installation_id}/access_tokens', {
    installation_id: installationId,
    ...(repositoryId === null ? { repositories: [name] } : { repository_ids: [repositoryId] }),
    permissions: PERMISSION_SETS[permissions],
  });
  return Minted.parse(data).token;
}

const Minted = z.object({ token: z.string().min(1) });

/** It ends by itself within the hour: where GitHub does not answer, that has to do. */
async function revoke(octokit: Octokit, token: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}` };
  await octokit.request('DELETE /installation/token', { headers, request: soon() }).catch(() => undefined);
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
  return {
    asApp: null,
    identity: once(learn),
    token: () => Promise.resolve(secret.reveal()),
    // A person's own token is theirs to revoke.
    lend: (_scope, work) => work(secret.reveal()),
  };
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
