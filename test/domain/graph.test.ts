/** The graph and its one pure next-state function: tables for the presets, properties for everything that can happen. */
import { describe, expect, it } from '@jest/globals';
import type { RunEvidence } from '../../src/domain/evidence/run-evidence.ts';
import { assessed } from '../assessment-fixture.ts';
import fc from 'fast-check';
import {
  buildGraph,
  endAfter,
  injectAutoFix,
  isTerminal,
  nextState,
  STAGES_OF_STATE,
  stopAt,
  WORKING_STATES,
  type Graph,
  type TerminalState,
  type WorkingState,
} from '../../src/domain/graph/graph.ts';
import { problem, type Blame } from '../../src/domain/problem.ts';
import type { RepairOutcome } from '../../src/domain/repair/repair-outcome.ts';
import { applyOutcomes, applyRepair } from '../../src/domain/run/apply-outcome.ts';
import type { Plan } from '../../src/domain/run/plan.ts';
import { verdictOf, VERDICT_TABLE } from '../../src/domain/run/verdict.ts';
import { PRESETS } from '../../src/domain/settings/presets.ts';
import type { StageOutcome, StageOutcomes, StageResults } from '../../src/domain/stage/stage-outcome.ts';
import { STAGES, type Stage } from '../../src/domain/stage/stage-table.ts';
import { Digest } from '../../src/domain/git.ts';

function walk(graph: Graph): string[] {
  const completed = new Set<WorkingState>();
  const visited: string[] = [];
  for (let state = nextState(graph, completed); ; state = nextState(graph, completed)) {
    visited.push(state);
    if (isTerminal(state)) return visited;
    completed.add(state);
  }
}

describe('the graph of a preset', () => {
  it.each([
    ['standard', ['INIT', 'LINT', 'BUILD', 'PARALLEL_SBOM_SIGN', 'ATTEST', 'VERIFY', 'UPDATE_STATUS', 'DONE']],
    ['minimal', ['INIT', 'LINT', 'BUILD', 'PARALLEL_SBOM_SIGN', 'UPDATE_STATUS', 'DONE']],
    ['skip_linting', ['INIT', 'BUILD', 'PARALLEL_SBOM_SIGN', 'ATTEST', 'VERIFY', 'UPDATE_STATUS', 'DONE']],
  ] as const)('%s goes %j', (name, states) => {
    expect(walk(buildGraph(planOf(PRESETS[name].stages)))).toEqual(states);
  });

  it('lets AUTO_FIX come before BUILD, which stays in the graph', () => {
    const states = walk(injectAutoFix(buildGraph(planOf(PRESETS.standard.stages))));
    expect(states.slice(0, 4)).toEqual(['INIT', 'LINT', 'AUTO_FIX', 'BUILD']);
    expect(states.at(-1)).toBe('DONE');
  });

  it('still sets the status of a run that ends early', () => {
    expect(walk(endAfter(buildGraph(planOf(PRESETS.standard.stages)), 'BUILD', 'FAILED'))).toEqual([
      'INIT',
      'LINT',
      'BUILD',
      'UPDATE_STATUS',
      'FAILED',
    ]);
  });

  it('enters nothing more once a run is stopped', () => {
    expect(nextState(stopAt(new Set(['INIT', 'LINT'])), new Set(['INIT', 'LINT']))).toBe('STOPPED');
  });

  it('names the states that wait for each other, should an injection ever break it', () => {
    const broken: Graph = { needs: { LINT: ['BUILD'], BUILD: ['LINT'] }, end: 'DONE' };
    expect(() => nextState(broken, new Set())).toThrow('No way on: LINT, BUILD wait for each other');
  });
});

const DIGEST = Digest.parse(`sha256:${'a'.repeat(64)}`);
const HASH = 'b'.repeat(64);
const RUN = { actionsRunId: 1, attempt: 1, url: '', conclusion: 'success', startedAt: '', endedAt: '', artifact: null };
const NO_FINDINGS = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 };

const lintResult = (errors: number): StageResults['lint'] => ({
  linters: 1,
  files: 1,
  errors,
  warnings: 0,
  failedLinters: errors === 0 ? [] : [{ linter: 'X', errors }],
  findings: [],
  findingsFrom: 'no_sarif',
});
const planOf = (stages: Plan['stages'] | readonly Stage[]): Pick<Plan, 'stages' | 'verifies'> => ({
  stages: [...stages],
  verifies: stages.includes('verify'),
});

const scanResult = (high: number): StageResults['scan'] => ({
  counts: { ...NO_FINDINGS, high },
  matches: high,
  ignored: 0,
  worst: [],
  databaseBuilt: null,
  sbomSha256: HASH,
});

/** Every result that a stage may finish with: the good one first. */
const RESULTS: { readonly [S in Stage]: readonly StageResults[S][] } = {
  lint: [lintResult(0), lintResult(2)],
  build: [
    { kind: 'built', image: 'r/i:t', digest: DIGEST, warnings: 0, signing: 'none', provenanceSha256: HASH },
    { kind: 'failed', exitCode: 1 },
  ],
  sbom: [{ specVersion: '1.6', components: 3, sha256: HASH }],
  scan: [scanResult(0), scanResult(1)],
  sign: [{ digest: DIGEST, logIndex: null, bundleSha256: HASH }],
  attest: [{ digest: DIGEST, logIndex: null, bundleSha256: HASH, sbomSha256: HASH }],
  verify: [
    { kind: 'verified', signatures: 1, attestations: 1 },
    { kind: 'rejected', reason: 'r' },
  ],
};

const outcomeOf = <S extends Stage>(stage: S): fc.Arbitrary<StageOutcome<S>> => {
  const finished = fc
    .constantFrom(...RESULTS[stage])
    .map((result): StageOutcome<S> => ({ kind: 'finished', run: RUN, result }));
  const errored = fc.constantFrom<Blame>('repository', 'person', 'nobody_here').map((blame): StageOutcome<S> => ({
    kind: 'errored',
    run: null,
    problem: problem('artifact_missing', blame, 'm', 'n'),
  }));
  const cancelled = fc.constant<StageOutcome<S>>({ kind: 'cancelled', run: null, by: 'x' });
  return fc.oneof(
    { weight: 6, arbitrary: finished },
    { weight: 1, arbitrary: errored },
    { weight: 1, arbitrary: cancelled },
  );
};

const planArbitrary: fc.Arbitrary<Plan> = fc
  .record({
    preset: fc.constantFrom('minimal', 'standard', 'skip_linting'),
    failOnLintErrors: fc.boolean(),
    failOnVulnerabilities: fc.boolean(),
    maxFindings: fc.constantFrom(0, 1),
    autoFixLint: fc.boolean(),
    afterAutoFix: fc.constantFrom('build', 'stop'),
    signing: fc.constantFrom('public_log', 'none'),
  })
  .map(({ preset, signing, autoFixLint, afterAutoFix, ...gates }) => ({
    preset,
    stages: PRESETS[preset].stages.filter(
      (stage) => signing !== 'none' || !['sign', 'attest', 'verify'].includes(stage),
    ),
    gates: { ...gates, threshold: 'high' as const },
    autoFixLint,
    afterAutoFix,
    updateCommitStatus: true,
    image: {
      name: 'r/i',
      tag: 't',
      dockerfile: 'Dockerfile',
      context: '.',
      target: '',
      platforms: ['linux/amd64'],
      buildArgs: {},
    },
    signing,
    verifies: PRESETS[preset].stages.includes('verify'),
    builder: null,
    levelAfterMerge: null,
    imageFlags: {},
    stageFiles: {} as Plan['stageFiles'],
    settingsDigest: DIGEST,
  }));

const repairArbitrary: fc.Arbitrary<RepairOutcome> = fc.constantFrom(
  { kind: 'already_proposed', pullRequest: 12, url: 'u' },
  {
    kind: 'proposed',
    pullRequest: 12,
    url: 'u',
    before: 2,
    after: 0,
    files: 1,
    diffDigest: 'd',
    use: null,
    notes: [],
  },
  { kind: 'nothing_proposed', reason: 'r', use: null, notes: [] },
);

interface Story {
  readonly visited: WorkingState[];
  readonly end: TerminalState;
  readonly outcomes: StageOutcomes;
}

/** The pipeline's loop with the world replaced by a table: what `walk` in slsa-build-pipeline.ts does. */
function play(plan: Plan, world: WorldOutcomes, repair: RepairOutcome): Story {
  let graph = buildGraph(plan);
  const outcomes: Partial<Record<Stage, unknown>> = {};
  const visited: WorkingState[] = [];
  for (let steps = 0; steps < 50; steps += 1) {
    const state = nextState(graph, new Set(visited));
    if (isTerminal(state)) return { visited, end: state, outcomes: outcomes as StageOutcomes };
    for (const needed of graph.needs[state] ?? []) expect(visited).toContain(needed);
    expect(visited).not.toContain(state);
    for (const stage of STAGES_OF_STATE[state] ?? []) {
      const isReached = stage !== 'scan' || (outcomes['sbom'] as { kind: string } | undefined)?.kind === 'finished';
      if (plan.stages.includes(stage) && isReached) outcomes[stage] = world[stage];
    }
    visited.push(state);
    if (state === 'AUTO_FIX') graph = applyRepair(graph, plan, repair).graph;
    if (STAGES_OF_STATE[state] !== undefined)
      graph = applyOutcomes(graph, plan, {
        state,
        outcomes: outcomes as StageOutcomes,
        evidence: world.evidence,
      }).graph;
  }
  throw new Error(`It never ended: ${visited.join(', ')}`);
}

const evidenceArbitrary: fc.Arbitrary<RunEvidence> = fc.constantFrom<RunEvidence>(
  assessed(),
  assessed(),
  assessed({ result: 'lower', level: 2, standing: 'own_workflow' }),
  assessed({
    result: 'failed',
    level: 0,
    failing: { id: 'commit', state: 'not_met', expected: 'a', found: 'b', about: 'provenance' },
  }),
  { kind: 'unknown', problem: problem('evidence_unavailable', 'nobody_here', 'm', 'n') },
);

interface WorldOutcomes extends StageOutcomes {
  readonly evidence: RunEvidence;
}

const worldArbitrary = fc.record({
  ...Object.fromEntries(STAGES.map((stage) => [stage, outcomeOf(stage)])),
  evidence: evidenceArbitrary,
}) as unknown as fc.Arbitrary<WorldOutcomes>;

describe('whatever the stages say', () => {
  it('a run ends, visits nothing before its prerequisites or twice, and always looks at its status', () => {
    fc.assert(
      fc.property(planArbitrary, worldArbitrary, repairArbitrary, (plan, world, repair) => {
        const { visited, end } = play(plan, world, repair);
        expect(['DONE', 'FAILED', 'STOPPED']).toContain(end);
        expect(visited.at(-1)).toBe('UPDATE_STATUS');
        expect(visited.every((state) => WORKING_STATES.includes(state))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('a run reaches DONE only with the outcome of every required stage', () => {
    fc.assert(
      fc.property(planArbitrary, worldArbitrary, repairArbitrary, (plan, world, repair) => {
        const { end, outcomes } = play(plan, world, repair);
        if (end !== 'DONE') return;
        for (const stage of plan.stages) expect(outcomes[stage]?.kind).toBe('finished');
      }),
      { numRuns: 2000 },
    );
  });

  it('the verdict is success exactly where the run is DONE, but for lint errors whose repair waits to be merged', () => {
    fc.assert(
      fc.property(planArbitrary, worldArbitrary, repairArbitrary, (plan, world, repair) => {
        const { end, outcomes, visited } = play(plan, world, repair);
        const verdict = verdictOf(plan, outcomes, world.evidence, visited.includes('AUTO_FIX') ? repair : null);
        const hasLintErrors = outcomes.lint?.kind === 'finished' && outcomes.lint.result.errors > 0;
        if (verdict.kind === 'success') expect(end).toBe('DONE');
        if (end === 'DONE' && !hasLintErrors) expect(verdict.kind).toBe('success');
        if (end === 'DONE' && hasLintErrors && plan.gates.failOnLintErrors) {
          expect(repair.kind).not.toBe('nothing_proposed');
          expect(verdict.kind).toBe('action_required');
        }
        if (end !== 'DONE') expect(VERDICT_TABLE[verdict.kind].conclusion).not.toMatch(/^(success|neutral|skipped)$/);
      }),
      { numRuns: 2000 },
    );
  });
});
