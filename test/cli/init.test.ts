/** `init` writes into a checkout that somebody else may have prepared: what it writes, what it says, and where it never goes. */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { init, type InitOptions } from '../../src/cli/init.ts';
import { readEnvironment } from '../../src/cli/environment.ts';
import { UsageError } from '../../src/cli/usage-error.ts';
import { FORK_CHECK_FILE } from '../../src/domain/fork/fork-check.ts';
import { STAGE_TABLE, STAGES } from '../../src/domain/stage/stage-table.ts';

const BUILDER = `acme-platform/slsa-builder/.github/workflows/build-image.yml@${'c0ffee00'.repeat(5)}`;
const OTHER = BUILDER.replace('acme-platform', 'other');
const SETTINGS = '.github/slsa-pipeline.yml';
const WORKFLOWS = [...STAGES.map((stage) => STAGE_TABLE[stage].file), FORK_CHECK_FILE].map(
  (file) => `.github/workflows/${file}`,
);

/** The plan files of a repository without an isolated builder. */
const PLAN = ['.github/slsa-plan/action.yml', '.github/slsa-plan/plan.mjs'];

let home: string;
let folder: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'init-'));
  folder = join(home, 'checkout');
  mkdirSync(join(folder, '.git'), { recursive: true });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const run = (options: Partial<InitOptions> = {}, env: Record<string, string> = {}) =>
  init(folder, { check: false, ...options }, readEnvironment(env));
const text = (path: string): string => readFileSync(join(folder, path), 'utf8');
const filesIn = (path: string): string[] =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort();

function settings(content: string): void {
  mkdirSync(join(folder, '.github'), { recursive: true });
  writeFileSync(join(folder, SETTINGS), content);
}

describe('a checkout without anything', () => {
  it('gets the stage files and the settings, and a word on each', () => {
    const { lines, differing } = run();
    expect(filesIn(folder)).toEqual([...WORKFLOWS, ...PLAN, SETTINGS].sort());
    expect(text(SETTINGS)).toBe('preset: standard\n');
    expect(differing).toBe(11);
    expect(lines).toEqual([
      'Builder: this repository itself: Build L2 at best',
      ...[...WORKFLOWS, ...PLAN].map((path) => `written  ${path}`),
      `written  ${SETTINGS}`,
      'Commit these to the default branch, then push.',
    ]);
  });

  it('gets nothing at the second time', () => {
    run();
    expect(run()).toEqual({
      differing: 0,
      lines: ['Builder: this repository itself: Build L2 at best', 'All files are as rendered.'],
    });
  });

  it('gets nothing where it is only looked at', () => {
    const { lines, differing } = run({ check: true });
    expect(filesIn(folder)).toEqual([]);
    expect(differing).toBe(11);
    expect(lines).toContain(`missing  ${WORKFLOWS[0]}`);
    expect(lines.join('\n')).not.toContain('Commit these');
  });
});

describe('a checkout that has some', () => {
  it('keeps its settings as they are, comments and all', () => {
    settings('# ours\npreset: minimal\n');
    run();
    expect(text(SETTINGS)).toBe('# ours\npreset: minimal\n');
  });

  it('is told exactly which files are other than rendered', () => {
    run();
    writeFileSync(join(folder, WORKFLOWS[3] ?? ''), 'on: push\n');
    rmSync(join(folder, WORKFLOWS[5] ?? ''));
    expect(run({ check: true })).toMatchObject({
      differing: 2,
      lines: [expect.any(String), `differs  ${WORKFLOWS[3]}`, `missing  ${WORKFLOWS[5]}`],
    });
    expect(text(WORKFLOWS[3] ?? '')).toBe('on: push\n');
    run();
    expect(run({ check: true }).differing).toBe(0);
  });

  it('keeps every other file', () => {
    mkdirSync(join(folder, '.github/workflows'), { recursive: true });
    writeFileSync(join(folder, '.github/workflows/release.yml'), 'on: push\n');
    run();
    expect(text('.github/workflows/release.yml')).toBe('on: push\n');
  });

  it('gets the time-outs of its settings', () => {
    settings('stages:\n  lint: { timeout_minutes: 45 }\n  build: { timeout_minutes: 77 }\n');
    run();
    expect(text('.github/workflows/00-megalinter.yml')).toContain('timeout-minutes: 45\n');
    expect(text('.github/workflows/01-build-image.yml')).toContain('timeout-minutes: 77\n');
  });
});

describe('the builder', () => {
  const uses = (): string | undefined => /uses: (\S+build-image\.yml@\S+)/.exec(text(WORKFLOWS[1] ?? ''))?.[1];

  it("is the operator's, and is told", () => {
    const { lines } = run({}, { BUILDER_WORKFLOW: BUILDER });
    expect(lines[0]).toBe(`Builder: ${BUILDER}`);
    expect(uses()).toBe(BUILDER);
  });

  it('is that of the command line before it', () => {
    run({ builder: OTHER }, { BUILDER_WORKFLOW: BUILDER });
    expect(uses()).toBe(OTHER);
  });

  it('is nobody where there is none: the file builds by itself', () => {
    run();
    expect(uses()).toBeUndefined();
    expect(text(WORKFLOWS[1] ?? '')).toContain('Build L2 at best');
  });

  it.each([
    'acme/builder/.github/workflows/build-image.yml@main',
    'acme/builder/.github/workflows/build-image.yml',
    `acme/builder@${'0'.repeat(40)}`,
    `${BUILDER}\n    secrets: inherit`,
    '',
  ])('is exact: %j is refused, and nothing is written', (builder) => {
    expect(() => run({ builder })).toThrow(/^--builder: a builder is written owner\/repository/);
    expect(filesIn(folder)).toEqual([]);
  });
});

describe('settings with mistakes', () => {
  it('are named with file, line and column, and nothing is written', () => {
    settings('preset: standrad\nstages:\n  lint: { timeout_minutes: 999 }\n');
    expect(() => run()).toThrow(
      new UsageError(
        [
          'The settings have mistakes:',
          `  ${SETTINGS}:1:9 \`preset: standrad\`: not one of minimal, standard, skip_linting. Did you mean \`standard\`?`,
          `  ${SETTINGS}:3:28 \`timeout_minutes: 999\`: at most 360 allowed.`,
        ].join('\n'),
      ),
    );
    expect(filesIn(folder)).toEqual([SETTINGS]);
  });
});

describe('what is no checkout', () => {
  it.each(['', 'src'])('is refused, and nothing is written: %j', (path) => {
    const elsewhere = join(home, 'plain', path);
    mkdirSync(elsewhere, { recursive: true });
    expect(() => init(elsewhere, { check: false }, readEnvironment({}))).toThrow(
      new UsageError(`${elsewhere} is no git checkout: run this where .git is.`),
    );
    expect(filesIn(join(home, 'plain'))).toEqual([]);
  });

  it('includes a folder that is not there', () => {
    expect(() => init(join(home, 'nowhere'), { check: false }, readEnvironment({}))).toThrow(UsageError);
  });

  it('does not include a worktree, whose .git is a file', () => {
    rmSync(join(folder, '.git'), { recursive: true });
    writeFileSync(join(folder, '.git'), 'gitdir: elsewhere\n');
    expect(run().differing).toBe(11);
  });
});

describe('a checkout that leads outside', () => {
  const LEADING: readonly (readonly [what: string, link: string])[] = [
    ['its folder of workflows', '.github/workflows'],
    ['its .github', '.github'],
  ];

  it.each(LEADING)('by %s is refused, and nothing is written there', (_, link) => {
    const outside = join(home, 'outside');
    mkdirSync(outside);
    mkdirSync(join(folder, link, '..'), { recursive: true });
    symlinkSync(outside, join(folder, link));
    expect(() => run()).toThrow(new UsageError(`${link} is a link: this writes only where the checkout itself is.`));
    expect(filesIn(home)).toEqual([]);
  });

  it.each([WORKFLOWS[2] ?? '', SETTINGS])('by %s is refused, whether or not there is anything', (path) => {
    mkdirSync(join(folder, '.github/workflows'), { recursive: true });
    const outside = join(home, 'bashrc');
    symlinkSync(outside, join(folder, path));
    expect(() => run()).toThrow(new UsageError(`${path} is a link: this writes only where the checkout itself is.`));
    expect(existsSync(outside)).toBe(false);
    writeFileSync(outside, 'mine\n');
    expect(() => run()).toThrow(UsageError);
    expect(readFileSync(outside, 'utf8')).toBe('mine\n');
    expect(filesIn(folder)).toEqual([]);
  });

  it('at its own top is where the person stands: that is no escape', () => {
    symlinkSync(folder, join(home, 'link'));
    expect(init(join(home, 'link'), { check: false }, readEnvironment({})).differing).toBe(11);
  });
});

describe('the process', () => {
  const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
  const cli = (...args: readonly string[]) => {
    const env = { PATH: process.env['PATH'] ?? '', HOME: home };
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { env, encoding: 'utf8' });
    return { status, stdout, stderr };
  };

  it('ends with 1 where files differ, 0 where none does, and 2 where there is no checkout', () => {
    const before = cli('init', folder, '--check');
    expect(before).toMatchObject({ status: 1, stderr: '', stdout: expect.stringContaining(`missing  ${SETTINGS}`) });
    expect(cli('init', folder)).toMatchObject({ status: 0 });
    expect(cli('init', folder, '--check')).toMatchObject({ status: 0, stdout: expect.stringContaining('as rendered') });
    expect(cli('init', home)).toEqual({
      status: 2,
      stdout: '',
      stderr: `${home} is no git checkout: run this where .git is.\n`,
    });
  });
});
