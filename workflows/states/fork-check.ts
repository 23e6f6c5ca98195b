/**
 * FORK_CHECK, in the place of all stages: code that nobody here vouches for is checked by a workflow of its own, which this
 * run only follows. Webhooks of that workflow come by the ref's coordinator; timers look where one is lost.
 */
import { ActivityFailure, isCancellation, log } from '@temporalio/workflow';
import {
  FORK_CHECK_LIMIT_MINUTES,
  FORK_STAGES,
  type ForkInput,
  type ForkKnown,
  type ForkStep,
} from '../../src/domain/fork/fork-check.ts';
import { problem, type Problem } from '../../src/domain/problem.ts';
import { verdict } from '../../src/domain/run/verdict.ts';
import type { StageOutcomes } from '../../src/domain/stage/stage-outcome.ts';
import { STAGES } from '../../src/domain/stage/stage-table.ts';
import { again, patiently, sleepUntil, whateverComes } from '../activity-calls.ts';
import { epochMilliseconds } from '../clock.ts';
import { locateFindings } from '../locate-findings.ts';
import type { Run } from '../run.ts';

export async function forkCheck(run: Run): Promise<void> {
  const following = new Following(run);
  try {
    conclude(run, await following.toTheEnd());
    await locateFindings(run);
  } catch (error) {
    if (isCancellation(error)) await whateverComes(() => following.letGo());
    throw error;
  }
}

type End = Exclude<ForkStep, { kind: 'waiting' | 'rate_limited' }>;

function conclude(run: Run, end: End): void {
  switch (end.kind) {
    case 'finished':
      return keep(run, end.outcomes);
    case 'refused': {
      const { title = end.problem.message, next } = end.problem;
      return run.conclude(verdict(VERDICT_OF_BLAME[end.problem.blame], title, next), { problem: end.problem });
    }
    case 'held':
      return run.conclude(
        verdict('action_required', 'GitHub holds the check of this newcomer back', howToRelease(run)),
      );
  }
}

const VERDICT_OF_BLAME = { repository: 'failure', person: 'action_required', nobody_here: 'no_result' } as const;

const howToRelease = ({ request }: Run): string =>
  `Somebody with write access reads the change, then comments \`/slsa approve ${request.sha.slice(0, 12)}\`: the check is let go, and counts for that very commit.`;

function keep(run: Run, outcomes: StageOutcomes): void {
  for (const stage of STAGES) {
    const outcome = outcomes[stage];
    if (outcome !== undefined) run.stageEnded(stage, outcome);
  }
}

/** Actions makes a run of a pull request within seconds; where it has none after this long, it will make none. */
const SEARCH_LIMIT_MS = 5 * 60_000;
const SEARCHES = { firstLook: 1, lookGrowth: 1.5, maxLook: 30 };

class Following {
  private readonly run: Run;
  private readonly input: ForkInput;
  private known: ForkKnown = { phase: 'new' };
  private looks = 0;
  private searchingSince: number | null = null;
  private queuedSince: number | null = null;
  private runningSince: number | null = null;

  constructor(run: Run) {
    const { plan, request } = run;
    if (plan.forkCheck === undefined) throw new Error('The graph enters this state only for a fork check');
    const { pullRequest, baseRef } = plan.forkCheck;
    this.run = run;
    this.input = {
      repository: request.repository,
      commit: request.sha,
      pullRequest,
      baseRef,
      stages: FORK_STAGES.filter((stage) => plan.stages.includes(stage)),
      imageName: plan.image.name,
      exceptions: plan.exceptions ?? [],
      isApproved: plan.forkCheck.approvedBy !== null,
    };
  }

  async toTheEnd(): Promise<End> {
    for (;;) {
      const step = await this.takeStep();
      if (step.kind === 'rate_limited') {
        this.known = step.known;
        await sleepUntil(step.untilEpochSeconds);
      } else if (step.kind === 'waiting') {
        const late = await this.wait(step.known);
        if (late !== null) return { kind: 'refused', problem: late };
      } else return step;
    }
  }

  private async takeStep(): Promise<ForkStep> {
    try {
      return await again.followForkCheck(this.input, this.known);
    } catch (error) {
      if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
      const message = `The fork check could not be followed: ${error.cause?.message ?? 'GitHub did not answer'}`;
      return { kind: 'refused', problem: problem('github_unavailable', 'nobody_here', message, RERUN) };
    }
  }

  private async wait(known: Exclude<ForkKnown, { phase: 'new' }>): Promise<Problem | null> {
    const isAnother = known.phase !== this.known.phase;
    this.known = known;
    this.show(known);
    const late = this.whyTooLate(known);
    if (late !== null) return late;
    // Of a run that is held, the event bears a title that tells nobody whose it is.
    const { firstLook, lookGrowth, maxLook } = known.phase === 'searching' ? SEARCHES : this.run.request.timing;
    this.looks = isAnother ? 0 : this.looks + 1;
    await this.run.waitForForkNews(Math.min(firstLook * lookGrowth ** this.looks, maxLook) * 1000);
    return null;
  }

  /** One run does the work of all its stages. */
  private show(known: Exclude<ForkKnown, { phase: 'new' }>): void {
    if (known.phase !== 'found') return;
    const state = known.status === 'in_progress' ? 'running' : 'queued';
    for (const stage of this.input.stages) this.run.stageMoved(stage, state, known.url);
  }

  private whyTooLate(known: Exclude<ForkKnown, { phase: 'new' }>): Problem | null {
    const now = epochMilliseconds();
    if (known.phase === 'searching') {
      this.searchingSince ??= now;
      return now - this.searchingSince > SEARCH_LIMIT_MS ? NEVER_STARTED : null;
    }
    this.queuedSince ??= now;
    if (known.status === 'in_progress') this.runningSince ??= now;
    const { queueLimit } = this.run.request.timing;
    if (this.runningSince === null)
      return now - this.queuedSince > queueLimit * 1000 ? queuedTooLong(queueLimit) : null;
    return now - this.runningSince > LIMIT_MS ? RAN_TOO_LONG : null;
  }

  /** A newer commit cancels it by itself; for a person's word this does. */
  async letGo(): Promise<void> {
    if (this.known.phase !== 'found') return;
    const { repository } = this.run.request;
    const { actionsRunId } = this.known;
    try {
      await patiently(() => again.cancelStage({ repository, actionsRunId, how: 'cancel' }));
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      log.warn('A fork check could not be cancelled', { actionsRunId });
    }
  }
}

const RERUN = 'Comment `/slsa rerun`.';

/** As for a stage: its jobs have time-outs of their own, and each may wait for a runner. */
const LIMIT_MS = (FORK_CHECK_LIMIT_MINUTES + 45) * 60_000;

const NEVER_STARTED: Problem = {
  ...problem(
    'never_started',
    'person',
    'Actions has started no check of this commit: it starts none where the pull request has conflicts with its base or was given another base, where Actions is off, or where the repository lets no fork run workflows.',
    'Resolve the conflicts; or close the pull request and open it again; or look at Settings → Actions → General. Then comment `/slsa rerun`.',
  ),
  title: 'Actions has started no check of this commit',
};

const queuedTooLong = (seconds: number): Problem =>
  problem(
    'queued_too_long',
    'nobody_here',
    `No runner took the fork check within ${Math.round(seconds / 60)} minutes.`,
    'Look at the runners of this repository, then comment `/slsa rerun`.',
  );

const RAN_TOO_LONG: Problem = problem(
  'ran_too_long',
  'person',
  'The fork check had not ended in all the time that its jobs may take.',
  'Open its run; cancel it there, then comment `/slsa rerun`.',
);
