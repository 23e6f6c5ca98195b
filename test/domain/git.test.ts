import { describe, expect, it } from '@jest/globals';
import { GitRef } from '../../src/domain/git.ts';

describe('a full ref', () => {
  it.each([
    'refs/heads/main',
    'refs/heads/feature/a-b_c',
    'refs/tags/v1.0.0',
    'refs/pull/7/head',
    'refs/heads/a$(id)"\';{0}',
  ])('is accepted as git accepts it: %s', (ref) => {
    expect(GitRef.safeParse(ref).success).toBe(true);
  });

  it.each([
    'main',
    'refs/heads/',
    'refs/heads/a b',
    'refs/heads/a..b',
    'refs/heads/.a',
    'refs/heads/a.lock',
    'refs/heads/a~1',
    'refs/heads/a\u0007',
    'refs/heads/a/',
    'refs/pull/x/head',
    'refs/notes/x',
  ])('is refused as git refuses it: %j', (ref) => {
    expect(GitRef.safeParse(ref).success).toBe(false);
  });
});
