/**
 * Reading an OCI registry: which digest a tag has, and which Sigstore bundles lie beside an image. Nothing read here is
 * believed: bundles are verified, manifests are held to their digests. Source: OCI distribution specification v1.1.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Digest } from '../../domain/git.ts';

export type RegistryFault = 'refused_host' | 'unavailable' | 'not_found' | 'denied' | 'unreadable' | 'too_large';

export class RegistryError extends Error {
  readonly fault: RegistryFault;

  constructor(fault: RegistryFault, message: string) {
    super(message);
    this.name = 'RegistryError';
    this.fault = fault;
  }
}

export interface RegistryOptions {
  readonly fetch: typeof fetch;
  /** Hosts that may be asked: an image's name comes from a repository, and this process stands inside a network. */
  readonly hosts: readonly string[];
}

export interface ImageReference {
  /** `registry/name`, without tag. */
  readonly name: string;
  /** Tag or digest. */
  readonly reference: string;
}

export interface Registry {
  /** @throws RegistryError */
  digestOf(image: ImageReference): Promise<Digest>;
  /** Bundles that refer to the image, the newest limit of them. @throws RegistryError */
  bundlesOf(name: string, digest: Digest): Promise<Uint8Array[]>;
}

const TIMEOUT_MS = 15_000;
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
const MAX_BUNDLE_BYTES = 24 * 1024 * 1024;
const MAX_REFERRERS = 30;
const MAX_TOTAL_BYTES = 64 * 1024 * 1024;

const MANIFESTS = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');
const BUNDLE_TYPE = /^application\/vnd\.dev\.sigstore\.bundle(\.v0\.\d+\+json|\+json;version=0\.\d+)$/;

const Descriptor = z.object({ mediaType: z.string(), digest: Digest, size: z.number().int().nonnegative() });
/** Each entry is read by itself: one that is odd must not hide the others. */
const Index = z.object({ manifests: z.array(z.unknown()).max(1000) });
const Manifest = z.object({ layers: z.array(Descriptor).max(100).default([]) });

export function ociRegistry(options: RegistryOptions): Registry {
  return {
    async digestOf({ name, reference }) {
      const session = openSession(options, name);
      const reply = await session.get(`manifests/${reference}`, MAX_MANIFEST_BYTES);
      const digest = digestOfBytes(reply);
      if (reference.startsWith('sha256:') && reference !== digest) {
        throw new RegistryError('unreadable', `${name} answered with another manifest than ${reference}`);
      }
      return digest;
    },

    async bundlesOf(name, digest) {
      const session = openSession(options, name);
      const index = (await referrers(session, digest)) ?? { manifests: [] };
      const bundles: Uint8Array[] = [];
      let left = MAX_TOTAL_BYTES;
      for (const each of index.manifests.slice(-MAX_REFERRERS)) {
        const bundle = await bundleOf(session, each, Math.min(MAX_BUNDLE_BYTES, left)).catch(nullIfWorthless);
        if (bundle === null) continue;
        left -= bundle.length;
        bundles.push(bundle);
      }
      return bundles;
    },
  };
}

/** A descriptor's own type is not relied on: fallback indexes are written by many hands, and often lack it. */
async function bundleOf(session: Session, entry: unknown, budget: number): Promise<Uint8Array | null> {
  const descriptor = Descriptor.safeParse(entry);
  if (!descriptor.success) return null;
  const bytes = await session.getByDigest('manifests', descriptor.data.digest, MAX_MANIFEST_BYTES);
  const { layers } = parse(Manifest, bytes, session.name);
  const layer = layers.find(({ mediaType }) => BUNDLE_TYPE.test(mediaType));
  return layer === undefined ? null : session.getByDigest('blobs', layer.digest, budget);
}

/** Anybody who may push can have put it there: nonsense is no bundle. A registry that does not answer is something else. */
const nullIfWorthless = (error: unknown): null => {
  const isWorthless = error instanceof RegistryError && ['not_found', 'unreadable', 'too_large'].includes(error.fault);
  if (isWorthless) return null;
  throw error;
};

/** The referrers API, or, where there is none (as on ghcr.io), the tag that stands in for it. */
async function referrers(session: Session, digest: Digest): Promise<z.infer<typeof Index> | null> {
  for (const path of [`referrers/${digest}`, `manifests/${digest.replace(':', '-')}`]) {
    const bytes = await session.get(path, MAX_MANIFEST_BYTES).catch(nullIfMissing);
    if (bytes === null) continue;
    const index = parse(Index, bytes, session.name);
    if (index.manifests.length > 0) return index;
  }
  return null;
}

const nullIfMissing = (error: unknown): null => {
  if (error instanceof RegistryError && error.fault === 'not_found') return null;
  throw error;
};

function parse<S extends z.ZodType>(schema: S, bytes: Uint8Array, name: string): z.output<S> {
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    throw new RegistryError('unreadable', `${name}: the registry's answer is not a manifest`);
  }
}

const digestOfBytes = (bytes: Uint8Array): Digest =>
  Digest.parse(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);

interface Session {
  readonly name: string;
  get(path: string, maxBytes: number): Promise<Uint8Array>;
  getByDigest(kind: 'manifests' | 'blobs', digest: Digest, maxBytes: number): Promise<Uint8Array>;
}

/** One image, with the token that the registry gives to anybody. */
function openSession({ fetch, hosts }: RegistryOptions, name: string): Session {
  const slash = name.indexOf('/');
  const host = name.slice(0, slash);
  if (slash <= 0 || !hosts.includes(host)) {
    throw new RegistryError('refused_host', `${host} is not a registry that this App may ask (REGISTRY_HOSTS)`);
  }
  const base = `${schemeOf(host)}://${API_HOST[host] ?? host}/v2/${name.slice(slash + 1)}`;
  let token: string | null = null;
  const ask = async (url: string): Promise<Response> => {
    const headers = { accept: MANIFESTS, ...(token === null ? {} : { authorization: `Bearer ${token}` }) };
    return send(fetch, url, headers);
  };
  const get = async (path: string, maxBytes: number): Promise<Uint8Array> => {
    let reply = await ask(`${base}/${path}`);
    if (reply.status === 401 && token === null) {
      token = await anonymousToken(fetch, host, reply.headers.get('www-authenticate') ?? '');
      reply = await ask(`${base}/${path}`);
    }
    return readBounded(await followed(fetch, reply), maxBytes, name);
  };
  return {
    name,
    get,
    async getByDigest(kind, digest, maxBytes) {
      const bytes = await get(`${kind}/${digest}`, maxBytes);
      if (digestOfBytes(bytes) !== digest) throw new RegistryError('unreadable', `${name}: ${digest} has other bytes`);
      return bytes;
    },
  };
}

/** Docker Hub's API is not where its name is. */
const API_HOST: Readonly<Record<string, string>> = { 'docker.io': 'registry-1.docker.io' };
const TOKEN_HOST: Readonly<Record<string, string>> = { 'docker.io': 'auth.docker.io' };

const isLoopback = (host: string): boolean => /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host);
const schemeOf = (host: string): string => (isLoopback(host) ? 'http' : 'https');

async function send(fetch: RegistryOptions['fetch'], url: string, headers: Record<string, string>): Promise<Response> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    return await fetch(url, { headers, redirect: 'manual', signal });
  } catch {
    throw new RegistryError('unavailable', `${new URL(url).host} did not answer`);
  }
}

/** Blobs lie in stores that the registry points to: followed once, by https, and without the token. */
async function followed(fetch: RegistryOptions['fetch'], reply: Response): Promise<Response> {
  const location = reply.headers.get('location');
  if (reply.status < 300 || reply.status >= 400 || location === null) return reply;
  const url = URL.canParse(location) ? new URL(location) : null;
  if (url === null || !isStore(url)) {
    throw new RegistryError('refused_host', 'the registry keeps the blob at an address that is not known');
  }
  return send(fetch, url.href, {});
}

const isStore = ({ protocol, port, username, password, hostname }: URL): boolean =>
  protocol === 'https:' && `${port}${username}${password}` === '' && STORES.some((store) => hostname.endsWith(store));

const STORES = [
  '.githubusercontent.com',
  '.blob.core.windows.net',
  '.cloudflare.docker.com',
  '.cloudflarestorage.com',
  '.amazonaws.com',
  '.cloudfront.net',
  '.googleapis.com',
];

async function anonymousToken(fetch: RegistryOptions['fetch'], host: string, challenge: string): Promise<string> {
  const url = tokenAddress(host, challenge);
  if (url === null) throw new RegistryError('denied', `${host} asks for credentials that this App does not have`);
  const bytes = await readBounded(await send(fetch, url.href, {}), MAX_TOKEN_BYTES, host);
  const { token, access_token: other } = parse(TokenReply, bytes, host);
  const found = token ?? other;
  if (found === undefined) throw new RegistryError('denied', `${host} gave no token`);
  return found;
}

const MAX_TOKEN_BYTES = 64 * 1024;
const TokenReply = z.object({ token: z.string().optional(), access_token: z.string().optional() });

/** Where the registry's challenge sends everybody, if that is its own place. Source: RFC 6750, 3; distribution's token spec. */
function tokenAddress(host: string, challenge: string): URL | null {
  const fields = new Map(
    [...challenge.matchAll(/\b(\w{1,40})="([^"]{0,2000})"/g)].map((match) => [match[1] ?? '', match[2] ?? '']),
  );
  const realm = fields.get('realm') ?? '';
  if (!URL.canParse(realm)) return null;
  const url = new URL(realm);
  if (url.host !== (TOKEN_HOST[host] ?? host) || url.protocol !== `${schemeOf(host)}:`) return null;
  for (const name of ['service', 'scope']) url.searchParams.set(name, fields.get(name) ?? '');
  return url;
}

async function readBounded(reply: Response, maxBytes: number, name: string): Promise<Uint8Array> {
  if (reply.status === 404) throw new RegistryError('not_found', `${name} is not there`);
  if (reply.status === 401 || reply.status === 403)
    throw new RegistryError('denied', `${name} may not be read by anybody`);
  if (reply.status !== 200) throw new RegistryError('unavailable', `${name}: the registry answered ${reply.status}`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of (reply.body ?? []) as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > maxBytes) throw new RegistryError('too_large', `${name}: the answer has more than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof RegistryError) throw error;
    throw new RegistryError('unavailable', `${name}: the answer was cut`);
  }
  return Buffer.concat(chunks);
}
