/** MegaLinter's JSON report in its simple mode. Source: oxsecurity/megalinter, `JsonReporter`. */
import { z } from 'zod';

export const MEGALINTER_JSON = 'megalinter-reports/mega-linter-report.json';
export const MEGALINTER_SARIF = 'megalinter-reports/megalinter-report.sarif';
/**
 * What linters printed of what they found, by their key: written by stage 00 from MegaLinter's own log files. Beside the folder of
 * the reports, which is its container's.
 */
export const LINTER_LOGS = 'linter-logs.json';

const count = z.number().int().nonnegative().nullish();

const Linter = z.object({
  /** Its key: `PYTHON_RUFF`. */
  name: z.string(),
  /** The tool's own name: `ruff`. */
  linter_name: z.string().nullish(),
  status: z.enum(['success', 'warning', 'error']),
  /** Whether it counts: settings can let errors pass, and the status stays `error` all the same. */
  return_code: z.number().int().nullish(),
  total_number_errors: count,
  total_number_warnings: count,
  files_number: count,
  files: z.array(z.unknown()).nullish(),
});
export type Linter = z.infer<typeof Linter>;

export const MegaLinterJson = z.object({
  linters: z.array(Linter),
  status: z.enum(['success', 'warning', 'error']),
  return_code: z.number().int(),
  /** 1 when a fixer has changed a file. With `FAIL_IF_UPDATED_SOURCES` MegaLinter then fails even without findings. */
  has_updated_sources: z.number().int().nullish(),
});

/** Older versions do not say what a linter returned. */
export const hasFailed = ({ return_code: code, status }: Pick<Linter, 'return_code' | 'status'>): boolean =>
  code === null || code === undefined ? status === 'error' : code !== 0;

/** A failed linter has at least one error: its count is read from the tool's text by regex, and may be 0. */
export const errorsOf = (linter: Linter): number => Math.max(1, linter.total_number_errors ?? 0);
