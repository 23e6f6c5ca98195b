/**
 * `npm run build`: the program in `dist`, as few files. Our own code and the small libraries that every command loads are
 * bundled, since Node takes a fifth of a millisecond to find each module; the large ones stay packages.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { oneLanguage } from './one-language.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const DIST = join(ROOT, 'dist');

/** Loaded by commands that should answer at once. All other packages are found where they are installed. */
const BUNDLED =
  /^(?:zod|yaml|commander|fastest-levenshtein|canonicalize|@sigstore\/(?:bundle|core|protobuf-specs|verify))(?:\/|$)/;

const packages: Plugin = {
  name: 'packages',
  setup(bundler) {
    bundler.onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
      kind === 'entry-point' || path.startsWith('node:') || BUNDLED.test(path) ? undefined : { path, external: true },
    );
  },
};

/** Bundled CommonJS calls `require` for Node's own modules, which a module does not have by itself. */
const REQUIRE =
  "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);";

async function bundleProgram(): Promise<void> {
  await build({
    absWorkingDir: ROOT,
    entryPoints: { main: 'src/cli/main.ts', 'archive-thread': 'activities/archive-thread.ts' },
    outdir: DIST,
    bundle: true,
    splitting: true,
    // No folders: what a module reads lies beside it, wherever it was written (src/adapters/program-files.ts).
    chunkNames: '[name]-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node24',
    sourcemap: true,
    plugins: [packages, oneLanguage],
    banner: { js: REQUIRE },
    logLevel: 'warning',
  });
}

const MAX_BUNDLE_BYTES = 32 * 1024 * 1024;

function bundleWorkflows(): void {
  const bundler = join(ROOT, 'src/adapters/temporal/workflow-bundler.ts');
  for (const kind of ['plain', 'traced'])
    writeFileSync(
      join(DIST, `workflows.${kind}.js`),
      execFileSync(process.execPath, [bundler, kind], {
        maxBuffer: MAX_BUNDLE_BYTES,
        stdio: ['ignore', 'pipe', 'inherit'],
      }),
    );
}

// What an earlier build left would be shipped.
rmSync(DIST, { recursive: true, force: true });
await bundleProgram();
for (const folder of ['stages', 'trust']) cpSync(join(ROOT, folder), join(DIST, folder), { recursive: true });
bundleWorkflows();
chmodSync(join(DIST, 'main.js'), 0o755);
