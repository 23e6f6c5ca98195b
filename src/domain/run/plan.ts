/** What a run will do: settings and triggers resolved to stages, gates and an image. Pure, and decided once, in INIT. */
import { z } from 'zod';
import { BuilderWorkflow, SIGNING_MODES } from '../build/builder.ts';
import type { Floor } from '../evidence/trust-map.ts';
import { FORK_STAGES } from '../fork/fork-check.ts';
import { CommitSha, Digest, type GitRef } from '../git.ts';
import { isFixRef } from '../repair/fix-branches.ts';
import { whyNoRepairHere } from '../repair/repair-wanted.ts';
import type { Repository } from '../repository.ts';
import { exceptionsOn } from '../settings/exceptions.ts';
import { PresetName } from '../settings/presets.ts';
import { Exception, type SettingsFile } from '../settings/settings-schema.ts';
import { STAGE_TABLE, STAGES } from '../stage/stage-table.ts';
import { decision, type Decision } from './decision.ts';
import { askedFor, Gates, isStricter } from './plan-gates.ts';
import { imageFlagsOf, imageOf, imageChangedBy } from './plan-image.ts';
import { isReleaseBranch, levelAfterMerge, signingOf, withoutSigning } from './plan-signing.ts';
import { wantedBy, type Wanted } from './plan-wanted.ts';
import type { RunFlags, Trigger } from './trigger.ts';

const StageFile = z.object({ file: z.string(), timeoutMinutes: z.number().int().positive() });

export const ForkCheck = z.object({
  /** Why the code is nobody's here. */
  of: z.enum(['fork', 'bot']),
  pullRequest: z.number().int().positive(),
  baseRef: z.string(),
  commit: CommitSha,
  /** A branch of this repository has the same head: its check is not ours to write over. */
  isShared: z.boolean(),
  /** Login of who has let it count for this commit; null where nobody has. */
  approvedBy: z.string().nullable(),
});
export type ForkCheck = z.infer<typeof ForkCheck>;

/** The pull request whose code is nobody's here. */
export type ForkSource = Pick<ForkCheck, 'of' | 'pullRequest' | 'baseRef' | 'isShared'>;

export const Plan = z.object({
  preset: PresetName,
  stages: z.array(z.enum(STAGES)),
  /** The preset verifies: a level under the expected one fails the run, also where nothing is signed and no stage of it runs. */
  verifies: z.boolean(),
  gates: Gates,
  /** Accepted vulnerabilities, in force when the plan was made; plans of older versions do not say. */
  exceptions: z.array(Exception).optional(),
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
  /** Where nothing may be dispatched: what is followed instead. */
  forkCheck: ForkCheck.optional(),
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
  /** By branch: decides whether what asks for that branch is wanted, and its gates. Empty where nothing asks. */
  readonly bases: ReadonlyMap<string, SettingsFile>;
  readonly settingsDigest: Digest;
  /** Files that the push changed; null where nobody asked, or it cannot be told. */
  readonly changedPaths: readonly string[] | null;
  /** `2026-12-31`, in UTC: exceptions end. */
  readonly today: string;
  /** What the operator of this App asks of the repository. */
  readonly floor: Floor;
  readonly builder: BuilderWorkflow | null;
  /** Its settings, `head` too, are then those of the base branch. */
  readonly forkCheck: ForkSource | null;
}

export function resolvePlan(context: PlanContext): Planning {
  const all = wantedBy(context);
  const wanted = all.filter((each) => each.kind === 'wanted');
  if (wanted.length > 0) return plan(context, wanted);
  const [first] = all;
  return { kind: 'not_wanted', reason: first?.kind === 'not_wanted' ? first.reason : 'nothing asked for it' };
}

function plan(context: PlanContext, wanted: readonly Extract<Wanted, { kind: 'wanted' }>[]): Planning {
  const flags = context.triggers.find((trigger) => trigger.kind === 'manual')?.flags ?? {};
  const purposes = wanted.map(({ purpose }) => purpose);
  const asked = askedFor(context, purposes, flags);
  const hasOwn = purposes.some(({ kind }) => kind === 'own');
  const isRehearsal = purposes.every(({ kind }) => kind === 'pull_request');
  const exceptions = exceptionsOn(context.today, asked);
  const imageFlags = imageFlagsOf(flags);
  const refused = context.builder === null ? [] : imageChangedBy(context, flags);
  if (refused.length > 0) return { kind: 'flags_refused', flags: refused };
  const signing = signingOf(context);
  const { stages, decisions } = withoutSigning(asked.stages, signing);
  return asForkCheck(context, {
    kind: 'planned',
    decisions: [
      ...wanted.flatMap((each) => each.decisions),
      ...asked.decisions,
      ...exceptions.ended.map(exceptionEnded),
      ...aboutRepair(context),
      ...decisions,
    ],
    plan: {
      preset: asked.preset,
      stages,
      verifies: !isRehearsal && asked.stages.includes('verify'),
      gates: asked.gates,
      exceptions: context.floor.allowsExceptions ? [...exceptions.inForce] : [],
      ...waysOf(context, asked.settings, flags),
      tracksIssues: hasOwn && isReleaseBranchOf(context),
      image: imageOf(context, flags),
      signing: signing.mode,
      levelAfterMerge: levelAfterMerge(context),
      builder: context.builder,
      imageFlags,
      stageFiles: stageFilesOf(asked.settings),
      settingsDigest: context.settingsDigest,
    },
  });
}

type Planned = Extract<Planning, { kind: 'planned' }>;

/** Of what the settings ask for, as much as code of nobody's may have: it is looked at, and nothing is made of it. */
function asForkCheck({ forkCheck, triggers, sha }: PlanContext, planned: Planned): Planned {
  if (forkCheck === null) return planned;
  const approval = triggers.find(
    // For what was read: this commit, into this branch. Another base may have other gates.
    (trigger) => trigger.kind === 'approval' && trigger.sha === sha && trigger.baseRef === forkCheck.baseRef,
  );
  const { plan } = planned;
  return {
    ...planned,
    plan: {
      ...plan,
      stages: FORK_STAGES.filter((stage) => plan.stages.includes(stage)),
      verifies: false,
      autoFixLint: false,
      tracksIssues: false,
      signing: 'none',
      forkCheck: { ...forkCheck, commit: sha, approvedBy: approval?.actor ?? null },
    },
  };
}

const waysOf = (
  context: PlanContext,
  settings: SettingsFile,
  flags: RunFlags,
): Pick<Plan, 'autoFixLint' | 'afterAutoFix' | 'updateCommitStatus'> => ({
  autoFixLint:
    whyNoRepairHere(context) === null && (isFixAsked(context) || (flags.autoFixLint ?? settings.auto_fix_lint ?? true)),
  afterAutoFix: settings.after_auto_fix ?? 'build',
  updateCommitStatus: flags.updateCommitStatus ?? settings.update_commit_status ?? true,
});

/** Told where somebody might wonder. */
function aboutRepair(context: PlanContext): Decision[] {
  const why = whyNoRepairHere(context);
  const mayWonder = isFixRef(context.ref) || isFixAsked(context);
  return why === null || !mayWonder ? [] : [decision('repair_skipped', `Lint errors are not repaired here: ${why}.`)];
}

/** A person's word counts for more than the settings'. */
const isFixAsked = ({ triggers }: PlanContext): boolean => triggers.some(({ kind }) => kind === 'fix');

const exceptionEnded = ({ id, until }: Exception): Decision =>
  decision('exception_ended', `The exception for \`${id}\` ended on ${until}: its findings count again.`);

const isReleaseBranchOf = ({ ref, repository, head }: PlanContext): boolean =>
  isReleaseBranch(ref, repository.defaultBranch, head.release_branches ?? []);

function stageFilesOf(settings: SettingsFile): Plan['stageFiles'] {
  const entries = STAGES.map((stage) => {
    const own = settings.stages?.[stage];
    const row = STAGE_TABLE[stage];
    return [stage, { file: own?.workflow ?? row.file, timeoutMinutes: own?.timeout_minutes ?? row.timeoutMinutes }];
  });
  // One entry a key, as made above: `fromEntries` forgets the keys' names.
  return Object.fromEntries(entries) as Plan['stageFiles'];
}

/** True where `later` asks for something that `earlier` did not do: another stage, a stricter gate, an exception less. */
export function asksForMore(later: Plan, earlier: Plan): boolean {
  const hasNewStage = later.stages.some((stage) => !earlier.stages.includes(stage));
  return hasNewStage || isStricter(later.gates, earlier.gates) || !haveSameExceptions(later, earlier);
}

export const haveSameExceptions = (a: Plan, b: Plan): boolean =>
  JSON.stringify(a.exceptions ?? []) === JSON.stringify(b.exceptions ?? []);
