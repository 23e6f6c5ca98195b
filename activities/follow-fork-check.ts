/**
 * Follows the check of a fork's pull request by its commit, by a token that can start nothing: is its workflow file the base
 * branch's, where is its run, and what did that find. Each call looks once, and answers with a value.
 */
import type { ActionsReader, ActionsRun, Job } from '../src/adapters/github/actions.ts';
import type { Contents } from '../src/adapters/github/contents.ts';
import type { GitHub, RepositoryApi } from '../src/adapters/github/github.ts';
import { GitHubFault } from '../src/adapters/github/github-fault.ts';
import {
  FORK_CHECK_FILE,
  FORK_CHECK_MINUTES,
  FORK_JOBS,
  FORK_REPORT_JOB,
  forkRunTitle,
  type ForkInput,
  type ForkKnown,
  type ForkStage,
  type ForkStep,
} from '../src/domain/fork/fork-check.ts';
import type { CommitSha } from '../src/domain/git.ts';
import { problem, type Problem } from '../src/domain/problem.ts';
import type { Repository } from '../src/domain/repository.ts';
import type { StageOutcome, StageOutcomes } from '../src/domain/stage/stage-outcome.ts';
import type { StageInput } from '../src/domain/stage/stage-step.ts';
import { collectOutcome, toStageRun } from './collect-outcome.ts';
import { answer, toFailure, type Answer } from './failures.ts';
import { WORKFLOWS_FOLDER, type StageFileFacts } from './stage-drift.ts';

export interface ForkRunOf {
  readonly repository: Repository;
  readonly commit: CommitSha;
  readonly pullRequest: number;
  readonly baseRef: string;
}

/** What an approval did to the check of its commit. */
export type Released =
  /** It was held back, and now runs. */
  | { readonly kind: 'released' }
  | { readonly kind: 'not_held' }
  /** It can never count, so nothing of it was let go. */
  | { readonly kind: 'refused'; readonly problem: Problem };

type Of = Omit<ForkRunOf, 'repository'>;

export interface ForkActivities {
  followForkCheck(input: ForkInput, known: ForkKnown): Promise<ForkStep>;
  /** Lets a run go that GitHub holds back, if its workflow file is the base branch's. */
  releaseForkCheck(of: ForkRunOf): Promise<Answer<Released>>;
}

export function createForkActivities(github: GitHub, facts: StageFileFacts): ForkActivities {
  return {
    async followForkCheck(input, known) {
      const api = github.repository(input.repository);
      try {
        return await step({ github, facts, api, input }, known);
      } catch (error) {
        if (error instanceof GitHubFault && error.kind === 'rate_limited')
          return { kind: 'rate_limited', untilEpochSeconds: error.untilEpochSeconds ?? 0, known };
        throw toFailure(error);
      }
    },

    releaseForkCheck: (of) =>
      answer(async () => {
        const { actions, contents, watch } = github.repository(of.repository);
        const refused = await whyNotTrusted(contents, of);
        if (refused !== null) return { kind: 'refused', problem: refused };
        const run = await findRun(watch, of);
        if (run === null || !isHeld(run)) return { kind: 'not_held' };
        await actions.approve(run.id);
        return { kind: 'released' };
      }),
  };
}

interface Following {
  readonly github: GitHub;
  readonly facts: StageFileFacts;
  readonly api: RepositoryApi;
  readonly input: ForkInput;
}

async function step(following: Following, known: ForkKnown): Promise<ForkStep> {
  const { api, input } = following;
  switch (known.phase) {
    case 'new': {
      const refused = await whyNotTrusted(api.contents, input);
      return refused === null ? search(following) : { kind: 'refused', problem: refused };
    }
    case 'searching':
      return search(following);
    case 'found': {
      const answered = await api.watch.run(known.actionsRunId, known.etag);
      if (answered === null) return { kind: 'waiting', known };
      // GitHub's word on which run this is holds for its id; that it is of this commit is asked anew all the same.
      if (!isOf(input, answered.run)) return { kind: 'waiting', known: { phase: 'searching' } };
      return advance(following, answered.run, answered.etag);
    }
  }
}

/**
 * Actions takes the file from the merge of the pull request and its base: where both have the same bytes, so has the merge.
 * Whoever changes the file could let it report anything, so that is never counted, whoever approves.
 */
async function whyNotTrusted(contents: Contents, { commit, baseRef }: Of): Promise<Problem | null> {
  const path = `${WORKFLOWS_FOLDER}/${FORK_CHECK_FILE}`;
  const base = (await contents.directoryAt(WORKFLOWS_FOLDER, `refs/heads/${baseRef}`)).get(FORK_CHECK_FILE);
  if (base === undefined) {
    const message = `${path} is missing on ${baseRef}, so there is no check for pull requests from forks.`;
    const next = `\`slsa-pipeline init\` writes it: commit it to \`${baseRef}\`, then push to the pull request again.`;
    const title = `No check for forks: ${FORK_CHECK_FILE} is missing on ${baseRef}`;
    return { ...problem('stage_file_missing', 'person', message, next), title };
  }
  const head = (await contents.directoryAt(WORKFLOWS_FOLDER, commit)).get(FORK_CHECK_FILE);
  if (head === base) return null;
  const message = `${path} of this pull request is not the file of ${baseRef}: what such a check reports could be anything.`;
  const next = `Bring the branch up to date with \`${baseRef}\`, and leave \`${path}\` as it is there. A maintainer who wants another check changes it on \`${baseRef}\` first.`;
  const title = `${FORK_CHECK_FILE} differs from the one of ${baseRef}`;
  return { ...problem('fork_check_differs', 'person', message, next), title };
}

async function search(following: Following): Promise<ForkStep> {
  const run = await findRun(following.api.watch, following.input);
  if (run === null) return { kind: 'waiting', known: { phase: 'searching' } };
  return advance(following, run, null);
}

const isOf = ({ commit, pullRequest, baseRef }: Of, run: ActionsRun): boolean =>
  run.path.split('@')[0] === `${WORKFLOWS_FOLDER}/${FORK_CHECK_FILE}` &&
  run.event === 'pull_request' &&
  run.head_sha === commit &&
  // Of a run that is held, no expression has been evaluated yet: its title may be the pull request's own.
  (run.display_title === forkRunTitle(pullRequest, commit, baseRef) || isHeld(run)) &&
  // Its own condition was not met: whoever wrote the pull request was trusted then.
  run.conclusion !== 'skipped';

/** A file that never ran is not known to Actions yet: that is no fault. */
async function findRun(reader: ActionsReader, of: Of): Promise<ActionsRun | null> {
  try {
    const runs = await reader.runsOfPullRequests(FORK_CHECK_FILE, of.commit);
    return runs.filter((run) => isOf(of, run)).toSorted((a, b) => b.id - a.id)[0] ?? null;
  } catch (error) {
    if (error instanceof GitHubFault && error.kind === 'not_found') return null;
    throw error;
  }
}

/** Source: docs, "Approving workflow runs from forks": such a run has ended, with this conclusion, until it is let go. */
const isHeld = (run: ActionsRun): boolean => run.conclusion === 'action_required' || run.status === 'action_required';

async function advance(following: Following, run: ActionsRun, etag: string | null): Promise<ForkStep> {
  if (isHeld(run) && following.input.isApproved) return { kind: 'waiting', known: { phase: 'searching' } };
  if (isHeld(run)) return { kind: 'held', url: run.html_url };
  if (run.status === 'completed') return { kind: 'finished', outcomes: await collect(following, run) };
  const status = run.status === 'in_progress' ? 'in_progress' : 'queued';
  return { kind: 'waiting', known: { phase: 'found', actionsRunId: run.id, url: run.html_url, etag, status } };
}

/** Each stage by the job that speaks for it. What is made of an image that was not built is not asked for. */
async function collect(following: Following, run: ActionsRun): Promise<StageOutcomes> {
  const { input, api } = following;
  const jobs = await api.watch.jobs(run.id);
  const whole = whyNotWhole(run, jobs);
  if (whole !== null) return { [input.stages[0] ?? 'build']: whole };
  const of = <S extends ForkStage>(stage: S, expected: Expected): Promise<StageOutcome<S> | undefined> =>
    collectOne(following, { run, jobs, stage, expected });
  const lint = await of('lint', {});
  const build = await of('build', { isPushed: false });
  if (build?.kind !== 'finished' || build.result.kind !== 'not_pushed') return known({ lint, build });
  const { digest } = build.result;
  const sbom = await of('sbom', { digest });
  if (sbom?.kind !== 'finished') return known({ lint, build, sbom });
  const scan = await of('scan', { digest, sbomSha256: sbom.result.sha256, exceptions: input.exceptions });
  return known({ lint, build, sbom, scan });
}

type Expected = Partial<StageInput['expected']>;

/** Without those that were not asked for. */
function known(outcomes: { [S in ForkStage]?: StageOutcome<S> | undefined }): StageOutcomes {
  return Object.fromEntries(Object.entries(outcomes).filter(([, outcome]) => outcome !== undefined));
}

/** The report's job reads and writes every report: where it has not ended well, an artifact of that name proves nothing. */
function whyNotWhole(run: ActionsRun, jobs: readonly Job[]): StageOutcome | null {
  const report = jobs.find(({ name }) => name === FORK_REPORT_JOB);
  if (report?.conclusion === 'success') return null;
  const message = `The fork check ended ${run.conclusion ?? 'without a conclusion'}, and its job "${FORK_REPORT_JOB}" ${report === undefined ? 'was never there' : `ended ${report.conclusion ?? 'without a conclusion'}`}: there is no report.`;
  const next = 'Open the run; re-run all of its jobs there, then comment `/slsa rerun`.';
  const title = 'The fork check left no report';
  return {
    kind: 'errored',
    run: toStageRun(run),
    problem: { ...problem('stage_crashed', 'nobody_here', message, next), title },
  };
}

interface Collected<S extends ForkStage> {
  readonly run: ActionsRun;
  readonly jobs: readonly Job[];
  readonly stage: S;
  readonly expected: Expected;
}

async function collectOne<S extends ForkStage>(
  { github, facts, api, input }: Following,
  { run, jobs, stage, expected }: Collected<S>,
): Promise<StageOutcome<S> | undefined> {
  if (!input.stages.includes(stage)) return undefined;
  const job = FORK_JOBS[stage];
  const { repository, commit, imageName } = input;
  const conclusion = jobs.find(({ name }) => name === job)?.conclusion ?? null;
  const collecting = {
    github,
    facts,
    reader: api.watch,
    job,
    input: {
      stage,
      repository,
      commit,
      file: FORK_CHECK_FILE,
      timeoutMinutes: FORK_CHECK_MINUTES[job],
      expected: { digest: null, sbomSha256: null, imageName, ...expected },
    },
  };
  // `collectOutcome` reads by the stage that it is given.
  return (await collectOutcome(collecting, { ...run, conclusion })) as StageOutcome<S>;
}
