/**
 * The plan action of the isolated builder, as it is shipped: one program, started by Node as the runner starts it. What it decides
 * is the App's own code (test/domain/plan.test.ts, build-plan.test.ts).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { bundlePlan, PLAN_PROGRAM } from '../../release/plan.ts';
import { BUILD_OUTPUTS } from '../../src/domain/build/build-plan.ts';
import { COMMIT, SOURCES } from './stage-files.ts';

let folder: string;
let workspace: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plan-action-'));
  workspace = join(folder, 'workspace');
  mkdirSync(join(workspace, '.github'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly status: number | null;
  readonly says: string;
  readonly outputs: Readonly<Record<string, string>>;
}

function run(settings: string | Buffer | null, env: Readonly<Record<string, string>> = {}): Ended {
  if (settings !== null) writeFileSync(join(workspace, '.github/slsa-pipeline.yml'), settings);
  const output = join(folder, 'output');
  const { status, stdout, stderr } = spawnSync(process.execPath, [PLAN_PROGRAM], {
    cwd: folder,
    encoding: 'utf8',
    env: {
      GITHUB_WORKSPACE: workspace,
      GITHUB_REPOSITORY: 'Acme/App',
      GITHUB_REF: 'refs/heads/main',
      GITHUB_SHA: COMMIT,
      GITHUB_OUTPUT: output,
      INPUT_FLAGS: '{}',
      'INPUT_DEFAULT-BRANCH': 'main',
      INPUT_VISIBILITY: 'public',
      ...env,
    },
  });
  expect(stderr).toBe('');
  return { status, says: stdout, outputs: existsSync(output) ? outputsIn(readFileSync(output, 'utf8')) : {} };
}

/** `name<<end`, lines, `end`: as the runner reads it. */
function outputsIn(text: string): Record<string, string> {
  const found = [...text.matchAll(/^([a-z_]+)<<(end-[0-9a-f-]{36})\n([\s\S]*?)\n\2$/gm)];
  return Object.fromEntries(found.map(([, name = '', , value = '']) => [name, value]));
}

describe('the plan program', () => {
  it('is what `npm run build:plan` makes of the code as it is now', async () => {
    expect(readFileSync(PLAN_PROGRAM, 'utf8') === (await bundlePlan())).toBe(true);
  });

  it('carries the licences of what is in it', () => {
    const text = readFileSync(PLAN_PROGRAM, 'utf8');
    for (const name of ['zod', 'yaml', 'fastest-levenshtein'])
      expect(text).toMatch(new RegExp(`^${name} \\d+\\.`, 'm'));
    expect(text.match(/Permission (is hereby granted|to use)/g)).toHaveLength(3);
  });

  it('takes the inputs and leaves the outputs that its action.yml names', () => {
    const action = parse(SOURCES.plan.action) as { inputs: object; outputs: object };
    expect(Object.keys(action.inputs)).toEqual(['flags', 'default-branch', 'visibility']);
    expect(Object.keys(action.outputs)).toEqual([...BUILD_OUTPUTS]);
    expect(Object.keys(run('').outputs)).toEqual([...BUILD_OUTPUTS]);
  });

  it('plans what a repository has anyway where there is no settings file', () => {
    expect(run(null)).toEqual({
      status: 0,
      says: '',
      outputs: {
        image: 'ghcr.io/acme/app',
        registry: 'ghcr.io',
        tag: `main-${COMMIT.slice(0, 7)}`,
        dockerfile: 'Dockerfile',
        context: '.',
        target: '',
        platforms: 'linux/amd64',
        build_args: '',
        signing: 'public_log',
        filled: 'image registry tag dockerfile context platforms signing',
      },
    });
  });

  it('hands on texts as they are: quotes, expansions, other alphabets, lines that look like its own', () => {
    const settings = [
      'image:',
      '  build_args:',
      '    A: "$(touch pwned) `x` ${B} %s \\\\n, and \\"y\\""',
      '    B: "größe 日本 😀"',
      '    C: "end-00000000-0000-0000-0000-000000000000"',
      '',
    ].join('\n');
    expect(run(settings).outputs['build_args']).toBe(
      [
        '"A=$(touch pwned) `x` ${B} %s \\n, and ""y"""',
        '"B=größe 日本 😀"',
        '"C=end-00000000-0000-0000-0000-000000000000"',
      ].join('\n'),
    );
    expect(existsSync(join(folder, 'pwned'))).toBe(false);
  });

  it("goes by the command line's flags, where a repository builds for itself", () => {
    const { outputs } = run('image: {tag: v1}\n', {
      INPUT_FLAGS: '{"tag": "v2", "registry": "registry.example:5000"}',
    });
    expect(outputs).toMatchObject({
      tag: 'v2',
      image: 'registry.example:5000/acme/app',
      registry: 'registry.example:5000',
    });
  });

  it('plans for the merge that a pull request is tried at', () => {
    expect(run('', { GITHUB_REF: 'refs/pull/7/merge' })).toMatchObject({ status: 0, outputs: { signing: 'none' } });
  });

  it('ends its job where the settings have mistakes, and says each with its line', () => {
    const { status, says, outputs } = run('preset: standard\nsigning: sometimes\nimage: {tag: "a%0Ab\\nc"}\n');
    expect({ status, outputs }).toEqual({ status: 1, outputs: {} });
    const [first, second, ...more] = says.split('\n');
    const at = (line: number): string => `::error file=.github/slsa-pipeline.yml,line=${line}::`;
    expect(first).toBe(`${at(2)}\`signing: sometimes\`: not one of github, public_log, none.`);
    // A percent sign is no escape of theirs, and a line end no command.
    expect(second).toMatch(/^::error file=\.github\/slsa-pipeline\.yml,line=3::`tag: a%250Ab c`: /);
    expect(more).toEqual(['']);
  });

  it.each([
    ['a link to a file that is there', 'image: {tag: v1}\n'],
    ['a link to nothing', null],
  ])('refuses settings that are %s', (_, text) => {
    if (text !== null) writeFileSync(join(workspace, 'other.yml'), text);
    symlinkSync('../other.yml', join(workspace, '.github/slsa-pipeline.yml'));
    const says = '::error::.github/slsa-pipeline.yml is a link, or no file.\n';
    expect(run(null)).toEqual({ status: 1, says, outputs: {} });
  });

  it('refuses settings behind a folder that is a link', () => {
    rmSync(join(workspace, '.github'), { recursive: true });
    mkdirSync(join(folder, 'elsewhere'));
    writeFileSync(join(folder, 'elsewhere/slsa-pipeline.yml'), 'image: {tag: v1}\n');
    symlinkSync('../elsewhere', join(workspace, '.github'));
    expect(run(null).says).toBe('::error::.github/slsa-pipeline.yml is a link, or no file.\n');
  });

  it.each<[string, string | Buffer, RegExp]>([
    ['are larger than any', `# ${'x'.repeat(65_536)}\n`, /has more than 64 KB/],
    ['are no UTF-8', Buffer.from([0x61, 0x3a, 0x20, 0xff, 0xfe]), /is not UTF-8/],
    ['are nested without end', '['.repeat(20_000), /is not YAML/],
    ['have an alias', 'image: {tag: &a v1, target: *a}', /aliases/],
    ['are no mapping', '- a\n', /the file/],
  ])('refuses settings that %s', (_, settings, says) => {
    const ended = run(settings);
    expect(ended).toMatchObject({ status: 1, outputs: {} });
    expect(ended.says).toMatch(says);
    expect(ended.says).toMatch(/^(::error[^\n]*\n)+$/);
  });

  it.each(['[]', 'null', '1', '{', '', '{"push": "false"}', '{"tag": 5}', '{"context": "../x"}', '['.repeat(50_000)])(
    'refuses flags that are no image settings: %.20s',
    (flags) => {
      const says = '::error::The flags are not image settings as JSON. (.github/slsa-pipeline.yml)\n';
      expect(run('', { INPUT_FLAGS: flags })).toEqual({ status: 1, says, outputs: {} });
    },
  );

  it.each(['GITHUB_WORKSPACE', 'GITHUB_SHA', 'INPUT_VISIBILITY', 'INPUT_DEFAULT-BRANCH'])(
    'says what is missing where it is started by hand: %s',
    (name) => {
      const says = `::error::${name} is not set: this program is started by GitHub Actions.\n`;
      expect(run('', { [name]: '' })).toEqual({ status: 1, says, outputs: {} });
    },
  );
});
