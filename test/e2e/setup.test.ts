/** `serve` without an App makes one: the page, GitHub's answer, and the file that comes of it. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Sandbox } from '../../sandbox/box.ts';
import { doctor } from '../../src/cli/doctor.ts';
import { readEnvironment } from '../../src/cli/environment.ts';
import { UsageError } from '../../src/cli/usage-error.ts';
import { createLogger } from '../../src/cli/logging.ts';
import { startSetup, type SetupStarted } from '../../src/cli/setup.ts';

let sandbox: Sandbox;
let folder: string;
let store: string;
let setup: SetupStarted;
let lines: string[];

beforeAll(async () => {
  sandbox = await Sandbox.start({ kind: true });
});
afterAll(() => sandbox.stop());
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'setup-'));
  store = join(folder, '.env');
  lines = [];
  const log = createLogger('info', [], { write: (line) => void lines.push(line) });
  setup = await startSetup(environment(), store, log);
});
afterEach(async () => {
  await setup.stop();
  rmSync(folder, { recursive: true, force: true });
});

const environment = (more: Record<string, string> = {}) =>
  readEnvironment({ GITHUB_API_URL: sandbox.url, PORT: '0', ...more });

const refusalOf = (where: string): Promise<unknown> =>
  startSetup(environment(), where, createLogger('silent')).then(
    () => null,
    (error: unknown) => error,
  );

const get = async (address: string): Promise<{ status: number; body: string; headers: Headers }> => {
  const reply = await fetch(address);
  return { status: reply.status, body: await reply.text(), headers: reply.headers };
};
const chosen = (more: Record<string, string> = {}): string => {
  const choice = { name: 'acme SLSA', organisation: 'acme', address: 'https://slsa.example.org/', ...more };
  return `${setup.address}&${new URLSearchParams(choice).toString()}`;
};
const unescape = (text: string): string =>
  text.replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));

describe('the set-up', () => {
  it('leads from a name to a manifest with exactly what app.yml names, posted to GitHub by the person', async () => {
    expect((await get(setup.address)).body).toContain('<h1>Set up the SLSA pipeline</h1>');
    const { body, headers } = await get(chosen());
    const action = unescape(/action="([^"]+)"/.exec(body)?.[1] ?? '');
    const manifest = JSON.parse(unescape(/name="manifest" value="([^"]+)"/.exec(body)?.[1] ?? '')) as Record<
      string,
      unknown
    >;

    expect(action).toMatch(/\/organizations\/acme\/settings\/apps\/new\?state=[A-Za-z0-9_-]{32}$/);
    expect(manifest).toMatchObject({
      name: 'acme SLSA',
      public: false,
      hook_attributes: { url: 'https://slsa.example.org/api/github/webhooks' },
      redirect_url: `${setup.url}/setup/created`,
    });
    expect(manifest['default_permissions']).not.toHaveProperty('workflows');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  it('keeps the credentials where only this user reads them, and they work', async () => {
    const { body } = await get(chosen());
    const state = /state=([A-Za-z0-9_-]+)/.exec(unescape(body))?.[1] ?? '';
    const done = await get(`${setup.url}/setup/created?code=${sandbox.agreeToManifest()}&state=${state}`);

    expect(done.status).toBe(200);
    expect(done.body).toContain(`${sandbox.world.app.slug}/installations/new`);
    expect(statSync(store).mode & 0o777).toBe(0o600);
    expect(statSync(`${store}.private-key.pem`).mode & 0o777).toBe(0o600);
    for (const text of [done.body, lines.join('')]) {
      expect(text).not.toContain(sandbox.app.webhookSecret);
      expect(text).not.toContain('PRIVATE KEY-----');
    }
    const kept = Object.fromEntries(
      readFileSync(store, 'utf8')
        .trim()
        .split('\n')
        .map((line) => [line.split('=')[0] ?? '', line.slice(line.indexOf('=') + 1)]),
    );
    const findings = await doctor({}, environment(kept));
    expect(findings).toContainEqual(expect.objectContaining({ about: 'App', state: 'ok' }));
    await expect(startSetup(environment(), store, createLogger('silent'))).rejects.toThrow(UsageError);
  });

  it.each([
    ['no token', () => `${setup.url}/setup`, 403, 'it has a token in it'],
    ['a wrong token', () => `${setup.url}/setup?token=${'x'.repeat(32)}`, 403, 'it has a token in it'],
    [
      'an answer that was not asked for',
      () => `${setup.url}/setup/created?code=abc&state=x`,
      403,
      'belongs to no set-up of this process',
    ],
    ['a name that is too long', () => chosen({ name: 'x'.repeat(35) }), 400, 'at most 34 characters'],
    [
      'an organisation by its address',
      () => chosen({ organisation: 'https://github.com/acme' }),
      400,
      'An organisation is written as in its address: acme.',
    ],
    [
      'an address without its scheme',
      () => chosen({ address: 'slsa.example.org' }),
      400,
      'where GitHub reaches this service',
    ],
  ])('answers %s with what to do', async (_, address, status, text) => {
    const reply = await get(address());
    expect(reply.status).toBe(status);
    expect(reply.body).toContain(text);
  });

  it('shows what it was given as text, whatever that is', async () => {
    const { body } = await get(chosen({ name: '"><script>alert(1)</script>'.padEnd(40, 'x') }));
    expect(body).not.toContain('<script');
  });

  it('says that a code is used up, and writes over nothing', async () => {
    const { body } = await get(chosen());
    const state = /state=([A-Za-z0-9_-]+)/.exec(unescape(body))?.[1] ?? '';
    expect((await get(`${setup.url}/setup/created?code=used&state=${state}`)).body).toContain('A code is good once');
    writeFileSync(`${store}.private-key.pem`, 'mine');
    const kept = await get(`${setup.url}/setup/created?code=${sandbox.agreeToManifest()}&state=${state}`);
    expect(kept.status).toBe(502);
    expect(readFileSync(`${store}.private-key.pem`, 'utf8')).toBe('mine');
  });
});

describe('a store that cannot be written', () => {
  it('is refused before anybody is sent to GitHub, since what comes back from there comes once', async () => {
    const refusal = await refusalOf(join(folder, 'nowhere', '.env'));
    expect(refusal).toBeInstanceOf(UsageError);
    expect(String(refusal)).toContain('cannot be written: make the folder');
  });
});
