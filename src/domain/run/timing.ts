/**
 * How patient a run is. It travels with the request, so that a run keeps its pace when the service's settings change, and
 * tests are quick without a fake clock.
 */
import { z } from 'zod';

const Seconds = z
  .number()
  .positive()
  .max(24 * 3600);

export const Timing = z.object({
  /** A stage run is looked at after this, whether or not a webhook came; then at growing intervals. */
  firstLook: Seconds,
  lookGrowth: z.number().min(1).max(4),
  maxLook: Seconds,
  /** A dispatch whose answer was lost is searched for after each of these, then sent again. */
  searches: z.array(Seconds).min(1).max(10),
  /** No runner took the stage by then: it is cancelled, and the check says so. */
  queueLimit: Seconds,
  /** A stage that ended without a result through no fault of the repository is dispatched again after each of these; requests of older versions name none. */
  retries: z.array(Seconds).max(5).optional(),
  /** Between two updates of the check run. */
  reportEvery: Seconds,
  /** A push to a branch waits this long for the pull request event that often follows. */
  siblingWait: Seconds,
  /** A commit that waits for its turn says so on GitHub after this. */
  announceAfter: Seconds,
});
export type Timing = z.infer<typeof Timing>;

/** Webhooks bring the news; the timer only catches those that were lost. */
export const WEBHOOK_TIMING: Timing = {
  firstLook: 180,
  lookGrowth: 2,
  maxLook: 600,
  searches: [3, 7, 20, 35],
  queueLimit: 1800,
  retries: [60, 240],
  reportEvery: 10,
  siblingWait: 1.5,
  announceAfter: 5,
};

/** No webhook can come (`slsa-pipeline run` with a plain token): conditional reads, every few seconds. */
export const POLLING_TIMING: Timing = { ...WEBHOOK_TIMING, firstLook: 3, lookGrowth: 1.5, maxLook: 20 };
