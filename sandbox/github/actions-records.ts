/** What the stand-in GitHub knows of Actions: runs, their jobs and artifacts. Plain data, as in world.ts. */
import type { CommitInfo } from './git-store.ts';
import type { User, World } from './world.ts';

export interface ActionsRunRecord {
  readonly id: number;
  readonly file: string;
  readonly event: 'workflow_dispatch' | 'pull_request';
  /** Where its commit comes from. */
  readonly headRepositoryId: number | null;
  readonly ref: string;
  readonly headSha: string;
  readonly commit: CommitInfo;
  /** What jobs see as `github.ref` and `github.sha`: of a pull request its merge with the base, else as above. */
  readonly checkedOut: { readonly ref: string; readonly sha: string };
  /** The base branch of a pull request. */
  readonly baseRef: string | null;
  /** `github.event`: what started it. */
  readonly payload: Readonly<Record<string, unknown>>;
  /** What the file says of itself. */
  readonly workflow: { readonly id: number; readonly name: string };
  /** Counts the runs of one file. */
  readonly number: number;
  readonly suiteId: number;
  title: string;
  readonly group: string | null;
  readonly inputs: Readonly<Record<string, string>>;
  /** The reusable workflows that its jobs call. */
  readonly referenced: readonly { readonly path: string; readonly sha: string }[];
  readonly actor: User;
  readonly createdAt: string;
  attempt: number;
  startedAt: string;
  updatedAt: string;
  status: 'queued' | 'in_progress' | 'completed';
  conclusion: string | null;
  /** Jobs of all attempts; empty when Actions ended the run before it created one. */
  jobs: readonly JobRecord[];
  /** Lists lag a dispatch: before this time the run is not in them. */
  readonly listedFrom: number;
  abort: AbortController;
}

export const jobsOfAttempt = ({ jobs }: Pick<ActionsRunRecord, 'jobs'>, attempt: number): readonly JobRecord[] =>
  jobs.filter((job) => job.attempt === attempt);

export interface JobRecord {
  /** Its check run's as well. */
  readonly id: number;
  readonly name: string;
  readonly attempt: number;
  readonly labels: readonly string[];
  status: 'queued' | 'in_progress' | 'completed';
  conclusion: string | null;
  startedAt: string;
  completedAt: string | null;
  steps: readonly JobStep[];
  /** Once it has ended; null where it left none. */
  log: string | null;
  /** What Actions wrote on it. */
  annotations: readonly JobAnnotation[];
  /** The runner that ran the job; null before one takes it. */
  runner: RunnerRecord | null;
}

export interface JobStep {
  readonly name: string;
  readonly conclusion: string;
}

/** Source: docs, "REST API endpoints for workflow jobs". */
export interface RunnerRecord {
  readonly id: number;
  readonly name: string;
  readonly groupId: number;
  readonly groupName: string;
  readonly environment: 'github-hosted' | 'self-hosted';
}

export interface JobAnnotation {
  readonly level: 'failure' | 'warning' | 'notice';
  readonly message: string;
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

/** A queued job. Ids are GitHub-wide. */
export const newJob = (
  world: Pick<World, 'nextId'>,
  { attempt }: Pick<ActionsRunRecord, 'attempt'>,
  { name, labels }: Pick<JobRecord, 'name' | 'labels'>,
): JobRecord => ({
  id: world.nextId(),
  name,
  attempt,
  labels,
  status: 'queued',
  conclusion: null,
  startedAt: new Date().toISOString(),
  completedAt: null,
  steps: [],
  log: null,
  annotations: [],
  runner: null,
});
