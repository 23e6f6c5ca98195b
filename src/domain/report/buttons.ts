/** What can be pressed on a check that has ended: GitHub shows three at most. */
import type { RunDocument } from '../run/run-document.ts';

/** Names are sent back when one is pressed; a label has 20 characters at most, a description 40. Source: REST, "Create a check run". */
export const BUTTONS = {
  rerun_failed: { label: 'Re-run failed', description: 'Keeps what is done of this commit' },
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

function namesFor({ verdict, plan }: RunDocument): ButtonName[] {
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
      return plan === null ? ['explain'] : ['rerun_failed', 'explain'];
  }
}
