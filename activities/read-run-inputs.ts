/** What a run is told before it starts: where its ref stands, and what its settings say. */
import type { GitHub, RepositoryApi } from '../src/adapters/github/github.ts';
import type { CommitSha, GitRef } from '../src/domain/git.ts';
import type { Repository } from '../src/domain/repository.ts';
import type { PastRun, RefLook } from '../src/domain/run/coordination.ts';
import type { RunRequest } from '../src/domain/run/run-request.ts';
import { parsePreviousRun, type PreviousRun } from '../src/domain/run/previous-run.ts';
import { parseRunId, runId } from '../src/domain/run/workflow-ids.ts';
import { answer, type Answer } from './failures.ts';
import { loadSettings, type SettingsFacts, type SettingsLoaded } from './load-settings.ts';

/** What Temporal still knows of a run. */
export interface RunArchive {
  /** Null where the run has not ended, or its history has expired. */
  resultOf(workflowId: string): Promise<unknown>;
  isKnown(workflowId: string): Promise<boolean>;
}

export interface LoadedSettings extends SettingsLoaded {
  /** True where the server knows the search attributes: it decides about commands, so it travels with the history. */
  readonly isSearchable: boolean;
}

export interface ResolveRefInput {
  readonly repository: Repository;
  readonly ref: GitRef;
}

export interface RunInputActivities {
  /** Where the ref stands, and which of our runs its commit has had; null where the ref is gone. */
  resolveRef(input: ResolveRefInput): Promise<Answer<RefLook | null>>;
  loadSettings(request: RunRequest): Promise<Answer<LoadedSettings>>;
  /** The result of an earlier attempt; null where it cannot be read any more. */
  readPreviousRun(workflowId: string): Promise<PreviousRun | null>;
}

/** What the worker was started with. */
export interface WorkerFacts extends SettingsFacts {
  /** The Temporal server knows our search attributes. */
  readonly isSearchable: boolean;
}

export function createRunInputActivities(github: GitHub, archive: RunArchive, facts: WorkerFacts): RunInputActivities {
  const readPreviousRun = async (workflowId: string): Promise<PreviousRun | null> =>
    parsePreviousRun(await archive.resultOf(workflowId));
  return {
    readPreviousRun,
    resolveRef: ({ repository, ref }) =>
      answer(async () => {
        const api = github.repository(repository);
        const tip = await tipOf(api, ref);
        if (tip === null) return null;
        const subject = { repositoryId: repository.id, ref, tip };
        const { appId } = await github.identity();
        const past = appId === null ? await runsInTemporal(archive, subject) : await runsOnGitHub(api, appId, subject);
        return { tip, past: await Promise.all(past.map((id) => withTriggers(id, readPreviousRun))) };
      }),
    loadSettings: (request) =>
      answer(async () => ({
        ...(await loadSettings(github, request, facts)),
        isSearchable: facts.isSearchable,
      })),
  };
}

/** A fork's branch is not in this repository; its commits are, as the pull request's own ref. */
async function tipOf(api: RepositoryApi, ref: GitRef): Promise<CommitSha | null> {
  const pull = /^refs\/pull\/(\d+)\/head$/.exec(ref);
  if (pull === null) return api.contents.commitAt(ref);
  const found = await api.contents.pullRequest(Number(pull[1]));
  return found?.state === 'open' ? found.head.sha : null;
}

interface Subject {
  readonly repositoryId: number;
  readonly ref: GitRef;
  readonly tip: CommitSha;
}

/** Our own runs are recognised by their `external_id` alone: names and titles can be anybody's. */
async function runsOnGitHub(api: RepositoryApi, appId: number, { repositoryId, ref, tip }: Subject): Promise<string[]> {
  const runs = await api.reports.checkRuns(tip, appId);
  const ids = runs.flatMap((run) => run.external_id ?? []);
  return [...new Set(ids)].filter((id) => {
    const key = parseRunId(id);
    return key !== null && key.repositoryId === repositoryId && key.ref === ref && key.sha === tip;
  });
}

/** Without an App there are no check runs to find: attempts are counted up from the first, as far as Temporal remembers. */
async function runsInTemporal(archive: RunArchive, { repositoryId, ref, tip }: Subject): Promise<string[]> {
  const known: string[] = [];
  for (let attempt = 1; ; attempt += 1) {
    const id = runId({ repositoryId, ref, sha: tip, attempt });
    if (!(await archive.isKnown(id))) return known;
    known.push(id);
  }
}

async function withTriggers(workflowId: string, read: (id: string) => Promise<PreviousRun | null>): Promise<PastRun> {
  const result = await read(workflowId);
  return {
    workflowId,
    attempt: parseRunId(workflowId)?.attempt ?? 1,
    triggers: result?.triggers ?? null,
    wasSuperseded: result?.verdict.kind === 'superseded',
  };
}
