/**
 * The run's dependency graph. States declare prerequisites, never successors; what comes next is found by one pure
 * function over the graph and what is completed. Injections give a new graph.
 */
import type { Stage } from '../stage/stage-table.ts';

export const WORKING_STATES = [
  'INIT',
  /** In the place of all stages, where nothing may be dispatched. */
  'FORK_CHECK',
  'LINT',
  'AUTO_FIX',
  'BUILD',
  'BUILD_FAILURE',
  'PARALLEL_SBOM_SIGN',
  'VULNERABILITY_REMEDIATION',
  'ATTEST',
  'VERIFY',
  'VERIFY_FAILURE',
  'UPDATE_STATUS',
] as const;
export type WorkingState = (typeof WORKING_STATES)[number];

export const TERMINAL_STATES = ['DONE', 'FAILED', 'STOPPED'] as const;
export type TerminalState = (typeof TERMINAL_STATES)[number];

export type State = WorkingState | TerminalState;

export const isTerminal = (state: State): state is TerminalState =>
  TERMINAL_STATES.some((terminal) => terminal === state);

export interface Graph {
  /** Prerequisites of each state that is in the graph. */
  readonly needs: Readonly<Partial<Record<WorkingState, readonly WorkingState[]>>>;
  /** Where the run ends when nothing is left to do. */
  readonly end: TerminalState;
}

/** Which stages each state runs; a state without one here runs none. */
export const STAGES_OF_STATE: Readonly<Partial<Record<WorkingState, readonly Stage[]>>> = {
  FORK_CHECK: ['lint', 'build', 'sbom', 'scan'],
  LINT: ['lint'],
  BUILD: ['build'],
  PARALLEL_SBOM_SIGN: ['sbom', 'scan', 'sign'],
  ATTEST: ['attest'],
  VERIFY: ['verify'],
};

/** Before INIT nothing is known but that INIT comes first. */
export const INITIAL_GRAPH: Graph = { needs: { INIT: [] }, end: 'STOPPED' };

/** As much of a plan as decides about states. VERIFY assesses the evidence also where nothing is signed. */
export interface GraphPlan {
  readonly stages: readonly Stage[];
  readonly verifies: boolean;
  /** Of a pull request whose code is nobody's here. */
  readonly forkCheck?: unknown;
}

/** The states of a run whose plan has these stages. */
export function buildGraph(plan: GraphPlan): Graph {
  const chain =
    plan.forkCheck === undefined ? dispatchedStates(plan) : (['INIT', 'FORK_CHECK', 'UPDATE_STATUS'] as const);
  const needs = chain.map((state, index) => [state, chain.slice(Math.max(0, index - 1), index)] as const);
  return { needs: Object.fromEntries(needs), end: 'DONE' };
}

function dispatchedStates({ stages, verifies }: GraphPlan): WorkingState[] {
  const has = (stage: Stage): boolean => stages.includes(stage);
  return [
    'INIT',
    ...(has('lint') ? (['LINT'] as const) : []),
    'BUILD',
    'PARALLEL_SBOM_SIGN',
    ...(has('attest') ? (['ATTEST'] as const) : []),
    ...(verifies ? (['VERIFY'] as const) : []),
    'UPDATE_STATUS',
  ];
}

/**
 * The first state, in the order of the table, whose prerequisites are all completed; the graph's end when none is left.
 *
 * @throws Error where states are left that can never be entered: a graph that an injection broke. The property tests
 *   hold that no sequence of injections builds one.
 */
export function nextState(graph: Graph, completed: ReadonlySet<WorkingState>): State {
  const left = WORKING_STATES.filter((state) => graph.needs[state] !== undefined && !completed.has(state));
  if (left.length === 0) return graph.end;
  const ready = left.find((state) => graph.needs[state]?.every((needed) => completed.has(needed)));
  if (ready === undefined) throw new Error(`No way on: ${left.join(', ')} wait for each other`);
  return ready;
}

/** Lint errors were found and are to be repaired: BUILD now waits for the repair. */
export const injectAutoFix = (graph: Graph): Graph => injectBetween(graph, 'LINT', 'AUTO_FIX');

/** The build failed: an end with a reason, and the commit status after it. */
export const injectBuildFailure = (graph: Graph): Graph => injectEnding(graph, 'BUILD', 'BUILD_FAILURE');

/** Verification failed: likewise. */
export const injectVerifyFailure = (graph: Graph): Graph => injectEnding(graph, 'VERIFY', 'VERIFY_FAILURE');

/** Findings at or over the threshold that are tolerated: the run goes on after they were reported. */
export const injectRemediation = (graph: Graph): Graph =>
  injectBetween(graph, 'PARALLEL_SBOM_SIGN', 'VULNERABILITY_REMEDIATION');

/** The same where the gate is strict: nothing but the status comes after it. */
export const injectStrictRemediation = (graph: Graph): Graph =>
  injectEnding(graph, 'PARALLEL_SBOM_SIGN', 'VULNERABILITY_REMEDIATION');

/** No state after `at` is entered but UPDATE_STATUS, so that a failed run still sets its status. */
export function endAfter(graph: Graph, at: WorkingState, end: TerminalState): Graph {
  const kept = WORKING_STATES.slice(0, WORKING_STATES.indexOf(at) + 1).filter((state) => graph.needs[state]);
  const needs = Object.fromEntries(kept.map((state) => [state, graph.needs[state] ?? []]));
  return { needs: { ...needs, UPDATE_STATUS: [at] }, end };
}

/** Nothing more is entered at all: there is nothing to set a status for (superseded, cancelled, not wanted). */
export function stopAt(completed: ReadonlySet<WorkingState>): Graph {
  return { needs: Object.fromEntries([...completed].map((state) => [state, []])), end: 'STOPPED' };
}

function injectBetween(graph: Graph, after: WorkingState, injected: WorkingState): Graph {
  const instead = (needed: WorkingState): WorkingState => (needed === after ? injected : needed);
  const rewired = Object.entries(graph.needs).map(([state, needs]) => [state, needs.map(instead)] as const);
  return { ...graph, needs: { ...Object.fromEntries(rewired), [injected]: [after] } };
}

function injectEnding(graph: Graph, after: WorkingState, injected: WorkingState): Graph {
  const ended = endAfter(graph, after, 'FAILED');
  return { ...ended, needs: { ...ended.needs, [injected]: [after], UPDATE_STATUS: [injected] } };
}
