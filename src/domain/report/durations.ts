/** Times as people say them. */

/** "2 min 10 s" between two ISO times; empty where either is not a time, or they are the wrong way round. */
export function durationBetween(from: string, to: string): string {
  const milliseconds = Date.parse(to) - Date.parse(from);
  return Number.isFinite(milliseconds) && milliseconds >= 0 ? duration(milliseconds) : '';
}

export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `14:02:10` of an ISO time in UTC. */
export const timeOfDay = (iso: string): string => iso.slice(11, 19);
