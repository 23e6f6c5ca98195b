/** The settings that a run goes by: files of its commit, its base and its organisation → a plan, or why there is none. */
import { createHash } from 'node:crypto';
import type { GitHub, RepositoryApi } from '../src/adapters/github/github.ts';
import { GitHubFault } from '../src/adapters/github/github-fault.ts';
import { floorFor, type TrustPolicy } from '../src/domain/evidence/trust-map.ts';
import { Digest } from '../src/domain/git.ts';
import { fullName, type Repository } from '../src/domain/repository.ts';
import { resolvePlan, type Plan, type Planning } from '../src/domain/run/plan.ts';
import type { RunRequest } from '../src/domain/run/run-request.ts';
import { settingsEffect } from '../src/domain/run/settings-effect.ts';
import type { Trigger } from '../src/domain/run/trigger.ts';
import { overOrganisation } from '../src/domain/settings/effective-settings.ts';
import { readOrganisationSettings, readSettings, type SettingsMistake } from '../src/domain/settings/read-settings.ts';
import { COMMIT_ITSELF, SETTINGS_PATH, type SettingsFile } from '../src/domain/settings/settings-schema.ts';
import { STAGE_TABLE, STAGES, type Stage } from '../src/domain/stage/stage-table.ts';
import { standingOf, WORKFLOWS_FOLDER, type StageFileFacts } from './stage-drift.ts';

/** What there is beside a plan: each ends the run with a sentence that says what to do. */
export type SettingsAnswer =
  | Planning
  | { readonly kind: 'mistakes'; readonly mistakes: readonly SettingsMistake[]; readonly where: string }
  | { readonly kind: 'never_set_up' }
  | { readonly kind: 'settings_removed'; readonly base: string }
  | { readonly kind: 'organisation_missing'; readonly repository: string }
  | { readonly kind: 'fork' }
  | { readonly kind: 'untrusted_bot'; readonly bot: number };

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
  const pull = request.triggers.find((trigger) => trigger.kind === 'pull_request');
  // A ref of this form is a fork's by construction, also where the history that said so has expired.
  if (pull?.fork === true || request.ref.startsWith('refs/pull/')) return { planning: { kind: 'fork' }, ...UNCHANGED };
  const planning = await new Loading({ github, api, request, facts }).plan();
  if (planning.kind !== 'planned') return { planning, ...UNCHANGED };
  const { plan } = planning;
  return pull === undefined
    ? { planning, ...UNCHANGED, driftedStageFiles: await driftedStageFiles(api, request, { plan, facts }) }
    : { planning, ...UNCHANGED, changedStageFiles: await changedStageFiles(api, request, { pull, plan }) };
}

interface Parts {
  readonly github: GitHub;
  readonly api: RepositoryApi;
  readonly request: RunRequest;
  readonly facts: SettingsFacts;
}

/** The settings of the commit, and of the branch that it is to be merged into; null where nothing asks for a merge. */
interface Both {
  readonly head: SettingsFile;
  readonly base: SettingsFile | null;
  /** Of all texts that were read. */
  readonly digest: Digest;
  /** The pull request changes the settings. */
  readonly isChanged: boolean;
}

/** As they lie in the repository; null where they are absent. */
interface Texts {
  readonly head: string | null;
  readonly base: string | null;
  readonly baseRef: string | null;
}

type Stopped = Exclude<SettingsAnswer, Planning>;

class Loading {
  private readonly parts: Parts;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  async plan(): Promise<SettingsAnswer> {
    const { request, facts } = this.parts;
    const both = await this.both();
    if ('kind' in both) return both;
    const bot = await this.untrustedBot(both);
    if (bot !== null) return { kind: 'untrusted_bot', bot };
    const context = {
      repository: request.repository,
      ref: request.ref,
      sha: request.sha,
      triggers: request.triggers,
      head: both.head,
      base: both.base,
      settingsDigest: both.digest,
      builder: facts.builder,
      floor: floorFor(facts.evidence.trust.policy, fullName(request.repository)),
      today: new Date().toISOString().slice(0, 10),
      changedPaths: await this.changedPaths(both.head),
    };
    const planning = resolvePlan(context);
    const baseRef = baseRefOf(request.triggers);
    if (planning.kind !== 'planned' || baseRef === null || !both.isChanged) return planning;
    return { ...planning, decisions: [...planning.decisions, settingsEffect(context, baseRef)] };
  }

  private async both(): Promise<Both | Stopped> {
    const { api, request } = this.parts;
    const baseRef = baseRefOf(request.triggers);
    const head = await api.contents.fileAt(SETTINGS_PATH, request.sha);
    if (baseRef === null) return this.read({ head, base: null, baseRef });
    const base = await api.contents.fileAt(SETTINGS_PATH, `refs/heads/${baseRef}`);
    if (head === null && base !== null) return { kind: 'settings_removed', base: baseRef };
    return this.read({ head, base, baseRef });
  }

  private async read({ head, base, baseRef }: Texts): Promise<Both | Stopped> {
    const { api, request } = this.parts;
    if (head === null && (await hasNoStageFiles(api, request.repository))) return { kind: 'never_set_up' };
    const headReading = read(head);
    if (headReading.kind === 'mistakes') return { ...headReading, where: COMMIT_ITSELF };
    const baseReading = baseRef === null ? null : read(base);
    if (baseReading?.kind === 'mistakes') return { ...baseReading, where: `the base branch ${baseRef}` };
    const own = { head: headReading.settings, base: baseReading?.settings ?? null };
    const isExtended = [own.head, own.base].some((settings) => settings?.extends === 'org');
    const isChanged = baseRef !== null && head !== base;
    if (isExtended) return this.extended({ ...own, isChanged }, [head, base]);
    return { ...own, isChanged, digest: digestOf(head, base) };
  }

  private async extended(own: Omit<Both, 'digest'>, texts: readonly (string | null)[]): Promise<Both | Stopped> {
    const { github, request } = this.parts;
    const repository = `${request.repository.owner}/.github`;
    const text = await orNullWithoutAccess(github.organisation(request.repository).fileAt(SETTINGS_PATH, 'HEAD'));
    if (text === null) return { kind: 'organisation_missing', repository };
    const reading = readOrganisationSettings(text);
    if (reading.kind === 'mistakes') return { ...reading, where: repository };
    const extend = (settings: SettingsFile): SettingsFile =>
      settings.extends === 'org' ? overOrganisation(reading.settings, settings) : settings;
    return {
      isChanged: own.isChanged,
      head: extend(own.head),
      base: own.base === null ? null : extend(own.base),
      digest: digestOf(...texts, text),
    };
  }

  /** The pull request's author, where that is a bot that its base branch does not trust: its code is nobody's. */
  private async untrustedBot({ base }: Both): Promise<number | null> {
    const { github, request } = this.parts;
    const bots = request.triggers.flatMap((each) => (each.kind === 'pull_request' ? (each.bot ?? []) : []));
    const unnamed = bots.filter((bot) => base?.trusted_bots?.includes(bot) !== true);
    if (unnamed.length === 0) return null;
    const { userId } = await github.identity();
    return unnamed.find((bot) => bot !== userId) ?? null;
  }

  /** Asked for only where the settings ignore some paths. */
  private async changedPaths(head: SettingsFile): Promise<readonly string[] | null> {
    const { api, request } = this.parts;
    const before = request.triggers.find((trigger) => trigger.kind === 'push')?.before;
    const ignoresSome = (head.on?.push?.ignore_paths ?? []).length > 0;
    return ignoresSome && before !== undefined ? api.contents.changedPaths(before, request.sha) : null;
  }
}

const baseRefOf = (triggers: readonly Trigger[]): string | null =>
  triggers.flatMap((each) => (each.kind === 'pull_request' || each.kind === 'merge_group' ? [each.baseRef] : []))[0] ??
  null;

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

async function changedStageFiles(
  api: RepositoryApi,
  request: RunRequest,
  { pull, plan }: { readonly pull: { readonly baseRef: string }; readonly plan: Plan },
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
  { plan, facts }: { readonly plan: Plan; readonly facts: StageFileFacts },
): Promise<string[]> {
  const found = await api.contents.directoryAt(WORKFLOWS_FOLDER, request.sha);
  const differs = (stage: Stage): boolean => standingOf(stage, plan.stageFiles[stage], { facts, found }) === 'differs';
  return plan.stages.filter(differs).map((stage) => plan.stageFiles[stage].file);
}
