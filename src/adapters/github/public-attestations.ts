/** Attestations of a repository for those who are not its App: the command line, with a token or without one. */
import { Octokit } from '@octokit/core';
import type { Digest } from '../../domain/git.ts';
import { attestations } from './attestations.ts';
import { GitHubFault, toFault } from './github-fault.ts';
import type { RepositoryCall } from './github-client.ts';

export interface PublicLookup {
  readonly baseUrl: string;
  readonly token: string | null;
  /** `owner/name` */
  readonly repository: string;
  readonly digest: Digest;
}

const TIMEOUT_MS = 20_000;

/** @throws GitHubFault */
export async function readPublicAttestations({
  baseUrl,
  token,
  repository,
  digest,
}: PublicLookup): Promise<readonly Uint8Array[]> {
  const octokit = new Octokit({ baseUrl, userAgent: 'slsa-pipeline', request: { fetch: globalThis.fetch } });
  const [owner = '', repo = ''] = repository.split('/');
  const call: RepositoryCall = async ({ route, params }) => {
    const headers = token === null ? {} : { authorization: `token ${token}` };
    try {
      const request = { signal: AbortSignal.timeout(TIMEOUT_MS) };
      return await octokit.request(route, { owner, repo, ...params, headers, request });
    } catch (error) {
      throw toFault(error, route, Math.floor(Date.now() / 1000));
    }
  };
  const reading = await attestations(call, { baseUrl, fetch: globalThis.fetch }).bundlesOf(digest);
  if (reading.kind === 'not_available') {
    const why = 'not without a token that may read them, or not on this plan';
    throw new GitHubFault('forbidden', `GitHub does not show the attestations of ${repository}: ${why}`);
  }
  return reading.bundles.map((each) => (each.kind === 'bytes' ? each.bytes : new Uint8Array()));
}
