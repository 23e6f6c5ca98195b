/** What a benchmark tells: figures, each beside its target where it has one, as rows of a Markdown table. */

export interface Row {
  readonly what: string;
  readonly measured: string;
  /** Absent where the figure is only told. */
  readonly target?: string;
  readonly isMet?: boolean;
}

export type Benchmark = () => Promise<readonly Row[]>;

export const TABLE_HEAD = '| figure | measured | target | met |\n| --- | --- | --- | --- |';

export function tableRow({ what, measured, target = '-', isMet }: Row): string {
  const met = isMet === undefined ? '-' : isMet ? 'yes' : 'NO';
  return `| ${[what, measured, target, met].join(' | ')} |`;
}

/** A figure that must not be over its limit. */
export const atMost = (what: string, value: number, limit: number, unit = ''): Row => ({
  what,
  measured: `${round(value)}${unit}`,
  target: `<= ${limit}${unit}`,
  isMet: value <= limit,
});

/** A figure that must not be under its limit. */
export const atLeast = (what: string, value: number, limit: number): Row => ({
  what,
  measured: round(value),
  target: `>= ${limit}`,
  isMet: value >= limit,
});

/** A figure that should be exactly this. */
export const exactly = (what: string, value: number, wanted: number): Row => ({
  what,
  measured: String(value),
  target: String(wanted),
  isMet: value === wanted,
});

/** Three digits that count are enough for a figure of a shared machine. */
export function round(value: number): string {
  if (Math.abs(value) >= 100 || Number.isInteger(value)) return String(Math.round(value));
  return value.toPrecision(3);
}
