/** A run's state: what it has learnt so far, what it was told meanwhile, and how it lets others see it. */
import { condition, defineQuery, defineSignal, setHandler, workflowInfo } from '@temporalio/workflow';
import {
  buildGraph,
  INITIAL_GRAPH,
  nextState,
  type Graph,
  type State,
  type WorkingState,
} from '../src/domain/graph/graph.ts';
import type { RunEvidence } from '../src/domain/evidence/run-evidence.ts';
import type { TrackedIssue } from '../src/domain/issue/tracked-issue.ts';
import type { Problem } from '../src/domain/problem.ts';
import type { Applied } from '../src/domain/run/apply-outcome.ts';
import type { Retry } from '../src/domain/fault/retry.ts';
import type { RepairOutcome } from '../src/domain/repair/repair-outcome.ts';
import { decision, type Decision } from '../src/domain/run/decision.ts';
import { QUERIES, SIGNALS, type StageNews, type StopAsked } from '../src/domain/run/messages.ts';
import type { Plan } from '../src/domain/run/plan.ts';
import { progressLine, type RunDocument, type RunResult, type StageProgress } from '../src/domain/run/run-document.ts';
import type { RunRequest } from '../src/domain/run/run-request.ts';
import { VERDICT_TABLE, verdict as makeVerdict, type Verdict } from '../src/domain/run/verdict.ts';
import type { PlacedFinding } from '../src/domain/scan/scan-result.ts';
import type { SettingsMistake } from '../src/domain/settings/read-settings.ts';
import type { StageOutcome, StageOutcomes } from '../src/domain/stage/stage-outcome.ts';
import { STAGE_TABLE, type Stage } from '../src/domain/stage/stage-table.ts';
import { isoNow } from './clock.ts';

export interface StopRequest {
  readonly kind: 'superseded' | 'cancelled';
  readonly by: string;
}

interface ConclusionDetails {
  readonly mistakes?: readonly SettingsMistake[];
  readonly mistakesAreHere?: boolean;
  readonly problem?: Problem;
  /** Where that is not as the verdict's row says. */
  readonly end?: 'DONE';
}

/** More than this is a flood; the timers look anyway. */
const MAX_NEWS = 100;

export class Run {
  readonly request: RunRequest;
  readonly workflowId: string;
  graph: Graph = INITIAL_GRAPH;
  readonly visited: WorkingState[] = [];
  verdict: Verdict | null = null;
  /** Set where a person or a newer commit ends the run early. */
  stopRequest: StopRequest | null = null;
  hasDispatchedBuild = false;
  evidence: RunEvidence | null = null;
  /** Known after INIT: whether the server takes our search attributes. */
  isSearchable = false;
  private currentPlan: Plan | null = null;
  private readonly startedAt: string;
  private readonly decisions: Decision[] = [];
  private readonly issues: TrackedIssue[] = [];
  private readonly progress = new Map<Stage, StageProgress>();
  private readonly stageOutcomes: { [S in Stage]?: StageOutcome<S> } = {};
  private mistakes: readonly SettingsMistake[] = [];
  private mistakesAreHere = false;
  private problem: Problem | null = null;
  private places: readonly PlacedFinding[] = [];
  private repair: RepairOutcome | null = null;
  private readonly news: StageNews[] = [];
  private changes = 0;
  private looksAsked = 0;

  constructor(request: RunRequest) {
    this.request = request;
    this.workflowId = workflowInfo().workflowId;
    this.startedAt = isoNow();
    setHandler(defineQuery<string>(QUERIES.getProgress), () => progressLine(this.document()));
    setHandler(defineQuery<RunDocument>(QUERIES.getRun), () => this.document());
    setHandler(defineSignal<[StageNews]>(SIGNALS.stageCompleted), (item) => {
      const isKnown = this.news.some(
        (each) => each.actionsRunId === item.actionsRunId && each.attempt === item.attempt,
      );
      if (!isKnown && this.news.length < MAX_NEWS) this.news.push(item);
    });
    setHandler(defineSignal(SIGNALS.look), () => {
      this.looksAsked += 1;
    });
    setHandler(defineSignal<[StopAsked]>(SIGNALS.cancel), ({ by }) => {
      this.askToStop({ kind: 'cancelled', by });
    });
  }

  /** A newer commit may end this run or not: the caller knows the rule. */
  onSupersede(decide: (asked: StopAsked) => void): void {
    setHandler(defineSignal<[StopAsked]>(SIGNALS.supersede), decide);
  }

  /** A run that has its verdict is only reporting it: nothing may change that any more. */
  askToStop(asked: StopRequest): void {
    if (this.verdict === null) this.stopRequest ??= asked;
  }

  get plan(): Plan {
    if (this.currentPlan === null) throw new Error('The plan is made in INIT, before anything that needs it');
    return this.currentPlan;
  }

  /** Nothing of it is dispatched. */
  get hasForkCheck(): boolean {
    return this.currentPlan?.forkCheck !== undefined;
  }

  get outcomes(): StageOutcomes {
    return this.stageOutcomes;
  }

  /** Lint errors of this run are, or would have been, repaired. */
  get repairsHere(): boolean {
    return this.currentPlan?.autoFixLint === true;
  }

  get hasRepair(): boolean {
    return this.repair !== null && this.repair.kind !== 'nothing_proposed';
  }

  /** What the states so far have brought: what the graph's next shape follows from. */
  get known(): Pick<RunDocument, 'outcomes' | 'evidence'> & { readonly repair: RepairOutcome | null } {
    return { outcomes: this.stageOutcomes, evidence: this.evidence, repair: this.repair };
  }

  next(): State {
    return nextState(this.graph, new Set(this.visited));
  }

  completed(state: WorkingState): void {
    this.visited.push(state);
    this.changed();
  }

  startPlan(plan: Plan): void {
    this.currentPlan = plan;
    this.graph = buildGraph(plan);
    for (const stage of plan.stages) this.progress.set(stage, { stage, state: 'waiting', url: null, since: null });
    this.changed();
  }

  apply({ graph, decisions }: Applied): void {
    this.graph = graph;
    this.decide(...decisions);
  }

  assessed(evidence: RunEvidence): void {
    this.evidence = evidence;
    this.changed();
  }

  decide(...decisions: readonly Decision[]): void {
    this.decisions.push(...decisions);
    this.changed();
  }

  located(places: readonly PlacedFinding[]): void {
    this.places = places;
    this.changed();
  }

  repaired(repair: RepairOutcome): void {
    this.repair = repair;
    this.changed();
  }

  tracked(issue: TrackedIssue): void {
    this.issues.push(issue);
    this.changed();
  }

  /** The run ends here with this verdict, whatever else was planned. */
  conclude(verdict: Verdict, details: ConclusionDetails = {}): void {
    this.verdict = verdict;
    this.mistakes = details.mistakes ?? [];
    this.mistakesAreHere = details.mistakesAreHere ?? false;
    this.problem = details.problem ?? this.problem;
    const isToBeMerged = details.end === 'DONE' && verdict.kind === 'action_required';
    this.graph = { ...this.graph, end: isToBeMerged ? 'DONE' : VERDICT_TABLE[verdict.kind].end };
    this.changed();
  }

  stageMoved(stage: Stage, state: StageProgress['state'], url: string | null): void {
    const known = this.progress.get(stage);
    if (known?.state === state && known.url === url) return;
    const retry = known?.retry === undefined || state === 'ended' ? {} : { retry: known.retry };
    this.progress.set(stage, { stage, state, url, since: isoNow(), ...retry });
    this.changed();
  }

  /** An end that does not count: the stage is dispatched again after a pause, and everybody sees why. */
  stageRetries(stage: Stage, retry: Retry): void {
    const { attempt, of, because } = retry;
    const url = this.progress.get(stage)?.url ?? null;
    this.progress.set(stage, { stage, state: 'pausing', url, since: isoNow(), retry: { attempt, of, because } });
    const { title } = STAGE_TABLE[stage];
    this.decide(decision('stage_retried', `${title} is tried again (attempt ${attempt} of ${of}, ${because}).`));
  }

  stageEnded<S extends Stage>(stage: S, outcome: StageOutcome<S>, how: 'ended' | 'kept' = 'ended'): void {
    Object.assign(this.stageOutcomes, { [stage]: outcome });
    if (outcome.kind === 'errored') this.problem ??= outcome.problem;
    this.stageMoved(stage, how, outcome.run?.url ?? null);
    this.changed();
  }

  /** Waits for news of a stage run; false where the time ran out first. */
  async waitForNews(stage: Stage, actionsRunId: number, milliseconds: number): Promise<boolean> {
    const isIt = (item: StageNews): boolean => item.stage === stage && item.actionsRunId === actionsRunId;
    const came = await condition(() => this.news.some(isIt), milliseconds);
    // News of other runs under this stage's name are not ours, and must not fill the box.
    this.news.splice(0, this.news.length, ...this.news.filter((item) => item.stage !== stage));
    return came;
  }

  /** As above, or until somebody asks how far it is. */
  async waitForNewsOrLook(stage: Stage, actionsRunId: number, milliseconds: number): Promise<void> {
    const seen = this.looksAsked;
    const isIt = (item: StageNews): boolean => item.stage === stage && item.actionsRunId === actionsRunId;
    await condition(() => this.news.some(isIt) || this.looksAsked > seen, milliseconds);
    this.news.splice(0, this.news.length, ...this.news.filter((item) => item.stage !== stage));
  }

  /** As above, of a fork's check, whose id is only learnt on the way: any news is a reason to look. */
  async waitForForkNews(milliseconds: number): Promise<void> {
    const seen = this.looksAsked;
    await condition(() => this.news.length > 0 || this.looksAsked > seen, milliseconds);
    this.news.splice(0, this.news.length);
  }

  /** Counts everything that a person would see: the reporter waits for it to grow. */
  get version(): number {
    return this.changes;
  }

  private changed(): void {
    this.changes += 1;
  }

  document(): RunDocument {
    return {
      request: this.request,
      workflowId: this.workflowId,
      phase: this.verdict === null ? 'running' : 'ended',
      plan: this.currentPlan,
      stages: [...this.progress.values()],
      outcomes: this.stageOutcomes,
      evidence: this.evidence,
      decisions: this.decisions,
      issues: this.issues,
      verdict: this.verdict,
      mistakes: this.mistakes,
      mistakesAreHere: this.mistakesAreHere,
      problem: this.problem,
      places: this.places,
      ...(this.repair === null ? {} : { repair: this.repair }),
      lookedAt: isoNow(),
      startedAt: this.startedAt,
    };
  }

  result(): RunResult {
    return {
      schemaVersion: 1,
      workflowId: this.workflowId,
      sha: this.request.sha,
      attempt: this.request.attempt,
      visibility: this.request.repository.visibility,
      end: this.graph.end,
      visited: this.visited,
      verdict: this.verdict ?? makeVerdict('no_result', 'Not your fault: the run ended without a verdict'),
      triggers: [...this.request.triggers],
      plan: this.currentPlan,
      outcomes: this.stageOutcomes,
      evidence: this.evidence,
      decisions: this.decisions,
      ...(this.repair === null ? {} : { repair: this.repair }),
    };
  }
}
