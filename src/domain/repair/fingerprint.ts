/**
 * Which finding is which, before a repair and after it: by linter, rule, file and message, and never by line, since a repair
 * moves lines. Several findings may share one, so they are counted.
 */
import type { LintFinding } from '../lint/lint-result.ts';

/** Numbers in messages are positions and sizes ("line 12", "88 > 79 characters"), which move too. */
export const fingerprintOf = ({ linter, rule, file, message }: Omit<LintFinding, 'line'>): string =>
  JSON.stringify([linter, rule, file, normalised(message)]);

const normalised = (message: string): string =>
  message
    .replaceAll(/\d+/g, '#')
    .split(/\s/)
    .filter((word) => word !== '')
    .join(' ')
    .toLowerCase();

export interface Comparison {
  /** Were there, and are not any more. */
  readonly gone: readonly LintFinding[];
  /** Are there as before. */
  readonly left: readonly LintFinding[];
  /** Were not there before. */
  readonly fresh: readonly LintFinding[];
}

/** A fingerprint that was there three times and is there five times has two new ones. */
export function compareFindings(before: readonly LintFinding[], after: readonly LintFinding[]): Comparison {
  const counts = new Map<string, number>();
  for (const finding of before) counts.set(fingerprintOf(finding), (counts.get(fingerprintOf(finding)) ?? 0) + 1);
  const left: LintFinding[] = [];
  const fresh: LintFinding[] = [];
  for (const finding of after) {
    const known = counts.get(fingerprintOf(finding)) ?? 0;
    if (known > 0) counts.set(fingerprintOf(finding), known - 1);
    (known > 0 ? left : fresh).push(finding);
  }
  const gone = before.toReversed().filter((finding) => {
    const remaining = counts.get(fingerprintOf(finding)) ?? 0;
    counts.set(fingerprintOf(finding), remaining - 1);
    return remaining > 0;
  });
  return { gone: gone.toReversed(), left, fresh };
}
