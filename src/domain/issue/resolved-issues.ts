/** Which issues a run has shown to be over: what it passed, and nothing that it did not look at. */
import { shortSha } from '../git.ts';
import { codeSpan } from '../report/plain-text.ts';
import type { RunDocument } from '../run/run-document.ts';
import { findingsAtOrOver } from '../scan/scan-result.ts';
import { issueMarker, type IssueSubject } from './issue-report.ts';

export interface ResolvedIssue {
  readonly marker: string;
  readonly ref: string;
  /** What is said when nothing is left of it. */
  readonly comment: string;
}

/** Only what this very run did counts: an outcome that was kept has been judged before. */
export function resolvedIssues(document: RunDocument): ResolvedIssue[] {
  const { request } = document;
  const at = `at ${request.sha}, run ${codeSpan(document.workflowId, 600)}`;
  return SUBJECTS.filter(({ isResolved }) => isResolved(document)).map(({ subject, words }) => ({
    marker: issueMarker(subject, document),
    ref: request.ref,
    comment: `${words} ${at}. Closed by commit ${shortSha(request.sha)}'s run; it opens again if this comes back.`,
  }));
}

interface Subject {
  readonly subject: IssueSubject;
  readonly words: string;
  readonly isResolved: (document: RunDocument) => boolean;
}

const SUBJECTS: readonly Subject[] = [
  {
    subject: 'build',
    words: 'The image builds again',
    isResolved: ({ outcomes: { build } }) => build?.kind === 'finished' && build.result.kind === 'built',
  },
  {
    subject: 'verification',
    words: 'The evidence holds again',
    isResolved: ({ evidence, plan, verdict }) =>
      plan?.verifies === true &&
      verdict?.kind === 'success' &&
      evidence?.kind === 'assessed' &&
      evidence.assessment.result === 'met',
  },
  {
    subject: 'vulnerability',
    words: 'No findings at or over the threshold are left',
    isResolved: ({ outcomes: { scan }, plan }) =>
      scan?.kind === 'finished' && plan !== null && findingsAtOrOver(scan.result.counts, plan.gates.threshold) === 0,
  },
];
