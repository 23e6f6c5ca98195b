/** Peers that misbehave below HTTP, and clocks that are wrong: the adapter over real sockets. */
import { createServer, type Server } from 'node:http';
import { createServer as createSocketServer, type AddressInfo, type Server as SocketServer } from 'node:net';
import { generateKeyPairSync } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { CALL_TIMEOUT_MS } from '../../src/adapters/github/github-client.ts';
import { createGitHub, type RepositoryApi } from '../../src/adapters/github/github.ts';
import { toFault } from '../../src/adapters/github/github-fault.ts';
import { plainTokens } from '../../src/adapters/github/tokens.ts';
import { createLogger } from '../../src/cli/logging.ts';
import { branchRef } from '../../src/domain/git.ts';
import { Secret } from '../../src/domain/secret.ts';

const REPOSITORY = {
  id: 1,
  owner: 'acme',
  ownerId: 2,
  name: 'app',
  defaultBranch: 'main',
  visibility: 'public',
  installationId: null,
} as const;
const servers: (Server | SocketServer)[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listening(server: Server | SocketServer): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const apiAt = (baseUrl: string, timeoutMs = CALL_TIMEOUT_MS): RepositoryApi => {
  const endpoint = { baseUrl, fetch: globalThis.fetch, timeoutMs };
  return createGitHub(plainTokens(new Secret('t'), endpoint), endpoint).repository(REPOSITORY);
};

describe('a peer', () => {
  it('F39: that takes a connection and never answers is given up in time', async () => {
    const url = await listening(createSocketServer());
    const silent = apiAt(url, 300).contents.commitAt(branchRef('main'));
    await expect(silent).rejects.toMatchObject({ kind: 'unavailable' });
    expect(CALL_TIMEOUT_MS).toBeLessThanOrEqual(30_000);
  });

  it('F39: that is not there is unavailable at once', async () => {
    const url = await listening(createSocketServer());
    servers.splice(0).forEach((server) => server.close());
    await expect(apiAt(url).contents.commitAt(branchRef('main'))).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('F8: that cuts its answer short has not answered: half of a settings file is none, and not an empty one', async () => {
    const url = await listening(
      createServer((_request, response) => {
        response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '100' });
        response.write('preset: standard\nfail_on_vul', () => response.destroy());
      }),
    );
    await expect(apiAt(url).contents.fileAt('.github/slsa-pipeline.yml', 'main')).rejects.toMatchObject({
      kind: 'unavailable',
    });
  });

  it('F14: that has moved a repository is followed to where it is now', async () => {
    const url = await listening(
      createServer((request, response) => {
        if (request.url?.startsWith('/repos/acme/app/') === true)
          response.writeHead(301, { location: '/repositories/1/commits/heads/main' }).end();
        else response.writeHead(200, { 'content-type': 'text/plain' }).end('a'.repeat(40));
      }),
    );
    expect(await apiAt(url).contents.commitAt(branchRef('main'))).toBe('a'.repeat(40));
  });
});

describe("a machine's clock", () => {
  it.each([
    [300, 'ahead of'],
    [-300, 'behind'],
  ])('F31: that is %i s off is named where GitHub refuses what it has signed', (skew, words) => {
    const now = 1_795_000_000;
    const error = {
      status: 401,
      message: 'x',
      response: {
        headers: { date: new Date((now - skew) * 1000).toUTCString() },
        data: { message: 'A JSON web token could not be decoded' },
      },
    };
    expect(toFault(error, 'the question who we are', now).message).toContain(
      `this machine's clock is 300 s ${words} GitHub's: set it`,
    );
  });

  it('F31: that is right is not spoken of', () => {
    const now = 1_795_000_000;
    const error = {
      status: 401,
      message: 'x',
      response: { headers: { date: new Date(now * 1000).toUTCString() }, data: {} },
    };
    expect(toFault(error, 'a call', now).message).not.toContain('clock');
  });
});

describe('a rate limit', () => {
  it('F10: is waited out to the last of its seconds, also where it was told in the middle of one', () => {
    const error = { status: 403, message: 'x', response: { headers: { 'retry-after': '3' }, data: {} } };
    expect(toFault(error, 'a call', 100.29)).toMatchObject({ kind: 'rate_limited', untilEpochSeconds: 104 });
    expect(toFault(error, 'a call', 100)).toMatchObject({ kind: 'rate_limited', untilEpochSeconds: 103 });
  });
});

describe('a log', () => {
  it('F37: that cannot be written, on a disk that is full, ends nothing', () => {
    const full = {
      write: () => {
        throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
      },
    };
    const log = createLogger(
      'info',
      [new Secret(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())],
      full,
    );
    expect(() => log.info('anything')).not.toThrow();
  });
});
