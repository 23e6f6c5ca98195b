/** Actions runs and their artifacts. */
import type { JobMachine } from '../../domain/evidence/machines.ts';
import { z } from 'zod';
import { CommitSha, type GitRef } from '../../domain/git.ts';
import { GitHubFault } from './github-fault.ts';
import { orNull, parseReply, type RepositoryCall } from './github-client.ts';

const ActionsRun = z.object({
  id: z.number().int().positive(),
  path: z.string(),
  event: z.string(),
  status: z.string().nullable(),
  conclusion: z.string().nullable(),
  head_sha: CommitSha,
  display_title: z.string(),
  run_attempt: z.number().int().positive().default(1),
  html_url: z.string(),
  created_at: z.string(),
  run_started_at: z.string().nullish(),
  updated_at: z.string(),
  actor: z.object({ id: z.number(), login: z.string() }).nullish(),
});
export type ActionsRun = z.infer<typeof ActionsRun>;

const Artifact = z.object({
  id: z.number().int().positive(),
  name: z.string(),
  size_in_bytes: z.number().int().nonnegative(),
  expired: z.boolean(),
  created_at: z.string().nullable(),
  digest: z.string().nullish(),
});
export type Artifact = z.infer<typeof Artifact>;

const Job = z.object({
  /** Also the id of its check run, where its annotations are. */
  id: z.number().int().positive(),
  name: z.string(),
  html_url: z.string().nullish(),
  conclusion: z.string().nullable(),
  steps: z.array(z.object({ name: z.string(), conclusion: z.string().nullable() })).nullish(),
});
export type Job = z.infer<typeof Job>;

const JobsOfAttempt = z.object({
  total_count: z.number().int(),
  jobs: z.array(
    z.object({
      name: z.string(),
      conclusion: z.string().nullable(),
      runner_group_id: z.number().int().nullish(),
      runner_group_name: z.string().nullish(),
    }),
  ),
});

export type Dispatch =
  | { readonly kind: 'started'; readonly actionsRunId: number; readonly url: string }
  /** Taken, without being told as which run: older servers. */
  | { readonly kind: 'accepted' };

const MAX_JOBS = 100;
const UNSEEN: JobMachine = { job: 'a job that is not listed', conclusion: null, groupId: null, groupName: null };

export interface DispatchRequest {
  readonly file: string;
  readonly ref: GitRef;
  readonly inputs: Readonly<Record<string, string>>;
}

/** What can be read of runs. */
export interface ActionsReader {
  /** Dispatched runs of a stage file, newest first. The list lags a dispatch by seconds. */
  runsSince(file: string, since: string): Promise<readonly ActionsRun[]>;
  /** Runs of a file that pull requests with this head have started, newest first. */
  runsOfPullRequests(file: string, sha: CommitSha): Promise<readonly ActionsRun[]>;
  /** Null where nothing has changed since `etag`. */
  run(id: number, etag: string | null): Promise<{ readonly run: ActionsRun; readonly etag: string | null } | null>;
  jobs(runId: number): Promise<readonly Job[]>;
  /** Returns the runner group of each job of an attempt. */
  machinesOf(runId: number, attempt: number): Promise<readonly JobMachine[]>;
  /** What Actions itself wrote on a job: a lost runner, a time-out, who cancelled. */
  annotations(jobId: number): Promise<readonly string[]>;
  /** The address of a job's log, as `artifactLocation`. Null where there is none, or none any more. */
  logLocation(jobId: number): Promise<string | null>;
  artifacts(runId: number, name: string): Promise<readonly Artifact[]>;
  /** The address of an artifact's bytes: valid for a minute, and elsewhere. Null where it has expired. */
  artifactLocation(id: number): Promise<string | null>;
}

export interface Actions extends ActionsReader {
  /** Not idempotent: a fault of kind `unavailable` leaves open whether a run was started. */
  dispatch(request: DispatchRequest): Promise<Dispatch>;
  /** Lets a run of a pull request go that GitHub holds back, since its author is new here. */
  approve(runId: number): Promise<void>;
  cancel(runId: number, how: 'cancel' | 'force-cancel'): Promise<void>;
}

/** By a token that can start nothing. */
export const actionsReader = (call: RepositoryCall): ActionsReader =>
  readerWith((given) =>
    call({ ...given, permissions: given.permissions === 'dispatch' ? 'follow' : given.permissions }),
  );

const readerWith = (call: RepositoryCall): ActionsReader => ({ ...runReader(call), ...locator(call) });

export function actions(call: RepositoryCall): Actions {
  const dispatch = dispatcher(call);
  return {
    dispatch,
    ...readerWith(call),
    async approve(runId) {
      const route = 'POST /repos/{owner}/{repo}/actions/runs/{run_id}/approve';
      await call({ route, permissions: 'dispatch', params: { run_id: runId } });
    },
    async cancel(runId, how) {
      const route = `POST /repos/{owner}/{repo}/actions/runs/{run_id}/${how}`;
      await call({ route, permissions: 'dispatch', params: { run_id: runId } }).catch(ignoreConflict);
    },
  };
}

/** Bytes are kept elsewhere: GitHub answers with an address, which is looked at before it is followed. */
function locator(call: RepositoryCall): Pick<Actions, 'artifactLocation' | 'logLocation'> {
  const locate = async (route: string, params: Readonly<Record<string, number>>): Promise<string | null> => {
    const request = call({ route, permissions: 'dispatch', params, redirect: 'manual' });
    const reply = await orNull(request.catch(nullIfGone));
    if (reply === null) return null;
    const { location } = reply.headers;
    if (typeof location === 'string') return location;
    throw new GitHubFault('unreadable', `GitHub sent no address in its answer to ${route}`);
  };
  return {
    artifactLocation: (id) =>
      locate('GET /repos/{owner}/{repo}/actions/artifacts/{artifact_id}/zip', { artifact_id: id }),
    logLocation: (id) => locate('GET /repos/{owner}/{repo}/actions/jobs/{job_id}/logs', { job_id: id }),
  };
}

type RunReader = Omit<ActionsReader, 'artifactLocation' | 'logLocation'>;

function runReader(call: RepositoryCall): RunReader {
  return {
    async runsSince(file, since) {
      const route = 'GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs';
      const params = { workflow_id: file, event: 'workflow_dispatch', created: `>=${since}`, per_page: 100 };
      const reply = await call({ route, permissions: 'dispatch', params });
      return parseReply(z.object({ workflow_runs: z.array(ActionsRun) }), reply, route).workflow_runs;
    },

    async runsOfPullRequests(file, sha) {
      const route = 'GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs';
      const params = { workflow_id: file, event: 'pull_request', head_sha: sha, per_page: 100 };
      const reply = await call({ route, permissions: 'dispatch', params });
      return parseReply(z.object({ workflow_runs: z.array(ActionsRun) }), reply, route).workflow_runs;
    },

    async run(id, etag) {
      const route = 'GET /repos/{owner}/{repo}/actions/runs/{run_id}';
      const headers: Record<string, string> = etag === null ? {} : { 'if-none-match': etag };
      const reply = await call({ route, permissions: 'dispatch', params: { run_id: id }, headers }).catch(
        nullIfUnchanged,
      );
      if (reply === null) return null;
      const newTag = reply.headers['etag'];
      return { run: parseReply(ActionsRun, reply, route), etag: typeof newTag === 'string' ? newTag : null };
    },

    async jobs(runId) {
      const route = 'GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs';
      const reply = await call({ route, permissions: 'dispatch', params: { run_id: runId, per_page: 100 } });
      return parseReply(z.object({ jobs: z.array(Job) }), reply, route).jobs;
    },

    async machinesOf(runId, attempt) {
      const route = 'GET /repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}/jobs';
      const params = { run_id: runId, attempt_number: attempt, per_page: MAX_JOBS };
      const { jobs, total_count: total } = parseReply(
        JobsOfAttempt,
        await call({ route, permissions: 'follow', params }),
        route,
      );
      const known = jobs.map(({ name, conclusion, ...job }) => ({
        job: name,
        conclusion,
        groupId: job.runner_group_id ?? null,
        groupName: job.runner_group_name ?? null,
      }));
      // A run of ours has three: of those that are not shown it is not known where they ran.
      return total > known.length ? [...known, UNSEEN] : known;
    },

    async annotations(jobId) {
      const route = 'GET /repos/{owner}/{repo}/check-runs/{check_run_id}/annotations';
      const reply = await call({ route, permissions: 'read', params: { check_run_id: jobId, per_page: 100 } });
      return parseReply(z.array(z.object({ message: z.string().nullish() })), reply, route).flatMap(
        ({ message }) => message ?? [],
      );
    },

    async artifacts(runId, name) {
      const route = 'GET /repos/{owner}/{repo}/actions/runs/{run_id}/artifacts';
      const reply = await call({ route, permissions: 'dispatch', params: { run_id: runId, name, per_page: 100 } });
      const { artifacts: list } = parseReply(z.object({ artifacts: z.array(Artifact) }), reply, route);
      return list.filter((artifact) => artifact.name === name);
    },
  };
}

const RunDetails = z.object({ workflow_run_id: z.number().int().positive(), html_url: z.string() });

function dispatcher(call: RepositoryCall): Actions['dispatch'] {
  const route = 'POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches';
  return async ({ file, ref, inputs }) => {
    const send = (details: Record<string, unknown>): ReturnType<RepositoryCall> =>
      call({ route, permissions: 'dispatch', params: { workflow_id: file, ref, inputs, ...details } });
    const reply = await send({ return_run_details: true }).catch((error: unknown) => {
      // GHES up to 3.20 refuses the parameter and has started nothing (cli/cli#12672): once more without it.
      if (error instanceof GitHubFault && error.status === 422 && error.message.includes('return_run_details'))
        return send({});
      throw error;
    });
    if (reply.status === 204) return { kind: 'accepted' };
    const details = RunDetails.safeParse(reply.data);
    if (!details.success) return { kind: 'accepted' };
    return { kind: 'started', actionsRunId: details.data.workflow_run_id, url: details.data.html_url };
  };
}

const nullIfUnchanged = (error: unknown): null => {
  if (error instanceof GitHubFault && error.status === 304) return null;
  throw error;
};

const nullIfGone = (error: unknown): null => {
  if (error instanceof GitHubFault && error.kind === 'gone') return null;
  throw error;
};

/** 409: the run has ended already, which is what was wanted. */
const ignoreConflict = (error: unknown): void => {
  if (!(error instanceof GitHubFault) || error.kind !== 'conflict') throw error;
};
