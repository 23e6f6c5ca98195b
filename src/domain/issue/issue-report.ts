/** What an issue says: a build or a verification that fails on a branch, or findings in an image. Pure. */
import { nextLevelLine, failingLines, levelLine } from '../evidence/describe-assessment.ts';
import type { Diagnosis } from '../fault/diagnosis.ts';
import { shortDigest, shortRef } from '../git.ts';
import { timeOfDay } from '../report/durations.ts';
import { codeBlock, codeSpan, inertMarkdown, plainLine } from '../report/plain-text.ts';
import { findingsTable } from '../report/findings-table.ts';
import type { RunDocument } from '../run/run-document.ts';
import { countOf } from '../run/verdict.ts';
import { findingsAtOrOver } from '../scan/scan-result.ts';
import { markerOf } from './issue-body.ts';

export const ISSUE_LABELS = { failure: 'slsa:failure', vulnerability: 'slsa:vulnerability' } as const;

/** One open issue each: a branch's build, a branch's verification, an image's findings. */
export type IssueSubject = 'build' | 'verification' | 'vulnerability';

export interface IssueReport {
  readonly marker: string;
  readonly label: string;
  readonly title: string;
  readonly ref: string;
  /** How it stands at this ref: ready Markdown, in which nothing of others means anything. */
  readonly section: readonly string[];
  readonly closing: string;
}

/** GitHub refuses longer titles (256 characters). */
const MAX_TITLE = 200;

export function issueMarker(subject: IssueSubject, { request, plan }: Pick<RunDocument, 'request' | 'plan'>): string {
  return subject === 'vulnerability'
    ? markerOf('vulnerability', plan?.image.name ?? '')
    : markerOf('failure', `${subject} ${request.ref}`);
}

export function issueReport(subject: IssueSubject, document: RunDocument): IssueReport {
  const { request } = document;
  const branch = shortRef(request.ref);
  const common = { marker: issueMarker(subject, document), ref: request.ref };
  const failure = { ...common, label: ISSUE_LABELS.failure };
  switch (subject) {
    case 'build':
      return {
        ...failure,
        title: plainLine(`The image of ${branch} does not build`, MAX_TITLE),
        section: [...buildLines(document), '', receipt(document)],
        closing: 'This issue is updated in place, and closes by itself when the branch builds again.',
      };
    case 'verification':
      return {
        ...failure,
        title: plainLine(`The evidence for the image of ${branch} does not hold`, MAX_TITLE),
        section: [...verificationLines(document), '', receipt(document)],
        closing: 'This issue is updated in place, and closes by itself when an image of the branch verifies again.',
      };
    case 'vulnerability':
      return {
        ...common,
        label: ISSUE_LABELS.vulnerability,
        title: plainLine(`Vulnerabilities in ${document.plan?.image.name ?? branch}`, MAX_TITLE),
        section: [...vulnerabilityLines(document), '', receipt(document)],
        closing:
          'This issue is updated in place, and closes by itself when no branch has findings at or over its threshold.',
      };
  }
}

function buildLines({ request, outcomes: { build } }: RunDocument): string[] {
  const what = `**${codeSpan(shortRef(request.ref))} does not build**, at ${request.sha}.`;
  if (build?.kind !== 'finished') return [what];
  const exit = build.result.kind === 'failed' ? ` It ended with exit code ${build.result.exitCode}.` : '';
  const log = `[Log](${build.run.url}).`;
  return [`${what}${exit} ${log}`, '', ...diagnosisLines(build.diagnosis)];
}

function diagnosisLines(diagnosis: Diagnosis | undefined): string[] {
  if (diagnosis === undefined) return [];
  const { step, evidence, log } = diagnosis;
  const failing = step === null ? [] : [`Failing step: ${codeSpan(step)}.`];
  return [
    [...failing, `Likely cause: ${inertMarkdown(evidence, 400)}.`].join(' '),
    ...(log.length === 0 ? [] : ['', ...codeBlock(log, 200)]),
  ];
}

function verificationLines({ request, evidence, plan }: RunDocument): string[] {
  const at = `**The image of ${codeSpan(shortRef(request.ref))} does not verify**, at ${request.sha}.`;
  if (evidence?.kind !== 'assessed') return [at];
  const { assessment } = evidence;
  const next = nextLevelLine(assessment);
  return [
    at,
    '',
    `${codeSpan(`${plan?.image.name ?? ''}@${shortDigest(assessment.subject.digest)}`)}: ${inertMarkdown(levelLine(assessment))}, where L${assessment.expectedLevel} is expected.`,
    ...(assessment.failing === null ? [] : ['', ...failingLines(assessment)]),
    ...(next === '' ? [] : ['', `What you can do: ${inertMarkdown(next.replaceAll('`', '"'), 400)}`]),
  ];
}

function vulnerabilityLines({ request, outcomes: { scan, build }, plan }: RunDocument): string[] {
  if (scan?.kind !== 'finished' || plan === null) return [];
  const { threshold, maxFindings } = plan.gates;
  const count = findingsAtOrOver(scan.result.counts, threshold);
  const digest =
    build?.kind === 'finished' && build.result.kind === 'built' ? `@${shortDigest(build.result.digest)}` : '';
  const tolerated = maxFindings === 0 ? '' : `, of which ${maxFindings} are tolerated`;
  return [
    `**${countOf(count, 'finding')} at or over ${codeSpan(threshold)}**${tolerated} in ${codeSpan(`${plan.image.name}${digest}`)} of ${codeSpan(shortRef(request.ref))}, at ${request.sha}. [Log](${scan.run.url}).`,
    '',
    ...findingsTable(scan.result, threshold),
  ];
}

const receipt = ({ workflowId, lookedAt }: RunDocument): string =>
  `Run ${codeSpan(workflowId, 600)}, ${lookedAt.slice(0, 10)} ${timeOfDay(lookedAt)} UTC.`;
