/** The linters that a fresh machine can have, as MegaLinter runs them: how they look, how they repair, and how they tell. */
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
  readonly tool: string;
  readonly files: RegExp;
  /** Program and first arguments; null where it is not on this machine. */
  command(): readonly string[] | null;
  /** The same in its repairing mode; null where it has none. */
  fix(): readonly string[] | null;
  read(output: string, folder: string): Finding[];
  /** In MegaLinter 9 some write no SARIF: only their own words tell what they found. */
  readonly writesSarif: boolean;
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
    tool: 'eslint',
    files: /\.[cm]?js$/,
    command: () => ofNode('eslint/bin/eslint.js', ...ESLINT),
    fix: () => ofNode('eslint/bin/eslint.js', '--fix', ...ESLINT),
    read: readEslint,
    writesSarif: true,
  },
  {
    name: 'MARKDOWN_MARKDOWNLINT',
    tool: 'markdownlint',
    files: /\.md$/,
    command: () => ofNode('markdownlint-cli2/markdownlint-cli2-bin.mjs', '--no-globs'),
    fix: () => ofNode('markdownlint-cli2/markdownlint-cli2-bin.mjs', '--fix', '--no-globs'),
    read: readLines(PLACED),
    writesSarif: false,
  },
  {
    name: 'JSON_PRETTIER',
    tool: 'prettier',
    files: /\.(json|ya?ml)$/,
    command: () => ofNode('prettier/bin/prettier.cjs', '--list-different'),
    fix: () => ofNode('prettier/bin/prettier.cjs', '--write', '--log-level', 'silent'),
    read: readNames('is not as prettier would write it'),
    writesSarif: false,
  },
  {
    name: 'PYTHON_RUFF',
    tool: 'ruff',
    files: /\.py$/,
    command: () =>
      onPath('ruff', 'check', '--output-format', 'concise', '--isolated', '--no-cache', '--select', 'E,F,I,BLE'),
    fix: () => onPath('ruff', 'check', '--fix', '--quiet', '--isolated', '--no-cache', '--select', 'E,F,I,BLE'),
    read: readLines(/^(?<file>[^:]+):(?<line>\d+):\d+: (?<rule>\S+) (?:\[\*\] )?(?<message>.+)$/),
    writesSarif: true,
  },
  {
    name: 'PYTHON_RUFF_FORMAT',
    tool: 'ruff-format',
    files: /\.py$/,
    command: () => onPath('ruff', 'format', '--check', '--isolated', '--no-cache'),
    fix: () => onPath('ruff', 'format', '--quiet', '--isolated', '--no-cache'),
    read: readLines(
      /^(?: --> |Would reformat: )(?<file>[^:]+)(?::\d+:\d+)?$/,
      '',
      'is not as ruff-format would write it',
    ),
    writesSarif: false,
  },
  {
    name: 'BASH_SHELLCHECK',
    tool: 'shellcheck',
    files: /\.(sh|bash)$/,
    command: () => onPath('shellcheck', '--norc', '--format', 'gcc'),
    fix: none,
    read: readLines(/^(?<file>[^:]+):(?<line>\d+):\d+: \w+: (?<message>.+) \[(?<rule>SC\d+)\]$/),
    writesSarif: true,
  },
  {
    name: 'DOCKERFILE_HADOLINT',
    tool: 'hadolint',
    files: /(^|\/)Dockerfile$/,
    command: () => onPath('hadolint', '--no-color'),
    fix: none,
    read: readLines(/^(?<file>[^:]+):(?<line>\d+) (?<rule>\S+) \S+: (?<message>.+)$/),
    writesSarif: true,
  },
  {
    name: 'YAML_YAMLLINT',
    tool: 'yamllint',
    files: /\.ya?ml$/,
    command: () =>
      onPath('yamllint', '--format', 'parsable', '--config-data', '{extends: relaxed, rules: {line-length: disable}}'),
    fix: none,
    read: readLines(/^(?<file>[^:]+):(?<line>\d+):\d+: \[error\] (?<message>.+) \((?<rule>[\w-]+)\)$/),
    writesSarif: false,
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

/** Names of files, one a line. */
function readNames(message: string): Linter['read'] {
  return (output) =>
    output
      .split('\n')
      .filter((line) => /^[^[\s]\S*$/.test(line))
      .map((file) => ({ file, line: null, rule: '', message }));
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
