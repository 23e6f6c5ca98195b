/** What a completed state does to the rest of the run: the pure half of the pipeline's loop. */
import {
  endAfter,
  injectAutoFix,
  injectBuildFailure,
  injectRemediation,
  injectStrictRemediation,
  injectVerifyFailure,
  STAGES_OF_STATE,
  type Graph,
  type WorkingState,
} from '../graph/graph.ts';
import type { StageOutcomes } from '../stage/stage-outcome.ts';
import { STAGE_TABLE, type Stage } from '../stage/stage-table.ts';
import { decision, type Decision } from './decision.ts';
import type { Plan } from './plan.ts';
import { describeRepair, type RepairOutcome } from '../repair/repair-outcome.ts';
import type { RunEvidence } from '../evidence/run-evidence.ts';
import { judge, judgeEvidence, VERDICT_TABLE, type GateJudgement } from './verdict.ts';

export interface Applied {
  readonly graph: Graph;
  readonly decisions: readonly Decision[];
}

export interface Completed {
  readonly state: WorkingState;
  readonly outcomes: StageOutcomes;
  /** As far as it was assessed by now. */
  readonly evidence: RunEvidence | null;
}

/** Called once after each state that runs stages, with all that is known so far. */
export function applyOutcomes(graph: Graph, plan: Plan, completed: Completed): Applied {
  const applied = applyStages(graph, plan, completed);
  return applied.graph.end === 'DONE' ? applyEvidence(applied, plan, completed) : applied;
}

/** BUILD asks whether the digest is vouched for, VERIFY for everything. */
function applyEvidence({ graph, decisions }: Applied, plan: Plan, { state, outcomes, evidence }: Completed): Applied {
  const isBuilt = outcomes.build?.kind === 'finished' && outcomes.build.result.kind === 'built';
  if ((state !== 'BUILD' && state !== 'VERIFY') || !isBuilt) return { graph, decisions };
  const judged = judgeEvidence(plan, evidence, state === 'BUILD' ? 'after_build' : 'whole');
  if (judged.kind === 'pass') return { graph, decisions };
  if (judged.kind === 'tolerated') {
    const reason = `The evidence does not stop this run: ${judged.reason}.`;
    return { graph, decisions: state === 'BUILD' ? decisions : [...decisions, decision('gate_passed', reason)] };
  }
  const isFailure = judged.verdict.kind === 'failure' && state === 'VERIFY';
  return {
    graph: isFailure ? injectVerifyFailure(graph) : endAfter(graph, state, VERDICT_TABLE[judged.verdict.kind].end),
    decisions: [...decisions, decision('gate_stopped', `The evidence ended this run: ${judged.verdict.title}.`)],
  };
}

function applyStages(graph: Graph, plan: Plan, { state, outcomes }: Completed): Applied {
  const stages = (STAGES_OF_STATE[state] ?? []).filter((stage) => plan.stages.includes(stage));
  let applied: Applied = { graph, decisions: [] };
  for (const stage of stages) {
    const judged = judge(stage, outcomes[stage], plan.gates);
    const next = applyJudgement({ graph: applied.graph, state, stage, plan, judged, outcomes });
    applied = { graph: next.graph, decisions: [...applied.decisions, ...next.decisions] };
    if (judged.kind === 'stop' && next.graph.end !== 'DONE') return applied;
  }
  return applied;
}

interface Judged {
  readonly graph: Graph;
  readonly state: WorkingState;
  readonly stage: Stage;
  readonly plan: Plan;
  readonly judged: GateJudgement;
  readonly outcomes: StageOutcomes;
}

function applyJudgement({ graph, state, stage, plan, judged, outcomes }: Judged): Applied {
  if (stage === 'lint' && plan.autoFixLint && hasLintErrors(outcomes)) return injectRepair(graph, judged);
  switch (judged.kind) {
    case 'pass':
      return { graph, decisions: [] };
    case 'tolerated':
      return {
        graph: stage === 'scan' && state !== 'FORK_CHECK' ? injectRemediation(graph) : graph,
        decisions: [decision('gate_passed', `${STAGE_TABLE[stage].title} does not stop this run: ${judged.reason}.`)],
      };
    case 'stop':
      return {
        graph: endFor({ graph, state, stage, judged, outcomes }),
        decisions: [decision('gate_stopped', `${STAGE_TABLE[stage].title} ended this run: ${judged.verdict.title}.`)],
      };
  }
}

const hasLintErrors = (outcomes: StageOutcomes): boolean =>
  outcomes.lint?.kind === 'finished' && outcomes.lint.result.errors > 0;

function injectRepair(graph: Graph, judged: GateJudgement): Applied {
  const reason = judged.kind === 'stop' ? 'lint errors were found and lint is strict' : 'lint errors were found';
  return {
    graph: injectAutoFix(graph),
    decisions: [decision('state_injected', `AUTO_FIX comes before BUILD: ${reason}, and \`auto_fix_lint\` is on.`)],
  };
}

type Ending = Omit<Judged, 'plan' | 'judged'> & { readonly judged: Extract<GateJudgement, { kind: 'stop' }> };

/** The failure states are for failures of the repository's own; a stage without a result ends the run without them. */
function endFor({ graph, state, stage, judged, outcomes }: Ending): Graph {
  // A fork's check has no states but its own: what follows from it is for its author.
  const isFinished = state !== 'FORK_CHECK' && outcomes[stage]?.kind === 'finished';
  if (isFinished && stage === 'build') return injectBuildFailure(graph);
  if (isFinished && stage === 'scan') return injectStrictRemediation(graph);
  return endAfter(graph, state, VERDICT_TABLE[judged.verdict.kind].end);
}

/** After AUTO_FIX: strict lint whose errors nobody repaired ends the run, else BUILD comes next. */
export function applyRepair(graph: Graph, plan: Plan, repair: RepairOutcome): Applied {
  const isProposed = repair.kind !== 'nothing_proposed';
  const goesOn = isProposed ? plan.afterAutoFix === 'build' : !plan.gates.failOnLintErrors;
  const kind = isProposed ? 'repair_proposed' : 'repair_skipped';
  const how = goesOn
    ? 'The run goes on.'
    : isProposed
      ? 'The run stops until it is merged.'
      : 'Lint is strict, so the run ends here.';
  return {
    graph: goesOn ? graph : endAfter(graph, 'AUTO_FIX', 'FAILED'),
    decisions: [decision(kind, `${describeRepair(repair)} ${how}`)],
  };
}
