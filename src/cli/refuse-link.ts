import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from './usage-error.ts';

/**
 * Somebody else may have made the checkout: a link in it would lead what is written to wherever it points.
 *
 * @throws UsageError
 */
export function refuseLink(folder: string, path: string): void {
  if (lstatSync(join(folder, path), { throwIfNoEntry: false })?.isSymbolicLink() === true) {
    throw new UsageError(`${path} is a link: this writes only where the checkout itself is.`);
  }
}
