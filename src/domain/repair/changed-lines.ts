/** Which lines of two texts differ: what is added, what is taken away, and where. */

export interface ChangedLines {
  /** Lines of the old text, from 1, that are not in the new one; for a mere insertion, the line that it stands after. */
  readonly at: readonly number[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Lines that were added or taken away, the larger of the two. */
  readonly count: number;
}

/** A table of more cells is not worth its memory: such texts count as changed from their first difference to their last. */
const MAX_CELLS = 4_000_000;

/** By longest common subsequence, after what both texts begin and end with. */
export function changedLines(before: string, after: string): ChangedLines {
  const [old, young] = [before.split('\n'), after.split('\n')];
  let start = 0;
  while (start < old.length && start < young.length && old[start] === young[start]) start += 1;
  let tail = 0;
  while (tail < old.length - start && tail < young.length - start && old.at(-1 - tail) === young.at(-1 - tail))
    tail += 1;
  const oldMiddle = old.slice(start, old.length - tail);
  const youngMiddle = young.slice(start, young.length - tail);
  const kept =
    oldMiddle.length * youngMiddle.length > MAX_CELLS ? new Map<number, number>() : common(oldMiddle, youngMiddle);
  const keptYoung = new Set(kept.values());
  const gone = oldMiddle.flatMap((_, index) => (kept.has(index) ? [] : [index]));
  const fresh = youngMiddle.flatMap((_, index) => (keptYoung.has(index) ? [] : [index]));
  // What stands in the place of a line that is gone is told by that one.
  const inserted = fresh.map((index) => insertedAfter(index, kept)).filter((index) => !gone.includes(index));
  return {
    at: [
      ...new Set([...gone.map((index) => start + index + 1), ...inserted.map((index) => Math.max(1, start + index))]),
    ].toSorted((a, b) => a - b),
    added: fresh.map((index) => youngMiddle[index] ?? ''),
    removed: gone.map((index) => oldMiddle[index] ?? ''),
    count: Math.max(gone.length, fresh.length),
  };
}

/** The line of the old text, from 1 within the middle, that the last line kept before this one is; 0 for none. */
function insertedAfter(index: number, kept: ReadonlyMap<number, number>): number {
  let last = 0;
  for (const [old, young] of kept) if (young < index) last = Math.max(last, old + 1);
  return last;
}

/** Index in the old lines → index in the new ones, of a longest common subsequence. */
function common(old: readonly string[], young: readonly string[]): Map<number, number> {
  const width = young.length + 1;
  const lengths = new Uint32Array((old.length + 1) * width);
  const at = (i: number, j: number): number => lengths[i * width + j] ?? 0;
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = young.length - 1; j >= 0; j -= 1) {
      lengths[i * width + j] = old[i] === young[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const kept = new Map<number, number>();
  for (let i = 0, j = 0; i < old.length && j < young.length;) {
    if (old[i] === young[j]) {
      kept.set(i, j);
      i += 1;
      j += 1;
    } else if (at(i + 1, j) >= at(i, j + 1)) i += 1;
    else j += 1;
  }
  return kept;
}
