/** What is gone, what is left and what is new, whatever has moved. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { LintFinding } from '../../../src/domain/lint/lint-result.ts';
import { compareFindings, fingerprintOf } from '../../../src/domain/repair/fingerprint.ts';

const finding = (more: Partial<LintFinding> = {}): LintFinding => ({
  linter: 'PYTHON_RUFF',
  rule: 'F401',
  file: 'a.py',
  line: 3,
  message: '`os` imported but unused',
  ...more,
});

describe('a fingerprint', () => {
  it.each([
    ['another line', { line: 90 }],
    ['no line', { line: null }],
    ['other blanks in its message', { message: '`os`  imported\tbut unused' }],
  ])('is the same with %s', (_, more) => {
    expect(fingerprintOf(finding(more))).toBe(fingerprintOf(finding()));
  });

  it('looks through the numbers of a message, which are positions and sizes', () => {
    const long = (size: number) => finding({ rule: 'E501', message: `Line too long (${size} > 88)` });
    expect(fingerprintOf(long(101))).toBe(fingerprintOf(long(96)));
  });

  it.each([
    ['rule', { rule: 'F811' }],
    ['file', { file: 'b.py' }],
    ['linter', { linter: 'PYTHON_FLAKE8' }],
    ['message', { message: '`sys` imported but unused' }],
  ])('is another with another %s', (_, more) => {
    expect(fingerprintOf(finding(more))).not.toBe(fingerprintOf(finding()));
  });
});

describe('before and after', () => {
  it('counts findings that share a fingerprint', () => {
    const before = [finding({ line: 1 }), finding({ line: 2 }), finding({ line: 3 })];
    const after = [finding({ line: 2 }), finding({ rule: 'E711' })];
    const { gone, left, fresh } = compareFindings(before, after);
    expect([gone.length, left.length]).toEqual([2, 1]);
    expect(fresh).toEqual([finding({ rule: 'E711' })]);
  });

  const findings = fc.array(
    fc.record({
      linter: fc.constantFrom('A', 'B'),
      rule: fc.constantFrom('x', 'y'),
      file: fc.constantFrom('a', 'b'),
      line: fc.option(fc.integer({ min: 1, max: 99 })),
      message: fc.constantFrom('one 1', 'one 2', 'two'),
    }),
    { maxLength: 12 },
  );

  it('loses none and makes up none', () => {
    fc.assert(
      fc.property(findings, findings, (before, after) => {
        const { gone, left, fresh } = compareFindings(before, after);
        expect(gone.length + left.length).toBe(before.length);
        expect(left.length + fresh.length).toBe(after.length);
      }),
    );
  });

  it('of the same findings in any order finds nothing gone and nothing new', () => {
    fc.assert(
      fc.property(findings, (before) => {
        const { gone, fresh } = compareFindings(before, before.toReversed());
        expect([gone, fresh]).toEqual([[], []]);
      }),
    );
  });
});
