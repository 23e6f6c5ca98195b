/**
 * MegaLinter's JSON and SARIF reports → LintResult.
 *
 * Sources: oxsecurity/megalinter `JsonReporter` (simple mode) for the keys, SARIF 2.1.0 for the findings. Linter names
 * differ between MegaLinter versions, so nothing here depends on a closed set of them.
 */
import { findingsIn } from './all-findings.ts';
import type { LintResult } from './lint-result.ts';
import { errorsOf, MEGALINTER_JSON, MegaLinterJson, type Linter } from './megalinter-json.ts';
import {
  contradiction,
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

/** As many as a check's annotations; the rest is in the artifact. */
const MAX_FINDINGS = 50;
const MAX_FAILED_LINTERS = 20;

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
    ...firstFindings(files, failed),
  });
}

/** "Error" findings of a linter that did not fail are warnings: its owner decided that they do not count. */
const warningsOf = (linter: Linter): number =>
  (linter.total_number_warnings ?? 0) + (linter.status === 'warning' ? (linter.total_number_errors ?? 0) : 0);

const filesOf = (linter: Linter): number => linter.files_number ?? linter.files?.length ?? 0;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

/** Findings only illustrate: what counts, MegaLinter's JSON says. */
function firstFindings(files: ReportFiles, failed: readonly Linter[]): Pick<LintResult, 'findings' | 'findingsFrom'> {
  const { findings, from } = findingsIn(files, failed);
  return { findings: findings.slice(0, MAX_FINDINGS), findingsFrom: from };
}
