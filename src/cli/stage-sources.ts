/** The stage files as they are shipped, beside the program. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { STAGE_FILES } from '../adapters/program-files.ts';
import { FORK_CHECK_FILE } from '../domain/fork/fork-check.ts';
import type { StageSources } from '../domain/stage/render-stage-files.ts';
import { STAGE_TABLE, STAGES, type Stage } from '../domain/stage/stage-table.ts';

export function readStageSources(): StageSources {
  const text = (file: string): string => readFileSync(fileURLToPath(new URL(file, STAGE_FILES)), 'utf8');
  const stages = Object.fromEntries(STAGES.map((stage) => [stage, text(STAGE_TABLE[stage].file)]));
  const program = text('builder/plan/plan.mjs');
  // One entry a key, as made above: `fromEntries` forgets the keys' names.
  return {
    stages: stages as Record<Stage, string>,
    builder: text('builder/build-image.yml'),
    forkCheck: text(FORK_CHECK_FILE),
    plan: { action: text('builder/plan/action.yml'), program, programSha256: sha256(program) },
  };
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
