/**
 * The isolated builder plans by itself, from the settings at the commit, in Python; the App plans by its own code, and
 * refuses a build that went by another plan. So the two must decide alike, which is held here, case by case.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { NO_FLOOR } from '../../src/domain/evidence/trust-map.ts';
import { Digest, GitRef } from '../../src/domain/git.ts';
import { Repository } from '../../src/domain/repository.ts';
import { resolvePlan } from '../../src/domain/run/plan.ts';
import type { RunFlags } from '../../src/domain/run/trigger.ts';
import { readSettings } from '../../src/domain/settings/read-settings.ts';
import type { SettingsFile } from '../../src/domain/settings/settings-schema.ts';
import { python, runPlans, runPlanStep, yamlTool, type PlanCase, type PlanEnded } from './plan-step.ts';
import { COMMIT, describeWithTools, findTool } from './stage-files.ts';

interface Case {
  readonly settings: string | null;
  readonly flags?: RunFlags;
  readonly repository?: string;
  readonly ref?: string;
  readonly defaultBranch?: string;
  readonly visibility?: Repository['visibility'];
}

/** The flags as the App hands them to stage 01. */
function handedOn(flags: RunFlags): string {
  const { registry, imageName: name, imageTag: tag, dockerfilePath: dockerfile, buildContext: context } = flags;
  return JSON.stringify({ registry, name, tag, dockerfile, context });
}

const asPlanCase = ({ flags = {}, ...rest }: Case): PlanCase => ({ ...rest, flags: handedOn(flags), sha: COMMIT });

/** What the App plans, in the names of the step's outputs; null where it refuses the settings. */
function plannedByApp(given: Case): Record<string, string> | null {
  const reading = readSettings(given.settings ?? '');
  return reading.kind === 'mistakes' ? null : outputsOf(reading.settings, given);
}

function outputsOf(
  head: SettingsFile,
  { flags = {}, repository = 'acme/app', ...given }: Case,
): Record<string, string> {
  const [owner = '', name = ''] = repository.split('/');
  const defaultBranch = given.defaultBranch ?? 'main';
  const visibility = given.visibility ?? 'private';
  const planning = resolvePlan({
    repository: Repository.parse({ id: 1, owner, ownerId: 2, name, defaultBranch, visibility, installationId: 3 }),
    ref: GitRef.parse(given.ref ?? 'refs/heads/main'),
    sha: COMMIT,
    triggers: [{ kind: 'manual', actor: 'kim', flags }],
    head,
    bases: new Map(),
    settingsDigest: Digest.parse(`sha256:${'0'.repeat(64)}`),
    builder: null,
    forkCheck: null,
    changedPaths: null,
    floor: NO_FLOOR,
    today: '2026-06-15',
  });
  if (planning.kind !== 'planned') throw new Error(JSON.stringify(planning));
  const { image, signing } = planning.plan;
  const outputs: Record<string, string> = {
    image: image.name,
    registry: flags.registry ?? head.image?.registry ?? 'ghcr.io',
    tag: image.tag,
    dockerfile: image.dockerfile,
    context: image.context,
    target: image.target,
    platforms: image.platforms.join(','),
    build_args: Object.entries(image.buildArgs)
      .map(([argument, value]) => `${argument}=${value}`)
      .join('\n'),
    signing,
  };
  const filled = Object.keys(outputs).filter((output) => outputs[output] !== '');
  const whole = Object.entries(outputs).map(([output, value]) => [output, value.toWellFormed()]);
  return { ...(Object.fromEntries(whole) as typeof outputs), filled: filled.join(' ') };
}

/** Both in one word or document: what the App says, and what the builder does. */
const byApp = (given: Case): unknown => plannedByApp(given) ?? 'refused';
function byBuilder({ kind, outputs, says }: PlanEnded): unknown {
  if (kind === 'planned') return says === '' ? outputs : `planned, and said ${says}`;
  const isNamed = kind === 'refused' && /^::error::[^\n]+\n$/.test(says) && Object.keys(outputs).length === 0;
  return isNamed ? 'refused' : `${kind}: ${says}`;
}

/** How each case ended, by its text: a process takes longer to start than to plan. */
const known = new Map<string, PlanEnded>();

function planAll(cases: readonly Case[]): void {
  const news = new Map(cases.map((each) => [JSON.stringify(each), each] as const));
  for (const text of known.keys()) news.delete(text);
  const ended = runPlans([...news.values()].map(asPlanCase));
  [...news.keys()].forEach((text, index) => known.set(text, ended[index]!));
}

/** Where the two do not decide alike. */
function disagreements(cases: readonly Case[]): string[] {
  if (!cases.every((each) => known.has(JSON.stringify(each)))) planAll(cases);
  return cases.flatMap((each) => {
    const [app, builder] = [byApp(each), byBuilder(known.get(JSON.stringify(each))!)].map((word) =>
      JSON.stringify(word),
    );
    return app === builder ? [] : [`${JSON.stringify(each)}: the App ${app}, the builder ${builder}`];
  });
}

const times = (count: number, text: string): string => text.repeat(count);
const LONG = times(1000, 'a');

/** As YAML may write a value: what is a text and what is not is half of every rule. */
const SCALARS: readonly string[] = [
  ...[
    'v1',
    'V1',
    '1.0.0',
    'v1.0',
    'a',
    'A',
    '_',
    '__',
    '-',
    '.',
    '..',
    '...',
    '.a',
    '-a',
    'a-',
    'a_',
    'a.',
    'a..b',
    'a--b',
  ],
  ...[
    'a__b',
    'a___b',
    'a._b',
    'a/b',
    'a//b',
    '/a',
    'a/',
    'a/../b',
    '../a',
    'a/..',
    './a',
    './',
    'a/.../b',
    'a/..b',
    '~/a',
  ],
  ...[
    'a b',
    'a@b',
    'a+b',
    'a,b',
    'a:b',
    'a:5000',
    'a:500000',
    'a:',
    ':1',
    'a:b:c',
    'a#b',
    'a$b',
    'a%b',
    '"a\\\\b"',
    'a=b',
    'a~b',
  ],
  ...[
    '"{ref}"',
    '"{sha7}"',
    '"{sha}"',
    '"{ref}-{sha7}.{sha}"',
    '"{Ref}"',
    '"{ref"',
    '"ref}"',
    '"{}"',
    'x{ref}',
    '{ref}',
  ],
  // Neither texts nor what they look like.
  ...[
    '',
    '~',
    'null',
    'Null',
    'NULL',
    'nULL',
    '""',
    "''",
    'true',
    'True',
    'TRUE',
    'tRUE',
    'false',
    'yes',
    'no',
    'on',
    'off',
    'y',
    'N',
  ],
  ...[
    '0',
    '1',
    '-1',
    '+1',
    '007',
    '08',
    '0o17',
    '0o18',
    '0x1F',
    '-0x1F',
    '0xg',
    '0b11',
    '1_000',
    '1__2',
    '1_',
    '_1',
    '12e3',
    '1e3',
  ],
  ...[
    '1.',
    '1.5',
    '.5',
    '-.5',
    '.5e3',
    '1e+3',
    '1.5e-3',
    '1_0.5',
    '1:30',
    '190:20:30',
    '.inf',
    '-.INF',
    '+.inf',
    '.nan',
    '.NaN',
    '.Inf',
  ],
  ...[
    '2026-01-01',
    '2026-1-1',
    '2026-01-01T10:00:00Z',
    '2026-01-01 10:00:00',
    '"2026-01-01"',
    '=',
    '<<',
    '"<<"',
    '"1"',
    "'1.5'",
  ],
  // Characters that one language counts, folds or breaks otherwise than the other.
  ...[
    'é',
    '"\\u00e9"',
    'ß',
    '"\\u212A"',
    '"\\u0661"',
    '"a\\u00a0b"',
    '"a\\u2028b"',
    '"a\\u0085b"',
    '"a\\ufeffb"',
    '"a\\u001fb"',
    '"a\\u000bb"',
  ],
  ...[
    '"a\\nb"',
    '"a\\rb"',
    '"a\\n"',
    '"a\\tb"',
    '"a\\0b"',
    '"a\\eb"',
    '😀',
    '"\\U0001F600"',
    '" a"',
    '"a "',
    "'it''s'",
    '"a\\"b"',
    '日本',
  ],
  ...['"\\ud83d\\ude00"', '"\\ud83d"', '"\\ude00\\ud83d"'],
  // Ways to write a text.
  ...[
    '|\n    a',
    '|-\n    a',
    '>-\n    a\n    b',
    '>-\n    a',
    '|+\n    a\n',
    '"a\n    b"',
    'a\n    b',
    '!!str 1',
    '!!str a',
    '!!int "1"',
    '!x a',
  ],
  ...[
    '&a a',
    '*a',
    '[a]',
    '[]',
    '{a: b}',
    '{}',
    '- a',
    '- - a',
    '? a',
    '%a',
    '@a',
    '`a',
    'a # b',
    'a#',
    '"a',
    "'a",
    ']',
    '}',
  ],
  // At the ends of what is allowed.
  ...[
    times(100, 'a'),
    times(101, 'a'),
    times(128, 'a'),
    times(129, 'a'),
    times(200, 'a'),
    times(201, 'a'),
    times(300, 'a'),
  ],
  ...[
    times(301, 'a'),
    LONG,
    `${LONG}a`,
    `"${times(1000, '😀')}"`,
    `"${times(1000, '😀')}a"`,
    `"${times(30, '{ref}')}"`,
  ],
];

type Write = (scalar: string) => string;

const SWEEPS: readonly (readonly [string, Write])[] = [
  ...['registry', 'name', 'tag', 'target', 'dockerfile', 'context', 'platforms', 'build_args', 'secrets', 'labels'].map(
    (key): [string, Write] => [`image.${key}`, (scalar) => `image:\n  ${key}: ${scalar}\n`],
  ),
  ['a platform', (scalar) => `image:\n  platforms:\n   - ${scalar}\n`],
  ['the architecture of a platform', (scalar) => `image:\n  platforms: [linux/amd64, linux/${scalar}]\n`],
  ['a build argument', (scalar) => `image:\n  build_args:\n   A: ${scalar}\n`],
  ['the name of a build argument', (scalar) => `image:\n  build_args:\n   ${scalar}: a\n`],
  ['image', (scalar) => `image: ${scalar}\n`],
  ['a key of image', (scalar) => `image:\n  ${scalar}: a\n`],
  ['signing', (scalar) => `signing: ${scalar}\n`],
  ['release_branches', (scalar) => `release_branches: ${scalar}\n`],
  ['a release branch', (scalar) => `release_branches:\n  - ${scalar}\n`],
];

/** Names that are no texts in YAML: the App takes them as JavaScript writes them, the builder does not take them. */
const NAMES_THAT_ARE_NO_TEXTS = ['true', 'True', 'TRUE', 'false', '.inf', '+.inf', '.nan', '.NaN', '.Inf'];

const image = (lines: string): Case => ({ settings: `image:\n${lines.replaceAll(/^/gm, '  ')}\n` });

/** Whole files, each a reason of its own. */
const FILES: readonly (readonly [string, Case])[] = [
  ['no file', { settings: null }],
  ['an empty file', { settings: '' }],
  ['blank lines and comments', { settings: '\n  \n# nothing\n' }],
  ['a document that is empty', { settings: '---\n' }],
  ['a byte-order mark', { settings: '\ufeffimage:\n  tag: v1\n' }],
  ['lines that end as on Windows', { settings: 'image:\r\n  tag: v1\r\n  target: a\r\n' }],
  [
    'every key',
    image(
      'registry: registry.example:5000\nname: a/b-c\ntag: v1\ntarget: release\ndockerfile: docker/Dockerfile.x\ncontext: ./a b/c@d+e\nplatforms: [linux/amd64, linux/arm64, linux/arm/v7]\nbuild_args: {B: "1", A: "x=y", _c: "  "}\nsecrets: []',
    ),
  ],
  ['a registry only', image('registry: localhost:5000')],
  ['the name only', image('name: other/app')],
  ['an image without keys', image('{}')],
  ['one platform', image('platforms: [linux/arm64]')],
  ['ten platforms', image(`platforms: [${times(9, 'linux/amd64, ')}linux/arm64]`)],
  ['eleven platforms', image(`platforms: [${times(10, 'linux/amd64, ')}linux/arm64]`)],
  ['a platform that is a list', image('platforms: [[linux/amd64]]')],
  ['build arguments in an order of their own', image('build_args:\n  Z: a\n  A: b\n  M: ""\n  m: "a b  c"')],
  [
    'build arguments of other languages',
    image('build_args:\n  A: größe 日本 😀\n  B: "\\u00fc \\ud83d\\ude00 \\ud83d"'),
  ],
  ['build arguments that look like others', image('build_args:\n  A: "B=c"\n  B: "$(touch pwned) `x` ${A} %s \\\\n"')],
  ['build arguments in several lines', image('build_args:\n  A: |\n    a\n    b')],
  ['build arguments as a list', image('build_args: [A=b]')],
  ['a build argument that is a group', image('build_args: {A: {b: c}}')],
  ['a build argument of 100 letters', image(`build_args: {${times(100, 'A')}: a}`)],
  ['a build argument of 101 letters', image(`build_args: {${times(101, 'A')}: a}`)],
  ['a key twice', image('tag: v1\ntag: v2')],
  ['image twice', { settings: 'image: {tag: v1}\nimage: {tag: v2}\n' }],
  ['a secret, which has no effect yet', image('secrets: [NPM_TOKEN]')],
  ['a key that is misspelt', image('dockerFile: Dockerfile')],
  ['a merge key', { settings: 'image:\n  <<: {tag: v1}\n' }],
  ['an alias', { settings: 'image:\n  tag: &a v1\n  target: *a\n' }],
  ['an alias that merges', { settings: 'image: &a {tag: v1}\nstages:\n  lint: *a\n' }],
  ['an anchor without alias', { settings: 'image: &a {tag: &b v1}\n' }],
  ['two documents', { settings: 'image: {tag: v1}\n---\nimage: {tag: v2}\n' }],
  ['a list', { settings: '- image\n' }],
  ['a sentence', { settings: 'Build it well.\n' }],
  ['broken YAML', { settings: 'image: [\n' }],
  ['broken indentation', { settings: 'image:\n  tag: v1\n target: a\n' }],
  ['a tab for indentation', { settings: 'image:\n\ttag: v1\n' }],
  ['a tag of another language', { settings: 'image: !!python/object:os.system {tag: v1}\n' }],
  ['a tag that nobody knows', { settings: 'image: !custom {tag: v1}\n' }],
  ['a file of 64 KB', { settings: `# ${times(65_533, 'x')}\n` }],
  ['a file of more', { settings: `# ${times(65_534, 'x')}\n` }],
  ['a file of more bytes than characters', { settings: `# ${times(33_000, 'ü')}\n` }],
  ['YAML 1.1', { settings: '%YAML 1.1\n---\nimage:\n  tag: yes\n  target: 0b1\n' }],
  ['JSON', { settings: '{"image": {"tag": "v1", "build_args": {"A": "b"}}, "signing": "none"}' }],
];

const tag = (template: string, ref: string): Case => ({ ...image(`tag: "${template}"`), ref });
const REFS = [
  ...[
    'refs/heads/main',
    'refs/heads/feature/login',
    'refs/heads/feature/a@b',
    'refs/heads/ünïcödé',
    'refs/heads/日本',
    'refs/heads/😀',
  ],
  ...[
    'refs/heads/-dash',
    'refs/heads/a#b$c%d&e',
    'refs/heads/a;b|c',
    "refs/heads/it's",
    'refs/heads/{sha}',
    'refs/heads/$&',
    'refs/heads/refs/heads/x',
  ],
  ...[
    'refs/heads/tags/v1',
    'refs/heads/_',
    'refs/heads/---',
    'refs/heads/!!!',
    `refs/heads/${times(200, 'a')}`,
    `refs/heads/${times(79, 'a')}/b/c`,
  ],
  ...[
    'refs/tags/v1.0.0',
    'refs/tags/v1/rc',
    'refs/tags/heads/x',
    'refs/pull/7/head',
    'refs/heads/gh-readonly-queue/main/pr-7-abc',
  ],
];
const TEMPLATES = [
  '{ref}',
  '{sha7}',
  '{sha}',
  '{ref}-{sha7}',
  '{ref}{ref}',
  '{sha}-{sha}-{sha}-{sha}',
  'v1',
  `${times(120, 'x')}{sha}`,
  '-{ref}',
];
const TAGS: readonly (readonly [string, readonly Case[]])[] = REFS.map((ref) => [
  ref,
  TEMPLATES.map((each) => tag(each, ref)),
]);

const SIGNINGS = ['', 'signing: github\n', 'signing: public_log\n', 'signing: none\n'];
const VISIBILITIES = ['public', 'private', 'internal'] as const;
const BRANCHES = [
  ...[
    'main',
    'maintenance',
    'release/1.0',
    'release/1.0/rc',
    'release',
    'releases',
    'hotfix-1',
    'hotfix-12',
    'hotfix-',
    'a.b',
    'aXb',
    'x/y/z',
  ],
  ...[
    'v1',
    'v10',
    'V1',
    'größe',
    '😀',
    'a😀',
    'gh-readonly-queue',
    'gh-readonly-queue/main/pr-1',
    'main/x',
    'tags/v1',
    'refs/heads/main',
  ],
];
const PATTERNS = [
  ...[
    'main',
    'release/*',
    'release/**',
    'release/**/rc',
    '**',
    '*',
    '**/rc',
    'hotfix-?',
    'hotfix-??',
    'hotfix-*',
    'a.b',
    'a?b',
    '*/*',
    '*/**',
  ],
  ...[
    'v?',
    'V*',
    '?',
    '??',
    'a??',
    '😀',
    '*😀',
    'gr**e',
    '***',
    '?*',
    '*?',
    'refs/heads/*',
    'r*e*l*e*a*s*e/*',
    '+',
    'a+b',
    '^main$',
    '.*',
    'main,x',
  ],
];
const SIGNING_CASES = VISIBILITIES.map((visibility): readonly [string, readonly Case[]] => [
  visibility,
  SIGNINGS.flatMap((signing) =>
    [
      'refs/heads/main',
      'refs/heads/idea',
      'refs/heads/release/1',
      'refs/tags/v1',
      'refs/heads/gh-readonly-queue/main/pr-1-a',
      'refs/heads/gh-readonly-queue',
      'refs/pull/7/head',
    ].flatMap((ref) =>
      ['', 'release_branches: ["release/*"]\n', 'release_branches: []\n'].map((branches) => ({
        ...{ settings: `${signing}${branches}`, ref, visibility },
      })),
    ),
  ),
]);

const FLAGS: readonly (readonly [string, RunFlags])[] = [
  ['none', {}],
  ['the name', { imageName: 'other/app' }],
  ['the tag', { imageTag: '{ref}-x' }],
  ['the registry', { registry: 'registry.example:5000' }],
  ['the Dockerfile', { dockerfilePath: 'docker/Dockerfile' }],
  ['the context', { buildContext: 'a b' }],
  ['all of them', { imageName: 'a', imageTag: 'b', registry: 'c', dockerfilePath: 'd', buildContext: 'e' }],
  [
    'those of other stages',
    { severity: 'low', maxFindings: 3, updateCommitStatus: false, autoFixLint: false, preset: 'minimal' },
  ],
];

const tools = { python3: python, bash: findTool('bash'), 'ruamel.yaml (by pip, from PyPI)': yamlTool };

const sweepCases = (what: string, write: Write): Case[] => {
  const skipped = what === 'the name of a build argument' ? NAMES_THAT_ARE_NO_TEXTS : [];
  return SCALARS.filter((scalar) => !skipped.includes(scalar)).map((scalar) => ({ settings: write(scalar) }));
};

const patternCases = (pattern: string): Case[] => {
  const settings = `signing: public_log\nrelease_branches: [${JSON.stringify(pattern)}]\n`;
  return BRANCHES.map((branch) => ({ settings, ref: `refs/heads/${branch}` }));
};

describeWithTools(tools)("the plan of the isolated builder, beside the App's", () => {
  beforeAll(() => {
    planAll([
      ...SWEEPS.flatMap(([what, write]) => sweepCases(what, write)),
      ...FILES.map(([, given]) => given),
      ...[...TAGS, ...SIGNING_CASES].flatMap(([, cases]) => cases),
      ...PATTERNS.flatMap(patternCases),
    ]);
  }, 180_000);

  it.each(SWEEPS)('is the same, or both refuse, for any value of %s', (what, write) => {
    const cases = sweepCases(what, write);
    expect(disagreements(cases)).toEqual([]);
    // Where nothing is refused, nothing was shown.
    expect(cases.filter((each) => plannedByApp(each) === null)).not.toEqual([]);
  });

  it.each(FILES)('is the same, or both refuse: %s', (_, given) => {
    expect(disagreements([given])).toEqual([]);
  });

  it.each(TAGS)('has the same tags at %s', (_, cases) => {
    expect(disagreements(cases)).toEqual([]);
  });

  it.each(SIGNING_CASES)('signs by the same authority where the repository is %s', (_, cases) => {
    expect(disagreements(cases)).toEqual([]);
  });

  it.each(PATTERNS)('signs the same branches where `%s` is released', (pattern) => {
    expect(disagreements(patternCases(pattern))).toEqual([]);
  });

  it('signs the default branch, whatever it is called', () => {
    const names = ['main', 'trunk', 'release/1.0', 'größe', 'tags/v1'];
    const cases = names.flatMap((defaultBranch) =>
      ['main', 'trunk', defaultBranch].map((branch) => ({
        ...{ settings: 'signing: public_log\n', defaultBranch, ref: `refs/heads/${branch}` },
      })),
    );
    expect(disagreements(cases)).toEqual([]);
  });

  it('takes fifty patterns, and no more', () => {
    const many = (count: number): Case => ({ settings: `release_branches: [${times(count, 'a,')}]` });
    expect([plannedByApp(many(50)), plannedByApp(many(51))]).toEqual([expect.anything(), null]);
    expect(disagreements([many(50), many(51)])).toEqual([]);
  });

  it('names the image after the repository, in lower case', () => {
    const names = ['Acme/App', 'acme/.github', 'ACME/my_App.x', 'a-b/C--d'];
    expect(disagreements(names.map((repository) => ({ settings: '', repository })))).toEqual([]);
  });

  it.each(FLAGS)("goes by the command line's flags, where a repository builds for itself: %s", (_, flags) => {
    const settings = 'image: {name: from/settings, tag: "s-{sha7}", registry: s.example, dockerfile: S, context: s}\n';
    expect(
      disagreements([
        { settings, flags },
        { settings: '', flags },
      ]),
    ).toEqual([]);
  });

  it('ends soon, however a pattern is written', () => {
    const settings = `release_branches: [${JSON.stringify(`${times(60, '*a')}*b`)}, ${JSON.stringify(`${times(60, '**a')}**b`)}]\nsigning: public_log\n`;
    const started = performance.now();
    expect(disagreements([{ settings, ref: `refs/heads/${times(200, 'a')}` }])).toEqual([]);
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});

const refusal = (given: PlanCase): string => {
  const [ended] = runPlans([given]);
  return ended?.kind === 'refused' && Object.keys(ended.outputs).length === 0 ? ended.says : JSON.stringify(ended);
};

describeWithTools(tools)('the plan of the isolated builder, by itself', () => {
  it.each([
    ['a mistake in a gate', 'preset: paranoid\nimage: {tag: v1}\n', 'image: {tag: v1}\n'],
    ['a key that nobody knows', 'colour: red\nimage: {tag: v1}\n', 'image: {tag: v1}\n'],
    ['a rule for nothing', 'rules: [{preset: minimal}]\nsigning: public_log\n', 'signing: public_log\n'],
    ['a number at the top', '5\n', ''],
  ])('goes on without what is none of its business, where the App refuses the file: %s', (_, settings, without) => {
    expect(plannedByApp({ settings })).toBeNull();
    const [ended] = runPlans([{ settings, sha: COMMIT }]);
    expect(ended).toEqual({ kind: 'planned', says: '', outputs: plannedByApp({ settings: without }) });
  });

  it.each([
    ...NAMES_THAT_ARE_NO_TEXTS.map((name) => `image:\n  build_args:\n    ${name}: a\n`),
    'image:\n  target: !\n',
    'image: {tag: v1}\n# \u0001\n',
  ])('refuses what the App takes, since the two languages read it apart: %j', (settings) => {
    expect(plannedByApp({ settings })).not.toBeNull();
    expect(refusal({ settings, sha: COMMIT })).toMatch(/^::error::/);
  });

  it.each([
    ['image.tag', 'image: {tag: "a b"}', 'image.tag is not written as it must be.'],
    [
      'an unknown key',
      'image: {colour: red}',
      "image has keys that are not known: the whole list is in the settings' documentation.",
    ],
    ['no YAML', 'image: [', '.github/slsa-pipeline.yml is not YAML: ParserError'],
    ['no mapping', '[]', '.github/slsa-pipeline.yml is not a mapping.'],
    [
      'an alias',
      'image: {tag: &a v1, target: *a}',
      '.github/slsa-pipeline.yml has a YAML alias (`*name`): write the value out.',
    ],
    ['signing', 'signing: cosign', 'signing is one of github, public_log, none.'],
    ['release_branches', 'release_branches: main', 'release_branches is not a list of patterns.'],
    ['nesting without end', times(20_000, '['), expect.stringMatching(/is not YAML: /)],
  ])('says what is wrong with %s, and writes nothing', (_, settings, message: unknown) => {
    const says = refusal({ settings, sha: COMMIT });
    expect(says.endsWith('\n')).toBe(true);
    expect(says.slice('::error::'.length, -1)).toEqual(message);
  });

  it.each([['"', '[]', 'null', '1', '{', '', times(50_000, '[')]].flat())(
    'refuses flags that are no JSON object: %j',
    (flags) => {
      expect(refusal({ settings: '', flags: flags.slice(0, 60_000), sha: COMMIT })).toBe(
        '::error::The flags are not a JSON object.\n',
      );
    },
  );

  it.each([
    '{"name": "A B"}',
    '{"tag": ""}',
    '{"context": "../x"}',
    '{"dockerfile": "/etc/passwd"}',
    '{"registry": "a/b"}',
    '{"push": "false"}',
    '{"tag": 5}',
  ])('holds flags to the same grammar as settings, which the App leaves to it: %s', (flags) => {
    expect(refusal({ settings: 'image: {tag: v1}\n', flags, sha: COMMIT })).toMatch(/^::error::image[ .]/);
  });
});

describeWithTools(tools)("the builder's plan step", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'plan-step-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('writes its plan for the jobs behind it', () => {
    const settings = 'image:\n  tag: v1\n  build_args: {A: "1", B: "$(touch pwned)"}\nsigning: public_log\n';
    expect(runPlanStep(folder, { settings, sha: COMMIT })).toMatchObject({ status: 0, stdout: '' });
    const output = readFileSync(join(folder, 'output'), 'utf8').replaceAll(/end-[0-9a-f]{32}/g, 'END');
    expect(output).toContain('image<<END\nghcr.io/acme/app\nEND\n');
    expect(output).toContain('tag<<END\nv1\nEND\n');
    expect(output).toContain('target<<END\n\nEND\n');
    expect(output).toContain('build_args<<END\nA=1\nB=$(touch pwned)\nEND\n');
    expect(output).toContain('signing<<END\npublic_log\nEND\n');
    expect(existsSync(join(folder, 'pwned'))).toBe(false);
  });

  it('ends its job where it refuses', () => {
    const { status, stdout } = runPlanStep(folder, { settings: 'signing: sometimes\n', sha: COMMIT });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '::error::signing is one of github, public_log, none.\n' });
    expect(existsSync(join(folder, 'output'))).toBe(false);
  });

  it.each([
    ['to a file that is there', 'image: {tag: v1}\n'],
    // As the job has it: nothing else of the repository is checked out.
    ['to a file that is not there', null],
  ])('refuses settings that are a link %s', (_, text) => {
    mkdirSync(join(folder, '.github'));
    if (text !== null) writeFileSync(join(folder, 'other.yml'), text);
    symlinkSync('../other.yml', join(folder, '.github/slsa-pipeline.yml'));
    const { status, stdout } = runPlanStep(folder, { settings: null, sha: COMMIT });
    expect({ status, stdout }).toEqual({
      status: 1,
      stdout: '::error::.github/slsa-pipeline.yml is a link, or has more than 64 KB.\n',
    });
  });
});
