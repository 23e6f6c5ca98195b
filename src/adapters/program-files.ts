/**
 * Files that the program reads or starts at run time: one place for the two forms that it has. In a checkout they lie where they
 * are written; in a build (`release/build.ts`) all code and all files lie in one folder.
 */
import { fileURLToPath } from 'node:url';

const IS_BUILT = import.meta.url.endsWith('.js');

/** @param source from the root of the repository; @param built from the folder of the build */
const at = (source: string, built: string): URL => new URL(IS_BUILT ? built : `../../${source}`, import.meta.url);

/** The stage files as they are shipped: a folder. */
export const STAGE_FILES = at('stages/', 'stages/');

/** Trust roots as they are shipped: a folder. */
export const TRUST_FILES = at('trust/', 'trust/');

/** The command line, as a program for Node. */
export const MAIN_PROGRAM = fileURLToPath(at('src/cli/main.ts', 'main.js'));

/** The thread that reads large archives. */
export const ARCHIVE_THREAD = at('activities/archive-thread.ts', 'archive-thread.js');

/** The demo: never part of a build, since its sandbox needs development dependencies; a build in a checkout finds it there. */
export const DEMO_MODULE = at('src/cli/demo.ts', '../src/cli/demo.ts').href;

/** `traced` also holds OpenTelemetry's interceptors, which each workflow evaluates anew. */
export type BundleKind = 'plain' | 'traced';

/** Where a build keeps its bundle of the workflows; null in a checkout, which makes one at each start. */
export const builtWorkflows = (kind: BundleKind): string | null =>
  IS_BUILT ? fileURLToPath(new URL(`workflows.${kind}.js`, import.meta.url)) : null;
