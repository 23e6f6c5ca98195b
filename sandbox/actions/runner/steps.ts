/** The steps of a job, one after the other. Source: actions/runner `StepsRunner.cs`, `ScriptHandler.cs`. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { ActionCall, ActionDouble, ActionEnd } from '../actions/action.ts';
import { defaultOf, holds, isTrue, numberOf, textOf, textsOf, type Scope } from './expressions.ts';
import { pairsIn, pathsIn } from './file-commands.ts';
import { localAction, type JavaScriptAction } from './javascript-action.ts';
import type { JobLog } from './job-log.ts';
import type { Machine } from './machine.ts';
import type { Defaults, Step } from './workflow.ts';

export interface StepEnd {
  readonly name: string;
  readonly outcome: Outcome;
  /** As the job sees it: a failure that may happen is none. */
  readonly conclusion: Outcome;
}
export type Outcome = 'success' | 'failure' | 'cancelled' | 'skipped';

export interface StepsParts {
  readonly steps: readonly Step[];
  readonly defaults: Defaults;
  readonly machine: Machine;
  readonly log: JobLog;
  readonly signal: AbortSignal;
  /** Contexts but `env`, `steps` and `job`, which the steps themselves make. */
  readonly contexts: Readonly<Record<string, unknown>>;
  /** Variables of every process; a step cannot override them. */
  readonly variables: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  /** Folders of programs, before those of this machine. */
  readonly paths: readonly string[];
  /** What the steps use, but for actions of the checkout, which are found when their step starts. */
  readonly actions: ReadonlyMap<string, ActionDouble | JavaScriptAction>;
  readonly callOf: (
    inputs: Readonly<Record<string, string>>,
    env: ActionCall['env'],
    signal: AbortSignal,
  ) => ActionCall;
  /** Milliseconds of a minute of `timeout-minutes`. */
  readonly minuteMs: number;
}

interface StepRecord {
  readonly outputs: Record<string, string>;
  outcome: Outcome;
  conclusion: Outcome;
}

export class Steps {
  readonly ended: StepEnd[] = [];
  status: Scope['status'] = 'success';
  private readonly records: Record<string, StepRecord> = {};
  private readonly env: Record<string, string>;
  private readonly prepended: string[] = [];
  private readonly posts: { readonly name: string; readonly run: () => void }[] = [];
  private readonly parts: StepsParts;

  constructor(parts: StepsParts) {
    this.parts = parts;
    this.env = { ...parts.env };
  }

  /** For the job's outputs. */
  get scope(): Scope {
    return this.scopeWith(this.env);
  }

  async run(): Promise<void> {
    for (const step of this.parts.steps) await this.runOne(step);
    for (const { name, run } of this.posts.toReversed()) {
      run();
      this.ended.push({ name, outcome: 'success', conclusion: 'success' });
    }
  }

  private scopeWith(env: Readonly<Record<string, string>>): Scope {
    const contexts = { ...this.parts.contexts, env, steps: this.records, job: { status: this.status } };
    return { contexts, status: this.status };
  }

  private async runOne(step: Step): Promise<void> {
    if (this.parts.signal.aborted) this.status = 'cancelled';
    const { log } = this.parts;
    const record: StepRecord = { outputs: {}, outcome: 'success', conclusion: 'success' };
    if (step.id !== null) this.records[step.id] = record;
    let name = nameOf(step, this.scope);
    try {
      const env = { ...this.env, ...textsOf(step.env, this.scope) };
      const scope = this.scopeWith(env);
      name = nameOf(step, scope);
      if (!holds(step.condition, scope)) record.outcome = 'skipped';
      else record.outcome = await this.carryOut(step, { name, env, scope, record });
    } catch (error) {
      log.annotate('error', error instanceof Error ? error.message : String(error));
      record.outcome = 'failure';
    }
    const isTolerated = record.outcome === 'failure' && isTrue(step.continueOnError, this.scope);
    record.conclusion = isTolerated ? 'success' : record.outcome;
    if (record.conclusion === 'failure' && this.status === 'success') this.status = 'failure';
    if (record.conclusion === 'cancelled') this.status = 'cancelled';
    this.ended.push({ name, outcome: record.outcome, conclusion: record.conclusion });
  }

  private async carryOut(step: Step, at: At): Promise<Outcome> {
    const minutes = numberOf(step.timeoutMinutes, at.scope);
    const limit = minutes === null ? null : AbortSignal.timeout(minutes * this.parts.minuteMs);
    // A step that runs because the job was cancelled is not ended by that once more.
    const job = this.status === 'cancelled' ? [] : [this.parts.signal];
    const signal = AbortSignal.any([...job, ...(limit === null ? [] : [limit])]);
    const outcome = step.uses === null ? await this.script(step, at, signal) : await this.action(step, at, signal);
    if (limit?.aborted === true && !this.parts.signal.aborted) {
      this.parts.log.annotate('error', `The action '${at.name}' has timed out after ${minutes} minutes.`);
      return 'failure';
    }
    return signal.aborted ? 'cancelled' : outcome;
  }

  /** Source: actions/runner `ScriptHandlerHelpers.cs`, the arguments of each shell. */
  private async script(step: Step, { env, scope, record }: At, signal: AbortSignal): Promise<Outcome> {
    const { machine, log, defaults } = this.parts;
    const text = textOf(step.run, scope);
    const shell = step.shell ?? defaults.shell;
    const file = join(machine.folders.temp, `${randomUUID()}.sh`);
    writeFileSync(file, text);
    machine.giveToRunner(file);
    const command = shell === undefined ? ['bash', '-e', file] : shellCommand(shell, file);
    log.line(`##[group]Run ${firstLine(text)}`);
    for (const line of text.split('\n')) log.line(line);
    log.line(`shell: ${command.slice(0, -1).join(' ')} {0}`);
    if (Object.keys(env).length > 0) log.line('env:');
    for (const [key, value] of Object.entries(env)) log.line(`  ${key}: ${value}`);
    log.line('##[endgroup]');
    const cwd = join(
      machine.folders.workspace,
      textOf(step.workingDirectory, scope) || (defaults.workingDirectory ?? ''),
    );
    const files = this.commandFiles();
    const all = this.processEnvironment({ ...env, ...files });
    const { exitCode } = await machine
      .run(command, all, { cwd, signal, onLine: (line) => log.printed(line) })
      .catch((error: unknown) => {
        // spawn rejects with system errors only (Node docs, "Event: 'error'").
        throw new Error(startFault(error as NodeJS.ErrnoException, command[0] ?? '', cwd));
      });
    this.take(files, record);
    if (exitCode === 0) return 'success';
    if (!signal.aborted) log.annotate('error', `Process completed with exit code ${exitCode}.`);
    return 'failure';
  }

  private async action(step: Step, { name, env, scope, record }: At, signal: AbortSignal): Promise<Outcome> {
    const { log, actions, machine } = this.parts;
    const uses = step.uses ?? '';
    const action = uses.startsWith('./') ? localAction(uses, machine) : actions.get(uses);
    if (action === undefined) throw new Error(`Unable to resolve action \`${uses}\``);
    const given = textsOf(step.with, scope);
    log.line(`##[group]Run ${uses}`);
    if (Object.keys(given).length > 0) log.line('with:');
    for (const [key, value] of Object.entries(given)) log.line(`  ${key}: ${value}`);
    log.line('##[endgroup]');
    const unknown = Object.keys(given).filter((key) => !Object.hasOwn(action.inputs, key.toLowerCase()));
    if (unknown.length > 0) log.annotate('warning', unexpected(unknown, action));
    const inputs = inputsOf(action, given, scope);
    if ('main' in action) return this.program(action, { inputs, env, record }, signal);
    return this.double(action, { inputs, env, record, name }, signal);
  }

  private async double(
    action: ActionDouble,
    { inputs, env, record, name }: Given & Pick<At, 'name'>,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const call = this.parts.callOf(inputs, this.processEnvironment(env), signal);
    const missing = action.required?.find((key) => inputs[key] === '');
    const end =
      missing === undefined
        ? await Promise.race([action.run(call), aborted(signal)])
        : { outputs: {}, failure: `Input required and not supplied: ${missing}` };
    if (action.post !== undefined) this.posts.push({ name: `Post ${name}`, run: () => action.post?.(call) });
    Object.assign(record.outputs, end.outputs);
    this.prepended.push(...(end.paths ?? []));
    if (end.failure === undefined) return 'success';
    if (!signal.aborted) this.parts.log.annotate('error', end.failure);
    return 'failure';
  }

  private async program(
    { main }: JavaScriptAction,
    { inputs, env, record }: Given,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const { machine, log } = this.parts;
    const files = this.commandFiles();
    const asVariables = Object.entries(inputs).map(
      ([key, value]) => [`INPUT_${key.replaceAll(' ', '_').toUpperCase()}`, value] as const,
    );
    const all = this.processEnvironment({ ...env, ...files, ...Object.fromEntries(asVariables) });
    const { exitCode } = await machine.run([process.execPath, main], all, {
      cwd: machine.folders.workspace,
      signal,
      onLine: (line) => log.printed(line),
      as: 'ourselves',
    });
    this.take(files, record);
    // An action that fails has said why; the runner adds nothing.
    return exitCode === 0 ? 'success' : 'failure';
  }

  /** Empty files, a new set for each step. */
  private commandFiles(): Record<(typeof COMMAND_FILES)[number], string> {
    const { machine } = this.parts;
    const made = COMMAND_FILES.map((name) => {
      const file = join(machine.folders.commands, `${name.toLowerCase()}_${randomUUID()}`);
      writeFileSync(file, '');
      machine.giveToRunner(file);
      return [name, file] as const;
    });
    return Object.fromEntries(made) as Record<(typeof COMMAND_FILES)[number], string>;
  }

  private take(files: ReturnType<Steps['commandFiles']>, record: StepRecord): void {
    const read = (name: keyof typeof files): string =>
      existsSync(files[name]) ? readFileSync(files[name], 'utf8') : '';
    try {
      Object.assign(record.outputs, Object.fromEntries(pairsIn(read('GITHUB_OUTPUT'))));
      Object.assign(this.env, Object.fromEntries(pairsIn(read('GITHUB_ENV'))));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`Unable to process file command 'output' successfully.\n${why}`, { cause: error });
    }
    this.prepended.push(...pathsIn(read('GITHUB_PATH')));
  }

  private processEnvironment(env: Readonly<Record<string, string>>): Record<string, string> {
    const paths = [...this.prepended.toReversed(), ...this.parts.paths, process.env['PATH'] ?? ''];
    return { ...env, ...this.parts.variables, PATH: paths.join(':') };
  }
}

/** Ends the wait for an action when the step is cancelled. */
const aborted = (signal: AbortSignal): Promise<ActionEnd> =>
  new Promise((resolve) => {
    const end = (): void => resolve({ outputs: {}, failure: 'The operation was canceled.' });
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });

interface Given extends Pick<At, 'env' | 'record'> {
  readonly inputs: Readonly<Record<string, string>>;
}

interface At {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  readonly scope: Scope;
  readonly record: StepRecord;
}

const COMMAND_FILES = ['GITHUB_OUTPUT', 'GITHUB_ENV', 'GITHUB_PATH', 'GITHUB_STEP_SUMMARY'] as const;

function nameOf(step: Step, scope: Scope): string {
  if (step.name !== undefined) return textOf(step.name, scope);
  return `Run ${step.uses ?? firstLine(textOf(step.run, scope))}`;
}

const firstLine = (text: string): string => text.trimStart().split('\n')[0] ?? '';

function shellCommand(shell: string, file: string): string[] {
  if (shell === 'bash') return ['bash', '--noprofile', '--norc', '-e', '-o', 'pipefail', file];
  if (shell === 'sh') return ['sh', '-e', file];
  throw new Error(`The sandbox does not know the shell ${shell}`);
}

/** Source: actions/runner `ProcessInvoker.cs`; Linux limits each string of an environment to 128 KiB (execve(2)). */
const startFault = ({ code, message }: NodeJS.ErrnoException, file: string, cwd: string): string =>
  `An error occurred trying to start process '${file}' with working directory '${cwd}'. ${code === 'E2BIG' ? 'Argument list too long' : message}`;

/** What was given, in place of the defaults of the action. Names of inputs know no case. */
const inputsOf = (
  action: Pick<ActionDouble, 'inputs'>,
  given: Readonly<Record<string, string>>,
  scope: Scope,
): Record<string, string> => ({
  ...Object.fromEntries(Object.entries(action.inputs).map(([key, value]) => [key, defaultOf(value ?? '', scope)])),
  ...Object.fromEntries(Object.entries(given).map(([key, value]) => [key.toLowerCase(), value])),
});

const unexpected = (unknown: readonly string[], { inputs }: Pick<ActionDouble, 'inputs'>): string =>
  `Unexpected input(s) ${unknown.map((name) => `'${name}'`).join(', ')}, valid inputs are [${Object.keys(inputs)
    .map((name) => `'${name}'`)
    .join(', ')}]`;
