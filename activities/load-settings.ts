/** The settings that a run goes by: files of its commit, its base and its organisation → a plan, or why there is none. */
import { createHash } from 'node:crypto';
import type { GitHub, RepositoryApi } from '../src/adapters/github/github.ts';
import { GitHubFault } from '../src/adapters/github/github-fault.ts';
import { floorFor, type TrustPolicy } from '../src/domain/evidence/trust-map.ts';
import { FORK_CHECK_FILE } from '../src/domain/fork/fork-check.ts';
import { Digest, type CommitSha } from '../src/domain/git.ts';
import { fullName, type Repository } from '../src/domain/repository.ts';
import type { Decision } from '../src/domain/run/decision.ts';
import { resolvePlan, type Plan, type PlanContext, type Planning } from '../src/domain/run/plan.ts';
import type { RunRequest } from '../src/domain/run/run-request.ts';
import { settingsEffect } from '../src/domain/run/settings-effect.ts';
import type { Trigger } from '../src/domain/run/trigger.ts';
import { parseRunId } from '../src/domain/run/workflow-ids.ts';
import { overOrganisation } from '../src/domain/settings/effective-settings.ts';
import { readOrganisationSettings, readSettings, type SettingsMistake } from '../src/domain/settings/read-settings.ts';
import { COMMIT_ITSELF, SETTINGS_PATH, type SettingsFile } from '../src/domain/settings/settings-schema.ts';
import { STAGE_TABLE, STAGES, type Stage } from '../src/domain/stage/stage-table.ts';
import { forkSource, triggersOf, whyNotDispatched } from './fork-source.ts';
import { differsFromForkCheck, standingOf, WORKFLOWS_FOLDER, type StageFileFacts } from './stage-drift.ts';

/** What there is beside a plan: each ends the run with a sentence that says what to do. */
export type SettingsAnswer =
  | Planning
  | { readonly kind: 'mistakes'; readonly mistakes: readonly SettingsMistake[]; readonly where: string }
  | { readonly kind: 'never_set_up' }
  | { readonly kind: 'settings_removed'; readonly base: string }
  | { readonly kind: 'organisation_missing'; readonly repository: string }
  /** Its pull request is closed, or gone. */
  | { readonly kind: 'fork_gone' };

export interface SettingsLoaded {
  readonly planning: SettingsAnswer;
  /** Stage files that differ from the base branch's, where a pull request asks. */
  readonly changedStageFiles: readonly string[];
  /** Stage files that differ from those this App renders, where no pull request asks. */
  readonly driftedStageFiles: readonly string[];
}

export interface SettingsFacts extends StageFileFacts {
  /** Whom the operator trusts, and the least that is asked of repositories. */
  readonly evidence: { readonly trust: { readonly policy: TrustPolicy } };
}

const UNCHANGED = { changedStageFiles: [], driftedStageFiles: [] } as const;

export async function loadSettings(github: GitHub, request: RunRequest, facts: SettingsFacts): Promise<SettingsLoaded> {
  const api = github.repository(request.repository);
  const triggers = await triggersOf(api, request);
  if (triggers === null) return { planning: { kind: 'fork_gone' }, ...UNCHANGED };
  const whole = { ...request, triggers };
  const planning = await new Loading({ github, api, request: whole, facts }).plan();
  if (planning.kind !== 'planned') return { planning, ...UNCHANGED };
  return { planning, ...UNCHANGED, ...(await stageFilesOf(api, whole, { plan: planning.plan, facts })) };
}

interface PlanFacts {
  readonly plan: Plan;
  readonly facts: StageFileFacts;
}

async function stageFilesOf(
  api: RepositoryApi,
  request: RunRequest,
  { plan, facts }: PlanFacts,
): Promise<Partial<SettingsLoaded>> {
  const isPull = request.triggers.some(({ kind }) => kind === 'pull_request');
  return !isPull
    ? { driftedStageFiles: await driftedStageFiles(api, request, { plan, facts }) }
    : { changedStageFiles: await changedStageFiles(api, request, plan) };
}

interface Parts {
  readonly github: GitHub;
  readonly api: RepositoryApi;
  readonly request: RunRequest;
  readonly facts: SettingsFacts;
}

/** The settings of the commit, and of each branch that it is to be merged into. */
interface All {
  readonly head: SettingsFile;
  /** By branch; empty where nothing asks for a merge. */
  readonly bases: ReadonlyMap<string, SettingsFile>;
  /** Of all texts that were read. */
  readonly digest: Digest;
  /** Branches whose settings a pull request changes. */
  readonly changed: readonly string[];
}

/** As it lies in the repository; null where it is absent. */
type Text = string | null;

type Stopped = Exclude<SettingsAnswer, Planning>;

class Loading {
  private readonly parts: Parts;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  async plan(): Promise<SettingsAnswer> {
    const { github, request } = this.parts;
    const all = await this.read();
    if ('kind' in all) return all;
    const context = await this.contextOf(all);
    const planning = resolvePlan(context);
    // Whose code it is costs a request, and is asked of nothing that is not run.
    const forkCheck =
      planning.kind === 'planned' ? await forkSource(github, request, () => this.trustedBots(all)) : null;
    if (forkCheck === null) return withEffects(all, context, planning);
    // Nobody's code decides nothing here, so what its own settings say is not looked at either.
    const head = await this.settingsOf(forkCheck.baseRef, all);
    if ('kind' in head) return head;
    const followed = { ...context, head, forkCheck };
    return withEffects(all, followed, resolvePlan(followed), ...whyNotDispatched(request, forkCheck));
  }

  private async contextOf(all: All): Promise<PlanContext> {
    const { repository, ref, sha, triggers } = this.parts.request;
    const { builder, evidence } = this.parts.facts;
    return {
      repository,
      ref,
      sha,
      triggers,
      head: all.head,
      bases: all.bases,
      settingsDigest: all.digest,
      builder,
      floor: floorFor(evidence.trust.policy, fullName(repository)),
      today: new Date().toISOString().slice(0, 10),
      changedPaths: await this.changedPaths(all.head),
      forkCheck: null,
    };
  }

  private async settingsOf(baseRef: string, { bases }: All): Promise<SettingsFile | Stopped> {
    const known = bases.get(baseRef);
    if (known !== undefined) return known;
    const reading = read(await this.parts.api.contents.fileAt(SETTINGS_PATH, `refs/heads/${baseRef}`));
    return reading.kind === 'settings' ? reading.settings : { ...reading, where: `the base branch ${baseRef}` };
  }

  private async trustedBots(all: All): Promise<readonly number[]> {
    const settings = await this.settingsOf(this.parts.request.repository.defaultBranch, all);
    return 'kind' in settings ? [] : (settings.trusted_bots ?? []);
  }

  private async read(): Promise<All | Stopped> {
    const { api, request } = this.parts;
    const isFork = request.triggers.some((trigger) => trigger.kind === 'pull_request' && trigger.fork);
    const texts = new Map<string, Text>();
    for (const baseRef of baseRefsOf(request.triggers)) {
      texts.set(baseRef, await api.contents.fileAt(SETTINGS_PATH, `refs/heads/${baseRef}`));
    }
    // What a fork's own settings say is never read.
    const head = isFork ? ([...texts.values()][0] ?? null) : await api.contents.fileAt(SETTINGS_PATH, request.sha);
    const [removedFrom] = [...texts].find(([, text]) => head === null && text !== null) ?? [];
    if (removedFrom !== undefined) return { kind: 'settings_removed', base: removedFrom };
    if (head === null && (await hasNoStageFiles(api, request.repository))) return { kind: 'never_set_up' };
    return this.parse(head, texts);
  }

  private async parse(headText: Text, texts: ReadonlyMap<string, Text>): Promise<All | Stopped> {
    const head = read(headText);
    if (head.kind === 'mistakes') return { ...head, where: COMMIT_ITSELF };
    const bases = new Map<string, SettingsFile>();
    for (const [baseRef, text] of texts) {
      const base = read(text);
      if (base.kind === 'mistakes') return { ...base, where: `the base branch ${baseRef}` };
      bases.set(baseRef, base.settings);
    }
    const changed = [...texts].filter(([, text]) => text !== headText).map(([baseRef]) => baseRef);
    const all = { head: head.settings, bases, changed };
    const isExtended = [all.head, ...bases.values()].some((settings) => settings.extends === 'org');
    const everything = [headText, ...texts.values()];
    return isExtended ? this.extended(all, everything) : { ...all, digest: digestOf(...everything) };
  }

  private async extended(own: Omit<All, 'digest'>, texts: readonly Text[]): Promise<All | Stopped> {
    const { github, request } = this.parts;
    const repository = `${request.repository.owner}/.github`;
    const text = await orNullWithoutAccess(github.organisation(request.repository).fileAt(SETTINGS_PATH, 'HEAD'));
    if (text === null) return { kind: 'organisation_missing', repository };
    const reading = readOrganisationSettings(text);
    if (reading.kind === 'mistakes') return { ...reading, where: repository };
    const extend = (settings: SettingsFile): SettingsFile =>
      settings.extends === 'org' ? overOrganisation(reading.settings, settings) : settings;
    return {
      ...own,
      head: extend(own.head),
      bases: new Map([...own.bases].map(([baseRef, settings]) => [baseRef, extend(settings)])),
      digest: digestOf(...texts, text),
    };
  }

  /**
   * What came before must have been run here and passed, or been left out for the same reason: else a push of ignored files
   * would be the last word on a change that nobody has looked at.
   */
  private async wasSettled(before: CommitSha): Promise<boolean> {
    const { github, api, request } = this.parts;
    const { appId } = await github.identity();
    if (appId === null) return false;
    const runs = (await api.reports.checkRuns(before, appId)).filter(
      ({ external_id: id }) => parseRunId(id ?? '')?.ref === request.ref,
    );
    const [newest] = runs.toSorted((a, b) => b.id - a.id);
    return newest?.status === 'completed' && SETTLED.includes(newest.conclusion ?? '');
  }

  /** Asked for only where the settings ignore some paths. */
  private async changedPaths(head: SettingsFile): Promise<readonly string[] | null> {
    const { api, request } = this.parts;
    const before = request.triggers.find((trigger) => trigger.kind === 'push')?.before;
    const ignoresSome = (head.on?.push?.ignore_paths ?? []).length > 0;
    if (!ignoresSome || before === undefined || !(await this.wasSettled(before))) return null;
    return api.contents.changedPaths(before, request.sha);
  }
}

function withEffects(all: All, context: PlanContext, planning: Planning, ...first: readonly Decision[]): Planning {
  if (planning.kind !== 'planned') return planning;
  const effects = all.changed.map((baseRef) => settingsEffect(context, baseRef));
  return { ...planning, decisions: [...first, ...planning.decisions, ...effects] };
}

const SETTLED = ['success', 'skipped'];

const baseRefsOf = (triggers: readonly Trigger[]): string[] => [
  ...new Set(
    triggers.flatMap((each) => (each.kind === 'pull_request' || each.kind === 'merge_group' ? [each.baseRef] : [])),
  ),
];

const read = (text: string | null): ReturnType<typeof readSettings> | { kind: 'settings'; settings: SettingsFile } =>
  text === null ? { kind: 'settings', settings: {} } : readSettings(text);

/** A repository that the App is not installed on is refused with the token (422), before anything is looked for in it. */
async function orNullWithoutAccess(reading: Promise<string | null>): Promise<string | null> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof GitHubFault && ['unprocessable', 'forbidden'].includes(error.kind)) return null;
    throw error;
  }
}

const digestOf = (...texts: readonly (string | null)[]): Digest =>
  Digest.parse(`sha256:${createHash('sha256').update(JSON.stringify(texts)).digest('hex')}`);

async function hasNoStageFiles(api: RepositoryApi, repository: Repository): Promise<boolean> {
  const files = await api.contents.directoryAt(WORKFLOWS_FOLDER, `refs/heads/${repository.defaultBranch}`);
  return !STAGES.some((stage) => files.has(STAGE_TABLE[stage].file));
}

/** Other than those of any branch that a pull request of it asks for. */
async function changedStageFiles(api: RepositoryApi, request: RunRequest, plan: Plan): Promise<string[]> {
  const head = await api.contents.directoryAt(WORKFLOWS_FOLDER, request.sha);
  const changed = new Set<string>();
  for (const baseRef of baseRefsOf(request.triggers)) {
    const base = await api.contents.directoryAt(WORKFLOWS_FOLDER, `refs/heads/${baseRef}`);
    const files = [...STAGES.map((stage) => plan.stageFiles[stage].file), FORK_CHECK_FILE];
    for (const file of files) if (head.get(file) !== base.get(file)) changed.add(file);
  }
  return [...changed];
}

/** A file that is missing is told by its dispatch. */
async function driftedStageFiles(
  api: RepositoryApi,
  request: RunRequest,
  { plan, facts }: PlanFacts,
): Promise<string[]> {
  const found = await api.contents.directoryAt(WORKFLOWS_FOLDER, request.sha);
  const differs = (stage: Stage): boolean => standingOf(stage, plan.stageFiles[stage], { facts, found }) === 'differs';
  return [
    ...plan.stages.filter(differs).map((stage) => plan.stageFiles[stage].file),
    ...(differsFromForkCheck(facts, found) ? [FORK_CHECK_FILE] : []),
  ];
}
