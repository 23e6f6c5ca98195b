/** How identities of one GitHub server begin, from its API's address. Source: GitHub docs, "OpenID Connect reference". */

export interface ServerNames {
  /** `https://github.com` */
  readonly server: string;
  /** Of its OIDC tokens for Actions. */
  readonly issuer: string;
}

/** @param serverUrl where identities begin otherwise than the API's address tells: behind a proxy, or in a sandbox */
export function serverNames(apiUrl: string, serverUrl: string | null): ServerNames {
  if (serverUrl === 'https://github.com') return serverNames('https://api.github.com', null);
  if (serverUrl !== null) return serverNames(`${serverUrl}/api/v3`, null);
  const host = apiUrl.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  if (host === 'api.github.com') {
    return { server: 'https://github.com', issuer: 'https://token.actions.githubusercontent.com' };
  }
  const tenant = /^api\.([a-z0-9-]+\.ghe\.com)$/.exec(host)?.[1];
  if (tenant !== undefined) return { server: `https://${tenant}`, issuer: `https://token.actions.${tenant}` };
  return { server: `https://${host}`, issuer: `https://${host}/_services/token` };
}
