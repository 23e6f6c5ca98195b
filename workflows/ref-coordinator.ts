/**
 * Owns a ref: which of its commits runs, and never two at once. Intents are hints: each batch of them leads to one look at
 * GitHub and one move (src/domain/run/coordination.ts). Without work it ends, and needs no memory to start again.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  type SignalDefinition,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdReusePolicy,
} from '@temporalio/common';
import {
  condition,
  continueAsNew,
  defineSignal,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  ParentClosePolicy,
  setHandler,
  sleep,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { shortRef, shortSha } from '../src/domain/git.ts';
import { checkName, checkReport } from '../src/domain/report/check-report.ts';
import { fullName } from '../src/domain/repository.ts';
import {
  addIntent,
  isAskedByHand,
  mayHaveSibling,
  mustOverlapBuild,
  nextMove,
  sinceUnfinished,
  type ActiveRun,
  type PastRun,
  type RefIntent,
  type RefLook,
  wasSupersededInLint,
} from '../src/domain/run/coordination.ts';
import { mergeTriggers } from '../src/domain/run/trigger.ts';
import { SIGNALS, type ForkNews, type StageNews, type StopAsked } from '../src/domain/run/messages.ts';
import { asksForMore } from '../src/domain/run/plan.ts';
import { emptyDocument, type RunDocument, type RunResult } from '../src/domain/run/run-document.ts';
import type { RunRequest } from '../src/domain/run/run-request.ts';
import { verdict } from '../src/domain/run/verdict.ts';
import { runId } from '../src/domain/run/workflow-ids.ts';
import { again, brief, patiently } from './activity-calls.ts';
import { isoNow } from './clock.ts';
import { slsaBuildPipeline } from './slsa-build-pipeline.ts';

/** Beyond the quarter of an hour that each call is tried for by itself. */
const RETRY_AFTER_MS = 60_000;

/** Attempts whose checks were never made are counted over; nobody re-runs a commit so often. */
const MAX_ATTEMPTS = 50;

const LOOKS_AFTER_MS = [2000, 5000, 10_000];

const supersede = defineSignal<[StopAsked]>(SIGNALS.supersede);
const stageCompleted = defineSignal<[StageNews]>(SIGNALS.stageCompleted);
const cancel = defineSignal<[StopAsked]>(SIGNALS.cancel);

/** What a coordinator hands to its own next execution, when its history has grown long. */
interface Carried {
  readonly inbox: readonly RefIntent[];
  readonly waiting: Waiting | null;
}

export async function refCoordinator(carried: Carried = { inbox: [], waiting: null }): Promise<void> {
  const coordinator = new Coordinator(carried);
  await coordinator.untilIdle();
}

/** A run that waits for its turn. */
interface Waiting {
  readonly request: RunRequest;
  /** Started only where it asks for more than this run did. */
  readonly isOnlyIfMore: PastRun | null;
}

class Coordinator {
  private inbox: readonly RefIntent[];
  private waiting: Waiting | null;
  private active: ActiveRun | null = null;
  /** Runs in a row that never came further than LINT. */
  private supersededInLint = 0;

  constructor({ inbox, waiting }: Carried) {
    this.inbox = inbox;
    this.waiting = waiting;
    setHandler(defineSignal<[RefIntent]>(SIGNALS.intent), (intent) => {
      this.inbox = addIntent(this.inbox, intent);
    });
    setHandler(defineSignal<[ForkNews]>(SIGNALS.forkNews), async ({ sha, ...news }) => {
      const { active } = this;
      if (active?.sha === sha) await signalRun(active, stageCompleted, { stage: 'lint', ...news });
    });
  }

  async untilIdle(): Promise<void> {
    for (;;) {
      await condition(() => this.inbox.length > 0 || this.active === null);
      if (this.active === null && workflowInfo().continueAsNewSuggested) {
        await continueAsNew<typeof refCoordinator>({ inbox: this.inbox, waiting: this.waiting });
      }
      const intent = await this.takeIntent();
      if (intent === null && this.waiting === null) return;
      await this.tolerantly(intent, () => (intent === null ? this.startWaiting() : this.move(intent)));
    }
  }

  /** A coordinator that failed would forget its inbox: what GitHub did not answer is asked again, what it refused is dropped. */
  private async tolerantly(intent: RefIntent | null, work: () => Promise<void>): Promise<void> {
    const { waiting } = this;
    try {
      await work();
    } catch (error) {
      if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
      const isRefused = error.cause instanceof ApplicationFailure && error.cause.nonRetryable === true;
      log.warn('GitHub did not answer a coordinator', { isRefused, reason: error.cause?.message ?? error.message });
      if (isRefused) return;
      this.waiting ??= waiting;
      if (intent !== null) this.inbox = [intent, ...this.inbox];
      await sleep(RETRY_AFTER_MS);
    }
  }

  private async takeIntent(): Promise<RefIntent | null> {
    const [first] = this.inbox;
    if (first === undefined) return null;
    const hasCompany = (): boolean => this.inbox[0] === undefined || !mayHaveSibling(this.inbox[0]);
    await condition(hasCompany, first.timing.siblingWait * 1000);
    const [intent = first, ...rest] = this.inbox;
    this.inbox = rest;
    return intent;
  }

  private async move(intent: RefIntent): Promise<void> {
    const look = await this.lookAt(intent);
    if (look === null) return this.refIsGone();
    const move = nextMove({ active: this.active, look, intent: alsoFor(intent, this.waiting, look) });
    if (move.kind === 'nothing') return;
    if (move.kind === 'supersede') return this.supersedeBy(intent, look);
    const isOnlyIfMore = move.kind === 'start_if_more' ? move.than : null;
    await this.letWait({ request: move.request, isOnlyIfMore }, look.tip);
    if (this.active === null) await this.startWaiting();
  }

  /** A ref that was just pushed may be unreadable for a moment: it is gone only where it stays so, or was said to be. */
  private async lookAt({ repository, ref, triggers }: RefIntent): Promise<RefLook | null> {
    const pauses = triggers.length === 0 ? [] : LOOKS_AFTER_MS;
    for (const pause of [0, ...pauses]) {
      if (pause > 0) await sleep(pause);
      const look = await patiently(() => again.resolveRef({ repository, ref }));
      if (look !== null) return look;
    }
    return null;
  }

  /** The branch was deleted, or the pull request closed: what still runs for it is for nothing. */
  private async refIsGone(): Promise<void> {
    const { active } = this;
    await this.letWait(null, null);
    if (active !== null) await signalRun(active, cancel, { by: 'the end of its branch' });
  }

  /** The newest commit waits; the active run decides itself whether it can still stop. */
  private async supersedeBy(intent: RefIntent, look: RefLook): Promise<void> {
    const { active, waiting } = this;
    if (active === null) return;
    if (waiting?.request.sha === look.tip) {
      const triggers = mergeTriggers(waiting.request.triggers, intent.triggers);
      this.waiting = { ...waiting, request: { ...waiting.request, triggers } };
      return;
    }
    const since = sinceUnfinished(intent, (waiting?.request ?? active).triggers);
    const move = nextMove({ active: null, look, intent: since });
    await this.letWait(move.kind === 'start' ? { request: move.request, isOnlyIfMore: null } : null, look.tip);
    await signalRun(active, supersede, { by: look.tip });
    await condition(() => this.active !== active || this.inbox.length > 0, intent.timing.announceAfter * 1000);
    if (this.active === active) await this.announce(active);
  }

  /** One commit waits at a time; the one whose place is taken gets its last word. */
  private async letWait(next: Waiting | null, by: RunRequest['sha'] | null): Promise<void> {
    const { waiting: replaced } = this;
    this.waiting = next;
    if (replaced !== null && replaced.request.sha !== by) await this.reportSkipped(replaced, by);
  }

  private async startWaiting(): Promise<void> {
    const { waiting } = this;
    this.waiting = null;
    if (waiting === null || (await this.asksForNothingMore(waiting))) return;
    await this.start(waiting.request);
  }

  private async asksForNothingMore({ request, isOnlyIfMore }: Waiting): Promise<boolean> {
    if (isOnlyIfMore === null) return false;
    const previous = await again.readPreviousRun(isOnlyIfMore.workflowId);
    // Under another name it is another check, which somebody waits for; what was done is kept, so it costs little.
    const isNamedAlike =
      previous !== null &&
      checkName({ request }) === checkName({ request: { ...request, triggers: previous.triggers } });
    if (previous === null || !isNamedAlike) return false;
    const { planning } = await patiently(() => again.loadSettings(request));
    if (planning.kind !== 'planned') return planning.kind === 'not_wanted' && previous.plan === null;
    return previous.plan !== null && !asksForMore(planning.plan, previous.plan);
  }

  private async start(wanted: RunRequest): Promise<void> {
    const request = { ...wanted, overlapsBuild: mustOverlapBuild(this.supersededInLint) };
    const { repository, ref, sha, attempt } = request;
    const workflowId = runId({ repositoryId: repository.id, ref, sha, attempt });
    try {
      const child = await startChild(slsaBuildPipeline, {
        workflowId,
        args: [request],
        parentClosePolicy: ParentClosePolicy.ABANDON,
        workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
        memo: { repository: fullName(repository), ref, sha },
        staticSummary: `${fullName(repository)} ${shortRef(ref)} ${shortSha(sha)}, attempt ${attempt}`,
      });
      const active: ActiveRun = { workflowId, attempt, sha, triggers: request.triggers, wasSuperseded: false };
      this.active = active;
      const ended = (result: RunResult | null): void => {
        if (this.active === active) this.active = null;
        this.supersededInLint = result !== null && wasSupersededInLint(result) ? this.supersededInLint + 1 : 0;
      };
      // Terminated or failed: it has ended all the same.
      child.result().then(ended, () => ended(null));
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      // An earlier coordinator has started this very attempt: that one serves, unless another was asked for by hand.
      if (isAskedByHand(request) && attempt < MAX_ATTEMPTS) await this.start({ ...wanted, attempt: attempt + 1 });
    }
  }

  private async announce(active: ActiveRun): Promise<void> {
    const { waiting } = this;
    if (waiting === null) return;
    const title = `Waits for the run of ${shortSha(active.sha)}, which is building`;
    const checkRunId = await this.report(waiting.request, { phase: 'waiting', verdict: null }, title);
    if (this.waiting === waiting) this.waiting = { ...waiting, request: { ...waiting.request, checkRunId } };
  }

  /** A commit that never got its turn still gets its word. */
  private async reportSkipped({ request }: Waiting, by: RunRequest['sha'] | null): Promise<void> {
    const found =
      by === null
        ? verdict('cancelled', 'Its branch is gone', '')
        : verdict(
            'superseded',
            `Superseded by ${shortSha(by)} while it waited`,
            'Look at the run of the newer commit.',
          );
    await this.report(request, { phase: 'ended', verdict: found }, found.title);
  }

  private async report(
    request: RunRequest,
    how: Pick<RunDocument, 'phase' | 'verdict'>,
    title: string,
  ): Promise<number | null> {
    const { repository, sha, ref, attempt, checkRunId } = request;
    const workflowId = runId({ repositoryId: repository.id, ref, sha, attempt });
    const times = { workflowId, lookedAt: isoNow(), startedAt: workflowInfo().startTime.toISOString() };
    const report = { ...checkReport({ ...emptyDocument(request, times), ...how }), title };
    return patiently(() =>
      brief.reportProgress({ repository, sha, workflowId, checkRunId, mayExist: checkRunId === null, report }),
    );
  }
}

/** What already waits for the same commit is asked for too: an approval that came a moment ago, say. */
function alsoFor(intent: RefIntent, waiting: Waiting | null, { tip }: RefLook): RefIntent {
  if (waiting?.request.sha !== tip || intent.triggers.length === 0) return intent;
  return { ...intent, triggers: mergeTriggers(waiting.request.triggers, intent.triggers) };
}

/** The run may have ended a moment ago: then there is nobody to tell, which is fine. */
async function signalRun<T>(active: ActiveRun, signal: SignalDefinition<[T]>, told: T): Promise<void> {
  try {
    await getExternalWorkflowHandle(active.workflowId).signal(signal, told);
  } catch {
    // Not found: ended.
  }
}
