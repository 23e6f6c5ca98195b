/** The check run: title, summary and conclusion as text. Pure; what it shows of others is made inert first. */
import { shortDigest, shortRef, shortSha } from '../git.ts';
import { linkIssue } from '../issue/tracked-issue.ts';
import { fullName } from '../repository.ts';
import { progressLine, type RunDocument } from '../run/run-document.ts';
import { describeTrigger } from '../run/trigger.ts';
import { stageThatStopped, VERDICT_TABLE, type VerdictKind, type VerdictRow } from '../run/verdict.ts';
import { STAGE_TABLE } from '../stage/stage-table.ts';
import { annotationsOf, type Annotation } from './annotations.ts';
import { buttonsOf, type Button } from './buttons.ts';
import {
  acceptedSection,
  decisionLines,
  lintSection,
  logSection,
  mistakeLines,
  scanSection,
  stageTable,
} from './check-sections.ts';
import { timeOfDay } from './durations.ts';
import { evidenceSection, isAboutEvidence, levelClaim, proofLines } from './evidence-section.ts';
import { codeSpan, inertMarkdown, markedCode, plainLine } from './plain-text.ts';
import { repairSection } from './repair-section.ts';

/** GitHub's limit is 65,535 characters; multi-byte text has been refused earlier, so bytes are counted, with room. */
export const MAX_SUMMARY_BYTES = 60_000;
/** Longer titles are cut by GitHub's own page. */
const MAX_TITLE = 140;

export interface CheckReport {
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  /** Below the summary: what somebody asked to have explained. */
  readonly text?: string;
  readonly status: 'queued' | 'in_progress' | 'completed';
  readonly conclusion: VerdictRow['conclusion'] | null;
  /** With the last report only: GitHub adds them up, and takes none away. */
  readonly annotations?: readonly Annotation[];
  /** Shown once it is completed. */
  readonly buttons?: readonly Button[];
}

export function checkReport(document: RunDocument): CheckReport {
  const annotations = annotationsOf(document);
  const buttons = buttonsOf(document);
  return {
    name: checkName(document),
    title: plainLine(document.verdict?.title ?? progressLine(document), MAX_TITLE),
    summary: cutOnLine(summaryLines(document), MAX_SUMMARY_BYTES),
    status: STATUS_OF_PHASE[document.phase],
    conclusion: document.verdict === null ? null : VERDICT_TABLE[document.verdict.kind].conclusion,
    ...(annotations.length === 0 ? {} : { annotations }),
    ...(buttons.length === 0 ? {} : { buttons }),
  };
}

const STATUS_OF_PHASE = { waiting: 'queued', running: 'in_progress', ended: 'completed' } as const;

/**
 * Refs share commits, so a check's name carries the kind of ref; pull requests, the queue and the default branch share the
 * plain name, which is the one that a branch protection rule asks for.
 */
export function checkName(named: Named): string {
  return nameFor(named, 'SLSA pipeline', (ref) => `SLSA pipeline (${ref})`);
}

/** Before there is a plan, a fork's check has a name of its own. */
type Named = Pick<RunDocument, 'request'> & Partial<Pick<RunDocument, 'plan'>>;

/** The commit status's context: likewise. */
export function statusContext(named: Named): string {
  return nameFor(named, 'slsa/build-level', (ref) => `slsa/build-level/${ref}`);
}

/**
 * Anybody can open a pull request from a fork with the head of somebody else's, as a draft that is skipped, say: it takes the
 * plain name only once it is known to be looked at, and that no branch here shares its commit.
 */
function nameFor({ request, plan }: Named, plain: string, withRef: (ref: string) => string): string {
  if (request.ref.startsWith('refs/pull/')) {
    return plan?.forkCheck?.isShared === false ? plain : withRef(shortRef(request.ref));
  }
  const isDefault = request.ref === `refs/heads/${request.repository.defaultBranch}`;
  const isToBeMerged = request.triggers.some(({ kind }) => kind === 'pull_request' || kind === 'merge_group');
  if (isDefault || isToBeMerged) return plain;
  const name = shortRef(request.ref);
  return withRef(request.ref.startsWith('refs/tags/') ? `tag ${name}` : name);
}

/** What is so, what to do, and what decided it come first; the rest is for those who read on. */
function summaryLines(document: RunDocument): string[] {
  const stopped = document.verdict?.kind === 'failure' ? stageThatStopped(document) : null;
  const findings = stopped === 'scan' ? scanSection(document) : lintSection(document);
  const others = stopped === 'scan' ? lintSection(document) : scanSection(document);
  return [
    firstLine(document),
    '',
    ...mistakeLines(document),
    ...nextLines(document),
    ...repairSection(document),
    ...(stopped === null ? [] : [...findings, ...logSection(document)]),
    ...(isAboutEvidence(document) ? evidenceSection(document) : []),
    ...stageTable(document),
    ...(stopped === null ? [...findings, ...others, ...logSection(document)] : others),
    ...acceptedSection(document),
    ...(isAboutEvidence(document) ? [] : evidenceSection(document)),
    ...decisionLines(document),
    ...proofLines(document),
    ...againLines(document),
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
    plan === null
      ? ` (started by ${trigger})`
      : ` (preset ${codeSpan(plan.preset)}${isRehearsal(document) ? ', its stages for pull requests' : ''}, started by ${trigger})`;
  if (verdict === null) return `**Working on ${what}**${preset}`;
  if (verdict.kind === 'success') return `**${levelClaim(document)}** for ${what}${preset}.`;
  const lead = verdict.kind === 'failure' ? failureLead(document) : LEAD_OF_VERDICT[verdict.kind];
  return `**${lead}** ${what}${preset}.`;
}

/** A pull request alone asks: nothing of it is signed, so the stages that sign are not there to be missed. */
const isRehearsal = ({ request }: RunDocument): boolean =>
  request.triggers.some(({ kind }) => kind === 'pull_request') &&
  request.triggers.every(({ kind }) => ['pull_request', 'rerun', 'approval'].includes(kind));

function failureLead(document: RunDocument): string {
  const stage = stageThatStopped(document);
  if (stage === null || document.plan === null) return 'The evidence does not hold for';
  const { threshold } = document.plan.gates;
  if (stage === 'lint') return `The gate ${codeSpan('fail_on_lint_errors')} stopped this run of`;
  if (stage === 'scan') {
    return `The gate ${codeSpan('fail_on_vulnerabilities')}, from ${codeSpan(threshold)} on, stopped this run of`;
  }
  return `${STAGE_TABLE[stage].title} stopped this run of`;
}

/** The title says what is so; this line says what it means for the commit. */
const LEAD_OF_VERDICT: Readonly<Record<Exclude<VerdictKind, 'success' | 'failure'>, string>> = {
  action_required: 'A person must act before this run counts:',
  no_result: 'There is no result, and the commit is not to blame:',
  superseded: 'A newer commit took the place of',
  cancelled: 'Somebody ended this run of',
  not_wanted: 'Nothing was run for',
  never_set_up: 'Nothing was run for',
};

/** The image by digest once it is built, by tag before, and the repository where there will be none. */
function subjectOf({ request, plan, outcomes: { build } }: RunDocument): string {
  if (plan === null || plan.forkCheck !== undefined) return fullName(request.repository);
  return build?.kind === 'finished' && build.result.kind === 'built'
    ? `${plan.image.name}@${shortDigest(build.result.digest)}`
    : `${plan.image.name}:${plan.image.tag}`;
}

function nextLines({ verdict, problem, issues }: RunDocument): string[] {
  const tracked = issues.flatMap((issue) => [linkIssue(issue), '']);
  if (verdict === null || verdict.next === '') return tracked;
  const detail =
    problem === null ? [] : [`${inertMarkdown(problem.message, 600)} (error ${codeSpan(problem.code)})`, ''];
  return [...detail, `What you can do: ${markedCode(verdict.next)}`, '', ...tracked];
}

/** Also where there is no pull request to comment on. */
function againLines({ verdict, plan }: RunDocument): string[] {
  if (verdict === null || plan === null || !['failure', 'no_result', 'cancelled'].includes(verdict.kind)) return [];
  return [
    'To run it again: press Re-run on this check, or comment `/slsa rerun` on its pull request. What still holds of this commit is kept.',
    '',
  ];
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
