/** A proof is a comparison of two whole reports of the same linters: whatever is less proves nothing. */
import { describe, expect, it } from '@jest/globals';
import type { LintFinding } from '../../../src/domain/lint/lint-result.ts';
import { judgeProof, proofOf, type LintReport, type Pledge } from '../../../src/domain/repair/proof.ts';

const at = (rule: string, line: number | null = 1, more: Partial<LintFinding> = {}): LintFinding => ({
  linter: 'eslint',
  rule,
  file: 'a.js',
  line,
  message: `About ${rule}`,
  ...more,
});
const report = (findings: readonly LintFinding[], more: Partial<LintReport> = {}): LintReport => ({
  findings,
  unplaced: [],
  from: 'sarif',
  isWhole: true,
  linters: [{ name: 'JAVASCRIPT_ES', errors: findings.length, files: 3 }],
  ...more,
});
const pledge = (claimed: readonly LintFinding[], more: Partial<Pledge> = {}): Pledge => ({
  path: 'a.js',
  leftByFixers: null,
  claimed,
  ...more,
});
const BEFORE = report([at('x'), at('y', 5)]);
const judged = (after: LintReport, pledges: readonly Pledge[], before = BEFORE) =>
  judgeProof(proofOf(before, after, pledges));

describe('a repair is proven', () => {
  it('where what it claims is gone, whatever else is left', () => {
    expect(judged(report([at('y', 5)]), [pledge([at('x')])])).toEqual({ kind: 'proven' });
  });

  it('by the fixers, also beside a finding that nobody repairs', () => {
    const before = report([at('x'), at('aws', 1, { linter: 'gitleaks' })]);
    const after = report([at('aws', 1, { linter: 'gitleaks' })]);
    expect(judged(after, [pledge([], { leftByFixers: [] })], before)).toEqual({ kind: 'proven' });
  });

  it('though its findings have moved, and the container names its files otherwise', () => {
    const after = report([at('y', 9, { file: '/github/workspace/a.js' })]);
    expect(judged(after, [pledge([at('x')])])).toEqual({ kind: 'proven' });
  });
});

describe('nothing is proven', () => {
  it.each<[string, LintReport]>([
    ['whose linter did not run again', report([], { linters: [] })],
    ['whose linter looked at fewer files', report([], { linters: [{ name: 'JAVASCRIPT_ES', errors: 0, files: 2 }] })],
    ['whose linter counts more errors', report([], { linters: [{ name: 'JAVASCRIPT_ES', errors: 3, files: 3 }] })],
    ['whose report has no SARIF any more', report([], { from: 'no_sarif' })],
    ['whose report has no SARIF that can be read', report([], { from: 'unreadable_sarif' })],
    ['whose report was cut', report([], { isWhole: false })],
    ['whose linter does not tell places any more', report([], { unplaced: [{ linter: 'JAVASCRIPT_ES', errors: 1 }] })],
  ])('by a run %s', (_, after) => {
    expect(judged(after, [pledge([at('x'), at('y', 5)])]).kind).toBe('failed');
  });

  it('where something new is found in a file that nobody changed', () => {
    expect(judged(report([at('y', 5), at('z', 1, { file: 'b.js' })]), [pledge([at('x')])])).toMatchObject({
      kind: 'failed',
      why: expect.stringContaining('nothing was changed'),
    });
  });

  it('of a linter that tells no places, and tells of fewer errors', () => {
    const silent = (errors: number) => report([], { unplaced: [{ linter: 'SPELL', errors }], linters: [] });
    expect(proofOf(silent(5), silent(1), [])).toMatchObject({
      before: 5,
      after: 5,
      rows: [{ before: 5, after: 5, by: null }],
    });
  });
});

describe('what did not go well goes once more, or is left out', () => {
  it('asks again about a file that got better and kept what was to go', () => {
    expect(judged(report([at('y', 5)]), [pledge([at('x'), at('y', 5)])])).toEqual({
      kind: 'again',
      ask: ['a.js'],
      drop: [],
    });
  });

  it('counts those of a kind: of two that were promised one may not stay', () => {
    const before = report([at('x'), at('x', 9)]);
    expect(judged(report([at('x', 9)]), [pledge([at('x'), at('x', 9)])], before).kind).toBe('again');
    expect(judged(report([at('x', 9)]), [pledge([at('x')])], before)).toEqual({ kind: 'proven' });
  });

  it('drops a file with a new finding, and keeps the others', () => {
    const before = report([at('x'), at('x', 1, { file: 'b.js' })]);
    const after = report([at('z', 2, { file: 'b.js' })], { linters: before.linters });
    const pledges = [pledge([at('x')]), pledge([at('x', 1, { file: 'b.js' })], { path: 'b.js' })];
    expect(judged(after, pledges, before)).toEqual({ kind: 'again', ask: [], drop: ['b.js'] });
  });

  it('fails where no file got better', () => {
    expect(judged(BEFORE, [pledge([at('x')])])).toMatchObject({ kind: 'failed' });
  });
});
