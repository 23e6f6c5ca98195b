/** Globs from settings: what they match, and that no pattern takes long. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { matchesRefPattern } from '../../src/domain/settings/ref-pattern.ts';

describe('a ref pattern', () => {
  it.each([
    ['main', 'main', true],
    ['main', 'mai', false],
    ['release/*', 'release/1.0', true],
    ['release/*', 'release/1.0/x', false],
    ['release/**', 'release/1.0/x', true],
    ['release/*', 'release-evil/1', false],
    ['**', 'a/b/c', true],
    ['*', 'a/b', false],
    ['*', '', true],
    ['v?', 'v1', true],
    ['v?', 'v', false],
    ['v?', 'v/', false],
    ['*.*', 'v1.0', true],
    ['a.c', 'abc', false],
    ['**/x', 'a/b/x', true],
  ])('%s and %s: %j', (pattern, name, expected) => {
    expect(matchesRefPattern(name, pattern)).toBe(expected);
  });

  it('T24: is matched in the product of the lengths, however it is made', () => {
    expect(matchesRefPattern('a'.repeat(250), `${'*a'.repeat(90)}*b`)).toBe(false);
  });

  it('without wildcards matches itself and nothing else', () => {
    const plain = fc.stringMatching(/^[a-z/.-]{1,20}$/);
    fc.assert(fc.property(plain, plain, (pattern, name) => matchesRefPattern(name, pattern) === (pattern === name)));
  });
});
