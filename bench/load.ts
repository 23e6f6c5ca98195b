/** Load with a bound: so many jobs on so many lanes, each one timed. */

export interface Timed<T> {
  readonly milliseconds: number;
  readonly result: T;
}

export interface Finished<T> {
  readonly seconds: number;
  readonly jobs: readonly Timed<T>[];
}

/**
 * Does the jobs 0..count-1, each lane one after the other, the next free lane the next job.
 *
 * @param limitMs no job begins later than this, so there may be fewer of them in the end
 */
export async function inLanes<T>(
  count: number,
  lanes: number,
  job: (index: number, lane: number) => Promise<T>,
  limitMs = Number.POSITIVE_INFINITY,
): Promise<Finished<T>> {
  const jobs: Timed<T>[] = [];
  let next = 0;
  const started = performance.now();
  const work = async (lane: number): Promise<void> => {
    while (next < count && performance.now() - started < limitMs) {
      const index = next;
      next += 1;
      const begun = performance.now();
      const result = await job(index, lane);
      jobs.push({ milliseconds: performance.now() - begun, result });
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, count) }, (_, lane) => work(lane)));
  return { seconds: (performance.now() - started) / 1000, jobs };
}

export const merged = <T>(parts: readonly Finished<T>[]): Finished<T> => ({
  seconds: parts.reduce((sum, { seconds }) => sum + seconds, 0),
  jobs: parts.flatMap(({ jobs }) => jobs),
});

export const perSecond = ({ seconds, jobs }: Finished<unknown>): number => jobs.length / seconds;

/** By nearest rank: a value that was measured, never one between two. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

export const latency = ({ jobs }: Finished<unknown>, percent: number): number =>
  percentile(
    jobs.map(({ milliseconds }) => milliseconds),
    percent,
  );
