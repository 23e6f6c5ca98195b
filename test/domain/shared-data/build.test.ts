/** The build's reader over every file of `shared/data/01-build-image`. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { toReportFile } from '../../../src/adapters/github/artifact-archive.ts';
import { BUILDX_METADATA, readBuildxMetadata, type BuildxReading } from '../../../src/domain/build/build-result.ts';
import type { Reading, ReportFile } from '../../../src/domain/stage/stage-report.ts';
import { describeWithSharedData, sharedDataPath } from '../../shared-data.ts';

const FOLDER = '01-build-image';
const IMAGE = 'ghcr.io/acme/app';

const bytesOf = (file: string): Buffer => readFileSync(sharedDataPath(`${FOLDER}/${file}`));
const reportOf = (file: string): ReportFile => toReportFile(bytesOf(file));
const objectOf = (file: string): object => JSON.parse(reportOf(file).text) as object;

interface Listed {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}
const listedFiles = (): readonly Listed[] => (objectOf('index.json') as { files: Listed[] }).files;

const offered = (report: ReportFile): Reading<BuildxReading> =>
  readBuildxMetadata(new Map([[BUILDX_METADATA, report]]), { imageName: IMAGE });

const DIGEST = 'sha256:b09b9482c72371486bb2c1d2c2a2633ed1d0b8389e12c8d52b9e052725c0c83c';
/** Built, never pushed. */
const METADATA = 'metadata-build.json';

const NO_DIGEST = 'is not what was expected at containerimage.digest';
const NO_OBJECT = 'is not what was expected at its top level';

/** Other documents about images. Each names digests, and none of them is what a build of ours pushed. */
const OTHER_FORMATS: readonly (readonly [string, string])[] = [
  ['metadata-bake.json', NO_DIGEST],
  ['imagetools-01.json', NO_DIGEST],
  ['imagetools-02.json', NO_DIGEST],
  ['imagetools-03.json', NO_DIGEST],
  ['imagetools-04.json', NO_DIGEST],
  ['imagetools-05.json', NO_OBJECT],
  ['imagetools-06.json', NO_OBJECT],
  ['imagetools-07.json', NO_OBJECT],
  ['buildkit-slsa-v1-provenance-hello.json', NO_DIGEST],
  ['buildkit-slsa-v1-provenance-hello-arm64.json', NO_DIGEST],
  ['buildkit-provenance-v0.2-example-package.json', NO_DIGEST],
  ['oci-index-example-package.json', NO_DIGEST],
];

/** The same document as it would be had the image been pushed as `name` with that digest. */
const pushed = (name: string, digest: string): ReportFile => {
  const metadata = { ...objectOf(METADATA), 'image.name': name, 'containerimage.descriptor': { digest } };
  return toReportFile(Buffer.from(JSON.stringify(metadata)));
};

describeWithSharedData('shared data of stage 01, build', () => {
  it('refuses the metadata of an image that was never pushed', () => {
    expect(objectOf(METADATA)).toMatchObject({ 'containerimage.digest': DIGEST });
    expect(offered(reportOf(METADATA))).toEqual({
      kind: 'unusable',
      problem: {
        code: 'report_contradicts',
        blame: 'nobody_here',
        message: 'Build: the image was built but not pushed, so its digest names nothing.',
        next: expect.stringContaining('/slsa rerun failed'),
      },
    });
  });

  it('reads the same metadata, once it says that the image was pushed, with its three warnings', () => {
    expect(offered(pushed(`${IMAGE}:v1`, DIGEST))).toEqual({
      kind: 'read',
      result: { image: `${IMAGE}:v1`, digest: DIGEST, warnings: 3 },
    });
  });

  it('refuses the same metadata where it was pushed as another image or with another digest', () => {
    expect(offered(pushed('ghcr.io/acme/app-evil:v1', DIGEST))).toMatchObject({ problem: { code: 'wrong_subject' } });
    expect(offered(pushed(`${IMAGE}:v1`, `sha256:${'0'.repeat(64)}`))).toMatchObject({
      kind: 'unusable',
      problem: { code: 'report_unreadable', message: `Build: ${BUILDX_METADATA} names two different digests.` },
    });
  });

  it.each(OTHER_FORMATS)('refuses %s: it %s', (file, why) => {
    expect(reportOf(file).text).toContain('sha256:');
    expect(offered(reportOf(file))).toMatchObject({
      kind: 'unusable',
      problem: { code: 'report_unreadable', message: expect.stringContaining(`Build: ${BUILDX_METADATA} ${why}`) },
    });
  });

  it("finds each of bake's three digests below its target, and takes none of them for the image's", () => {
    const targets = Object.values(objectOf('metadata-bake.json')).filter((each) => 'containerimage.digest' in each);
    expect(targets).toHaveLength(3);
  });

  it("hashes each file's bytes as index.json does, so that an index has the digest that names it", () => {
    for (const { file, bytes, sha256 } of listedFiles()) expect(reportOf(file)).toMatchObject({ bytes, sha256 });
    expect(reportOf('oci-index-example-package.json').sha256).toBe(
      '234e2c830c2fb31ac5671789d22adfe44d30c3ee831d01beae5e237841a13122',
    );
  });

  it('covers every file of the folder', () => {
    const covered = [METADATA, ...OTHER_FORMATS.map(([file]) => file)].sort();
    expect(covered).toEqual(
      listedFiles()
        .map(({ file }) => file)
        .sort(),
    );
    expect(covered).toEqual(
      readdirSync(sharedDataPath(FOLDER))
        .filter((file) => file !== 'index.json')
        .sort(),
    );
  });
});
