/** A registry is anybody's server as far as an image's name goes: who is asked, for how much, and what is taken from it. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { OciImage } from '../../sandbox/registry/oci-client.ts';
import { Registry } from '../../sandbox/registry/registry.ts';
import { ociRegistry, RegistryError } from '../../src/adapters/registry/oci-registry.ts';
import { Digest } from '../../src/domain/git.ts';

const BUNDLE_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';
const ABSENT = Digest.parse(`sha256:${'0'.repeat(64)}`);
const MEGABYTE = 1024 * 1024;

const digestOf = (bytes: Uint8Array | string): Digest =>
  Digest.parse(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
const textsOf = (bundles: readonly Uint8Array[]): string[] => bundles.map((bytes) => Buffer.from(bytes).toString());
const at = (host: string) => ociRegistry({ fetch: globalThis.fetch, hosts: [host] });

describe("the sandbox's registry, which has no referrers API, as ghcr.io", () => {
  let registry: Registry;
  let image: OciImage;
  let name: string;
  let digest: Digest;

  beforeAll(async () => {
    registry = new Registry();
    await registry.listen();
    name = `${registry.host}/acme/app`;
    image = new OciImage(name, registry.credentials);
    const config = { mediaType: 'application/vnd.oci.image.config.v1+json', bytes: Buffer.from('{}') };
    const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', bytes: Buffer.from('files') };
    digest = Digest.parse(await image.push(config, [layer], 'v1'));
  });
  afterAll(() => registry.close());

  it('gives the digest of a tag, and of a digest', async () => {
    expect(await at(registry.host).digestOf({ name, reference: 'v1' })).toBe(digest);
    expect(await at(registry.host).digestOf({ name, reference: digest })).toBe(digest);
  });

  it.each(['v2', ABSENT])('has no %s', async (reference) => {
    await expect(at(registry.host).digestOf({ name, reference })).rejects.toMatchObject({ fault: 'not_found' });
  });

  it('has no bundles beside an image that nobody attested', async () => {
    expect(await at(registry.host).bundlesOf(name, ABSENT)).toEqual([]);
  });

  it('gives the bundles beside an image, in the order in which they came, though no descriptor names their type', async () => {
    await image.attach(digest, { number: 1 });
    await image.attach(digest, { number: 2 });
    expect(textsOf(await at(registry.host).bundlesOf(name, digest))).toEqual(['{"number":1}', '{"number":2}']);
  });

  it('gives the newest thirty of many', async () => {
    const [crowded] = [Digest.parse(digestOf('crowded'))];
    for (let number = 1; number <= 33; number += 1) await image.attach(crowded, { number });
    const texts = textsOf(await at(registry.host).bundlesOf(name, crowded));
    expect(texts).toHaveLength(30);
    expect([texts[0], texts.at(-1)]).toEqual(['{"number":4}', '{"number":33}']);
  });
});

/** A registry that answers as the test says, and writes down who asked for what. */
type Answer = { status?: number; headers?: Record<string, string>; body?: string | Buffer } | 'drop' | 'endless';
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});
interface Scripted {
  readonly host: string;
  readonly asked: { path: string; authorization: string | undefined }[];
}
async function serve(answer: (path: string, request: IncomingMessage) => Answer): Promise<Scripted> {
  const asked: Scripted['asked'] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push({ path, authorization: request.headers.authorization });
    give(answer(path, request), response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}
function give(answer: Answer, response: ServerResponse): void {
  if (answer === 'drop') return void response.destroy();
  if (answer !== 'endless') return void response.writeHead(answer.status ?? 200, answer.headers).end(answer.body);
  const chunk = Buffer.alloc(MEGABYTE);
  const more = (): void => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', more);
  more();
}
const NOT_FOUND: Answer = { status: 404 };

/** A store of blobs and manifests by digest, as registries are. */
function content(): { add(bytes: string | Buffer): Digest; at(path: string): Answer } {
  const known = new Map<string, string | Buffer>();
  return {
    add(bytes) {
      known.set(digestOf(bytes), bytes);
      return digestOf(bytes);
    },
    at(path) {
      const bytes = known.get(path.slice(path.lastIndexOf('/') + 1));
      return bytes === undefined ? NOT_FOUND : { body: bytes };
    },
  };
}
const descriptor = (digest: string, more: object = {}): object => ({
  mediaType: MANIFEST_TYPE,
  digest,
  size: 1,
  ...more,
});
const indexOf = (...manifests: readonly unknown[]): Answer => ({
  headers: { 'content-type': INDEX_TYPE },
  body: JSON.stringify({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests }),
});
const manifestOf = (layer: string, mediaType = BUNDLE_TYPE): string =>
  JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST_TYPE, layers: [{ mediaType, digest: layer, size: 1 }] });

const DIGEST = digestOf('the image');

describe('who may be asked', () => {
  it.each([
    '169.254.169.254/latest/meta-data',
    'registry.evil.example/acme/app',
    'ghcr.io.evil.example/acme/app',
    'ghcr.io:443/acme/app',
    'user@ghcr.io/acme/app',
    'GHCR.IO/acme/app',
    'ghcr.io',
    '/acme/app',
    '',
  ])('T25: is never %s', async (name) => {
    const shut = ociRegistry({ fetch: () => Promise.reject(new Error('it was asked')), hosts: ['ghcr.io'] });
    await expect(shut.digestOf({ name, reference: 'v1' })).rejects.toMatchObject({ fault: 'refused_host' });
    await expect(shut.bundlesOf(name, DIGEST)).rejects.toMatchObject({ fault: 'refused_host' });
  });

  it('is asked by https, wherever it is not this very machine; and Docker Hub where its API is', async () => {
    const asked: string[] = [];
    const open = ociRegistry({
      fetch: (address) => {
        asked.push(address instanceof Request ? address.url : String(address));
        return Promise.resolve(new Response('', { status: 404 }));
      },
      hosts: ['ghcr.io', 'docker.io', '10.0.0.7:5000'],
    });
    for (const host of ['ghcr.io', 'docker.io', '10.0.0.7:5000'])
      await expect(open.digestOf({ name: `${host}/acme/app`, reference: 'v1' })).rejects.toBeInstanceOf(RegistryError);
    expect(asked).toEqual([
      'https://ghcr.io/v2/acme/app/manifests/v1',
      'https://registry-1.docker.io/v2/acme/app/manifests/v1',
      'https://10.0.0.7:5000/v2/acme/app/manifests/v1',
    ]);
  });
});

describe('an answer', () => {
  it.each<[string, Answer, string]>([
    ['404', NOT_FOUND, 'not_found'],
    ['403', { status: 403 }, 'denied'],
    ['401 without a challenge', { status: 401 }, 'denied'],
    ['429', { status: 429 }, 'unavailable'],
    ['500', { status: 500 }, 'unavailable'],
    ['that is cut off', 'drop', 'unavailable'],
    ['without end', 'endless', 'too_large'],
    ['of more than 4 MB', { body: Buffer.alloc(4 * MEGABYTE + 1) }, 'too_large'],
    ['of another manifest than was asked for', { body: '{}' }, 'unreadable'],
  ])('%s is a fault of its own', async (_, answer, fault) => {
    const { host } = await serve(() => answer);
    const reading = at(host).digestOf({ name: `${host}/acme/app`, reference: DIGEST });
    await expect(reading).rejects.toMatchObject({ name: 'RegistryError', fault });
  });

  it('may have 4 MB', async () => {
    const body = Buffer.alloc(4 * MEGABYTE, ' ');
    const { host } = await serve(() => ({ body }));
    expect(await at(host).digestOf({ name: `${host}/acme/app`, reference: 'v1' })).toBe(digestOf(body));
  });

  it('from nobody is a fault, and says who did not answer', async () => {
    const { host } = await serve(() => NOT_FOUND);
    servers.splice(0).forEach((server) => server.close());
    await expect(at(host).digestOf({ name: `${host}/acme/app`, reference: 'v1' })).rejects.toMatchObject({
      fault: 'unavailable',
      message: `${host} did not answer`,
    });
  });
});

describe('the token that a registry gives to anybody', () => {
  const challenge = (realm: string): Answer => ({
    status: 401,
    headers: { 'www-authenticate': `Bearer realm="${realm}",service="registry",scope="repository:acme/app:pull"` },
  });

  const guarded = (grant: Answer): Promise<Scripted> =>
    serve((path, { headers }) => {
      if (path.startsWith('/token')) return grant;
      return headers.authorization === 'Bearer t1' ? { body: 'manifest' } : challenge(`http://${headers.host}/token`);
    });

  it.each([
    ['token', { token: 't1' }],
    ['access_token', { access_token: 't1' }],
  ])('is fetched where the challenge says, as `%s`, and sent with what follows', async (_, grant) => {
    const { host, asked } = await guarded({ body: JSON.stringify(grant) });
    expect(await at(host).digestOf({ name: `${host}/acme/app`, reference: 'v1' })).toBe(digestOf('manifest'));
    expect(asked).toEqual([
      { path: '/v2/acme/app/manifests/v1', authorization: undefined },
      { path: '/token?service=registry&scope=repository%3Aacme%2Fapp%3Apull', authorization: undefined },
      { path: '/v2/acme/app/manifests/v1', authorization: 'Bearer t1' },
    ]);
  });

  it('that does not help is asked for once', async () => {
    const { host, asked } = await guarded({ body: '{"token":"t2"}' });
    await expect(at(host).digestOf({ name: `${host}/acme/app`, reference: 'v1' })).rejects.toMatchObject({
      fault: 'denied',
    });
    expect(asked).toHaveLength(3);
  });

  it.each<[string, Answer, string]>([
    ['nothing', { body: '{}' }, 'denied'],
    ['no JSON', { body: 'token' }, 'unreadable'],
    ['a token of more than 64 KB', { body: JSON.stringify({ token: 't'.repeat(65 * 1024) }) }, 'too_large'],
    ['another address', { status: 302, headers: { location: 'http://169.254.169.254/' } }, 'unavailable'],
  ])('is none where the place gives %s', async (_, grant, fault) => {
    const { host } = await guarded(grant);
    await expect(at(host).digestOf({ name: `${host}/acme/app`, reference: 'v1' })).rejects.toMatchObject({ fault });
  });

  it.each([
    ['another host', 'http://169.254.169.254/token'],
    ['another port', 'http://127.0.0.1:1/token'],
    ['a file', 'file:///etc/passwd'],
    ['no address', 'token'],
    ['https, where the registry speaks http', 'https://HOST/token'],
  ])('T25: is not fetched from %s', async (_, realm) => {
    const { host, asked } = await serve((__, { headers }) => challenge(realm.replace('HOST', headers.host ?? '')));
    await expect(at(host).digestOf({ name: `${host}/acme/app`, reference: 'v1' })).rejects.toMatchObject({
      fault: 'denied',
      message: `${host} asks for credentials that this App does not have`,
    });
    expect(asked).toHaveLength(1);
  });

  it('is never a name and a password: a challenge for those is refused', async () => {
    const { host, asked } = await serve(() => ({
      status: 401,
      headers: { 'www-authenticate': 'Basic realm="registry"' },
    }));
    await expect(at(host).digestOf({ name: `${host}/acme/app`, reference: 'v1' })).rejects.toMatchObject({
      fault: 'denied',
    });
    expect(asked).toHaveLength(1);
  });
});

describe('bundles beside an image', () => {
  const TAG = DIGEST.replace(':', '-');
  const referrersOrTag =
    (has: { referrers?: Answer; tag?: Answer }, rest: (path: string) => Answer) => (path: string) => {
      if (path.includes('/referrers/')) return has.referrers ?? NOT_FOUND;
      if (path.endsWith(TAG)) return has.tag ?? NOT_FOUND;
      return rest(path);
    };
  const bundlesAt = async (
    has: { referrers?: Answer; tag?: Answer },
    store: ReturnType<typeof content>,
  ): Promise<string[]> => {
    const { host } = await serve(referrersOrTag(has, (path) => store.at(path)));
    return textsOf(await at(host).bundlesOf(`${host}/acme/app`, DIGEST));
  };

  it('are found by the referrers API where there is one, and the tag is then not asked', async () => {
    const store = content();
    const manifest = store.add(manifestOf(store.add('{"by":"referrers"}')));
    const { host, asked } = await serve(
      referrersOrTag({ referrers: indexOf(descriptor(manifest)) }, (path) => store.at(path)),
    );
    expect(textsOf(await at(host).bundlesOf(`${host}/acme/app`, DIGEST))).toEqual(['{"by":"referrers"}']);
    expect(asked.map(({ path }) => path)).not.toContainEqual(expect.stringContaining(TAG));
  });

  it('are found by the tag where the referrers API has none', async () => {
    const store = content();
    const manifest = store.add(manifestOf(store.add('{"by":"tag"}')));
    expect(await bundlesAt({ referrers: indexOf(), tag: indexOf(descriptor(manifest)) }, store)).toEqual([
      '{"by":"tag"}',
    ]);
  });

  it.each([
    ['no type', {}],
    ["the type of cosign's empty config", { artifactType: 'application/vnd.oci.empty.v1+json' }],
    ['a type of something else', { artifactType: 'application/vnd.cyclonedx+json' }],
    ['the type of a bundle', { artifactType: BUNDLE_TYPE }],
  ])('are opened whatever their descriptor says: %s', async (_, more) => {
    const store = content();
    const manifest = store.add(manifestOf(store.add('{}')));
    expect(await bundlesAt({ tag: indexOf(descriptor(manifest, more)) }, store)).toEqual(['{}']);
  });

  it.each([
    [BUNDLE_TYPE, 1],
    ['application/vnd.dev.sigstore.bundle+json;version=0.3', 1],
    ['application/vnd.dev.sigstore.bundle.v0.3+json; charset=utf-8', 0],
    ['application/vnd.dsse.envelope.v1+json', 0],
    ['application/json', 0],
  ])('are layers of type %s: %d', async (mediaType, count) => {
    const store = content();
    const manifest = store.add(manifestOf(store.add('{}'), mediaType));
    expect(await bundlesAt({ tag: indexOf(descriptor(manifest)) }, store)).toHaveLength(count);
  });

  const HOSTILE: readonly (readonly [what: string, entry: (store: ReturnType<typeof content>) => unknown])[] = [
    ['leads nowhere', () => descriptor(ABSENT)],
    ['leads to a blob that is gone', (store) => descriptor(store.add(manifestOf(ABSENT)))],
    ['leads to no manifest', (store) => descriptor(store.add('not json'))],
    ['leads to a list of nothing known', (store) => descriptor(store.add('{"layers":"none"}'))],
    ['is of another algorithm', () => descriptor(`sha512:${'0'.repeat(128)}`)],
    ['is no descriptor', () => 'sha256'],
    ['is a manifest of more than 4 MB', (store) => descriptor(store.add(Buffer.alloc(4 * MEGABYTE + 1, ' ')))],
    [
      'is a bundle of more than 24 MB',
      (store) => descriptor(store.add(manifestOf(store.add(Buffer.alloc(25 * MEGABYTE))))),
    ],
  ];
  it.each(HOSTILE)('an entry that %s hides none of the others', async (_, entry) => {
    const store = content();
    const good = descriptor(store.add(manifestOf(store.add('{"good":true}'))));
    expect(await bundlesAt({ tag: indexOf(good, entry(store), good) }, store)).toEqual([
      '{"good":true}',
      '{"good":true}',
    ]);
  });

  it('of other bytes than their digest are not taken', async () => {
    const store = content();
    const manifest = store.add(manifestOf(digestOf('the bundle')));
    const { host } = await serve(
      referrersOrTag({ tag: indexOf(descriptor(manifest)) }, (path) =>
        path.includes('/blobs/') ? { body: 'another' } : store.at(path),
      ),
    );
    expect(await at(host).bundlesOf(`${host}/acme/app`, DIGEST)).toEqual([]);
  });

  it('whose registry stops answering are no answer: what was read so far is not all', async () => {
    const store = content();
    const good = store.add(manifestOf(store.add('{}')));
    const { host } = await serve(
      referrersOrTag({ tag: indexOf(descriptor(good), descriptor(ABSENT)) }, (path) =>
        path.endsWith(ABSENT) ? { status: 503 } : store.at(path),
      ),
    );
    await expect(at(host).bundlesOf(`${host}/acme/app`, DIGEST)).rejects.toMatchObject({ fault: 'unavailable' });
  });

  it('are bounded as a whole, however many there are', async () => {
    const store = content();
    const large = descriptor(store.add(manifestOf(store.add(Buffer.alloc(20 * MEGABYTE, ' ')))));
    const tag = indexOf(...Array.from({ length: 6 }, () => large));
    expect(await bundlesAt({ tag }, store)).toHaveLength(3);
  });

  it.each<[string, Answer]>([
    ['no JSON', { body: 'index' }],
    ['no index', { body: '{"manifests":{}}' }],
    ['more entries than anybody needs', indexOf(...Array.from({ length: 1001 }, () => descriptor(ABSENT)))],
  ])('are not looked for in an index that is %s', async (_, tag) => {
    await expect(bundlesAt({ tag }, content())).rejects.toMatchObject({ fault: 'unreadable' });
  });
});

describe('a blob that is kept elsewhere', () => {
  const moved = (location: string) => {
    const store = content();
    const manifest = store.add(manifestOf(digestOf('{"moved":true}')));
    return serve((path, { headers }) => {
      if (path.startsWith('/token')) return { body: '{"token":"t1"}' };
      if (headers.authorization !== 'Bearer t1')
        return { status: 401, headers: { 'www-authenticate': `Bearer realm="http://${headers.host}/token"` } };
      if (path.includes('/blobs/')) return { status: 307, headers: { location } };
      if (path.endsWith(DIGEST.replace(':', '-'))) return indexOf(descriptor(manifest));
      return store.at(path);
    });
  };

  /** The network of a test ends at this machine: the store is answered here, and what it is sent is written down. */
  const withStore = (host: string, answer: () => Response) => {
    const sent: [string, unknown][] = [];
    const fetch: typeof globalThis.fetch = (address, init) => {
      const url = address instanceof Request ? address.url : String(address);
      if (url.startsWith(`http://${host}/`)) return globalThis.fetch(address, init);
      sent.push([url, init?.headers]);
      return Promise.resolve(answer());
    };
    return { sent, registry: ociRegistry({ fetch, hosts: [host] }) };
  };

  it.each([
    'https://pkg-containers.githubusercontent.com/blob',
    'https://production.cloudflare.docker.com/blob',
    'https://x.s3.amazonaws.com/blob',
  ])('is fetched from %s, without the token', async (location) => {
    const { host } = await moved(location);
    const { sent, registry } = withStore(host, () => new Response('{"moved":true}'));
    expect(textsOf(await registry.bundlesOf(`${host}/acme/app`, DIGEST))).toEqual(['{"moved":true}']);
    expect(sent).toEqual([[location, {}]]);
  });

  it('is held to its digest there too, and is not followed any further', async () => {
    const { host } = await moved('https://x.s3.amazonaws.com/blob');
    const other = withStore(host, () => new Response('other bytes'));
    expect(await other.registry.bundlesOf(`${host}/acme/app`, DIGEST)).toEqual([]);
    const further = withStore(host, () => Response.redirect('https://y.s3.amazonaws.com/blob', 302));
    await expect(further.registry.bundlesOf(`${host}/acme/app`, DIGEST)).rejects.toMatchObject({
      fault: 'unavailable',
    });
    expect(further.sent).toHaveLength(1);
  });

  it.each([
    'http://169.254.169.254/latest',
    'https://169.254.169.254/latest',
    'http://x.s3.amazonaws.com/blob',
    'https://evil.example/x.s3.amazonaws.com',
    'https://amazonaws.com.evil.example/blob',
    'https://evilamazonaws.com/blob',
    'https://x.s3.amazonaws.com:8443/blob',
    'https://user@x.s3.amazonaws.com/blob',
    'file:///etc/passwd',
    '/blob',
  ])('is not fetched from %s', async (location) => {
    const { host } = await moved(location);
    const { sent, registry } = withStore(host, () => new Response('{"moved":true}'));
    await expect(registry.bundlesOf(`${host}/acme/app`, DIGEST)).rejects.toMatchObject({ fault: 'refused_host' });
    expect(sent).toEqual([]);
  });
});
