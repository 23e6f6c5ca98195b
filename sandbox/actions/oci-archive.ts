/** An image as buildx's `type=oci` exporter writes it: an OCI layout in a tar. Source: OCI image specification, `image-layout.md`. */
import { extract, pack } from 'tar-stream';
import { z } from 'zod';
import { digestOf, ImageManifest, manifestOf, type Layer, type Packed } from '../registry/oci-client.ts';

export interface Archive {
  readonly bytes: Buffer;
  /** The digest of the image's manifest. */
  readonly digest: string;
}

export async function archiveOf({ config, layers }: Packed): Promise<Archive> {
  const manifest = Buffer.from(JSON.stringify(manifestOf(config, layers)));
  const digest = digestOf(manifest);
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const tar = pack();
  const reading = bytesOf(tar);
  // Folders are entries too: without them syft finds nothing. Source: containerd `core/images/archive/exporter.go`.
  for (const name of ['blobs/', 'blobs/sha256/']) tar.entry({ name, type: 'directory', mtime: new Date(0) });
  for (const bytes of [config, ...layers].map((layer: Layer) => layer.bytes).concat(manifest))
    tar.entry({ name: `blobs/sha256/${digestOf(bytes).replace('sha256:', '')}`, mtime: new Date(0) }, bytes);
  const index = { schemaVersion: 2, manifests: [{ mediaType, digest, size: manifest.length }] };
  tar.entry({ name: 'index.json', mtime: new Date(0) }, JSON.stringify(index));
  tar.entry({ name: 'oci-layout', mtime: new Date(0) }, '{"imageLayoutVersion":"1.0.0"}');
  tar.finalize();
  return { bytes: await reading, digest };
}

const Index = z.object({ manifests: z.tuple([z.object({ digest: z.string() })]) });

/** The layers of the image in an archive, as they are kept. */
export async function layersIn(
  archive: Buffer,
): Promise<{ readonly digest: string; readonly layers: readonly Buffer[] }> {
  const files = await filesIn(archive);
  const blob = (digest: string): Buffer =>
    files.get(`blobs/sha256/${digest.replace('sha256:', '')}`) ?? Buffer.alloc(0);
  const [{ digest }] = Index.parse(JSON.parse(files.get('index.json')?.toString('utf8') ?? 'null')).manifests;
  const { layers } = ImageManifest.parse(JSON.parse(blob(digest).toString('utf8')));
  return { digest, layers: layers.map((layer) => blob(layer.digest)) };
}

/** The files of a tar by their paths, as far as they are wanted. */
export async function filesIn(tar: Buffer, wanted = /^/): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const reader = extract();
  reader.end(tar);
  for await (const entry of reader) {
    const bytes = await bytesOf(entry);
    if (wanted.test(entry.header.name)) files.set(entry.header.name, bytes);
  }
  return files;
}

async function bytesOf(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
