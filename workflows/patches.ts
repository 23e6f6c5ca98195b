/**
 * Changes to the order of commands, by the names that histories carry: a run that was started before one of them goes on as it
 * was begun. One is taken out, with `deprecatePatch` in between, once no run from before it can be left (CONTRIBUTING.md).
 */
export const PATCHES = {
  /** 0.2.0: a check stands before INIT has ended, where GitHub is slow. */
  announceSlowInit: 'announce-slow-init',
  /** 0.2.0: a run that is stopped replaces the pending commit status that it set. */
  settlePendingStatus: 'settle-pending-status',
  /** 0.2.0: a press of Re-run on a commit that is not the newest any more is answered on its check. */
  tellsOfMovedRef: 'tells-of-moved-ref',
  /** 0.2.0: a pull request that needs a person says so in one comment. */
  tellsPullRequests: 'tells-pull-requests',
  /** 0.2.0: findings of the scan are looked for in the repository's own files. */
  locatesFindings: 'locates-findings',
  /** 0.3.0: AUTO_FIX repairs. */
  repairs: 'repairs',
  /** 0.3.0: a branch that passes by itself closes the repairs that are open for it. */
  closesRepairs: 'closes-repairs',
} as const;
