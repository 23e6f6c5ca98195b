/** The SBOM's reader over every file of `shared/data/02-generate-sbom`. */
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, it } from '@jest/globals';
import { toReportFile } from '../../../src/adapters/github/artifact-archive.ts';
import { CommitSha, Digest } from '../../../src/domain/git.ts';
import { readCycloneDx, readSbom, SBOM_FILE, type SbomResult } from '../../../src/domain/sbom/sbom-result.ts';
import { STAGE_REPORT_FILE, type Reading, type ReportFile } from '../../../src/domain/stage/stage-report.ts';
import { describeWithSharedData, sharedDataPath } from '../../shared-data.ts';

const FOLDER = '02-generate-sbom';
const COMMIT = CommitSha.parse('c'.repeat(40));
const OTHER_DIGEST = `sha256:${'0'.repeat(64)}`;

const bytesOf = (file: string): Buffer => readFileSync(sharedDataPath(`${FOLDER}/${file}`));
const inflatedBytesOf = (file: string): Buffer => (file.endsWith('.gz') ? gunzipSync(bytesOf(file)) : bytesOf(file));
const reportOf = (file: string): ReportFile => toReportFile(inflatedBytesOf(file));

interface Listed {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly uncompressed_bytes?: number;
}
const listedFiles = (): readonly Listed[] =>
  (JSON.parse(bytesOf('index.json').toString('utf8')) as { files: Listed[] }).files;

interface RawComponent {
  readonly components?: readonly RawComponent[];
}
interface RawSbom {
  readonly specVersion: string;
  readonly components: readonly RawComponent[];
  readonly metadata?: { readonly component?: { readonly version?: string } };
}
const rawOf = (file: string): RawSbom => JSON.parse(reportOf(file).text) as RawSbom;
const countByHand = (components: readonly RawComponent[] = []): number =>
  components.reduce((total, each) => total + 1 + countByHand(each.components), 0);

const NO_SUBJECT = null;

interface SbomRow {
  readonly file: string;
  readonly specVersion: string;
  readonly components: number;
  /** `metadata.component.version`: a digest binds the document to an image, a tag or nothing does not. */
  readonly subject: string | null;
}

const SBOMS: readonly SbomRow[] = [
  {
    file: 'cdx16-syft1.38.0-image-control-plane.json',
    specVersion: '1.6',
    components: 420,
    subject: 'v1.60.0-arm64',
  },
  {
    file: 'cdx15-syft0.101.1-image-control-plane.json',
    specVersion: '1.5',
    components: 250,
    subject: 'v0.55.0',
  },
  { file: 'cdx14-syft0.73.0-dir-4MB.json.gz', specVersion: '1.4', components: 2095, subject: NO_SUBJECT },
  { file: 'cdx15-syft-with-vulns.json', specVersion: '1.5', components: 250, subject: 'v0.55.0' },
  { file: 'cdx15-legacy-tools.json', specVersion: '1.5', components: 250, subject: 'v0.55.0' },
  { file: 'cdx-minimal-null-tools.json', specVersion: '1.4', components: 1, subject: NO_SUBJECT },
  {
    file: 'cdx14-syft0.58-image-alpine.json',
    specVersion: '1.4',
    components: 15,
    subject: 'sha256:cbaa390ec61abd889dfa5146a411c11717c19ef9e5e18458dbdc06439076ffe7',
  },
  {
    file: 'cdx14-syft0.58-image-busybox.json',
    specVersion: '1.4',
    components: 1,
    subject: 'sha256:bf5e28853a83134e949201fb5979927a9e5cc74cb747b7a080d96eaba1303411',
  },
  {
    file: 'cdx14-syft0.58-image-distroless.json',
    specVersion: '1.4',
    components: 3,
    subject: 'sha256:6ad5b696af3ca05a048bd29bf0f623040462638cb0b29c8d702cbb2805687388',
  },
  { file: 'cdx17.json', specVersion: '1.7', components: 1, subject: '1.0.0' },
  { file: 'cdx14-no-metadata-component.json', specVersion: '1.4', components: 1, subject: NO_SUBJECT },
  {
    file: 'cdx15-syft1.6.0-image-alpine.json',
    specVersion: '1.5',
    components: 15,
    subject: 'sha256:1c3b93ed450e26eac89b471d6d140e2f99488f489739b8b8ea5e8202dd086f82',
  },
  { file: 'cdx-syft-golden-image.json', specVersion: '1.7', components: 3, subject: 'sha256:redacted' },
];

/** Not CycloneDX, whatever their names say. */
const REFUSED: readonly string[] = ['invalid-bomformat-CDX.json', 'syft-native-alpine.json'];

const offered = (file: string): Reading<SbomResult> => readCycloneDx(new Map([[SBOM_FILE, reportOf(file)]]));

/** As the stage's artifact would hold it, with a stage.json that says the right things. */
function inArtifact(file: string, digest: string): Reading<SbomResult> {
  const report = reportOf(file);
  const stageReport = {
    schemaVersion: 1,
    stage: 'sbom',
    commit: COMMIT,
    exitCode: 0,
    subject: digest,
    sbomSha256: report.sha256,
    tool: { name: 'syft', version: '1.42.3' },
  };
  const files = new Map([
    [STAGE_REPORT_FILE, toReportFile(Buffer.from(JSON.stringify(stageReport)))],
    [SBOM_FILE, report],
  ]);
  const expected = {
    stage: 'sbom',
    commit: COMMIT,
    digest: Digest.parse(digest),
    sbomSha256: null,
    imageName: 'ghcr.io/acme/app',
  } as const;
  return readSbom(files, expected, 'success');
}

const isDigest = ({ subject }: SbomRow): boolean => Digest.safeParse(subject).success;
const claimsDigest = ({ subject }: SbomRow): boolean => subject?.startsWith('sha256:') === true;

describeWithSharedData('shared data of stage 02, SBOM', () => {
  it.each(SBOMS)('reads $components components of CycloneDX $specVersion in $file', ({ file, ...row }) => {
    expect(offered(file)).toEqual({
      kind: 'read',
      result: { specVersion: row.specVersion, components: row.components, sha256: reportOf(file).sha256 },
    });
  });

  it.each(SBOMS)('agrees with a count by hand of $file', ({ file, ...row }) => {
    const raw = rawOf(file);
    expect(raw.specVersion).toBe(row.specVersion);
    expect(countByHand(raw.components)).toBe(row.components);
    expect(raw.metadata?.component?.version ?? null).toBe(row.subject);
  });

  it.each(REFUSED)('refuses %s, naming what is wrong', (file) => {
    const refusal = {
      kind: 'unusable',
      problem: {
        code: 'report_unreadable',
        blame: 'nobody_here',
        message: expect.stringContaining(`SBOM: ${SBOM_FILE} is not what was expected at bomFormat`),
        next: expect.stringContaining('/slsa rerun failed'),
      },
    };
    expect(offered(file)).toEqual(refusal);
    expect(inArtifact(file, OTHER_DIGEST)).toEqual(refusal);
  });

  it.each(SBOMS.filter(isDigest))('takes $file for the image that it names', ({ file, subject, components }) => {
    expect(inArtifact(file, subject ?? '')).toMatchObject({ kind: 'read', result: { components } });
  });

  it.each(SBOMS.filter(claimsDigest))('refuses $file for any other image than $subject', ({ file, subject }) => {
    const message = `SBOM reports on ${subject}, but was asked about ${OTHER_DIGEST}.`;
    expect(inArtifact(file, OTHER_DIGEST)).toMatchObject({
      kind: 'unusable',
      problem: { code: 'wrong_subject', message },
    });
  });

  it.each(SBOMS.filter((row) => !claimsDigest(row)))(
    'takes $file, which names no digest, at the word of stage.json until the attestation binds it',
    ({ file, components }) => {
      expect(inArtifact(file, OTHER_DIGEST)).toMatchObject({ kind: 'read', result: { components } });
    },
  );

  it("hashes each file's bytes as index.json does, and inflates what is compressed", () => {
    for (const { file, bytes, sha256, uncompressed_bytes: inflated } of listedFiles()) {
      expect(toReportFile(bytesOf(file))).toMatchObject({ bytes, sha256 });
      expect(reportOf(file).bytes).toBe(inflated ?? bytes);
    }
  });

  it('covers every file of the folder', () => {
    const covered = [...SBOMS.map(({ file }) => file), ...REFUSED].sort();
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
