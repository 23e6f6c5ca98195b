/** A folder that is gone when this process is, also where it ends by a second Ctrl-C or since a part could not start. */
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TemporaryFolder {
  readonly path: string;
  remove(): Promise<void>;
}

export async function temporaryFolder(prefix: string): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), prefix));
  const removeAtExit = (): void => rmSync(path, { recursive: true, force: true });
  process.once('exit', removeAtExit);
  return {
    path,
    async remove() {
      // Git's own processes may still be writing.
      await rm(path, { recursive: true, force: true, maxRetries: 3 });
      process.removeListener('exit', removeAtExit);
    },
  };
}
