/** syft's stand-in: pulls the image by digest, and lists what its package files name, as CycloneDX 1.6. */
import { randomUUID } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { extract } from 'tar-stream';
import { z } from 'zod';
import { OciImage } from '../registry/oci-client.ts';

interface Component {
  readonly type: 'library';
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly properties: readonly { readonly name: string; readonly value: string }[];
}

export async function inventory(image: string, digest: string): Promise<object> {
  const source = new OciImage(image);
  const components: Component[] = [];
  for (const { digest: layer } of (await source.manifest(digest)).layers) {
    for (const [path, text] of await filesOf(gunzipSync(await source.blob(layer))))
      components.push(...packagesIn(path, text));
  }
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${randomUUID()}`,
    version: 1,
    metadata: { timestamp: new Date().toISOString(), component: { type: 'container', name: image, version: digest } },
    components,
  };
}

const PACKAGE_FILES = /(^|\/)(package-lock\.json|requirements\.txt)$/;

async function filesOf(tar: Buffer): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const reader = extract();
  reader.end(tar);
  for await (const entry of reader) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    if (PACKAGE_FILES.test(entry.header.name)) files.set(entry.header.name, Buffer.concat(chunks).toString('utf8'));
  }
  return files;
}

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
