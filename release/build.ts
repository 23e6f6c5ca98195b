/**
 * `npm run build`: everything that the built program needs, in `dist`. Files that it reads lie there as they lie in the
 * source tree, so that one relative path holds in both.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const DIST = join(ROOT, 'dist');

/** Read at run time. The last three belong to the demo. */
const ASSETS = ['stages', 'trust', 'sandbox/fixtures', 'sandbox/actions/advisories.json'];

const MAX_BUNDLE_BYTES = 32 * 1024 * 1024;

const node = (...args: readonly string[]): Buffer =>
  execFileSync(process.execPath, args, {
    cwd: ROOT,
    maxBuffer: MAX_BUNDLE_BYTES,
    stdio: ['ignore', 'pipe', 'inherit'],
  });

function compile(): void {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  process.stdout.write(node(tsc, '-p', 'tsconfig.build.json'));
}

function bundleWorkflows(): void {
  for (const kind of ['plain', 'traced'])
    writeFileSync(
      join(DIST, `workflows/bundle.${kind}.js`),
      node('dist/src/adapters/temporal/workflow-bundler.js', kind),
    );
}

// What an earlier build left would be shipped.
rmSync(DIST, { recursive: true, force: true });
compile();
for (const path of ASSETS) cpSync(join(ROOT, path), join(DIST, path), { recursive: true });
bundleWorkflows();
chmodSync(join(DIST, 'src/cli/main.js'), 0o755);
