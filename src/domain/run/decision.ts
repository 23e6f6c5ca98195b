/** A choice that the pipeline made by itself, kept with its reason and shown. */
import { z } from 'zod';

export const Decision = z.object({
  kind: z.enum([
    'stage_kept',
    'stage_not_needed',
    'state_injected',
    'gate_passed',
    'gate_stopped',
    'repair_skipped',
    'repair_proposed',
    'model_asked',
    'dispatched_again',
    'stage_retried',
    'issue_tracked',
    'run_superseded',
    'run_cancelled',
    'run_not_wanted',
    'pipeline_changed_by_pull_request',
    'late_result_ignored',
    'flags_refused',
    'stage_files_differ',
    'rule_applied',
    'floor_applied',
    'exception_ended',
    'skip_not_obeyed',
    'settings_change',
    'not_vouched_for',
  ]),
  /** A sentence that says what was decided and why. */
  reason: z.string(),
});
export type Decision = z.infer<typeof Decision>;

export const decision = (kind: Decision['kind'], reason: string): Decision => ({ kind, reason });
