/** How identities begin, server by server: every comparison of a signer starts from these words. */
import { describe, expect, it } from '@jest/globals';
import { serverNames } from '../../src/domain/evidence/server-names.ts';

const GITHUB = { server: 'https://github.com', issuer: 'https://token.actions.githubusercontent.com' };
const TENANT = { server: 'https://octocorp.ghe.com', issuer: 'https://token.actions.octocorp.ghe.com' };
const OWN = { server: 'https://github.example.com', issuer: 'https://github.example.com/_services/token' };

describe('the names of a server', () => {
  it.each([
    ['https://api.github.com', GITHUB],
    ['https://api.github.com/', GITHUB],
    ['https://API.GitHub.com', GITHUB],
    ['https://api.octocorp.ghe.com', TENANT],
    ['https://github.example.com/api/v3', OWN],
    ['https://github.example.com/api/v3/', OWN],
    [
      'https://github.example.com:8443/api/v3',
      { server: 'https://github.example.com:8443', issuer: 'https://github.example.com:8443/_services/token' },
    ],
  ])('come from its API: %s', (apiUrl, names) => {
    expect(serverNames(apiUrl, null)).toEqual(names);
  });

  it.each([
    ['https://github.com', GITHUB],
    ['https://github.com/', GITHUB],
    ['https://octocorp.ghe.com', TENANT],
    ['https://github.example.com', OWN],
    ['https://github.example.com/', OWN],
  ])('are those of %s where the operator says so, wherever the API is', (serverUrl, names) => {
    expect(serverNames('http://127.0.0.1:8080', serverUrl)).toEqual(names);
  });

  // Near names are other servers: whoever holds one must not be taken for GitHub.
  it.each([
    'https://api.github.com.evil.example',
    'https://evil.example/api.github.com',
    'https://api.octocorp.ghe.com.evil.example',
    'https://api.a.b.ghe.com',
    'https://xapi.github.com',
    'https://api-github.com',
  ])('of %s are not those of github.com or of a tenant', (apiUrl) => {
    const { host } = new URL(apiUrl);
    expect(serverNames(apiUrl, null)).toEqual({ server: `https://${host}`, issuer: `https://${host}/_services/token` });
  });
});
