import type { JobAnnotation } from '../../github/actions-records.ts';

/** Returns the annotations that GitHub adds to the jobs of a cancelled run. */
export const cancelledWords = (by: unknown): JobAnnotation[] =>
  typeof by === 'object' && by !== null && 'login' in by
    ? [{ level: 'failure', message: `The run was canceled by @${String(by.login)}.` }]
    : [];
