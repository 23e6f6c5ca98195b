/** One repository's API: every call has a narrow token, a time-out, a pinned version, and a fault instead of a status. */
import { Octokit } from '@octokit/core';
import type { z } from 'zod';
import type { Repository } from '../../domain/repository.ts';
import { GitHubFault, toFault } from './github-fault.ts';
import type { RateGate } from './rate-gate.ts';
import type { Endpoint, PermissionSet, Tokens } from './tokens.ts';

/**
 * The one place that names the API version. 2022-11-28 is the last that GHES also speaks, and the one under which
 * `return_run_details` exists as a parameter (from 2026-03-10 on it is always so).
 */
const API_VERSION = '2022-11-28';
/** GitHub itself gives a request up after ten seconds. Source: docs, "Troubleshooting the REST API", "Timeouts". */
export const CALL_TIMEOUT_MS = 20_000;

export interface Call {
  readonly route: string;
  readonly permissions: PermissionSet;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Redirects are answers here, never followed: their host is looked at first. */
  readonly redirect?: 'manual';
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number | undefined>>;
  readonly data: unknown;
}

export type RepositoryCall = (call: Call) => Promise<Reply>;

export interface Line {
  readonly tokens: Tokens;
  readonly endpoint: Endpoint;
  readonly gate: RateGate;
}

/** Where a call goes: a repository, or one of which only the name is known. */
export type Address = Pick<Repository, 'owner' | 'name' | 'installationId'> & { readonly id: number | null };

export function repositoryCall({ tokens, endpoint, gate }: Line, repository: Address): RepositoryCall {
  const installation = String(repository.installationId ?? 'token');
  const octokit = new Octokit({
    baseUrl: endpoint.baseUrl,
    userAgent: 'slsa-pipeline',
    request: { fetch: whole(endpoint.fetch) },
  });
  const send = async (call: Call, renew?: 'renew'): Promise<Reply> => {
    const scope = {
      installationId: repository.installationId,
      repositoryId: repository.id,
      owner: repository.owner,
      name: repository.name,
      permissions: call.permissions,
    };
    const token = await tokens.token(scope, renew);
    return octokit.request(call.route, {
      owner: repository.owner,
      repo: repository.name,
      ...call.params,
      headers: { authorization: `token ${token}`, 'x-github-api-version': API_VERSION, ...call.headers },
      request: {
        signal: AbortSignal.timeout(endpoint.timeoutMs ?? CALL_TIMEOUT_MS),
        ...(call.redirect === undefined ? {} : { redirect: call.redirect }),
      },
    });
  };
  const faultOf = (error: unknown, { route }: Call): GitHubFault => {
    const fault = toFault(error, route, nowEpochSeconds());
    gate.learn(installation, fault);
    return fault;
  };
  return async (call) => {
    gate.pass(installation, nowEpochSeconds());
    try {
      return await send(call);
    } catch (error) {
      const fault = faultOf(error, call);
      if (fault.kind !== 'unauthorized') throw fault;
    }
    try {
      return await send(call, 'renew');
    } catch (error) {
      throw faultOf(error, call);
    }
  };
}

/**
 * Octokit takes an answer that was cut for an empty one (@octokit/request, `getResponseData`): half of a settings file would be
 * read as no settings at all. So an answer is whole before Octokit sees it, or it is none.
 */
const whole =
  (send: typeof fetch): typeof fetch =>
  async (address, options) => {
    const reply = await send(address, options);
    await reply.clone().arrayBuffer();
    return reply;
  };

/** With its fraction: a whole second less would be up to a second of the wait that GitHub asked for. */
const nowEpochSeconds = (): number => Date.now() / 1000;

/** Answers are parsed to what is used of them: leniently, since they are GitHub's and grow. */
export function parseReply<S extends z.ZodType>(schema: S, reply: Reply, route: string): z.output<S> {
  const parsed = schema.safeParse(reply.data);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new GitHubFault('unreadable', `GitHub's answer to ${route} is not what its documentation says, at ${where}`);
}

/** A read whose absence is an answer and no fault. */
export async function orNull<T>(read: Promise<T>): Promise<T | null> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof GitHubFault && error.kind === 'not_found') return null;
    throw error;
  }
}
