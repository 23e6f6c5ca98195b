/** A stage run that failed → why: its jobs, what Actions wrote on them, and the end of the failed job's log. */
import { ArchiveError, fetchTail, type ArchiveSource } from '../src/adapters/github/artifact-archive.ts';
import type { ActionsReader, Job } from '../src/adapters/github/actions.ts';
import { GitHubFault } from '../src/adapters/github/github-fault.ts';
import { cancelledBy, diagnose, failedJob, ranOutOfTime, type Diagnosis } from '../src/domain/fault/diagnosis.ts';
import { logLines } from '../src/domain/fault/log-excerpt.ts';
import type { StageRun } from '../src/domain/stage/stage-outcome.ts';
import type { Stage } from '../src/domain/stage/stage-table.ts';

export interface Failed {
  readonly stage: Stage;
  readonly run: StageRun;
  readonly reader: ActionsReader;
  /** Where logs are fetched from. */
  readonly archives: ArchiveSource;
  /** Only this job is asked, where the run has others too. */
  readonly job?: string;
}

/** Of a log, the last half megabyte: enough for any failure, and little enough for any worker. */
const LOG_TAIL_BYTES = 512 * 1024;

/** Costs four requests and a download, and only where something failed. @throws GitHubFault where the jobs cannot be read */
export async function diagnoseFailure(failed: Failed): Promise<Diagnosis> {
  const { stage, run } = failed;
  const jobs = await jobsOf(failed);
  const job = failedJob(jobs);
  return diagnose({
    stage,
    conclusion: run.conclusion,
    jobs: jobs.map(({ name, conclusion, html_url: url, steps }) => ({
      name,
      conclusion,
      url: url ?? null,
      steps: steps ?? [],
    })),
    annotations: job === null ? [] : await annotationsOf(failed, job),
    log: job === null ? null : await logOf(failed, job),
  });
}

export type Cancellation = { readonly kind: 'cancelled'; readonly by: string } | { readonly kind: 'ran_out_of_time' };

/** A run that Actions calls cancelled: by a person, or by a job's own time-out. */
export async function explainCancellation(failed: Failed): Promise<Cancellation> {
  const job = failedJob(await jobsOf(failed));
  const annotations = job === null ? [] : await annotationsOf(failed, job);
  if (ranOutOfTime(annotations)) return { kind: 'ran_out_of_time' };
  return { kind: 'cancelled', by: cancelledBy(annotations) ?? 'somebody on GitHub' };
}

async function jobsOf({ reader, run, job }: Failed): Promise<readonly Job[]> {
  const jobs = await reader.jobs(run.actionsRunId);
  return job === undefined ? jobs : jobs.filter(({ name }) => name === job);
}

/** The explanation is worth having, and no result hangs on it: what cannot be read is left out. */
const annotationsOf = ({ reader }: Failed, { id }: Job): Promise<readonly string[]> =>
  reader.annotations(id).catch(unlessLimited<readonly string[]>([]));

async function logOf({ reader, archives }: Failed, { id }: Job): Promise<readonly string[] | null> {
  const address = await reader.logLocation(id).catch(unlessLimited(null));
  if (address === null) return null;
  try {
    return logLines(await fetchTail(archives, address, LOG_TAIL_BYTES));
  } catch (error) {
    if (error instanceof ArchiveError) return null;
    throw error;
  }
}

/** A rate limit is for the workflow to sleep on; asking goes on after it. */
const unlessLimited =
  <T>(instead: T) =>
  (error: unknown): T => {
    if (error instanceof GitHubFault && error.kind !== 'rate_limited') return instead;
    throw error;
  };
