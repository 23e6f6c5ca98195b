/** Deliveries that failed are asked for until they arrive: simulated against an endpoint that is down for a while. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  NOTHING_LOOKED_AT,
  planRedeliveries,
  type FailedDelivery,
} from '../../../src/domain/maintenance/redelivery.ts';

const TICK_MS = 5 * 60_000;
const failed = (id: number, more: Partial<FailedDelivery> = {}): FailedDelivery => ({
  id,
  guid: `g-${id}`,
  event: 'push',
  statusCode: 502,
  deliveredAt: '2026-11-27T15:00:00Z',
  ...more,
});

describe('what is asked for again', () => {
  it.each([
    [0, true],
    [408, true],
    [429, true],
    [500, true],
    [503, true],
    [400, false],
    [401, false],
    [413, false],
  ])('F4: an event that was answered with %i: %s', (statusCode, isAsked) => {
    expect(planRedeliveries(NOTHING_LOOKED_AT, [failed(1, { statusCode })], 0).redeliver).toEqual(isAsked ? [1] : []);
  });

  it('F4: events of use, each once a round, whatever number of times it has failed', () => {
    const failures = [failed(1), failed(2, { guid: 'g-1' }), failed(3, { event: 'star' })];
    expect(planRedeliveries(NOTHING_LOOKED_AT, failures, 0).redeliver).toEqual([2]);
  });
});

describe('over time', () => {
  it('F4: every event arrives once the endpoint is back, and is not asked for after that', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 600 }), fc.integer({ min: 0, max: 40 }), (events, downForTicks) => {
        let nextId = events + 1;
        let log = Array.from({ length: events }, (_, index) => failed(index + 1));
        let state = NOTHING_LOOKED_AT;
        const arrived = new Map<string, number>();
        for (let tick = 0; tick < downForTicks + 30; tick += 1) {
          const plan = planRedeliveries(
            state,
            log.filter(({ id }) => id > state.through),
            tick * TICK_MS,
          );
          state = plan.state;
          expect(plan.redeliver.length).toBeLessThanOrEqual(100);
          expect(JSON.stringify(state).length).toBeLessThan(32_000);
          for (const id of plan.redeliver) {
            const { guid } = log.find((each) => each.id === id)!;
            if (tick < downForTicks) log = [...log, failed((nextId += 1), { guid })];
            else arrived.set(guid, (arrived.get(guid) ?? 0) + 1);
          }
        }
        expect(arrived.size).toBe(events);
        expect([...arrived.values()].every((times) => times === 1)).toBe(true);
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});
