/** What a run is told before it starts: where its ref stands, and what its settings say. */
import { createHash } from 'node:crypto';
import type { GitHub, RepositoryApi } from '../src/adapters/github/github.ts';
import type { BuilderWorkflow } from '../src/domain/build/builder.ts';
import { Digest, type CommitSha, type GitRef } from '../src/domain/git.ts';
import type { Repository } from '../src/domain/repository.ts';
import type { PastRun, RefLook } from '../src/domain/run/coordination.ts';
import { resolvePlan, type Plan, type Planning } from '../src/domain/run/plan.ts';
import type { RunRequest } from '../src/domain/run/run-request.ts';
import { parsePreviousRun, type PreviousRun } from '../src/domain/run/previous-run.ts';
import type { Trigger } from '../src/domain/run/trigger.ts';
import { parseRunId, runId } from '../src/domain/run/workflow-ids.ts';
import { readSettings, type SettingsMistake } from '../src/domain/settings/read-settings.ts';
import { SETTINGS_PATH, type SettingsFile } from '../src/domain/settings/settings-schema.ts';
import { STAGE_TABLE, STAGES, type Stage } from '../src/domain/stage/stage-table.ts';
import { answer, type Answer } from './failures.ts';
import { standingOf, WORKFLOWS_FOLDER, type StageFileFacts } from './stage-drift.ts';

/** What Temporal still knows of a run. */
export interface RunArchive {
  /** Null where the run has not ended, or its history has expired. */
  resultOf(workflowId: string): Promise<unknown>;
  isKnown(workflowId: string): Promise<boolean>;
}

export type SettingsAnswer =
  | Planning
  | { readonly kind: 'mistakes'; readonly mistakes: readonly SettingsMistake[]; readonly where: string }
  | { readonly kind: 'never_set_up' }
  | { readonly kind: 'settings_removed'; readonly base: string }
  | { readonly kind: 'fork' };

export interface LoadedSettings {
  readonly planning: SettingsAnswer;
  /** Stage files that differ from the base branch's, where a pull request asks. */
  readonly changedStageFiles: readonly string[];
  /** Stage files that differ from those this App renders, where no pull request asks. */
  readonly driftedStageFiles: readonly string[];
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
export interface WorkerFacts extends StageFileFacts {
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
        ...(await loadSettings(github.repository(request.repository), request, facts)),
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

type PullRequestTrigger = Extract<Trigger, { kind: 'pull_request' }>;

async function loadSettings(
  api: RepositoryApi,
  request: RunRequest,
  facts: WorkerFacts,
): Promise<Omit<LoadedSettings, 'isSearchable'>> {
  const pull = request.triggers.find((trigger): trigger is PullRequestTrigger => trigger.kind === 'pull_request');
  // A ref of this form is a fork's by construction, also where the history that said so has expired.
  if (pull?.fork === true || request.ref.startsWith('refs/pull/')) return { planning: { kind: 'fork' }, ...UNCHANGED };
  const headText = await api.contents.fileAt(SETTINGS_PATH, request.sha);
  const baseText = pull === undefined ? null : await api.contents.fileAt(SETTINGS_PATH, `refs/heads/${pull.baseRef}`);
  const texts = { head: headText, base: baseText, baseRef: pull?.baseRef ?? null };
  const planning = await planFrom(api, request, { ...texts, builder: facts.builder });
  if (planning.kind !== 'planned') return { planning, ...UNCHANGED };
  const { plan } = planning;
  return pull === undefined
    ? { planning, ...UNCHANGED, driftedStageFiles: await driftedStageFiles(api, request, { plan, facts }) }
    : { planning, ...UNCHANGED, changedStageFiles: await changedStageFiles(api, request, { pull, plan }) };
}

const UNCHANGED = { changedStageFiles: [], driftedStageFiles: [] } as const;

interface SettingsTexts {
  readonly head: string | null;
  readonly base: string | null;
  readonly baseRef: string | null;
  readonly builder: BuilderWorkflow | null;
}

async function planFrom(api: RepositoryApi, request: RunRequest, texts: SettingsTexts): Promise<SettingsAnswer> {
  const { head, base, baseRef, builder } = texts;
  if (head === null && base !== null) return { kind: 'settings_removed', base: baseRef ?? '' };
  if (head === null && (await hasNoStageFiles(api, request.repository))) return { kind: 'never_set_up' };
  const headSettings = read(head);
  const baseSettings = baseRef === null ? null : read(base);
  if (headSettings.kind === 'mistakes') return { ...headSettings, where: 'this commit' };
  if (baseSettings?.kind === 'mistakes') return { ...baseSettings, where: `the base branch ${baseRef}` };
  return resolvePlan({
    repository: request.repository,
    ref: request.ref,
    sha: request.sha,
    triggers: request.triggers,
    head: headSettings.settings,
    base: baseSettings?.settings ?? null,
    settingsDigest: digestOf(JSON.stringify([head, base])),
    builder,
  });
}

const read = (text: string | null): ReturnType<typeof readSettings> | { kind: 'settings'; settings: SettingsFile } =>
  text === null ? { kind: 'settings', settings: {} } : readSettings(text);

const digestOf = (text: string): Digest => Digest.parse(`sha256:${createHash('sha256').update(text).digest('hex')}`);

async function hasNoStageFiles(api: RepositoryApi, repository: Repository): Promise<boolean> {
  const files = await api.contents.directoryAt(WORKFLOWS_FOLDER, `refs/heads/${repository.defaultBranch}`);
  return !STAGES.some((stage) => files.has(STAGE_TABLE[stage].file));
}

async function changedStageFiles(
  api: RepositoryApi,
  request: RunRequest,
  { pull, plan }: { readonly pull: PullRequestTrigger; readonly plan: Plan },
): Promise<string[]> {
  const [head, base] = await Promise.all([
    api.contents.directoryAt(WORKFLOWS_FOLDER, request.sha),
    api.contents.directoryAt(WORKFLOWS_FOLDER, `refs/heads/${pull.baseRef}`),
  ]);
  return STAGES.map((stage) => plan.stageFiles[stage].file).filter((file) => head.get(file) !== base.get(file));
}

/** A file that is missing is told by its dispatch. */
async function driftedStageFiles(
  api: RepositoryApi,
  request: RunRequest,
  { plan, facts }: { readonly plan: Plan; readonly facts: WorkerFacts },
): Promise<string[]> {
  const found = await api.contents.directoryAt(WORKFLOWS_FOLDER, request.sha);
  const differs = (stage: Stage): boolean => standingOf(stage, plan.stageFiles[stage], { facts, found }) === 'differs';
  return plan.stages.filter(differs).map((stage) => plan.stageFiles[stage].file);
}
