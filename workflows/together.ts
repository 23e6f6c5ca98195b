/** Work that goes on at once, and ends together. */

/**
 * Waits for all, also where one has failed: a stage that is being let go (cancelled in Actions) must have been let go
 * before the run is allowed to end. Then the first failure is thrown.
 */
export async function together(work: readonly Promise<unknown>[]): Promise<void> {
  const ends = await Promise.allSettled(work);
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
