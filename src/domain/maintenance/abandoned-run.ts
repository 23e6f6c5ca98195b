/** Runs that will not tell their end themselves: ended from outside, or stuck in this App. What their check says instead. */
import { checkReport, type CheckReport } from '../report/check-report.ts';
import type { StatusReport } from '../report/status-report.ts';
import { statusContext } from '../report/check-report.ts';
import { emptyDocument, type RunDocument } from '../run/run-document.ts';
import type { RunRequest } from '../run/run-request.ts';
import { verdict, VERDICT_TABLE, type Verdict } from '../run/verdict.ts';

export type Abandonment =
  /** Somebody ended the workflow in Temporal. */
  | { readonly kind: 'terminated' }
  /** The workflow failed: a fault of this App. */
  | { readonly kind: 'failed' }
  /** Its workflow tasks fail again and again: a fault of this App, until a version without it runs. */
  | { readonly kind: 'stuck'; readonly tries: number }
  /** It has been going on for longer than any run may. */
  | { readonly kind: 'overdue'; readonly hours: number };

export function verdictOfAbandoned(abandonment: Abandonment): Verdict {
  const next = 'Comment `/slsa rerun`; the operator finds the reason in the log of the worker (docs/operations.md).';
  switch (abandonment.kind) {
    case 'terminated':
      return verdict('cancelled', 'Ended by the operator of this App', 'Comment `/slsa rerun` to start again.');
    case 'failed':
      return verdict('no_result', 'Not your fault: this App failed in the middle of the run', next);
    case 'stuck':
      return verdict(
        'no_result',
        `Not your fault: this App cannot go on with the run (${abandonment.tries} tries)`,
        next,
      );
    case 'overdue':
      return verdict('no_result', `Not your fault: the run had not ended after ${abandonment.hours} hours`, next);
  }
}

export interface AbandonedReport {
  readonly check: CheckReport;
  /** In place of a status that is pending, and of no other. */
  readonly status: StatusReport;
}

export function reportAbandoned(
  request: RunRequest,
  run: { readonly workflowId: string; readonly startedAt: string; readonly now: string },
  abandonment: Abandonment,
): AbandonedReport {
  const found = verdictOfAbandoned(abandonment);
  const document: RunDocument = {
    ...emptyDocument(request, { workflowId: run.workflowId, startedAt: run.startedAt, lookedAt: run.now }),
    phase: 'ended',
    verdict: found,
  };
  const state = VERDICT_TABLE[found.kind].status ?? 'error';
  return {
    check: checkReport(document),
    status: { state, context: statusContext(document), description: found.title },
  };
}
