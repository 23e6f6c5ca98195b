/** A run of a workflow file: its jobs, and how it ended as a whole. */
import type { ActionsRunRecord, JobRecord } from '../../github/actions-records.ts';
import type { RepositoryRecord } from '../../github/world.ts';
import { githubContext } from './job-facts.ts';
import { queuedJob, runJob, type JobParts } from './job.ts';
import { runJobs, together, type Result, type StartingJob } from './jobs.ts';
import type { Loaded } from './called-workflows.ts';

/** What is the same for every run. */
export type RunnerParts = Pick<JobParts, 'services' | 'tools' | 'doubles' | 'minuteMs'>;

/** Jobs are added to the run as they start. @returns its conclusion */
export async function runWorkflow(
  repository: RepositoryRecord,
  run: ActionsRunRecord,
  loaded: Loaded,
  parts: Omit<JobParts, 'repository' | 'run'>,
): Promise<Result> {
  const all: JobParts = { ...parts, repository, run };
  const add = (starting: StartingJob): JobRecord => {
    const record = queuedJob(starting, all);
    run.jobs = [...run.jobs, record];
    return record;
  };
  const secrets = hasSecrets(run, repository) ? Object.fromEntries(repository.secrets) : {};
  const ends = await runJobs(
    { loaded, inputs: run.inputs, secrets, prefix: '', ofCaller: null },
    {
      github: githubContext({ ...NO_JOB, repository, run, file: loaded.file }, parts.services.apiUrl()),
      vars: Object.fromEntries(repository.variables),
      signal: parts.signal,
      start: (starting) => runJob(starting, add(starting), all),
      skip: (starting, conclusion) => {
        const completedAt = new Date().toISOString();
        Object.assign(add(starting), { status: 'completed', conclusion, completedAt });
      },
    },
  );
  return together([...ends.values()]);
}

/** A pull request's run has none where it is a fork's, or Dependabot's. Source: docs, "Events that trigger workflows". */
const hasSecrets = ({ event, headRepositoryId }: ActionsRunRecord, { id }: Pick<RepositoryRecord, 'id'>): boolean =>
  event !== 'pull_request' || headRepositoryId === id;

/** The parts of the `github` context that exist only inside a job. */
const NO_JOB = {
  id: '',
  name: '',
  permissions: {},
  token: '',
  runner: { id: 0, name: '', groupId: 0, groupName: '', environment: 'github-hosted' },
} as const;
