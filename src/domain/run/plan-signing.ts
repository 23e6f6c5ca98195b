/** Whether and how a run's evidence is signed, and what that leaves of its stages. */
import type { Signing } from '../build/builder.ts';
import { branchRef, isTag, shortRef, type GitRef } from '../git.ts';
import type { Repository } from '../repository.ts';
import { matchesAny } from '../settings/ref-pattern.ts';
import type { Stage } from '../stage/stage-table.ts';
import { decision, type Decision } from './decision.ts';
import type { Plan, PlanContext } from './plan.ts';

const SIGNING_STAGES: readonly Stage[] = ['sign', 'attest', 'verify'];

interface SigningChoice {
  readonly mode: Signing;
  /** Why nothing is signed, where nothing is. */
  readonly reason: string;
}

export type SigningContext = Pick<PlanContext, 'head' | 'ref'> & {
  readonly repository: Pick<Repository, 'visibility' | 'defaultBranch'>;
};

/**
 * The builder's plan job decides by this as well. Nothing is signed by accident: GitHub's authority is not everybody's, and
 * the public log shows a repository's name to the world.
 */
export function signingOf({ repository, head, ref }: SigningContext): SigningChoice {
  const isPublic = repository.visibility === 'public';
  const asked = head.signing ?? (isPublic ? 'public_log' : 'none');
  if (asked === 'none') {
    const why = head.signing === undefined ? 'which is the default for private repositories' : 'by the settings';
    return { mode: 'none', reason: `signing is \`none\`, ${why}` };
  }
  if (!isReleased(ref, repository.defaultBranch, head.release_branches ?? [])) {
    const reason = 'only the default branch, tags, merge-queue refs and `release_branches` are signed';
    return { mode: 'none', reason };
  }
  // GitHub's own authority serves private repositories only; a public one's signatures are public.
  return { mode: asked === 'github' && isPublic ? 'public_log' : asked, reason: '' };
}

/** As if this commit stood on the branch that the pull request asks for; the trust map may still ask for more. */
export function levelAfterMerge(context: PlanContext): Plan['levelAfterMerge'] {
  const pull = context.triggers.find((trigger) => trigger.kind === 'pull_request');
  if (pull === undefined) return null;
  const { mode } = signingOf({ ...context, ref: branchRef(pull.baseRef) });
  if (mode === 'none') return 1;
  return context.builder === null ? 2 : 3;
}

function isReleased(ref: GitRef, defaultBranch: string, patterns: readonly string[]): boolean {
  return isTag(ref) || ref.startsWith('refs/heads/gh-readonly-queue/') || isReleaseBranch(ref, defaultBranch, patterns);
}

/** The default branch, and those that `release_branches` names: where images are signed and issues opened. */
export function isReleaseBranch(ref: GitRef, defaultBranch: string, patterns: readonly string[]): boolean {
  const branch = shortRef(ref);
  return ref.startsWith('refs/heads/') && (branch === defaultBranch || matchesAny(branch, patterns));
}

export function withoutSigning(
  stages: readonly Stage[],
  { mode, reason }: SigningChoice,
): { stages: Stage[]; decisions: Decision[] } {
  if (mode !== 'none') return { stages: [...stages], decisions: [] };
  const left = stages.filter((stage) => !SIGNING_STAGES.includes(stage));
  const text = `sign, attest and verify are not run: ${reason}`;
  return { stages: left, decisions: left.length === stages.length ? [] : [decision('stage_not_needed', text)] };
}
