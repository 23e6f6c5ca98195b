/** The stage files as they are shipped, beside the program. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { STAGE_FILES } from '../adapters/program-files.ts';
import { FORK_CHECK_FILE } from '../domain/fork/fork-check.ts';
import type { StageSources } from '../domain/stage/render-stage-files.ts';
import { STAGE_TABLE, STAGES, type Stage } from '../domain/stage/stage-table.ts';

export function readStageSources(): StageSources {
  const text = (file: string): string => readFileSync(fileURLToPath(new URL(file, STAGE_FILES)), 'utf8');
  const stages = Object.fromEntries(STAGES.map((stage) => [stage, text(STAGE_TABLE[stage].file)]));
  // One entry a key, as made above: `fromEntries` forgets the keys' names.
  return {
    stages: stages as Record<Stage, string>,
    builder: text('builder/build-image.yml'),
    forkCheck: text(FORK_CHECK_FILE),
  };
}
