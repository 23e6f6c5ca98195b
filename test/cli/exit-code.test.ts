import { expect, it } from '@jest/globals';
import { exitCodeOf } from '../../src/cli/run.ts';
import { decision } from '../../src/domain/run/decision.ts';
import { verdict, type VerdictKind } from '../../src/domain/run/verdict.ts';

it.each<readonly [VerdictKind, number]>([
  ['success', 0],
  ['failure', 1],
  ['action_required', 1],
  ['superseded', 1],
  ['no_result', 3],
])('a run that ended %s exits %d', (kind, code) => {
  expect(exitCodeOf({ verdict: verdict(kind, 't'), decisions: [] })).toBe(code);
});

it('flags that an isolated builder does not take are a mistake of the call', () => {
  const decisions = [decision('flags_refused', '--image-tag: put it in the settings.')];
  expect(exitCodeOf({ verdict: verdict('action_required', 't'), decisions })).toBe(2);
});
