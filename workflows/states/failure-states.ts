/**
 * The states that a failure adds before the run's end: the issue that tracks it, on branches that are released from. A pull
 * request has its check, and its author is looking at it.
 */
import { ActivityFailure, isCancellation } from '@temporalio/workflow';
import { issueReport, type IssueSubject } from '../../src/domain/issue/issue-report.ts';
import { describeIssue, type TrackedIssue } from '../../src/domain/issue/tracked-issue.ts';
import { resolvedIssues } from '../../src/domain/issue/resolved-issues.ts';
import { decision } from '../../src/domain/run/decision.ts';
import { aside, patiently } from '../activity-calls.ts';
import { locateFindings } from '../locate-findings.ts';
import type { Run } from '../run.ts';

export async function buildFailure(run: Run): Promise<void> {
  run.decide(
    decision('state_injected', 'BUILD_FAILURE was entered: there is no image, so nothing after the build can run.'),
  );
  await track(run, 'build');
}

export async function vulnerabilityRemediation(run: Run): Promise<void> {
  run.decide(decision('state_injected', 'VULNERABILITY_REMEDIATION was entered: the scan found what the gate names.'));
  await locateFindings(run);
  await track(run, 'vulnerability');
}

export async function verifyFailure(run: Run): Promise<void> {
  const why = 'the evidence does not hold, or is worth less than was expected';
  run.decide(decision('state_injected', `VERIFY_FAILURE was entered: ${why}.`));
  await track(run, 'verification');
}

async function track(run: Run, subject: IssueSubject): Promise<void> {
  if (run.plan.tracksIssues !== true) return;
  const { repository } = run.request;
  const create = subject === 'vulnerability' ? aside.createVulnerabilityIssue : aside.createFailureIssue;
  const report = issueReport(subject, run.document());
  await tolerantly(run, async () => [await patiently(() => create({ repository, report }))]);
}

/** What this run has shown to be over is closed; costs one request where there is nothing to close. */
export async function settleIssues(run: Run): Promise<void> {
  if (run.plan.tracksIssues !== true) return;
  const { workflowId } = run;
  const { repository } = run.request;
  const resolved = resolvedIssues(run.document());
  if (resolved.length === 0) return;
  await tolerantly(run, () => patiently(() => aside.closeResolvedIssues({ repository, workflowId, resolved })));
}

/** Issues may be switched off, or the grant missing: that changes nothing of what they would have told. */
async function tolerantly(run: Run, work: () => Promise<readonly TrackedIssue[]>): Promise<void> {
  try {
    for (const issue of await work()) {
      run.tracked(issue);
      run.decide(decision('issue_tracked', describeIssue(issue)));
    }
  } catch (error) {
    if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
    const why = error.cause?.message ?? error.message;
    run.decide(decision('issue_tracked', `No issue could be written: ${why}`));
  }
}
