/**
 * Which commit of a ref runs next: the pure half of the ref coordinator. Intents are hints; what counts is where the ref
 * stands and what has already run there, so that late, repeated and reordered webhooks change nothing.
 */
import { z } from 'zod';
import { CommitSha, GitRef, isTag } from '../git.ts';
import { Repository } from '../repository.ts';
import type { RunResult } from './run-document.ts';
import type { RunRequest } from './run-request.ts';
import { Timing } from './timing.ts';
import { mergeTriggers, newTriggers, Trigger } from './trigger.ts';

/** What somebody or something wants of a ref. */
export const RefIntent = z.object({
  repository: Repository,
  ref: GitRef,
  /** What the event named; a hint, except for a re-run, which is for this commit or for none. */
  sha: CommitSha,
  triggers: z.array(Trigger),
  delivery: z.string().max(100).nullable(),
  timing: Timing,
});
export type RefIntent = z.infer<typeof RefIntent>;

/** A run of ours on the commit at the tip, as its check run and its Temporal result tell. */
export interface PastRun {
  readonly workflowId: string;
  readonly attempt: number;
  /** Null where its history has expired. */
  readonly triggers: readonly Trigger[] | null;
  /** True where a newer commit took its place: should the ref come back to its commit, it has not been run. */
  readonly wasSuperseded: boolean;
}

export interface ActiveRun extends PastRun {
  readonly sha: CommitSha;
  readonly triggers: readonly Trigger[];
}

export interface RefLook {
  readonly tip: CommitSha;
  /** Our runs on the tip, any order. */
  readonly past: readonly PastRun[];
}

export type Move =
  | { readonly kind: 'nothing'; readonly why: string }
  | { readonly kind: 'start'; readonly request: RunRequest }
  /** Only if the triggers together ask for more than that run did. */
  | { readonly kind: 'start_if_more'; readonly request: RunRequest; readonly than: PastRun }
  /** The active run is told that a newer commit waits; it decides itself whether it still can stop. */
  | { readonly kind: 'supersede'; readonly by: CommitSha };

export interface Situation {
  readonly active: ActiveRun | null;
  readonly look: RefLook;
  /** All intents since the last move, merged. */
  readonly intent: RefIntent;
}

export function nextMove({ active, look, intent }: Situation): Move {
  if (active !== null && active.sha !== look.tip) return { kind: 'supersede', by: look.tip };
  // A deletion that comes late, after the branch was made anew, asks for nothing.
  if (intent.triggers.length === 0) return { kind: 'nothing', why: 'nothing asks for a run' };
  const asked = intent.triggers.some(isExplicit);
  if (asked && intent.sha !== look.tip) {
    return { kind: 'nothing', why: `the branch has moved to ${look.tip}; a re-run is for ${intent.sha}` };
  }
  const latest = active ?? look.past.toSorted((a, b) => b.attempt - a.attempt)[0];
  if (latest === undefined || latest.wasSuperseded || asked) {
    return { kind: 'start', request: requestFor(intent, look, latest) };
  }
  if (latest.triggers === null) return { kind: 'nothing', why: 'this commit has run, and its history has expired' };
  if (newTriggers(latest.triggers, intent.triggers).length === 0) return nothingNew;
  return { kind: 'start_if_more', request: requestFor(intent, look, latest), than: latest };
}

const nothingNew: Move = { kind: 'nothing', why: 'a run serves these triggers already' };

/**
 * A push that comes while another is not done: what it changed is counted from where the ref stood before that one, or a
 * newer commit that changes nothing of interest would take the place of one that does.
 */
export function sinceUnfinished(intent: RefIntent, unfinished: readonly Trigger[]): RefIntent {
  const earlier = unfinished.filter(({ kind }) => kind === 'push');
  const own = intent.triggers.filter(({ kind }) => kind === 'push');
  if (earlier.length === 0 || own.length === 0) return intent;
  const others = intent.triggers.filter(({ kind }) => kind !== 'push');
  return { ...intent, triggers: [...mergeTriggers(earlier, own), ...others] };
}

/** Somebody asked for this very run, so it starts even where one like it has ended. */
const isExplicit = (trigger: Trigger): boolean => isSpent(trigger) || trigger.kind === 'approval';

/** Asked for once, and over with the run that it asked for; an approval stands for its commit. */
const isSpent = ({ kind }: Trigger): boolean => kind === 'rerun' || kind === 'manual' || kind === 'fix';

export const isAskedByHand = ({ triggers }: Pick<RunRequest, 'triggers'>): boolean => triggers.some(isExplicit);

function requestFor(intent: RefIntent, look: RefLook, previous: PastRun | undefined): RunRequest {
  // What was asked for by hand before is over: only what is asked for now counts.
  const standing = (previous?.triggers ?? []).filter((trigger) => !isSpent(trigger));
  const triggers = mergeTriggers(standing, intent.triggers);
  const startsAfresh = triggers.some(
    (trigger) => trigger.kind === 'manual' || (trigger.kind === 'rerun' && trigger.mode === 'all'),
  );
  return {
    repository: intent.repository,
    ref: intent.ref,
    sha: look.tip,
    attempt: (previous?.attempt ?? 0) + 1,
    triggers,
    delivery: intent.delivery,
    resumes: startsAfresh ? null : (previous?.workflowId ?? null),
    timing: intent.timing,
    checkRunId: null,
    overlapsBuild: false,
  };
}

/**
 * Several intents that came before one look are one: facts of the latest, triggers of all. What somebody asked for by hand
 * is for its own commit, and is merged with nothing else.
 */
export function addIntent(inbox: readonly RefIntent[], later: RefIntent): RefIntent[] {
  const last = inbox.at(-1);
  const stands = (intent: RefIntent): boolean => intent.triggers.some(isExplicit);
  if (last === undefined || ((stands(last) || stands(later)) && last.sha !== later.sha)) return [...inbox, later];
  return [...inbox.slice(0, -1), { ...later, triggers: mergeTriggers(last.triggers, later.triggers) }];
}

/**
 * Whether a run stops for a newer commit. Pull-request branches: always. Push branches: until BUILD was dispatched, since
 * an image that is being built is worth finishing. Tags and queue entries: never, each is for itself.
 */
export function mayBeSuperseded(request: Pick<RunRequest, 'ref' | 'triggers'>, hasDispatchedBuild: boolean): boolean {
  if (isTag(request.ref) || request.triggers.some(({ kind }) => kind === 'merge_group')) return false;
  const isForPullRequest = request.triggers.some(({ kind }) => kind === 'pull_request');
  return isForPullRequest || !hasDispatchedBuild;
}

/** So many runs in a row superseded in LINT, and the next one builds at once: a busy branch must reach an image too. */
const PATIENCE_WITH_LINT = 2;

export const mustOverlapBuild = (supersededInLint: number): boolean => supersededInLint >= PATIENCE_WITH_LINT;

/** True where a run ended for a newer commit before it had come to its build. */
export const wasSupersededInLint = ({ verdict, visited }: Pick<RunResult, 'verdict' | 'visited'>): boolean =>
  verdict.kind === 'superseded' && !visited.includes('LINT');

/**
 * A push to a branch often has its pull request event a moment behind it: waiting that moment lets one run serve both.
 * The default branch and tags need no such patience.
 */
export function mayHaveSibling(intent: RefIntent): boolean {
  const isDefault = intent.ref === `refs/heads/${intent.repository.defaultBranch}`;
  return !isTag(intent.ref) && !isDefault && intent.triggers.every(({ kind }) => kind === 'push');
}
