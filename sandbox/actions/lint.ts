/** MegaLinter's stand-in: runs the real linters that are there, and writes MegaLinter's reports. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { delimiter, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

interface Finding {
  readonly file: string;
  readonly line: number;
  readonly rule: string;
  readonly message: string;
}

interface Linter {
  /** MegaLinter's name for it. */
  readonly name: string;
  readonly tool: string;
  readonly files: RegExp;
  /** Program and first arguments; null where it is not on this machine. */
  command(): readonly string[] | null;
  read(output: string, folder: string): Finding[];
}

export interface LintReport {
  readonly exitCode: number;
  readonly megalinter: object;
  readonly sarif: object;
  /** What MegaLinter prints. */
  readonly output: readonly string[];
}

const MODULES = fileURLToPath(new URL('../../node_modules/', import.meta.url));

const ofNode = (script: string, ...args: string[]): readonly string[] | null => {
  const path = join(MODULES, script);
  return existsSync(path) ? [process.execPath, path, ...args] : null;
};

const onPath = (program: string, ...args: string[]): readonly string[] | null => {
  const folder = (process.env['PATH'] ?? '').split(delimiter).find((each) => existsSync(join(each, program)));
  return folder === undefined ? null : [join(folder, program), ...args];
};

const LINTERS: readonly Linter[] = [
  {
    name: 'JAVASCRIPT_ES',
    tool: 'eslint',
    files: /\.[cm]?js$/,
    // The repository's own configuration is code, which the sandbox does not run.
    command: () =>
      ofNode(
        'eslint/bin/eslint.js',
        '--no-config-lookup',
        '--format',
        'json',
        '--rule',
        '{"no-undef":0,"no-unused-vars":2,"no-unreachable":2,"no-dupe-keys":2,"eqeqeq":2,"no-debugger":2}',
      ),
    read: readEslint,
  },
  {
    name: 'MARKDOWN_MARKDOWNLINT',
    tool: 'markdownlint',
    files: /\.md$/,
    command: () => ofNode('markdownlint-cli2/markdownlint-cli2-bin.mjs', '--no-globs'),
    read: readLines(/^(?<file>[^:]+):(?<line>\d+)(?::\d+)? (?:error )?(?<rule>\S+) (?<message>.+)$/),
  },
  {
    name: 'JSON_PRETTIER',
    tool: 'prettier',
    files: /\.(json|ya?ml)$/,
    command: () => ofNode('prettier/bin/prettier.cjs', '--list-different'),
    read: readLines(/^(?<file>[^[\s][^\s]*)$/, 'prettier', 'is not formatted as prettier formats it'),
  },
  {
    name: 'PYTHON_RUFF',
    tool: 'ruff',
    files: /\.py$/,
    command: () => onPath('ruff', 'check', '--output-format', 'concise', '--isolated'),
    read: readLines(/^(?<file>[^:]+):(?<line>\d+):\d+: (?<rule>\S+) (?<message>.+)$/),
  },
  {
    name: 'BASH_SHELLCHECK',
    tool: 'shellcheck',
    files: /\.(sh|bash)$/,
    command: () => onPath('shellcheck', '--format', 'gcc'),
    read: readLines(/^(?<file>[^:]+):(?<line>\d+):\d+: \w+: (?<message>.+) \[(?<rule>SC\d+)\]$/),
  },
  {
    name: 'DOCKERFILE_HADOLINT',
    tool: 'hadolint',
    files: /(^|\/)Dockerfile$/,
    command: () => onPath('hadolint', '--no-color'),
    read: readLines(/^(?<file>[^:]+):(?<line>\d+) (?<rule>\S+) \S+: (?<message>.+)$/),
  },
];

export async function lintFolder(folder: string): Promise<LintReport> {
  const files = await filesOf(folder);
  const active = LINTERS.map((linter) => ({
    linter,
    command: linter.command(),
    files: files.filter((file) => linter.files.test(file)),
  })).filter((each) => each.command !== null && each.files.length > 0);
  const results = await Promise.all(
    active.map(async (each) => ({
      ...each,
      findings: await lint(each.linter, each.command ?? [], each.files, folder),
    })),
  );
  const exitCode = results.some(({ findings }) => findings.length > 0) ? 1 : 0;
  return {
    exitCode,
    megalinter: {
      linters: results.map(({ linter, files: linted, findings }) => ({
        name: linter.name,
        status: findings.length === 0 ? 'success' : 'error',
        total_number_errors: findings.length,
        files_number: linted.length,
      })),
      status: exitCode === 0 ? 'success' : 'error',
      return_code: exitCode,
    },
    sarif: { version: '2.1.0', runs: results.map(({ linter, findings }) => sarifRun(linter.tool, findings)) },
    output: results.flatMap(({ linter, findings }) => printed(linter, findings)),
  };
}

const printed = ({ name, tool }: Linter, findings: readonly Finding[]): string[] =>
  findings.length === 0
    ? [`✅ Linted [${name}] files with [${tool}] successfully`]
    : [
        `❌ Linted [${name}] files with [${tool}]: Found ${findings.length} error(s)`,
        ...findings.map(({ file, line, rule, message }) => `  ${file}:${line} ${rule} ${message}`),
      ];

const sarifRun = (tool: string, findings: readonly Finding[]): object => ({
  tool: { driver: { name: tool } },
  results: findings.map(({ file, line, rule, message }) => ({
    ruleId: rule,
    level: 'error',
    message: { text: message },
    locations: [{ physicalLocation: { artifactLocation: { uri: file }, region: { startLine: line } } }],
  })),
});

const SKIPPED = /(^|\/)(node_modules|\.git|dist|megalinter-reports)(\/|$)/;

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((file) => !SKIPPED.test(file))
    .toSorted();
}

async function lint(
  linter: Linter,
  command: readonly string[],
  files: readonly string[],
  folder: string,
): Promise<Finding[]> {
  const [program = '', ...args] = command;
  const { code, output } = await runProgram(program, [...args, ...files], folder);
  const findings = linter.read(output, folder);
  // A linter that failed without a finding that can be read has crashed: that is an error too.
  return code !== 0 && findings.length === 0
    ? [{ file: '', line: 1, rule: linter.tool, message: `ended with exit code ${code}` }]
    : findings;
}

const runProgram = (program: string, args: readonly string[], cwd: string): Promise<{ code: number; output: string }> =>
  new Promise((resolve) => {
    execFile(program, args, { cwd, timeout: 60_000, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      const code = typeof error?.code === 'number' ? error.code : error === null ? 0 : 1;
      resolve({ code, output: `${stdout}\n${stderr}` });
    });
  });

function readLines(pattern: RegExp, rule = '', message = ''): Linter['read'] {
  return (output) =>
    output
      .split('\n')
      .map((line) => pattern.exec(line)?.groups)
      .filter((groups) => groups !== undefined)
      .map((groups) => ({
        file: groups['file'] ?? '',
        line: Number(groups['line'] ?? 1),
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
