/** The sections of a check that tell what each stage brought. */
import type { LintResult } from '../lint/lint-result.ts';
import type { RunDocument, StageProgress } from '../run/run-document.ts';
import { findingsAtOrOver } from '../scan/scan-result.ts';
import { SETTINGS_PATH } from '../settings/settings-schema.ts';
import { STAGE_TABLE, STAGES } from '../stage/stage-table.ts';
import { MAX_ANNOTATIONS } from './annotations.ts';
import { describeOutcome } from './describe-outcome.ts';
import { durationBetween, timeOfDay } from './durations.ts';
import { findingsTable } from './findings-table.ts';
import { codeBlock, codeSpan, inertMarkdown, markedCode } from './plain-text.ts';

/** The others are annotations. */
const MAX_ROWS = 10;

export function mistakeLines({ mistakes }: RunDocument): string[] {
  if (mistakes.length === 0) return [];
  const lines = mistakes.map(({ line, column, message }) => `- line ${line}, column ${column}: ${markedCode(message)}`);
  return [`Mistakes in ${codeSpan(SETTINGS_PATH)}:`, '', ...lines, ''];
}

export function stageTable(document: RunDocument): string[] {
  if (document.stages.length === 0) return [];
  const rows = document.stages.map((progress) => stageRow(document, progress));
  return ['| stage | result | took | |', '| --- | --- | --- | --- |', ...rows, ''];
}

function stageRow(document: RunDocument, progress: StageProgress): string {
  const { stage } = progress;
  const outcome = document.outcomes[stage];
  const run = outcome === undefined ? null : outcome.run;
  const url = run?.url ?? progress.url;
  const took = run === null ? '' : durationBetween(run.startedAt, run.endedAt);
  const link = url === null ? '' : `[log](${url})`;
  return `| ${STAGE_TABLE[stage].title} | ${stateText(document, progress)} | ${took} | ${link} |`;
}

function stateText(document: RunDocument, { stage, state, since, retry }: StageProgress): string {
  const outcome = document.outcomes[stage];
  if (outcome !== undefined) {
    const text = inertMarkdown(describeOutcome(stage, outcome));
    return state === 'kept' ? `${text} (kept from an earlier attempt)` : text;
  }
  if (document.phase === 'ended') return 'not run';
  if (state === 'waiting') return 'waits';
  const sinceText = since === null ? '' : ` since ${timeOfDay(since)} UTC`;
  const words = {
    queued: 'dispatched',
    running: 'running',
    pausing: 'waits to be tried again',
    ended: 'ended',
    kept: 'kept',
  };
  const again =
    retry === undefined ? '' : ` (attempt ${retry.attempt} of ${retry.of}, ${inertMarkdown(retry.because, 200)})`;
  return `${words[state]}${sinceText}${again}`;
}

export function lintSection({ outcomes }: RunDocument): string[] {
  const lint = outcomes.lint;
  if (lint?.kind !== 'finished' || lint.result.errors === 0) return [];
  return ['**Lint**', '', ...lintFindings(lint.result), ''];
}

function lintFindings(result: LintResult): string[] {
  const linters = result.failedLinters.map(({ linter, errors }) => `${codeSpan(linter)} ${errors}`).join(', ');
  const byLinter = `Errors by linter: ${linters}.`;
  if (result.findings.length === 0) return [`${byLinter} The linters' own lines are in the stage's log.`];
  const rows = result.findings
    .slice(0, MAX_ROWS)
    .map(
      ({ file, line, linter, rule, message }) =>
        `| ${codeSpan(line === null ? file : `${file}:${line}`)} | ${codeSpan(rule || linter)} | ${inertMarkdown(message)} |`,
    );
  const counted = result.findings.length;
  const noted = Math.min(counted, MAX_ANNOTATIONS);
  const more = `The lines of ${noted === result.errors ? 'all' : noted} of ${result.errors} errors are annotated; the stage's log has the rest.`;
  const left = noted > MAX_ROWS || noted < result.errors ? ['', more] : [];
  return [byLinter, '', '| where | rule | finding |', '| --- | --- | --- |', ...rows, ...left];
}

export function scanSection({ outcomes, plan }: RunDocument): string[] {
  const scan = outcomes.scan;
  if (scan?.kind !== 'finished' || plan === null) return [];
  const { threshold } = plan.gates;
  if (findingsAtOrOver(scan.result.counts, threshold) === 0) return [];
  return [`**Vulnerabilities at or over ${codeSpan(threshold)}**`, '', ...findingsTable(scan.result, threshold), ''];
}

/** What the gate did not count, so that nobody has to look for it. */
export function acceptedSection({ outcomes: { scan } }: RunDocument): string[] {
  const accepted = scan?.kind === 'finished' ? (scan.result.accepted ?? []) : [];
  if (accepted.length === 0) return [];
  const rows = accepted.map(
    ({ id, severity, package: name, version, until, reason }) =>
      `- ${codeSpan(id)}, ${severity}, in ${codeSpan(`${name} ${version}`)}, until ${until}: ${inertMarkdown(reason)}`,
  );
  return ['**Accepted for a while**, and not counted:', '', ...rows, ''];
}

/** The lines that told why a stage failed, for whoever does not want to open the log. */
export function logSection({ outcomes }: RunDocument): string[] {
  for (const stage of STAGES) {
    const outcome = outcomes[stage];
    const diagnosis = outcome?.kind === 'cancelled' ? undefined : outcome?.diagnosis;
    if (diagnosis === undefined || diagnosis.log.length === 0) continue;
    const where = diagnosis.step === null ? '' : `, step ${codeSpan(diagnosis.step)}`;
    // Of a stage without a result the problem says why, below; a build that failed has nobody else to say it.
    const why = outcome?.kind === 'finished' ? `: ${inertMarkdown(diagnosis.evidence, 400)}.` : ', as its log tells:';
    return [`**${STAGE_TABLE[stage].title}${where}**${why}`, '', ...codeBlock(diagnosis.log, 200), ''];
  }
  return [];
}

export function decisionLines({ decisions }: RunDocument): string[] {
  if (decisions.length === 0) return [];
  const lines = decisions.map(({ reason }) => `- ${markedCode(reason)}`);
  return [`<details><summary>Decisions (${decisions.length})</summary>`, '', ...lines, '', '</details>', ''];
}
