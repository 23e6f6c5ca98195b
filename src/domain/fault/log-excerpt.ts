/** The few lines of a job's log that tell why it failed. What stands there is anybody's text: bounded, plain, and without secrets. */
import { plainLine } from '../report/plain-text.ts';
import { redact } from './redact.ts';

/** Before and after the first error: a linker's or a test's own words stand before it, a summary after it. */
const LINES_BEFORE = 18;
const LINES_AFTER = 5;
const MAX_LINE = 200;

/** Each line of a job's log begins with its time. Source: docs, "Using workflow run logs". */
const TIME_STAMP = /^\uFEFF?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z /;
const NOISE = /^##\[(?:endgroup|debug|command)\]/;
const ERROR = '##[error]';

/** A log's lines as people read them: without times, markers of groups and control characters. */
export function logLines(log: string): string[] {
  return redact(log)
    .split(/\r?\n/)
    .map((line) => line.replace(TIME_STAMP, ''))
    .filter((line) => line.trim() !== '' && !NOISE.test(line));
}

/** The lines round the first error; where none is marked, the last ones. */
export function logExcerpt(lines: readonly string[]): string[] {
  const error = lines.findIndex((line) => line.startsWith(ERROR));
  const at = error === -1 ? lines.length - 1 : error;
  return lines
    .slice(Math.max(0, at - LINES_BEFORE), at + LINES_AFTER + 1)
    .map((line) => plainLine(readable(line), MAX_LINE))
    .filter((line) => line !== '');
}

/** What the failed step said last: the words of the first marked error that says more than its exit code. */
export function errorLine(lines: readonly string[]): string | null {
  const errors = lines.filter((line) => line.startsWith(ERROR)).map((line) => plainLine(readable(line), MAX_LINE));
  return errors.find((line) => !/^Error: Process completed with exit code \d+\.?$/.test(line)) ?? errors[0] ?? null;
}

const readable = (line: string): string =>
  (line.startsWith(ERROR) ? `Error: ${line.slice(ERROR.length)}` : line).replace(/^##\[(group|warning)\]/, '');
