/** `/slsa accept`: an exception written into the settings file, with everything else in it left as it stands. */
import { isSeq, parseDocument } from 'yaml';
import { readSettings } from './read-settings.ts';
import type { Exception } from './settings-schema.ts';

export type Accepted =
  | { readonly kind: 'text'; readonly text: string }
  /** In words that go on after "I cannot: ". */
  | { readonly kind: 'refused'; readonly why: string };

const refused = (why: string): Accepted => ({ kind: 'refused', why });

/** @param today as `2026-12-31` */
export function withException(text: string, exception: Exception, today: string): Accepted {
  if (exception.until < today) return refused(`${exception.until} is over, and an exception ends on its day`);
  const before = readSettings(text);
  if (before.kind === 'mistakes') return refused('the settings file has mistakes, which its check names');
  const isThere = (before.settings.exceptions ?? []).some((each) => JSON.stringify(each) === JSON.stringify(exception));
  if (isThere) return refused('the settings accept it already, until that day and for that reason');
  const hasKeys = parseDocument(text, { schema: 'core' }).contents !== null;
  const document = parseDocument(hasKeys ? text : `${text}\nexceptions: []\n`, { schema: 'core' });
  if (!isSeq(document.get('exceptions'))) document.set('exceptions', document.createNode([]));
  const entry = document.createNode(exception);
  entry.flow = true;
  document.addIn(['exceptions'], entry);
  const written = document.toString({ lineWidth: 0 });
  return readSettings(written).kind === 'settings'
    ? { kind: 'text', text: written }
    : refused('it does not fit into the settings file as it is written');
}
