/**
 * `/slsa …` in a comment. A command stands at the start of a line of its own; what is quoted (`>`), indented as code or
 * fenced is somebody else's words.
 */
import { distance } from 'fastest-levenshtein';
import { plainLine } from '../report/plain-text.ts';
import type { RerunCommand } from '../run/messages.ts';
import { RerunMode } from '../run/trigger.ts';

/** More commands in one comment than anybody means. */
const MAX_COMMANDS = 5;
const MAX_COMMENT = 65_536;

interface Row {
  readonly name: string;
  parse(words: readonly string[]): RerunCommand | null;
}

/** One row a command; a word that no row takes is answered with the nearest one. */
const GRAMMAR: readonly Row[] = [
  {
    name: 'rerun',
    parse([word = 'failed', ...rest]) {
      const mode = RerunMode.options.find((each) => each === word);
      return mode === undefined || rest.length > 0 ? null : { kind: 'rerun', mode };
    },
  },
];

export function parseCommands(comment: string): RerunCommand[] {
  return ownLines(comment.slice(0, MAX_COMMENT))
    .flatMap((line) => {
      const match = /^\/slsa(?:[ \t]+(.*))?$/.exec(line);
      return match === null ? [] : [match[1] ?? ''];
    })
    .slice(0, MAX_COMMANDS)
    .map(parseCommand);
}

function parseCommand(text: string): RerunCommand {
  const [name = '', ...words] = text.trim().split(/[ \t]+/);
  const row = GRAMMAR.find((each) => each.name === name);
  return row?.parse(words) ?? { kind: 'unknown', text: plainLine(text, 100) };
}

/** Lines outside code fences. A fence closes with at least as many of its own characters (CommonMark 4.5). */
function ownLines(comment: string): string[] {
  const own: string[] = [];
  let fence: string | null = null;
  for (const line of comment.split(/\r?\n/)) {
    const marker = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (fence !== null) {
      if (marker?.startsWith(fence) === true && line.trim() === marker) fence = null;
    } else if (marker !== undefined) fence = marker;
    else own.push(line.trimEnd());
  }
  return own;
}

/** What to say to a command that is not one. */
export function nearestCommand(text: string): string | null {
  const [word = ''] = text.split(' ');
  const nearest = GRAMMAR.map(({ name }) => ({ name, steps: distance(word.slice(0, 40), name) })).toSorted(
    (a, b) => a.steps - b.steps,
  )[0];
  return nearest !== undefined && nearest.steps <= 2 ? nearest.name : null;
}
