/** Pushing and pulling as the stages' tools do: by digest, with the fallback tag for what refers to an image. */
import { createHash } from 'node:crypto';
import { z } from 'zod';

const IMAGE_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';
const SIGSTORE_BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';

const Descriptor = z.object({
  mediaType: z.string(),
  digest: z.string(),
  size: z.number(),
  platform: z.object({ os: z.string(), architecture: z.string() }).optional(),
});
export const ImageManifest = z.object({ config: Descriptor, layers: z.array(Descriptor) });
const Index = z.object({ manifests: z.array(Descriptor) });

export interface Layer {
  readonly mediaType: string;
  readonly bytes: Buffer;
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface Platform {
  readonly os: string;
  readonly architecture: string;
}

/** An image as its bytes, before anybody has it. */
export interface Packed {
  readonly config: Layer;
  readonly layers: readonly Layer[];
  readonly platform: Platform;
}

/** One image in one registry: `host/name`. */
export class OciImage {
  private readonly base: string;
  private readonly headers: Readonly<Record<string, string>>;

  constructor(imageName: string, credentials: Credentials | null = null) {
    const slash = imageName.indexOf('/');
    this.base = `http://${imageName.slice(0, slash)}/v2/${imageName.slice(slash + 1)}`;
    this.headers = credentials === null ? {} : { authorization: basic(credentials) };
  }

  /** Pushes config, layers and manifest; the manifest's digest. */
  async push(config: Layer, layers: readonly Layer[], tag: string | null): Promise<string> {
    for (const { bytes } of [config, ...layers]) await this.pushBlob(bytes);
    return this.pushManifest(manifestOf(config, layers), IMAGE_MANIFEST, tag);
  }

  /** One image for each platform, and an index of them; the index's digest. */
  async pushIndex(images: readonly Packed[], tag: string | null): Promise<string> {
    const manifests: object[] = [];
    for (const { config, layers, platform } of images) {
      const digest = await this.push(config, layers, null);
      const size = Buffer.byteLength(JSON.stringify(manifestOf(config, layers)));
      manifests.push({ mediaType: IMAGE_MANIFEST, digest, size, platform });
    }
    return this.pushManifest({ schemaVersion: 2, mediaType: INDEX, manifests }, INDEX, tag);
  }

  /** Returns the manifest; for an index, that of linux/amd64, the platform that stages run on. */
  async manifest(reference: string): Promise<z.infer<typeof ImageManifest>> {
    const read: unknown = JSON.parse((await this.raw(reference)).toString('utf8'));
    const index = Index.safeParse(read);
    const own = index.data?.manifests.find(({ platform }) => platform?.architecture === 'amd64');
    return own === undefined ? ImageManifest.parse(read) : this.manifest(own.digest);
  }

  /** A manifest's bytes, which its digest is of. */
  raw(reference: string): Promise<Buffer> {
    return this.get(`manifests/${reference}`);
  }

  blob(digest: string): Promise<Buffer> {
    return this.get(`blobs/${digest}`);
  }

  /** Stores a bundle beside an image: the way cosign does where there is no referrers API. */
  async attach(subject: string, bundle: unknown): Promise<void> {
    const layer = { mediaType: SIGSTORE_BUNDLE, bytes: Buffer.from(JSON.stringify(bundle)) };
    const config = { mediaType: 'application/vnd.oci.empty.v1+json', bytes: Buffer.from('{}') };
    const digest = await this.push(config, [layer], null);
    const index = Index.parse(JSON.parse((await this.referrers(subject))?.toString('utf8') ?? '{"manifests":[]}'));
    const descriptor = { mediaType: IMAGE_MANIFEST, digest, size: layer.bytes.length };
    const manifests = [...index.manifests, descriptor];
    await this.pushManifest({ schemaVersion: 2, mediaType: INDEX, manifests }, INDEX, fallbackTag(subject));
  }

  /** All bundles stored beside an image. */
  async bundles(subject: string): Promise<unknown[]> {
    const text = await this.referrers(subject);
    const { manifests } = Index.parse(JSON.parse(text?.toString('utf8') ?? '{"manifests":[]}'));
    const bundles: unknown[] = [];
    for (const { digest } of manifests) {
      const [layer] = (await this.manifest(digest)).layers;
      if (layer?.mediaType === SIGSTORE_BUNDLE)
        bundles.push(JSON.parse((await this.blob(layer.digest)).toString('utf8')));
    }
    return bundles;
  }

  private async referrers(subject: string): Promise<Buffer | null> {
    const reply = await fetch(`${this.base}/manifests/${fallbackTag(subject)}`, { headers: this.headers });
    return reply.status === 404 ? null : Buffer.from(await (await expectOk(reply)).arrayBuffer());
  }

  private async pushBlob(bytes: Buffer): Promise<void> {
    const { headers } = this;
    const url = `${this.base}/blobs/uploads/?digest=${digestOf(bytes)}`;
    await expectOk(await fetch(url, { method: 'POST', headers, body: new Uint8Array(bytes) }));
  }

  private async pushManifest(manifest: object, mediaType: string, tag: string | null): Promise<string> {
    const bytes = Buffer.from(JSON.stringify(manifest));
    const headers = { ...this.headers, 'content-type': mediaType };
    const url = `${this.base}/manifests/${tag ?? digestOf(bytes)}`;
    await expectOk(await fetch(url, { method: 'PUT', body: new Uint8Array(bytes), headers }));
    return digestOf(bytes);
  }

  private async get(path: string): Promise<Buffer> {
    const reply = await expectOk(await fetch(`${this.base}/${path}`, { headers: this.headers }));
    return Buffer.from(await reply.arrayBuffer());
  }
}

export const manifestOf = (config: Layer, layers: readonly Layer[]): object => {
  const describe = ({ mediaType, bytes }: Layer): object => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
  });
  return { schemaVersion: 2, mediaType: IMAGE_MANIFEST, config: describe(config), layers: layers.map(describe) };
};

export const basic = ({ username, password }: Credentials): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

const fallbackTag = (digest: string): string => digest.replace(':', '-');

async function expectOk(reply: Response): Promise<Response> {
  if (reply.ok) return reply;
  await reply.body?.cancel();
  const why = reply.status === 401 ? 'UNAUTHORIZED: authentication required' : `unexpected status code ${reply.status}`;
  throw new Error(`${new URL(reply.url).pathname}: ${why}`);
}

export const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
