/** The commit status: one line, of at most 140 characters (GitHub refuses longer ones). */
import type { RunDocument } from '../run/run-document.ts';
import { VERDICT_TABLE } from '../run/verdict.ts';
import { statusContext } from './check-report.ts';
import { plainLine } from './plain-text.ts';

export const MAX_STATUS_DESCRIPTION = 140;

export interface StatusReport {
  readonly state: 'pending' | 'success' | 'failure' | 'error';
  readonly context: string;
  readonly description: string;
}

/** Null where this run sets no status: it was not wanted or ended before its plan was known, or the settings say so. */
export function statusReport(document: RunDocument): StatusReport | null {
  if (document.plan?.updateCommitStatus !== true) return null;
  const context = statusContext(document);
  if (document.verdict === null) return { state: 'pending', context, description: 'SLSA pipeline is running' };
  const state = VERDICT_TABLE[document.verdict.kind].status;
  if (state === null) return null;
  return { state, context, description: plainLine(describe(document), MAX_STATUS_DESCRIPTION) };
}

function describe({ verdict }: RunDocument): string {
  if (verdict === null) return '';
  if (verdict.kind === 'success') return verdict.title;
  return verdict.kind === 'failure' ? `failed: ${verdict.title}` : verdict.title;
}
