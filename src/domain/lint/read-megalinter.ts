/**
 * MegaLinter's JSON and SARIF reports → LintResult.
 *
 * Sources: oxsecurity/megalinter `JsonReporter` (simple mode) for the keys, SARIF 2.1.0 for the findings. Linter names
 * differ between MegaLinter versions, so nothing here depends on a closed set of them.
 */
import type { z } from 'zod';
import { findingsIn } from './all-findings.ts';
import type { LintResult } from './lint-result.ts';
import { errorsOf, hasFailed, MEGALINTER_JSON, MegaLinterJson, type Linter } from './megalinter-json.ts';
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
  const reading = reportIn(files);
  if (reading.kind === 'unusable') return reading;
  const result = resultOf(files, reading.result);
  const { exitCode } = stageReport.result;
  if (result.errors > 0 && exitCode === 0) {
    return unusable(contradiction('lint', 'MegaLinter ended with exit code 0, yet its report has errors'));
  }
  // Its own setting lets it fail where a fixer has worked: then that is all that the exit code says.
  const isExplained = (reading.result.has_updated_sources ?? 0) > 0;
  if (result.errors === 0 && exitCode !== 0 && !isExplained) {
    const says = `MegaLinter ended with exit code ${exitCode}, yet its report has no error`;
    return unusable(contradiction('lint', says));
  }
  if (result.errors === 0 && conclusion !== 'success' && !isExplained) {
    return unusable(contradiction('lint', `the stage run ended ${conclusion}, yet its report has no error`));
  }
  return read(result);
}

type Report = z.infer<typeof MegaLinterJson>;

/** The reports alone: JSON decides, SARIF only illustrates, since not every linter can write it. */
export function readMegaLinter(files: ReportFiles): Reading<LintResult> {
  const reading = reportIn(files);
  return reading.kind === 'unusable' ? reading : read(resultOf(files, reading.result));
}

function reportIn(files: ReportFiles): Reading<Report> {
  const reading = readJsonFile(files, 'lint', MEGALINTER_JSON, MegaLinterJson);
  if (reading.kind === 'unusable') return reading;
  const { linters, return_code: returnCode, has_updated_sources: hasUpdated } = reading.result;
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
  if (!linters.some(hasFailed) && returnCode !== 0 && (hasUpdated ?? 0) === 0) {
    return unusable(contradiction('lint', `MegaLinter returned ${returnCode}, yet none of its linters failed`));
  }
  return reading;
}

function resultOf(files: ReportFiles, { linters }: Report): LintResult {
  const failed = linters.filter(hasFailed);
  return {
    linters: linters.length,
    files: Math.max(...linters.map(filesOf)),
    errors: sum(failed.map(errorsOf)),
    warnings: sum(linters.map(warningsOf)),
    failedLinters: failed.slice(0, MAX_FAILED_LINTERS).map((linter) => ({
      linter: plainLine(linter.name, 60),
      errors: errorsOf(linter),
    })),
    ...firstFindings(files, failed),
  };
}

/** "Error" findings of a linter that did not fail are warnings: its owner decided that they do not count. */
const warningsOf = (linter: Linter): number =>
  (linter.total_number_warnings ?? 0) + (hasFailed(linter) ? 0 : (linter.total_number_errors ?? 0));

const filesOf = (linter: Linter): number => linter.files_number ?? linter.files?.length ?? 0;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

/** Findings only illustrate: what counts, MegaLinter's JSON says. */
function firstFindings(files: ReportFiles, failed: readonly Linter[]): Pick<LintResult, 'findings' | 'findingsFrom'> {
  const { findings, from } = findingsIn(files, failed);
  return { findings: findings.slice(0, MAX_FINDINGS), findingsFrom: from };
}
