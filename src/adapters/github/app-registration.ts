/** The credentials of an App that was just made of a manifest: they are shown once. Source: REST, "Create a GitHub App from a manifest". */
import { Octokit } from '@octokit/core';
import { z } from 'zod';
import { Secret } from '../../domain/secret.ts';
import { toFault } from './github-fault.ts';
import type { Endpoint } from './tokens.ts';

const Registered = z.object({
  id: z.number().int().positive(),
  slug: z.string(),
  html_url: z.string(),
  pem: z.string().min(1),
  webhook_secret: z.string().min(16),
});

export interface RegisteredApp {
  readonly id: number;
  readonly slug: string;
  readonly page: string;
  readonly privateKey: Secret;
  readonly webhookSecret: Secret;
}

/** @throws GitHubFault, of kind `not_found` where the code is over an hour old or was used */
export async function registeredApp(code: string, { baseUrl, fetch: send }: Endpoint): Promise<RegisteredApp> {
  const octokit = new Octokit({ baseUrl, request: { fetch: send } });
  const route = 'POST /app-manifests/{code}/conversions';
  try {
    const { data } = await octokit.request(route, { code, request: { signal: AbortSignal.timeout(20_000) } });
    const { id, slug, html_url: page, pem, webhook_secret: secret } = Registered.parse(data);
    return { id, slug, page, privateKey: new Secret(pem), webhookSecret: new Secret(secret) };
  } catch (error) {
    throw toFault(error, route, Math.floor(Date.now() / 1000));
  }
}
