import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from './usage-error.ts';

/**
 * Refuses symbolic links. The checkout may be untrusted, and a link would redirect writes to a path outside it.
 *
 * @throws UsageError
 */
export function refuseLink(folder: string, path: string): void {
  if (lstatSync(join(folder, path), { throwIfNoEntry: false })?.isSymbolicLink() === true) {
    throw new UsageError(`${path} is a link: this writes only where the checkout itself is.`);
  }
}
