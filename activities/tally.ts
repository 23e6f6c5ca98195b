/** What activities tell the operator's counters, where there are some. */
export interface Tally {
  runEnded(conclusion: string): void;
  redelivered(count: number): void;
  /** At the last look. */
  stuckRuns(count: number): void;
}

export const NO_TALLY: Tally = { runEnded: () => undefined, redelivered: () => undefined, stuckRuns: () => undefined };
