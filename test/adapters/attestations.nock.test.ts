/** What GitHub keeps for a digest: anybody with write access can have stored it, and the store is another host. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import nock from 'nock';
import { compress } from 'snappyjs';
import type { ArchiveSource } from '../../src/adapters/github/artifact-archive.ts';
import { attestations, inflate, type AttestationsReading } from '../../src/adapters/github/attestations.ts';
import { GitHubFault } from '../../src/adapters/github/github-fault.ts';
import { createGitHub } from '../../src/adapters/github/github.ts';
import { readPublicAttestations } from '../../src/adapters/github/public-attestations.ts';
import { Digest } from '../../src/domain/git.ts';

const API = 'https://api.github.com';
const STORE = 'https://tmaproduction.blob.core.windows.net';
const DIGEST = Digest.parse(`sha256:${'9c'.repeat(32)}`);
const PATH = `/repos/acme/app/attestations/${encodeURIComponent(DIGEST)}`;
const BUNDLE = { mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json', of: 'this image' };
const BUNDLE_TEXT = JSON.stringify(BUNDLE);
const MEGABYTE = 1024 * 1024;

beforeEach(() => {
  nock.disableNetConnect();
});
afterEach(() => {
  expect(nock.pendingMocks()).toEqual([]);
  nock.cleanAll();
});

const REPOSITORY = {
  id: 42,
  owner: 'acme',
  ownerId: 2,
  name: 'app',
  defaultBranch: 'main',
  visibility: 'public',
  installationId: 7,
} as const;

/** The adapter with its real client, and a token that must never reach the store. */
const read = (): Promise<AttestationsReading> =>
  createGitHub(
    {
      token: () => Promise.resolve('ghs_secret'),
      identity: () => Promise.reject(new Error('not asked')),
      asApp: null,
      lend: () => Promise.reject(new Error('not asked')),
    },
    { baseUrl: API, fetch: globalThis.fetch },
  )
    .repository(REPOSITORY)
    .attestations.bundlesOf(DIGEST);

const listed = (...list: readonly object[]): nock.Scope =>
  nock(API).get(PATH).query({ per_page: 30 }).reply(200, { attestations: list });
const stored = (path: string): object => ({ bundle: null, bundle_url: `${STORE}${path}`, repository_id: 42 });

/** Everything that could be read, as text; what could not, as its reason. */
function told(reading: AttestationsReading): string[] {
  if (reading.kind !== 'read') return [reading.kind];
  return reading.bundles.map((each) => (each.kind === 'bytes' ? Buffer.from(each.bytes).toString() : each.reason));
}

describe('a stored attestation', () => {
  it('is in the answer itself', async () => {
    listed({ bundle: BUNDLE, repository_id: 42, initiator: 'user' });
    expect(told(await read())).toEqual([BUNDLE_TEXT]);
  });

  it("lies in GitHub's store, as a raw snappy block, and is fetched without our token", async () => {
    listed(stored('/one.json.sn'));
    nock(STORE, { badheaders: ['authorization'] })
      .get('/one.json.sn')
      .reply(200, Buffer.from(compress(Buffer.from(BUNDLE_TEXT))));
    expect(told(await read())).toEqual([BUNDLE_TEXT]);
  });

  it('lies there as plain JSON', async () => {
    listed(stored('/one.json'));
    nock(STORE).get('/one.json').reply(200, BUNDLE_TEXT);
    expect(told(await read())).toEqual([BUNDLE_TEXT]);
  });

  it('that is in the answer is taken from there, whatever address stands beside it', async () => {
    listed({ bundle: BUNDLE, bundle_url: 'http://169.254.169.254/latest' });
    expect(told(await read())).toEqual([BUNDLE_TEXT]);
  });
});

describe('an answer without attestations', () => {
  it.each([
    ['404', 404, { kind: 'read', bundles: [] }],
    ['403', 403, { kind: 'not_available' }],
    ['422', 422, { kind: 'not_available' }],
    ['410', 410, { kind: 'not_available' }],
  ])('%s', async (_, status, reading) => {
    nock(API).get(PATH).query(true).reply(status, { message: 'said GitHub' });
    expect(await read()).toEqual(reading);
  });

  it('of the next pages is read too, by their cursor and from our own address', async () => {
    const page = (after: string | null, cursor: string | null): nock.Scope =>
      nock(API)
        .get(PATH)
        .query({ per_page: 30, ...(after === null ? {} : { after }) })
        .reply(200, { attestations: [{ bundle: { page: after } }] }, linkTo(cursor));
    const linkTo = (cursor: string | null): Record<string, string> =>
      cursor === null
        ? {}
        : { link: `<https://elsewhere.example/x?per_page=30&after=${encodeURIComponent(cursor)}>; rel="next"` };
    page(null, 'a=b');
    page('a=b', null);
    expect(told(await read())).toEqual(['{"page":null}', '{"page":"a=b"}']);
  });

  it('beyond the fourth page is not asked for, however many are said to follow', async () => {
    const endless = { link: '<https://api.github.com/x?after=again>; rel="next"' };
    nock(API).get(PATH).query({ per_page: 30 }).reply(200, { attestations: [] }, endless);
    nock(API).get(PATH).query({ per_page: 30, after: 'again' }).times(3).reply(200, { attestations: [] }, endless);
    expect(told(await read())).toEqual([]);
  });

  it('T34: an empty list says that there are none', async () => {
    listed();
    expect(await read()).toEqual({ kind: 'read', bundles: [] });
  });

  it.each([500, 502, 503])('T34: %d is no answer: it is neither none nor not available', async (status) => {
    nock(API).get(PATH).query(true).reply(status);
    await expect(read()).rejects.toMatchObject({ name: 'GitHubFault', kind: 'unavailable' });
  });

  it('a limit is a limit, though its status is that of a refusal', async () => {
    nock(API).get(PATH).query(true).reply(403, {}, { 'retry-after': '7' });
    await expect(read()).rejects.toMatchObject({ kind: 'rate_limited' });
  });

  it.each([
    ['no list', {}],
    ['a list of words', { attestations: ['a'] }],
    ['an address that is no text', { attestations: [{ bundle_url: 7 }] }],
  ])('%s is not what GitHub promises', async (_, body) => {
    nock(API).get(PATH).query(true).reply(200, body);
    await expect(read()).rejects.toMatchObject({ kind: 'unreadable' });
  });
});

describe('one that cannot be read', () => {
  const UNREADABLE: readonly (readonly [what: string, listed: object, reply: (() => void) | null, reason: RegExp])[] = [
    ['has neither a bundle nor an address', { bundle: null }, null, /neither a bundle nor an address/],
    [
      'is gone from the store',
      stored('/gone'),
      () => nock(STORE).get('/gone').reply(404),
      /the artifact store answered 404/,
    ],
    [
      'is at an address that has expired',
      stored('/late'),
      () => nock(STORE).get('/late').reply(403),
      /the artifact store answered 403/,
    ],
    [
      'is somewhere else by now: the store sends us on',
      stored('/moved'),
      () => nock(STORE).get('/moved').reply(302, '', { location: 'http://169.254.169.254/latest' }),
      /the artifact store answered 302/,
    ],
    [
      'is no block',
      stored('/x'),
      () =>
        nock(STORE)
          .get('/x')
          .reply(200, Buffer.from([0xff, 0xff])),
      /not a snappy/,
    ],
    ['is empty', stored('/empty'), () => nock(STORE).get('/empty').reply(200, ''), /not a snappy/],
  ];

  it.each(UNREADABLE)('%s, and hides none of the others', async (_, entry, reply, reason) => {
    listed({ bundle: BUNDLE }, entry, { bundle: BUNDLE });
    reply?.();
    expect(told(await read())).toEqual([BUNDLE_TEXT, expect.stringMatching(reason), BUNDLE_TEXT]);
  });

  it.each([
    'http://169.254.169.254/latest/meta-data',
    'http://127.0.0.1:1/x',
    'http://[::ffff:10.0.0.1]/x',
    'file:///etc/passwd',
    'https://github.com.evil.example/x',
    'https://api.github.com@evil.example/x',
    'https://api.github.com.evil.example/x',
    'https://evil.example/x.blob.core.windows.net',
    'https://x.blob.core.windows.net:8443/x',
    'http://x.blob.core.windows.net/x',
    'no address',
  ])("lies at %s, which is not GitHub's: it is not asked", async (address) => {
    listed({ bundle: null, bundle_url: address }, { bundle: BUNDLE });
    // Nothing is mocked there, and the network is shut: a request would be a fault of another kind.
    expect(told(await read())).toEqual(["the artifact is kept at an address that is not GitHub's", BUNDLE_TEXT]);
  });

  it('F38: because the store is down is no answer: it may be the good one', async () => {
    listed({ bundle: BUNDLE }, stored('/down'));
    nock(STORE).get('/down').reply(503);
    await expect(read()).rejects.toMatchObject({ name: 'GitHubFault', kind: 'unavailable' });
  });
});

/** A store that answers by itself, without end if it likes. */
function readFrom(store: typeof fetch, list: readonly object[]): Promise<AttestationsReading> {
  const source: ArchiveSource = { baseUrl: API, fetch: store };
  const call = (): Promise<{ status: number; headers: object; data: unknown }> =>
    Promise.resolve({ status: 200, headers: {}, data: { attestations: list } });
  return attestations(call as Parameters<typeof attestations>[0], source).bundlesOf(DIGEST);
}

describe('a store that gives too much', () => {
  it('and never ends is given up at the bound', async () => {
    let sent = 0;
    const endless: typeof fetch = () =>
      Promise.resolve(
        new Response(
          new ReadableStream({
            pull(stream) {
              sent += MEGABYTE;
              stream.enqueue(new Uint8Array(MEGABYTE));
            },
          }),
        ),
      );
    const [reason, other] = told(await readFrom(endless, [stored('/endless'), { bundle: BUNDLE }]));
    expect(reason).toMatch(/larger than 25165824 bytes/);
    expect(other).toBe(BUNDLE_TEXT);
    expect(sent).toBeLessThan(30 * MEGABYTE);
  });

  it('in many pieces is bounded as a whole', async () => {
    const large = Buffer.alloc(20 * MEGABYTE, ' ');
    large[0] = '{'.charCodeAt(0);
    const reading = await readFrom(
      () => Promise.resolve(new Response(new Uint8Array(large))),
      Array.from({ length: 6 }, (_, index) => stored(`/${index}`)),
    );
    const sizes = reading.kind === 'read' ? reading.bundles.map((each) => each.kind) : [];
    expect(sizes).toEqual(['bytes', 'bytes', 'bytes', 'unreadable', 'unreadable', 'unreadable']);
  });

  it('T25: is never sent credentials, nor followed', async () => {
    const asked: (readonly [string, RequestInit | undefined])[] = [];
    await readFrom(
      (address, init) => {
        asked.push([String(address instanceof Request ? address.url : address), init]);
        return Promise.resolve(new Response(BUNDLE_TEXT));
      },
      [stored('/one')],
    );
    expect(asked).toEqual([[`${STORE}/one`, { redirect: 'manual', signal: expect.any(AbortSignal) }]]);
  });
});

describe('a snappy block', () => {
  const text = (bytes: readonly number[], budget = 1000): string => {
    const stored = inflate(Uint8Array.from(bytes), budget);
    return stored.kind === 'bytes' ? Buffer.from(stored.bytes).toString() : stored.reason;
  };

  it('gives back what was compressed, whatever it was', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 300 })), { maxLength: 30 }),
        (parts) => {
          const plain = Buffer.concat(parts.flatMap(([bytes, times]) => Array<Uint8Array>(times).fill(bytes)));
          const block = compress(plain);
          // A block that begins as an object does declares 123 bytes: no bundle is that small.
          fc.pre(block[0] !== '{'.charCodeAt(0));
          expect(inflate(block, plain.length)).toEqual({ kind: 'bytes', bytes: new Uint8Array(plain) });
        },
      ),
    );
  });

  it('knows every way to write a length and a distance', () => {
    // Source: google/snappy, format_description.txt. Literal "ab", then copies with 1, 2 and 4 bytes of distance.
    expect(text([14, 1 << 2, 97, 98, 0b00000001, 2, (3 << 2) | 2, 2, 0, (3 << 2) | 3, 2, 0, 0, 0])).toBe(
      'abababababababababab'.slice(0, 14),
    );
    for (const [extra, ...size] of [
      [60, 3],
      [61, 3, 0],
      [62, 3, 0, 0],
      [63, 3, 0, 0, 0],
    ] as const) {
      expect(text([4, extra << 2, ...size, 97, 98, 99, 100])).toBe('abcd');
    }
  });

  it.each([
    ['declares 2 GB', [0x80, 0x80, 0x80, 0x80, 0x08, 0x00, 0x61]],
    ['declares the most that can be declared', [0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 0x61]],
    ['declares more than that', [0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]],
    ['declares one byte more than the budget', [0xe9, 0x07, 0x00, 0x61]],
    ['ends within its length', [0x80]],
    ['holds less than it declares', [5, 0, 97]],
    ['holds more than it declares', [1, 1 << 2, 97, 98]],
    ['copies more than it declares', [3, 0, 97, (63 << 2) | 2, 1, 0]],
    ['copies from before its beginning', [5, 0, 97, (3 << 2) | 2, 9, 0]],
    ['copies from a distance of nothing', [5, 0, 97, (3 << 2) | 2, 0, 0]],
    ['copies from a distance below nothing', [5, 0, 97, (3 << 2) | 3, 0xff, 0xff, 0xff, 0xff]],
    ['ends within a literal', [8, 7 << 2, 97]],
    ['ends within the length of a literal', [8, 63 << 2, 1]],
    ['ends within a copy', [8, 0, 97, (3 << 2) | 2, 1]],
  ])('that %s is none', (_, bytes) => {
    expect(text(bytes)).toBe('it is not a snappy block, or one of more than 1000 bytes');
  });

  it('is held to the budget by what it declares, to the byte', () => {
    const block = compress(Buffer.alloc(1001, 'ab'));
    expect(inflate(block, 1001).kind).toBe('bytes');
    expect(inflate(block, 1000).kind).toBe('unreadable');
  });

  it('whose literal leads backwards ends all the same', () => {
    // A length of 0xfffffffa, taken for -5, would read this one element for ever: in a process of its own, so that it can.
    const adapter = fileURLToPath(new URL('../../src/adapters/github/attestations.ts', import.meta.url));
    const script = `const { inflate } = await import(${JSON.stringify(adapter)});
      console.log(inflate(Uint8Array.from([10, 63 << 2, 0xfa, 0xff, 0xff, 0xff, 0, 0, 0]), 1000).kind);`;
    const { stdout, signal } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
      timeout: 20_000,
      encoding: 'utf8',
    });
    expect({ stdout, signal }).toEqual({ stdout: 'unreadable\n', signal: null });
  });

  it('of bytes without meaning is answered, never thrown', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const stored = inflate(bytes, 500);
        if (stored.kind === 'bytes' && bytes[0] !== '{'.charCodeAt(0))
          expect(stored.bytes.length).toBeLessThanOrEqual(500);
      }),
    );
  });
});

describe('the command line, with a token or without one', () => {
  const lookup = (token: string | null): Promise<readonly Uint8Array[]> =>
    readPublicAttestations({ baseUrl: API, token, repository: 'acme/app', digest: DIGEST });

  it('sends no token where it has none', async () => {
    nock(API, { badheaders: ['authorization'] })
      .get(PATH)
      .query(true)
      .reply(200, { attestations: [{ bundle: BUNDLE }] });
    expect((await lookup(null)).map((bytes) => Buffer.from(bytes).toString())).toEqual([BUNDLE_TEXT]);
  });

  it('sends the one that it has to the API, and not to the store', async () => {
    nock(API, { reqheaders: { authorization: 'token ghp_mine' } })
      .get(PATH)
      .query(true)
      .reply(200, { attestations: [stored('/a')] });
    nock(STORE, { badheaders: ['authorization'] })
      .get('/a')
      .reply(200, BUNDLE_TEXT);
    expect(await lookup('ghp_mine')).toHaveLength(1);
  });

  it('counts one that cannot be read, and reads the others', async () => {
    nock(API)
      .get(PATH)
      .query(true)
      .reply(200, { attestations: [{}, { bundle: BUNDLE }] });
    expect((await lookup(null)).map(({ length }) => length)).toEqual([0, BUNDLE_TEXT.length]);
  });

  it('says that it was refused, where it was refused', async () => {
    nock(API).get(PATH).query(true).reply(403, { message: 'Resource not accessible' });
    const failure = await lookup(null).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(GitHubFault);
    expect(failure).toMatchObject({
      kind: 'forbidden',
      message:
        'GitHub does not show the attestations of acme/app: not without a token that may read them, or not on this plan',
    });
  });
});
