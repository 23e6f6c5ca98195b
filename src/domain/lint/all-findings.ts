/**
 * Every finding of a lint report: from SARIF, and from the linters' own words where they wrote none (prettier and
 * markdownlint cannot, in MegaLinter 9). What is found nowhere is counted all the same, or a repair could hide it.
 */
import { z } from 'zod';
import { parseJson, type ReportFiles } from '../stage/stage-report.ts';
import type { LintFinding, LintResult } from './lint-result.ts';
import {
  errorsOf,
  hasFailed,
  LINTER_LOGS,
  MEGALINTER_JSON,
  MEGALINTER_SARIF,
  MegaLinterJson,
  type Linter,
} from './megalinter-json.ts';
import { readLinterLog } from './read-linter-log.ts';
import { readSarif, type SarifFindings } from './read-sarif.ts';

/** More than any repair looks at; the rest is only counted. */
const MAX_FINDINGS = 20_000;

/** A linter that ran: what a comparison of two reports has to find in both. */
export interface RanLinter {
  readonly name: string;
  readonly errors: number;
  readonly files: number;
}

/** Of a whole report: what two of them are compared by. */
export interface LintEvidence extends AllFindings {
  readonly linters: readonly RanLinter[];
}

export interface AllFindings {
  readonly findings: readonly LintFinding[];
  readonly from: LintResult['findingsFrom'];
  /** False where something was too long to be read to its end. */
  readonly isWhole: boolean;
  /** Errors by linter of those that failed and whose findings were told nowhere. */
  readonly unplaced: readonly { readonly linter: string; readonly errors: number }[];
}

/** Of a whole report; null where MegaLinter's own JSON cannot be read. */
export function readAllFindings(files: ReportFiles): LintEvidence | null {
  const json = parseJson(files.get(MEGALINTER_JSON)?.text ?? '');
  const report = json.ok ? MegaLinterJson.safeParse(json.value).data : undefined;
  if (report === undefined) return null;
  const found = findingsIn(files, report.linters.filter(hasFailed));
  return {
    ...found,
    linters: report.linters.map((linter) => ({
      name: linter.name,
      errors: hasFailed(linter) ? errorsOf(linter) : (linter.total_number_errors ?? 0),
      files: linter.files_number ?? linter.files?.length ?? 0,
    })),
  };
}

/** Stage 00 cuts at 200,000 bytes: one that comes near it may have lost its end. */
const MAX_WHOLE_LOG = 190_000;

const LinterLogs = z.record(z.string(), z.string());

export function findingsIn(files: ReportFiles, failed: readonly Linter[]): AllFindings {
  const { from, sarif } = sarifOf(files);
  const logs = logsOf(files);
  const silent = failed.filter(({ name }) => sarif?.linterKeys.has(name) !== true);
  const told = silent.map((linter) => ({ linter, findings: readLinterLog(linter, logs[linter.name] ?? '') }));
  const findings = [...(sarif?.findings ?? []), ...told.flatMap((each) => each.findings)];
  const isCut = silent.some(({ name }) => (logs[name] ?? '').length >= MAX_WHOLE_LOG);
  return {
    findings: findings.slice(0, MAX_FINDINGS),
    from,
    isWhole: findings.length <= MAX_FINDINGS && !isCut,
    unplaced: told
      .filter((each) => each.findings.length === 0)
      .map(({ linter }) => ({ linter: linter.name, errors: errorsOf(linter) })),
  };
}

function sarifOf(files: ReportFiles): { from: LintResult['findingsFrom']; sarif: SarifFindings | null } {
  const file = files.get(MEGALINTER_SARIF);
  if (file === undefined) return { from: 'no_sarif', sarif: null };
  const sarif = readSarif(file.text);
  return { from: sarif === null ? 'unreadable_sarif' : 'sarif', sarif };
}

/** Stage files of an older version leave none. */
function logsOf(files: ReportFiles): Readonly<Record<string, string>> {
  const json = parseJson(files.get(LINTER_LOGS)?.text ?? '');
  return (json.ok ? LinterLogs.safeParse(json.value).data : undefined) ?? {};
}
