/** What can be pressed on a check that has ended: GitHub shows three at most. */
import { whyNoRepairHere } from '../repair/repair-wanted.ts';
import type { RunDocument } from '../run/run-document.ts';

/** Names are sent back when one is pressed; a label has 20 characters at most, a description 40. Source: REST, "Create a check run". */
export const BUTTONS = {
  rerun_failed: { label: 'Re-run failed', description: 'Keeps what is done of this commit' },
  fix_lint: { label: 'Fix lint', description: 'Proposes repairs that lint confirms' },
  explain: { label: 'Explain', description: 'What was expected, found, and where' },
  set_up: { label: 'Set up', description: 'Opens a pull request with settings' },
} as const;
export type ButtonName = keyof typeof BUTTONS;

export interface Button {
  readonly name: ButtonName;
  readonly label: string;
  readonly description: string;
}

export const buttonsOf = (document: RunDocument): Button[] =>
  namesFor(document).map((name) => ({ name, ...BUTTONS[name] }));

function namesFor({ verdict, plan, outcomes, repair, request }: RunDocument): ButtonName[] {
  if (verdict === null) return [];
  switch (verdict.kind) {
    case 'never_set_up':
      return ['set_up'];
    case 'success':
      return ['explain'];
    case 'not_wanted':
    case 'superseded':
      return [];
    case 'failure':
    case 'action_required':
    case 'no_result':
    case 'cancelled':
      if (plan === null) return ['explain'];
      return canFix({ outcomes, repair, request })
        ? ['fix_lint', 'rerun_failed', 'explain']
        : ['rerun_failed', 'explain'];
  }
}

/** Lint errors that nobody has proposed a repair for, where one could be. */
function canFix({
  outcomes: { lint },
  repair,
  request,
}: Pick<RunDocument, 'outcomes' | 'request'> & { readonly repair: RunDocument['repair'] | undefined }): boolean {
  const hasErrors = lint?.kind === 'finished' && lint.result.errors > 0;
  const isOpen = repair !== undefined && repair.kind !== 'nothing_proposed';
  return hasErrors && !isOpen && whyNoRepairHere(request) === null;
}
