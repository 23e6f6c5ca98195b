/** Which commit of a ref runs next: the pure half of the coordinator. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CommitSha, GitRef } from '../../src/domain/git.ts';
import {
  addIntent,
  mayBeSuperseded,
  mayHaveSibling,
  nextMove,
  type ActiveRun,
  type PastRun,
  type RefIntent,
} from '../../src/domain/run/coordination.ts';
import { WEBHOOK_TIMING } from '../../src/domain/run/timing.ts';
import type { Trigger } from '../../src/domain/run/trigger.ts';

const sha = (letter: string): CommitSha => CommitSha.parse(letter.repeat(40));
const [A, B] = [sha('a'), sha('b')];
const REPOSITORY = {
  id: 1,
  owner: 'acme',
  ownerId: 2,
  name: 'app',
  defaultBranch: 'main',
  visibility: 'public',
  installationId: 3,
} as const;
const PUSH: Trigger = { kind: 'push', actor: 'kim' };
const PULL: Trigger = {
  kind: 'pull_request',
  actor: 'kim',
  number: 7,
  baseRef: 'main',
  baseSha: A,
  draft: false,
  fork: false,
};
const rerun = (mode: 'failed' | 'all'): Trigger => ({ kind: 'rerun', actor: 'kim', mode });
const intent = (more: Partial<RefIntent> = {}): RefIntent => ({
  repository: REPOSITORY,
  ref: GitRef.parse('refs/heads/main'),
  sha: A,
  triggers: [PUSH],
  delivery: null,
  timing: WEBHOOK_TIMING,
  ...more,
});
const past = (attempt: number, triggers: readonly Trigger[] | null = [PUSH]): PastRun => ({
  workflowId: `run-${attempt}`,
  attempt,
  triggers,
  wasSuperseded: false,
});
const active = (at: CommitSha, triggers: readonly Trigger[] = [PUSH]): ActiveRun => ({ ...past(1), sha: at, triggers });

describe('an approval', () => {
  const approval: Trigger = { kind: 'approval', actor: 'kim', sha: A, baseRef: 'main' };

  it('starts the commit again that it is for, and stands for its later re-runs', () => {
    const asked = intent({ triggers: [PULL, approval] });
    expect(nextMove({ active: null, look: { tip: A, past: [past(1, [PULL])] }, intent: asked })).toMatchObject({
      kind: 'start',
      request: { attempt: 2, triggers: [PULL, approval] },
    });
    const again = intent({ triggers: [rerun('failed')] });
    const look = { tip: A, past: [past(2, [PULL, approval])] };
    expect(nextMove({ active: null, look, intent: again })).toMatchObject({
      kind: 'start',
      request: { attempt: 3, triggers: [PULL, approval, rerun('failed')] },
    });
  });

  it('T2: starts nothing where the pull request has moved on, and is not carried over to what it moved to', () => {
    const asked = intent({ triggers: [PULL, approval] });
    expect(nextMove({ active: null, look: { tip: B, past: [] }, intent: asked })).toMatchObject({ kind: 'nothing' });
    const pushed = intent({ sha: B, triggers: [PULL] });
    expect(nextMove({ active: null, look: { tip: B, past: [] }, intent: pushed })).toMatchObject({
      kind: 'start',
      request: { sha: B, triggers: [PULL] },
    });
  });
});

describe('the next move', () => {
  it('starts the commit at the tip, whatever the event named', () => {
    expect(nextMove({ active: null, look: { tip: B, past: [] }, intent: intent({ sha: A }) })).toMatchObject({
      kind: 'start',
      request: { sha: B, attempt: 1, triggers: [PUSH], resumes: null },
    });
  });

  it('does nothing for an event that a run serves already', () => {
    expect(nextMove({ active: active(A), look: { tip: A, past: [] }, intent: intent() }).kind).toBe('nothing');
    expect(nextMove({ active: null, look: { tip: A, past: [past(1)] }, intent: intent() }).kind).toBe('nothing');
  });

  it('T7: does nothing for a replayed event of a commit whose history has expired', () => {
    expect(nextMove({ active: null, look: { tip: A, past: [past(1, null)] }, intent: intent() }).kind).toBe('nothing');
  });

  it('starts another attempt for a new trigger only where that asks for more', () => {
    const look = { tip: A, past: [past(1), past(2)] };
    expect(nextMove({ active: null, look, intent: intent({ triggers: [PULL] }) })).toMatchObject({
      kind: 'start_if_more',
      than: { attempt: 2 },
      request: { attempt: 3, triggers: [PUSH, PULL], resumes: 'run-2' },
    });
  });

  it('runs a commit again to which the ref came back after a newer one had taken its place', () => {
    const look = { tip: A, past: [{ ...past(1), wasSuperseded: true }] };
    expect(nextMove({ active: null, look, intent: intent() })).toMatchObject({
      kind: 'start',
      request: { attempt: 2, resumes: 'run-1' },
    });
  });

  it('takes a pull request that became ready, or changed its base, for news', () => {
    const look = { tip: A, past: [past(1, [PULL])] };
    const ready = { ...PULL, draft: true } as Trigger;
    const retargeted = { ...PULL, baseRef: 'next' } as Trigger;
    expect(nextMove({ active: null, look, intent: intent({ triggers: [ready] }) }).kind).toBe('start_if_more');
    expect(nextMove({ active: null, look, intent: intent({ triggers: [retargeted] }) }).kind).toBe('start_if_more');
    expect(nextMove({ active: null, look, intent: intent({ triggers: [PULL] }) }).kind).toBe('nothing');
  });

  it('starts nothing for a deletion that comes after the branch was made anew', () => {
    expect(nextMove({ active: null, look: { tip: A, past: [] }, intent: intent({ triggers: [] }) }).kind).toBe(
      'nothing',
    );
  });

  it('queues a re-run that is asked for while a run goes on', () => {
    expect(
      nextMove({ active: active(A), look: { tip: A, past: [] }, intent: intent({ triggers: [rerun('failed')] }) }),
    ).toMatchObject({ kind: 'start', request: { attempt: 2, resumes: 'run-1' } });
  });

  it('supersedes a run of an older commit', () => {
    expect(nextMove({ active: active(A), look: { tip: B, past: [] }, intent: intent({ sha: B }) })).toEqual({
      kind: 'supersede',
      by: B,
    });
  });

  it.each([
    ['failed', 'run-1'],
    ['all', null],
  ] as const)('re-runs (%s) as a new attempt of the same triggers, resuming %j', (mode, resumes) => {
    const move = nextMove({
      active: null,
      look: { tip: A, past: [past(1, [PULL, rerun('all')])] },
      intent: intent({ triggers: [rerun(mode)] }),
    });
    expect(move).toMatchObject({ kind: 'start', request: { attempt: 2, triggers: [PULL, rerun(mode)], resumes } });
  });

  it('re-runs no commit that is not the tip any more', () => {
    expect(
      nextMove({ active: null, look: { tip: B, past: [] }, intent: intent({ sha: A, triggers: [rerun('all')] }) }).kind,
    ).toBe('nothing');
  });
});

describe('the inbox', () => {
  it('makes one intent of several events, and keeps what somebody asked for by hand apart', () => {
    const events = [intent(), intent({ triggers: [PULL] }), intent({ sha: B })];
    expect(events.reduce<RefIntent[]>(addIntent, [])).toMatchObject([{ sha: B, triggers: [PUSH, PULL] }]);
    expect(
      [intent({ sha: B }), intent({ sha: A, triggers: [rerun('all')] })].reduce<RefIntent[]>(addIntent, []),
    ).toHaveLength(2);
  });

  it('F2: leads to the same triggers in any order, with any repetition', () => {
    const events = [intent(), intent({ triggers: [PULL] })];
    fc.assert(
      fc.property(fc.shuffledSubarray([...events, ...events, ...events], { minLength: 4 }), (order) => {
        const [merged] = order.reduce<RefIntent[]>(addIntent, []);
        const kinds = new Set(order.flatMap(({ triggers }) => triggers.map(({ kind }) => kind)));
        expect(new Set(merged?.triggers.map(({ kind }) => kind))).toEqual(kinds);
        expect(merged?.triggers).toHaveLength(kinds.size);
      }),
    );
  });
});

describe('F22: a run may be superseded', () => {
  it.each([
    ['a pull request branch, while it builds', 'refs/heads/x', [PUSH, PULL], true, true],
    ['a push branch before its build', 'refs/heads/x', [PUSH], false, true],
    ['a push branch while it builds', 'refs/heads/x', [PUSH], true, false],
    ['a tag', 'refs/tags/v1', [PUSH], false, false],
  ] as const)('%s', (_, ref, triggers, built, expected) => {
    expect(mayBeSuperseded({ ref: GitRef.parse(ref), triggers: [...triggers] }, built)).toBe(expected);
  });
});

describe('patience for a sibling event', () => {
  it.each([
    ['refs/heads/main', [PUSH], false],
    ['refs/tags/v1', [PUSH], false],
    ['refs/heads/x', [PUSH], true],
    ['refs/heads/x', [PUSH, PULL], false],
  ] as const)('%s %j: %j', (ref, triggers, expected) => {
    expect(mayHaveSibling(intent({ ref: GitRef.parse(ref), triggers: [...triggers] }))).toBe(expected);
  });
});
