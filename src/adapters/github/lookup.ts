/** A repository's facts, for those who know only its name: the command line. Webhooks bring them along. */
import { createAppAuth } from '@octokit/auth-app';
import { Octokit } from '@octokit/core';
import { z } from 'zod';
import { Repository } from '../../domain/repository.ts';
import type { Secret } from '../../domain/secret.ts';
import { toFault } from './github-fault.ts';
import type { AppCredentials } from './tokens.ts';

export interface RepositoryName {
  readonly owner: string;
  readonly name: string;
}

/** How to ask: with a plain token, or as an App's installation. */
export type Asking = { readonly kind: 'token'; readonly token: Secret } | ({ readonly kind: 'app' } & AppCredentials);

const Facts = z.object({
  id: z.number(),
  name: z.string(),
  owner: z.object({ id: z.number(), login: z.string() }),
  default_branch: z.string(),
  private: z.boolean(),
  visibility: z.enum(['public', 'private', 'internal']).optional(),
});

/** @throws GitHubFault, of kind `not_found` where the App is not installed there or the token cannot see it. */
export async function lookUpRepository(
  asking: Asking,
  baseUrl: string,
  { owner, name }: RepositoryName,
): Promise<Repository> {
  const octokit = new Octokit({ baseUrl });
  try {
    const { token, installationId } = await credentialsFor(asking, octokit, { owner, name });
    const headers = { authorization: `token ${token}` };
    const reply = await octokit.request('GET /repos/{owner}/{repo}', { owner, repo: name, headers });
    const facts = Facts.parse(reply.data);
    return Repository.parse({
      id: facts.id,
      owner: facts.owner.login,
      ownerId: facts.owner.id,
      name: facts.name,
      defaultBranch: facts.default_branch,
      visibility: facts.visibility ?? (facts.private ? 'private' : 'public'),
      installationId,
    });
  } catch (error) {
    throw toFault(error, `the look-up of ${owner}/${name}`, Math.floor(Date.now() / 1000));
  }
}

async function credentialsFor(
  asking: Asking,
  octokit: Octokit,
  { owner, name }: RepositoryName,
): Promise<{ token: string; installationId: number | null }> {
  if (asking.kind === 'token') return { token: asking.token.reveal(), installationId: null };
  const auth = createAppAuth({ appId: asking.appId, privateKey: asking.privateKey.reveal(), request: octokit.request });
  const { token: jwt } = await auth({ type: 'app' });
  const headers = { authorization: `Bearer ${jwt}` };
  const reply = await octokit.request('GET /repos/{owner}/{repo}/installation', { owner, repo: name, headers });
  const installationId = z.object({ id: z.number() }).parse(reply.data).id;
  const { token } = await auth({ type: 'installation', installationId, permissions: { metadata: 'read' } });
  return { token, installationId };
}
