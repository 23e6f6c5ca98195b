/** The input of a run: facts of the event, small, and no secrets. */
import { z } from 'zod';
import { CommitSha, GitRef } from '../git.ts';
import { Repository } from '../repository.ts';
import { Timing } from './timing.ts';
import { Trigger } from './trigger.ts';

export const RunRequest = z.object({
  repository: Repository,
  ref: GitRef,
  sha: CommitSha,
  attempt: z.number().int().positive(),
  triggers: z.array(Trigger).min(1),
  /** GitHub's id of the delivery that started it: the receipt that people can look up. */
  delivery: z.string().max(100).nullable(),
  /** Workflow id of the attempt whose outcomes may be kept. */
  resumes: z.string().nullable(),
  timing: Timing,
  /** Lint and build are dispatched at once: the runs before were all superseded while they linted. */
  overlapsBuild: z.boolean(),
  /** Of the check run that already says that this run waits; null where none was made yet. */
  checkRunId: z.number().int().positive().nullable(),
});
export type RunRequest = z.infer<typeof RunRequest>;
