/** Text that costs little to send and much to read is not read. */
import { describe, expect, it } from '@jest/globals';
import { parseJson } from '../../src/domain/stage/stage-report.ts';

describe('T23: JSON', () => {
  it.each([
    ['millions of empty objects', `[${'{},'.repeat(3_000_000)}{}]`],
    ['millions of numbers', `[${'0,'.repeat(3_000_000)}0]`],
    ['a hundred thousand levels', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['a string that never ends, full of escapes', `"${'\\\\"'.repeat(1_000_000)}`],
  ])('of %s is refused', (_, text) => {
    expect(parseJson(text).ok).toBe(false);
  });

  it('whose strings hold brackets is what it is', () => {
    expect(parseJson(JSON.stringify({ a: '[{'.repeat(1000), b: '\\"[' }))).toMatchObject({ ok: true });
  });
});
