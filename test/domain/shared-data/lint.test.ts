/** MegaLinter's reader over every file of `shared/data/00-megalinter`. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { toReportFile } from '../../../src/adapters/github/artifact-archive.ts';
import type { LintResult } from '../../../src/domain/lint/lint-result.ts';
import { MEGALINTER_JSON, MEGALINTER_SARIF } from '../../../src/domain/lint/megalinter-json.ts';
import { readMegaLinter } from '../../../src/domain/lint/read-megalinter.ts';
import { parseSarif } from '../../../src/domain/lint/read-sarif.ts';
import type { Reading, ReportFile } from '../../../src/domain/stage/stage-report.ts';
import { describeWithSharedData, sharedDataPath } from '../../shared-data.ts';

const FOLDER = '00-megalinter';

const bytesOf = (file: string): Buffer => readFileSync(sharedDataPath(`${FOLDER}/${file}`));
const reportOf = (file: string): ReportFile => toReportFile(bytesOf(file));

interface Listed {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}
const listedFiles = (): readonly Listed[] =>
  (JSON.parse(bytesOf('index.json').toString('utf8')) as { files: Listed[] }).files;

const GRAPES = 'json/mega-linter-report.grapes-python.json';

interface RawMegaLinter {
  readonly status: string;
  readonly return_code: number;
  readonly linters: readonly {
    readonly name: string;
    readonly status: string;
    readonly total_number_errors: number;
    readonly files_number: number;
  }[];
}

interface SarifRow {
  readonly file: string;
  readonly runs: number;
  /** As written, suppressed ones among them. */
  readonly results: number;
  readonly unsuppressed: number;
  /** The one that must come first. */
  readonly first: {
    readonly linter: string;
    readonly rule: string;
    readonly file: string;
    readonly line: number | null;
  } | null;
}

/** Results of which none is in the file: a clean report, which is evidence because something ran. */
const clean = (file: string, runs: number): SarifRow => ({ file, runs, results: 0, unsuppressed: 0, first: null });

const SARIF_FILES: readonly SarifRow[] = [
  clean('sarif/megalinter-report.grapes-12runs.sarif', 12),
  clean('sarif/per-linter.PYTHON_RUFF.sarif', 1),
  clean('sarif/per-linter.REPOSITORY_DEVSKIM.sarif', 1),
  clean('sarif/per-linter.REPOSITORY_KICS.sarif', 1),
  clean('sarif/per-linter.REPOSITORY_GRYPE.sarif', 1),
  clean('sarif/per-linter.REPOSITORY_GITLEAKS.sarif', 1),
  clean('sarif-results/dd.appendix_k1.sarif', 1),
  {
    file: 'sarif-results/dd.bash-report.sarif',
    runs: 1,
    results: 27,
    unsuppressed: 27,
    first: {
      linter: 'Shell Script Analysis',
      rule: '2076',
      file: 'file:///home/damien/dd/docker/setEnv.sh',
      line: 134,
    },
  },
  {
    file: 'sarif-results/dd.dockle_0_3_15.sarif',
    runs: 1,
    results: 4,
    unsuppressed: 4,
    first: { linter: 'Dockle', rule: 'CIS-DI-0010', file: '', line: null },
  },
  {
    file: 'sarif-results/dd.dependency_check.sarif',
    runs: 1,
    results: 13,
    unsuppressed: 13,
    first: {
      linter: 'dependency-check',
      rule: 'Disallow calling helperMissing and blockHelperMissing directly',
      file: 'file:////src/.venv/lib/python3.9/site-packages/tastypie_swagger/static/tastypie_swagger/js/lib/handlebars-1.0.0.js',
      line: null,
    },
  },
  {
    file: 'sarif-results/dd.semgrepowasp-benchmark-sample.sarif',
    runs: 1,
    results: 1768,
    unsuppressed: 1768,
    first: {
      linter: 'semgrep',
      rule: 'java.lang.security.audit.cbc-padding-oracle.cbc-padding-oracle',
      file: 'src/main/java/org/owasp/benchmark/testcode/BenchmarkTest02660.java',
      line: 59,
    },
  },
  {
    file: 'sarif-results/dd.suppression_test.sarif',
    runs: 1,
    results: 5,
    unsuppressed: 2,
    first: { linter: 'CodeScanner', rule: 'TST0004', file: 'file:///C:/code/file4.c', line: null },
  },
  {
    file: 'sarif-results/dd.blackduck_nested_fingerprints.sarif',
    runs: 1,
    results: 5,
    unsuppressed: 5,
    first: {
      linter: 'Example-Application',
      rule: 'BDSA-2021-1002 (CVE-2021-23337)',
      file: 'npm/example-util-lib@4.17.20',
      line: null,
    },
  },
  {
    file: 'sarif-results/chainloop.report.sarif',
    runs: 1,
    results: 9,
    unsuppressed: 9,
    first: { linter: 'tfsec', rule: 'AZU003', file: '/home/billybob/supertfsec/example/main.tf', line: 22 },
  },
  {
    file: 'generated/eslint-10.sarif',
    runs: 1,
    results: 24,
    unsuppressed: 24,
    first: { linter: 'ESLint', rule: 'no-unused-vars', file: 'file://src/branches.js', line: 40 },
  },
];

const NO_RUNS = 'sarif-results/dd.no_runs.sarif';

const NOT_JSON = 'is not JSON';
const NO_LINTERS = 'is not what was expected at linters';
const NO_OBJECT = 'is not what was expected at its top level';

/** What linters write by themselves: neither a MegaLinter report nor SARIF. */
const NATIVE_FILES: readonly (readonly [string, string])[] = [
  ['text/megalinter-report.grapes.md', NOT_JSON],
  ['native/dd.eslint.scan.json', NO_OBJECT],
  ['native/dd.eslint.no_finding.json', NO_OBJECT],
  ['native/dd.eslint.empty.json', NO_OBJECT],
  ['native/dd.hadolint.many_dockerfile.json', NO_OBJECT],
  ['native/dd.hadolint.one_dockerfile.json', NO_OBJECT],
  ['native/dd.checkov.checkov-report-many-vuln.json', NO_LINTERS],
  ['native/dd.kics.many_findings.json', NO_LINTERS],
  ['native/dd.kics.no_findings.json', NO_LINTERS],
  ['generated/eslint-10.json', NO_OBJECT],
  ['generated/markdownlint-cli2.txt', NOT_JSON],
  ['generated/shellcheck-0.9.json1.json', NO_LINTERS],
  ['generated/shellcheck-0.9.gcc.txt', NOT_JSON],
  ['generated/flake8-5.0.4.txt', NOT_JSON],
  ['generated/yamllint-1.29.txt', NOT_JSON],
];

const OFFERED_AS_MEGALINTER_JSON: readonly (readonly [string, string])[] = [
  ...NATIVE_FILES,
  ...[...SARIF_FILES.map(({ file }) => file), NO_RUNS].map((file) => [file, NO_LINTERS] as const),
];

interface RawResult {
  readonly ruleId?: string;
  readonly level?: string;
  readonly suppressions?: readonly unknown[];
  readonly locations?: readonly { readonly physicalLocation?: { readonly region?: { readonly startLine?: number } } }[];
}
interface RawSarif {
  readonly runs: readonly {
    readonly tool: {
      readonly driver: {
        readonly rules?: readonly {
          readonly id: string;
          readonly defaultConfiguration?: { readonly level?: string };
        }[];
      };
    };
    readonly results?: readonly RawResult[];
  }[];
}
const rawSarif = (file: string): RawSarif => JSON.parse(reportOf(file).text) as RawSarif;

/** Rule and line of each unsuppressed result, stably ordered by level (SARIF 2.1.0, 3.27.10), reckoned by hand. */
function expectedOrder(file: string): string[] {
  const levels = ['error', 'warning', 'note', 'none'];
  return rawSarif(file)
    .runs.flatMap(({ tool, results = [] }) => {
      const defaults = new Map(
        tool.driver.rules?.map(({ id, defaultConfiguration }) => [id, defaultConfiguration?.level]),
      );
      return results
        .filter(({ suppressions = [] }) => suppressions.length === 0)
        .map(({ ruleId = '', level, locations = [] }) => ({
          rank: levels.indexOf(level ?? defaults.get(ruleId) ?? 'warning'),
          place: place(ruleId, locations[0]?.physicalLocation?.region?.startLine ?? null),
        }));
    })
    .sort((a, b) => a.rank - b.rank)
    .map((each) => each.place);
}

/** Rules are cut for display, which is not what is compared here. */
const place = (rule: string, line: number | null): string => `${rule.slice(0, 79)}:${line}`;

const offered = (file: string): Reading<LintResult> => readMegaLinter(new Map([[MEGALINTER_JSON, reportOf(file)]]));
const grapesWith = (sarif: string): Reading<LintResult> =>
  readMegaLinter(
    new Map([
      [MEGALINTER_JSON, reportOf(GRAPES)],
      [MEGALINTER_SARIF, reportOf(sarif)],
    ]),
  );

describeWithSharedData('shared data of stage 00, lint', () => {
  it("reads MegaLinter's JSON: 28 linters, four of which only warn, and no error", () => {
    expect(offered(GRAPES)).toEqual({
      kind: 'read',
      result: {
        linters: 28,
        files: 63,
        errors: 0,
        warnings: 45,
        failedLinters: [],
        findings: [],
        findingsFrom: 'no_sarif',
      },
    });
  });

  it("agrees with a count by hand of MegaLinter's JSON", () => {
    const raw = JSON.parse(reportOf(GRAPES).text) as RawMegaLinter;
    const warning = raw.linters.filter(({ status }) => status === 'warning');
    expect([raw.status, raw.return_code]).toEqual(['warning', 0]);
    expect(warning.map(({ name }) => name)).toEqual(['BASH_EXEC', 'PYTHON_PYRIGHT', 'SPELL_CSPELL', 'SPELL_LYCHEE']);
    expect(offered(GRAPES)).toMatchObject({
      result: {
        linters: raw.linters.length,
        files: Math.max(...raw.linters.map(({ files_number }) => files_number)),
        errors: raw.linters.filter(({ status }) => status === 'error').length,
        warnings: warning.reduce((total, each) => total + each.total_number_errors, 0),
      },
    });
  });

  it.each(SARIF_FILES)('reads $unsuppressed findings of $results results in $file', (row) => {
    const raw = rawSarif(row.file);
    expect([raw.runs.length, raw.runs.flatMap(({ results = [] }) => results).length]).toEqual([row.runs, row.results]);
    const findings = parseSarif(reportOf(row.file).text);
    expect(findings).toHaveLength(row.unsuppressed);
    const first = findings?.[0] ?? null;
    if (row.first === null) expect(first).toBeNull();
    else expect(first).toMatchObject({ ...row.first, file: plainPath(row.first.file) });
  });

  it.each(SARIF_FILES)('puts errors first in $file', ({ file }) => {
    const findings = parseSarif(reportOf(file).text) ?? [];
    expect(findings.map(({ rule, line }) => place(rule, line))).toEqual(expectedOrder(file));
  });

  it.each(SARIF_FILES)('keeps at most fifty findings of $file, and counts none of them', ({ file, unsuppressed }) => {
    const reading = grapesWith(file);
    expect(reading).toMatchObject({ kind: 'read', result: { errors: 0, warnings: 45, findingsFrom: 'sarif' } });
    expect(reading.kind === 'read' ? reading.result.findings : null).toHaveLength(Math.min(50, unsuppressed));
    expect(JSON.stringify(reading).length).toBeLessThan(32 * 1024);
  });

  // index.json: "0 runs: must be treated as NO EVIDENCE, not clean". Today both take it for SARIF without findings.
  it('takes SARIF without a single run for no evidence, not for a clean report', () => {
    expect(parseSarif(reportOf(NO_RUNS).text)).toBeNull();
  });
  it('says that SARIF without a single run could not be read', () => {
    expect(grapesWith(NO_RUNS)).toMatchObject({ kind: 'read', result: { findingsFrom: 'unreadable_sarif' } });
  });

  it.each([...NATIVE_FILES.map(([file]) => file), GRAPES])('does not take %s for SARIF', (file) => {
    expect(parseSarif(reportOf(file).text)).toBeNull();
    expect(grapesWith(file)).toMatchObject({
      kind: 'read',
      result: { findings: [], findingsFrom: 'unreadable_sarif' },
    });
  });

  it.each(OFFERED_AS_MEGALINTER_JSON)("refuses %s as MegaLinter's JSON: it %s", (file, why) => {
    expect(offered(file)).toEqual({
      kind: 'unusable',
      problem: {
        code: 'report_unreadable',
        blame: 'nobody_here',
        message: expect.stringContaining(`Lint: ${MEGALINTER_JSON} ${why}`),
        next: expect.stringContaining('/slsa rerun failed'),
      },
    });
  });

  it("hashes each file's bytes as index.json does", () => {
    for (const { file, bytes, sha256 } of listedFiles()) expect(reportOf(file)).toMatchObject({ bytes, sha256 });
  });

  it('covers every file of the folder', () => {
    const covered = [GRAPES, NO_RUNS, ...SARIF_FILES.map(({ file }) => file), ...NATIVE_FILES.map(([file]) => file)];
    expect(covered.toSorted()).toEqual(
      listedFiles()
        .map(({ file }) => file)
        .sort(),
    );
    expect(covered.toSorted()).toEqual(filesInFolder());
  });
});

const filesInFolder = (): string[] =>
  readdirSync(sharedDataPath(FOLDER), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'index.json')
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(sharedDataPath(`${FOLDER}/`).length))
    .sort();

/** A file that is named by an address is shown by its path (case 01); ESLint 10 puts the first folder where a host would be. */
function plainPath(file: string | null): string | null {
  if (file?.startsWith('file:') !== true) return file;
  const { host, pathname } = new URL(file);
  return decodeURIComponent(`${host}${pathname}`);
}
