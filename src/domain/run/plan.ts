/** What a run will do: settings and triggers resolved to stages, gates and an image. Pure, and decided once, in INIT. */
import { z } from 'zod';
import { BuilderWorkflow, SIGNING_MODES } from '../build/builder.ts';
import { Digest, isTag, shortRef, type CommitSha, type GitRef } from '../git.ts';
import type { Repository } from '../repository.ts';
import { PRESETS, PresetName, SEVERITY_THRESHOLDS, SeverityThreshold } from '../settings/presets.ts';
import { matchesAny } from '../settings/ref-pattern.ts';
import type { SettingsFile } from '../settings/settings-schema.ts';
import { STAGE_TABLE, STAGES, type Stage } from '../stage/stage-table.ts';
import type { Decision } from './decision.ts';
import { imageFlagsOf, imageOf, imageChangedBy } from './plan-image.ts';
import { isReleaseBranch, levelAfterMerge, signingOf, withoutSigning } from './plan-signing.ts';
import type { RunFlags, Trigger } from './trigger.ts';

export const Gates = z.object({
  failOnLintErrors: z.boolean(),
  failOnVulnerabilities: z.boolean(),
  threshold: SeverityThreshold,
  maxFindings: z.number().int().nonnegative(),
});
export type Gates = z.infer<typeof Gates>;

const StageFile = z.object({ file: z.string(), timeoutMinutes: z.number().int().positive() });

export const Plan = z.object({
  preset: PresetName,
  stages: z.array(z.enum(STAGES)),
  /** The preset verifies: a level under the expected one fails the run, also where nothing is signed and no stage of it runs. */
  verifies: z.boolean(),
  gates: Gates,
  autoFixLint: z.boolean(),
  afterAutoFix: z.enum(['build', 'stop']),
  updateCommitStatus: z.boolean(),
  /** Failures and findings are tracked by issues; plans of older versions do not say. */
  tracksIssues: z.boolean().optional(),
  image: z.object({
    /** `registry/name`, without tag. */
    name: z.string(),
    tag: z.string(),
    dockerfile: z.string(),
    context: z.string(),
    target: z.string(),
    platforms: z.array(z.string()),
    buildArgs: z.record(z.string(), z.string()),
  }),
  signing: z.enum(SIGNING_MODES),
  /** For a pull request: what its target would promise once it is merged. Null where no pull request asks. */
  levelAfterMerge: z.union([z.literal(1), z.literal(2), z.literal(3)]).nullable(),
  /** The isolated builder that stage 01 calls; null where the repository builds for itself. */
  builder: BuilderWorkflow.nullable(),
  /** Image settings of the command line: only a repository's own build takes them. */
  imageFlags: z.record(z.string(), z.string()),
  stageFiles: z.record(z.enum(STAGES), StageFile),
  /** Of the settings this plan came from: outcomes of another plan are not kept by a re-run. */
  settingsDigest: Digest,
});
export type Plan = z.infer<typeof Plan>;

export type Planning =
  | { readonly kind: 'planned'; readonly plan: Plan; readonly decisions: readonly Decision[] }
  | { readonly kind: 'not_wanted'; readonly reason: string }
  /** The command line asked for another image than the settings, which alone shape what an isolated builder builds. */
  | { readonly kind: 'flags_refused'; readonly flags: readonly string[] };

export interface PlanContext {
  readonly repository: Repository;
  readonly ref: GitRef;
  readonly sha: CommitSha;
  readonly triggers: readonly Trigger[];
  /** Decides whether a push is wanted, and what is built: read at the commit. */
  readonly head: SettingsFile;
  /** Decides whether a pull request is wanted, and its gates: read at the base branch. Null where none asks. */
  readonly base: SettingsFile | null;
  readonly settingsDigest: Digest;
  readonly builder: BuilderWorkflow | null;
}

export function resolvePlan(context: PlanContext): Planning {
  // A re-run repeats what the other triggers asked for; alone (their history has expired) it asks for what a push would.
  const asking = context.triggers.filter((trigger) => trigger.kind !== 'rerun');
  const wanted = asking.length === 0 ? [wantedByPush(context)] : asking.map((each) => wantedBy(each, context));
  const reasons = wanted.filter((each) => each.kind === 'not_wanted').map((each) => each.reason);
  if (reasons.length === wanted.length) return { kind: 'not_wanted', reason: reasons[0] ?? 'nothing asked for it' };
  return plan(context, wanted);
}

type Wanted = { kind: 'full' } | { kind: 'pull_request' } | { kind: 'not_wanted'; reason: string };

function wantedBy(trigger: Exclude<Trigger, { kind: 'rerun' }>, context: PlanContext): Wanted {
  switch (trigger.kind) {
    case 'push':
      return wantedByPush(context);
    case 'pull_request':
      return wantedByPullRequest(trigger, context.base ?? {});
    case 'manual':
      return { kind: 'full' };
  }
}

function wantedByPush({ ref, repository, head }: PlanContext): Wanted {
  const name = shortRef(ref);
  if (isTag(ref)) {
    const patterns = head.on?.push?.tags ?? ['**'];
    return matchesAny(name, patterns)
      ? { kind: 'full' }
      : { kind: 'not_wanted', reason: `on.push.tags does not name ${name}` };
  }
  const patterns = head.on?.push?.branches ?? [];
  if (name === repository.defaultBranch || matchesAny(name, patterns)) return { kind: 'full' };
  return { kind: 'not_wanted', reason: `on.push.branches does not name ${name}, and no pull request asks for it` };
}

function wantedByPullRequest(trigger: Extract<Trigger, { kind: 'pull_request' }>, base: SettingsFile): Wanted {
  const settings = base.on?.pull_request;
  if (settings?.branches !== undefined && !matchesAny(trigger.baseRef, settings.branches)) {
    return { kind: 'not_wanted', reason: `on.pull_request.branches does not name ${trigger.baseRef}` };
  }
  if (trigger.draft && settings?.drafts !== true) {
    return { kind: 'not_wanted', reason: 'it is a draft, and on.pull_request.drafts is not set' };
  }
  return { kind: 'pull_request' };
}

function plan(context: PlanContext, wanted: readonly Wanted[]): Planning {
  const { head } = context;
  const flags = context.triggers.find((trigger) => trigger.kind === 'manual')?.flags ?? {};
  const asked = askedFor(context, wanted, flags);
  const imageFlags = imageFlagsOf(flags);
  const refused = context.builder === null ? [] : imageChangedBy(context, flags);
  if (refused.length > 0) return { kind: 'flags_refused', flags: refused };
  const signing = signingOf(context);
  const { stages, decisions } = withoutSigning(asked.stages, signing);
  return {
    kind: 'planned',
    decisions,
    plan: {
      preset: asked.preset,
      stages,
      verifies: asked.stages.includes('verify'),
      gates: asked.gates,
      autoFixLint: flags.autoFixLint ?? asked.settings.auto_fix_lint ?? true,
      afterAutoFix: asked.settings.after_auto_fix ?? 'build',
      updateCommitStatus: flags.updateCommitStatus ?? head.update_commit_status ?? true,
      tracksIssues: wanted.some(({ kind }) => kind === 'full') && isReleaseBranchOf(context),
      image: imageOf(context, flags),
      signing: signing.mode,
      levelAfterMerge: levelAfterMerge(context),
      builder: context.builder,
      imageFlags,
      stageFiles: stageFilesOf(asked.settings),
      settingsDigest: context.settingsDigest,
    },
  };
}

const isReleaseBranchOf = ({ ref, repository, head }: PlanContext): boolean =>
  isReleaseBranch(ref, repository.defaultBranch, head.release_branches ?? []);

interface Asked {
  readonly preset: PresetName;
  readonly stages: readonly Stage[];
  readonly gates: Gates;
  /** Those that name the stage files and the way of a repair. */
  readonly settings: SettingsFile;
}

/**
 * A pull request is gated by its base branch, so that it cannot weaken its own gate; where one run serves a push too, neither
 * loosens what the other is held to.
 */
function askedFor({ head, base }: PlanContext, wanted: readonly Wanted[], flags: RunFlags): Asked {
  const forPush = askedByPush(head, flags);
  const forPull = { ...askedByPush(base ?? {}, {}), stages: PRESETS.minimal.stages };
  if (!wanted.some(({ kind }) => kind === 'pull_request')) return forPush;
  if (!wanted.some(({ kind }) => kind === 'full')) return forPull;
  const stages = STAGES.filter((stage) => forPush.stages.includes(stage) || forPull.stages.includes(stage));
  return { ...forPull, preset: forPush.preset, stages, gates: strictest(forPush.gates, forPull.gates) };
}

function askedByPush(settings: SettingsFile, flags: RunFlags): Asked {
  const preset = presetOf(flags, settings);
  return { preset, stages: PRESETS[preset].stages, gates: gatesOf(flags, settings, preset), settings };
}

const presetOf = (flags: RunFlags, settings: SettingsFile): PresetName =>
  PresetName.safeParse(flags.preset).data ?? settings.preset ?? 'standard';

function gatesOf(flags: RunFlags, settings: SettingsFile, name: PresetName): Gates {
  const preset = PRESETS[name];
  return {
    failOnLintErrors: settings.fail_on_lint_errors ?? preset.failOnLintErrors,
    failOnVulnerabilities: settings.fail_on_vulnerabilities ?? preset.failOnVulnerabilities,
    threshold:
      SeverityThreshold.safeParse(flags.severity).data ??
      settings.vulnerability_threshold ??
      preset.vulnerabilityThreshold,
    maxFindings: flags.maxFindings ?? settings.max_findings ?? 0,
  };
}

const strictest = (a: Gates, b: Gates): Gates => ({
  failOnLintErrors: a.failOnLintErrors || b.failOnLintErrors,
  failOnVulnerabilities: a.failOnVulnerabilities || b.failOnVulnerabilities,
  threshold: SEVERITY_THRESHOLDS[Math.max(rank(a), rank(b))] ?? a.threshold,
  maxFindings: Math.min(a.maxFindings, b.maxFindings),
});

const rank = ({ threshold }: Gates): number => SEVERITY_THRESHOLDS.indexOf(threshold);

function stageFilesOf(settings: SettingsFile): Plan['stageFiles'] {
  const entries = STAGES.map((stage) => {
    const own = settings.stages?.[stage];
    const row = STAGE_TABLE[stage];
    return [stage, { file: own?.workflow ?? row.file, timeoutMinutes: own?.timeout_minutes ?? row.timeoutMinutes }];
  });
  // One entry a key, as made above: `fromEntries` forgets the keys' names.
  return Object.fromEntries(entries) as Plan['stageFiles'];
}

/** True where `later` asks for something that `earlier` did not do: another stage, a stricter gate, other settings. */
export function asksForMore(later: Plan, earlier: Plan): boolean {
  const hasNewStage = later.stages.some((stage) => !earlier.stages.includes(stage));
  return (
    hasNewStage ||
    (later.gates.failOnLintErrors && !earlier.gates.failOnLintErrors) ||
    (later.gates.failOnVulnerabilities && !earlier.gates.failOnVulnerabilities) ||
    rank(later.gates) > rank(earlier.gates) ||
    later.gates.maxFindings < earlier.gates.maxFindings
  );
}
