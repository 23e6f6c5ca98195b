/** How a process acts on GitHub: as the App, or with a plain token. */
import { createGitHub, type GitHub } from '../../adapters/github/github.ts';
import { appTokens, plainTokens } from '../../adapters/github/tokens.ts';
import { counting, type Metrics } from '../../adapters/metrics/metrics.ts';
import type { Credentials } from '../environment.ts';

export function githubFor(credentials: Credentials, baseUrl: string, metrics?: Metrics): GitHub {
  const send = metrics === undefined ? globalThis.fetch : counting(globalThis.fetch, metrics);
  const endpoint = { baseUrl, fetch: send };
  const tokens =
    credentials.kind === 'app' ? appTokens(credentials, endpoint) : plainTokens(credentials.token, endpoint);
  return createGitHub(tokens, endpoint);
}
