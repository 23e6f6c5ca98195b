/**
 * One round of keeping an installation in order, by a schedule: deliveries that failed are asked for again, and checks that
 * nobody would close any more are closed. What a round has to know of the one before is that one's result.
 */
import { ActivityFailure, isCancellation, log, workflowInfo } from '@temporalio/workflow';
import {
  FIRST_ROUND,
  type AbandonedRun,
  type MaintenancePace,
  type MaintenanceState,
} from '../src/domain/maintenance/maintenance.ts';
import { aside, patiently } from './activity-calls.ts';

export async function maintenance(pace: MaintenancePace): Promise<MaintenanceState> {
  // Written by this very workflow, a round ago.
  const before = (workflowInfo().lastResult as MaintenanceState | undefined) ?? FIRST_ROUND;
  const redelivery = await orElse(before.redelivery, () => patiently(() => aside.redeliverFailed(before.redelivery)));
  const closedThrough = await orElse(before.closedThrough, () => closeAbandoned(before, pace));
  return { redelivery, closedThrough };
}

async function closeAbandoned({ closedThrough }: MaintenanceState, pace: MaintenancePace): Promise<string | null> {
  const found = await aside.findAbandonedRuns({ closedThrough, pace });
  for (const run of found.abandoned) await orElse(null, () => close(run));
  return found.closedThrough;
}

const close = (run: AbandonedRun): Promise<null> => patiently(() => aside.closeAbandonedRun(run));

/** One part that cannot be done now keeps no other from being done; the next round tries it again. */
async function orElse<T>(instead: T, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
    log.warn('A part of the maintenance could not be done', { reason: error.cause?.message ?? error.message });
    return instead;
  }
}
