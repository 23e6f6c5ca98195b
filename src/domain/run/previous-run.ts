/**
 * An earlier run's result, parsed whole: by activities, since workflows share their modules frozen and parse nothing
 * (docs/architecture.md). An outcome that an older version wrote in another shape is left out, and so done again.
 */
import { parseFinishedOutcome, type StageOutcome, type StageOutcomes } from '../stage/stage-outcome.ts';
import { STAGES, type Stage } from '../stage/stage-table.ts';
import { RunResult } from './run-document.ts';

export type PreviousRun = Omit<RunResult, 'outcomes'> & { readonly outcomes: StageOutcomes };

export function parsePreviousRun(value: unknown): PreviousRun | null {
  const parsed = RunResult.safeParse(value);
  if (!parsed.success) return null;
  const outcomes: { [S in Stage]?: StageOutcome<S> } = {};
  for (const stage of STAGES) {
    const outcome = parseFinishedOutcome(stage, parsed.data.outcomes[stage]);
    if (outcome !== null) Object.assign(outcomes, { [stage]: outcome });
  }
  return { ...parsed.data, outcomes };
}
