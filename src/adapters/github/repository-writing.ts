/** What the embedded MCP server does to a repository: each is a few calls, and answers as GitHub's own server does. */
import { z } from 'zod';
import { CommitSha } from '../../domain/git.ts';
import type { Secret } from '../../domain/secret.ts';
import { gitData, type BranchTip, type GitData } from './git-data.ts';
import { parseReply, repositoryCall, type RepositoryCall } from './github-client.ts';
import { RateGate } from './rate-gate.ts';
import { plainTokens, type Endpoint } from './tokens.ts';

export interface PushedFile {
  readonly path: string;
  readonly content: string;
  readonly mode?: '100644' | '100755' | undefined;
}

export interface RepositoryWriting {
  /** @param from a branch, or a commit; null for the default branch. */
  createBranch(branch: string, from: string | null): Promise<object>;
  pushFiles(push: {
    readonly branch: string;
    readonly message: string;
    readonly files: readonly PushedFile[];
    /** Where the branch stands; null where that is to be looked up. */
    readonly head: { readonly commit: string; readonly tree: string } | null;
  }): Promise<object>;
  fileAt(path: string, at: string | null): Promise<object>;
  openPull(pull: {
    readonly title: string;
    readonly head: string;
    readonly base: string;
    readonly body: string;
    readonly draft: boolean;
  }): Promise<object>;
}

/** By a token that somebody lent. */
export function repositoryWriting(
  token: Secret,
  endpoint: Endpoint,
  address: { readonly owner: string; readonly name: string },
): RepositoryWriting {
  const line = { tokens: plainTokens(token, endpoint), endpoint, gate: new RateGate() };
  const call = repositoryCall(line, { ...address, id: null, installationId: null });
  const git = gitData(call);
  return {
    async createBranch(branch, from) {
      const given = CommitSha.safeParse(from);
      const sha = given.success ? given.data : (await tipOf(git, from ?? (await defaultBranch(call)))).sha;
      const route = 'POST /repos/{owner}/{repo}/git/refs';
      await call({ route, permissions: 'propose', params: { ref: `refs/heads/${branch}`, sha } });
      return refOf(branch, sha);
    },

    async pushFiles({ branch, message, files, head }) {
      // A head that is not the branch's any more cannot be moved on from: GitHub refuses what is no fast-forward.
      const tip = head === null ? await tipOf(git, branch) : { sha: CommitSha.parse(head.commit), tree: head.tree };
      const sha = await git.createCommit({
        baseTree: tip.tree,
        parent: tip.sha,
        message,
        files: files.map(({ path, content, mode = '100644' }) => ({ path, mode, text: content })),
      });
      if (!(await git.moveBranch(branch, sha))) throw new Error(`${branch} could not be moved to ${sha}`);
      return refOf(branch, sha);
    },

    async fileAt(path, at) {
      const route = 'GET /repos/{owner}/{repo}/contents/{path}';
      const params = { path, ...(at === null ? {} : { ref: at }) };
      const reply = await call({ route, permissions: 'read', params });
      const { sha, content } = parseReply(FileContents, reply, route);
      return { path, sha, text: Buffer.from(content, 'base64').toString('utf8') };
    },

    async openPull(pull) {
      const route = 'POST /repos/{owner}/{repo}/pulls';
      const params = { ...pull, maintainer_can_modify: false };
      const { id, html_url: url } = parseReply(
        OpenedPull,
        await call({ route, permissions: 'propose', params }),
        route,
      );
      return { id: String(id), url };
    },
  };
}

async function tipOf(git: GitData, branch: string): Promise<BranchTip> {
  const tip = await git.branchTip(branch);
  if (tip === null) throw new Error(`there is no branch ${branch}`);
  return tip;
}

const FileContents = z.object({ sha: z.string(), content: z.string(), encoding: z.literal('base64') });
const OpenedPull = z.object({ id: z.number(), html_url: z.string() });

const refOf = (branch: string, sha: string): object => ({
  ref: `refs/heads/${branch}`,
  object: { type: 'commit', sha },
});

async function defaultBranch(call: RepositoryCall): Promise<string> {
  const route = 'GET /repos/{owner}/{repo}';
  const reply = await call({ route, permissions: 'read' });
  return parseReply(z.object({ default_branch: z.string() }), reply, route).default_branch;
}
