/**
 * Which webhook deliveries GitHub is asked to send again. GitHub never does so by itself, and keeps them for three days
 * (docs, "Handling failed webhook deliveries"), so every failed one is asked for until it arrives or is too old. Pure.
 */

/** One failed attempt to deliver, as the App's list of deliveries tells it. */
export interface FailedDelivery {
  readonly id: number;
  /** The same for every attempt at one event. */
  readonly guid: string;
  readonly event: string;
  /** What our endpoint answered; 0 where nothing answered. */
  readonly statusCode: number;
  /** ISO time. */
  readonly deliveredAt: string;
}

/** An event that has not arrived yet, as far as is known. */
export interface Outstanding {
  readonly guid: string;
  /** Of its latest failed attempt: what GitHub is asked to repeat. */
  readonly id: number;
  /** How often it was asked for. */
  readonly tries: number;
  /** True where it was asked for, and nothing has been heard since: then no news is good news. */
  readonly isAsked: boolean;
  /** Epoch milliseconds. */
  readonly dueAt: number;
}

export interface RedeliveryState {
  /** Attempts up to this id were looked at. */
  readonly through: number;
  readonly outstanding: readonly Outstanding[];
}

export const NOTHING_LOOKED_AT: RedeliveryState = { through: 0, outstanding: [] };

/** Those that lead to an intent (app.yml); others are nobody's loss. */
const EVENTS_OF_USE = [
  'push',
  'pull_request',
  'merge_group',
  'workflow_run',
  'check_run',
  'check_suite',
  'issue_comment',
  'installation',
  'installation_repositories',
];

/** What was refused for what it is will be refused again: a signature, a size, a form. */
const isWorthwhile = ({ event, statusCode }: FailedDelivery): boolean =>
  EVENTS_OF_USE.includes(event) && (statusCode < 400 || statusCode >= 500 || statusCode === 408 || statusCode === 429);

const FIRST_PAUSE_MS = 4 * 60_000;
const MAX_PAUSE_MS = 15 * 60_000;

/** A tick asks for no more than these; the oldest come first, the rest has its turn in the next tick. */
const MAX_A_TICK = 100;

/** Ids and counts only, so that the workflow's result stays small. */
const MAX_OUTSTANDING = 200;

export interface RedeliveryPlan {
  readonly redeliver: readonly number[];
  readonly state: RedeliveryState;
}

/**
 * @param failures every failed attempt that is newer than `state.through`, any order
 * @param now epoch milliseconds
 */
export function planRedeliveries(
  state: RedeliveryState,
  failures: readonly FailedDelivery[],
  now: number,
): RedeliveryPlan {
  const { taken, through } = takeOldest(state, failures);
  const failed = new Map(taken.filter(isWorthwhile).map((each) => [each.guid, each.id]));
  const known = new Set(state.outstanding.map(({ guid }) => guid));
  const carried = state.outstanding.flatMap((each) => carry(each, failed.get(each.guid), now));
  const fresh = [...failed]
    .filter(([guid]) => !known.has(guid))
    .map(([guid, id]) => ({ guid, id, tries: 0, isAsked: false, dueAt: now }));
  const all = [...carried, ...fresh].toSorted((a, b) => a.id - b.id);
  const asked = new Set(all.filter(({ isAsked, dueAt }) => !isAsked && dueAt <= now).slice(0, MAX_A_TICK));
  const outstanding = all.map((each) => (asked.has(each) ? { ...each, tries: each.tries + 1, isAsked: true } : each));
  return { redeliver: [...asked].map(({ id }) => id), state: { through, outstanding } };
}

/** Where there are more than fit, the newest are left for the next tick: `through` stops before them, so none is forgotten. */
function takeOldest(
  { through, outstanding }: RedeliveryState,
  failures: readonly FailedDelivery[],
): { taken: readonly FailedDelivery[]; through: number } {
  const room = Math.max(0, MAX_OUTSTANDING - outstanding.length);
  const newer = failures.filter(({ id }) => id > through).toSorted((a, b) => a.id - b.id);
  // Attempts at what is outstanding already need no room; counting them all keeps this simple, and costs a tick at worst.
  const taken = newer.slice(0, Math.max(room, 1));
  return { taken, through: taken.at(-1)?.id ?? through };
}

function carry(each: Outstanding, failedAgain: number | undefined, now: number): Outstanding[] {
  if (failedAgain === undefined) return each.isAsked ? [] : [each];
  const dueAt = each.isAsked ? now + pauseAfter(each.tries) : each.dueAt;
  return [{ ...each, id: failedAgain, isAsked: false, dueAt }];
}

const pauseAfter = (tries: number): number => Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1), MAX_PAUSE_MS);
