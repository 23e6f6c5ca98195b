/** `trust check`: what is trusted here, in words that an operator can compare with what was meant. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { readEnvironment } from '../../src/cli/environment.ts';
import { UsageError } from '../../src/cli/usage-error.ts';
import { checkTrust } from '../../src/cli/trust.ts';

const COMMIT = 'c0ffee00'.repeat(5);
const WORKFLOW = 'acme-platform/slsa-builder/.github/workflows/build-image.yml';
const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const SHIPPED = fileURLToPath(new URL('../../trust/public-good.json', import.meta.url));

let folder: string;
let cacheBefore: string | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trust-'));
  // What this machine has fetched is not what is tested.
  cacheBefore = process.env['XDG_CACHE_HOME'];
  process.env['XDG_CACHE_HOME'] = folder;
});
afterEach(() => {
  if (cacheBefore === undefined) delete process.env['XDG_CACHE_HOME'];
  else process.env['XDG_CACHE_HOME'] = cacheBefore;
  rmSync(folder, { recursive: true, force: true });
});

function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}
const check = (path?: string, env: Record<string, string> = {}): Promise<string[]> =>
  checkTrust(readEnvironment(env), path);
const checkText = (policy: string): Promise<string[]> => check(file('policy.yml', policy));

describe('what is trusted', () => {
  it('without a policy is the two public roots, and no builder', async () => {
    const lines = await check();
    expect(lines.slice(0, 8)).toEqual([
      expect.stringMatching(/^Trust map [0-9a-f]{12}$/),
      '',
      'Builders',
      '  none: every repository builds for itself, Build L2 at best',
      '',
      'Minimum levels',
      '  none',
      '',
    ]);
    expect(lines.slice(8)).toEqual([
      'Trust roots',
      expect.stringMatching(/^ {2}public_good {4}of \d{4}-\d\d-\d\d {2}sha256:[0-9a-f]{12}…/),
      expect.stringMatching(/^ {2}github {9}of \d{4}-\d\d-\d\d {2}sha256:[0-9a-f]{12}…/),
    ]);
  });

  it("without a policy is the operator's one builder, at L3", async () => {
    expect((await check(undefined, { BUILDER_WORKFLOW: `${WORKFLOW}@${COMMIT}` })).slice(2, 5)).toEqual([
      'Builders',
      `  L3  ${WORKFLOW}  (public_good, github)`,
      `      @${COMMIT}`,
    ]);
  });

  it('is every builder of the policy with its commits, its level and its roots, and every minimum', async () => {
    const own = file('own.json', readFileSync(SHIPPED, 'utf8'));
    const text = `version: 1
builders:
  - { workflow: ${WORKFLOW}, commits: ['${COMMIT}', '${'1'.repeat(40)}'], level: 3 }
  - { workflow: other/b/.github/workflows/b.yaml, commits: ['${'2'.repeat(40)}'], level: 2, roots: [internal] }
roots: { internal: ${own} }
minimum:
  - { repositories: 'acme/*', level: 3 }
  - { repositories: '**', level: 2 }
`;
    const digest = createHash('sha256').update(text).digest('hex').slice(0, 12);
    const rootHash = createHash('sha256').update(readFileSync(SHIPPED)).digest('hex').slice(0, 12);
    const lines = await checkText(text);
    expect(lines.slice(0, 14)).toEqual([
      `Trust map ${digest}`,
      '',
      'Builders',
      `  L3  ${WORKFLOW}  (public_good, github)`,
      `      @${COMMIT}`,
      `      @${'1'.repeat(40)}`,
      '  L2  other/b/.github/workflows/b.yaml  (internal)',
      `      @${'2'.repeat(40)}`,
      '',
      'Minimum levels',
      '  L3  acme/*',
      '  L2  **',
      '',
      'Trust roots',
    ]);
    expect(lines.at(-1)).toMatch(new RegExp(`^  internal       of \\d{4}-\\d\\d-\\d\\d  sha256:${rootHash}…$`));
    expect(lines).not.toContain('Look at this');
  });

  it('is the policy of the environment, where no file is named', async () => {
    const path = file('policy.yml', 'minimum: [{ repositories: acme/app, level: 2 }]\n');
    expect(await check(undefined, { TRUST_POLICY: path })).toContain('  L2  acme/app');
  });

  it('includes no root that nobody has: a builder that names one is pointed out', async () => {
    const lines = await checkText(
      `builders: [{ workflow: ${WORKFLOW}, commits: ['${COMMIT}'], level: 3, roots: [staging] }]\n`,
    );
    expect(lines.slice(-2)).toEqual(['Look at this', `  ${WORKFLOW}: no root is named staging`]);
  });

  it('is said to be stale half a year after it was fetched, and not before', async () => {
    const asOf = /public_good +of (\S+)/.exec((await check()).join('\n'))?.[1] ?? '';
    const daysLater = async (days: number): Promise<string[]> => {
      jest.useFakeTimers({ now: Date.parse(asOf) + days * 24 * 3_600_000 });
      const lines = await check();
      jest.useRealTimers();
      return lines.filter((line) => line.includes('STALE')).map((line) => line.trim().split(' ')[0] ?? '');
    };
    expect(await daysLater(180)).toEqual([]);
    expect(await daysLater(181)).toEqual(['public_good', 'github']);
  });
});

async function failureOf(work: Promise<unknown>): Promise<UsageError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof UsageError) return error;
  }
  throw new Error('there was no usage error');
}

describe('a policy with mistakes', () => {
  it('is told all of them at once, each with file, line and column', async () => {
    const path = file(
      'policy.yml',
      `version: 2
builder: []
builders:
  - workflow: acme/b/.github/workflows/b.yml@main
    commits: [main]
    level: 4
    roots: [Public-Good]
minimum:
  - { repositories: 'acme/[a-z]', level: 0 }
`,
    );
    const failure = await failureOf(check(path));
    const [head, ...mistakes] = failure.message.split('\n');
    expect(head).toBe('The trust policy has mistakes:');
    const places = mistakes.map((line) => line.slice(`  ${path}:`.length).split(' ')[0]);
    expect(mistakes.every((line) => line.startsWith(`  ${path}:`))).toBe(true);
    expect(places).toEqual(['1:10', '2:1', '4:15', '5:15', '6:12', '7:13', '9:21', '9:42']);
    expect(failure.message).toContain('`builder` is not a key of the trust policy. Did you mean `builders`?');
    expect(failure.message).toContain(
      'a builder is written owner/repository/.github/workflows/file.yml, without its commit',
    );
    expect(failure.message).toContain('a commit is written as 40 lower-case hex digits');
    expect(failure.message).toContain('a trust root is named in lower case, such as public_good');
    expect(failure.message).toContain('a pattern is made of names, * and ?');
  });

  it.each([
    ['no YAML', 'builders: [', ':1:12 This is not YAML as it is read here'],
    ['a key twice', 'minimum: []\nminimum: []\n', ':2:1 This is not YAML as it is read here'],
    ['an alias', 'roots: &a {}\nminimum: *a\n', ':1:1 YAML aliases'],
    ['a list', '- a\n', ':1:1 '],
    [
      'a builder without commits',
      `builders: [{ workflow: ${WORKFLOW}, commits: [], level: 3 }]`,
      ' at least 1 needed.',
    ],
    ['more than 64 KB', `# ${'x'.repeat(70_000)}`, ':1:1 The file is larger than 64 KB'],
  ])('that is %s is refused', async (_, text, message) => {
    await expect(checkText(text)).rejects.toThrow(message);
  });

  it('never trusts a movable ref, nor a level that SLSA does not have', async () => {
    for (const commits of [
      "['refs/heads/main']",
      "['v1']",
      "['C0FFEE00C0FFEE00C0FFEE00C0FFEE00C0FFEE00']",
      `['${'1'.repeat(39)}']`,
    ])
      await expect(checkText(`builders: [{ workflow: ${WORKFLOW}, commits: ${commits}, level: 3 }]`)).rejects.toThrow(
        UsageError,
      );
    for (const level of ['0', '4', '"3"'])
      await expect(
        checkText(`builders: [{ workflow: ${WORKFLOW}, commits: ['${COMMIT}'], level: ${level} }]`),
      ).rejects.toThrow(UsageError);
  });

  it('that cannot be read is named', async () => {
    await expect(check(join(folder, 'nowhere.yml'))).rejects.toThrow(
      `TRUST_POLICY: ${folder}/nowhere.yml cannot be read.`,
    );
  });

  it.each([
    ['is not there', null, /^Trust root internal: .*own\.json cannot be read\.$/],
    ['is no JSON', 'root', /^Trust root internal is not a trusted_root\.json: /],
    ['is empty', '{}', /^Trust root internal names no certificate authority\.$/],
  ])('whose own root %s is refused, and the root is named', async (_, content, message) => {
    if (content !== null) file('own.json', content);
    await expect(checkText(`roots: { internal: ${join(folder, 'own.json')} }\n`)).rejects.toThrow(message);
  });
});

describe('the process', () => {
  // Nothing listens at that proxy, so no root can be fetched, wherever the tests run.
  const shut = { NODE_USE_ENV_PROXY: '1', HTTPS_PROXY: 'http://127.0.0.1:1', HTTP_PROXY: 'http://127.0.0.1:1' };
  const cli = (...args: readonly string[]) => {
    const env = { PATH: process.env['PATH'] ?? '', HOME: folder, XDG_CACHE_HOME: folder, ...shut };
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { env, encoding: 'utf8' });
    return { status, stdout, stderr };
  };

  it('ends with 0 and the map, or with 2 and the mistakes', () => {
    const good = file('good.yml', `builders: [{ workflow: ${WORKFLOW}, commits: ['${COMMIT}'], level: 3 }]\n`);
    const bad = file('bad.yml', 'bilders: []\n');
    expect(cli('trust', 'check', good)).toMatchObject({
      status: 0,
      stderr: '',
      stdout: expect.stringContaining(WORKFLOW),
    });
    expect(cli('trust', 'check', bad)).toEqual({
      status: 2,
      stdout: '',
      stderr: `The trust policy has mistakes:\n  ${bad}:1:1 \`bilders\` is not a key of the trust policy. Did you mean \`builders\`?\n`,
    });
  });

  it('ends with 3 where roots cannot be fetched, and says that those at hand stay in use', () => {
    const { status, stdout } = cli('trust', 'refresh');
    expect(status).toBe(3);
    expect(stdout.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^public_good: not fetched \(.+\)\. The one at hand stays in use\.$/),
      expect.stringMatching(/^github: not fetched \(.+\)\. The one at hand stays in use\.$/),
    ]);
  });
});
