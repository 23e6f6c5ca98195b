/** What a repair leans on, and how it goes wrong: the MCP server (F35) and the model (F32 to F34). The run goes on, and says what was. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { competent, FAILING } from '../../sandbox/claude/models.ts';
import type { CheckRunRecord, RepositoryRecord } from '../../sandbox/github/world.ts';
import { StageSet } from '../e2e/stage-set.ts';

const FAKE = fileURLToPath(new URL('fake-mcp.mjs', import.meta.url));
const CODE = 'var port = 1;\nif (port == 2) port = 3;\nexport { port };\n';

let set: StageSet;
let folder: string;
let modeFile: string;
let serial = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'slsa-mcp-'));
  modeFile = join(folder, 'mode');
  writeFileSync(modeFile, 'does as it is told');
  set = await StageSet.open({
    kind: true,
    scripts: { lint: { kind: 'tiny' } },
    mcp: { choice: { kind: 'command', command: [process.execPath, FAKE, modeFile] }, timeoutMs: 3000 },
  });
});
afterAll(async () => {
  await set.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  writeFileSync(modeFile, 'does as it is told');
  set.sandbox.claude.model = competent;
});

interface Repaired {
  readonly repository: RepositoryRecord;
  readonly check: CheckRunRecord;
  readonly text: string | undefined;
}

async function repaired(): Promise<Repaired> {
  serial += 1;
  const settings = 'preset: minimal\nfail_on_lint_errors: true\nafter_auto_fix: stop\n';
  const repository = await set.repository(`repaired-${serial}`, settings);
  const sha = await set.sandbox.push(repository, 'main', new Map([['src/server.js', CODE]]));
  const check = await set.check(repository, set.idOf(repository, 'refs/heads/main', sha), 60_000);
  const text = (await repository.git.file(`refs/heads/${repository.pulls[0]?.headRef}`, 'src/server.js'))?.toString();
  return { repository, check, text };
}

/** `npm run test:sweep` takes all of each; here one of a kind has to do. */
const isWhole = process.env['SWEEP'] === 'all';
const oneOfAKind = (all: readonly string[], ...chosen: readonly string[]): readonly string[] =>
  isWhole ? all : chosen;

const WHOLE = CODE.replace('var', 'let').replace('==', '===');
const BY_FIXERS = CODE.replace('var', 'let');

/** A zombie is dead: whoever is its parent by now has not looked yet. */
const isAlive = (pid: number): boolean => {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

describe('an MCP server that works as GitHub describes its own', () => {
  it('T12: writes the repair, with an environment of five variables', async () => {
    const { check, text } = await repaired();
    expect(text).toBe(WHOLE);
    expect(check.summary).not.toContain('by REST');
    expect(JSON.parse(readFileSync(`${modeFile}.env`, 'utf8'))).toEqual([
      'GITHUB_HOST',
      'GITHUB_PERSONAL_ACCESS_TOKEN',
      'GITHUB_TOOLS',
      'HOME',
      'PATH',
    ]);
  });

  it('T13, T29: was lent a token for one repository and two permissions, which nobody can use afterwards', async () => {
    const { repository } = await repaired();
    const minted = set.sandbox.calls
      .filter(({ path }) => path.endsWith('/access_tokens'))
      .map(({ requestBody }) => requestBody);
    expect(minted).toContainEqual({
      repository_ids: [repository.id],
      permissions: { contents: 'write', pull_requests: 'write' },
    });
    const revoked = set.sandbox.calls.filter(
      ({ path, method }) => method === 'DELETE' && path === '/installation/token',
    );
    expect(revoked.length).toBeGreaterThanOrEqual(3);
    expect(revoked.every(({ status }) => status === 204)).toBe(true);
  });
});

describe('F35: an MCP server that', () => {
  const WAYS = [
    'exits at once',
    'prints garbage',
    'never answers',
    'has no tools',
    'refuses every call',
    'says it did, and did nothing',
    'dies in the middle',
    'begins at another commit',
    'pushes more than it was given',
  ];
  const CHOSEN = oneOfAKind(
    WAYS,
    'prints garbage',
    'never answers',
    'says it did, and did nothing',
    'pushes more than it was given',
  );

  it.each(CHOSEN)('%s: the repair is written by REST, and says so', async (mode) => {
    writeFileSync(modeFile, mode);
    const { repository, check, text } = await repaired();
    expect(text).toBe(WHOLE);
    expect(check.summary).toContain('Branch and files were written by REST');
    const proposed = `refs/heads/${repository.pulls[0]?.headRef}`;
    const changed = await repository.git.changedFiles('refs/heads/main', proposed);
    expect(changed.map(({ filename }) => filename)).toEqual(['src/server.js']);
    const pids = JSON.parse(readFileSync(`${modeFile}.pids`, 'utf8')) as number[];
    expect(pids.filter(isAlive)).toEqual([]);
  });
});

describe('F32, F33, F34: a model that', () => {
  /** How the check tells of each; all ways to fail are in test/adapters/claude.test.ts. */
  const TOLD: Readonly<Record<string, RegExp>> = {
    refuses: /the model refused to answer/,
    'answers no JSON': /is no JSON/,
    'edits what is not there': /not in the file/,
    'has a spend limit (429)': /spend limit/,
  };

  it.each(oneOfAKind(Object.keys(TOLD), 'edits what is not there'))(
    '%s: what the fixers did is proposed, and the rest is said',
    async (name) => {
      const asked = set.sandbox.claude.requests.length;
      set.sandbox.claude.model = FAILING[name] ?? competent;
      const { repository, check, text } = await repaired();
      expect(text).toBe(BY_FIXERS);
      expect(repository.pulls[0]?.title).toMatch(/^Fix 1 of 2/);
      expect(check.summary).toMatch(TOLD[name] ?? /never/);
      // One question, asked once more where only its form was wrong.
      expect(set.sandbox.claude.requests.length - asked).toBe(/JSON|form/.test(name) ? 2 : 1);
    },
  );

  it.each(['is cut in the middle'])('%s twice, and then answers: is asked again', async (name) => {
    let times = 0;
    set.sandbox.claude.model = (question, asked) =>
      (times += 1) <= 2 ? (FAILING[name] ?? competent)(question, asked) : competent(question, asked);
    expect((await repaired()).text).toBe(WHOLE);
    expect(times).toBe(3);
  });

  it('T19: is not asked where the budget of the day is spent, and the check says so', async () => {
    const asked = set.sandbox.claude.requests.length;
    const installation = String(set.sandbox.world.installationId);
    const limits = { runsAnHour: 1000, tokensADay: 100_000_000 };
    const spent = { run: 'somebody', tokens: limits.tokensADay, limits };
    // What others of this file have used counts already.
    expect(await set.client.reserveRepair(installation, spent)).toMatchObject({ kind: 'refused' });
    expect(await set.client.reserveRepair(installation, { ...spent, tokens: 1 })).toEqual({ kind: 'granted' });
    await set.client.settleRepair(installation, { run: 'somebody', tokens: limits.tokensADay });
    const { check, text } = await repaired();
    expect(text).toBe(BY_FIXERS);
    expect(set.sandbox.claude.requests.length).toBe(asked);
    expect(check.summary).toMatch(/The model was not asked: \d+ tokens of the day/);
  });
});
