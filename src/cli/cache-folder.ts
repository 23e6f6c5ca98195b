/** Where this program keeps what it fetched: a Temporal server and trust roots. */
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { TEMPORAL_CLI_VERSION } from '../adapters/temporal/server-binary.ts';

/**
 * The user's own cache folder. An `XDG_CACHE_HOME` that is empty or relative is ignored, as its specification asks: what is
 * read from there is trusted, so it must not depend on the folder that a command is started in.
 * Source: XDG Base Directory Specification 0.8, "All paths set in these environment variables must be absolute".
 */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  const { XDG_CACHE_HOME: given = '' } = env;
  return join(isAbsolute(given) ? given : join(homedir(), '.cache'), 'slsa-pipeline');
}

/** A folder for one release of the Temporal CLI: another release is fetched anew. */
export const temporalFolder = (env: NodeJS.ProcessEnv): string =>
  join(cacheFolder(env), `temporal-${TEMPORAL_CLI_VERSION}`);
