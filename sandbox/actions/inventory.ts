/**
 * syft's stand-in: lists what is installed in an image, as CycloneDX 1.6. It ignores lock files, as syft
 * does for images. Source: anchore/syft v1.42.3 `internal/task/package_tasks.go` (tag `image`); held against the real
 * one by test/tools/syft.test.ts.
 */
import { createHash, randomUUID } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import type { OciImage } from '../registry/oci-client.ts';
import { filesIn, layersIn } from './oci-archive.ts';

interface Component {
  readonly type: 'library';
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly properties: readonly { readonly name: string; readonly value: string }[];
}

/** The image to list: in a registry, or in an OCI archive. */
export type Source =
  | { readonly kind: 'registry'; readonly image: OciImage; readonly name: string; readonly digest: string }
  | { readonly kind: 'archive'; readonly bytes: Buffer; readonly name: string };

export async function inventory(source: Source): Promise<object> {
  const { digest, layers } = source.kind === 'archive' ? await layersIn(source.bytes) : await pulled(source);
  const components: Component[] = [];
  for (const layer of layers) {
    const tar = gunzipSync(layer);
    const layerId = `sha256:${createHash('sha256').update(tar).digest('hex')}`;
    for (const [path, bytes] of await filesIn(tar, PACKAGE_FILES))
      components.push(...packagesIn({ path, layerId }, bytes.toString('utf8')));
  }
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${randomUUID()}`,
    version: 1,
    metadata: {
      timestamp: new Date().toISOString(),
      tools: { components: [{ type: 'application', author: 'anchore', name: 'syft', version: '1.42.3' }] },
      component: { type: 'container', name: source.name, version: digest },
    },
    components,
  };
}

async function pulled({
  image,
  digest,
}: Extract<Source, { kind: 'registry' }>): Promise<{ digest: string; layers: Buffer[] }> {
  const { layers } = await image.manifest(digest);
  return { digest, layers: await Promise.all(layers.map((layer) => image.blob(layer.digest))) };
}

const PACKAGE_FILES = /(^|\/)(package\.json|[^/]+\.dist-info\/METADATA)$/;

interface Place {
  readonly path: string;
  readonly layerId: string;
}

const PackageJson = z.object({ name: z.string().min(1), version: z.string().min(1) });

/** A package.json without name or version is none of an installed package. */
function packagesIn(place: Place, text: string): Component[] {
  if (place.path.endsWith('/METADATA')) {
    const [, name] = /^Name: (.+)$/m.exec(text) ?? [];
    const [, version] = /^Version: (.+)$/m.exec(text) ?? [];
    return name === undefined || version === undefined ? [] : [component('pypi', { name, version }, place)];
  }
  const found = PackageJson.safeParse(parsedJson(text));
  return found.success ? [component('npm', found.data, place)] : [];
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const component = (
  type: string,
  { name, version }: { readonly name: string; readonly version: string },
  { path, layerId }: Place,
): Component => ({
  type: 'library',
  name,
  version,
  purl: `pkg:${type}/${name.replace('@', '%40')}@${version}`,
  properties: [
    { name: 'syft:location:0:layerID', value: layerId },
    { name: 'syft:location:0:path', value: `/${path}` },
  ],
});
