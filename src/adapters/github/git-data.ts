/** Git's objects over the API: trees and blobs as they are, commits and branches as we make them. */
import { z } from 'zod';
import { CommitSha } from '../../domain/git.ts';
import { GitHubFault } from './github-fault.ts';
import { parseReply, type RepositoryCall } from './github-client.ts';
import type { TreeEntry } from './git-objects.ts';

const Sha = z.string().regex(/^[0-9a-f]{40}$/);

const Tree = z.object({
  tree: z.array(
    z.object({
      path: z.string(),
      mode: z.string(),
      type: z.enum(['blob', 'tree', 'commit']),
      sha: Sha,
      size: z.number().int().nonnegative().nullish(),
    }),
  ),
  truncated: z.boolean(),
});

const Commit = z.object({
  sha: CommitSha,
  commit: z.object({ tree: z.object({ sha: Sha }), message: z.string() }),
  parents: z.array(z.object({ sha: CommitSha })),
});

export interface BranchTip {
  readonly sha: CommitSha;
  readonly tree: string;
  readonly parents: readonly CommitSha[];
  readonly message: string;
}

export interface NewCommit {
  readonly baseTree: string;
  readonly parent: CommitSha;
  readonly message: string;
  readonly files: readonly { readonly path: string; readonly mode: string; readonly text: string }[];
}

export interface GitData {
  /** Every file and folder of a commit; null where GitHub does not list them all (100,000 entries, or 7 MB). */
  treeAt(commit: CommitSha): Promise<readonly TreeEntry[] | null>;
  blob(sha: string): Promise<Buffer>;
  /** Where a branch stands; null where there is none. */
  branchTip(branch: string): Promise<BranchTip | null>;
  createCommit(commit: NewCommit): Promise<CommitSha>;
  /** Forward only. False where GitHub refuses: the branch has another commit, or may not be moved. */
  moveBranch(branch: string, to: CommitSha): Promise<boolean>;
  /** Nothing where it is gone already. */
  deleteBranch(branch: string): Promise<void>;
}

export function gitData(call: RepositoryCall): GitData {
  return {
    async treeAt(commit) {
      const route = 'GET /repos/{owner}/{repo}/git/trees/{tree_sha}';
      const reply = await call({ route, permissions: 'read', params: { tree_sha: commit, recursive: '1' } });
      const { tree, truncated } = parseReply(Tree, reply, route);
      return truncated ? null : tree.map(({ size, ...entry }) => ({ ...entry, bytes: size ?? 0 }));
    },

    async blob(sha) {
      // As base64, since Octokit would decode raw bytes as text.
      const route = 'GET /repos/{owner}/{repo}/git/blobs/{file_sha}';
      const reply = await call({ route, permissions: 'read', params: { file_sha: sha } });
      const { content } = parseReply(z.object({ content: z.string(), encoding: z.literal('base64') }), reply, route);
      return Buffer.from(content, 'base64');
    },

    async branchTip(branch) {
      const route = 'GET /repos/{owner}/{repo}/commits/{ref}';
      try {
        const reply = await call({ route, permissions: 'read', params: { ref: `heads/${branch}` } });
        const { sha, commit, parents } = parseReply(Commit, reply, route);
        return { sha, tree: commit.tree.sha, parents: parents.map((parent) => parent.sha), message: commit.message };
      } catch (error) {
        // No such branch is a 422 here: "No commit found for SHA".
        if (error instanceof GitHubFault && ['not_found', 'unprocessable'].includes(error.kind)) return null;
        throw error;
      }
    },

    ...writer(call),
  };
}

function writer(call: RepositoryCall): Pick<GitData, 'createCommit' | 'moveBranch' | 'deleteBranch'> {
  return {
    async createCommit({ baseTree, parent, message, files }) {
      const trees = 'POST /repos/{owner}/{repo}/git/trees';
      const tree = files.map(({ path, mode, text }) => ({ path, mode, type: 'blob', content: text }));
      const params = { base_tree: baseTree, tree };
      const made = parseReply(
        z.object({ sha: Sha }),
        await call({ route: trees, permissions: 'propose', params }),
        trees,
      );
      const commits = 'POST /repos/{owner}/{repo}/git/commits';
      const commit = { message, tree: made.sha, parents: [parent] };
      const reply = await call({ route: commits, permissions: 'propose', params: commit });
      return parseReply(z.object({ sha: CommitSha }), reply, commits).sha;
    },

    async moveBranch(branch, to) {
      const route = 'PATCH /repos/{owner}/{repo}/git/refs/{ref}';
      try {
        await call({ route, permissions: 'propose', params: { ref: `heads/${branch}`, sha: to, force: false } });
        return true;
      } catch (error) {
        if (error instanceof GitHubFault && error.kind === 'unprocessable') return false;
        throw error;
      }
    },

    async deleteBranch(branch) {
      const route = 'DELETE /repos/{owner}/{repo}/git/refs/{ref}';
      try {
        await call({ route, permissions: 'propose', params: { ref: `heads/${branch}` } });
      } catch (error) {
        // "Reference does not exist".
        if (!(error instanceof GitHubFault) || !['unprocessable', 'not_found'].includes(error.kind)) throw error;
      }
    },
  };
}
