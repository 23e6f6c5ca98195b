/** Where a repair has a branch to be merged into, and where it would only repair itself. */
import { isTag, type GitRef } from '../git.ts';
import { isFixRef } from './fix-branches.ts';

/** As the end of a sentence; null where one may be. */
export function whyNoRepairHere({
  ref,
  triggers,
}: {
  readonly ref: GitRef;
  readonly triggers: readonly { readonly kind: string }[];
}): string | null {
  if (isFixRef(ref)) return 'this branch is a repair itself, and repairs are not repaired';
  if (isTag(ref)) return 'a tag is not repaired: its branch is';
  if (triggers.some(({ kind }) => kind === 'merge_group'))
    return 'what is queued for a merge is repaired on its own branch';
  return ref.startsWith('refs/heads/') ? null : 'what comes from a fork is repaired there';
}
