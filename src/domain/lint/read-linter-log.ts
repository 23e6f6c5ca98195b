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
  const lines = log
    .slice(0, MAX_LOG)
    .split('\n', MAX_LINES)
    .map((line) => plainLine(line, MAX_LINE));
  const placed = lines.map((line) => placedFinding(line, tool)).filter((finding) => finding !== null);
  return placed.length > 0 ? placed : wholeFiles(lines, tool, linter.files ?? []);
}

function placedFinding(line: string, tool: string): LintFinding | null {
  const place = /^([^\s:][^:]{0,300}):(\d{1,7})(?::\d{1,7})?:? (.+)$/.exec(line);
  const [, file = '', number = '', message = ''] = place ?? [];
  if (place === null || !looksLikePath(file)) return null;
  const { rule, text } = ruleIn(message);
  return { linter: tool, rule, file, line: Number(number), message: plainLine(text, MAX_MESSAGE) };
}

/** A sentence may have a colon too. */
const looksLikePath = (text: string): boolean => !text.includes(' ') || text.includes('/');

/**
 * `[warn] src/a.json`, `would reformat src/a.py`: a formatter names the file, and nothing within it. Only files that it looked at
 * count, and only where a line is about one of them: others tell what is going to be looked at.
 */
function wholeFiles(lines: readonly string[], tool: string, looked: readonly unknown[]): LintFinding[] {
  const files = new Set(looked.filter((file) => typeof file === 'string'));
  const named = lines.flatMap((line) => {
    // `--> src/a.py:1:10`: where the first difference is says nothing of the others.
    const plain = line.startsWith('--> ') ? line.replace(/:\d{1,7}:\d{1,7}$/, '') : line;
    const words = plain.split(' ').filter((word) => files.has(word));
    return words.length === 1 && plain.endsWith(words[0] ?? '') ? words : [];
  });
  const message = `is not as ${tool} would write it`;
  return [...new Set(named)].map((file) => ({ linter: tool, rule: '', file, line: null, message }));
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
