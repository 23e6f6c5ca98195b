/** What AUTO_FIX did, in the check: the pull request, or why there is none, and what it cost. */
import { describeRepair, describeUse } from '../repair/repair-outcome.ts';
import type { RunDocument } from '../run/run-document.ts';
import { inertMarkdown, markedCode } from './plain-text.ts';

export function repairSection({ repair }: RunDocument): string[] {
  if (repair === undefined) return [];
  const told = markedCode(describeRepair(repair));
  if (repair.kind === 'already_proposed') return ['**Repair**', '', `${told} ${linkTo(repair.url)}`, ''];
  const cost = repair.use === null ? '' : ` ${markedCode(describeUse(repair.use))}`;
  const link = repair.kind === 'proposed' ? ` ${linkTo(repair.url)}` : '';
  const notes = repair.notes.map((note) => `- ${inertMarkdown(note)}`);
  return ['**Repair**', '', `${told}${link}${cost}`, ...(notes.length === 0 ? [] : ['', ...notes]), ''];
}

/** GitHub's own address of it. */
const linkTo = (url: string): string => `([open](${encodeURI(url)}))`;
