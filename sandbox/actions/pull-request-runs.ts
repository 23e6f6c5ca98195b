/** Runs that a pull request starts by itself: from the merge with its base, without secrets, and held back for a newcomer. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { FORK_CHECK_FILE } from '../../src/domain/fork/fork-check.ts';
import { ApiError } from '../github/http.ts';
import type { ActionsRunRecord, JobRecord, PullRecord, RepositoryRecord } from '../github/world.ts';
import {
  announceRun,
  cancelOthersOfGroup,
  describeWorkflow,
  newRun,
  uploadArtifact,
  waitOrAbort,
  type RunPlace,
} from './run-record.ts';
import { WorkflowFile } from './workflow-file.ts';

export interface ForkJob {
  readonly repository: RepositoryRecord;
  readonly pull: PullRecord;
  readonly run: ActionsRunRecord;
  readonly folder: string;
}

export interface ForkEnd {
  readonly jobs: readonly Omit<JobRecord, 'id'>[];
  /** By name, their files. */
  readonly artifacts: ReadonlyMap<string, ReadonlyMap<string, Buffer | string>>;
}

export type ForkExecutor = (job: ForkJob) => Promise<ForkEnd>;

interface Options {
  readonly listLagMs: number;
  readonly queueMs: number;
  readonly folder: string;
}

export class PullRequestRuns {
  private readonly place: RunPlace;
  private readonly options: Options;
  private readonly running = new Set<Promise<void>>();
  private readonly pulls = new Map<number, PullRecord>();
  private readonly titles = new Map<number, string>();
  /** Tests let the job end as they want. */
  executor: ForkExecutor;
  /** Authors whose first run waits for somebody who may write. */
  readonly newcomers = new Set<string>();

  constructor(place: RunPlace, executor: ForkExecutor, options: Options) {
    this.place = place;
    this.executor = executor;
    this.options = options;
  }

  /** Opened, opened again or moved on. A pull request that has conflicts with its base starts nothing. */
  async start(repository: RepositoryRecord, pull: PullRecord): Promise<void> {
    const { git } = repository;
    const head = pull.forkSha ?? (await git.commitOf(`refs/heads/${pull.headRef}`));
    const base = await git.commitOf(`refs/heads/${pull.baseRef}`);
    if (head === null || base === null || (await git.commitOf(head)) === null) return;
    const merge = await git.merge(`refs/pull/${pull.number}/merge`, base, head).catch(() => null);
    const text = merge === null ? null : await git.file(merge, `.github/workflows/${FORK_CHECK_FILE}`);
    if (text === null) return;
    const file = WorkflowFile.parse(parse(text.toString('utf8')));
    if (!Object.hasOwn(file.on, 'pull_request')) return;
    this.begin(repository, pull, await this.record(repository, pull, { head, file }));
  }

  private async record(
    repository: RepositoryRecord,
    pull: PullRecord,
    { head, file }: { readonly head: string; readonly file: WorkflowFile },
  ): Promise<ActionsRunRecord> {
    const { world } = this.place;
    const said = (template: string): string =>
      template
        .replaceAll('${{ github.event.pull_request.number }}', String(pull.number))
        .replaceAll('${{ github.event.pull_request.head.sha }}', head)
        .replaceAll('${{ github.event.pull_request.base.ref }}', pull.baseRef);
    return {
      ...newRun(world, repository, FORK_CHECK_FILE, this.options.listLagMs),
      event: 'pull_request',
      headRepositoryId: pull.headRepositoryId,
      ref: `refs/heads/${pull.headRef}`,
      headSha: head,
      commit: await repository.git.commit(head),
      workflow: describeWorkflow(world, repository, FORK_CHECK_FILE, file),
      title: said(file['run-name'] ?? FORK_CHECK_FILE),
      group: file.concurrency === undefined ? null : said(file.concurrency.group),
      inputs: {},
      called: null,
      actor: pull.author,
    };
  }

  private begin(repository: RepositoryRecord, pull: PullRecord, run: ActionsRunRecord): void {
    this.pulls.set(run.id, pull);
    cancelOthersOfGroup(repository, run);
    repository.runs.push(run);
    announceRun('requested', repository, run, this.place);
    const isAsked = pull.headRepositoryId !== repository.id || pull.author.type === 'Bot';
    if (!isAsked) this.end(repository, run, 'skipped');
    else if (this.newcomers.has(pull.author.login)) {
      run.hasJob = false;
      this.titles.set(run.id, run.title);
      // Of a run that is held, nothing has been evaluated yet.
      run.title = pull.title ?? 'A change';
      this.end(repository, run, 'action_required');
    } else this.track(this.execute(repository, run));
  }

  /** Somebody who may write lets a held run go. Source: API, "Approve a workflow run for a fork pull request". */
  approve(repository: RepositoryRecord, run: ActionsRunRecord): void {
    const pull = this.pulls.get(run.id);
    if (run.conclusion !== 'action_required' || pull === undefined)
      throw new ApiError(403, 'This run is not from a fork pull request or queued by a first-time contributor');
    this.newcomers.delete(pull.author.login);
    const title = this.titles.get(run.id) ?? run.title;
    Object.assign(run, { status: 'queued', conclusion: null, hasJob: true, title });
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
    const { world } = this.place;
    const pull = this.pulls.get(run.id);
    await waitOrAbort(this.options.queueMs, run.abort.signal);
    if (run.abort.signal.aborted || pull === undefined) return this.end(repository, run, 'cancelled');
    run.status = 'in_progress';
    run.startedAt = new Date().toISOString();
    announceRun('in_progress', repository, run, this.place);
    const folder = await mkdtemp(join(this.options.folder, 'fork-'));
    try {
      const aborted = new Promise<null>((resolve) =>
        run.abort.signal.addEventListener('abort', () => resolve(null), { once: true }),
      );
      const end = await Promise.race([this.executor({ repository, pull, run, folder }), aborted]);
      if (end === null) return this.end(repository, run, 'cancelled');
      run.jobs = end.jobs.map((job) => ({ id: world.nextId(), ...job }));
      for (const [name, files] of end.artifacts) uploadArtifact(world, repository, run, { name, files });
      this.end(repository, run, end.jobs.every(({ conclusion }) => conclusion === 'success') ? 'success' : 'failure');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  private end(repository: RepositoryRecord, run: ActionsRunRecord, conclusion: string): void {
    Object.assign(run, { status: 'completed', conclusion, updatedAt: new Date().toISOString() });
    announceRun('completed', repository, run, this.place);
  }
}
