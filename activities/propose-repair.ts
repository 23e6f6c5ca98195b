/** The fix pull request: one open a target branch, updated in place for the same commit, closed where it is not needed any more. */
import { activityInfo } from '@temporalio/activity';
import type { BranchTip, GitData } from '../src/adapters/github/git-data.ts';
import { GitHubFault } from '../src/adapters/github/github-fault.ts';
import type { GitHub } from '../src/adapters/github/github.ts';
import type { FixPull, FixPulls } from '../src/adapters/github/fix-pulls.ts';
import { branchRef, shortRef, type CommitSha, type GitRef } from '../src/domain/git.ts';
import { besideOf, fixBranch, isFixBranchOf } from '../src/domain/repair/fix-branches.ts';
import {
  AI_LABEL,
  LABELS,
  notNeededAnyMore,
  proposalBody,
  proposalTitle,
  replacedBy,
  type ProposalWords,
} from '../src/domain/repair/fix-proposal.ts';
import type { Repository } from '../src/domain/repository.ts';
import { answer, type Answer } from './failures.ts';
import { createBranch, type Ways } from './push-repair.ts';

export interface OpenRepair {
  readonly pullRequest: number;
  readonly url: string;
  readonly branch: string;
}

export interface ProposeInput {
  readonly repository: Repository;
  /** The commit that was linted on its throw-away branch: the very one is proposed. */
  readonly commit: CommitSha;
  readonly tried: string;
  readonly words: ProposalWords;
  /** Open repairs of the same branch, of older commits: this one takes their place. */
  readonly older: readonly OpenRepair[];
}

export type ProposedRepair =
  | { readonly kind: 'proposed'; readonly pullRequest: number; readonly url: string }
  | { readonly kind: 'none'; readonly why: string };

export interface ProposeRepairActivities {
  /** What is open for a branch, of any of its commits. */
  openRepairs(input: { repository: Repository; ref: GitRef }): Promise<Answer<readonly OpenRepair[]>>;
  createPullRequestWithFixes(input: ProposeInput): Promise<Answer<ProposedRepair>>;
  /** Closes what is open for a branch that passes by itself; tells how many. */
  closeRepairs(input: { repository: Repository; ref: GitRef; sha: CommitSha }): Promise<Answer<number>>;
}

export const createProposeRepairActivities = (ways: Ways): ProposeRepairActivities => ({
  openRepairs: ({ repository, ref }) =>
    answer(async () => (await openFor(ways.github, repository, ref)).map(toOpenRepair)),
  createPullRequestWithFixes: (input) => answer(() => propose(ways, input)),
  closeRepairs: ({ repository, ref, sha }) =>
    answer(async () => {
      const { fixPulls } = ways.github.repository(repository);
      const open = await openFor(ways.github, repository, ref);
      for (const { number } of open) await close(fixPulls, number, notNeededAnyMore(sha));
      return open.length;
    }),
});

const toOpenRepair = ({ number, url, branch }: FixPull): OpenRepair => ({ pullRequest: number, url, branch });

async function openFor(github: GitHub, repository: Repository, ref: GitRef): Promise<readonly FixPull[]> {
  const { userId } = await github.identity();
  const open = await github.repository(repository).fixPulls.openBy(userId, shortRef(ref));
  return open.filter(({ branch }) => isFixBranchOf(ref, branch));
}

/** Closed first: a comment on what stays open would be written again. */
async function close(pulls: FixPulls, number: number, why: string): Promise<void> {
  await pulls.close(number);
  await pulls.comment(number, why);
}

async function propose(ways: Ways, input: ProposeInput): Promise<ProposedRepair> {
  const { repository, words, older } = input;
  const { fixPulls } = ways.github.repository(repository);
  const branch = fixBranch(words.ref, words.sha);
  const opened = activityInfo().attempt === 1 ? await openNew(ways, input, branch) : null;
  // What an earlier try has done, this one goes on from: it may have been cut off, or been told to wait.
  const open = opened === null ? await openFor(ways.github, repository, words.ref) : null;
  const known = open?.find((pull) => pull.branch === branch || pull.branch === besideOf(branch)) ?? null;
  const pull = opened ?? known ?? (await openNew(ways, input, branch));
  if (pull === null)
    return { kind: 'none', why: `the branch ${branch} holds something else: delete it, then comment /slsa fix` };
  if (known !== null) await fixPulls.rewrite(known.number, { title: proposalTitle(words), body: proposalBody(words) });
  await fixPulls.label(pull.number, words.use === null ? LABELS : [...LABELS, AI_LABEL]);
  const stillOpen = older.filter(({ pullRequest }) => open?.some(({ number }) => number === pullRequest) !== false);
  for (const { pullRequest } of stillOpen) await close(fixPulls, pullRequest, replacedBy(pull.number));
  return { kind: 'proposed', pullRequest: pull.number, url: pull.url };
}

/** Null where a branch of this name holds something else, or its pull request is open already. */
async function openNew(ways: Ways, input: ProposeInput, branch: string): Promise<FixPull | null> {
  const { repository, words } = input;
  const head = await branchFor(ways, input, branch);
  if (head === null) return null;
  const { fixPulls } = ways.github.repository(repository);
  const draft = {
    title: proposalTitle(words),
    body: proposalBody(words),
    head: head.branch,
    base: shortRef(words.ref),
  };
  const pull = await fixPulls.openDraft(draft).catch(nullIfOpen);
  return pull === null || pull.head === head.sha ? pull : null;
}

/** "A pull request already exists": GitHub's own word for it. */
const nullIfOpen = (error: unknown): null => {
  if (error instanceof GitHubFault && error.kind === 'unprocessable') return null;
  throw error;
};

interface Head {
  readonly branch: string;
  readonly sha: CommitSha;
}

/** The branch that stands at the proven commit, or at one of an earlier attempt with the same tree; null where its name is taken. */
async function branchFor(
  ways: Ways,
  { repository, commit, tried, words }: ProposeInput,
  branch: string,
): Promise<Head | null> {
  const { git, proposals } = ways.github.repository(repository);
  const { isNew, detour } = await createBranch(ways, { repository, branch, ref: branchRef(tried), at: commit });
  // The pull request's own answer tells where its head stands; somebody else's server is not taken at its word before.
  if (isNew && (detour !== null || ways.mcp.choice.kind === 'embedded')) return { branch, sha: commit };
  const tip = await git.branchTip(branch);
  if (tip?.sha === commit) return { branch, sha: commit };
  if (!isNew) return adopted(git, { tip, tried, base: words.sha, branch });
  const own = tip === null ? branch : besideOf(branch);
  return (await proposals.createBranch(own, commit)) ? { branch: own, sha: commit } : null;
}

interface Found {
  readonly tip: BranchTip | null;
  readonly tried: string;
  readonly base: CommitSha;
  readonly branch: string;
}

/** An earlier attempt's commit with the very tree that was proven now, on the same commit. */
async function adopted(git: GitData, { tip, tried, base, branch }: Found): Promise<Head | null> {
  const proven = await git.branchTip(tried);
  const isSame = tip !== null && tip.tree === proven?.tree && tip.parents.length === 1 && tip.parents[0] === base;
  return isSame ? { branch, sha: tip.sha } : null;
}
