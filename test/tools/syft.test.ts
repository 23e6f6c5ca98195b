/** syft's own report of an image that the sandbox built: the App's reader takes it, and the double says the same of it. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { z } from 'zod';
import { inventory } from '../../sandbox/actions/inventory.ts';
import { archiveOf } from '../../sandbox/actions/oci-archive.ts';
import { buildImage } from '../../sandbox/actions/build-image.ts';
import { readCycloneDx, SBOM_FILE } from '../../src/domain/sbom/sbom-result.ts';
import { describeWith, realTool, run } from './real-tools.ts';

const Inventory = z.object({
  specVersion: z.string(),
  components: z.array(
    z.object({
      type: z.string(),
      name: z.string(),
      version: z.string(),
      purl: z.string(),
      properties: z.array(z.object({ name: z.string(), value: z.string() })),
    }),
  ),
});

const PLACE = 'syft:location:0:';

/** What readers go by; of its other properties syft has many. */
function listedIn(document: unknown): object[] {
  const { components } = Inventory.parse(document);
  return components
    .filter(({ type }) => type === 'library')
    .map(({ properties, name, version, purl }) => ({
      name,
      version,
      purl,
      properties: properties.filter((each) => each.name.startsWith(PLACE)),
    }))
    .toSorted((a, b) => a.purl.localeCompare(b.purl));
}

const FILES = {
  Dockerfile:
    'FROM node:24-alpine\nWORKDIR /app\nCOPY package.json package-lock.json /app/\nRUN npm ci\nCOPY installed /usr/lib/python3/site-packages\nCOPY requirements.txt nameless.json /app/\n',
  'package.json': '{"name":"app","version":"1.0.0"}',
  'package-lock.json':
    '{"lockfileVersion":3,"packages":{"":{"name":"app"},"node_modules/lodash":{"version":"4.17.20"},"node_modules/@acme/tool":{"version":"2.0.0"},"node_modules/@acme/tool/node_modules/lodash":{"version":"4.17.21"}}}',
  'installed/requests-2.32.0.dist-info/METADATA': 'Metadata-Version: 2.1\nName: requests\nVersion: 2.32.0\n\nWords.\n',
  'requirements.txt': 'flask==3.0.0\n',
  'nameless.json': '{"version":"1.0.0"}',
};

describeWith(realTool('syft'), (syft) => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'slsa-syft-'));
    for (const [path, text] of Object.entries(FILES)) {
      mkdirSync(dirname(join(folder, 'context', path)), { recursive: true });
      writeFileSync(join(folder, 'context', path), text);
    }
    const built = await buildImage(join(folder, 'context'), {
      dockerfile: 'Dockerfile',
      context: '.',
      target: '',
      platforms: ['linux/amd64'],
      args: new Map(),
      root: join(folder, 'root'),
    });
    const [image] = built.kind === 'built' ? built.images : [];
    if (image === undefined) throw new Error('The image did not build');
    writeFileSync(join(folder, 'image.tar'), (await archiveOf(image)).bytes);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('finds in an image what the double finds', async () => {
    const said = run(syft, ['scan', 'oci-archive:image.tar', '-o', 'cyclonedx-json@1.6=sbom.cdx.json', '-q'], folder);
    expect(said).toEqual({ exitCode: 0, words: '' });
    const real: unknown = JSON.parse(readFileSync(join(folder, 'sbom.cdx.json'), 'utf8'));
    const bytes = readFileSync(join(folder, 'image.tar'));
    expect(listedIn(real)).toEqual(listedIn(await inventory({ kind: 'archive', bytes, name: 'image.tar' })));
    expect(listedIn(real)).toHaveLength(5);
  });

  it("writes what the App's reader takes", () => {
    const text = readFileSync(join(folder, 'sbom.cdx.json'), 'utf8');
    expect(
      readCycloneDx(
        new Map([[SBOM_FILE, { text, bytes: text.length, sha256: 'a'.repeat(64), canonicalSha256: 'b'.repeat(64) }]]),
      ),
    ).toMatchObject({
      kind: 'read',
      result: { specVersion: '1.6' },
    });
  });
});
