/**
 * How workflows call activities: the one file of retry profiles, and the patience that a rate limit asks for.
 *
 * Every profile has schedule-to-close, since nothing else ends a retry; every one has a heartbeat time-out of 4 s, so
 * that a killed worker costs seconds, not minutes (docs/adr/0004).
 */
import { CancellationScope, proxyActivities, sleep, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { Answer } from '../activities/failures.ts';
import { epochSeconds } from './clock.ts';

const HEARTBEAT = '4 seconds';

const PROFILES = {
  /** A write that must not be repeated blindly: an unclear end is for the caller to look into. */
  once: {
    startToCloseTimeout: '30 seconds',
    scheduleToCloseTimeout: '45 seconds',
    heartbeatTimeout: HEARTBEAT,
    retry: { maximumAttempts: 1 },
  },
  /** Reads, and writes that look before they make. */
  again: {
    startToCloseTimeout: '4 minutes',
    scheduleToCloseTimeout: '15 minutes',
    heartbeatTimeout: HEARTBEAT,
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '60 seconds' },
  },
  /** A report on the way: the next one replaces it, so it is not worth waiting for. */
  brief: {
    startToCloseTimeout: '25 seconds',
    scheduleToCloseTimeout: '1 minute',
    heartbeatTimeout: HEARTBEAT,
    retry: { initialInterval: '1 second', backoffCoefficient: 2 },
  },
  /** What stands beside the run's own report: worth minutes, but nobody is kept waiting longer. */
  aside: {
    startToCloseTimeout: '1 minute',
    scheduleToCloseTimeout: '3 minutes',
    heartbeatTimeout: HEARTBEAT,
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '30 seconds' },
  },
  /** A question to the model: five tries at most, and never the whole of a repair's time (fault F32). */
  asked: {
    startToCloseTimeout: '150 seconds',
    scheduleToCloseTimeout: '6 minutes',
    heartbeatTimeout: HEARTBEAT,
    retry: { initialInterval: '2 seconds', backoffCoefficient: 3, maximumInterval: '60 seconds', maximumAttempts: 5 },
  },
  /** The last report of a run: people wait for it. */
  persistent: {
    startToCloseTimeout: '30 seconds',
    scheduleToCloseTimeout: '6 hours',
    heartbeatTimeout: HEARTBEAT,
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '5 minutes' },
  },
} as const;

export const once = proxyActivities<Activities>(PROFILES.once);
export const again = proxyActivities<Activities>(PROFILES.again);
export const brief = proxyActivities<Activities>(PROFILES.brief);
export const aside = proxyActivities<Activities>(PROFILES.aside);
export const asked = proxyActivities<Activities>(PROFILES.asked);
export const persistent = proxyActivities<Activities>(PROFILES.persistent);

/** A limit that names a past time must not become a busy loop. */
const MIN_WAIT_SECONDS = 1;
const MAX_WAIT_SECONDS = 3600;

/** Sleeps a rate limit out, in the workflow, where it holds no slot. */
export async function sleepUntil(untilEpochSeconds: number): Promise<void> {
  const wait = Math.min(Math.max(untilEpochSeconds - epochSeconds(), MIN_WAIT_SECONDS), MAX_WAIT_SECONDS);
  await sleep(wait * 1000 + ownSpread());
}

/** All runs of an installation wait for the same moment: each comes a little later, by its own id, so that not all come at once. */
const ownSpread = (): number =>
  Array.from(workflowInfo().workflowId, (letter) => letter.codePointAt(0) ?? 0).reduce(
    (sum, code) => (sum * 31 + code) % MAX_SPREAD_MS,
    7,
  );
const MAX_SPREAD_MS = 1500;

/** Asks until there is an answer. */
export async function patiently<T>(ask: () => Promise<Answer<T>>): Promise<T> {
  for (;;) {
    const answered = await ask();
    if (answered.kind === 'answered') return answered.value;
    await sleepUntil(answered.untilEpochSeconds);
  }
}

/** For what must be done even when the run is being cancelled: letting go of stage runs, the last report. */
export const whateverComes = <T>(work: () => Promise<T>): Promise<T> => CancellationScope.nonCancellable(work);
