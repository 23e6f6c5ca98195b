/** By what runs can be found in Temporal: lists and pages ask for these. Names of people and titles are in the memo. */
import type { Assessment } from '../evidence/assessment.ts';
import type { RunDocument } from './run-document.ts';

/** Search attributes of a run; all of Temporal's type `Keyword`, registered by the worker when it starts. */
export const SEARCH_ATTRIBUTES = {
  repository: 'SlsaRepository',
  ref: 'SlsaRef',
  commit: 'SlsaCommit',
  preset: 'SlsaPreset',
  digest: 'SlsaDigest',
  outcome: 'SlsaOutcome',
  level: 'SlsaLevel',
} as const;
export type SearchAttribute = keyof typeof SEARCH_ATTRIBUTES;

/** What is known of a run by now; what is not known yet is left out. The repository goes by its id, which no rename changes. */
export function searchable({
  request,
  plan,
  outcomes,
  evidence,
  verdict,
}: RunDocument): Partial<Record<SearchAttribute, string>> {
  const built = outcomes.build?.kind === 'finished' ? outcomes.build.result : null;
  return {
    repository: String(request.repository.id),
    ref: request.ref,
    commit: request.sha,
    ...(plan === null ? {} : { preset: plan.preset }),
    ...(built?.kind === 'built' ? { digest: built.digest } : {}),
    ...(verdict === null ? {} : { outcome: verdict.kind }),
    ...(evidence?.kind === 'assessed' ? { level: levelOf(evidence.assessment) } : {}),
  };
}

const levelOf = ({ result, level }: Assessment): string => (result === 'failed' ? 'failed' : `L${level}`);
