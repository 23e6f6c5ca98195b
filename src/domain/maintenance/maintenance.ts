/** What the maintenance of an installation is asked, does, and remembers from one round to the next. */
import type { Abandonment } from './abandoned-run.ts';
import { NOTHING_LOOKED_AT, type RedeliveryState } from './redelivery.ts';

export interface MaintenancePace {
  /** Seconds for which workflow tasks of a run have failed: from then on each round tells the operator. */
  readonly alertAfter: number;
  /** And from then on its check is closed, so that no merge waits for it. */
  readonly concludeAfter: number;
  /** Longer than this no run lasts: all stages together, each waited for, run to its limit and tried again, are far less. */
  readonly runLimit: number;
}

export const MAINTENANCE_PACE: MaintenancePace = { alertAfter: 300, concludeAfter: 3600, runLimit: 36 * 3600 };

export const MAINTENANCE = {
  scheduleId: 'slsa-maintenance',
  workflowId: 'slsa-maintenance',
  everyMs: 5 * 60_000,
} as const;

/** Kept by Temporal as the result of the last round that ended well. */
export interface MaintenanceState {
  readonly redelivery: RedeliveryState;
  /** ISO time up to which runs that were ended from outside have had their checks closed. */
  readonly closedThrough: string | null;
}

export const FIRST_ROUND: MaintenanceState = { redelivery: NOTHING_LOOKED_AT, closedThrough: null };

export interface AbandonedRun {
  readonly workflowId: string;
  /** ISO times. */
  readonly startedAt: string;
  readonly abandonment: Abandonment;
}

export interface AbandonedRuns {
  readonly abandoned: readonly AbandonedRun[];
  readonly closedThrough: string;
}
