/**
 * The linters that a fresh machine can have, as MegaLinter runs them: how they look, how they repair, and how they tell.
 * Source: oxsecurity/megalinter v9.3.0, `megalinter/descriptors/*.megalinter-descriptor.yml`.
 */
import { existsSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { delimiter, dirname, join, relative } from 'node:path';
import { z } from 'zod';

export interface Finding {
  readonly file: string;
  /** Null where the linter speaks of the file as a whole. */
  readonly line: number | null;
  readonly rule: string;
  readonly message: string;
}

export interface Linter {
  /** MegaLinter's key of it. */
  readonly name: string;
  /** The language that it belongs to, as the console names it. */
  readonly descriptor: string;
  readonly tool: string;
  readonly version: string;
  readonly files: RegExp;
  /** MegaLinter skips the linter when none of these files is in the repository's root. */
  readonly needs?: readonly string[];
  /** Formatters only warn, unless `FORMATTERS_DISABLE_ERRORS` is false. */
  readonly isFormatter: boolean;
  /** Program and first arguments; null where it is not on this machine. */
  command(): readonly string[] | null;
  /** The same in its repairing mode; null where it has none. */
  fix(): readonly string[] | null;
  read(output: string, folder: string): Finding[];
  /** How MegaLinter counts errors: results of its SARIF, lines of its output, or matches in that; else one a linter. */
  readonly counts: 'sarif' | 'lines' | RegExp | 'one';
  /** Lines that MegaLinter's own version of the tool does not print. */
  readonly leavesOut?: RegExp;
}

const ofNode = (script: string, ...args: string[]): readonly string[] | null => {
  const [name = '', ...path] = script.split('/');
  const folder = packageFolder(name);
  return folder === null ? null : [process.execPath, join(folder, ...path), ...args];
};

function packageFolder(name: string): string | null {
  try {
    const file = findPackageJSON(name, import.meta.url);
    return file === undefined ? null : dirname(file);
  } catch {
    return null;
  }
}

const onPath = (program: string, ...args: string[]): readonly string[] | null => {
  const folder = (process.env['PATH'] ?? '').split(delimiter).find((each) => existsSync(join(each, program)));
  return folder === undefined ? null : [join(folder, program), ...args];
};

const none = (): null => null;

// The repository's own configuration is code, which the sandbox does not run.
const ESLINT = [
  '--no-config-lookup',
  '--format',
  'json',
  '--rule',
  '{"no-undef":0,"no-unused-vars":2,"no-unreachable":2,"no-dupe-keys":2,"eqeqeq":2,"no-debugger":2,"no-var":2,"prefer-const":2}',
];

const PLACED = /^(?<file>[^:]+):(?<line>\d+)(?::\d+)?:? (?:error )?(?<rule>\S+) (?<message>.+)$/;

export const LINTERS: readonly Linter[] = [
  {
    name: 'JAVASCRIPT_ES',
    descriptor: 'JAVASCRIPT',
    tool: 'eslint',
    version: '8.57.1',
    files: /\.js$/,
    needs: ['.eslintrc.json', '.eslintrc.yml', '.eslintrc.yaml', '.eslintrc.js', '.eslintrc.cjs'],
    isFormatter: false,
    command: () => ofNode('eslint/bin/eslint.js', ...ESLINT),
    fix: () => ofNode('eslint/bin/eslint.js', '--fix', ...ESLINT),
    read: readEslint,
    counts: 'sarif',
  },
  {
    name: 'MARKDOWN_MARKDOWNLINT',
    descriptor: 'MARKDOWN',
    tool: 'markdownlint',
    version: '0.47.0',
    files: /\.md$/,
    isFormatter: true,
    command: () => ofNode('markdownlint-cli2/markdownlint-cli2-bin.mjs', '--no-globs'),
    fix: () => ofNode('markdownlint-cli2/markdownlint-cli2-bin.mjs', '--fix', '--no-globs'),
    read: readLines(PLACED),
    counts: 'lines',
    // Only markdownlint-cli2 prints this line; MegaLinter uses markdownlint-cli.
    leavesOut: /^(markdownlint-cli2 v|Finding: |Linting: |Summary: )/,
  },
  {
    name: 'JSON_PRETTIER',
    descriptor: 'JSON',
    tool: 'prettier',
    version: '3.7.4',
    files: /\.json$/,
    isFormatter: true,
    command: () => ofNode('prettier/bin/prettier.cjs', '--check'),
    fix: () => ofNode('prettier/bin/prettier.cjs', '--write'),
    read: readLines(/^\[warn\] (?<file>\S+\.json)$/, '', 'is not as prettier would write it'),
    counts: 'one',
  },
  {
    name: 'YAML_PRETTIER',
    descriptor: 'YAML',
    tool: 'prettier',
    version: '3.7.4',
    files: /\.ya?ml$/,
    isFormatter: true,
    command: () => ofNode('prettier/bin/prettier.cjs', '--check'),
    fix: () => ofNode('prettier/bin/prettier.cjs', '--write'),
    read: readLines(/^\[warn\] (?<file>\S+\.ya?ml)$/, '', 'is not as prettier would write it'),
    counts: /\[error\]/g,
  },
  {
    name: 'PYTHON_RUFF',
    descriptor: 'PYTHON',
    tool: 'ruff',
    version: '0.14.10',
    files: /\.py$/,
    isFormatter: false,
    command: () =>
      onPath('ruff', 'check', '--output-format', 'concise', '--isolated', '--no-cache', '--select', 'E,F,I,BLE'),
    fix: () => onPath('ruff', 'check', '--fix', '--quiet', '--isolated', '--no-cache', '--select', 'E,F,I,BLE'),
    read: readLines(/^(?<file>[^:]+):(?<line>\d+):\d+: (?<rule>\S+) (?:\[\*\] )?(?<message>.+)$/),
    counts: 'sarif',
  },
  {
    name: 'PYTHON_RUFF_FORMAT',
    descriptor: 'PYTHON',
    tool: 'ruff-format',
    version: '0.14.10',
    files: /\.py$/,
    isFormatter: true,
    command: () => onPath('ruff', 'format', '--check', '--isolated', '--no-cache'),
    fix: () => onPath('ruff', 'format', '--quiet', '--isolated', '--no-cache'),
    read: readLines(
      /^(?: --> |Would reformat: )(?<file>[^:]+)(?::\d+:\d+)?$/,
      '',
      'is not as ruff-format would write it',
    ),
    counts: 'one',
  },
  {
    name: 'BASH_SHELLCHECK',
    descriptor: 'BASH',
    tool: 'shellcheck',
    version: '0.11.0',
    files: /\.(sh|bash)$/,
    isFormatter: false,
    command: () => onPath('shellcheck', '--norc', '--format', 'gcc'),
    fix: none,
    read: readLines(/^(?<file>[^:]+):(?<line>\d+):\d+: \w+: (?<message>.+) \[(?<rule>SC\d+)\]$/),
    counts: 'sarif',
  },
  {
    name: 'DOCKERFILE_HADOLINT',
    descriptor: 'DOCKERFILE',
    tool: 'hadolint',
    version: '2.14.0',
    files: /(^|\/)Dockerfile$/,
    isFormatter: false,
    command: () => onPath('hadolint', '--no-color'),
    fix: none,
    read: readLines(/^(?<file>[^:]+):(?<line>\d+) (?<rule>\S+) \S+: (?<message>.+)$/),
    counts: 'sarif',
  },
  {
    name: 'YAML_YAMLLINT',
    descriptor: 'YAML',
    tool: 'yamllint',
    version: '1.37.1',
    files: /\.ya?ml$/,
    isFormatter: false,
    command: () =>
      onPath('yamllint', '--format', 'parsable', '--config-data', '{extends: relaxed, rules: {line-length: disable}}'),
    fix: none,
    read: readLines(/^(?<file>[^:]+):(?<line>\d+):\d+: \[error\] (?<message>.+) \((?<rule>[\w-]+)\)$/),
    counts: /\d+:\d+:?\s*\[?(warning|error)\]?/g,
  },
];

function readLines(pattern: RegExp, rule = '', message = ''): Linter['read'] {
  return (output) =>
    output
      .split('\n')
      .map((line) => pattern.exec(line)?.groups)
      .filter((groups) => groups !== undefined)
      .map((groups) => ({
        file: groups['file'] ?? '',
        line: groups['line'] === undefined ? null : Number(groups['line']),
        rule: groups['rule'] ?? rule,
        message: groups['message'] ?? message,
      }));
}

const EslintOutput = z.array(
  z.object({
    filePath: z.string(),
    messages: z.array(
      z.object({
        ruleId: z.string().nullable(),
        line: z.number().optional(),
        message: z.string(),
        severity: z.number(),
      }),
    ),
  }),
);

function readEslint(output: string, folder: string): Finding[] {
  const parsed = EslintOutput.safeParse(tryJson(output));
  if (!parsed.success) return [];
  return parsed.data.flatMap(({ filePath, messages }) =>
    messages
      .filter(({ severity }) => severity === 2)
      .map(({ ruleId, line = 1, message }) => ({
        file: relative(folder, filePath),
        line,
        rule: ruleId ?? 'parse',
        message,
      })),
  );
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text.trim());
  } catch {
    return null;
  }
}
