/** How identities of one GitHub server begin, from its API's address. Source: GitHub docs, "OpenID Connect reference". */

export interface ServerNames {
  /** `https://github.com` */
  readonly server: string;
  /** Of its OIDC tokens for Actions. */
  readonly issuer: string;
}

/** @param serverUrl where identities begin otherwise than the API's address tells: behind a proxy, or in a sandbox */
export function serverNames(apiUrl: string, serverUrl: string | null): ServerNames {
  const host = serverUrl === null ? hostOfApi(new URL(apiUrl)) : new URL(serverUrl).host;
  return { server: `https://${host}`, issuer: issuerOf(host) };
}

/** github.com and its tenants have their API on a host of its own; a GitHub Enterprise Server has it beside everything. */
const hostOfApi = ({ host }: URL): string =>
  host === 'api.github.com' || /^api\.[a-z0-9-]+\.ghe\.com$/.test(host) ? host.slice('api.'.length) : host;

function issuerOf(host: string): string {
  if (host === 'github.com') return 'https://token.actions.githubusercontent.com';
  if (/^[a-z0-9-]+\.ghe\.com$/.test(host)) return `https://token.actions.${host}`;
  return `https://${host}/_services/token`;
}
