/**
 * The guard: whether a changed file may be proposed as the repair of its findings. The change is taken for hostile, since
 * whoever wrote the code may have written what the model does. Every refusal has a reason of its own (threat A2).
 */
import type { LintFinding } from '../lint/lint-result.ts';
import { changedLines, type ChangedLines } from './changed-lines.ts';
import { whyKept } from './guarded-path.ts';
import { hasMoreSyntaxErrors } from './syntax.ts';
import { whatIsBrought } from './brought-in.ts';
import { whyTextIsOdd } from './text-form.ts';

export interface Change {
  readonly path: string;
  readonly before: string;
  readonly after: string;
  /** Those of this file that are to be repaired. */
  readonly findings: readonly LintFinding[];
  /** A linter's fixer may rewrite a file whose form it complained of; a model changes lines near findings. */
  readonly by: 'fixers' | 'model';
}

export const GUARD_RULES = [
  'kept_file',
  'no_finding',
  'too_large',
  'nothing_changed',
  'emptied',
  'test_removed',
  'brings_in',
  'too_far',
  'too_much',
  'text_form',
  'manifest',
  'does_not_parse',
] as const;
export type GuardRule = (typeof GUARD_RULES)[number];

export interface Refusal {
  readonly rule: GuardRule;
  /** What is wrong, as the end of a sentence that begins with the path. */
  readonly why: string;
}

const MAX_CHARACTERS = 2 * 1024 * 1024;
/** How far from a finding a line may be that its repair changes. */
const NEAR_LINES = 5;
/** Of the file; and a short one may always change by as much as a finding needs. */
const MAX_SHARE = 0.3;
const ALWAYS_ALLOWED_LINES = 10;

/** Empty where nothing speaks against it. */
export function guard(change: Change): Refusal[] {
  const first = outright(change);
  if (first !== null) return [first];
  const changed = changedLines(change.before, change.after);
  return [
    ...ofRemoval(change, changed),
    ...whatIsBrought(changed).map((why): Refusal => ({ rule: 'brings_in', why })),
    ...ofExtent(change, changed),
    ...whyTextIsOdd(change).map((why): Refusal => ({ rule: 'text_form', why })),
    ...ofManifest(change),
    ...(hasMoreSyntaxErrors(change) ? [{ rule: 'does_not_parse', why: 'does not parse any more' } as const] : []),
  ];
}

/** What makes looking further pointless, or too dear. */
function outright({ path, before, after, findings }: Change): Refusal | null {
  const kept = whyKept(path);
  if (kept !== null) return { rule: 'kept_file', why: `is never touched: ${kept}` };
  if (findings.length === 0) return { rule: 'no_finding', why: 'has no finding that is to be repaired' };
  if (before.length > MAX_CHARACTERS || after.length > MAX_CHARACTERS)
    return { rule: 'too_large', why: `has more than ${MAX_CHARACTERS / 1024 / 1024} MB` };
  if (before === after) return { rule: 'nothing_changed', why: 'is as it was' };
  if (after.trim() === '') return { rule: 'emptied', why: 'would be empty' };
  return null;
}

/** How tests begin, in the languages that linters of ours know. */
const TEST =
  /\b(?:it|test|describe|context|specify)(?:\.\w{1,20})?\s?\(|\bdef test_|\bfunc Test|@Test\b|#\[test\]|\bTEST(?:_F)?\(/;

/** How tests are switched off, or the only ones left on. */
const SWITCHED_OFF =
  /\b(?:it|test|describe|context|suite)\.(?:skip|todo|only|fixme)\b|\bx(?:it|describe|test)\s?\(|\bmark\.(?:skip|xfail)|@(?:Disabled|Ignore|unittest\.skip)|#\[ignore|\bt\.Skip\(/;

/** A test that is moved or rewritten stays one. */
function ofRemoval({ findings }: Change, { removed, added }: ChangedLines): Refusal[] {
  const count = (lines: readonly string[]): number =>
    lines.filter((line) => TEST.test(line) && !SWITCHED_OFF.test(line)).length;
  const isOff = (lines: readonly string[]): number => lines.filter((line) => SWITCHED_OFF.test(line)).length;
  const isLost = count(removed) > count(added) || isOff(added) > isOff(removed);
  const isAsked = findings.some(({ rule }) => /duplicate|redefin|F811/i.test(rule));
  return isLost && !isAsked ? [{ rule: 'test_removed', why: 'loses a test' }] : [];
}

function ofExtent({ before, after, findings, by }: Change, { at, count }: ChangedLines): Refusal[] {
  const old = before.split('\n');
  const lines = Math.max(old.length, after.split('\n').length);
  const isMuch = by === 'model' && count > Math.max(ALWAYS_ALLOWED_LINES, Math.floor(lines * MAX_SHARE));
  // A finding without a line is about the file as a whole: what it may change, its share says.
  const places = findings.map(({ line }) => line);
  const near = places.includes(null)
    ? null
    : linesNear(
        places.filter((place) => place !== null),
        old,
      );
  const far = near === null ? undefined : at.find((line) => near[line] !== 1);
  return [
    ...(isMuch ? [{ rule: 'too_much', why: `changes ${count} of ${lines} lines` } as const] : []),
    ...(far === undefined ? [] : [{ rule: 'too_far', why: `changes line ${far}, where no finding is near` } as const]),
  ];
}

/** 1 at every line, from 1, that a finding is near to, or in whose block one is. */
function linesNear(places: readonly number[], lines: readonly string[]): Uint8Array {
  const near = new Uint8Array(lines.length + 2);
  for (const place of new Set(places)) {
    near.fill(1, Math.max(1, place - NEAR_LINES), Math.max(1, place + NEAR_LINES + 1));
    const [first, last] = blockAround(lines, place);
    near.fill(1, first, last + 1);
  }
  return near;
}

/** Longer than what one reads at once, a block justifies nothing. */
const MAX_BLOCK = 40;

/** The lines that are indented as deep as the finding's or deeper, with the line that opens them. */
function blockAround(lines: readonly string[], place: number): readonly [first: number, last: number] {
  const depthOf = (line: number): number => {
    const text = lines[line - 1] ?? '';
    return text.trim() === '' ? Number.POSITIVE_INFINITY : text.length - text.trimStart().length;
  };
  const depth = depthOf(place);
  if (depth === 0 || depth === Number.POSITIVE_INFINITY) return [place, place];
  let first = place;
  while (first > 1 && place - first < MAX_BLOCK && depthOf(first - 1) >= depth) first -= 1;
  let last = place;
  while (last < lines.length && last - place < MAX_BLOCK && depthOf(last + 1) >= depth) last += 1;
  return [Math.max(1, first - 1), Math.min(lines.length, last + 1)];
}

/** What a package is, what it runs and what it needs is for people: a linter has only its form to complain of. */
function ofManifest({ path, before, after }: Change): Refusal[] {
  if (path.split('/').at(-1) !== 'package.json') return [];
  const [old, young] = [json(before), json(after)];
  return old !== undefined && JSON.stringify(old) === JSON.stringify(young)
    ? []
    : [{ rule: 'manifest', why: 'says something else than before: of a manifest only its form is repaired' }];
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
