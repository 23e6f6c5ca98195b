/** A workflow file, read by GitHub's own parser: what a run needs of it, with its expressions still to be evaluated. */
import { LRUCache } from 'lru-cache';
import { parse, stringify } from 'yaml';
import {
  convertToIfCondition,
  convertWorkflowTemplate,
  isBasicExpression,
  isMapping,
  isSequence,
  NoOperationTraceWriter,
  parseWorkflow,
  type MappingToken,
  type TemplateToken,
  textIn,
} from './github-parser.ts';

export interface Workflow {
  /** From the root of its repository. */
  readonly path: string;
  readonly name: string;
  readonly runName: TemplateToken | undefined;
  readonly triggers: TemplateToken | undefined;
  readonly permissions: Permissions | null;
  readonly env: TemplateToken | undefined;
  readonly defaults: Defaults;
  readonly concurrency: Concurrency | null;
  readonly jobs: readonly Job[];
}

/** Null where the file says nothing: then the repository's default holds. */
export type Permissions = Readonly<Record<string, string>>;

export interface Defaults {
  readonly shell?: string;
  readonly workingDirectory?: string;
}

export interface Concurrency {
  readonly group: TemplateToken;
  readonly cancelInProgress: TemplateToken | undefined;
}

export interface Job {
  readonly id: string;
  readonly name: TemplateToken | undefined;
  readonly needs: readonly string[];
  /** As an expression, with `success()` where the file names no status function. */
  readonly condition: string;
  readonly runsOn: TemplateToken | undefined;
  readonly permissions: Permissions | null;
  readonly env: TemplateToken | undefined;
  readonly outputs: TemplateToken | undefined;
  readonly timeoutMinutes: TemplateToken | undefined;
  readonly defaults: Defaults;
  readonly steps: readonly Step[];
  /** The reusable workflow that the job calls, with its inputs and secrets; null for other jobs. */
  readonly calls: {
    readonly workflow: string;
    readonly inputs: TemplateToken | undefined;
    readonly secrets: TemplateToken | undefined;
  } | null;
}

export interface Step {
  readonly id: string | null;
  readonly name: TemplateToken | undefined;
  readonly condition: string;
  readonly run: TemplateToken | undefined;
  readonly uses: string | null;
  readonly with: TemplateToken | undefined;
  readonly env: TemplateToken | undefined;
  readonly continueOnError: TemplateToken | undefined;
  readonly timeoutMinutes: TemplateToken | undefined;
  readonly shell: string | undefined;
  readonly workingDirectory: TemplateToken | undefined;
}

/** GitHub will not run this file; the message is its own. */
export class InvalidWorkflow extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InvalidWorkflow';
  }
}

/** What a file may say and this runner does not do: refused loudly, since GitHub would do it. */
const UNKNOWN = {
  workflow: [],
  job: ['strategy', 'container', 'services', 'environment', 'snapshot'],
  step: [],
} as const;

/** What was read once; files are the same from run to run. */
const known = new LRUCache<string, Promise<Workflow>>({ max: 200 });

/** @throws InvalidWorkflow with GitHub's words, file, line and column */
export function readWorkflow(path: string, content: string): Promise<Workflow> {
  const key = `${path}\n${content}`;
  const reading = known.get(key) ?? read(path, content);
  known.set(key, reading);
  return reading;
}

async function read(path: string, content: string): Promise<Workflow> {
  await parsed(path, content);
  const value = await parsed(path, unfolded(content));
  const { context } = parseWorkflow({ name: path, content: 'on: push' }, new NoOperationTraceWriter());
  const conditionOf = (token: TemplateToken | undefined): string =>
    (token === undefined ? undefined : convertToIfCondition(context, token)?.expression) ?? 'success()';
  return {
    path,
    name: plain(value.find('name')) ?? path,
    runName: value.find('run-name'),
    triggers: value.find('on'),
    permissions: permissionsOf(value.find('permissions')),
    env: value.find('env'),
    defaults: defaultsOf(value.find('defaults')),
    concurrency: concurrencyOf(value.find('concurrency')),
    jobs: pairsOf(value.find('jobs')).map(([id, job]) => jobOf(id, job, conditionOf)),
  };
}

async function parsed(path: string, content: string): Promise<MappingToken> {
  const { context, value } = parseWorkflow({ name: path, content }, new NoOperationTraceWriter());
  if (value !== undefined && context.errors.count === 0) await convertWorkflowTemplate(context, value);
  const [first] = context.errors.getErrors();
  if (first !== undefined || value === undefined || !isMapping(value))
    throw new InvalidWorkflow(first?.message ?? `${path}: The workflow is empty.`);
  return value;
}

/**
 * The same document with every text in quotes. The parser serves an editor first: of an expression in a block (`>-`) it keeps the
 * blanks of the file, which GitHub's servers, reading YAML, do not see.
 */
const unfolded = (content: string): string =>
  stringify(parse(content), {
    defaultStringType: 'QUOTE_DOUBLE',
    defaultKeyType: 'PLAIN',
    lineWidth: 0,
    aliasDuplicateObjects: false,
  });

type ConditionOf = (token: TemplateToken | undefined) => string;

function jobOf(id: string, token: TemplateToken, conditionOf: ConditionOf): Job {
  const job = token.assertMapping('job');
  const unknown = UNKNOWN.job.find((name) => job.find(name) !== undefined);
  if (unknown !== undefined) throw new Error(`The sandbox does not know jobs with ${unknown}`);
  const uses = plain(job.find('uses'));
  return {
    id,
    name: job.find('name'),
    needs: listOf(job.find('needs')),
    condition: conditionOf(job.find('if')),
    runsOn: job.find('runs-on'),
    permissions: permissionsOf(job.find('permissions')),
    env: job.find('env'),
    outputs: job.find('outputs'),
    timeoutMinutes: job.find('timeout-minutes'),
    defaults: defaultsOf(job.find('defaults')),
    steps: itemsOf(job.find('steps')).map((step) => stepOf(step.assertMapping('step'), conditionOf)),
    calls: uses === undefined ? null : { workflow: uses, inputs: job.find('with'), secrets: job.find('secrets') },
  };
}

const stepOf = (step: MappingToken, conditionOf: ConditionOf): Step => ({
  id: plain(step.find('id')) ?? null,
  name: step.find('name'),
  condition: conditionOf(step.find('if')),
  run: step.find('run'),
  uses: plain(step.find('uses')) ?? null,
  with: step.find('with'),
  env: step.find('env'),
  continueOnError: step.find('continue-on-error'),
  timeoutMinutes: step.find('timeout-minutes'),
  shell: plain(step.find('shell')),
  workingDirectory: step.find('working-directory'),
});

const plain = (token: TemplateToken | undefined): string | undefined =>
  token === undefined || isBasicExpression(token) ? undefined : textIn(token);

/** As it is shown; what it becomes at run time may be an expression. */
export const nameOf = ({ name, id }: Job): string => (name === undefined ? id : textIn(name));

export function pairsOf(token: TemplateToken | undefined): [string, TemplateToken][] {
  if (token === undefined || !isMapping(token)) return [];
  return Array.from({ length: token.count }, (_, index) => token.get(index)).map(({ key, value }) => [
    key.toString(),
    value,
  ]);
}

function itemsOf(token: TemplateToken | undefined): TemplateToken[] {
  if (token === undefined || !isSequence(token)) return [];
  return Array.from({ length: token.count }, (_, index) => token.get(index));
}

/** One name, or a list of them. */
function listOf(token: TemplateToken | undefined): string[] {
  if (token === undefined) return [];
  return isSequence(token) ? itemsOf(token).map(textIn) : [textIn(token)];
}

/** `{}` is none at all; `read-all` and `write-all` are for all. Source: docs, "Workflow syntax", `permissions`. */
function permissionsOf(token: TemplateToken | undefined): Permissions | null {
  if (token === undefined) return null;
  if (isMapping(token)) return Object.fromEntries(pairsOf(token).map(([name, value]) => [name, textIn(value)]));
  throw new Error(`The sandbox does not know the permissions ${textIn(token)}`);
}

function defaultsOf(token: TemplateToken | undefined): Defaults {
  const run = token !== undefined && isMapping(token) ? token.find('run') : undefined;
  const values = new Map(pairsOf(run));
  const [shell, workingDirectory] = [plain(values.get('shell')), plain(values.get('working-directory'))];
  return {
    ...(shell === undefined ? {} : { shell }),
    ...(workingDirectory === undefined ? {} : { workingDirectory }),
  };
}

function concurrencyOf(token: TemplateToken | undefined): Concurrency | null {
  if (token === undefined) return null;
  if (!isMapping(token)) return { group: token, cancelInProgress: undefined };
  const group = token.find('group');
  return group === undefined ? null : { group, cancelInProgress: token.find('cancel-in-progress') };
}
