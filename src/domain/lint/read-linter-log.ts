/**
 * A linter's own output → findings, where it writes no SARIF. Two forms cover those that MegaLinter runs: a line that begins
 * with a place (`file:line:column: message`), and one that names a file which is not as the tool would write it.
 */
import { plainLine } from '../report/plain-text.ts';
import type { LintFinding } from './lint-result.ts';
import type { Linter } from './megalinter-json.ts';
import { MAX_MESSAGE } from './read-sarif.ts';

const MAX_LOG = 512 * 1024;
const MAX_LINE = 1000;
const MAX_LINES = 20_000;

export function readLinterLog(linter: Pick<Linter, 'name' | 'linter_name' | 'files'>, log: string): LintFinding[] {
  const tool = plainLine(linter.linter_name ?? linter.name, 60);
  const files = new Set((linter.files ?? []).filter((file) => typeof file === 'string'));
  const lines = log.slice(0, MAX_LOG).split('\n', MAX_LINES);
  const found = lines.map((line) => findingOf(plainLine(line, MAX_LINE), { tool, files }));
  return found.filter((finding) => finding !== null);
}

interface Reading {
  readonly tool: string;
  /** What the linter looked at: only these are taken for files where no line number stands beside them. */
  readonly files: ReadonlySet<string>;
}

function findingOf(line: string, reading: Reading): LintFinding | null {
  const place = /^([^\s:][^:]{0,300}):(\d{1,7})(?::\d{1,7})?:? (.+)$/.exec(line);
  const [, file = '', number = '', message = ''] = place ?? [];
  if (place !== null && looksLikePath(file)) {
    const { rule, text } = ruleIn(message);
    return { linter: reading.tool, rule, file, line: Number(number), message: plainLine(text, MAX_MESSAGE) };
  }
  return wholeFile(line, reading);
}

/** A sentence may have a colon too. */
const looksLikePath = (text: string): boolean => !text.includes(' ') || text.includes('/');

/** `[warn] src/a.json`, `would reformat src/a.py`: the tool names the file, and nothing within it. */
function wholeFile(line: string, { tool, files }: Reading): LintFinding | null {
  const file = line.split(' ').find((word) => files.has(word));
  if (file === undefined) return null;
  return { linter: tool, rule: '', file, line: null, message: `is not as ${tool} would write it` };
}

/** `E711 Comparison to None`, `error MD022/blanks-around-headings …`, `… [SC2086]`, `… (rule-name)`. */
function ruleIn(message: string): { readonly rule: string; readonly text: string } {
  const first = /^(?:(?:error|warning|info|note|style):? )?([A-Z]{1,10}\d{1,6}(?:\/[a-z-]{1,60})?):? (.+)$/.exec(
    message,
  );
  if (first !== null) return { rule: first[1] ?? '', text: first[2] ?? '' };
  const bracket = Math.max(message.lastIndexOf(' ['), message.lastIndexOf(' ('));
  const last = bracket < 0 ? null : /^ [[(]([\w@/.-]{2,80})[\])]$/.exec(message.slice(bracket));
  return last === null ? { rule: '', text: message } : { rule: last[1] ?? '', text: message.slice(0, bracket) };
}
