/** Actions: makes runs of the workflow file that the commit has, and refuses what GitHub would refuse. */
import { STAGE_TABLE, STAGES } from '../../src/domain/stage/stage-table.ts';
import { userJson } from '../github/representations/accounts.ts';
import { repositoryJson } from '../github/representations/repositories.ts';
import { ApiError, notFound } from '../github/http.ts';
import type { ActionsRunRecord } from '../github/actions-records.ts';
import type { RepositoryRecord, User } from '../github/world.ts';
import { dispatchInputs } from './dispatch-inputs.ts';
import { cancelOthersOfGroup, describeWorkflow, newRun } from './run-record.ts';
import { callsOf, jobNames, loadCalled, type Loaded } from './runner/called-workflows.ts';
import { textOf } from './runner/expressions.ts';
import { InvalidWorkflow, readWorkflow, type Workflow } from './runner/workflow.ts';
import { crashed, runEnd, type StageScripts } from './scripts.ts';
import type { Runs } from './runs.ts';

export interface DispatchCall {
  readonly file: string;
  readonly ref: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly actor: User;
}

export class ActionsEngine {
  scripts: StageScripts;
  private readonly runs: Runs;

  constructor(runs: Runs, scripts: StageScripts) {
    this.runs = runs;
    this.scripts = scripts;
  }

  get options(): Runs['options'] {
    return this.runs.options;
  }

  async dispatch(repository: RepositoryRecord, call: DispatchCall): Promise<ActionsRunRecord> {
    const ref = await fullRef(repository, call.ref);
    const headSha = ref === null ? null : await repository.git.commitOf(ref);
    if (ref === null || headSha === null) throw new ApiError(422, `No ref found for: ${call.ref}`);
    const path = `.github/workflows/${call.file}`;
    const onDefault = await repository.git.file(`refs/heads/${repository.defaultBranch}`, path);
    const text = await repository.git.file(headSha, path);
    if (onDefault === null || text === null) throw notFound();
    const workflow = await readWorkflow(path, text.toString('utf8')).catch(refused);
    const inputs = dispatchInputs(workflow, call.inputs);
    const loaded = await this.load(repository, workflow, { ref, sha: headSha });
    const { world } = this.runs.place;
    const payload = {
      inputs,
      ref,
      workflow: path,
      repository: repositoryJson(repository, world),
      sender: userJson(call.actor, world),
    };
    const scope = { contexts: { inputs, github: { event: payload, ref } }, status: 'success' } as const;
    const run: ActionsRunRecord = {
      ...newRun(world, repository, call.file, this.options.listLagMs),
      event: 'workflow_dispatch',
      headRepositoryId: repository.id,
      ref,
      headSha,
      checkedOut: { ref, sha: headSha },
      baseRef: null,
      payload,
      commit: await repository.git.commit(headSha),
      workflow: describeWorkflow(world, repository, call.file, workflow),
      title: textOf(workflow.runName, scope) || workflow.name,
      group: workflow.concurrency === null ? null : textOf(workflow.concurrency.group, scope),
      inputs,
      referenced: loaded === null ? [] : callsOf(loaded),
      actor: call.actor,
    };
    cancelOthersOfGroup(repository, run);
    repository.runs.push(run);
    this.runs.announceRequested(repository, run);
    this.begin(repository, run, loaded);
    return run;
  }

  /** A person presses Re-run on a stage run: the same run, its next attempt. GitHub does not say that it was asked for. */
  async rerun(repository: RepositoryRecord, run: ActionsRunRecord): Promise<void> {
    const path = `.github/workflows/${run.file}`;
    const text = await repository.git.file(run.headSha, path);
    const workflow = await readWorkflow(path, text?.toString('utf8') ?? '');
    const loaded = await this.load(repository, workflow, { ref: run.ref, sha: run.headSha });
    Object.assign(run, {
      attempt: run.attempt + 1,
      status: 'queued',
      conclusion: null,
      startedAt: new Date().toISOString(),
      abort: new AbortController(),
    });
    this.begin(repository, run, loaded);
  }

  settle(): Promise<void> {
    return this.runs.settle();
  }

  /** Null where a workflow that it calls cannot be called: GitHub makes a run of that, and ends it before it starts. */
  private async load(
    repository: RepositoryRecord,
    workflow: Workflow,
    { ref, sha }: { readonly ref: string; readonly sha: string },
  ): Promise<Loaded | null> {
    const file = { ref: `${repository.owner.login}/${repository.name}/${workflow.path}@${ref}`, sha };
    return loadCalled(workflow, file, { world: this.runs.place.world, caller: repository }).catch((error: unknown) => {
      if (error instanceof InvalidWorkflow) return null;
      throw error;
    });
  }

  private begin(repository: RepositoryRecord, run: ActionsRunRecord, loaded: Loaded | null): void {
    const stage = STAGES.find((each) => STAGE_TABLE[each].file === run.file);
    const script = stage === undefined ? null : this.scripts({ stage, repository, inputs: run.inputs });
    if (stage === undefined || script === null || loaded === null)
      return this.runs.start(repository, run, { loaded, script: null });
    const file = [...loaded.called.values()][0]?.file ?? loaded.file;
    const { inputs } = run;
    this.runs.start(repository, run, {
      loaded,
      script: async (folder) => {
        const job = { stage, repository, run, inputs, folder, file, runner: HOSTED, signal: run.abort.signal };
        return runEnd(await script(job).catch(crashed), jobNames(loaded), job);
      },
    });
  }
}

const HOSTED = { environment: 'github-hosted' } as const;

/** GitHub names the place, and not the file that was asked for. The words are its parser's. */
function refused(error: unknown): never {
  if (!(error instanceof InvalidWorkflow)) throw error;
  throw new ApiError(422, `failed to parse workflow: ${error.message.replace(/^\S+ (?=\(Line: )/, '')}`);
}

async function fullRef(repository: RepositoryRecord, ref: string): Promise<string | null> {
  for (const name of [ref, `refs/heads/${ref}`, `refs/tags/${ref}`]) {
    if (/^refs\/(heads|tags)\//.test(name) && (await repository.git.refOf(name)) !== null) return name;
  }
  return null;
}
