/** Runs from their start to their end: carried out by the runner, or ended as a script says. */
import { chmodSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { newJob, type ActionsRunRecord, type JobRecord, type RunnerRecord } from '../github/actions-records.ts';
import type { RepositoryRecord } from '../github/world.ts';
import { cancelledWords } from './runner/cancelled.ts';
import { stamped } from './runner/job-log.ts';
import { jobNames, type Loaded } from './runner/called-workflows.ts';
import { hostedRunner } from './runner/runners.ts';
import { runWorkflow, type RunnerParts } from './runner/runner.ts';
import { announceRun, keepArtifact, waitOrAbort, type RunPlace } from './run-record.ts';
import type { ScriptedEnd, ScriptedJob } from './scripts.ts';

export interface RunsOptions {
  /** Lists of runs lag a dispatch by this much. */
  listLagMs: number;
  /** How long a runner takes to turn up. */
  queueMs: number;
  /** The parent folder of the jobs' own folders. */
  readonly folder: string;
}

/** What is carried out. */
export interface RunPlan {
  /** Null where GitHub could not make a run of the file: a workflow that it calls is not there, say. */
  readonly loaded: Loaded | null;
  /** Null where the runner carries the file out. */
  readonly script: ((folder: string) => Promise<ScriptedEnd>) | null;
}

interface Queue {
  readonly queueMs: number;
}

export class Runs {
  readonly options: RunsOptions;
  readonly place: RunPlace;
  private readonly runner: RunnerParts;
  private readonly running = new Set<Promise<void>>();

  constructor(place: RunPlace, runner: RunnerParts, options: RunsOptions) {
    this.place = place;
    this.runner = runner;
    this.options = options;
  }

  /** Begins the run's attempt: what comes of it is told by its record and by events. */
  start(repository: RepositoryRecord, run: ActionsRunRecord, plan: RunPlan): void {
    // As things are now: a test that lets one run wait has not meant those after it.
    const work = this.carryOut(repository, run, { ...plan, queueMs: this.options.queueMs });
    this.running.add(work);
    void work.finally(() => this.running.delete(work));
  }

  announceRequested(repository: RepositoryRecord, run: ActionsRunRecord): void {
    announceRun('requested', repository, run, this.place);
  }

  /** GitHub ends it by itself, with no job at all. */
  end(repository: RepositoryRecord, run: ActionsRunRecord, conclusion: string): void {
    Object.assign(run, { status: 'completed', conclusion, updatedAt: new Date().toISOString() });
    announceRun('completed', repository, run, this.place);
  }

  async settle(): Promise<void> {
    await Promise.all(this.running);
  }

  private async carryOut(repository: RepositoryRecord, run: ActionsRunRecord, plan: RunPlan & Queue): Promise<void> {
    const folder = mkdtempSync(join(this.options.folder, 'run-'));
    // Jobs of the runner are another user's, and have to get to their folders.
    chmodSync(folder, 0o711);
    let isSilent = false;
    try {
      if (plan.loaded === null) run.conclusion = 'startup_failure';
      else if (plan.script === null)
        run.conclusion = await this.byRunner(repository, run, { loaded: plan.loaded, folder, queueMs: plan.queueMs });
      else isSilent = await this.byScript(repository, run, { ...plan, loaded: plan.loaded }, folder);
    } finally {
      run.status = 'completed';
      run.updatedAt = new Date().toISOString();
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    }
    if (!isSilent) announceRun('completed', repository, run, this.place);
  }

  private byRunner(
    repository: RepositoryRecord,
    run: ActionsRunRecord,
    { loaded, folder, queueMs }: { readonly loaded: Loaded; readonly folder: string } & Queue,
  ): Promise<string> {
    const { signal } = run.abort;
    return runWorkflow(repository, run, loaded, {
      ...this.runner,
      folder,
      signal,
      queue: () => waitOrAbort(queueMs, signal),
      started: () => this.inProgress(repository, run),
    });
  }

  /** @returns whether no event tells of the end */
  private async byScript(
    repository: RepositoryRecord,
    run: ActionsRunRecord,
    { loaded, script, queueMs }: Pick<RunPlan, 'script'> & { readonly loaded: Loaded } & Queue,
    folder: string,
  ): Promise<boolean> {
    const { world } = this.place;
    const { signal } = run.abort;
    const earlier = run.jobs;
    const [name = ''] = jobNames(loaded);
    const waiting = newJob(world, run, { name, labels: ['ubuntu-24.04'] });
    run.jobs = [...earlier, waiting];
    await waitOrAbort(queueMs, signal);
    if (!signal.aborted) this.inProgress(repository, run);
    const aborted = new Promise<null>((resolve) => {
      if (signal.aborted) resolve(null);
      signal.addEventListener('abort', () => resolve(null), { once: true });
    });
    const isBegun = !signal.aborted;
    const end =
      (isBegun && script !== null ? await Promise.race([script(folder), aborted]) : null) ??
      cancelledEnd(name, signal, isBegun);
    const runner = hostedRunner(world.nextId());
    const idOf = (index: number): number => (index === 0 ? waiting.id : world.nextId());
    run.conclusion = end.conclusion;
    run.jobs = [...earlier, ...end.jobs.map((job, index) => endedJob(job, { run, id: idOf(index), runner }))];
    for (const [artifact, files] of end.artifacts) keepArtifact(world, repository, run, { name: artifact, files });
    return end.silent === true;
  }

  private inProgress(repository: RepositoryRecord, run: ActionsRunRecord): void {
    if (run.status === 'in_progress') return;
    Object.assign(run, { status: 'in_progress', startedAt: new Date().toISOString() });
    announceRun('in_progress', repository, run, this.place);
  }
}

const cancelledEnd = (name: string, { reason }: AbortSignal, isBegun: boolean): ScriptedEnd => ({
  conclusion: 'cancelled',
  jobs: [
    {
      name,
      conclusion: 'cancelled',
      steps: [],
      log: isBegun ? '##[error]The operation was canceled.' : null,
      annotations: cancelledWords(reason),
    },
  ],
  artifacts: new Map(),
});

const endedJob = (
  { name, conclusion, steps, log, annotations }: ScriptedJob,
  { run, id, runner }: { readonly run: ActionsRunRecord; readonly id: number; readonly runner: RunnerRecord },
): JobRecord => ({
  id,
  name,
  attempt: run.attempt,
  labels: ['ubuntu-24.04'],
  status: 'completed',
  conclusion,
  startedAt: run.startedAt,
  completedAt: new Date().toISOString(),
  steps,
  log: log === null ? null : stamped(log),
  annotations,
  runner: conclusion === 'skipped' ? null : runner,
});
