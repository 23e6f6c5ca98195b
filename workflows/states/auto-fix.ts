/** AUTO_FIX: proposes repairs of lint errors. Until repair is installed it says so, and the run goes on as lint asks. */
import { applyRepair } from '../../src/domain/run/apply-outcome.ts';
import type { Run } from '../run.ts';

export function autoFix(run: Run): Promise<void> {
  run.apply(applyRepair(run.graph, run.plan, { kind: 'not_installed' }));
  return Promise.resolve();
}
