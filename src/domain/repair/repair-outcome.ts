/** How AUTO_FIX ended: what the way on, the check and the record of the run depend on. */
import { z } from 'zod';

/** What the model was asked, and what it cost: digests, since neither question nor answer is kept. */
export const ModelUse = z.object({
  model: z.string(),
  calls: z.number().int().nonnegative(),
  inputTokens: z.number().int().nonnegative(),
  outputTokens: z.number().int().nonnegative(),
  /** SHA-256 of the questions, and of the answers. */
  promptDigests: z.array(z.string()),
  answerDigests: z.array(z.string()),
});
export type ModelUse = z.infer<typeof ModelUse>;

const Notes = z.array(z.string()).max(20);

export const RepairOutcome = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('proposed'),
    pullRequest: z.number().int().positive(),
    url: z.string(),
    /** Findings before and after, by the same linters. */
    before: z.number().int().nonnegative(),
    after: z.number().int().nonnegative(),
    files: z.number().int().positive(),
    /** SHA-256 of the proposed tree's difference: its paths and blobs. */
    diffDigest: z.string(),
    use: ModelUse.nullable(),
    notes: Notes,
  }),
  /** By an earlier attempt at the same commit. */
  z.object({ kind: z.literal('already_proposed'), pullRequest: z.number().int().positive(), url: z.string() }),
  z.object({ kind: z.literal('nothing_proposed'), reason: z.string(), use: ModelUse.nullable(), notes: Notes }),
]);
export type RepairOutcome = z.infer<typeof RepairOutcome>;

/** "Pull request #12 repairs 14 of 16 findings": how it is told everywhere. */
export function describeRepair(repair: RepairOutcome): string {
  if (repair.kind === 'nothing_proposed') return `No repair was proposed: ${repair.reason}.`;
  if (repair.kind === 'already_proposed')
    return `Pull request #${repair.pullRequest} proposes the repair of this commit already.`;
  const { pullRequest, before, after } = repair;
  return `Pull request #${pullRequest} repairs ${before - after} of ${before} findings: linted again, and nothing new was found.`;
}

export const describeUse = ({ model, calls, inputTokens, outputTokens }: ModelUse): string =>
  `Model \`${model}\`, ${calls} ${calls === 1 ? 'question' : 'questions'}: ${thousands(inputTokens)} tokens in, ${thousands(outputTokens)} out.`;

/** Without the locale of a machine: 2310 is 2,310. */
const thousands = (count: number): string => String(count).replace(/\B(?=(?:\d{3}){1,5}$)/g, ',');
