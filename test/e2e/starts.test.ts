/** Starts that must fail, each made to happen: within seconds, with a sentence that says what to do, and nothing left behind. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Sandbox } from '../../sandbox/box.ts';
import { startDevServer, type DevServer } from '../../src/adapters/temporal/dev-server.ts';
import { command, MAIN, type Ended } from '../command.ts';
import { serverBinary } from '../faults/server.ts';

/** Long enough for a slow machine, and far below any time-out that a person would wait out. */
const SECONDS = 15_000;

let folder: string;
let temporal: DevServer;
let sandbox: Sandbox;
/** Accepts connections and says nothing: a port that another process has. */
let taken: Server;
let takenPort: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'slsa-starts-'));
  temporal = await startDevServer({ binary: await serverBinary() });
  sandbox = await Sandbox.start({ kind: true });
  taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  takenPort = String((taken.address() as AddressInfo).port);
}, 60_000);
afterAll(async () => {
  taken.close();
  await sandbox.stop();
  await temporal.stop('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function asApp(more: Record<string, string> = {}): Record<string, string> {
  const { appId, privateKey, webhookSecret } = sandbox.app;
  return {
    TEMPORAL_URL: temporal.address,
    GITHUB_API_URL: sandbox.url,
    PORT: '0',
    APP_ID: String(appId),
    PRIVATE_KEY: privateKey.replaceAll('\n', '\\n'),
    WEBHOOK_SECRET: webhookSecret,
    ...more,
  };
}

async function fails(args: readonly string[], env: Record<string, string>): Promise<Ended> {
  const started = Date.now();
  const { child, ended } = command(args, env);
  const limit = setTimeout(() => child.kill('SIGKILL'), SECONDS);
  const result = await ended;
  clearTimeout(limit);
  expect(Date.now() - started).toBeLessThan(SECONDS);
  return result;
}

describe.each(['serve', 'worker', 'dev'])('%s', (process) => {
  it('says how to create a namespace that Temporal does not have', async () => {
    const { code, err } = await fails([process], asApp({ TEMPORAL_NAMESPACE: 'nowhere' }));
    expect(err).toContain(
      `Temporal at ${temporal.address} has no namespace "nowhere". Create it with \`temporal operator namespace create --address ${temporal.address} --namespace nowhere\``,
    );
    expect(code).toBe(3);
  });

  it('names the setting of a port that another process uses', async () => {
    const { code, err } = await fails([process], asApp({ METRICS_PORT: takenPort }));
    expect(err).toContain(
      `Cannot listen on 127.0.0.1:${takenPort}: another process uses this port. Stop it, or set METRICS_PORT to a free port`,
    );
    expect(code).toBe(3);
  });

  it('refuses a Temporal address without a port, and writes the right one', async () => {
    const { code, err } = await fails([process], asApp({ TEMPORAL_URL: '127.0.0.1' }));
    expect(err).toContain('TEMPORAL_URL: 127.0.0.1 has no port. Temporal listens on 7233 by default: 127.0.0.1:7233.');
    expect(code).toBe(2);
  });

  it('says that Temporal does not answer where nothing listens', async () => {
    const { code, err } = await fails([process], asApp({ TEMPORAL_URL: '127.0.0.1:1' }));
    expect(err).toContain('Temporal at 127.0.0.1:1 does not answer');
    expect(code).toBe(3);
  });
});

it('serve names PORT where another process uses it', async () => {
  const { code, err } = await fails(['serve'], asApp({ PORT: takenPort }));
  expect(err).toContain('Stop it, or set PORT to a free port');
  expect(code).toBe(3);
});

it('a process that lost its namespace is not ready any more', async () => {
  const binary = await serverBinary();
  const own = await startDevServer({ binary, namespaces: ['own'] });
  const service = command(['serve'], asApp({ TEMPORAL_URL: own.address, TEMPORAL_NAMESPACE: 'own' }));
  await service.says('Service is listening');
  const url = /"url":"(http:[^"]+)"/.exec(service.written())?.[1] ?? '';
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  const remove = ['operator', 'namespace', 'delete', '--namespace', 'own', '--yes', '--address', own.address];
  expect(spawnSync(binary, remove, { encoding: 'utf8' })).toMatchObject({ status: 0 });
  let ready = await fetch(`${url}/readyz`);
  // The server keeps what it knows of a namespace for some seconds.
  for (let tries = 0; tries < 100 && ready.status === 200; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    ready = await fetch(`${url}/readyz`);
  }
  expect(ready.status).toBe(503);
  expect(await ready.text()).toContain('has no namespace "own"');
  service.child.kill('SIGTERM');
  expect((await service.ended).code).toBe(0);
  await own.stop('SIGKILL');
}, 60_000);

it('doctor says how to create a namespace that is missing', async () => {
  const { code, out } = await fails(['doctor'], asApp({ TEMPORAL_NAMESPACE: 'nowhere' }));
  expect(out).toContain('temporal operator namespace create');
  expect(code).toBe(1);
});

describe('demo', () => {
  const inFolder = (name: string): string => {
    const path = join(folder, name);
    mkdirSync(path);
    return path;
  };

  it('says that git is missing', async () => {
    const { code, err } = await fails(['demo'], { PATH: inFolder('empty'), TMPDIR: inFolder('no-git') });
    expect(err).toContain('The demo needs git');
    expect(code).toBe(3);
    expect(readdirSync(join(folder, 'no-git'))).toEqual([]);
  });

  it('says where it could not keep a Temporal server', async () => {
    writeFileSync(join(folder, 'file'), '');
    const { code, err } = await fails(['demo'], { HOME: join(folder, 'file'), PATH: '/usr/bin:/bin' });
    expect(err).toMatch(/No Temporal server was found[\s\S]*ENOTDIR[\s\S]*set TEMPORAL_CLI_PATH/);
    expect(code).toBe(3);
  });

  it('says that the disk is full, and leaves nothing running', async () => {
    const disk = inFolder('disk');
    // A file system of 16 kB, which only this command sees.
    const script = `mount -t tmpfs -o size=16k tmpfs ${disk} && exec "$0" ${MAIN} demo`;
    const env = { ...process.env, TMPDIR: disk, TEMPORAL_CLI_PATH: await serverBinary() };
    const unshare = ['--mount', '--map-root-user', 'sh', '-c', script, process.execPath];
    const { status, stderr } = spawnSync('unshare', unshare, { env, encoding: 'utf8', timeout: SECONDS });
    if (/unshare failed|Operation not permitted|permission denied/i.test(stderr) || status === null) {
      process.stderr.write('skipped: this machine lets nobody mount a small file system\n');
      return;
    }
    expect(stderr).toContain('No space left on device');
    expect(status).toBe(3);
  });

  it('that is interrupted stops everything that it started, and removes its folders', async () => {
    const tmp = inFolder('interrupted');
    const { child, ended, says } = command(['demo'], { TMPDIR: tmp, TEMPORAL_CLI_PATH: await serverBinary() });
    await says('A clean commit is pushed');
    child.kill('SIGINT');
    expect((await ended).code).toBe(130);
    expect(readdirSync(tmp)).toEqual([]);
  });

  it.each([
    [['--attack', 'older-commit', '--scenario', 'fork'], {}, '--attack and --scenario are two different demos'],
    [['fork'], { npm_lifecycle_event: 'demo' }, 'npm keeps options before `--` for itself'],
    [[], { npm_lifecycle_event: 'demo', npm_config_keep: 'true' }, 'npm kept --keep for itself'],
  ])('%j with %j is refused, and says how to write it', async (args, env, said) => {
    const { code, err } = await fails(['demo', ...args], env);
    expect(err).toContain(said);
    expect(code).toBe(2);
  });
});

it('two demos at once never share a port, and leave nothing behind', async () => {
  const binary = await serverBinary();
  const demos = [1, 2].map((n) => {
    const tmp = join(folder, `twin-${n}`);
    mkdirSync(tmp);
    return { tmp, ...command(['demo'], { TMPDIR: tmp, TEMPORAL_CLI_PATH: binary }) };
  });
  for (const { ended, tmp } of demos) {
    expect(await ended).toMatchObject({ code: 0, err: '' });
    expect(readdirSync(tmp)).toEqual([]);
  }
}, 120_000);
