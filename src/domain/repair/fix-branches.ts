/** Branches of repairs: what is proposed, and the throw-away ones that are linted first. */
import { shortRef, shortSha, type CommitSha, type GitRef } from '../git.ts';

const PROPOSED = 'slsa/autofix/';
const TRIED = 'slsa/autofix-try/';

export const fixBranch = (ref: GitRef, sha: CommitSha): string => `${prefixOf(ref)}${shortSha(sha)}`;

/** All fix branches of one branch begin so, and none of another does: seven digits follow. */
const prefixOf = (ref: GitRef): string => `${PROPOSED}${shortRef(ref)}-`;

export const isFixBranchOf = (ref: GitRef, branch: string): boolean =>
  branch.startsWith(prefixOf(ref)) && /^[0-9a-f]{7}(-rest)?$/.test(branch.slice(prefixOf(ref).length));

/** Where an MCP server left something else under a name: what is there is not overwritten. */
export const besideOf = (branch: string): string => `${branch}-rest`;

/** The first line of a repair's commit. */
export const fixMessage = (sha: CommitSha): string => `Fix lint errors of ${shortSha(sha)}`;

/** Of one run and one round: the same name whichever worker makes it. */
export const tryBranch = (run: { ref: GitRef; sha: CommitSha; attempt: number }, round: number): string =>
  `${TRIED}${shortRef(run.ref)}-${shortSha(run.sha)}-${run.attempt}-${round}`;

/** A repair's branches start no repair, and throw-away ones start nothing. */
export const isFixRef = (ref: GitRef): boolean => ref.startsWith(`refs/heads/${PROPOSED}`);
export const isTryRef = (ref: string): boolean => ref.startsWith(`refs/heads/${TRIED}`);
