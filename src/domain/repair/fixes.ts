/** What the linters' own fixers changed, as stage 00 leaves it in its artifact: sources of anybody's making. */
import { z } from 'zod';

export const FIXES_FILE = 'fixes.json';

/** As stage 00 keeps them: a fixer that rewrites half a repository is no repair. */
export const MAX_FIXED_FILES = 200;

const FixedFile = z.strictObject({
  path: z.string().min(1).max(400),
  /** Of the bytes: what was cut or changed on the way is not used. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  content: z.base64().max(3_000_000),
});

export const Fixes = z.strictObject({
  schemaVersion: z.literal(1),
  files: z.array(FixedFile).max(MAX_FIXED_FILES),
  /** Changed too, and not kept: too large, or too many. */
  left: z.number().int().nonnegative(),
});
export type Fixes = z.infer<typeof Fixes>;
