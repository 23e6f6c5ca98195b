/** The one comment that a pull request may have of ours: what a person has to do, and later that nobody has to. */
import { shortSha } from '../git.ts';
import type { RunDocument } from '../run/run-document.ts';
import { checkName } from './check-report.ts';
import { mistakeLines } from './check-sections.ts';
import { codeSpan, inertMarkdown, markedCode } from './plain-text.ts';

/** By it the comment is found again (`replyToComment`). */
export const STICKY_MARKER = 'needs-a-person';

const MAX_MISTAKES = 10;

export interface StickyComment {
  readonly text: string;
  /** False where the comment is only of use if an earlier one asks for a person. */
  readonly needsPerson: boolean;
}

/** Null where the run says nothing that would change what is asked for. */
export function stickyComment(document: RunDocument): StickyComment | null {
  const { verdict, request } = document;
  if (verdict === null || ['superseded', 'cancelled', 'no_result'].includes(verdict.kind)) return null;
  const where = `the check ${codeSpan(checkName(document))} of ${codeSpan(shortSha(request.sha))}`;
  if (verdict.kind !== 'action_required') {
    return { text: `Nothing here waits for a person any more: see ${where}.`, needsPerson: false };
  }
  const mistakes = mistakeLines({ ...document, mistakes: document.mistakes.slice(0, MAX_MISTAKES) });
  const lines = [
    `**${inertMarkdown(verdict.title)}**`,
    '',
    ...mistakes,
    ...(verdict.next === '' ? [] : [`What you can do: ${markedCode(verdict.next)}`, '']),
    `All of it is in ${where}. This comment is kept up to date.`,
  ];
  return { text: lines.join('\n'), needsPerson: true };
}
