/** From verdicts to what GitHub shows: the one table. */
import { describe, expect, it } from '@jest/globals';
import { judge, VERDICT_KINDS, VERDICT_TABLE, verdictOf } from '../../src/domain/run/verdict.ts';
import { PRESETS } from '../../src/domain/settings/presets.ts';
import { STAGES } from '../../src/domain/stage/stage-table.ts';

const GATES = { failOnLintErrors: true, failOnVulnerabilities: true, threshold: 'high', maxFindings: 0 } as const;

describe('the conclusion table', () => {
  it.each([
    ['success', 'success', 'success', 'DONE'],
    ['failure', 'failure', 'failure', 'FAILED'],
    ['action_required', 'action_required', 'error', 'FAILED'],
    ['no_result', 'timed_out', 'error', 'FAILED'],
    ['superseded', 'cancelled', null, 'STOPPED'],
    ['cancelled', 'cancelled', null, 'STOPPED'],
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
      verdictOf({ stages: [...PRESETS.standard.stages], gates: GATES, verifies: true, levelAfterMerge: null }, {}, null)
        .kind,
    ).toBe('no_result');
  });
});
