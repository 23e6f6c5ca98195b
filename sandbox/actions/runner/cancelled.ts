import type { JobAnnotation } from '../../github/world.ts';

/** GitHub's own words on the jobs of a run that somebody cancelled. */
export const cancelledWords = (by: unknown): JobAnnotation[] =>
  typeof by === 'object' && by !== null && 'login' in by
    ? [{ level: 'failure', message: `The run was canceled by @${String(by.login)}.` }]
    : [];
