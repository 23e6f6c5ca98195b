/** Actions: runs what the *shipped* stage file of the commit allows, and refuses what GitHub would refuse. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { STAGE_TABLE, STAGES, type Stage } from '../../src/domain/stage/stage-table.ts';
import { ApiError, notFound } from '../github/http.ts';
import {
  findRepository,
  type ActionsRunRecord,
  type JobAnnotation,
  type RepositoryRecord,
  type User,
  type World,
} from '../github/world.ts';
import type { Webhooks } from '../github/webhooks.ts';
import { failedStep, stamped, toldBySteps } from './job-log.ts';
import {
  announceRun,
  cancelOthersOfGroup,
  describeWorkflow,
  newRun,
  uploadArtifact,
  waitOrAbort,
} from './run-record.ts';
import { calledBy, checkInputs, evaluate, WorkflowFile } from './workflow-file.ts';

export interface StageJob {
  readonly stage: Stage;
  readonly repository: RepositoryRecord;
  readonly run: ActionsRunRecord;
  readonly inputs: Readonly<Record<string, string>>;
  /** A folder of the job's own, empty at first. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

export interface StageEnd {
  readonly conclusion: 'success' | 'failure' | 'startup_failure' | 'timed_out';
  /** Files of the artifact; null where the job leaves none. */
  readonly artifact: ReadonlyMap<string, Buffer | string> | null;
  readonly steps: readonly { readonly name: string; readonly conclusion: string }[];
  /** What its job printed, line by line; where it says nothing, its steps are told. */
  readonly log?: string;
  /** What Actions itself writes on a job: a runner that was lost is told there, and nowhere else. */
  readonly annotations?: readonly JobAnnotation[];
  /** Actions ended the run before it had made any job. */
  readonly jobs?: 'none';
  /** No event tells that it has completed: seen of GitHub where a run cannot start. */
  readonly silent?: boolean;
}

export type Executor = (job: StageJob) => Promise<StageEnd>;
export type Executors = Readonly<Record<Stage, Executor>>;

export interface EngineOptions {
  /** Lists of runs lag a dispatch by this much. */
  listLagMs: number;
  /** How long a runner takes to turn up. */
  queueMs: number;
  /** Where each job gets a folder of its own. */
  readonly folder: string;
}

export interface DispatchCall {
  readonly file: string;
  readonly ref: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly actor: User;
}

export class ActionsEngine {
  readonly options: EngineOptions;
  executors: Executors;
  private readonly world: World;
  private readonly webhooks: Webhooks;
  private readonly running = new Set<Promise<void>>();

  constructor(parts: { world: World; webhooks: Webhooks; executors: Executors; options: EngineOptions }) {
    this.world = parts.world;
    this.webhooks = parts.webhooks;
    this.executors = parts.executors;
    this.options = parts.options;
  }

  async dispatch(repository: RepositoryRecord, call: DispatchCall): Promise<ActionsRunRecord> {
    const ref = await fullRef(repository, call.ref);
    const headSha = ref === null ? null : await repository.git.commitOf(ref);
    if (ref === null || headSha === null) throw new ApiError(422, `No ref found for: ${call.ref}`);
    const path = `.github/workflows/${call.file}`;
    const onDefault = await repository.git.file(`refs/heads/${repository.defaultBranch}`, path);
    const text = await repository.git.file(headSha, path);
    if (onDefault === null || text === null) throw notFound();
    const file = WorkflowFile.parse(parse(text.toString('utf8')));
    const inputs = checkInputs(file, call.inputs);
    const commit = await repository.git.commit(headSha);
    const run: ActionsRunRecord = {
      ...newRun(this.world, repository, call.file, this.options.listLagMs),
      event: 'workflow_dispatch',
      headRepositoryId: repository.id,
      ref,
      headSha,
      commit,
      workflow: describeWorkflow(this.world, repository, call.file, file),
      title: evaluate(file['run-name'] ?? call.file, inputs),
      group: file.concurrency === undefined ? null : evaluate(file.concurrency.group, inputs),
      inputs,
      called: calledBy(file),
      actor: call.actor,
    };
    cancelOthersOfGroup(repository, run);
    repository.runs.push(run);
    this.track(this.execute(repository, run));
    return run;
  }

  /** A person presses Re-run on a stage run: the same run, its next attempt. */
  rerun(repository: RepositoryRecord, run: ActionsRunRecord): void {
    Object.assign(run, {
      attempt: run.attempt + 1,
      jobId: this.world.nextId(),
      status: 'queued',
      conclusion: null,
      steps: [],
      hasJob: true,
      annotations: [],
      log: null,
      startedAt: new Date().toISOString(),
      abort: new AbortController(),
    });
    this.track(this.execute(repository, run));
  }

  async settle(): Promise<void> {
    await Promise.all(this.running);
  }

  private track(work: Promise<void>): void {
    this.running.add(work);
    void work.finally(() => this.running.delete(work));
  }

  private async execute(repository: RepositoryRecord, run: ActionsRunRecord): Promise<void> {
    // GitHub does not say that a re-run was asked for, only how it goes.
    if (run.attempt === 1) this.announce('requested', repository, run);
    await waitOrAbort(this.options.queueMs, run.abort.signal);
    const folder = await mkdtemp(join(this.options.folder, 'job-'));
    let isSilent = false;
    try {
      run.startedAt = new Date().toISOString();
      run.status = 'in_progress';
      this.announce('in_progress', repository, run);
      const end = await this.perform({ repository, run, folder });
      keepEnd(run, end);
      isSilent = end.silent === true;
      if (end.artifact !== null && run.hasJob && end.conclusion !== 'cancelled')
        this.upload(repository, run, end.artifact);
    } finally {
      run.status = 'completed';
      run.updatedAt = new Date().toISOString();
      await rm(folder, { recursive: true, force: true });
    }
    if (!isSilent) this.announce('completed', repository, run);
  }

  private async perform({ repository, run, folder }: Pick<StageJob, 'repository' | 'run' | 'folder'>): Promise<Ended> {
    const { signal } = run.abort;
    const cancelled: Ended = { conclusion: 'cancelled', artifact: null, steps: [] };
    const stage = STAGES.find((each) => STAGE_TABLE[each].file === run.file);
    if (signal.aborted) return cancelled;
    if (run.called !== null && !(await this.canCall(run.called, repository)))
      return { conclusion: 'startup_failure', artifact: null, steps: [], jobs: 'none' };
    if (stage === undefined)
      return {
        conclusion: 'failure',
        artifact: null,
        steps: [{ name: 'no executor for this file', conclusion: 'failure' }],
      };
    const aborted = new Promise<Ended>((resolve) =>
      signal.addEventListener('abort', () => resolve({ ...cancelled, log: '##[error]The operation was canceled.' }), {
        once: true,
      }),
    );
    const job = { stage, repository, run, inputs: run.inputs, folder, signal };
    return Promise.race([this.executors[stage](job).catch(crashed), aborted]);
  }

  /** A reusable workflow must be there at that commit; one of another owner's must be public. */
  private async canCall(called: string, caller: RepositoryRecord): Promise<boolean> {
    const match = /^([^/]+)\/([^/]+)\/(.+)@([^@]+)$/.exec(called);
    const [, owner = '', name = '', path = '', ref = ''] = match ?? [];
    const repository = findRepository(this.world, owner, name);
    if (repository === null) return false;
    if (repository.visibility !== 'public' && repository.owner.id !== caller.owner.id) return false;
    return (await repository.git.file(ref, path)) !== null;
  }

  private upload(repository: RepositoryRecord, run: ActionsRunRecord, files: NonNullable<StageEnd['artifact']>): void {
    const stage = STAGES.find((each) => STAGE_TABLE[each].file === run.file) ?? 'lint';
    uploadArtifact(this.world, repository, run, { name: `slsa-${stage}-${run.attempt}`, files });
  }

  private announce(
    action: 'requested' | 'in_progress' | 'completed',
    repository: RepositoryRecord,
    run: ActionsRunRecord,
  ): void {
    announceRun(action, repository, run, { world: this.world, webhooks: this.webhooks });
  }
}

type Ended = Omit<StageEnd, 'conclusion'> & { readonly conclusion: string };

/** GitHub's own words on the jobs of a run that somebody cancelled. */
const cancelledWords = (by: unknown): JobAnnotation[] =>
  typeof by === 'object' && by !== null && 'login' in by
    ? [{ level: 'failure', message: `The run was canceled by @${String(by.login)}.` }]
    : [];

function keepEnd(run: ActionsRunRecord, end: Ended): void {
  run.conclusion = end.conclusion;
  run.steps = end.steps;
  run.hasJob = end.jobs !== 'none' && end.conclusion !== 'startup_failure';
  run.annotations = end.annotations ?? (end.conclusion === 'cancelled' ? cancelledWords(run.abort.signal.reason) : []);
  const log = run.hasJob ? (end.log ?? toldBySteps(end.steps)) : null;
  run.log = log === null ? null : stamped(log);
}

function crashed(error: unknown): Ended {
  const name = error instanceof Error ? error.message : 'crash';
  return {
    conclusion: 'failure',
    artifact: null,
    steps: [{ name, conclusion: 'failure' }],
    log: failedStep('the stage', `##[error]${name}`),
  };
}

async function fullRef(repository: RepositoryRecord, ref: string): Promise<string | null> {
  for (const name of [ref, `refs/heads/${ref}`, `refs/tags/${ref}`]) {
    if (/^refs\/(heads|tags)\//.test(name) && (await repository.git.refOf(name)) !== null) return name;
  }
  return null;
}
