import Sequencer from '@jest/test-sequencer';

/** Test files in an order that a seed decides, instead of by size and by how long they took before. */
export default class ShuffledSequencer extends Sequencer {
  sort(tests) {
    const next = numbersFrom(Number(process.env.SHUFFLE_SEED));
    return tests
      .toSorted((a, b) => (a.path < b.path ? -1 : 1))
      .map((test) => ({ test, rank: next() }))
      .toSorted((a, b) => a.rank - b.rank)
      .map(({ test }) => test);
  }
}

/** Numbers in [0, 1), the same ones for the same seed. Source: mulberry32, a public-domain generator by Tommy Ettinger. */
function numbersFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
