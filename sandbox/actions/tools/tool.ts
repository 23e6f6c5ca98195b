/** A program that scripts of stage files call, carried out within the sandbox. */
import type { JobFacts } from '../runner/job-facts.ts';
import type { Machine } from '../runner/machine.ts';
import type { Services } from '../services.ts';

export interface ToolCall {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: Buffer;
  readonly facts: JobFacts;
  readonly machine: Machine;
  readonly services: Services;
}

export interface ToolResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type Tool = (call: ToolCall) => Promise<ToolResult>;

export const ended = (
  exitCode: number,
  { stdout = '', stderr = '' }: { stdout?: string; stderr?: string },
): ToolResult => ({
  exitCode,
  stdout,
  stderr,
});

export interface Flags {
  /** Flags by name, without dashes; the last value wins. */
  readonly flags: Readonly<Record<string, string>>;
  readonly rest: readonly string[];
}

/** `--name value`, `--name=value`, and switches, which are named. */
export function flagsOf(args: readonly string[], switches: readonly string[]): Flags {
  const flags: Record<string, string> = {};
  const rest: string[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? '';
    const [, name = '', value] = /^--?([A-Za-z][\w-]*)(?:=(.*))?$/s.exec(arg) ?? [];
    if (name === '') rest.push(arg);
    else if (value !== undefined) flags[name] = value;
    else if (switches.includes(name)) flags[name] = 'true';
    else {
      at += 1;
      flags[name] = args[at] ?? '';
    }
  }
  return { flags, rest };
}
