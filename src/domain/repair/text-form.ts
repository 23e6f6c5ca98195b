/** How a text is written, beside what it says: line ends, encoding, and characters that are not what they look like. */
import type { LintFinding } from '../lint/lint-result.ts';

export interface FormedChange {
  readonly before: string;
  readonly after: string;
  readonly findings: readonly LintFinding[];
}

interface Form {
  readonly why: string;
  readonly isOdd: (change: FormedChange) => boolean;
}

const saysSo = ({ findings }: FormedChange, about: RegExp): boolean =>
  findings.some(({ rule, message }) => about.test(rule) || about.test(message));

const LINE_ENDS = /line.?ending|crlf|linebreak-style|end.?of.?line|carriage|new-lines/i;
const LAST_LINE = /final.?newline|eol-last|newline at end|end of file|W292|W391|MD047|insert_final|trailing blank/i;

const count = (text: string, part: string): number => text.split(part).length - 1;
const lineEnds = (text: string): string => {
  const crlf = count(text, '\r\n');
  const lf = count(text, '\n') - crlf;
  const cr = count(text, '\r') - crlf;
  return `${crlf > 0} ${lf > 0} ${cr > 0}`;
};

/** Bidirectional controls reorder what people see (CVE-2021-42574); Unicode's UAX #9. */
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
/** Nothing is seen of them: zero-width marks, soft hyphens, fillers, tags, and variation selectors beyond emoji's. */
const INVISIBLE =
  /[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2800\u3000\ufff9-\ufffb\u{1d173}-\u{1d17a}\u2060-\u2065\u206a-\u206f\u3164\ufe00-\ufe0e\uffa0\ufeff\u{e0000}-\u{e0fff}]/gu;
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/gu;
/** Letters of other scripts that pass for Latin ones. Source: Unicode's UTS #39, confusables. */
const LOOKALIKE =
  /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Coptic}\uff01-\uff5e\u{1d400}-\u{1d7ff}]/u;

const hasNew = (pattern: RegExp, { before, after }: FormedChange): boolean =>
  (after.match(pattern) ?? []).length > (before.match(pattern) ?? []).length;

/** Words with such letters that the file did not have; a file in another script may bring words of it, but none that mixes. */
function hasHomoglyphs({ before, after }: FormedChange): boolean {
  const known = new Set(words(before));
  // In a file of plain letters a name with any other is none that was meant.
  const isPlain = !/[^\x00-\x7f]/.test([...known].join(''));
  if (isPlain && words(after).some((word) => /[^\x00-\x7f]/.test(word))) return true;
  const isOfAnotherScript = words(before).some((word) => LOOKALIKE.test(word) && !/[A-Za-z]/.test(word));
  return words(after).some(
    (word) => !known.has(word) && LOOKALIKE.test(word) && (!isOfAnotherScript || /[A-Za-z]/.test(word)),
  );
}

const words = (text: string): readonly string[] => text.match(/[\p{L}\p{N}_]+/gu) ?? [];

const FORMS: readonly Form[] = [
  {
    why: 'has other line ends than before',
    isOdd: (change) =>
      lineEnds(change.before) !== lineEnds(change.after) && change.before.includes('\n') && !saysSo(change, LINE_ENDS),
  },
  {
    why: 'ends with a newline where it did not, or does not any more',
    isOdd: (change) => change.before.endsWith('\n') !== change.after.endsWith('\n') && !saysSo(change, LAST_LINE),
  },
  {
    why: 'has a byte order mark that it did not have, or lost it',
    isOdd: ({ before, after }) => before.startsWith('\ufeff') !== after.startsWith('\ufeff'),
  },
  { why: 'holds characters that could not be read', isOdd: (change) => hasNew(/\ufffd/gu, change) },
  { why: 'brings in marks that turn the direction of text', isOdd: (change) => hasNew(BIDI, change) },
  { why: 'brings in characters that nobody sees', isOdd: (change) => hasNew(INVISIBLE, change) },
  { why: 'brings in control characters', isOdd: (change) => hasNew(CONTROL, change) },
  { why: 'brings in letters that pass for others', isOdd: hasHomoglyphs },
];

export const whyTextIsOdd = (change: FormedChange): string[] =>
  FORMS.filter(({ isOdd }) => isOdd(change)).map(({ why }) => why);
