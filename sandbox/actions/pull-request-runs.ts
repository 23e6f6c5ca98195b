/** Runs that a pull request starts by itself: from the merge with its base, without secrets, and held back for a newcomer. */
import { FORK_CHECK_FILE } from '../../src/domain/fork/fork-check.ts';
import { userJson } from '../github/representations/accounts.ts';
import { pullJson } from '../github/representations/pulls.ts';
import { repositoryJson } from '../github/representations/repositories.ts';
import { ApiError } from '../github/http.ts';
import type { ActionsRunRecord } from '../github/actions-records.ts';
import type { PullRecord, RepositoryRecord } from '../github/world.ts';
import { cancelOthersOfGroup, describeWorkflow, newRun } from './run-record.ts';
import { callsOf, loadCalled, type Loaded } from './runner/called-workflows.ts';
import { textOf } from './runner/expressions.ts';
import { pairsOf, readWorkflow } from './runner/workflow.ts';
import type { Runs } from './runs.ts';
import type { ForkScript } from './scripts.ts';

/** What is kept of a run for when it goes on. */
interface Begun {
  readonly pull: PullRecord;
  readonly loaded: Loaded;
  readonly title: string;
}

export class PullRequestRuns {
  private readonly runs: Runs;
  private readonly begun = new Map<number, Begun>();
  /** Null where the runner carries the file out; tests let runs end as they want. */
  script: ForkScript | null = null;
  /** Authors whose first run waits for somebody who may write. */
  readonly newcomers = new Set<string>();

  constructor(runs: Runs) {
    this.runs = runs;
  }

  /** Opened, opened again or moved on. A pull request that has conflicts with its base starts nothing. */
  async start(action: string, repository: RepositoryRecord, pull: PullRecord): Promise<void> {
    const { git } = repository;
    const { world } = this.runs.place;
    const head = pull.forkSha ?? (await git.commitOf(`refs/heads/${pull.headRef}`));
    const base = await git.commitOf(`refs/heads/${pull.baseRef}`);
    if (head === null || base === null || (await git.commitOf(head)) === null) return;
    const ref = `refs/pull/${pull.number}/merge`;
    const merge = await git.merge(ref, base, head).catch(() => null);
    const path = `.github/workflows/${FORK_CHECK_FILE}`;
    const text = merge === null ? null : await git.file(merge, path);
    if (merge === null || text === null) return;
    const workflow = await readWorkflow(path, text.toString('utf8'));
    if (!new Map(pairsOf(workflow.triggers)).has('pull_request')) return;
    const file = { ref: `${repository.owner.login}/${repository.name}/${path}@${ref}`, sha: merge };
    const loaded = await loadCalled(workflow, file, { world, caller: repository });
    const payload = {
      action,
      number: pull.number,
      pull_request: await pullJson(pull, repository, world),
      repository: repositoryJson(repository, world),
      sender: userJson(pull.author, world),
    };
    const scope = { contexts: { inputs: {}, github: { event: payload, ref } }, status: 'success' } as const;
    const run: ActionsRunRecord = {
      ...newRun(world, repository, FORK_CHECK_FILE, this.runs.options.listLagMs),
      event: 'pull_request',
      headRepositoryId: pull.headRepositoryId,
      ref: `refs/heads/${pull.headRef}`,
      headSha: head,
      checkedOut: { ref, sha: merge },
      baseRef: pull.baseRef,
      payload,
      commit: await git.commit(head),
      workflow: describeWorkflow(world, repository, FORK_CHECK_FILE, workflow),
      title: textOf(workflow.runName, scope),
      group: workflow.concurrency === null ? null : textOf(workflow.concurrency.group, scope),
      inputs: {},
      referenced: callsOf(loaded),
      actor: pull.author,
    };
    this.begin(repository, run, { pull, loaded, title: run.title });
  }

  private begin(repository: RepositoryRecord, run: ActionsRunRecord, begun: Begun): void {
    const { pull } = begun;
    this.begun.set(run.id, begun);
    cancelOthersOfGroup(repository, run);
    repository.runs.push(run);
    this.runs.announceRequested(repository, run);
    if (!this.newcomers.has(pull.author.login)) return this.carryOut(repository, run, begun);
    // A run that waits for approval has not been evaluated yet.
    run.title = pull.title ?? 'A change';
    this.runs.end(repository, run, 'action_required');
  }

  private carryOut(repository: RepositoryRecord, run: ActionsRunRecord, { pull, loaded }: Begun): void {
    const { script } = this;
    this.runs.start(repository, run, {
      loaded,
      script: script === null ? null : () => script({ repository, pull, run }),
    });
  }

  /** Somebody who may write lets a held run go. Source: API, "Approve a workflow run for a fork pull request". */
  approve(repository: RepositoryRecord, run: ActionsRunRecord): void {
    const begun = this.begun.get(run.id);
    if (run.conclusion !== 'action_required' || begun === undefined)
      throw new ApiError(403, 'This run is not from a fork pull request or queued by a first-time contributor');
    this.newcomers.delete(begun.pull.author.login);
    Object.assign(run, { status: 'queued', conclusion: null, title: begun.title });
    this.carryOut(repository, run, begun);
  }
}
