/** What the App answers to commands: short, with the nearest thing that the person may do. */
import type { CommitSha } from '../git.ts';
import type { Problem } from '../problem.ts';
import { codeSpan, inertMarkdown, markedCode } from '../report/plain-text.ts';
import { STAGE_TABLE } from '../stage/stage-table.ts';
import type { RerunMode } from '../run/trigger.ts';
import { COMMANDS, mayDo, nearestCommand, type Access, type CommandName } from './command-grammar.ts';

const ACCESS_WORDS = {
  none: 'no access',
  read: 'read access',
  write: 'write access',
  maintain: 'maintain access',
} as const;

const entries = Object.entries(COMMANDS) as [CommandName, (typeof COMMANDS)[CommandName]][];

export function helpReply(access: Access): string {
  const rows = entries.map(
    ([, { usage, does, needs }]) =>
      `| ${codeSpan(usage)} | ${does} | ${mayDo(access, needs) ? 'yes' : `needs ${ACCESS_WORDS[needs]}`} |`,
  );
  return [
    '| command | does | you may |',
    '| --- | --- | --- |',
    ...rows,
    '',
    'One command a line, several a comment.',
  ].join('\n');
}

export const refusedReply = (name: CommandName): string =>
  `${codeSpan(`/slsa ${name}`)} needs ${ACCESS_WORDS[COMMANDS[name].needs]} to this repository, which you do not have. Anybody who can read may ask for ${codeSpan('/slsa status')}, ${codeSpan('/slsa explain')} and ${codeSpan('/slsa help')}.`;

export function unknownReply(text: string): string {
  const nearest = nearestCommand(text);
  if (nearest === null) {
    const names = entries.map(([name]) => codeSpan(name)).join(', ');
    return `I don't know ${codeSpan(text)}. I know ${names}: ${codeSpan('/slsa help')} says what each does.`;
  }
  const isMisused = text.split(' ')[0] === nearest;
  const said = isMisused
    ? 'I know the command, and not these words of it'
    : `Did you mean ${codeSpan(`/slsa ${nearest}`)}?`;
  return `I don't know ${codeSpan(text)}. ${said}${isMisused ? ':' : ' It is written'} ${codeSpan(COMMANDS[nearest].usage)}.`;
}

/** An approval is for a commit that somebody has read: any other one is named, and not approved. */
export const otherCommitReply = (asked: string, head: CommitSha): string =>
  `I approve nothing: you name ${codeSpan(asked)}, and the pull request stands at ${codeSpan(head)}. Read what has changed, then comment ${codeSpan(`/slsa approve ${head.slice(0, 12)}`)}.`;

export const NOTHING_TO_APPROVE =
  'There is nothing to approve: this pull request comes from a branch of this repository, and its check counts as it is.';

export const refusedApprovalReply = ({ message, next }: Problem): string =>
  `I approve nothing: ${inertMarkdown(message)} ${markedCode(next)}`;

export function approvedReply(sha: CommitSha, isReleased: boolean): string {
  const released = isReleased ? 'Its check was held back by GitHub, and now runs. ' : '';
  return `${released}The check of ${codeSpan(sha.slice(0, 12))} counts, once it has passed: for this commit, and for no other. Nothing is dispatched, signed or attested by it.`;
}

export const fixReply = (sha: CommitSha): string =>
  `Repairing the lint errors of ${codeSpan(sha.slice(0, 7))}: a pull request comes once the linters have confirmed it. The check \`SLSA pipeline\` shows how it goes.`;

export const NO_FIX_FOR_FORKS =
  'This pull request comes from a fork, where this App writes nothing: its author can run the linters there with their fixers.';

export const NO_PULL_REQUEST = 'This is not an open pull request, so there is no commit to speak of.';

export const NO_RUN = `There is no run of this commit yet. ${codeSpan('/slsa rerun all')} starts one.`;

export function whatIsKept(mode: RerunMode): string {
  if (mode === 'all') return ', from the beginning.';
  if (mode === 'failed') return '. What still holds of the last attempt is kept.';
  return ` from ${STAGE_TABLE[mode].title}: what was not made from it is kept.`;
}
