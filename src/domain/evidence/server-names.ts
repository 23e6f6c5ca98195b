/** How identities of one GitHub server begin, from its API's address. Source: GitHub docs, "OpenID Connect reference". */

export interface ServerNames {
  /** `https://github.com` */
  readonly server: string;
  /** Of its OIDC tokens for Actions. */
  readonly issuer: string;
}

export function serverNames(apiUrl: string): ServerNames {
  const host = apiUrl.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  if (host === 'api.github.com') {
    return { server: 'https://github.com', issuer: 'https://token.actions.githubusercontent.com' };
  }
  const tenant = /^api\.([a-z0-9-]+\.ghe\.com)$/.exec(host)?.[1];
  if (tenant !== undefined) return { server: `https://${tenant}`, issuer: `https://token.actions.${tenant}` };
  return { server: `https://${host}`, issuer: `https://${host}/_services/token` };
}
