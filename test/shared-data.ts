/** The folder of real reports that stands beside the repository in CI; a user's clone has none, and its tests say so. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe } from '@jest/globals';

const FOLDER = fileURLToPath(new URL('../../shared/data/', import.meta.url));

export const sharedDataPath = (path: string): string => `${FOLDER}${path}`;

/** A group of tests over the shared data: skipped, by name, where the folder is absent. */
export const describeWithSharedData: typeof describe.skip = existsSync(FOLDER)
  ? describe
  : (((name: string, tests: () => void) => {
      describe.skip(`${name} (skipped: ../shared/data is not beside this clone)`, tests);
    }) as typeof describe.skip);
