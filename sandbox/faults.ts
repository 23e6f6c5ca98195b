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
  | { readonly kind: 'effect-then-cut' };

export interface FaultRule {
  readonly method: string;
  readonly path: RegExp;
  /** Which of the matching requests, counted from 1; all of them where it is absent. */
  readonly nth?: readonly number[];
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
      if (entry.rule.method !== method || !entry.rule.path.test(path)) continue;
      entry.seen += 1;
      if (entry.rule.nth === undefined || entry.rule.nth.includes(entry.seen)) return entry.rule.fault;
    }
    return null;
  }
}

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
