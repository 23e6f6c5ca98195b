/**
 * `npm run test:shuffled [-- TIMES [PROJECTS…]]`: the tests in random orders, of files and within files, each time with an
 * empty Jest cache. A failure names its seed: `SHUFFLE_SEED=… npm run test:shuffled -- 1` repeats it.
 */
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const [times = '5', ...asked] = process.argv.slice(2);
const projects = asked.length > 0 ? asked : ['unit', 'nock', 'stages', 'golden', 'e2e', 'faults'];
const given = process.env['SHUFFLE_SEED'];

function run(seed: number): boolean {
  const cache = mkdtempSync(join(tmpdir(), 'slsa-shuffle-'));
  process.stdout.write(`\n## Order ${seed}\n`);
  try {
    const jest = [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      'node_modules/jest/bin/jest.js',
    ];
    const order = ['--randomize', `--seed=${seed}`, '--testSequencer=./test/jest/shuffled-sequencer.js'];
    const args = [...jest, ...order, '--cacheDirectory', cache, '--maxWorkers=2', '--selectProjects', ...projects];
    const env = { ...process.env, SHUFFLE_SEED: String(seed) };
    return spawnSync(process.execPath, args, { cwd: ROOT, env, stdio: 'inherit' }).status === 0;
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
}

const seeds = given === undefined ? Array.from({ length: Number(times) }, () => randomInt(2 ** 31)) : [Number(given)];
const failed = seeds.filter((seed) => !run(seed));
process.stdout.write(
  `\n${seeds.length - failed.length} orders passed, ${failed.length} failed${failed.length > 0 ? `: SHUFFLE_SEED=${failed.join(', ')}` : ''}\n`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
