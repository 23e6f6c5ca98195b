/** What the stand-in GitHub knows: plain data. Handlers read and change it; nothing else does. */
import type { GitStore } from './git-store.ts';

export interface User {
  readonly id: number;
  readonly login: string;
  readonly type: 'User' | 'Bot' | 'Organization';
}

export interface RepositoryRecord {
  readonly id: number;
  readonly name: string;
  readonly owner: User;
  readonly visibility: 'public' | 'private';
  readonly defaultBranch: string;
  readonly git: GitStore;
  /** By login: who may do what here. */
  readonly permissions: Map<string, 'admin' | 'write' | 'read'>;
  readonly checkRuns: CheckRunRecord[];
  readonly statuses: StatusRecord[];
  readonly pulls: PullRecord[];
  readonly comments: CommentRecord[];
  readonly reactions: { readonly commentId: number; readonly content: string }[];
  readonly runs: ActionsRunRecord[];
  readonly artifacts: ArtifactRecord[];
}

export interface CheckRunRecord {
  readonly id: number;
  readonly name: string;
  readonly headSha: string;
  readonly externalId: string;
  status: string;
  conclusion: string | null;
  title: string;
  summary: string;
  updates: number;
}

export interface StatusRecord {
  readonly sha: string;
  readonly state: string;
  readonly context: string;
  readonly description: string;
}

export interface PullRecord {
  readonly number: number;
  readonly headRef: string;
  readonly headRepositoryId: number | null;
  readonly baseRef: string;
  readonly author: User;
  readonly draft: boolean;
  state: 'open' | 'closed';
  /** Of a fork's branch, which this repository does not have. */
  readonly forkSha: string | null;
}

export interface CommentRecord {
  readonly id: number;
  readonly issueNumber: number;
  readonly user: User;
  body: string;
}

export interface ActionsRunRecord {
  readonly id: number;
  readonly file: string;
  readonly ref: string;
  readonly headSha: string;
  readonly title: string;
  readonly group: string | null;
  readonly inputs: Readonly<Record<string, string>>;
  readonly actor: User;
  readonly createdAt: string;
  attempt: number;
  startedAt: string;
  updatedAt: string;
  status: 'queued' | 'in_progress' | 'completed';
  conclusion: string | null;
  steps: readonly { readonly name: string; readonly conclusion: string }[];
  /** Lists lag a dispatch: before this time the run is not in them. */
  readonly listedFrom: number;
  abort: AbortController;
}

export interface ArtifactRecord {
  readonly id: number;
  readonly runId: number;
  readonly name: string;
  readonly createdAt: string;
  zip: Buffer;
  digest: string;
  expired: boolean;
}

export interface World {
  readonly users: Map<string, User>;
  readonly repositories: Map<number, RepositoryRecord>;
  readonly app: { readonly id: number; readonly slug: string; readonly bot: User; readonly publicKey: string };
  readonly installationId: number;
  nextId(): number;
}

export const findRepository = (world: World, owner: string, name: string): RepositoryRecord | null =>
  [...world.repositories.values()].find(
    (each) => each.owner.login.toLowerCase() === owner.toLowerCase() && each.name.toLowerCase() === name.toLowerCase(),
  ) ?? null;
