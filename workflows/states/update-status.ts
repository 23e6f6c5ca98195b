/** UPDATE_STATUS: the verdict, from the outcomes of every required stage, and its mirror on the commit. */
import { verdict, verdictOf } from '../../src/domain/run/verdict.ts';
import { assessWhole } from './evidence.ts';
import { settleIssues } from './failure-states.ts';
import type { Reporter } from '../reporter.ts';
import type { Run } from '../run.ts';

export async function updateStatus(run: Run, reporter: Reporter): Promise<void> {
  if (!run.plan.verifies && isGoingWell(run)) await assessWhole(run);
  // A fork's check may have ended the run by itself.
  if (run.verdict === null) run.conclude(withReview(run), endOf(run));
  await reporter.setStatus();
  await settleIssues(run);
}

/** With a repair to merge it has gone all its way, and ends as one that is done. */
const endOf = (run: Run): { readonly end?: 'DONE' } =>
  run.graph.end === 'DONE' && run.hasRepair ? { end: 'DONE' } : {};

/** A run that has failed already needs no second look. */
const isGoingWell = (run: Run): boolean => run.graph.end === 'DONE';

/** A pull request that changes the pipeline has judged itself by its own files: a person looks before it counts. */
function withReview(run: Run): ReturnType<typeof verdictOf> {
  const found = verdictOf(run.plan, run.outcomes, run.evidence, run.known.repair);
  const changed = run.document().decisions.find(({ kind }) => kind === 'pipeline_changed_by_pull_request');
  // A fork's check has a workflow of its own, which it cannot change.
  if (found.kind !== 'success' || changed === undefined || run.hasForkCheck) return found;
  return verdict('action_required', 'This pull request changes the pipeline: review these files', changed.reason);
}
