/**
 * Owns a ref: which of its commits runs, and never two at once. Intents are hints: each batch of them leads to one look at
 * GitHub and one move (src/domain/run/coordination.ts). Without work it ends, and needs no memory to start again.
 */
import { WorkflowExecutionAlreadyStartedError, WorkflowIdReusePolicy } from '@temporalio/common';
import {
  condition,
  continueAsNew,
  defineSignal,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  setHandler,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { shortRef, shortSha } from '../src/domain/git.ts';
import { checkReport } from '../src/domain/report/check-report.ts';
import { fullName } from '../src/domain/repository.ts';
import {
  addIntent,
  mayHaveSibling,
  mustOverlapBuild,
  nextMove,
  type ActiveRun,
  type PastRun,
  type RefIntent,
  type RefLook,
  wasSupersededInLint,
} from '../src/domain/run/coordination.ts';
import { SIGNALS, type StopAsked } from '../src/domain/run/messages.ts';
import { asksForMore } from '../src/domain/run/plan.ts';
import type { RunDocument, RunResult } from '../src/domain/run/run-document.ts';
import type { RunRequest } from '../src/domain/run/run-request.ts';
import { verdict } from '../src/domain/run/verdict.ts';
import { runId } from '../src/domain/run/workflow-ids.ts';
import { again, brief, patiently } from './activity-calls.ts';
import { isoNow } from './clock.ts';
import { slsaBuildPipeline } from './slsa-build-pipeline.ts';

const supersede = defineSignal<[StopAsked]>(SIGNALS.supersede);
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
  }

  async untilIdle(): Promise<void> {
    for (;;) {
      await condition(() => this.inbox.length > 0 || this.active === null);
      if (this.active === null && workflowInfo().continueAsNewSuggested) {
        await continueAsNew<typeof refCoordinator>({ inbox: this.inbox, waiting: this.waiting });
      }
      const intent = await this.takeIntent();
      if (intent !== null) await this.move(intent);
      else if (this.waiting !== null) await this.startWaiting();
      else return;
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
    const look = await patiently(() => again.resolveRef({ repository: intent.repository, ref: intent.ref }));
    if (look === null) return this.refIsGone();
    const move = nextMove({ active: this.active, look, intent });
    if (move.kind === 'nothing') return;
    if (move.kind === 'supersede') return this.supersedeBy(intent, look);
    const waiting = { request: move.request, isOnlyIfMore: move.kind === 'start_if_more' ? move.than : null };
    if (this.active === null) {
      this.waiting = waiting;
      await this.startWaiting();
    } else this.waiting = waiting;
  }

  /** The branch was deleted, or the pull request closed: what still runs for it is for nothing. */
  private async refIsGone(): Promise<void> {
    this.waiting = null;
    if (this.active !== null) await signalRun(this.active, cancel, { by: 'the end of its branch' });
  }

  /** The newest commit waits; the active run decides itself whether it can still stop. */
  private async supersedeBy(intent: RefIntent, look: RefLook): Promise<void> {
    const { active, waiting: replaced } = this;
    if (active === null || replaced?.request.sha === look.tip) return;
    const move = nextMove({ active: null, look, intent });
    this.waiting = move.kind === 'start' ? { request: move.request, isOnlyIfMore: null } : null;
    if (replaced !== null) await this.reportSkipped(replaced, look.tip);
    await signalRun(active, supersede, { by: look.tip });
    await condition(() => this.active !== active || this.inbox.length > 0, intent.timing.announceAfter * 1000);
    if (this.active === active) await this.announce(active);
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
    if (previous === null) return true;
    const { planning } = await patiently(() => again.loadSettings(request));
    if (planning.kind !== 'planned') return previous.plan !== null || planning.kind !== 'mistakes';
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
      const active: ActiveRun = { workflowId, attempt, sha, triggers: request.triggers };
      this.active = active;
      const ended = (result: RunResult | null): void => {
        if (this.active === active) this.active = null;
        this.supersededInLint = result !== null && wasSupersededInLint(result) ? this.supersededInLint + 1 : 0;
      };
      // Terminated or failed: it has ended all the same.
      child.result().then(ended, () => ended(null));
    } catch (error) {
      // Some earlier coordinator has started this very attempt: that one serves.
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
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
  private async reportSkipped({ request }: Waiting, by: RunRequest['sha']): Promise<void> {
    const found = verdict(
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
    const report = { ...checkReport({ ...emptyDocument(request, workflowId), ...how }), title };
    return patiently(() => brief.reportProgress({ repository, sha, workflowId, checkRunId, report }));
  }
}

const emptyDocument = (request: RunRequest, workflowId: string): RunDocument => ({
  request,
  workflowId,
  phase: 'waiting',
  plan: null,
  stages: [],
  outcomes: {},
  decisions: [],
  verdict: null,
  mistakes: [],
  problem: null,
  lookedAt: isoNow(),
  startedAt: workflowInfo().startTime.toISOString(),
});

/** The run may have ended a moment ago: then there is nobody to tell, which is fine. */
async function signalRun(active: ActiveRun, signal: typeof supersede, asked: StopAsked): Promise<void> {
  try {
    await getExternalWorkflowHandle(active.workflowId).signal(signal, asked);
  } catch {
    // Not found: ended.
  }
}
