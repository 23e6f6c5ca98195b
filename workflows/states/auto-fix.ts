/** AUTO_FIX: proposes repairs of lint errors that the linters have confirmed. Whatever happens there, the run goes on as lint asks. */
import { CancellationScope, isCancellation, patched } from '@temporalio/workflow';
import { applyRepair } from '../../src/domain/run/apply-outcome.ts';
import type { RepairOutcome } from '../../src/domain/repair/repair-outcome.ts';
import { PATCHES } from '../patches.ts';
import { Repair } from '../repair.ts';
import type { Run } from '../run.ts';

/** BUILD waits ten minutes at most: this long for the repair, and the rest for what has to be tidied up after it. */
const BUDGET_MS = 8 * 60_000;

export async function autoFix(run: Run): Promise<void> {
  const outcome = patched(PATCHES.repairs) ? await repairInTime(run) : NOT_INSTALLED;
  run.repaired(outcome);
  run.apply(applyRepair(run.graph, run.plan, outcome));
}

/** Runs that an older version began. */
const NOT_INSTALLED: RepairOutcome = {
  kind: 'nothing_proposed',
  reason: 'the version that began this run could not repair yet',
  use: null,
  notes: [],
};

async function repairInTime(run: Run): Promise<RepairOutcome> {
  const repair = new Repair(run);
  try {
    return await CancellationScope.withTimeout(BUDGET_MS, () => repair.propose());
  } catch (error) {
    // The run itself was stopped where its own scope is.
    if (!isCancellation(error) || CancellationScope.current().consideredCancelled) throw error;
    return repair.nothing('it took longer than eight minutes, and the build waits no longer');
  }
}
