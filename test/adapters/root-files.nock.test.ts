/** Where trust roots come from: shipped, fetched by TUF, or the operator's own; and that nothing else ever becomes one. */
import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import canonicalize from 'canonicalize';
import nock from 'nock';
import { loadTrustRoots, refreshTrustRoots } from '../../src/adapters/sigstore/root-files.ts';
import { TrustRootError, type TrustRoot } from '../../src/adapters/sigstore/trust-root.ts';

const SHIPPED = fileURLToPath(new URL('../../trust/', import.meta.url));
const textOf = (file: string): string => readFileSync(join(SHIPPED, file), 'utf8');
interface ShippedIndex {
  readonly roots: Readonly<Record<string, { readonly file: string; readonly asOf: string; readonly mirror: string }>>;
}
const { roots: INDEX } = JSON.parse(textOf('index.json')) as ShippedIndex;
const PUBLIC_GOOD = textOf('public-good.json');
const MIRROR = 'https://tuf-repo-cdn.sigstore.dev';
const GITHUB_MIRROR = 'https://tuf-repo.github.com';
const NOW = new Date('2026-11-23T14:00:00Z');
const TODAY = '2026-11-23';

let cacheDir: string;
beforeEach(() => {
  cacheDir = mkdtempSync(join(tmpdir(), 'roots-'));
  nock.disableNetConnect();
});
afterEach(() => {
  nock.cleanAll();
  rmSync(cacheDir, { recursive: true, force: true });
});

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const load = (own: Record<string, string> = {}): TrustRoot[] => loadTrustRoots({ cacheDir, own }, NOW);
const factsOf = (name: string, roots = load()) => roots.find(({ facts }) => facts.name === name)?.facts;
const cached = (name: string): string => join(cacheDir, 'trust', `${name}.json`);
function cache(name: string, content: unknown): void {
  mkdirSync(join(cacheDir, 'trust'), { recursive: true });
  writeFileSync(cached(name), typeof content === 'string' ? content : JSON.stringify(content));
}
/** The same root, of other bytes: which one is taken can be seen by its hash. */
const spaced = (json: string): string => `${json}\n\n`;

describe('the roots that are shipped', () => {
  it('are the two public ones, as of the day that the index names', () => {
    expect(load().map(({ facts }) => facts)).toEqual(
      Object.entries(INDEX).map(([name, { file, asOf }]) => ({
        name,
        sha256: sha256(textOf(file)),
        asOf,
        isStale: false,
      })),
    );
    expect(Object.keys(INDEX)).toEqual(['public_good', 'github']);
  });

  it('know whom they trust to issue certificates, each by itself', () => {
    const [publicGood, github] = load().map(({ issuers }) => issuers.map((issuer) => issuer.toString('latin1')).join());
    expect(publicGood).toContain('sigstore.dev');
    expect(publicGood).not.toContain('GitHub');
    expect(github).toContain('GitHub, Inc.');
  });

  it('say that they are stale when they are, and load all the same', () => {
    const later = new Date('2027-06-01');
    expect(loadTrustRoots({ cacheDir, own: {} }, later).map(({ facts }) => facts.isStale)).toEqual([true, true]);
  });
});

describe('a root that was fetched before', () => {
  it('is taken where it is newer', () => {
    cache('public_good', { asOf: '2026-11-01', json: spaced(PUBLIC_GOOD) });
    expect(factsOf('public_good')).toMatchObject({ asOf: '2026-11-01', sha256: sha256(spaced(PUBLIC_GOOD)) });
    expect(factsOf('github')).toMatchObject({ asOf: INDEX['github']?.asOf });
  });

  it.each(['2026-10-22', '2020-01-01'])('is left where this program came with a newer one: %s', (asOf) => {
    cache('public_good', { asOf, json: spaced(PUBLIC_GOOD) });
    expect(factsOf('public_good')).toMatchObject({ asOf: INDEX['public_good']?.asOf, sha256: sha256(PUBLIC_GOOD) });
  });

  it.each([
    ['is cut', '{"asOf":"2026-11-01","json":"{'],
    ['is empty', ''],
    ['has no date', { json: PUBLIC_GOOD }],
    ['has another date than there is', { asOf: '2026-13-01', json: PUBLIC_GOOD }],
    ['is the root itself', PUBLIC_GOOD],
  ])('and %s is named, with its file and what to do: an older one never stands in unseen', (_, content) => {
    cache('public_good', content);
    expect(() => load()).toThrow(
      new TrustRootError(
        `Trust root public_good: ${cached('public_good')} is not what was fetched. Remove it, and run \`slsa-pipeline trust refresh\`.`,
      ),
    );
  });

  it('and is no root is named', () => {
    cache('public_good', { asOf: '2026-11-01', json: '{}' });
    expect(() => load()).toThrow('Trust root public_good names no certificate authority.');
  });
});

describe("the operator's own root", () => {
  const own = (content: string): string => {
    writeFileSync(join(cacheDir, 'own.json'), content);
    return join(cacheDir, 'own.json');
  };

  it('stands beside the built-in ones, as of today', () => {
    const roots = load({ internal: own(PUBLIC_GOOD) });
    expect(roots.map(({ facts }) => facts.name)).toEqual(['public_good', 'github', 'internal']);
    expect(factsOf('internal', roots)).toMatchObject({ asOf: TODAY, isStale: false });
  });

  it('of a built-in name stands in its place, and the cached one is not even read', () => {
    cache('public_good', 'broken');
    const roots = load({ public_good: own(spaced(PUBLIC_GOOD)) });
    expect(roots.map(({ facts }) => facts.name)).toEqual(['github', 'public_good']);
    expect(factsOf('public_good', roots)).toMatchObject({ asOf: TODAY, sha256: sha256(spaced(PUBLIC_GOOD)) });
  });

  it('that is not there is named', () => {
    expect(() => load({ internal: '/nowhere/root.json' })).toThrow(
      new TrustRootError('Trust root internal: /nowhere/root.json cannot be read.'),
    );
  });
});

/** A TUF repository of our own, as its specification has it, with one key for every role. */
interface Tuf {
  readonly root: string;
  readonly files: Readonly<Record<string, string>>;
}
function tuf(target: string, more: { readonly signedBy?: KeyObject; readonly expires?: string } = {}): Tuf {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const key = {
    keytype: 'ed25519',
    scheme: 'ed25519',
    keyval: { public: Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url').toString('hex') },
  };
  const keyid = sha256(canonicalize(key) ?? '');
  const role = { keyids: [keyid], threshold: 1 };
  const signed = (body: object, by = more.signedBy ?? privateKey): string => {
    const whole = { spec_version: '1.0.31', version: 1, expires: more.expires ?? '2999-01-01T00:00:00Z', ...body };
    const sig = sign(null, Buffer.from(canonicalize(whole) ?? ''), by).toString('hex');
    return JSON.stringify({ signatures: [{ keyid, sig }], signed: whole });
  };
  const roles = { root: role, timestamp: role, snapshot: role, targets: role };
  const root = {
    _type: 'root',
    consistent_snapshot: false,
    keys: { [keyid]: key },
    roles,
    expires: '2999-01-01T00:00:00Z',
  };
  return {
    root: signed(root, privateKey),
    files: {
      '/timestamp.json': signed({ _type: 'timestamp', meta: { 'snapshot.json': { version: 1 } } }),
      '/snapshot.json': signed({ _type: 'snapshot', meta: { 'targets.json': { version: 1 } } }),
      '/targets.json': signed({
        _type: 'targets',
        targets: { 'trusted_root.json': { length: Buffer.byteLength(target), hashes: { sha256: sha256(target) } } },
      }),
      '/targets/trusted_root.json': target,
    },
  };
}

/** From here on that repository's root stands where Sigstore's own would; GitHub's mirror does not answer. */
function mirror({ root, files }: Tuf): void {
  const folder = join(cacheDir, 'trust', 'tuf', 'tuf-repo-cdn.sigstore.dev');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'root.json'), root);
  const serving = nock(MIRROR).persist();
  for (const [path, text] of Object.entries(files)) serving.get(path).reply(200, text);
  serving.get(/root\.json$/).reply(404);
  nock(GITHUB_MIRROR).persist().get(/.*/).reply(404);
}

describe('a refresh', () => {
  it('fetches what the repository signed, and it is in use from then on', async () => {
    mirror(tuf(spaced(PUBLIC_GOOD)));
    expect(await refreshTrustRoots(cacheDir, NOW)).toEqual([
      { name: 'public_good', problem: null },
      { name: 'github', problem: expect.any(String) },
    ]);
    expect(factsOf('public_good')).toEqual({
      name: 'public_good',
      sha256: sha256(spaced(PUBLIC_GOOD)),
      asOf: TODAY,
      isStale: false,
    });
    expect(factsOf('github')).toMatchObject({ asOf: INDEX['github']?.asOf });
    expect(existsSync(`${cached('public_good')}.new`)).toBe(false);
  });

  it.each<[string, () => Tuf]>([
    ['a root that nobody could use', () => tuf('{}')],
    ['a root that is no root', () => tuf('no json')],
    [
      'other bytes than were signed',
      () => {
        const repository = tuf(PUBLIC_GOOD);
        return { ...repository, files: { ...repository.files, '/targets/trusted_root.json': spaced(PUBLIC_GOOD) } };
      },
    ],
    ["somebody else's signatures", () => tuf(PUBLIC_GOOD, { signedBy: generateKeyPairSync('ed25519').privateKey })],
    ['signatures that have run out', () => tuf(PUBLIC_GOOD, { expires: '2020-01-01T00:00:00Z' })],
    [
      'no list of targets',
      () => {
        const { root, files } = tuf(PUBLIC_GOOD);
        return { root, files: { ...files, '/targets.json': files['/snapshot.json'] ?? '' } };
      },
    ],
  ])('of %s keeps what is there', async (_, repository) => {
    cache('public_good', { asOf: '2026-11-01', json: PUBLIC_GOOD });
    const before = readFileSync(cached('public_good'), 'utf8');
    mirror(repository());
    const [refreshed] = await refreshTrustRoots(cacheDir, NOW);
    expect(refreshed).toEqual({ name: 'public_good', problem: expect.stringMatching(/./) });
    expect(readFileSync(cached('public_good'), 'utf8')).toBe(before);
    expect(factsOf('public_good')).toMatchObject({ asOf: '2026-11-01' });
  });

  it('begins with the root metadata that is shipped: a repository that it did not sign gives nothing', async () => {
    const { files } = tuf(spaced(PUBLIC_GOOD));
    const serving = nock(MIRROR).persist();
    for (const [path, text] of Object.entries(files)) serving.get(path).reply(200, text);
    serving.get(/root\.json$/).reply(404);
    nock(GITHUB_MIRROR).persist().get(/.*/).reply(404);
    const [refreshed] = await refreshTrustRoots(cacheDir, NOW);
    expect(refreshed?.problem).not.toBeNull();
    expect(existsSync(cached('public_good'))).toBe(false);
  });

  it('without a network names the problem for each root, soon, and keeps what is there', async () => {
    cache('github', { asOf: '2026-11-01', json: textOf('github.json') });
    const started = Date.now();
    // The network is shut.
    expect(await refreshTrustRoots(cacheDir, NOW)).toEqual([
      { name: 'public_good', problem: expect.stringMatching(/^https:\/\/tuf-repo-cdn\.sigstore\.dev: ./) },
      { name: 'github', problem: expect.stringMatching(/^https:\/\/tuf-repo\.github\.com: ./) },
    ]);
    expect(Date.now() - started).toBeLessThan(15_000);
    expect(factsOf('github')).toMatchObject({ asOf: '2026-11-01' });
    expect(factsOf('public_good')).toMatchObject({ asOf: INDEX['public_good']?.asOf });
  });

  it('into a place that cannot be written to names the problem, and does not throw', async () => {
    writeFileSync(join(cacheDir, 'trust'), 'a file stands here');
    const refreshed = await refreshTrustRoots(cacheDir, NOW);
    expect(refreshed.map(({ problem }) => problem)).toEqual([
      expect.stringMatching(/EEXIST|ENOTDIR/),
      expect.stringMatching(/EEXIST|ENOTDIR/),
    ]);
  });
});
