/** jq itself, as WebAssembly, where the machine has none. Source: npm jq-wasm, built by Emscripten from jq's source. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ended, type Tool } from './tool.ts';

/** Flags that take so many words after them. */
const TAKES: Readonly<Record<string, number>> = {
  '--arg': 2,
  '--argjson': 2,
  '--slurpfile': 2,
  '--rawfile': 2,
  '--indent': 1,
};

/** Files are read here: WebAssembly sees none of this machine's. */
export const jq: Tool = async ({ args, cwd, env, stdin }) => {
  const { raw } = await import('jq-wasm');
  const flags: string[] = [];
  const rest: string[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? '';
    if (!/^-[-\w]/.test(arg)) rest.push(arg);
    else {
      const taken = TAKES[arg] ?? 0;
      flags.push(...args.slice(at, at + taken + 1));
      at += taken;
    }
  }
  const [filter = '.', ...files] = rest;
  // Emscripten's way out sets the exit code of the whole process.
  const { exitCode } = process;
  try {
    const input =
      files.length === 0
        ? stdin.toString('utf8')
        : files.map((file) => readFileSync(resolve(cwd, file), 'utf8')).join('\n');
    const stdout = await raw(input, withEnvironment(filter, env), flags);
    return ended(0, { stdout: stdout === '' ? '' : `${stdout.replace(/\n$/, '')}\n` });
  } catch (error) {
    return ended(5, { stderr: `jq: error: ${error instanceof Error ? error.message : String(error)}\n` });
  } finally {
    process.exitCode = exitCode;
  }
};

/** Its own environment is empty: what the filter reads of it is bound before. */
function withEnvironment(filter: string, env: Readonly<Record<string, string>>): string {
  const names = [...filter.matchAll(/(?:\benv|\$ENV)\.(\w+)/g)].map(([, name = '']) => name);
  if (names.length === 0) return filter;
  const values = Object.fromEntries(names.map((name) => [name, env[name] ?? null]));
  return `${JSON.stringify(values)} as $ENV | ${filter.replaceAll(/\benv\./g, '$ENV.')}`;
}
