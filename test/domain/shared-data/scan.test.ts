/** grype's reader over every file of `shared/data/03-scan-sbom`. */
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, it } from '@jest/globals';
import { toReportFile } from '../../../src/adapters/github/artifact-archive.ts';
import { GRYPE_REPORT, readGrype } from '../../../src/domain/scan/read-grype.ts';
import type { ScanResult, SeverityCounts } from '../../../src/domain/scan/scan-result.ts';
import type { Reading, ReportFile } from '../../../src/domain/stage/stage-report.ts';
import { describeWithSharedData, sharedDataPath } from '../../shared-data.ts';

const FOLDER = '03-scan-sbom';
const SBOM_SHA256 = 'b'.repeat(64);

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

interface RawGrype {
  readonly matches: readonly {
    readonly vulnerability: { readonly id: string; readonly severity?: string };
    readonly artifact: { readonly name: string; readonly version: string; readonly purl?: string };
  }[];
}
const matchesOf = (file: string): RawGrype['matches'] => (JSON.parse(reportOf(file).text) as RawGrype).matches;

const NONE: SeverityCounts = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 };

/** Counted by hand: as the tool lists them, and each pair of vulnerability and package once. */
function countByHand(file: string): { readonly raw: SeverityCounts; readonly unique: SeverityCounts } {
  const raw = { ...NONE };
  const unique = { ...NONE };
  const seen = new Set<string>();
  for (const { vulnerability, artifact } of matchesOf(file)) {
    const severity = (vulnerability.severity ?? 'Unknown').toLowerCase() as keyof SeverityCounts;
    raw[severity] += 1;
    const pair = [vulnerability.id, artifact.name, artifact.version, artifact.purl].join('\n');
    if (!seen.has(pair)) unique[severity] += 1;
    seen.add(pair);
  }
  return { raw, unique };
}

interface ScanRow {
  readonly file: string;
  /** As index.json says it: raw matches and their severities. */
  readonly matches: number;
  readonly raw: Partial<SeverityCounts>;
  /** Unique ones, where they are fewer. */
  readonly counts?: Partial<SeverityCounts>;
  readonly databaseBuilt: string | null;
  readonly worst: Readonly<Record<string, string | null>> | null;
}

const SCANS: readonly ScanRow[] = [
  { file: 'grype.no_vuln.json', matches: 0, raw: {}, databaseBuilt: null, worst: null },
  { file: 'grype-repo.TestEmptyJsonPresenter.golden', matches: 0, raw: {}, databaseBuilt: null, worst: null },
  {
    file: 'grype.many_vulns4.json',
    matches: 9,
    raw: { critical: 2, high: 2, medium: 5 },
    databaseBuilt: '2021-10-27T08:14:21Z',
    worst: {
      id: 'CVE-2021-29940',
      severity: 'critical',
      package: 'through',
      version: '2.3.8',
      fixedIn: null,
      location: 'components/yarn.lock',
      url: 'https://nvd.nist.gov/vuln/detail/CVE-2021-29940',
    },
  },
  {
    file: 'grype.many_vulns.json.gz',
    matches: 1509,
    raw: { high: 32, medium: 613, low: 107, negligible: 681, unknown: 76 },
    databaseBuilt: null,
    worst: { id: 'CVE-2020-8492', severity: 'high', package: 'libpython2.7-stdlib', url: null },
  },
  {
    file: 'grype.many_vulns2.json.gz',
    matches: 1567,
    raw: { high: 26, medium: 637, low: 112, negligible: 688, unknown: 104 },
    databaseBuilt: null,
    worst: { id: 'CVE-2019-25013', severity: 'high', package: 'libc6-dev', url: null },
  },
  {
    file: 'grype.many_vulns_with_epss_values.json',
    matches: 15,
    raw: { critical: 1, high: 10, medium: 2, low: 2 },
    // The v6 database says it one level deeper.
    databaseBuilt: '2025-06-19T04:12:38Z',
    worst: { id: 'CVE-2022-48174', severity: 'critical', package: 'busybox', version: '1.32.1', location: '/bin/[' },
  },
  {
    file: 'grype.check_all_fields.json',
    matches: 6,
    raw: { critical: 2, high: 3, negligible: 1 },
    counts: { critical: 2, high: 2, negligible: 1 },
    databaseBuilt: '2021-12-24T08:14:02Z',
    worst: { id: 'CVE-2021-33574', severity: 'critical', package: 'libc-bin', version: '2.28-10', fixedIn: null },
  },
  {
    file: 'grype.fix_available.json',
    matches: 1,
    raw: { high: 1 },
    databaseBuilt: '2024-04-10T01:25:07Z',
    worst: { id: 'CVE-2009-3882', severity: 'high', package: 'java', fixedIn: '1.2.3' },
  },
  {
    file: 'grype.fix_not_available.json',
    matches: 1,
    raw: { high: 1 },
    databaseBuilt: '2024-04-10T01:25:07Z',
    worst: { id: 'CVE-2009-3882', severity: 'high', package: 'java', fixedIn: null },
  },
  {
    file: 'grype.same_cve_different_paths.json',
    matches: 2,
    raw: { critical: 2 },
    counts: { critical: 1 },
    databaseBuilt: null,
    worst: { id: 'CVE-2021-33574', severity: 'critical', package: 'libc6', version: '2.28-10', fixedIn: null },
  },
  {
    file: 'grype-repo.chainguard-ruby-test.json',
    matches: 3,
    raw: { high: 3 },
    databaseBuilt: '2023-05-17T01:32:43Z',
    // Its source is an http address, which is never made a link.
    worst: { id: 'CVE-2023-28755', severity: 'high', package: 'ruby-3.0', fixedIn: '3.0.6-r0', url: null },
  },
  {
    file: 'grype-repo.ghsa-test.json',
    matches: 2,
    raw: { medium: 2 },
    databaseBuilt: '2023-08-31T01:24:19Z',
    worst: {
      id: 'GHSA-cfh5-3ghh-wfjx',
      severity: 'medium',
      package: 'httpclient',
      fixedIn: '4.3.5',
      url: 'https://github.com/advisories/GHSA-cfh5-3ghh-wfjx',
    },
  },
  {
    file: 'grype-repo.TestJsonImgsPresenter.golden',
    matches: 2,
    raw: { critical: 1, low: 1 },
    databaseBuilt: null,
    worst: { id: 'CVE-1999-0002', severity: 'critical', package: 'package-2', version: '2.2.2', url: null },
  },
];

const REFUSED: readonly (readonly [string, string])[] = [
  ['grype-repo.TestSarifPresenter_image.golden', 'is not what was expected at matches'],
  ['grype-repo.TestCycloneDxPresenterImage.golden', 'is not what was expected at matches'],
  ['grype-repo.empty.json', 'is empty'],
];

const offered = (file: string): Reading<ScanResult> =>
  readGrype(new Map([[GRYPE_REPORT, reportOf(file)]]), SBOM_SHA256);

function resultOf(file: string): ScanResult {
  const reading = offered(file);
  if (reading.kind === 'unusable') throw new Error(reading.problem.message);
  return reading.result;
}

const total = (counts: SeverityCounts): number => Object.values(counts).reduce((sum, each) => sum + each, 0);

describeWithSharedData('shared data of stage 03, scan', () => {
  it.each(SCANS)('reads $matches matches of $file', ({ file, matches, raw, counts, databaseBuilt }) => {
    expect(offered(file)).toEqual({
      kind: 'read',
      result: {
        counts: { ...NONE, ...(counts ?? raw) },
        matches,
        ignored: 0,
        worst: expect.any(Array),
        databaseBuilt,
        sbomSha256: SBOM_SHA256,
      },
    });
  });

  it.each(SCANS)('agrees with a count by hand of $file', ({ file, matches, raw }) => {
    const byHand = countByHand(file);
    expect(byHand.raw).toEqual({ ...NONE, ...raw });
    expect(total(byHand.raw)).toBe(matches);
    expect(resultOf(file)).toMatchObject({ counts: byHand.unique, matches: total(byHand.raw) });
  });

  it.each(SCANS)('shows the worst of $file first, and ten at most', ({ file, worst }) => {
    const { counts, worst: shown } = resultOf(file);
    if (worst === null) expect(shown).toEqual([]);
    else expect(shown[0]).toMatchObject(worst);
    expect(shown).toHaveLength(Math.min(10, total(counts)));
    const order = Object.keys(NONE);
    const ranks = shown.map(({ severity }) => order.indexOf(severity));
    expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
  });

  // stages.md 03: `fix.state` says whether there is a fix, and grype itself prints "won't fix" here, not the versions.
  it('names no version to upgrade to where the distributor will not fix it', () => {
    const unfixed = resultOf('grype.check_all_fields.json').worst.find(({ id }) => id === 'CVE-2021-32626');
    expect(unfixed).toMatchObject({ id: 'CVE-2021-32626', fixedIn: null });
  });

  it.each(REFUSED)('refuses %s: it %s', (file, why) => {
    expect(offered(file)).toEqual({
      kind: 'unusable',
      problem: {
        code: 'report_unreadable',
        blame: 'nobody_here',
        message: expect.stringContaining(`Scan: ${GRYPE_REPORT} ${why}`),
        next: expect.stringContaining('/slsa rerun failed'),
      },
    });
  });

  it("hashes each file's bytes as index.json does, and inflates what is compressed", () => {
    for (const { file, bytes, sha256, uncompressed_bytes: inflated } of listedFiles()) {
      expect(toReportFile(bytesOf(file))).toMatchObject({ bytes, sha256 });
      expect(reportOf(file).bytes).toBe(inflated ?? bytes);
    }
  });

  it('covers every file of the folder', () => {
    const covered = [...SCANS.map(({ file }) => file), ...REFUSED.map(([file]) => file)].sort();
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
