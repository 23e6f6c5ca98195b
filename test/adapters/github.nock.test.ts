/** The adapter at GitHub's edge: what it sends, and what it makes of answers. */
import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import nock from 'nock';
import { Secret } from '../../src/domain/secret.ts';
import { createGitHub, type RepositoryApi } from '../../src/adapters/github/github.ts';
import { toFault } from '../../src/adapters/github/github-fault.ts';
import { appTokens } from '../../src/adapters/github/tokens.ts';
import { CommitSha, GitRef } from '../../src/domain/git.ts';

const API = 'https://api.github.com';
const REPOSITORY = {
  id: 42,
  owner: 'acme',
  ownerId: 2,
  name: 'app',
  defaultBranch: 'main',
  visibility: 'public',
  installationId: 7,
} as const;
const MAIN = GitRef.parse('refs/heads/main');
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const key = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();

let api: RepositoryApi;
let minted: unknown[];

beforeEach(() => {
  nock.disableNetConnect();
  minted = [];
  nock(API)
    .persist()
    .post('/app/installations/7/access_tokens', (body: unknown) => {
      // nock also asks its matchers with an empty body.
      if (body !== '') minted.push(body);
      return true;
    })
    .reply(201, {
      token: 'ghs_x',
      expires_at: new Date(Date.now() + 3_600_000).toISOString(),
      permissions: {},
      repository_selection: 'selected',
    });
  const endpoint = { baseUrl: API, fetch: globalThis.fetch };
  api = createGitHub(appTokens({ appId: 1, privateKey: new Secret(key) }, endpoint), endpoint).repository(REPOSITORY);
});
afterEach(() => {
  expect(nock.pendingMocks().filter((mock) => !mock.includes('access_tokens'))).toEqual([]);
  nock.cleanAll();
});

const path = (rest: string): string => `/repos/acme/app/${rest}`;
const DISPATCHES = path('actions/workflows/00-megalinter.yml/dispatches');
const dispatch = (): Promise<unknown> =>
  api.actions.dispatch({ file: '00-megalinter.yml', ref: MAIN, inputs: { key: 'k' } });

describe('a token', () => {
  it('T29: is for one repository and the least permissions, and is asked for once', async () => {
    nock(API).get(path('commits/heads%2Fmain')).twice().reply(200, 'a'.repeat(40));
    await api.contents.commitAt(MAIN);
    await api.contents.commitAt(MAIN);
    expect(minted).toEqual([
      {
        repository_ids: [42],
        permissions: { contents: 'read', checks: 'read', pull_requests: 'read', metadata: 'read' },
      },
    ]);
  });

  it('F6: of a repository whose event named no installation is minted for the one that GitHub names, asked once', async () => {
    const endpoint = { baseUrl: API, fetch: globalThis.fetch };
    const unknown = createGitHub(appTokens({ appId: 1, privateKey: new Secret(key) }, endpoint), endpoint).repository({
      ...REPOSITORY,
      installationId: null,
    });
    const lookUp = nock(API).get(path('installation')).reply(200, { id: 7 });
    nock(API).get(path('commits/heads%2Fmain')).times(2).reply(200, 'a'.repeat(40));
    expect(await unknown.contents.commitAt(MAIN)).toBe('a'.repeat(40));
    expect(await unknown.contents.commitAt(MAIN)).toBe('a'.repeat(40));
    expect(lookUp.isDone()).toBe(true);
  });

  it('F11: that is refused is renewed once, and then it is a fault', async () => {
    nock(API).get(path('commits/heads%2Fmain')).twice().reply(401, { message: 'Bad credentials' });
    await expect(api.contents.commitAt(MAIN)).rejects.toMatchObject({ kind: 'unauthorized' });
    expect(minted).toHaveLength(2);
  });
});

describe('a dispatch', () => {
  it('names the API version and asks for the run that it started', async () => {
    nock(API, { reqheaders: { 'x-github-api-version': '2022-11-28' } })
      .post(DISPATCHES, { ref: 'refs/heads/main', inputs: { key: 'k' }, return_run_details: true })
      .reply(200, { workflow_run_id: 99, run_url: 'x', html_url: 'https://github.com/r/99' });
    expect(await dispatch()).toEqual({ kind: 'started', actionsRunId: 99, url: 'https://github.com/r/99' });
  });

  it('is accepted without a run by older servers', async () => {
    nock(API).post(DISPATCHES).reply(204);
    expect(await dispatch()).toEqual({ kind: 'accepted' });
  });

  it('is sent again without the parameter that GHES up to 3.20 refuses', async () => {
    nock(API)
      .post(DISPATCHES, (body: { return_run_details?: boolean }) => body.return_run_details === true)
      .reply(422, { message: 'Invalid request.\n\n"return_run_details" is not a permitted key.' });
    nock(API)
      .post(DISPATCHES, (body: { return_run_details?: boolean }) => body.return_run_details === undefined)
      .reply(204);
    expect(await dispatch()).toEqual({ kind: 'accepted' });
  });

  it('F9: that a server answered with 502 is unavailable: nobody knows whether it took effect', async () => {
    nock(API).post(DISPATCHES).reply(502, 'Bad Gateway');
    await expect(dispatch()).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('whose connection was cut is unavailable', async () => {
    nock(API).post(DISPATCHES).replyWithError('socket hang up');
    await expect(dispatch()).rejects.toMatchObject({ kind: 'unavailable' });
  });
});

describe('a limit', () => {
  it('F10: holds every call of its installation without asking again, and none of another', async () => {
    const endpoint = { baseUrl: API, fetch: globalThis.fetch };
    const github = createGitHub(appTokens({ appId: 1, privateKey: new Secret(key) }, endpoint), endpoint);
    const other = github.repository({ ...REPOSITORY, id: 43, name: 'other', installationId: 8 });
    nock(API)
      .persist()
      .post('/app/installations/8/access_tokens')
      .reply(201, {
        token: 'ghs_y',
        expires_at: new Date(Date.now() + 3_600_000).toISOString(),
        permissions: {},
        repository_selection: 'selected',
      });
    nock(API)
      .get(path('commits/heads%2Fmain'))
      .reply(403, { message: 'secondary rate limit' }, { 'retry-after': '30' });
    nock(API).get('/repos/acme/other/commits/heads%2Fmain').reply(200, 'b'.repeat(40));

    const limited = { kind: 'rate_limited', untilEpochSeconds: expect.any(Number) };
    await expect(github.repository(REPOSITORY).contents.commitAt(MAIN)).rejects.toMatchObject(limited);
    // Nothing stands ready to answer this one: it is not sent.
    await expect(github.repository(REPOSITORY).contents.fileAt('a', 'main')).rejects.toMatchObject(limited);
    expect(await other.contents.commitAt(MAIN)).toBe('b'.repeat(40));
  });
});

describe('reads', () => {
  it('take an absent ref, file and pull request as absent', async () => {
    nock(API).get(path('commits/heads%2Fmain')).reply(422, { message: 'No commit found for SHA: heads/main' });
    nock(API).get(path('contents/a.yml')).query({ ref: 'main' }).reply(404, { message: 'Not Found' });
    nock(API).get(path('pulls/7')).reply(404, { message: 'Not Found' });
    expect([
      await api.contents.commitAt(MAIN),
      await api.contents.fileAt('a.yml', 'main'),
      await api.contents.pullRequest(7),
    ]).toEqual([null, null, null]);
  });

  it('F16: are conditional where an ETag is known', async () => {
    nock(API, { reqheaders: { 'if-none-match': 'W/"1"' } })
      .get(path('actions/runs/5'))
      .reply(304);
    expect(await api.actions.run(5, 'W/"1"')).toBeNull();
  });

  it('that are not what GitHub promises are named, and never used', async () => {
    nock(API).get(path('actions/runs/5')).reply(200, { id: 'five' });
    await expect(api.actions.run(5, null)).rejects.toMatchObject({
      kind: 'unreadable',
      message: expect.stringContaining('GET /repos/{owner}/{repo}/actions/runs/{run_id}'),
    });
  });

  it('of check runs leave out those of other Apps', async () => {
    const sha = CommitSha.parse('a'.repeat(40));
    const runs = [
      { id: 1, status: 'completed', app: { id: 1 } },
      { id: 2, status: 'completed', app: { id: 9 } },
    ];
    nock(API)
      .get(path(`commits/${sha}/check-runs`))
      .query(true)
      .reply(200, { check_runs: runs });
    expect((await api.reports.checkRuns(sha, 1)).map(({ id }) => id)).toEqual([1]);
  });

  it('T4, T3: of permissions hold for the numeric user only', async () => {
    nock(API)
      .get(path('collaborators/kim/permission'))
      .reply(200, { permission: 'write', user: { id: 666 } });
    expect(await api.conversations.mayWrite({ id: 5, login: 'kim' })).toBe(false);
  });
});

describe('a refusal', () => {
  const NOW = 1_000_000;
  const refusal = (status: number, headers: Record<string, string>, message = ''): unknown => ({
    status,
    message: 'x',
    response: { headers, data: { message } },
  });

  it.each([
    ['retry-after', refusal(403, { 'retry-after': '30' }), NOW + 30],
    [
      'the primary limit',
      refusal(403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW + 900) }),
      NOW + 900,
    ],
    [
      'the secondary limit without a time',
      refusal(403, { 'x-ratelimit-remaining': '10' }, 'You have exceeded a secondary rate limit.'),
      NOW + 60,
    ],
    ['429 without a time', refusal(429, {}), NOW + 60],
    ['a reset in the past', refusal(429, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '5' }), NOW + 1],
  ])('F10: by %s says until when to wait', (_, error, until) => {
    expect(toFault(error, 'a call', NOW)).toMatchObject({ kind: 'rate_limited', untilEpochSeconds: until });
  });

  it.each([
    [403, 'forbidden'],
    [404, 'not_found'],
    [409, 'conflict'],
    [410, 'gone'],
    [422, 'unprocessable'],
    [451, 'gone'],
    [500, 'unavailable'],
    [418, 'unreadable'],
  ])('F13, F14: %d is %s', (status, kind) => {
    expect(toFault(refusal(status, {}), 'a call', NOW).kind).toBe(kind);
  });
});
