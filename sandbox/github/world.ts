/** What the stand-in GitHub knows: plain data. Handlers read and change it; nothing else does. */
import type { ActionsRunRecord, ArtifactRecord } from './actions-records.ts';
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
  readonly createdAt: string;
  pushedAt: string;
  /** Ids of the workflow files that were dispatched so far, by name. */
  readonly workflowIds: Map<string, number>;
  /** By login: who may do what here. */
  readonly permissions: Map<string, 'admin' | 'maintain' | 'write' | 'read'>;
  readonly checkRuns: CheckRunRecord[];
  readonly statuses: StatusRecord[];
  readonly pulls: PullRecord[];
  readonly issues: IssueRecord[];
  readonly comments: CommentRecord[];
  readonly reactions: ReactionRecord[];
  readonly runs: ActionsRunRecord[];
  readonly artifacts: ArtifactRecord[];
  readonly attestations: AttestationRecord[];
  /** Workflow files that somebody switched off, by name. */
  readonly disabledWorkflows: Set<string>;
  /** What a ruleset of its default branch requires; from any App where none is named. */
  readonly requiredChecks: { readonly context: string; readonly integrationId: number | null }[];
  /** Actions secrets of the repository, by name. */
  readonly secrets: Map<string, string>;
  readonly variables: Map<string, string>;
  /** Machines that its admins have registered for its jobs. */
  readonly selfHosted: SelfHostedRunner[];
}

export interface SelfHostedRunner {
  readonly name: string;
  /** Custom labels; GitHub allows labels of its own runners, for example `ubuntu-24.04`. */
  readonly labels: readonly string[];
  /** The keys of the jobs that it takes, where it is busy for all others. */
  readonly jobs?: readonly string[];
}

export interface AttestationRecord {
  readonly id: number;
  /** Of the subject, `sha256:…`. */
  readonly digest: string;
  readonly predicateType: string;
  bundle: unknown;
  readonly createdAt: string;
}

export interface CheckRunRecord {
  readonly id: number;
  name: string;
  readonly headSha: string;
  readonly externalId: string;
  /** Check runs of one App on one commit are a suite. */
  readonly suiteId: number;
  readonly startedAt: string;
  completedAt: string | null;
  detailsUrl: string | null;
  status: string;
  conclusion: string | null;
  title: string;
  summary: string;
  text: string | null;
  /** Each update adds its own. */
  readonly annotations: CheckAnnotation[];
  /** What can be pressed. */
  actions: readonly { readonly identifier: string; readonly label: string; readonly description: string }[];
  updates: number;
}

export interface CheckAnnotation {
  readonly path: string;
  readonly start_line: number;
  readonly end_line: number;
  readonly start_column?: number | undefined;
  readonly annotation_level: 'notice' | 'warning' | 'failure';
  readonly title?: string | undefined;
  readonly message: string;
}

export interface StatusRecord {
  readonly id: number;
  readonly sha: string;
  readonly state: string;
  readonly context: string;
  readonly description: string;
  readonly targetUrl: string | null;
  readonly creator: User;
  readonly createdAt: string;
}

export interface PullRecord {
  readonly id: number;
  readonly number: number;
  readonly createdAt: string;
  readonly headRef: string;
  readonly headRepositoryId: number | null;
  readonly baseRef: string;
  readonly author: User;
  readonly draft: boolean;
  state: 'open' | 'closed';
  /** Of a fork's branch, which this repository does not have. */
  forkSha: string | null;
  /** What its author wrote; a sentence of the sandbox's where nobody did. */
  title?: string;
  body?: string;
  labels?: readonly string[];
}

export interface IssueRecord {
  readonly id: number;
  readonly number: number;
  title: string;
  body: string;
  labels: readonly string[];
  state: 'open' | 'closed';
  stateReason: 'completed' | 'not_planned' | 'duplicate' | 'reopened' | null;
  readonly creator: User;
  readonly createdAt: string;
  updatedAt: string;
  closedAt: string | null;
}

/** Issues and pull requests count together. */
export const nextNumber = ({ issues, pulls }: RepositoryRecord): number => issues.length + pulls.length + 1;

export interface CommentRecord {
  readonly id: number;
  readonly issueNumber: number;
  readonly user: User;
  readonly createdAt: string;
  updatedAt: string;
  body: string;
}

export interface ReactionRecord {
  readonly id: number;
  readonly commentId: number;
  readonly user: User;
  readonly content: string;
  readonly createdAt: string;
}

export interface World {
  /** OIDC token issuers by job token, for running jobs with `id-token: write`. */
  readonly identities: Map<string, (audience: string) => string>;
  readonly users: Map<string, User>;
  readonly repositories: Map<number, RepositoryRecord>;
  readonly app: {
    readonly id: number;
    readonly slug: string;
    readonly bot: User;
    readonly publicKey: string;
    /** What its page says that it has; tests change it. */
    permissions: Readonly<Record<string, string>>;
    events: readonly string[];
    hook: { readonly contentType: string; readonly hasSecret: boolean; readonly isInsecure: boolean };
  };
  readonly installationId: number;
  /** Codes that GitHub sent back after a manifest was agreed to, with what they are good for. */
  readonly manifestCodes: Map<string, { readonly pem: string; readonly webhookSecret: string }>;
  /** Where the sandbox listens: every address in its answers begins so. */
  baseUrl(): string;
  nextId(): number;
}

export interface WorldParts {
  readonly appId: number;
  readonly publicKey: string;
  readonly baseUrl: () => string;
  readonly permissions: Readonly<Record<string, string>>;
  readonly events: readonly string[];
}

export function createWorld({ appId, publicKey, permissions, events, ...parts }: WorldParts): World {
  let last = 1000;
  const nextId = (): number => (last += 1);
  const bot: User = { id: nextId(), login: 'slsa-pipeline-sandbox[bot]', type: 'Bot' };
  return {
    users: new Map([[bot.login, bot]]),
    identities: new Map(),
    repositories: new Map(),
    app: {
      id: appId,
      slug: 'slsa-pipeline-sandbox',
      bot,
      publicKey,
      permissions,
      events,
      hook: { contentType: 'json', hasSecret: true, isInsecure: false },
    },
    installationId: nextId(),
    manifestCodes: new Map(),
    baseUrl: parts.baseUrl,
    nextId,
  };
}

export const findRepository = (world: World, owner: string, name: string): RepositoryRecord | null =>
  [...world.repositories.values()].find(
    (each) => each.owner.login.toLowerCase() === owner.toLowerCase() && each.name.toLowerCase() === name.toLowerCase(),
  ) ?? null;
