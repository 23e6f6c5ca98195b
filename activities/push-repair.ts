/**
 * A repair's branches. MCP makes them, REST checks them: a branch counts only where its one commit stands on ours and its tree is the
 * very one that the repair makes, byte for byte. Where the MCP server fails, REST makes it, and the run says so (fault F35).
 */
import { createHash } from 'node:crypto';
import { activityInfo } from '@temporalio/activity';
import { blobSha, treeShaAfter, type TreeEntry } from '../src/adapters/github/git-objects.ts';
import type { BranchTip } from '../src/adapters/github/git-data.ts';
import type { GitHub, RepositoryApi } from '../src/adapters/github/github.ts';
import {
  McpFault,
  withRepositoryTools,
  type McpSettings,
  type RepositoryTools,
} from '../src/adapters/mcp/repository-tools.ts';
import { branchRef, shortRef, type CommitSha, type GitRef } from '../src/domain/git.ts';
import { besideOf, fixMessage } from '../src/domain/repair/fix-branches.ts';
import { changedLines } from '../src/domain/repair/changed-lines.ts';
import { repairedFile } from '../src/domain/repair/compose-repair.ts';
import type { RepairRound } from '../src/domain/repair/repair-source.ts';
import type { Repository } from '../src/domain/repository.ts';
import { answer, type Answer } from './failures.ts';
import { orNoRepair } from './find-repairs.ts';
import type { MaterialOf, RepairMaterial } from './repair-material.ts';

/** How it was done, for people: null where MCP did it. */
export type Detour = string | null;

export interface CreateBranchInput {
  readonly repository: Repository;
  readonly branch: string;
  /** The branch that the commit is of: servers that know no commits begin there. */
  readonly ref: GitRef;
  readonly at: CommitSha;
}

export interface CreatedBranch {
  /** False where a branch of this name was there: what it holds has to be looked at. */
  readonly isNew: boolean;
  readonly detour: Detour;
}

export interface PushInput {
  readonly round: RepairRound;
  readonly branch: string;
  readonly isNew: boolean;
  readonly message: string;
}

export interface PushedFile {
  readonly path: string;
  readonly byFixers: boolean;
  /** Findings that the model claims to have repaired, by their places in the list that it was shown. */
  readonly claims: readonly number[];
  readonly lines: number;
}

export type Pushed =
  | {
      readonly kind: 'pushed';
      readonly branch: string;
      readonly ref: GitRef;
      readonly commit: CommitSha;
      readonly files: readonly PushedFile[];
      /** Of the paths and their new blobs. */
      readonly diffDigest: string;
      readonly refused: readonly string[];
      readonly detour: Detour;
    }
  | { readonly kind: 'nothing'; readonly refused: readonly string[] }
  | { readonly kind: 'none'; readonly why: string };

export interface DeleteBranchInput {
  readonly repository: Repository;
  readonly branch: string;
  readonly base: CommitSha;
  /** Commits of ours: a branch that stands elsewhere is somebody's by now. */
  readonly ours: readonly CommitSha[];
}

export interface PushRepairActivities {
  mcpCreateBranch(input: CreateBranchInput): Promise<Answer<CreatedBranch>>;
  mcpPushFiles(input: PushInput): Promise<Answer<Pushed>>;
  deleteTryBranch(input: DeleteBranchInput): Promise<Answer<null>>;
}

export function createPushRepairActivities(
  github: GitHub,
  material: RepairMaterial,
  mcp: McpSettings,
): PushRepairActivities {
  return {
    mcpCreateBranch: (input) => answer(() => createBranch({ github, mcp }, input)),
    mcpPushFiles: (input) => answer(() => orNoRepair(() => push({ github, mcp, material }, input))),
    deleteTryBranch: ({ repository, branch, base, ours }) =>
      answer(async () => {
        const { git } = github.repository(repository);
        const tip = await git.branchTip(branch);
        if (tip !== null && (ours.includes(tip.sha) || isOurFix(tip, base))) await git.deleteBranch(branch);
        return null;
      }),
  };
}

export interface Ways {
  readonly github: GitHub;
  readonly mcp: McpSettings;
}

/** Null where it was done; else why the MCP server did not do it. */
async function byMcp(
  { github, mcp }: Ways,
  repository: Repository,
  work: (tools: RepositoryTools) => Promise<void>,
): Promise<Detour> {
  if (mcp.choice.kind === 'none') return 'no MCP server is set';
  try {
    await github.lendToken(repository, (token) =>
      withRepositoryTools(mcp, { token, owner: repository.owner, name: repository.name }, work),
    );
    return null;
  } catch (error) {
    if (error instanceof McpFault) return error.message;
    throw error;
  }
}

/** By MCP where it can, else by REST. */
export async function createBranch(
  ways: Ways,
  { repository, branch, ref, at }: CreateBranchInput,
): Promise<CreatedBranch> {
  const { git, proposals } = ways.github.repository(repository);
  // A later try may find what an earlier one has made.
  if (activityInfo().attempt > 1 && (await git.branchTip(branch)) !== null) return { isNew: false, detour: null };
  // GitHub's own server begins at branches only: where that one has moved on, the check of the push notices.
  const from = ways.mcp.choice.kind === 'embedded' ? at : shortRef(ref);
  const detour = await byMcp(ways, repository, (tools) => tools.createBranch(branch, from));
  if (detour === null) return { isNew: true, detour };
  const isNew = await proposals.createBranch(branch, at);
  return { isNew, detour };
}

/** Pushed by a try that nobody heard of any more: one commit on ours, with the words that we write. */
const isOurFix = ({ parents, message }: BranchTip, base: CommitSha): boolean =>
  parents.length === 1 && parents[0] === base && message.startsWith(fixMessage(base));

interface Change {
  readonly path: string;
  readonly mode: string;
  readonly text: string;
  readonly before: string;
  readonly byFixers: boolean;
  readonly claims: readonly number[];
}

interface Pushing extends Ways {
  readonly material: RepairMaterial;
}

async function push(pushing: Pushing, { round, branch, isNew, message }: PushInput): Promise<Pushed> {
  const { source } = round;
  const { changes, refused } = composed(await pushing.material.filesOf(source, round.paths), round);
  if (changes.length === 0) return { kind: 'nothing', refused };
  const tree = await pushing.material.tree(source.repository, source.commit);
  const blobs = new Map(changes.map(({ path, text }) => [path, blobSha(Buffer.from(text))]));
  const wanted = { commit: source.commit, tree: treeShaAfter(tree, blobs) };
  const target = { repository: source.repository, branch, message, changes, tree, wanted };
  const made = await makeCommit(pushing, target, isNew && activityInfo().attempt === 1);
  if (made.kind === 'taken') return { kind: 'none', why: made.why };
  return {
    kind: 'pushed',
    branch: made.branch,
    ref: branchRef(made.branch),
    commit: made.commit,
    files: changes.map(({ path, byFixers, claims, before, text }) => ({
      path,
      byFixers,
      claims,
      lines: changedLines(before, text).count,
    })),
    diffDigest: `sha256:${createHash('sha256')
      .update([...blobs].map(([path, sha]) => `${path} ${sha}\n`).join(''))
      .digest('hex')}`,
    refused,
    detour: made.detour,
  };
}

const MAX_REFUSED = 20;

function composed(
  materials: readonly MaterialOf[],
  { edits }: RepairRound,
): { readonly changes: readonly Change[]; readonly refused: readonly string[] } {
  const changes: Change[] = [];
  const refused: string[] = [];
  for (const each of materials) {
    if (each.kind === 'unreadable') {
      refused.push(`${each.file.path} is no text in UTF-8`);
      continue;
    }
    const { path, text, byFixers, claims, refused: why } = repairedFile(each.material, edits);
    refused.push(...why.map((reason) => `${path}: ${reason}`));
    const { mode } = each.file;
    if (text !== null) changes.push({ path, mode, text, before: each.material.base, byFixers, claims });
  }
  return { changes, refused: refused.slice(0, MAX_REFUSED) };
}

interface Target {
  readonly repository: Repository;
  readonly branch: string;
  readonly message: string;
  readonly changes: readonly Change[];
  /** Of the commit that is repaired. */
  readonly tree: readonly TreeEntry[];
  readonly wanted: { readonly commit: CommitSha; readonly tree: string };
}

type Made =
  | { readonly kind: 'made'; readonly branch: string; readonly commit: CommitSha; readonly detour: Detour }
  | { readonly kind: 'taken'; readonly why: string };

/** The branch's one commit is on ours, and nothing in it differs from what the repair makes. */
const isWanted = (tip: BranchTip | null, { wanted }: Target): boolean =>
  tip !== null && tip.tree === wanted.tree && tip.parents.length === 1 && tip.parents[0] === wanted.commit;

/** @param isKnownToBeNew nobody can have pushed to it yet: it need not be looked at. */
async function makeCommit(ways: Ways, target: Target, isKnownToBeNew: boolean): Promise<Made> {
  const { repository, branch, message, changes, wanted } = target;
  const api = ways.github.repository(repository);
  if (!isKnownToBeNew) {
    const there = await api.git.branchTip(branch);
    if (there !== null && isWanted(there, target)) return { kind: 'made', branch, commit: there.sha, detour: null };
    if (there !== null && there.sha !== wanted.commit) return taken(branch);
  }
  const files = changes.map(({ path, text, mode }) => ({ path, content: text, mode }));
  const head = { commit: wanted.commit, tree: treeShaAfter(target.tree, new Map()) };
  const failed = await byMcp(ways, repository, (tools) => tools.pushFiles({ branch, message, files, head }));
  const tip = await api.git.branchTip(branch);
  if (tip !== null && isWanted(tip, target)) return { kind: 'made', branch, commit: tip.sha, detour: null };
  const why = failed ?? 'what the MCP server pushed is not what it was given';
  // What it left is nobody's to overwrite: by REST it is made beside it.
  const own = tip === null || tip.sha === wanted.commit ? branch : besideOf(branch);
  return pushByRest(api, { ...target, branch: own }, { hasBranch: tip?.sha === wanted.commit, why });
}

const taken = (branch: string): Made => ({
  kind: 'taken',
  why: `the branch ${branch} holds commits that are not ours: it is left as it is`,
});

async function pushByRest(
  { git, proposals }: RepositoryApi,
  target: Target,
  { hasBranch, why }: { readonly hasBranch: boolean; readonly why: string },
): Promise<Made> {
  const { branch, message, changes, wanted } = target;
  if (!hasBranch && !(await proposals.createBranch(branch, wanted.commit))) {
    const there = await git.branchTip(branch);
    if (there !== null && isWanted(there, target)) return { kind: 'made', branch, commit: there.sha, detour: why };
    if (there?.sha !== wanted.commit) return taken(branch);
  }
  const files = changes.map(({ path, mode, text }) => ({ path, mode, text }));
  const baseTree = treeShaAfter(target.tree, new Map());
  await git.moveBranch(branch, await git.createCommit({ baseTree, parent: wanted.commit, message, files }));
  const tip = await git.branchTip(branch);
  return tip !== null && isWanted(tip, target) ? { kind: 'made', branch, commit: tip.sha, detour: why } : taken(branch);
}
