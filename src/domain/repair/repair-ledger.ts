/** What repairs have cost an installation: asked before a model is, settled afterwards, forgotten after a day (threat T19). */
export interface LedgerLimits {
  readonly runsAnHour: number;
  readonly tokensADay: number;
}

export interface LedgerEntry {
  /** Workflow id of the run. */
  readonly run: string;
  readonly atEpochMs: number;
  /** Reserved, until it is known what was used. */
  readonly tokens: number;
}

export type Ledger = readonly LedgerEntry[];

export interface Reservation {
  readonly run: string;
  readonly tokens: number;
  readonly limits: LedgerLimits;
}

export type Reserved = { readonly kind: 'granted' } | { readonly kind: 'refused'; readonly why: string };

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export const recent = (ledger: Ledger, nowEpochMs: number): Ledger =>
  ledger.filter(({ atEpochMs }) => nowEpochMs - atEpochMs < DAY_MS);

/** The same run asks once: a second time it is answered as the first. */
export function reserve(
  ledger: Ledger,
  { run, tokens, limits }: Reservation,
  nowEpochMs: number,
): { readonly ledger: Ledger; readonly answer: Reserved } {
  const known = recent(ledger, nowEpochMs);
  if (known.some((entry) => entry.run === run)) return { ledger: known, answer: { kind: 'granted' } };
  const lastHour = known.filter(({ atEpochMs }) => nowEpochMs - atEpochMs < HOUR_MS).length;
  if (lastHour >= limits.runsAnHour)
    return { ledger: known, answer: refused(`${lastHour} runs have asked the model within the hour, as many as may`) };
  const spent = known.reduce((sum, entry) => sum + entry.tokens, 0);
  if (spent + tokens > limits.tokensADay)
    return {
      ledger: known,
      answer: refused(
        `${spent} tokens of the day's ${limits.tokensADay} are used, and this would take up to ${tokens}`,
      ),
    };
  return { ledger: [...known, { run, atEpochMs: nowEpochMs, tokens }], answer: { kind: 'granted' } };
}

const refused = (why: string): Reserved => ({ kind: 'refused', why });

export const settle = (ledger: Ledger, { run, tokens }: Pick<LedgerEntry, 'run' | 'tokens'>): Ledger =>
  ledger.map((entry) => (entry.run === run ? { ...entry, tokens } : entry));
