/** The fix pull request's words: the linters' before and after, what is left and why, what it cost. */
import { shortRef, shortSha, type CommitSha, type GitRef } from '../git.ts';
import { codeSpan, inertMarkdown } from '../report/plain-text.ts';
import { countOf } from '../run/verdict.ts';
import type { Proof, ProofRow } from './proof.ts';
import { describeUse, type ModelUse } from './repair-outcome.ts';
import type { LeftAlone } from './repair-scope.ts';

/** A finding that the model leaves to people, and why. */
export interface LeftWithReason {
  readonly linter: string;
  readonly rule: string;
  readonly reason: string;
}

export interface ProposalWords {
  readonly ref: GitRef;
  readonly sha: CommitSha;
  readonly proof: Proof;
  /** Addresses of the two lint runs. */
  readonly runs: { readonly before: string; readonly after: string };
  readonly changed: { readonly files: number; readonly lines: number };
  readonly left: readonly LeftWithReason[];
  readonly leftAlone: readonly LeftAlone[];
  readonly use: ModelUse | null;
  /** How the branch came to be, where that is not the usual way. */
  readonly notes: readonly string[];
}

export const LABELS = ['automated-fix', 'needs-review'] as const;
/** Added where a model took part. */
export const AI_LABEL = 'ai-generated';

export function proposalTitle({ ref, sha, proof: { before, after } }: ProposalWords): string {
  return `Fix ${before - after} of ${countOf(before, 'lint error')} on ${inertMarkdown(shortRef(ref), 80)} (${shortSha(sha)})`;
}

export function proposalBody(words: ProposalWords): string {
  const { proof, runs, ref, sha, use, changed, leftAlone, notes } = words;
  const { before, after } = proof;
  return [
    `Lint was run again on this branch: **${before} before, ${after} after, 0 new** ([before](${runs.before}), [after](${runs.after})).`,
    '',
    '| linter | rule | before | after | repaired by |',
    '| --- | --- | --- | --- | --- |',
    ...proof.rows.map((row) => rowOf(row, words)),
    '',
    ...(leftAlone.length === 0
      ? []
      : ['Left as it is:', '', ...leftAlone.map(({ why, findings }) => `- ${findings}: ${inertMarkdown(why)}`), '']),
    `${countOf(changed.lines, 'line')} in ${countOf(changed.files, 'file')} changed, each where a finding is, or near one. ${use === null ? "The linters' own fixers did it: no model was asked." : describeUse(use)}`,
    '',
    `Made for commit ${codeSpan(shortSha(sha))}; if ${codeSpan(shortRef(ref))} moves on, it is made again or closed. It is a draft: somebody reads it before it counts, and nothing merges it but a person.`,
    ...(notes.length === 0 ? [] : ['', ...notes.map((note) => `- ${inertMarkdown(note)}`)]),
  ].join('\n');
}

function rowOf({ linter, rule, before, after, by }: ProofRow, { left }: ProposalWords): string {
  const why = left.find((each) => each.linter === linter && each.rule === rule);
  const leftWords = after === 0 ? '' : why === undefined ? 'left' : `left: ${inertMarkdown(why.reason, 160)}`;
  const hands = by === null ? '' : WORDS_OF[by];
  const who = [hands, leftWords].filter((part) => part !== '').join('; ');
  return `| ${inertMarkdown(linter, 60)} | ${inertMarkdown(rule, 80)} | ${before} | ${after} | ${who} |`;
}

const WORDS_OF = { fixers: "the linter's own fixer", model: 'model', 'fixers and model': 'fixer and model' } as const;

/** Said where a newer commit's repair takes the place of an older one's. */
export const replacedBy = (pullRequest: number): string =>
  `A newer commit has its own repair: #${pullRequest}. This one is closed, and its branch is left to whoever wants it.`;

export const notNeededAnyMore = (sha: CommitSha): string =>
  `${codeSpan(shortSha(sha))} passes the linters by itself, so this is not needed any more. Its branch is left to whoever wants it.`;
