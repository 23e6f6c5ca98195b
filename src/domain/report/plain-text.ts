/** Text of others, made harmless before it is kept or shown. */

// C0 and C1 controls, and the invisible or direction-changing characters that make text read otherwise than it is.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
const TAG_CHARACTERS = /[\u{e0000}-\u{e007f}]/gu;
const ANSI = /\u001b\[[0-9;?]*[ -/]*[@-~]/g;

/** One line of plain text: no escape sequences, control or invisible characters, and at most `max` characters. */
export function plainLine(text: string, max: number): string {
  const bounded = text.length > max * 8 ? text.slice(0, max * 8) : text;
  const clean = bounded
    .replace(ANSI, '')
    .replace(/[\r\n\t]+/g, ' ')
    .replace(UNSEEN, '')
    .replace(TAG_CHARACTERS, '')
    .toWellFormed()
    .trim();
  return clean.length > max ? `${clean.slice(0, max - 1).toWellFormed()}…` : clean;
}

/**
 * Plain text as inert Markdown: it renders as the characters it is. Mentions, issue references, links, images, HTML
 * and table breaks all lose their meaning.
 */
export const inertMarkdown = (text: string, max = 300): string => escapeMarkdown(plainLine(text, max));

/** The escape alone, for text that is one plain line already. */
export function escapeMarkdown(line: string): string {
  return (
    line
      .replace(/[&<>\\`*_[\]#|~$@]/g, (character) => `&#${character.codePointAt(0)};`)
      // GitHub looks for mentions and references once Markdown is text again: what follows must not touch the sign.
      .replace(/&#(64|35);/g, '&#$1;&#8203;')
      .replace(/\b(GH)-/gi, '$1-&#8203;')
      .replace(/(https?|ftp):/gi, '$1&#58;')
      .replace(/www\./gi, 'www&#46;')
  );
}

/** Text in a code span; a fence longer than any backtick run within keeps it closed. */
export function codeSpan(text: string, max = 200): string {
  const line = plainLine(text, max).replace(/\|/g, '\\|');
  if (line === '') return '';
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map((match) => match[0].length));
  const fence = '`'.repeat(longest + 1);
  const pad = line.startsWith('`') || line.endsWith('`') ? ' ' : '';
  return `${fence}${pad}${line}${pad}${fence}`;
}

/** Lines to be copied, whole; the fence is longer than any run of backticks within. */
export function codeBlock(lines: readonly string[], max = 8000): string[] {
  const clean = lines.map((line) => plainLine(line, max));
  const longest = Math.max(2, ...clean.flatMap((line) => [...line.matchAll(/`+/g)].map((match) => match[0].length)));
  const fence = '`'.repeat(longest + 1);
  return [fence, ...clean, fence];
}

/** Our own sentences carry code spans; what stands in and between them may come from a file, and is made inert. */
export const markedCode = (message: string): string =>
  plainLine(message, MAX_SENTENCE)
    .split('`')
    .map((part, index) => (index % 2 === 1 ? codeSpan(part) : escapeMarkdown(part)))
    .join('');

const MAX_SENTENCE = 600;
