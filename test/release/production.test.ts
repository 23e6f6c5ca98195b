/** What an operator gets: the Dockerfile's own steps in folders, the program that they leave, and the package for npm. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Sandbox } from '../../sandbox/box.ts';
import { provenanceOf, statementAbout } from '../../sandbox/sigstore/provenance.ts';
import { COMMIT, DIGEST, IMAGE, OTHER_COMMIT, OWN_CLAIMS, REF } from '../evidence-fixtures.ts';
import { RealProcesses } from '../faults/real-processes.ts';
import { followDockerfile, type Followed } from './dockerfile.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const NODE = dirname(process.execPath);
const MEGABYTE = 1_000_000;

let folder: string;
let image: Followed;
let program: readonly string[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'slsa-production-'));
  const text = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
  mkdirSync(join(folder, 'image'));
  image = followDockerfile({ text, context: ROOT, folder: join(folder, 'image'), binaries: NODE });
  const [node = '', ...entry] = image.entrypoint;
  program = [join(NODE, node), ...entry.map((path) => join(image.workdir, path))];
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** In an empty folder, with nothing of this process's environment. */
function call(args: readonly string[], env: Readonly<Record<string, string>> = {}, cwd = folder): Ended {
  const [file = '', ...before] = program;
  const { status, stdout, stderr } = spawnSync(file, [...before, ...args], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', HOME: folder, ...image.env, METRICS_PORT: '', ...env },
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

function bytesIn(path: string): number {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

describe('the production folder', () => {
  it('is small', () => {
    const bytes = bytesIn(image.workdir);
    process.stdout.write(`production folder: ${Math.round(bytes / MEGABYTE)} MB\n`);
    expect(bytes).toBeLessThan(250 * MEGABYTE);
  });

  it('has no development dependency', () => {
    const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      devDependencies: Record<string, string>;
    };
    // Those that a dependency needs too.
    const needed = new Set(['@swc/core', 'ajv', 'ajv-formats', '@types/node', 'semver']);
    const there = Object.keys(devDependencies).filter((name) => existsSync(join(image.workdir, 'node_modules', name)));
    expect(there.filter((name) => !needed.has(name))).toEqual([]);
  });
});

describe('each command of a production build', () => {
  it.each([
    [['--version'], 0, /^\d+\.\d+\.\d+\n$/],
    [['--help'], 0, /Usage: slsa-pipeline/],
    [['run', '--help'], 0, /--repo-owner/],
    [['list-presets'], 0, /standard/],
    [['inspect', 'preset', 'minimal'], 0, /Preset: minimal/],
    [['config', 'schema'], 0, /json-schema\.org/],
    [['trust', 'check'], 0, /public_good/],
  ])('%j works', (args, status, said) => {
    const ended = call(args);
    expect(ended).toMatchObject({ status, stderr: '' });
    expect(ended.stdout).toMatch(said);
  });

  it.each([
    [['serve'], 2, /Set APP_ID/],
    [['worker'], 2, /Set TEMPORAL_URL/],
    [['dev'], 2, /Set APP_ID/],
    [['run', '--repo-owner', 'a', '--repo-name', 'b'], 2, /Set TEMPORAL_URL/],
    [['mcp'], 2, /GITHUB_PERSONAL_ACCESS_TOKEN is not set/],
    [['demo'], 3, /The demo is not part of this installation/],
  ])('%j without settings says what is missing', (args, status, said) => {
    const ended = call(args);
    expect(ended).toMatchObject({ status, stdout: '' });
    expect(ended.stderr).toMatch(said);
  });

  it('doctor tells what is not in order', () => {
    const { status, stdout } = call(['doctor']);
    expect(status).toBe(1);
    expect(stdout).toMatch(/Set TEMPORAL_URL/);
  });

  it('init writes the stage files, and config check reads the settings', () => {
    const checkout = mkdtempSync(join(folder, 'checkout-'));
    execFileSync('git', ['init', '--quiet', checkout]);
    expect(call(['init', checkout])).toMatchObject({ status: 0, stderr: '' });
    expect(existsSync(join(checkout, '.github/workflows/00-megalinter.yml'))).toBe(true);
    expect(call(['config', 'check'], {}, checkout)).toMatchObject({ status: 0, stderr: '' });
  });

  it('mcp answers over stdio', async () => {
    const [file = '', ...before] = program;
    const env = { PATH: process.env['PATH'] ?? '', GITHUB_PERSONAL_ACCESS_TOKEN: 'ghp_none' };
    const child = spawn(file, [...before, 'mcp'], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })}\n`);
    const [said] = (await Array.fromAsync(child.stdout.take(1))) as Buffer[];
    child.kill();
    expect(JSON.parse(said!.toString())).toMatchObject({ id: 1, result: { serverInfo: { name: 'slsa-pipeline' } } });
  });
});

describe('a production build in service', () => {
  let real: RealProcesses;
  beforeAll(async () => {
    real = await RealProcesses.open({}, program);
  }, 60_000);
  afterAll(() => real.close());

  it('takes a signed webhook through to a finished check, starts no process, and ends on SIGTERM', async () => {
    const repository = await real.repository('app', 'preset: standard\n');
    const spawns = join(folder, 'spawns');
    const watch = `--import ${new URL('../faults/watch-spawns.mjs', import.meta.url).href}`;
    const more = {
      ...image.env,
      NODE_OPTIONS: `${image.env['NODE_OPTIONS'] ?? ''} ${watch}`,
      WATCH_SPAWNS: spawns,
      METRICS_HOST: '127.0.0.1',
      METRICS_PORT: '0',
    };
    const service = await real.startService(more);
    const worker = await real.startWorker(more);
    real.sandbox.webhooks.options.url = service.url;
    const check = await real.ended(repository, real.idOf(repository, await real.push(repository)));
    expect(check).toMatchObject({ conclusion: 'success' });
    for (const { child } of [service, worker]) child.kill('SIGTERM');
    expect([await service.ended, await worker.ended]).toEqual([0, 0]);
    expect(existsSync(spawns)).toBe(false);
  }, 120_000);

  it('verifies a signed bundle, and refuses it for another commit', async () => {
    const { bundle, env } = await signedBundle(real.sandbox);
    const ask = (commit: string): Ended => call(['verify', bundle, ...ABOUT, '--source-digest', commit], env);
    expect(ask(COMMIT)).toMatchObject({ status: 0, stderr: '' });
    expect(ask(OTHER_COMMIT)).toMatchObject({ status: 1, stderr: '' });
  });
});

const ABOUT = ['--repo', 'acme/app', '--level', '1', '--digest', DIGEST, '--source-ref', REF];

/** A file of a bundle, and the environment that trusts who signed it. */
async function signedBundle(sandbox: Sandbox): Promise<{ bundle: string; env: Record<string, string> }> {
  const statement = statementAbout(IMAGE, provenanceOf(OWN_CLAIMS));
  const bundle = join(mkdtempSync(join(folder, 'signed-')), 'bundle.json');
  writeFileSync(bundle, JSON.stringify(await sandbox.sigstore.publicGood.sign(statement, OWN_CLAIMS)));
  return { bundle, env: { ...(await sandbox.trustEnvironment()), GITHUB_API_URL: sandbox.url } };
}

describe('the package for npm', () => {
  const npm = (args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): Ended => {
    // What npm set for this very run is not for the next one; proxies and certificates of the machine are.
    const machine = Object.entries(process.env).filter(([name]) => !name.toLowerCase().startsWith('npm_'));
    const own = { ...Object.fromEntries(machine), ...env, PATH: `${NODE}:${process.env['PATH'] ?? ''}` };
    const { status, stdout, stderr } = spawnSync('npm', args, { cwd, env: own, encoding: 'utf8', timeout: 240_000 });
    return { status, stdout, stderr };
  };

  it('is small, holds no test and no sandbox, and works where it is installed', async () => {
    const built = join(folder, 'image/build/app');
    const packed = npm(['pack', '--json', '--ignore-scripts', '--pack-destination', folder], built);
    const [{ filename, size, files }] = JSON.parse(packed.stdout) as [
      { filename: string; size: number; files: { path: string }[] },
    ];
    process.stdout.write(`package: ${Math.round(size / 1000)} kB in ${files.length} files\n`);
    expect(size).toBeLessThan(3 * MEGABYTE);
    expect(files.map(({ path }) => path).filter((path) => /^(test|sandbox|src)\/|demo|sandbox/.test(path))).toEqual([]);

    const empty = mkdtempSync(join(folder, 'installed-'));
    writeFileSync(join(empty, 'package.json'), '{}');
    expect(npm(['install', '--prefer-offline', join(folder, filename)], empty)).toMatchObject({ status: 0 });

    const sandbox = await Sandbox.start({ kind: true });
    try {
      const { bundle, env } = await signedBundle(sandbox);
      const asked = ['exec', '--no', '--', 'slsa-pipeline', 'verify', bundle, ...ABOUT];
      expect(npm([...asked, '--source-digest', COMMIT], empty, env)).toMatchObject({ status: 0, stderr: '' });
      expect(npm([...asked, '--source-digest', OTHER_COMMIT], empty, env)).toMatchObject({ status: 1 });
    } finally {
      await sandbox.stop();
    }
  }, 300_000);
});
