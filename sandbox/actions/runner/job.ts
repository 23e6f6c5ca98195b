/** One job: its machine, its steps, its outputs, and what GitHub shows of it. Source: actions/runner `JobExtension.cs`. */
import { mkdtempSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { ActionDouble } from '../actions/action.ts';
import type { Services } from '../services.ts';
import {
  newJob,
  type ActionsRunRecord,
  type JobAnnotation,
  type JobRecord,
  type JobStep,
} from '../../github/actions-records.ts';
import type { RepositoryRecord } from '../../github/world.ts';
import { claimsOf } from '../../sigstore/claims.ts';
import { tokenOf } from '../../sigstore/sigstore.ts';
import type { ToolsServer } from '../tools/tools-server.ts';
import { textOf, textsOf, numberOf, type Scope } from './expressions.ts';
import { githubContext, may, runtimeVariables, type JobFacts } from './job-facts.ts';
import type { JobEnd, StartingJob } from './jobs.ts';
import { fetchAction, type JavaScriptAction } from './javascript-action.ts';
import { JobLog } from './job-log.ts';
import { Machine } from './machine.ts';
import { Masks } from './masks.ts';
import { cancelledWords } from './cancelled.ts';
import { runnerFor } from './runners.ts';
import { Steps } from './steps.ts';

export interface JobParts {
  readonly repository: RepositoryRecord;
  readonly run: ActionsRunRecord;
  readonly services: Services;
  readonly tools: ToolsServer;
  readonly doubles: readonly ActionDouble[];
  /** The parent folder of the jobs' own folders. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Milliseconds of a minute of `timeout-minutes`. */
  readonly minuteMs: number;
  /** Until a machine turns up. */
  queue(): Promise<void>;
  /** The first machine has taken a job. */
  started(): void;
}

/**
 * The outputs of a job have at most 1 MiB as UTF-16. Sources: docs, "Workflow syntax", `jobs.<job_id>.outputs`; the errors as
 * google/osv-scanner-action#129 quotes them.
 */
const MAX_OUTPUT_CHARACTERS = (1024 * 1024) / 2;
const TOO_MUCH_OUTPUT = [
  'Fail to evaluate job outputs',
  'The template is not valid. System.InvalidOperationException: Maximum object size exceeded',
] as const;

/** Returns the queued job's record, named and labelled by the workflow file. */
export function queuedJob(starting: StartingJob, { run, services }: Pick<JobParts, 'run' | 'services'>): JobRecord {
  const own = starting.job.name === undefined ? starting.job.id : textOf(starting.job.name, scopeOf(starting));
  const labels = [textOf(starting.job.runsOn, scopeOf(starting))];
  return newJob(services.world, run, { name: `${starting.prefix}${own}`, labels });
}

const scopeOf = ({ contexts }: StartingJob): Scope => ({ contexts, status: 'success' });

export async function runJob(starting: StartingJob, record: JobRecord, parts: JobParts): Promise<JobEnd> {
  const { repository, run, services } = parts;
  const { job, loaded, permissions } = starting;
  await parts.queue();
  if (parts.signal.aborted) {
    finish(record, { result: 'cancelled', steps: [], annotations: whoCancelled(parts.signal) });
    return { result: 'cancelled', outputs: {} };
  }
  parts.started();
  const runner = runnerFor({ labels: record.labels, job: job.id }, repository, services.world);
  const token = `ghs_${randomBytes(18).toString('hex')}`;
  const facts: JobFacts = {
    repository,
    run,
    id: job.id,
    name: record.name,
    file: loaded.file,
    permissions,
    token,
    runner,
  };
  Object.assign(record, { status: 'in_progress', startedAt: new Date().toISOString(), runner });
  const masks = new Masks();
  for (const secret of [token, ...Object.values(starting.secrets)]) if (secret !== '') masks.add(secret);
  const log = new JobLog(masks);
  const machine = new Machine(mkdtempSync(join(parts.folder, 'job-')), repository.name);
  if (may(facts, 'id-token', 'write')) {
    services.world.identities.set(token, (audience) => tokenOf(claimsOf(facts), audience));
  }
  const ticket = parts.tools.admit({ facts, machine, services });
  const minutes = numberOf(job.timeoutMinutes, scopeOf(starting)) ?? MAX_MINUTES;
  const limit = AbortSignal.timeout(minutes * parts.minuteMs);
  const signal = AbortSignal.any([parts.signal, limit]);
  try {
    const actions = await setUp(starting, { facts, log, machine }, parts);
    const steps = stepsFor(starting, { facts, log, machine, actions, signal, ticket }, parts);
    if (actions !== null) await steps.run();
    if (limit.aborted) log.annotate('error', exceeded(runner.name, minutes));
    if (signal.aborted) log.annotate('error', 'The operation was canceled.');
    const outputs = outputsOf(starting, steps.scope, masks, log);
    const { result, setUpEnd } = endOf({
      isSetUp: actions !== null,
      isCancelled: signal.aborted,
      status: outputs === null ? 'failure' : steps.status,
    });
    finish(record, {
      result,
      steps: [{ name: 'Set up job', conclusion: setUpEnd }, ...steps.ended],
      annotations: [...whoCancelled(parts.signal), ...log.annotations],
    });
    return { result, outputs: outputs ?? {} };
  } finally {
    record.log = log.text();
    services.world.identities.delete(token);
    parts.tools.dismiss(ticket);
    machine.remove();
  }
}

const whoCancelled = (run: AbortSignal): readonly JobAnnotation[] => (run.aborted ? cancelledWords(run.reason) : []);

/** Source: docs, "Workflow syntax", `jobs.<job_id>.timeout-minutes`. */
const MAX_MINUTES = 360;

interface Facts {
  readonly isSetUp: boolean;
  readonly isCancelled: boolean;
  readonly status: Scope['status'];
}

function endOf({ isSetUp, isCancelled, status }: Facts): {
  readonly result: JobEnd['result'];
  readonly setUpEnd: 'success' | 'failure';
} {
  if (!isSetUp) return { result: 'failure', setUpEnd: 'failure' };
  if (isCancelled) return { result: 'cancelled', setUpEnd: 'success' };
  return { result: status === 'skipped' ? 'success' : status, setUpEnd: 'success' };
}

const exceeded = (name: string, minutes: number): string =>
  `The job running on runner ${name} has exceeded the maximum execution time of ${minutes} minutes.`;

interface Ending {
  readonly result: JobEnd['result'];
  readonly steps: readonly JobStep[];
  readonly annotations: readonly JobAnnotation[];
}

function finish(record: JobRecord, { result, steps, annotations }: Ending): void {
  const last = steps.length === 0 || result === 'cancelled' ? [] : [{ name: 'Complete job', conclusion: 'success' }];
  Object.assign(record, {
    status: 'completed',
    conclusion: result,
    completedAt: new Date().toISOString(),
    steps: [...steps, ...last].map(({ name, conclusion }) => ({ name, conclusion })),
    annotations,
  });
}

type Actions = ReadonlyMap<string, ActionDouble | JavaScriptAction>;

/** Every action of the job is fetched before its first step. Source: actions/runner `ActionManager.cs`. */
async function setUp(
  { job }: StartingJob,
  { facts, log, machine }: Pick<ForSteps, 'facts' | 'log' | 'machine'>,
  { doubles, services: { world } }: Pick<JobParts, 'doubles' | 'services'>,
): Promise<Actions | null> {
  const { runner, permissions, repository: caller } = facts;
  log.line(`Runner name: '${runner.name}'`);
  log.line(`Runner group name: '${runner.groupName}'`);
  log.line('##[group]GITHUB_TOKEN Permissions');
  for (const [scope, access] of Object.entries(permissions)) log.line(`${scope}: ${access}`);
  log.line('##[endgroup]');
  log.line('Prepare all required actions');
  const actions = new Map<string, ActionDouble | JavaScriptAction>();
  for (const { uses } of job.steps) {
    if (uses === null || uses.startsWith('./') || actions.has(uses)) continue;
    const [name = '', commit = ''] = uses.split('@');
    const double = doubles.find((each) => each.name === name);
    const found = double?.commit === commit ? double : await fetchAction(uses, { world, caller, machine });
    if (found === null) {
      const why = double === undefined ? 'repository not found' : `unable to find version \`${commit}\``;
      log.annotate('error', `Unable to resolve action \`${uses}\`, ${why}`);
      return null;
    }
    log.line(`Download action repository '${uses}' (SHA:${commit})`);
    actions.set(uses, found);
  }
  return actions;
}

interface ForSteps {
  readonly facts: JobFacts;
  readonly log: JobLog;
  readonly machine: Machine;
  readonly actions: Actions | null;
  readonly signal: AbortSignal;
  readonly ticket: string;
}

function stepsFor(
  starting: StartingJob,
  { facts, log, machine, actions, signal, ticket }: ForSteps,
  parts: JobParts,
): Steps {
  const { services, tools, minuteMs } = parts;
  const { job, loaded, secrets } = starting;
  const github = { ...githubContext(facts, services.apiUrl()), workspace: machine.folders.workspace };
  const runner = {
    name: facts.runner.name,
    os: 'Linux',
    arch: 'X64',
    temp: machine.folders.temp,
    environment: facts.runner.environment,
  };
  const contexts = { ...starting.contexts, github, runner, secrets: { ...secrets, GITHUB_TOKEN: facts.token } };
  const scope: Scope = { contexts, status: 'success' };
  return new Steps({
    steps: job.steps,
    defaults: { ...loaded.workflow.defaults, ...job.defaults },
    machine,
    log,
    signal,
    contexts,
    variables: {
      ...runtimeVariables(github),
      ...Object.fromEntries(Object.entries(runner).map(([name, value]) => [`RUNNER_${name.toUpperCase()}`, value])),
      CI: 'true',
      HOME: machine.folders.home,
      ...identityVariables(facts, services),
      ...tools.variables(ticket),
    },
    env: { ...textsOf(loaded.workflow.env, scope), ...textsOf(job.env, scope) },
    paths: [tools.folderOf('hosted')],
    actions: actions ?? new Map(),
    minuteMs,
    callOf: (inputs, env, stepSignal) => ({
      input: (name) => inputOf(inputs, name),
      env,
      facts,
      machine,
      services,
      tools,
      signal: stepSignal,
      log: (line) => log.printed(line),
    }),
  });
}

/** A double that reads an input which its action has not is a mistake of the double. */
const inputOf = (inputs: Readonly<Record<string, string>>, name: string): string => {
  const value = inputs[name];
  if (value === undefined) throw new Error(`The double reads '${name}', which is no input of its action.`);
  return value;
};

/** Returns the OIDC request variables, only for jobs with `id-token: write`. Source: docs, "OpenID Connect reference". */
const identityVariables = (facts: JobFacts, { apiUrl }: Services): Record<string, string> =>
  may(facts, 'id-token', 'write')
    ? {
        ACTIONS_ID_TOKEN_REQUEST_URL: `${apiUrl()}/_actions/id-token?api-version=2.0`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: facts.token,
      }
    : {};

/** Returns null when the outputs are too large, which fails the job. */
function outputsOf({ job }: StartingJob, scope: Scope, masks: Masks, log: JobLog): Record<string, string> | null {
  const outputs: Record<string, string> = {};
  let total = 0;
  for (const [name, value] of Object.entries(textsOf(job.outputs, scope))) {
    if (value === '') continue;
    if (masks.isIn(value)) {
      log.annotate('warning', `Skip output '${name}' since it may contain secret.`);
      continue;
    }
    total += value.length;
    if (total > MAX_OUTPUT_CHARACTERS) {
      for (const message of TOO_MUCH_OUTPUT) log.annotate('error', message);
      return null;
    }
    outputs[name] = value;
  }
  return outputs;
}
