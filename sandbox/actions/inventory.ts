/** syft's stand-in: lists what the package files of an image name, as CycloneDX 1.6. */
import { randomUUID } from 'node:crypto';
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

/** Where syft looks: an image in a registry, or one that lies in an archive. */
export type Source =
  | { readonly kind: 'registry'; readonly image: OciImage; readonly name: string; readonly digest: string }
  | { readonly kind: 'archive'; readonly bytes: Buffer; readonly name: string };

export async function inventory(source: Source): Promise<object> {
  const { digest, layers } = source.kind === 'archive' ? await layersIn(source.bytes) : await pulled(source);
  const components: Component[] = [];
  for (const layer of layers)
    for (const [path, bytes] of await filesIn(gunzipSync(layer), PACKAGE_FILES))
      components.push(...packagesIn(path, bytes.toString('utf8')));
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

const PACKAGE_FILES = /(^|\/)(package-lock\.json|requirements\.txt)$/;

const PackageLock = z.object({
  packages: z.record(z.string(), z.object({ version: z.string().optional() })).default({}),
});

function packagesIn(path: string, text: string): Component[] {
  if (path.endsWith('requirements.txt')) {
    return [...text.matchAll(/^([A-Za-z0-9._-]+)==([A-Za-z0-9._-]+)/gm)].map(([, name = '', version = '']) =>
      component('pypi', { name, version, path }),
    );
  }
  const lock = PackageLock.safeParse(JSON.parse(text));
  if (!lock.success) return [];
  return Object.entries(lock.data.packages)
    .filter(([folder, { version }]) => folder !== '' && version !== undefined)
    .map(([folder, { version = '' }]) =>
      component('npm', { name: folder.replace(/^.*node_modules\//, ''), version, path }),
    );
}

const component = (
  type: string,
  { name, version, path }: { name: string; version: string; path: string },
): Component => ({
  type: 'library',
  name,
  version,
  purl: `pkg:${type}/${name.replace('@', '%40')}@${version}`,
  properties: [{ name: 'syft:location:0:path', value: `/${path}` }],
});
