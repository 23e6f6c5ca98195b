/** Which outcomes of an earlier attempt still hold for the next one. */
import type { StageOutcome, StageOutcomes } from '../stage/stage-outcome.ts';
import { STAGES, type Stage } from '../stage/stage-table.ts';
import { haveSameExceptions, type Plan } from './plan.ts';
import type { PreviousRun } from './previous-run.ts';
import { judge } from './verdict.ts';

/** What each stage's result was made from: without it, the result speaks of something else. */
const MADE_FROM: Readonly<Record<Stage, readonly Stage[]>> = {
  lint: [],
  build: [],
  sbom: ['build'],
  scan: ['sbom'],
  sign: ['build'],
  attest: ['sbom', 'scan'],
  verify: ['sign', 'attest'],
};

/**
 * Keeps what finished and passes today's gates, as long as everything it was made from is kept too. Nothing is kept
 * where the commit, the image or the stage files are others.
 */
export function keptOutcomes(
  previous: PreviousRun,
  { sha, plan, from }: { readonly sha: string; readonly plan: Plan; readonly from: Stage | null },
): StageOutcomes {
  if (previous.sha !== sha || previous.plan === null || !isSameWork(previous.plan, plan)) return {};
  const kept: { [S in Stage]?: StageOutcome<S> } = {};
  // What was made from the stage that is asked for again is left out with it: it would speak of another.
  for (const stage of STAGES) if (stage !== from) keepOne({ stage, previous, plan, kept });
  return kept;
}

interface Keeping<S extends Stage> {
  readonly stage: S;
  readonly previous: PreviousRun;
  readonly plan: Plan;
  readonly kept: { [T in Stage]?: StageOutcome<T> };
}

function keepOne<S extends Stage>({ stage, previous, plan, kept }: Keeping<S>): void {
  const outcome: StageOutcome<S> | undefined = previous.outcomes[stage];
  const isWhole = MADE_FROM[stage].every((needed) => kept[needed] !== undefined);
  if (outcome?.kind !== 'finished' || !isWhole || !plan.stages.includes(stage)) return;
  // What counts as a finding was settled when the report was read.
  if (stage === 'scan' && previous.plan !== null && !haveSameExceptions(previous.plan, plan)) return;
  if (judge(stage, outcome, plan.gates).kind !== 'stop') Object.assign(kept, { [stage]: outcome });
}

/** Gates and preset may differ: they are judged anew. What was built, and by which files, may not. */
const isSameWork = (a: Plan, b: Plan): boolean => work(a) === work(b);

const work = ({ image, stageFiles, signing, builder }: Plan): string =>
  JSON.stringify([
    image.name,
    image.tag,
    image.dockerfile,
    image.context,
    image.target,
    image.platforms,
    Object.entries(image.buildArgs).toSorted(([a], [b]) => a.localeCompare(b)),
    STAGES.map((stage) => stageFiles[stage].file),
    signing,
    builder,
  ]);
