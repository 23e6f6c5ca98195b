/**
 * `/slsa …` in a comment. A command stands at the start of a line of its own; what is quoted (`>`), indented as code or
 * fenced is somebody else's words.
 */
import { distance } from 'fastest-levenshtein';
import { plainLine } from '../report/plain-text.ts';
import { RerunMode } from '../run/trigger.ts';
import { Exception } from '../settings/settings-schema.ts';
import { STAGES, type Stage } from '../stage/stage-table.ts';

/** What `/slsa explain` is asked about. */
export type ExplainTopic =
  | { readonly kind: 'run' }
  | { readonly kind: 'stage'; readonly stage: Stage }
  | { readonly kind: 'level' }
  | { readonly kind: 'policy' }
  /** A vulnerability by its id, or a lint rule by its name. */
  | { readonly kind: 'finding'; readonly id: string };

export type Command =
  | { readonly kind: 'rerun'; readonly mode: RerunMode }
  | { readonly kind: 'fix' }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'status' }
  | { readonly kind: 'explain'; readonly about: ExplainTopic }
  | { readonly kind: 'accept'; readonly exception: Exception }
  /** The beginning of a commit's SHA, twelve digits at least. */
  | { readonly kind: 'approve'; readonly sha: string }
  | { readonly kind: 'help' }
  | { readonly kind: 'unknown'; readonly text: string };

export type CommandName = Exclude<Command['kind'], 'unknown'>;

/** What somebody may do in the repository, the least first. */
export const ACCESS = ['none', 'read', 'write', 'maintain'] as const;
export type Access = (typeof ACCESS)[number];

export const mayDo = (has: Access, needs: Access): boolean => ACCESS.indexOf(has) >= ACCESS.indexOf(needs);

/** More commands in one comment than anybody means. */
const MAX_COMMANDS = 5;
const MAX_COMMENT = 65_536;
const MAX_FINDING = 100;

interface Row {
  readonly usage: string;
  readonly does: string;
  readonly needs: Access;
  /** Null where the words after the command are not its own. */
  parse(words: readonly string[]): Command | null;
}

/** One row a command; a word that no row takes is answered with the nearest one. */
export const COMMANDS: Readonly<Record<CommandName, Row>> = {
  rerun: {
    usage: `/slsa rerun [failed|all|${STAGES.join('|')}]`,
    does: 'starts again, by default from the first failed stage; what still holds of this commit is kept',
    needs: 'write',
    parse([word = 'failed', ...rest]) {
      const mode = RerunMode.options.find((each) => each === word);
      return mode === undefined || rest.length > 0 ? null : { kind: 'rerun', mode };
    },
  },
  fix: {
    usage: '/slsa fix',
    does: 'proposes repairs of the lint errors, which the same linters have confirmed',
    needs: 'write',
    parse: (words) => (words.length === 0 ? { kind: 'fix' } : null),
  },
  cancel: {
    usage: '/slsa cancel',
    does: 'ends the run of this pull request',
    needs: 'write',
    parse: (words) => (words.length === 0 ? { kind: 'cancel' } : null),
  },
  status: {
    usage: '/slsa status',
    does: 'says how far the run is, and what started it',
    needs: 'read',
    parse: (words) => (words.length === 0 ? { kind: 'status' } : null),
  },
  explain: {
    usage: `/slsa explain [${STAGES.join('|')}|level|policy|<CVE, GHSA or lint rule>]`,
    does: 'says what was expected, what was found, where, and how to see it for yourself',
    needs: 'read',
    parse: (words) => (words.length > 1 ? null : { kind: 'explain', about: topicOf(words[0]) }),
  },
  accept: {
    usage: '/slsa accept <CVE or GHSA> [<package URL>] until <date> <reason>',
    does: 'opens a pull request on the settings that accepts a vulnerability until that day',
    needs: 'maintain',
    parse: parseAccept,
  },
  approve: {
    usage: '/slsa approve <commit, 12 digits or more>',
    does: "lets the read-only check of a fork's pull request count, for exactly that commit",
    needs: 'write',
    parse([sha = '', ...rest]) {
      return /^[0-9a-f]{12,40}$/.test(sha) && rest.length === 0 ? { kind: 'approve', sha } : null;
    },
  },
  help: {
    usage: '/slsa help',
    does: 'lists these, and what you may do',
    needs: 'read',
    parse: (words) => (words.length === 0 ? { kind: 'help' } : null),
  },
};

const NAMES = Object.keys(COMMANDS) as CommandName[];

function topicOf(word: string | undefined): ExplainTopic {
  if (word === undefined) return { kind: 'run' };
  if (word === 'level' || word === 'policy') return { kind: word };
  const stage = STAGES.find((each) => each === word);
  return stage === undefined ? { kind: 'finding', id: word.slice(0, MAX_FINDING) } : { kind: 'stage', stage };
}

function parseAccept(words: readonly string[]): Command | null {
  const at = words.indexOf('until');
  const [id, ...packages] = words.slice(0, at < 0 ? 0 : at);
  const [until, ...reason] = words.slice(at + 1);
  if (at < 0 || packages.length > 1) return null;
  const [name] = packages;
  const wanted = {
    id,
    until,
    reason: plainLine(reason.join(' '), 300),
    ...(name === undefined ? {} : { package: name }),
  };
  const parsed = Exception.safeParse(wanted);
  return parsed.success ? { kind: 'accept', exception: parsed.data } : null;
}

export function parseCommands(comment: string): Command[] {
  return ownLines(comment.slice(0, MAX_COMMENT))
    .flatMap((line) => {
      const match = /^\/slsa(?:[ \t]+(.*))?$/.exec(line);
      return match === null ? [] : [match[1] ?? ''];
    })
    .slice(0, MAX_COMMANDS)
    .map(parseCommand);
}

function parseCommand(text: string): Command {
  const [name = '', ...words] = text.trim().split(/[ \t]+/);
  const known = NAMES.find((each) => each === name);
  const parsed = known === undefined ? null : COMMANDS[known].parse(words);
  return parsed ?? { kind: 'unknown', text: plainLine(text, 100) };
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

/** What to say to a command that is not one: the nearest name, or the command whose words were not understood. */
export function nearestCommand(text: string): CommandName | null {
  const [word = ''] = text.split(' ');
  const nearest = NAMES.map((name) => ({ name, steps: distance(word.slice(0, 40), name) })).toSorted(
    (a, b) => a.steps - b.steps,
  )[0];
  return nearest !== undefined && nearest.steps <= 2 ? nearest.name : null;
}
