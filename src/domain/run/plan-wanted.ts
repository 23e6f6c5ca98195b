/** Whether a trigger wants a run: by the settings of its commit, or of the branch that it asks for. */
import { isTag, shortRef } from '../git.ts';
import { matchesAny } from '../settings/ref-pattern.ts';
import type { SettingsFile } from '../settings/settings-schema.ts';
import { decision, type Decision } from './decision.ts';
import type { PlanContext } from './plan.ts';
import type { Purpose } from './plan-gates.ts';
import type { Trigger } from './trigger.ts';

type Asking = Exclude<Trigger, { kind: 'rerun' | 'approval' | 'fix' }>;
type Of<K extends Asking['kind']> = Extract<Asking, { kind: K }>;

export type Wanted =
  | { readonly kind: 'wanted'; readonly purpose: Purpose; readonly decisions: readonly Decision[] }
  | { readonly kind: 'not_wanted'; readonly reason: string };

const wanted = (purpose: Purpose, ...decisions: readonly Decision[]): Wanted => ({
  kind: 'wanted',
  purpose,
  decisions,
});
const notWanted = (reason: string): Wanted => ({ kind: 'not_wanted', reason });

/** A re-run repeats what the other triggers asked for; alone (their history has expired) it asks for what a push would. */
export function wantedBy(context: PlanContext): Wanted[] {
  const asking = context.triggers.filter(isAsking);
  const isByHand = asking.length < context.triggers.length;
  if (asking.length === 0) return [byPush(null, context)];
  return asking.map((trigger) => wantedByOne(trigger, context, isByHand));
}

const isAsking = (trigger: Trigger): trigger is Asking => !['rerun', 'approval', 'fix'].includes(trigger.kind);

function wantedByOne(trigger: Asking, context: PlanContext, isByHand: boolean): Wanted {
  switch (trigger.kind) {
    case 'push':
      // Somebody who asks for this commit by hand means it, whatever its message or its paths say.
      return byPush(isByHand ? null : trigger, context);
    case 'pull_request':
      return byPullRequest(trigger, baseOf(trigger, context), skipsByMessage(context));
    case 'merge_group':
      return byQueue(trigger, baseOf(trigger, context));
    case 'manual':
      return wanted({ kind: 'own' });
    case 'installation':
      return isByHand ? byPush(null, context) : notWanted('this App was just installed, and the next push is run');
  }
}

/** Each by its own base: two pull requests of one branch may ask for two. */
const baseOf = ({ baseRef }: { readonly baseRef: string }, { bases }: PlanContext): SettingsFile =>
  bases.get(baseRef) ?? {};

function byPush(push: Of<'push'> | null, context: PlanContext): Wanted {
  const { ref, head } = context;
  const name = shortRef(ref);
  if (isTag(ref)) {
    const patterns = head.on?.push?.tags ?? ['**'];
    return matchesAny(name, patterns) ? wanted({ kind: 'own' }) : notWanted(`on.push.tags does not name ${name}`);
  }
  if (!isBranchOfInterest(name, context)) {
    return notWanted(`on.push.branches does not name ${name}, and no pull request asks for it`);
  }
  const held = push === null ? null : heldBack(push, context);
  return held === null ? wanted({ kind: 'own' }) : notWanted(held);
}

const isBranchOfInterest = (name: string, { repository, head }: PlanContext): boolean =>
  name === repository.defaultBranch || matchesAny(name, head.on?.push?.branches ?? []);

/** By its author's word, or by what it changed. */
function heldBack(push: Of<'push'>, { head, changedPaths }: PlanContext): string | null {
  if (push.skipMarker !== undefined) return `the commit's message says ${push.skipMarker}`;
  const ignored = head.on?.push?.ignore_paths ?? [];
  const changed = changedPaths ?? [];
  const isIgnored =
    changed.length > 0 && isMatchable(changed, ignored) && changed.every((path) => matchesAny(path, ignored));
  return isIgnored ? 'on.push.ignore_paths names every file that was changed' : null;
}

/** Matching takes the product of the lengths, in a worker that others share: a push that would take too much is simply run. */
const MAX_MATCHING = 5_000_000;

const isMatchable = (paths: readonly string[], patterns: readonly string[]): boolean =>
  lengthOf(paths) * lengthOf(patterns) <= MAX_MATCHING;

const lengthOf = (texts: readonly string[]): number => texts.reduce((total, { length }) => total + length, 0);

const skipsByMessage = ({ triggers }: PlanContext): string | null =>
  triggers.flatMap((trigger) => (trigger.kind === 'push' ? (trigger.skipMarker ?? []) : []))[0] ?? null;

function byPullRequest(trigger: Of<'pull_request'>, base: SettingsFile, marker: string | null): Wanted {
  const { baseRef, draft } = trigger;
  const settings = base.on?.pull_request;
  if (settings?.branches !== undefined && !matchesAny(baseRef, settings.branches)) {
    return notWanted(`on.pull_request.branches does not name ${baseRef}`);
  }
  if (draft && settings?.drafts !== true) return notWanted('it is a draft, and on.pull_request.drafts is not set');
  const text = `The commit's message says ${marker}. It keeps a push from being run, and never a pull request: what is merged is looked at.`;
  return wanted({ kind: 'pull_request', baseRef }, ...(marker === null ? [] : [decision('skip_not_obeyed', text)]));
}

function byQueue({ baseRef }: Of<'merge_group'>, base: SettingsFile): Wanted {
  if (base.on?.merge_group === false) return notWanted(`on.merge_group is off on ${baseRef}`);
  return wanted({ kind: 'merge_group', baseRef });
}
