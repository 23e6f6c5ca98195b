/** What a run shows on GitHub while it goes on and when it ends; and how it lets go of stage runs. */
import { activityInfo } from '@temporalio/activity';
import type { GitHub } from '../src/adapters/github/github.ts';
import { GitHubFault } from '../src/adapters/github/github-fault.ts';
import type { Reports } from '../src/adapters/github/reports.ts';
import type { Repository } from '../src/domain/repository.ts';
import type { CheckReport } from '../src/domain/report/check-report.ts';
import type { StatusReport } from '../src/domain/report/status-report.ts';
import type { CommitSha } from '../src/domain/git.ts';
import { answer, type Answer } from './failures.ts';
import type { Tally } from './tally.ts';

/** The report comes as finished text: small, and nothing here decides what it says. */
export interface ReportInput {
  readonly repository: Repository;
  readonly sha: CommitSha;
  /** The check run's `external_id`. */
  readonly workflowId: string;
  readonly checkRunId: number | null;
  /** An earlier write ended unclearly: what it may have made is looked for first. */
  readonly mayExist: boolean;
  readonly report: CheckReport;
}

export interface StatusInput {
  readonly repository: Repository;
  readonly sha: CommitSha;
  readonly report: StatusReport;
}

export interface CancelStageInput {
  readonly repository: Repository;
  readonly actionsRunId: number;
  readonly how: 'cancel' | 'force-cancel';
}

export interface ReportActivities {
  /** Makes or updates the run's check run; answers with its id, null where check runs cannot be written. */
  reportProgress(input: ReportInput): Promise<Answer<number | null>>;
  updateCommitStatus(input: StatusInput): Promise<Answer<null>>;
  cancelStage(input: CancelStageInput): Promise<Answer<null>>;
}

export function createReportActivities(github: GitHub, tally: Tally): ReportActivities {
  return {
    async reportProgress(input) {
      const answered = await answer(() => upsertCheckRun(github, input));
      if (input.report.conclusion !== null) tally.runEnded(input.report.conclusion);
      return answered;
    },

    updateCommitStatus: ({ repository, sha, report }) =>
      answer(async () => {
        await github.repository(repository).reports.setStatus(sha, report);
        return null;
      }),

    cancelStage: ({ repository, actionsRunId, how }) =>
      answer(async () => {
        await github.repository(repository).actions.cancel(actionsRunId, how);
        return null;
      }),
  };
}

async function upsertCheckRun(github: GitHub, input: ReportInput): Promise<number | null> {
  const { appId } = await github.identity();
  if (appId === null) return null;
  const { reports } = github.repository(input.repository);
  const id = input.checkRunId ?? (await madeByAnEarlierTry(github, input, appId));
  if (id === null) return reports.createCheckRun(input.sha, input.workflowId, input.report);
  const report = await withoutWhatIsThere(reports, id, input);
  try {
    await reports.updateCheckRun(id, report);
  } catch (error) {
    // The last word counts for more than what stands at the lines: one that GitHub refuses must not keep the check open.
    const isRefused = error instanceof GitHubFault && error.kind === 'unprocessable';
    if (!isRefused || (report.annotations ?? []).length === 0) throw error;
    await reports.updateCheckRun(id, { ...report, annotations: [] });
  }
  return id;
}

/** Annotations add up: a second try must not write them twice. */
async function withoutWhatIsThere(
  reports: Reports,
  id: number,
  { report, mayExist }: ReportInput,
): Promise<CheckReport> {
  const mayBeThere = activityInfo().attempt > 1 || mayExist;
  if (report.annotations === undefined || !mayBeThere) return report;
  const isThere = (await reports.annotationsCount(id)) > 0;
  return isThere ? { ...report, annotations: [] } : report;
}

/**
 * Creating has no key of its own on GitHub, so a second try first looks for what the first one made. The first try need
 * not: a run's workflow id is started once, and its `external_id` is new.
 */
async function madeByAnEarlierTry(github: GitHub, input: ReportInput, appId: number): Promise<number | null> {
  if (activityInfo().attempt === 1 && !input.mayExist) return null;
  const runs = await github.repository(input.repository).reports.checkRuns(input.sha, appId);
  return runs.find((run) => run.external_id === input.workflowId)?.id ?? null;
}
