/** From verdicts to what GitHub shows: the one table. */
import { describe, expect, it } from '@jest/globals';
import { problem } from '../../src/domain/problem.ts';
import { judge, judgeEvidence, VERDICT_KINDS, VERDICT_TABLE, verdictOf } from '../../src/domain/run/verdict.ts';
import { PRESETS } from '../../src/domain/settings/presets.ts';
import { STAGES } from '../../src/domain/stage/stage-table.ts';
import type { RunEvidence } from '../../src/domain/evidence/run-evidence.ts';
import { assessed } from '../assessment-fixture.ts';

const RUN = {
  actionsRunId: 9,
  attempt: 1,
  url: '',
  conclusion: 'failure',
  startedAt: '',
  endedAt: '',
  artifact: null,
} as const;
const GATES = { failOnLintErrors: true, failOnVulnerabilities: true, threshold: 'high', maxFindings: 0 } as const;

describe('the conclusion table', () => {
  it.each([
    ['success', 'success', 'success', 'DONE'],
    ['failure', 'failure', 'failure', 'FAILED'],
    ['action_required', 'action_required', 'error', 'FAILED'],
    ['no_result', 'timed_out', 'error', 'FAILED'],
    ['superseded', 'cancelled', 'error', 'STOPPED'],
    ['cancelled', 'cancelled', 'error', 'STOPPED'],
    ['not_wanted', 'skipped', null, 'STOPPED'],
    ['never_set_up', 'neutral', null, 'STOPPED'],
  ] as const)('shows %s as check %s, status %s, and ends in %s', (kind, conclusion, status, end) => {
    expect(VERDICT_TABLE[kind]).toEqual({ conclusion, status, end });
  });

  it('has a row for every verdict', () => {
    expect(Object.keys(VERDICT_TABLE).toSorted()).toEqual([...VERDICT_KINDS].toSorted());
  });

  it('maps no fault to a conclusion that satisfies a required check', () => {
    const satisfying = VERDICT_KINDS.filter((kind) =>
      ['success', 'neutral', 'skipped'].includes(VERDICT_TABLE[kind].conclusion),
    );
    expect(satisfying).toEqual(['success', 'not_wanted', 'never_set_up']);
  });
});

describe('a required stage without an outcome', () => {
  it.each(STAGES)('%s is no result, and never a pass', (stage) => {
    expect(judge(stage, undefined, GATES)).toMatchObject({ kind: 'stop', verdict: { kind: 'no_result' } });
  });

  it('keeps a whole run from success', () => {
    expect(
      verdictOf(
        {
          stages: [...PRESETS.standard.stages],
          gates: GATES,
          verifies: true,
          levelAfterMerge: null,
          afterAutoFix: 'build',
        },
        {},
        null,
      ).kind,
    ).toBe('no_result');
  });
});

describe('a fork check that has passed', () => {
  const finished = (result: object) => ({ kind: 'finished', run: RUN, result }) as never;
  const outcomes = { build: finished({ kind: 'not_pushed', digest: `sha256:${'1'.repeat(64)}` }) };
  const of = (approvedBy: string | null) =>
    verdictOf(
      {
        stages: ['build'],
        afterAutoFix: 'build',
        gates: GATES,
        verifies: false,
        levelAfterMerge: 3,
        forkCheck: {
          of: 'fork',
          pullRequest: 7,
          baseRef: 'main',
          commit: 'a'.repeat(40) as never,
          isShared: false,
          approvedBy,
        },
      },
      outcomes,
      null,
    );

  it('T1: is no success until a person has said so, and names the very command', () => {
    expect(of(null)).toMatchObject({ kind: 'action_required', title: expect.stringContaining('not attested (fork)') });
    expect(of(null).next).toContain('`/slsa approve aaaaaaaaaaaa`');
    expect(of('kim')).toMatchObject({ kind: 'success', title: expect.stringContaining('approved by kim') });
  });
});

describe('the evidence, as a gate', () => {
  const unknown: RunEvidence = {
    kind: 'unknown',
    problem: problem('evidence_unavailable', 'nobody_here', 'GitHub is down.', 'n'),
  };
  const lower = assessed({ result: 'lower', level: 2, standing: 'own_workflow' });
  const refused = assessed({
    result: 'failed',
    level: 0,
    failing: { id: 'commit', state: 'not_met', expected: 'a', found: 'b', about: 'provenance' },
  });

  it.each([
    ['that holds', true, assessed(), 'whole', 'pass'],
    ['that was not assessed', false, null, 'whole', 'no_result'],
    ['that could not be looked at', false, unknown, 'after_build', 'no_result'],
    ['that is refused, in any preset', false, refused, 'after_build', 'failure'],
    ['of a lower level, where the run verifies', true, lower, 'whole', 'failure'],
    ['of a lower level, before everything was looked at', true, lower, 'after_build', 'tolerated'],
    ['of a lower level, where the preset does not verify', false, lower, 'whole', 'tolerated'],
  ] as const)('%s', (_, verifies, evidence, when, expected) => {
    const judged = judgeEvidence({ verifies }, evidence, when);
    expect(judged.kind === 'stop' ? judged.verdict.kind : judged.kind).toBe(expected);
  });

  it('decides where stage 06 thinks otherwise, and the run says so', () => {
    const rejected = { kind: 'finished', run: RUN, result: { kind: 'rejected', reason: 'no signature' } } as const;
    const judged = judge('verify', rejected, GATES);
    expect(judged).toMatchObject({
      kind: 'tolerated',
      reason: expect.stringContaining("the App's own assessment decides"),
    });
  });
});
