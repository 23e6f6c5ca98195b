/** Where this program keeps what it fetched. */
import { dirname } from 'node:path';
import { defaultCacheDir } from '../adapters/temporal/server-binary.ts';

/** A Temporal server lies in a folder of its version; trust roots lie beside it, and outlive it. */
export const trustCacheDir = (): string => dirname(defaultCacheDir(process.env));
