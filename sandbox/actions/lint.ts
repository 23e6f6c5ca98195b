/** MegaLinter's stand-in: runs the real linters that are there, and writes MegaLinter's reports. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { LINTERS, type Finding, type Linter } from './linters.ts';

export interface LintReport {
  readonly exitCode: number;
  readonly megalinter: object;
  readonly sarif: object;
  /** What the failed linters printed, by their keys. */
  readonly logs: object;
  /** What MegaLinter prints. */
  readonly output: readonly string[];
}

interface Ran {
  readonly linter: Linter;
  readonly files: readonly string[];
  readonly findings: readonly Finding[];
  readonly printed: string;
}

export async function lintFolder(folder: string): Promise<LintReport> {
  const files = await filesOf(folder);
  const results = await Promise.all(activeFor(files, 'command').map((each) => lint(each, folder)));
  const exitCode = results.some(({ findings }) => findings.length > 0) ? 1 : 0;
  const failed = results.filter(({ findings }) => findings.length > 0);
  return {
    exitCode,
    megalinter: {
      linters: results.map(({ linter, files: linted, findings }) => ({
        name: linter.name,
        linter_name: linter.tool,
        status: findings.length === 0 ? 'success' : 'error',
        total_number_errors: findings.length,
        files_number: linted.length,
        files: linted,
      })),
      status: exitCode === 0 ? 'success' : 'error',
      return_code: exitCode,
    },
    sarif: {
      version: '2.1.0',
      runs: results
        .filter(({ linter }) => linter.writesSarif)
        .map(({ linter, findings }) => sarifRun(linter, findings)),
    },
    logs: Object.fromEntries(failed.map(({ linter, printed }) => [linter.name, printed.slice(0, MAX_LOG)])),
    output: results.flatMap(({ linter, findings }) => told(linter, findings)),
  };
}

/** As stage 00 keeps them. */
const MAX_FIXED_BYTES = 2_000_000;
const MAX_LOG = 200_000;

/** Lets every linter that can repair what it finds, one after the other: two at once would write over each other. */
export async function fixFolder(folder: string): Promise<object> {
  const files = await filesOf(folder);
  const before = await contentsOf(folder, files);
  for (const { command, files: own } of activeFor(files, 'fix')) {
    const [program = '', ...args] = command;
    await runProgram(program, [...args, ...own], folder);
  }
  const after = await contentsOf(folder, files);
  const differing = files.filter((file) => before.get(file)?.equals(after.get(file) ?? Buffer.alloc(0)) === false);
  const changed = differing.filter((file) => (after.get(file)?.length ?? 0) <= MAX_FIXED_BYTES);
  return {
    schemaVersion: 1,
    files: changed.map((path) => {
      const bytes = after.get(path) ?? Buffer.alloc(0);
      return { path, sha256: createHash('sha256').update(bytes).digest('hex'), content: bytes.toString('base64') };
    }),
    left: differing.length - changed.length,
  };
}

async function contentsOf(folder: string, files: readonly string[]): Promise<ReadonlyMap<string, Buffer>> {
  return new Map(await Promise.all(files.map(async (file) => [file, await readFile(join(folder, file))] as const)));
}

interface Active {
  readonly linter: Linter;
  readonly command: readonly string[];
  readonly files: readonly string[];
}

const activeFor = (files: readonly string[], mode: 'command' | 'fix'): Active[] =>
  LINTERS.flatMap((linter) => {
    const command = linter[mode]();
    const own = files.filter((file) => linter.files.test(file));
    return command === null || own.length === 0 ? [] : [{ linter, command, files: own }];
  });

const told = ({ name, tool }: Linter, findings: readonly Finding[]): string[] =>
  findings.length === 0
    ? [`✅ Linted [${name}] files with [${tool}] successfully`]
    : [
        `❌ Linted [${name}] files with [${tool}]: Found ${findings.length} error(s)`,
        ...findings.map(
          ({ file, line, rule, message }) => `  ${file}${line === null ? '' : `:${line}`} ${rule} ${message}`,
        ),
      ];

const sarifRun = ({ name, tool }: Linter, findings: readonly Finding[]): object => ({
  tool: { driver: { name: `${tool} (MegaLinter ${name})` } },
  properties: { megalinter: { linterKey: name } },
  results: findings.map(({ file, line, rule, message }) => ({
    ruleId: rule,
    level: 'error',
    message: { text: message },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: file },
          ...(line === null ? {} : { region: { startLine: line } }),
        },
      },
    ],
  })),
});

const SKIPPED = /(^|\/)(node_modules|\.git|dist|megalinter-reports)(\/|$)/;

/** Links are not followed: they may lead anywhere. */
async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((file) => !SKIPPED.test(file))
    .toSorted();
}

async function lint({ linter, command, files }: Active, folder: string): Promise<Ran> {
  const [program = '', ...args] = command;
  const { code, output } = await runProgram(program, [...args, ...files], folder);
  const findings = linter.read(output, folder);
  // A linter that failed without a finding that can be read has crashed: that is an error too.
  const crash = { file: '', line: null, rule: linter.tool, message: `ended with exit code ${code}` };
  return { linter, files, findings: code !== 0 && findings.length === 0 ? [crash] : findings, printed: output };
}

const runProgram = (program: string, args: readonly string[], cwd: string): Promise<{ code: number; output: string }> =>
  new Promise((resolve) => {
    // Some linters would leave a compile cache in the machine's temporary folder.
    const env = { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' };
    execFile(program, args, { cwd, env, timeout: 60_000, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      const code = typeof error?.code === 'number' ? error.code : error === null ? 0 : 1;
      resolve({ code, output: `${stdout}\n${stderr}` });
    });
  });
