/**
 * The waiting half of a stage: asks its activity for one step after the other, and sleeps in between on webhooks and
 * timers. It ends with an outcome whatever happens, and holds no worker slot while Actions works.
 */
import { ActivityFailure, ApplicationFailure, isCancellation, log, sleep, uuid4 } from '@temporalio/workflow';
import { afterTries, retryOf } from '../src/domain/fault/retry.ts';
import type { CommitSha, GitRef } from '../src/domain/git.ts';
import { problem, type Problem } from '../src/domain/problem.ts';
import { decision } from '../src/domain/run/decision.ts';
import { stageKey } from '../src/domain/run/workflow-ids.ts';
import type { StageOutcome } from '../src/domain/stage/stage-outcome.ts';
import type { Dispatched, StageInput, StageKnown, StageStep } from '../src/domain/stage/stage-step.ts';
import { STAGE_TABLE, type Stage } from '../src/domain/stage/stage-table.ts';
import { again, once, patiently, sleepUntil, whateverComes } from './activity-calls.ts';
import { epochMilliseconds, isoNow } from './clock.ts';
import type { Run } from './run.ts';

/** What a stage is asked, beside what every stage of the run is asked. */
export interface StageAsk {
  readonly inputs: Readonly<Record<string, string>>;
  readonly expected: StageInput['expected'];
}

/** A stage run beside the run's own: at another ref, or with other inputs. It is nobody's stage, so nothing is shown of it. */
export interface AsideAsk {
  readonly ref: GitRef;
  readonly commit: CommitSha;
  readonly inputs: Readonly<Record<string, string>>;
}

type Place = 'own' | Omit<AsideAsk, 'inputs'>;

/** A dispatch that was lost without trace is sent again twice; then something else is wrong. */
const MAX_DISPATCHES = 3;

/** Between `cancel` and `force-cancel`: Actions gives a step that long to clean up. */
const CANCEL_GRACE_MS = 20_000;

/**
 * A job ends by its own time-out. This is for a run that never says so: the builder's two short jobs, a wait for a runner
 * before each, and the while that Actions needs to tell.
 */
const RUN_LIMIT_MARGIN_MINUTES = 45;

export async function followStage<S extends Stage>(run: Run, stage: S, ask: StageAsk): Promise<StageOutcome<S>> {
  const kept = run.outcomes[stage];
  if (kept !== undefined) return kept;
  const pauses = run.request.timing.retries ?? [];
  for (let attempt = 1; ; attempt += 1) {
    const outcome = (await followOnce(run, stage, ask)) as StageOutcome<S>;
    const retry = retryOf(outcome, attempt, pauses);
    if (retry === null) {
      const told = afterTries(outcome, attempt);
      run.stageEnded(stage, told);
      return told;
    }
    run.stageRetries(stage, retry);
    await sleep(retry.pauseSeconds * 1000);
  }
}

/** The linters once more, for a repair: dispatched once, and tried again by nobody. */
export async function followLintAside(run: Run, { inputs, ...place }: AsideAsk): Promise<StageOutcome<'lint'>> {
  const expected = { digest: null, sbomSha256: null, imageName: run.plan.image.name };
  return (await followOnce(run, 'lint', { inputs, expected }, place)) as StageOutcome<'lint'>;
}

/** One dispatch to its end; where the run is stopped meanwhile, nothing of it goes on in Actions. */
async function followOnce(run: Run, stage: Stage, ask: StageAsk, place: Place = 'own'): Promise<StageOutcome> {
  const following = new Following(run, stage, ask, place);
  try {
    return await following.toTheEnd();
  } catch (error) {
    if (isCancellation(error)) await whateverComes(() => following.letGo());
    throw error;
  }
}

class Following {
  private readonly run: Run;
  private readonly stage: Stage;
  private readonly place: Place;
  private readonly input: StageInput;
  private known: StageKnown = { phase: 'new', nonce: newNonce() };
  private dispatches = 0;
  /** Before the last dispatch: a search from then on finds its run, however long we were away. */
  private sentAt = isoNow();
  private searches = 0;
  private looks = 0;
  /** Counted from the first certain word that the run is there, so that our own downtime is not held against a runner. */
  private queuedSince: number | null = null;
  private runningSince: number | null = null;

  constructor(run: Run, stage: Stage, ask: StageAsk, place: Place) {
    const { repository, sha } = run.request;
    const { ref, commit } = place === 'own' ? { ref: run.request.ref, commit: sha } : place;
    const key = stageKey(run.workflowId, stage);
    const { file, timeoutMinutes } = run.plan.stageFiles[stage];
    this.run = run;
    this.stage = stage;
    this.place = place;
    // A pull request's branch is its author's to move between two stages; such a run is superseded by any new commit anyway.
    const bindsCommit =
      STAGE_TABLE[stage].bindsCommit || run.request.triggers.some(({ kind }) => kind === 'pull_request');
    this.input = {
      stage,
      repository,
      commit,
      ref,
      file,
      timeoutMinutes,
      bindsCommit,
      key,
      group: newNonce(),
      inputs: ask.inputs,
      expected: ask.expected,
    };
  }

  async toTheEnd(): Promise<StageOutcome> {
    for (;;) {
      const step = await this.takeStep();
      this.known = step.known;
      if (step.kind === 'finished') return step.outcome;
      if (step.kind === 'rate_limited') await this.sitOut(step);
      else {
        const end = step.kind === 'unknown' ? await this.waitToSearch() : await this.waitToLook(step.known);
        if (end !== null) return { kind: 'errored', run: null, problem: end };
      }
    }
  }

  private moved(state: 'queued' | 'running', url: string | null): void {
    if (this.place === 'own') this.run.stageMoved(this.stage, state, url);
  }

  /** A dispatch that a limit refused was not sent. */
  private async sitOut({ known, untilEpochSeconds }: Extract<StageStep, { kind: 'rate_limited' }>): Promise<void> {
    if (known.phase === 'new') this.dispatches -= 1;
    await sleepUntil(untilEpochSeconds);
  }

  private async takeStep(): Promise<StageStep> {
    const { activity } = STAGE_TABLE[this.stage];
    const { known } = this;
    try {
      if (known.phase !== 'new') return await again[activity](this.input, known);
      this.dispatches += 1;
      this.sentAt = isoNow();
      this.moved('queued', null);
      return await once[activity](this.input, known);
    } catch (error) {
      if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
      return this.afterFailure(error, known);
    }
  }

  /** A dispatch that ended unclearly is only searched for; everything else that failed has been retried long enough. */
  private afterFailure(error: ActivityFailure, known: StageKnown): StageStep {
    const { cause } = error;
    const isRefused = cause instanceof ApplicationFailure && cause.nonRetryable === true;
    if (known.phase === 'new' && !isRefused) {
      return { kind: 'unknown', known: { phase: 'unknown', nonce: known.nonce, sentAt: this.sentAt } };
    }
    const message = `${STAGE_TABLE[this.stage].title}: ${cause?.message ?? 'GitHub did not answer'}`;
    const found = problem(
      isRefused ? 'github_refused' : 'github_unavailable',
      'nobody_here',
      message,
      'Comment `/slsa rerun failed`.',
    );
    return { kind: 'finished', outcome: { kind: 'errored', run: null, problem: found }, known };
  }

  private async waitToSearch(): Promise<Problem | null> {
    const pause = this.run.request.timing.searches[this.searches];
    this.searches += 1;
    if (pause !== undefined) {
      await sleep(pause * 1000);
      return null;
    }
    if (this.dispatches >= MAX_DISPATCHES) {
      const message = `${STAGE_TABLE[this.stage].title}: ${this.dispatches} dispatches were sent and none of them started a run.`;
      return problem('never_started', 'nobody_here', message, 'Comment `/slsa rerun failed`.');
    }
    // The stage file's concurrency group lets the newest dispatch win, should the lost one turn up after all.
    this.run.decide(
      decision(
        'dispatched_again',
        `${STAGE_TABLE[this.stage].title} was dispatched again: no run of the first dispatch was found.`,
      ),
    );
    this.known = { phase: 'new', nonce: newNonce() };
    this.searches = 0;
    return null;
  }

  private async waitToLook(known: Dispatched): Promise<Problem | null> {
    this.moved(known.status === 'in_progress' ? 'running' : 'queued', known.url);
    this.queuedSince ??= epochMilliseconds();
    if (known.status === 'in_progress') this.runningSince ??= epochMilliseconds();
    const late = this.deadlinePassed();
    if (late !== null) {
      await this.letGo();
      return late;
    }
    const { firstLook, lookGrowth, maxLook } = this.run.request.timing;
    const pause = Math.min(firstLook * lookGrowth ** this.looks, maxLook);
    this.looks += 1;
    await this.run.waitForNewsOrLook(this.stage, known.actionsRunId, pause * 1000);
    return null;
  }

  private deadlinePassed(): Problem | null {
    const { title } = STAGE_TABLE[this.stage];
    const { queueLimit } = this.run.request.timing;
    const limitMinutes = this.run.plan.stageFiles[this.stage].timeoutMinutes + RUN_LIMIT_MARGIN_MINUTES;
    const now = epochMilliseconds();
    if (this.runningSince === null && now - (this.queuedSince ?? now) > queueLimit * 1000) {
      const message = `${title}: no runner took the stage within ${Math.round(queueLimit / 60)} minutes.`;
      return problem(
        'queued_too_long',
        'nobody_here',
        message,
        'Look at the runners of this repository, then comment `/slsa rerun failed`.',
      );
    }
    if (this.runningSince !== null && now - this.runningSince > limitMinutes * 60_000) {
      const message = `${title}: its run had not ended after ${limitMinutes} minutes.`;
      const next = `Open its log; if it needs that long, raise \`stages.${this.stage}.timeout_minutes\`.`;
      return problem('ran_too_long', 'person', message, next);
    }
    return null;
  }

  /** Nothing of a run that ended goes on in Actions: cancel, then, where that is not heeded, force-cancel. */
  async letGo(): Promise<void> {
    const found = await this.findLost();
    if (found === null) return;
    const { repository } = this.run.request;
    const { actionsRunId } = found;
    try {
      await patiently(() => again.cancelStage({ repository, actionsRunId, how: 'cancel' }));
      if (await this.run.waitForNews(this.stage, actionsRunId, CANCEL_GRACE_MS)) return;
      const look = await again[STAGE_TABLE[this.stage].activity](this.input, found);
      if (look.kind === 'waiting')
        await patiently(() => again.cancelStage({ repository, actionsRunId, how: 'force-cancel' }));
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      log.warn('A stage run could not be cancelled', { stage: this.stage, actionsRunId });
    }
  }

  /** A dispatch whose answer was never seen may run all the same. */
  private async findLost(): Promise<Dispatched | null> {
    if (this.known.phase === 'dispatched') return this.known;
    if (this.known.phase === 'new' && this.dispatches === 0) return null;
    const lost: StageKnown = { phase: 'unknown', nonce: this.known.nonce, sentAt: this.sentAt };
    try {
      const step = await again[STAGE_TABLE[this.stage].activity](this.input, lost);
      return step.kind === 'waiting' ? step.known : null;
    } catch {
      return null;
    }
  }
}

/** 128 bits, of which a UUID leaves six fixed. Temporal's `uuid4` is seeded by the server, and so replays. */
const newNonce = (): string => uuid4().replaceAll('-', '');
