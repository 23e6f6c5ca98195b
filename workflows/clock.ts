/** The workflow's clock: Temporal replaces `Date` in its sandbox by the recorded time, so replays see the same. */

export const epochMilliseconds = (): number => Date.now();
export const epochSeconds = (): number => Math.floor(epochMilliseconds() / 1000);
export const isoNow = (): string => new Date(epochMilliseconds()).toISOString();
