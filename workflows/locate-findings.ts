/** Where the repository names what the scan found, so that it is told at that line. */
import { ActivityFailure, isCancellation, log, patched } from '@temporalio/workflow';
import { isAtOrOver } from '../src/domain/scan/scan-result.ts';
import { aside, patiently } from './activity-calls.ts';
import { PATCHES } from './patches.ts';
import type { Run } from './run.ts';

/** For annotations at their lines: nice to have, so what cannot be looked at is left out. */
export async function locateFindings(run: Run): Promise<void> {
  const { scan } = run.outcomes;
  if (scan?.kind !== 'finished' || !patched(PATCHES.locatesFindings)) return;
  const { repository, sha: commit } = run.request;
  const { threshold } = run.plan.gates;
  const findings = scan.result.worst.filter(({ severity }) => isAtOrOver(severity, threshold));
  if (findings.length === 0) return;
  try {
    run.located(await patiently(() => aside.locateFindings({ repository, commit, findings })));
  } catch (error) {
    if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
    log.warn('Findings could not be located', { reason: error.cause?.message ?? error.message });
  }
}
