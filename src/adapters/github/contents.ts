/** Commits, files and pull requests, as GitHub has them. */
import { z } from 'zod';
import { CommitSha, shortRef, isTag, type GitRef } from '../../domain/git.ts';
import type { Repository } from '../../domain/repository.ts';
import { GitHubFault, type GitHubFaultKind } from './github-fault.ts';
import { orNull, parseReply, type RepositoryCall } from './github-client.ts';

const PullRequest = z.object({
  number: z.number().int().positive(),
  state: z.enum(['open', 'closed']),
  draft: z.boolean().nullish(),
  user: z.object({ id: z.number().int().positive(), type: z.string().nullish() }).nullish(),
  head: z.object({ sha: CommitSha, ref: z.string(), repo: z.object({ id: z.number() }).nullable() }),
  base: z.object({ sha: CommitSha, ref: z.string(), repo: z.object({ id: z.number() }) }),
});
export type PullRequest = z.infer<typeof PullRequest>;

const DirectoryEntry = z.object({ name: z.string(), sha: z.string(), type: z.string() });

const Compared = z.object({
  status: z.string(),
  files: z.array(z.object({ filename: z.string(), previous_filename: z.string().nullish() })).optional(),
});
const MAX_COMPARED_FILES = 300;

const RepositoryFacts = z.object({
  default_branch: z.string(),
  private: z.boolean(),
  visibility: z.enum(['public', 'private', 'internal']).nullish(),
});

export interface Contents {
  /** What the repository is today; null where it is gone. */
  facts(): Promise<Pick<Repository, 'defaultBranch' | 'visibility'> | null>;
  /** The commit a branch or tag points at (annotated tags are peeled); null where there is no such ref. */
  commitAt(ref: GitRef): Promise<CommitSha | null>;
  pullRequest(number: number): Promise<PullRequest | null>;
  /** Open pull requests that ask for a branch of this repository to be merged; the first hundred. */
  pullRequestsOf(branch: string, owner: string): Promise<readonly PullRequest[]>;
  /** Whether some branch of this repository stands at this commit. */
  isHeadOfBranch(sha: CommitSha): Promise<boolean>;
  /**
   * Every path that differs between two commits of which the later one descends from the earlier; null where it does not,
   * or where GitHub does not list them all.
   */
  changedPaths(before: CommitSha, after: CommitSha): Promise<readonly string[] | null>;
  /** A text file at a commit or branch; null where it is absent. */
  fileAt(path: string, at: string): Promise<string | null>;
  /** Name → blob SHA of the files of a directory; empty where it is absent. */
  directoryAt(path: string, at: string): Promise<ReadonlyMap<string, string>>;
}

type PullReader = Pick<Contents, 'pullRequest' | 'pullRequestsOf' | 'isHeadOfBranch'>;

function pullReader(call: RepositoryCall): PullReader {
  return {
    async pullRequest(number) {
      const route = 'GET /repos/{owner}/{repo}/pulls/{pull_number}';
      const reply = await orNull(call({ route, permissions: 'read', params: { pull_number: number } }));
      return reply === null ? null : parseReply(PullRequest, reply, route);
    },

    async pullRequestsOf(branch, owner) {
      const route = 'GET /repos/{owner}/{repo}/pulls';
      const params = { head: `${owner}:${branch}`, state: 'open', per_page: 100 };
      const reply = await call({ route, permissions: 'read', params });
      return parseReply(z.array(PullRequest), reply, route).filter(({ head }) => head.ref === branch);
    },

    async isHeadOfBranch(sha) {
      const route = 'GET /repos/{owner}/{repo}/commits/{commit_sha}/branches-where-head';
      const reply = await call({ route, permissions: 'read', params: { commit_sha: sha } }).catch(nullIfAbsent);
      return reply !== null && parseReply(z.array(z.object({ name: z.string() })), reply, route).length > 0;
    },
  };
}

/** A ref that does not exist is a 422 here ("No commit found for SHA"), and an empty repository a 409. */
const ABSENT: readonly GitHubFaultKind[] = ['not_found', 'unprocessable', 'conflict'];

const nullIfAbsent = (error: unknown): null => {
  if (error instanceof GitHubFault && ABSENT.includes(error.kind)) return null;
  throw error;
};

export function contents(call: RepositoryCall): Contents {
  return {
    async facts() {
      const route = 'GET /repos/{owner}/{repo}';
      const reply = await orNull(call({ route, permissions: 'read' }));
      if (reply === null) return null;
      const {
        default_branch: defaultBranch,
        private: isPrivate,
        visibility,
      } = parseReply(RepositoryFacts, reply, route);
      return { defaultBranch, visibility: visibility ?? (isPrivate ? 'private' : 'public') };
    },

    async commitAt(ref) {
      // API: "Get a commit" takes heads/NAME and tags/NAME; this media type answers with the SHA alone.
      const route = 'GET /repos/{owner}/{repo}/commits/{ref}';
      const name = isTag(ref) ? `tags/${shortRef(ref)}` : `heads/${shortRef(ref)}`;
      const headers = { accept: 'application/vnd.github.sha' };
      try {
        const reply = await call({ route, permissions: 'read', params: { ref: name }, headers });
        return parseReply(CommitSha, reply, route);
      } catch (error) {
        if (error instanceof GitHubFault && ABSENT.includes(error.kind)) return null;
        throw error;
      }
    },

    ...pullReader(call),

    async changedPaths(before, after) {
      // API, "Compare two commits": the first page lists the files, 300 at most.
      const route = 'GET /repos/{owner}/{repo}/compare/{basehead}';
      const params = { basehead: `${before}...${after}`, per_page: 1, page: 1 };
      const reply = await orNull(call({ route, permissions: 'read', params }));
      if (reply === null) return null;
      const { status, files = [] } = parseReply(Compared, reply, route);
      if (status !== 'ahead' || files.length >= MAX_COMPARED_FILES) return null;
      return files.flatMap(({ filename, previous_filename: previous }) => [
        filename,
        ...(previous == null ? [] : [previous]),
      ]);
    },

    async fileAt(path, at) {
      const route = 'GET /repos/{owner}/{repo}/contents/{path}';
      const headers = { accept: 'application/vnd.github.raw+json' };
      const reply = await orNull(call({ route, permissions: 'read', params: { path, ref: at }, headers }));
      return reply === null ? null : parseReply(z.string(), reply, route);
    },

    async directoryAt(path, at) {
      const route = 'GET /repos/{owner}/{repo}/contents/{path}';
      const reply = await orNull(call({ route, permissions: 'read', params: { path, ref: at } }));
      const entries = reply === null ? [] : parseReply(z.array(DirectoryEntry), reply, route);
      return new Map(entries.filter(({ type }) => type === 'file').map(({ name, sha }) => [name, sha]));
    },
  };
}
