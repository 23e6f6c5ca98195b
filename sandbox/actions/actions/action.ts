/** What a double of a third-party action is: the inputs of its pinned version, and what that version does. */
import type { JobFacts } from '../runner/job-facts.ts';
import type { Machine } from '../runner/machine.ts';
import type { Services } from '../services.ts';
import type { ToolsServer } from '../tools/tools-server.ts';

export interface ActionDouble {
  /** As `uses:` names it, without its version. */
  readonly name: string;
  /** The one version that it stands for. */
  readonly commit: string;
  readonly version: string;
  /** Inputs of its `action.yml` at that commit, with their defaults, which may be expressions; null where it has none. */
  readonly inputs: Readonly<Record<string, string | null>>;
  /** Those that it cannot do without, in the words of its own check. */
  readonly required?: readonly string[];
  readonly run: (call: ActionCall) => Promise<ActionEnd>;
  /** What it does when the job ends. */
  readonly post?: (call: ActionCall) => void;
}

export interface ActionCall {
  /** An input of the double; empty where nothing was given and there is no default. */
  readonly input: (name: string) => string;
  /** The environment of the step, merged with that of the job and the workflow. */
  readonly env: Readonly<Record<string, string>>;
  readonly facts: JobFacts;
  readonly machine: Machine;
  readonly services: Services;
  readonly tools: Pick<ToolsServer, 'folderOf'>;
  readonly signal: AbortSignal;
  /** A line of its output, which may be a workflow command. */
  readonly log: (line: string) => void;
}

export interface ActionEnd {
  readonly outputs: Readonly<Record<string, string>>;
  /** Why the step fails; absent where it does not. */
  readonly failure?: string;
  /** Folders that it puts on the PATH of later steps. */
  readonly paths?: readonly string[];
}

/** What `core.setFailed` makes of a step. */
export const failed = (failure: string, outputs: Readonly<Record<string, string>> = {}): ActionEnd => ({
  outputs,
  failure,
});

/** As @actions/core reads a switch. Source: actions/toolkit `packages/core/src/core.ts`, `getBooleanInput`. */
export const isOn = (value: string): boolean => ['true', 'True', 'TRUE'].includes(value);

/** Lines of an input that lists, without empty ones. Source: `getMultilineInput`. */
export const linesOf = (value: string): string[] =>
  value
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
