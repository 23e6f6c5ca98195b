/** Pushing and pulling as the stages' tools do: by digest, with the fallback tag for what refers to an image. */
import { z } from 'zod';
import { digestOf } from './registry.ts';

const IMAGE_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';
const SIGSTORE_BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';

const Descriptor = z.object({ mediaType: z.string(), digest: z.string(), size: z.number() });
export const ImageManifest = z.object({ config: Descriptor, layers: z.array(Descriptor) });
const Index = z.object({ manifests: z.array(Descriptor) });

export interface Layer {
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/** One image in one registry: `host/name`. */
export class OciImage {
  private readonly base: string;

  constructor(imageName: string) {
    const slash = imageName.indexOf('/');
    this.base = `http://${imageName.slice(0, slash)}/v2/${imageName.slice(slash + 1)}`;
  }

  /** Pushes config, layers and manifest; the manifest's digest. */
  async push(config: Layer, layers: readonly Layer[], tag: string | null): Promise<string> {
    for (const { bytes } of [config, ...layers]) await this.pushBlob(bytes);
    const describe = ({ mediaType, bytes }: Layer): object => ({
      mediaType,
      digest: digestOf(bytes),
      size: bytes.length,
    });
    const manifest = {
      schemaVersion: 2,
      mediaType: IMAGE_MANIFEST,
      config: describe(config),
      layers: layers.map(describe),
    };
    return this.pushManifest(manifest, IMAGE_MANIFEST, tag);
  }

  async manifest(reference: string): Promise<z.infer<typeof ImageManifest>> {
    return ImageManifest.parse(JSON.parse((await this.get(`manifests/${reference}`)).toString('utf8')));
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

  private referrers(subject: string): Promise<Buffer | null> {
    return this.get(`manifests/${fallbackTag(subject)}`).catch(() => null);
  }

  private async pushBlob(bytes: Buffer): Promise<void> {
    await expectOk(
      fetch(`${this.base}/blobs/uploads/?digest=${digestOf(bytes)}`, { method: 'POST', body: new Uint8Array(bytes) }),
    );
  }

  private async pushManifest(manifest: object, mediaType: string, tag: string | null): Promise<string> {
    const bytes = Buffer.from(JSON.stringify(manifest));
    const headers = { 'content-type': mediaType };
    await expectOk(
      fetch(`${this.base}/manifests/${tag ?? digestOf(bytes)}`, {
        method: 'PUT',
        body: new Uint8Array(bytes),
        headers,
      }),
    );
    return digestOf(bytes);
  }

  private async get(path: string): Promise<Buffer> {
    return Buffer.from(await (await expectOk(fetch(`${this.base}/${path}`))).arrayBuffer());
  }
}

const fallbackTag = (digest: string): string => digest.replace(':', '-');

async function expectOk(request: Promise<Response>): Promise<Response> {
  const reply = await request;
  if (!reply.ok) throw new Error(`The registry answered ${reply.status} to ${reply.url}`);
  return reply;
}
