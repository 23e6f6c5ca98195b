/** The command line in a process of its own, with an environment that the test writes. */
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const MAIN = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Command {
  readonly child: ChildProcess;
  /** With everything that it wrote. */
  readonly ended: Promise<Ended>;
  /** Resolves once it has written this. @throws Error where it ends, or 20 s pass, before that */
  readonly says: (text: string) => Promise<void>;
  /** Everything so far. */
  readonly written: () => string;
}

const SAYS_WITHIN_MS = 20_000;

/** @param env beside PATH and HOME, which it may change */
export function command(args: readonly string[], env: Readonly<Record<string, string>> = {}): Command {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [MAIN, ...args], { env: { PATH, HOME, ...env } });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, out, err })));
  const says = async (text: string): Promise<void> => {
    const deadline = Date.now() + SAYS_WITHIN_MS;
    while (!`${out}${err}`.includes(text)) {
      if (child.exitCode !== null || Date.now() > deadline)
        throw new Error(`\`${args.join(' ')}\` never said "${text}":\n${out}${err}`);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  };
  return { child, ended, says, written: () => `${out}${err}` };
}
