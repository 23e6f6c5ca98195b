/** Why a commit is to be run: facts of an event only. One run may serve several triggers of the same commit. */
import { z } from 'zod';
import { CommitSha } from '../git.ts';
import { STAGES, STAGE_TABLE, type Stage } from '../stage/stage-table.ts';

/** Login of the person, for display only: what somebody may do is asked by numeric id, live. */
const Actor = z.string().min(1).max(100);

/** Flags of `slsa-pipeline run`, under the reference's names. */
export const RunFlags = z.strictObject({
  preset: z.string().max(40).optional(),
  imageName: z.string().max(200).optional(),
  imageTag: z.string().max(128).optional(),
  registry: z.string().max(200).optional(),
  dockerfilePath: z.string().max(300).optional(),
  buildContext: z.string().max(300).optional(),
  severity: z.string().max(40).optional(),
  maxFindings: z.number().int().min(0).optional(),
  updateCommitStatus: z.boolean().optional(),
  autoFixLint: z.boolean().optional(),
});
export type RunFlags = z.infer<typeof RunFlags>;

/** From the first stage that failed, from the beginning, or from a stage that is named. */
export const RerunMode = z.enum(['failed', 'all', ...STAGES]);
export type RerunMode = z.infer<typeof RerunMode>;

export const ReplyPlace = z.object({
  issueNumber: z.number().int().positive(),
  marker: z.string().max(100),
  /** ISO time before which it was not written. */
  since: z.string().max(40),
});
export type ReplyPlace = z.infer<typeof ReplyPlace>;

export const Trigger = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('push'),
    actor: Actor,
    /** Where the ref stood when what is pushed here was last run; absent where that is not known, or nowhere. */
    before: CommitSha.optional(),
    /** What in the commit's message asks for no run, such as `[skip ci]`. */
    skipMarker: z.string().max(40).optional(),
  }),
  z.object({
    kind: z.literal('pull_request'),
    actor: Actor,
    number: z.number().int().positive(),
    /** The branch that it asks to be merged into, and its commit when the event was sent: the gate is read there. */
    baseRef: z.string().min(1).max(250),
    baseSha: CommitSha,
    draft: z.boolean(),
    /** The head is in another repository (or in none any more): nothing of it is dispatched. */
    fork: z.boolean(),
    /** Numeric id of its author, where that is a bot. */
    bot: z.number().int().positive().optional(),
  }),
  z.object({
    kind: z.literal('merge_group'),
    actor: Actor,
    /** The branch that the queue merges into. */
    baseRef: z.string().min(1).max(250),
    baseSha: CommitSha,
  }),
  z.object({
    kind: z.literal('rerun'),
    actor: Actor,
    mode: RerunMode,
    /** The reply to the comment that asked for it: its last word is how the run ended. */
    reply: ReplyPlace.optional(),
  }),
  /** Somebody asked for lint repairs, whatever the settings say. */
  z.object({ kind: z.literal('fix'), actor: Actor, reply: ReplyPlace.optional() }),
  /** Somebody who may write has looked at this very commit, and lets the fork check of it count for that branch. */
  z.object({ kind: z.literal('approval'), actor: Actor, sha: CommitSha, baseRef: z.string().min(1).max(250) }),
  z.object({ kind: z.literal('manual'), actor: Actor, flags: RunFlags }),
  /** The App was just installed here: a sign of life, and no run. */
  z.object({ kind: z.literal('installation'), actor: Actor }),
]);
export type Trigger = z.infer<typeof Trigger>;

const identityOf = (trigger: Trigger): string => {
  if (trigger.kind === 'pull_request') return `pull_request ${trigger.number}`;
  if (trigger.kind === 'manual') return `manual ${JSON.stringify(trigger.flags)}`;
  return trigger.kind;
};

/** The set of triggers, each once; the later one of two alike is kept, since it knows the newer base. */
export function mergeTriggers(known: readonly Trigger[], more: readonly Trigger[]): Trigger[] {
  const byIdentity = new Map<string, Trigger>();
  for (const trigger of [...known, ...more]) {
    const earlier = byIdentity.get(identityOf(trigger));
    byIdentity.set(identityOf(trigger), earlier === undefined ? trigger : later(earlier, trigger));
  }
  return [...byIdentity.values()];
}

/** Two pushes that become one changed what both of them changed, and are skipped only where both say so. */
function later(earlier: Trigger, trigger: Trigger): Trigger {
  if (earlier.kind !== 'push' || trigger.kind !== 'push') return trigger;
  const { kind, actor, skipMarker } = trigger;
  return {
    kind,
    actor,
    ...(earlier.before === undefined ? {} : { before: earlier.before }),
    ...(earlier.skipMarker === undefined || skipMarker === undefined ? {} : { skipMarker }),
  };
}

/** A pull request that is ready now, or asks for another base, is news although its number is known. */
const factsOf = (trigger: Trigger): string =>
  trigger.kind === 'pull_request'
    ? JSON.stringify([trigger.number, trigger.baseRef, trigger.draft, trigger.fork, trigger.bot ?? null])
    : identityOf(trigger);

/** Those of `more` that `known` does not have yet. */
export function newTriggers(known: readonly Trigger[], more: readonly Trigger[]): Trigger[] {
  const facts = new Set(known.map(factsOf));
  return more.filter((trigger) => !facts.has(factsOf(trigger)));
}

/** The stage that a re-run starts from by name; null where it finds out itself. */
export const stageOfRerun = (triggers: readonly Trigger[]): Stage | null => {
  const mode = triggers.find((trigger) => trigger.kind === 'rerun')?.mode;
  return STAGES.find((stage) => stage === mode) ?? null;
};

const describeMode = (mode: RerunMode): string =>
  mode === 'failed' || mode === 'all' ? mode : `from ${STAGE_TABLE[mode].title}`;

/** "a push from kim", "pull request #7": how the check says what started it. */
export function describeTrigger(trigger: Trigger): string {
  switch (trigger.kind) {
    case 'push':
      return `a push from ${trigger.actor}`;
    case 'pull_request':
      return `pull request #${trigger.number}`;
    case 'merge_group':
      return `the merge queue of ${trigger.baseRef}`;
    case 'rerun':
      return `a re-run (${describeMode(trigger.mode)}) asked for by ${trigger.actor}`;
    case 'fix':
      return `a repair of lint asked for by ${trigger.actor}`;
    case 'approval':
      return `the approval of ${trigger.actor}`;
    case 'manual':
      return `the command line (${trigger.actor})`;
    case 'installation':
      return `the installation of this App by ${trigger.actor}`;
  }
}
