/** The check run: title, summary and conclusion as text. Pure; what it shows of others is made inert first. */
import { shortDigest, shortRef, shortSha } from '../git.ts';
import {
  equivalentCommands,
  failingLines,
  nextLevelLine,
  receiptLine,
  rehearsalLine,
  requirementTable,
  SLSA_VERSION,
} from '../evidence/describe-assessment.ts';
import type { LintResult } from '../lint/lint-result.ts';
import { fullName } from '../repository.ts';
import { progressLine, type RunDocument, type StageProgress } from '../run/run-document.ts';
import { describeTrigger } from '../run/trigger.ts';
import { VERDICT_TABLE, type VerdictKind, type VerdictRow } from '../run/verdict.ts';
import { findingsAtOrOver } from '../scan/scan-result.ts';
import { STAGE_TABLE, STAGES } from '../stage/stage-table.ts';
import { SETTINGS_PATH } from '../settings/settings-schema.ts';
import { describeOutcome } from './describe-outcome.ts';
import { linkIssue } from '../issue/tracked-issue.ts';
import { durationBetween, timeOfDay } from './durations.ts';
import { findingsTable } from './findings-table.ts';
import { codeBlock, codeSpan, escapeMarkdown, inertMarkdown, plainLine } from './plain-text.ts';

/** GitHub's limit is 65,535 characters; multi-byte text has been refused earlier, so bytes are counted, with room. */
export const MAX_SUMMARY_BYTES = 60_000;
/** Longer titles are cut by GitHub's own page. */
const MAX_TITLE = 140;

export interface CheckReport {
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  readonly status: 'queued' | 'in_progress' | 'completed';
  readonly conclusion: VerdictRow['conclusion'] | null;
}

export function checkReport(document: RunDocument): CheckReport {
  return {
    name: checkName(document),
    title: plainLine(document.verdict?.title ?? progressLine(document), MAX_TITLE),
    summary: cutOnLine(summaryLines(document), MAX_SUMMARY_BYTES),
    status: STATUS_OF_PHASE[document.phase],
    conclusion: document.verdict === null ? null : VERDICT_TABLE[document.verdict.kind].conclusion,
  };
}

const STATUS_OF_PHASE = { waiting: 'queued', running: 'in_progress', ended: 'completed' } as const;

/**
 * Refs share commits, so a check's name carries the kind of ref; a pull request and the default branch share the plain
 * name, which is the one that a branch protection rule asks for.
 */
export function checkName({ request }: Pick<RunDocument, 'request'>): string {
  return nameFor(request, 'SLSA pipeline', (ref) => `SLSA pipeline (${ref})`);
}

/** The commit status's context: likewise. */
export function statusContext({ request }: Pick<RunDocument, 'request'>): string {
  return nameFor(request, 'slsa/build-level', (ref) => `slsa/build-level/${ref}`);
}

function nameFor(request: RunDocument['request'], plain: string, withRef: (ref: string) => string): string {
  const isDefault = request.ref === `refs/heads/${request.repository.defaultBranch}`;
  const isPullRequest = request.triggers.some(({ kind }) => kind === 'pull_request');
  if (isDefault || isPullRequest) return plain;
  const name = shortRef(request.ref);
  return withRef(request.ref.startsWith('refs/tags/') ? `tag ${name}` : name);
}

function summaryLines(document: RunDocument): string[] {
  return [
    firstLine(document),
    '',
    ...mistakeLines(document),
    ...(isAboutEvidence(document) ? evidenceSection(document) : []),
    ...stageTable(document),
    ...lintSection(document),
    ...scanSection(document),
    ...logSection(document),
    ...nextLines(document),
    ...(isAboutEvidence(document) ? [] : evidenceSection(document)),
    ...decisionLines(document),
    ...proofLines(document),
    ...receiptLines(document),
  ];
}

function firstLine(document: RunDocument): string {
  const { request, plan, verdict } = document;
  const what = `${codeSpan(subjectOf(document))} at ${codeSpan(shortSha(request.sha))}`;
  const trigger = request.triggers
    .map(describeTrigger)
    .map((text) => inertMarkdown(text))
    .join(' and ');
  const preset =
    plan === null ? ` (started by ${trigger})` : ` (preset ${codeSpan(plan.preset)}, started by ${trigger})`;
  if (verdict === null) return `**Working on ${what}**${preset}`;
  if (verdict.kind === 'success') return `**${levelClaim(document)}** for ${what}${preset}.`;
  return `**${LEAD_OF_VERDICT[verdict.kind]}** ${what}${preset}.`;
}

function levelClaim({ evidence }: RunDocument): string {
  if (evidence?.kind !== 'assessed') return 'Every stage passed';
  const { level } = evidence.assessment;
  return level === 0
    ? 'Every stage passed, without provenance'
    : `SLSA v${SLSA_VERSION} Build L${level}, computed from evidence`;
}

/** A lint error or a finding comes first where it decided; otherwise the level is what people came for. */
function isAboutEvidence({ verdict, evidence }: RunDocument): boolean {
  if (verdict?.kind === 'success') return true;
  return evidence?.kind === 'assessed' && evidence.assessment.failing !== null;
}

/** Each requirement with what proves or breaks it, and the way to the next level. */
function evidenceSection({ evidence, plan, verdict }: RunDocument): string[] {
  if (verdict === null) return [];
  const rehearsal = plan?.levelAfterMerge == null ? [] : [rehearsalLine(plan.levelAfterMerge), ''];
  if (evidence?.kind !== 'assessed') return rehearsal;
  const { assessment } = evidence;
  const next = nextLevelLine(assessment);
  return [
    ...requirementTable(assessment),
    '',
    ...(assessment.failing === null ? [] : [...failingLines(assessment), '']),
    // A pull request is not signed on purpose: what it may look forward to says more.
    ...(next === '' || verdict.next === next || rehearsal.length > 0 ? [] : [markedCode(next), '']),
    ...rehearsal,
  ];
}

/** For whoever does not want to trust this App: the same question by other tools, and the signed summary. */
function proofLines({ evidence, request, verdict }: RunDocument): string[] {
  if (evidence?.kind !== 'assessed' || verdict === null) return [];
  const { assessment, vsa } = evidence;
  const commands = equivalentCommands(assessment, fullName(request.repository));
  return [
    '<details><summary>Check it yourself</summary>',
    '',
    ...codeBlock(commands),
    '',
    receiptLine(assessment),
    ...(vsa === null
      ? []
      : ['', 'Verification summary (DSSE, signed by the operator of this App):', '', ...codeBlock([vsa])]),
    '',
    '</details>',
    '',
  ];
}

/** The title says what is so; this line says what it means for the commit. */
const LEAD_OF_VERDICT: Readonly<Record<Exclude<VerdictKind, 'success'>, string>> = {
  failure: 'A gate or a stage failed this run of',
  action_required: 'A person must act before this run counts:',
  no_result: 'There is no result, and the commit is not to blame:',
  superseded: 'A newer commit took the place of',
  cancelled: 'Somebody ended this run of',
  not_wanted: 'Nothing was run for',
  never_set_up: 'Nothing was run for',
};

/** The image by digest once it is built, by tag before, and the repository where there is no plan. */
function subjectOf({ request, plan, outcomes: { build } }: RunDocument): string {
  if (plan === null) return fullName(request.repository);
  return build?.kind === 'finished' && build.result.kind === 'built'
    ? `${plan.image.name}@${shortDigest(build.result.digest)}`
    : `${plan.image.name}:${plan.image.tag}`;
}

function mistakeLines({ mistakes }: RunDocument): string[] {
  if (mistakes.length === 0) return [];
  const lines = mistakes.map(({ line, column, message }) => `- line ${line}, column ${column}: ${markedCode(message)}`);
  return [`Mistakes in ${codeSpan(SETTINGS_PATH)}:`, '', ...lines, ''];
}

/** Our own sentences carry code spans; what stands in and between them may come from a file, and is made inert. */
const markedCode = (message: string): string =>
  plainLine(message, MAX_SENTENCE)
    .split('`')
    .map((part, index) => (index % 2 === 1 ? codeSpan(part) : escapeMarkdown(part)))
    .join('');

const MAX_SENTENCE = 600;

function stageTable(document: RunDocument): string[] {
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

function lintSection({ outcomes }: RunDocument): string[] {
  const lint = outcomes.lint;
  if (lint?.kind !== 'finished' || lint.result.errors === 0) return [];
  return ['**Lint**', '', ...lintFindings(lint.result), ''];
}

function lintFindings(result: LintResult): string[] {
  const linters = result.failedLinters.map(({ linter, errors }) => `${codeSpan(linter)} ${errors}`).join(', ');
  const byLinter = `Errors by linter: ${linters}.`;
  if (result.findings.length === 0) return [`${byLinter} The linters' own lines are in the stage's log.`];
  const rows = result.findings.map(
    ({ file, line, linter, rule, message }) =>
      `| ${codeSpan(line === null ? file : `${file}:${line}`)} | ${codeSpan(rule || linter)} | ${inertMarkdown(message)} |`,
  );
  return [byLinter, '', '| where | rule | finding |', '| --- | --- | --- |', ...rows];
}

function scanSection({ outcomes, plan }: RunDocument): string[] {
  const scan = outcomes.scan;
  if (scan?.kind !== 'finished' || plan === null) return [];
  const { threshold } = plan.gates;
  if (findingsAtOrOver(scan.result.counts, threshold) === 0) return [];
  return [`**Vulnerabilities at or over ${codeSpan(threshold)}**`, '', ...findingsTable(scan.result, threshold), ''];
}

function nextLines({ verdict, problem, issues }: RunDocument): string[] {
  const tracked = issues.flatMap((issue) => [linkIssue(issue), '']);
  if (verdict === null || verdict.next === '') return tracked;
  const detail = problem === null ? [] : [inertMarkdown(problem.message, 600), ''];
  return [...detail, `What you can do: ${markedCode(verdict.next)}`, '', ...tracked];
}

/** The lines that told why a stage failed, for whoever does not want to open the log. */
function logSection({ outcomes }: RunDocument): string[] {
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

function decisionLines({ decisions }: RunDocument): string[] {
  if (decisions.length === 0) return [];
  const lines = decisions.map(({ reason }) => `- ${markedCode(reason)}`);
  return [`<details><summary>Decisions (${decisions.length})</summary>`, '', ...lines, '', '</details>', ''];
}

function receiptLines({ request, lookedAt, workflowId }: RunDocument): string[] {
  const delivery = request.delivery === null ? '' : ` Started from delivery ${codeSpan(request.delivery)}.`;
  return [`Looked at ${timeOfDay(lookedAt)} UTC. Run ${codeSpan(workflowId)}, attempt ${request.attempt}.${delivery}`];
}

/** Cuts on a whole line, and says so. */
export function cutOnLine(lines: readonly string[], maxBytes: number): string {
  const encoder = new TextEncoder();
  const notice = '\n\n(Cut here: the rest is in the stage logs.)';
  let used = encoder.encode(notice).length;
  const kept: string[] = [];
  for (const line of lines) {
    used += encoder.encode(`${line}\n`).length;
    if (used > maxBytes) return `${kept.join('\n')}${notice}`;
    kept.push(line);
  }
  return kept.join('\n');
}
