/** MegaLinter on a folder: runs the linters that are there, and counts as it does. Source: v9.3.0, `Linter.py`, `MegaLinter.py`. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { LINTERS, type Finding, type Linter } from './linters.ts';
import { disablesErrors, type Settings } from './settings.ts';

export interface Linted {
  readonly linter: Linter;
  readonly files: readonly string[];
  /** Files that its fixer has changed. */
  readonly fixed: readonly string[];
  readonly findings: readonly Finding[];
  readonly printed: string;
  readonly status: 'success' | 'warning' | 'error';
  readonly returnCode: 0 | 1;
  readonly errors: number;
}

export interface Lint {
  readonly linted: readonly Linted[];
  readonly status: Linted['status'];
  readonly returnCode: 0 | 1;
  readonly hasUpdatedSources: 0 | 1;
}

/** Changes the folder's files where the settings say so. */
export async function lintFolder(folder: string, settings: Settings): Promise<Lint> {
  const files = await filesOf(folder);
  const isFixing = settings['APPLY_FIXES'] === 'all';
  const linted: Linted[] = [];
  // Two at once would write over each other.
  if (isFixing)
    for (const each of activeIn(folder, files)) linted.push(await lint(each, folder, { settings, isFixing }));
  else
    linted.push(
      ...(await Promise.all(activeIn(folder, files).map((each) => lint(each, folder, { settings, isFixing })))),
    );
  const returnCode = linted.some((each) => each.returnCode > 0) ? 1 : 0;
  const status = statusOf(linted);
  const hasUpdatedSources = linted.some(({ fixed }) => fixed.length > 0) ? 1 : 0;
  const isRefused = hasUpdatedSources === 1 && settings['FAIL_IF_UPDATED_SOURCES'] === 'true' && status !== 'error';
  return { linted, status: isRefused ? 'error' : status, returnCode: isRefused ? 1 : returnCode, hasUpdatedSources };
}

function statusOf(linted: readonly Linted[]): Linted['status'] {
  if (linted.some(({ returnCode }) => returnCode > 0)) return 'error';
  return linted.every(({ status }) => status === 'success') ? 'success' : 'warning';
}

interface Active {
  readonly linter: Linter;
  readonly files: readonly string[];
}

const activeIn = (folder: string, files: readonly string[]): Active[] =>
  LINTERS.flatMap((linter) => {
    const own = files.filter((file) => linter.files.test(file));
    const isWanted = linter.needs?.some((name) => existsSync(join(folder, name))) !== false;
    return linter.command() === null || own.length === 0 || !isWanted ? [] : [{ linter, files: own }];
  });

async function lint(
  { linter, files }: Active,
  folder: string,
  { settings, isFixing }: { readonly settings: Settings; readonly isFixing: boolean },
): Promise<Linted> {
  const fixed = await fixedBy(isFixing ? linter.fix() : null, folder, files);
  const { code, output } = await runProgram([...(linter.command() ?? []), ...files], folder);
  const printed = output
    .split('\n')
    .filter((line) => linter.leavesOut?.test(line) !== true)
    .join('\n')
    .trim();
  const read = linter.read(output, folder);
  // A linter that failed without a finding that can be read has crashed: that is an error too.
  const crash = { file: '', line: null, rule: linter.tool, message: `ended with exit code ${code}` };
  const findings = code !== 0 && read.length === 0 ? [crash] : read;
  const errors = code === 0 ? 0 : Math.max(1, countOf(linter, printed, findings));
  const status = code === 0 ? 'success' : disablesErrors(linter, settings) ? 'warning' : 'error';
  const limit = Number(settings[`${linter.name}_DISABLE_ERRORS_IF_LESS_THAN`] ?? 0);
  const returnCode = status === 'error' && errors >= limit ? 1 : 0;
  return { linter, files, fixed, findings, printed, status, returnCode, errors };
}

/** The files that a fixer changed. */
async function fixedBy(fixer: readonly string[] | null, folder: string, files: readonly string[]): Promise<string[]> {
  if (fixer === null) return [];
  const before = await contentsOf(folder, files);
  await runProgram([...fixer, ...files], folder);
  const after = await contentsOf(folder, files);
  return files.filter((file) => before.get(file)?.equals(after.get(file) ?? Buffer.alloc(0)) === false);
}

function countOf({ counts }: Linter, printed: string, findings: readonly Finding[]): number {
  if (counts === 'sarif') return findings.length;
  if (counts === 'lines') return printed.split('\n').filter((line) => line.trim() !== '').length;
  return counts === 'one' ? 1 : [...printed.matchAll(counts)].length;
}

async function contentsOf(folder: string, files: readonly string[]): Promise<ReadonlyMap<string, Buffer>> {
  return new Map(await Promise.all(files.map(async (file) => [file, await readFile(join(folder, file))] as const)));
}

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

function runProgram(
  [program = '', ...args]: readonly string[],
  cwd: string,
): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    // Some linters would leave a compile cache in the machine's temporary folder.
    const env = { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' };
    execFile(program, args, { cwd, env, timeout: 60_000, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      const code = typeof error?.code === 'number' ? error.code : error === null ? 0 : 1;
      resolve({ code, output: `${stdout}\n${stderr}` });
    });
  });
}
