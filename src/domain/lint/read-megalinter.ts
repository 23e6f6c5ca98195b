/**
 * MegaLinter's JSON and SARIF reports → LintResult.
 *
 * Sources: oxsecurity/megalinter `JsonReporter` (simple mode) for the keys, SARIF 2.1.0 for the findings. Linter names
 * differ between MegaLinter versions, so nothing here depends on a closed set of them.
 */
import { z } from 'zod';
import type { LintFinding, LintResult } from './lint-result.ts';
import {
  contradiction,
  parseJson,
  read,
  readJsonFile,
  readStageReport,
  unusable,
  type Reading,
  type ReportFiles,
  type StageExpectation,
} from '../stage/stage-report.ts';
import { problem } from '../problem.ts';
import { plainLine } from '../report/plain-text.ts';

export const MEGALINTER_JSON = 'megalinter-reports/mega-linter-report.json';
export const MEGALINTER_SARIF = 'megalinter-reports/megalinter-report.sarif';

/** As many as a check's annotations; the rest is in the artifact. */
const MAX_FINDINGS = 50;
const MAX_FAILED_LINTERS = 20;
const MAX_MESSAGE = 160;

const count = z.number().int().nonnegative().nullish();

const Linter = z.object({
  name: z.string(),
  status: z.enum(['success', 'warning', 'error']),
  total_number_errors: count,
  total_number_warnings: count,
  files_number: count,
  files: z.array(z.unknown()).nullish(),
});
type Linter = z.infer<typeof Linter>;

const MegaLinterJson = z.object({
  linters: z.array(Linter),
  status: z.enum(['success', 'warning', 'error']),
  return_code: z.number().int(),
});

export function readLint(files: ReportFiles, expected: StageExpectation, conclusion: string): Reading<LintResult> {
  const stageReport = readStageReport(files, expected);
  if (stageReport.kind === 'unusable') return stageReport;
  const result = readMegaLinter(files);
  if (result.kind === 'unusable') return result;
  if (result.result.errors > 0 && stageReport.result.exitCode === 0) {
    return unusable(contradiction('lint', 'MegaLinter ended with exit code 0, yet its report has errors'));
  }
  if (result.result.errors === 0 && stageReport.result.exitCode !== 0) {
    return unusable(
      contradiction(
        'lint',
        `MegaLinter ended with exit code ${stageReport.result.exitCode}, yet its report has no error`,
      ),
    );
  }
  if (result.result.errors === 0 && conclusion !== 'success') {
    return unusable(contradiction('lint', `the stage run ended ${conclusion}, yet its report has no error`));
  }
  return result;
}

/** The reports alone: JSON decides, SARIF only illustrates, since not every linter can write it. */
export function readMegaLinter(files: ReportFiles): Reading<LintResult> {
  const reading = readJsonFile(files, 'lint', MEGALINTER_JSON, MegaLinterJson);
  if (reading.kind === 'unusable') return reading;
  const { linters, return_code: returnCode } = reading.result;
  if (linters.length === 0) {
    return unusable(
      problem(
        'report_contradicts',
        'person',
        'Lint: MegaLinter ran no linter at all, so nothing was checked.',
        'Look at `.mega-linter.yml` (ENABLE, DISABLE, FILTER_REGEX_*): at least one linter must run.',
      ),
    );
  }
  const failed = linters.filter((linter) => linter.status === 'error');
  if (failed.length === 0 && returnCode !== 0) {
    return unusable(contradiction('lint', `MegaLinter returned ${returnCode}, yet none of its linters failed`));
  }
  return read({
    linters: linters.length,
    files: Math.max(...linters.map(filesOf)),
    errors: sum(failed.map(errorsOf)),
    warnings: sum(linters.map(warningsOf)),
    failedLinters: failed.slice(0, MAX_FAILED_LINTERS).map((linter) => ({
      linter: plainLine(linter.name, 60),
      errors: errorsOf(linter),
    })),
    ...readFindings(files),
  });
}

/** A failed linter has at least one error: its count is read from the tool's text by regex, and may be 0. */
const errorsOf = (linter: Linter): number => Math.max(1, linter.total_number_errors ?? 0);

/** "Error" findings of a linter that did not fail are warnings: its owner decided that they do not count. */
const warningsOf = (linter: Linter): number =>
  (linter.total_number_warnings ?? 0) + (linter.status === 'warning' ? (linter.total_number_errors ?? 0) : 0);

const filesOf = (linter: Linter): number => linter.files_number ?? linter.files?.length ?? 0;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

const SarifLocation = z.object({
  physicalLocation: z
    .object({
      artifactLocation: z.object({ uri: z.string().nullish() }).nullish(),
      region: z.object({ startLine: z.number().int().positive().nullish() }).nullish(),
    })
    .nullish(),
});

const SarifResult = z.object({
  ruleId: z.string().nullish(),
  level: z.string().nullish(),
  message: z.object({ text: z.string().nullish() }).nullish(),
  locations: z.array(SarifLocation).nullish(),
  suppressions: z.array(z.unknown()).nullish(),
});

const SarifRule = z.object({
  id: z.string(),
  defaultConfiguration: z.object({ level: z.string().nullish() }).nullish(),
});

const SarifRun = z.object({
  tool: z.object({ driver: z.object({ name: z.string(), rules: z.array(SarifRule).nullish() }) }),
  results: z.array(SarifResult).nullish(),
});
type SarifRun = z.infer<typeof SarifRun>;

/** A file without any run is no evidence: somebody's linter could not write, which is not the same as clean. */
export const Sarif = z.object({ runs: z.array(SarifRun).min(1) });

function readFindings(files: ReportFiles): Pick<LintResult, 'findings' | 'findingsFrom'> {
  const file = files.get(MEGALINTER_SARIF);
  if (file === undefined) return { findings: [], findingsFrom: 'no_sarif' };
  const parsed = parseSarif(file.text);
  if (parsed === null) return { findings: [], findingsFrom: 'unreadable_sarif' };
  return { findings: parsed.slice(0, MAX_FINDINGS), findingsFrom: 'sarif' };
}

/** All unsuppressed findings of a SARIF file, errors first; null where the file is not SARIF. */
export function parseSarif(text: string): LintFinding[] | null {
  const json = parseJson(text);
  const parsed = json.ok ? Sarif.safeParse(json.value) : null;
  if (!parsed?.success) return null;
  const findings = parsed.data.runs.flatMap((run) => findingsOf(run));
  return findings.toSorted((a, b) => a.rank - b.rank).map(({ finding }) => finding);
}

interface RankedFinding {
  readonly rank: number;
  readonly finding: LintFinding;
}

function findingsOf(run: SarifRun): RankedFinding[] {
  // A report that MegaLinter linted itself grows " (MegaLinter …)" once a cycle.
  const linter = plainLine(run.tool.driver.name.slice(0, 200).replace(/( \(MegaLinter [^)]*\))+$/, ''), 60);
  const levels = new Map((run.tool.driver.rules ?? []).map((rule) => [rule.id, rule.defaultConfiguration?.level]));
  const results = run.results ?? [];
  return results
    .filter(({ suppressions }) => (suppressions ?? []).length === 0)
    .map((result) => rank(linter, { ...result, level: result.level ?? levels.get(result.ruleId ?? '') ?? 'warning' }));
}

/** SARIF 2.1.0, 3.27.10: without a level of its own a result has its rule's, and `warning` where that has none. */
type LevelledResult = z.infer<typeof SarifResult> & { readonly level: string };

function rank(linter: string, { ruleId, level, message, locations }: LevelledResult): RankedFinding {
  const finding = {
    linter,
    rule: plainLine(ruleId ?? '', 80),
    message: plainLine(message?.text ?? '', MAX_MESSAGE),
    ...placeOf(locations?.[0]?.physicalLocation),
  };
  return { rank: SEVERITY_ORDER.indexOf(level), finding };
}

const placeOf = (place: z.infer<typeof SarifLocation>['physicalLocation']): Pick<LintFinding, 'file' | 'line'> => ({
  file: plainLine(place?.artifactLocation?.uri ?? '', 200),
  line: place?.region?.startLine ?? null,
});

/** Levels that SARIF does not name come first (indexOf gives -1): an unknown severity is not a mild one. */
const SEVERITY_ORDER = ['error', 'warning', 'note', 'none'];
