/** What lint found, reduced from MegaLinter's reports. */
import { z } from 'zod';

export const LintFinding = z.object({
  linter: z.string(),
  rule: z.string(),
  file: z.string(),
  line: z.number().int().positive().nullable(),
  message: z.string(),
});
export type LintFinding = z.infer<typeof LintFinding>;

export const LintResult = z.object({
  /** Linters that ran. */
  linters: z.number().int().nonnegative(),
  files: z.number().int().nonnegative(),
  /** Findings of linters that failed: what the gate counts. */
  errors: z.number().int().nonnegative(),
  /** Findings of linters that are set not to fail, and warnings of those that passed: shown, never counted. */
  warnings: z.number().int().nonnegative(),
  failedLinters: z.array(z.object({ linter: z.string(), errors: z.number().int().positive() })),
  /** The first few, for the summary; all of them are in the artifact. */
  findings: z.array(LintFinding),
  /** Absent reports and unreadable ones are told apart, so that an empty list is never mistaken for a clean one. */
  findingsFrom: z.enum(['sarif', 'no_sarif', 'unreadable_sarif']),
});
export type LintResult = z.infer<typeof LintResult>;
