/** Faults on purpose: rules over the stand-in's own requests. Deterministic, and each one counted. */

export type Fault =
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly message: string;
      readonly headers: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'delay'; readonly milliseconds: number }
  /** The connection is cut and nothing happened. */
  | { readonly kind: 'cut-before-effect' }
  /** What was asked for was done; the answer never arrives. */
  | { readonly kind: 'effect-then-cut' }
  /** The answer is that of the last time, or 404 where it was never asked: as a cache has it that lags behind. */
  | { readonly kind: 'stale-read' }
  /** Half of the answer's body, and the connection ends. */
  | { readonly kind: 'truncate-body' }
  /** Another answer than the one that was asked for. */
  | { readonly kind: 'swap'; readonly body: unknown }
  /** Something happens at this very moment, before the effect or after it; nobody gets an answer. */
  | { readonly kind: 'hold'; readonly when: 'before' | 'after'; readonly during: () => Promise<void> };

export interface FaultRule {
  /** `*` is any, `WRITE` everything but GET. */
  readonly method: string;
  readonly path: RegExp;
  /** Which of the matching requests, counted from 1; all of them where it is absent. */
  readonly nth?: readonly number[];
  /** This share of them, by a stream of numbers that can be told again. */
  readonly random?: { readonly share: number; readonly random: () => number };
  readonly fault: Fault;
}

export class FaultPlan {
  private readonly rules: { readonly rule: FaultRule; seen: number }[] = [];

  add(rule: FaultRule): void {
    this.rules.push({ rule, seen: 0 });
  }

  clear(): void {
    this.rules.length = 0;
  }

  next(method: string, path: string): Fault | null {
    for (const entry of this.rules) {
      const { rule } = entry;
      if (!concerns(rule, method) || !rule.path.test(path)) continue;
      entry.seen += 1;
      const isItsTurn = rule.nth === undefined || rule.nth.includes(entry.seen);
      if (isItsTurn && (rule.random === undefined || rule.random.random() < rule.random.share)) return rule.fault;
    }
    return null;
  }
}

const concerns = ({ method }: FaultRule, asked: string): boolean =>
  method === '*' || method === asked || (method === 'WRITE' && asked !== 'GET');

export const status = (
  code: number,
  message = 'Server Error',
  headers: Readonly<Record<string, string>> = {},
): Fault => ({
  kind: 'status',
  status: code,
  message,
  headers,
});

/** GitHub's words and headers. Source: docs, "Rate limits for the REST API". */
export const secondaryLimit = (retryAfterSeconds: number): Fault =>
  status(403, 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.', {
    'retry-after': String(retryAfterSeconds),
  });

export const primaryLimit = (resetEpochSeconds: number): Fault =>
  status(403, 'API rate limit exceeded for installation ID 1.', {
    'x-ratelimit-remaining': '0',
    'x-ratelimit-reset': String(resetEpochSeconds),
  });

/** A seeded stream of numbers in [0, 1): mulberry32, so that an unkind run can be told again. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
