/** What a repository of the sandbox holds: a fixture's files, settings, and the stage files as they are rendered. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BuilderWorkflow } from '../src/domain/build/builder.ts';
import { FORK_CHECK_FILE } from '../src/domain/fork/fork-check.ts';
import {
  ownPlanFiles,
  renderForkCheck,
  renderStageFiles,
  type StageSources,
} from '../src/domain/stage/render-stage-files.ts';
import { STAGE_TABLE, STAGES } from '../src/domain/stage/stage-table.ts';

const STAGES_FOLDER = fileURLToPath(new URL('../stages/', import.meta.url));
const FIXTURES_FOLDER = fileURLToPath(new URL('./fixtures/', import.meta.url));

export type FixtureName = 'clean' | 'lint-errors' | 'vulnerable' | 'failing-build';

/** By path; null removes a file. */
export type Files = Map<string, string | Buffer | null>;

export const fixtureFiles = (name: FixtureName): Promise<[string, Buffer][]> => filesOf(join(FIXTURES_FOLDER, name));

export interface SetUp {
  readonly registryHost: string;
  readonly builder: BuilderWorkflow | null;
}

export async function setUpFiles(settings: string, { registryHost, builder }: SetUp): Promise<Files> {
  const sources = await stageSources();
  const rendered = renderStageFiles(sources, { builder, timeoutMinutes: {} });
  return new Map<string, string | Buffer | null>([
    ['.github/slsa-pipeline.yml', `${settings}image:\n  registry: ${registryHost}\n`],
    ...STAGES.map((stage) => [`.github/workflows/${STAGE_TABLE[stage].file}`, rendered[stage]] as const),
    [`.github/workflows/${FORK_CHECK_FILE}`, renderForkCheck(sources, builder)],
    ...(builder === null ? ownPlanFiles(sources) : []),
  ]);
}

export async function stageSources(): Promise<StageSources> {
  const files = new Map((await filesOf(STAGES_FOLDER)).map(([path, bytes]) => [path, bytes.toString('utf8')]));
  const stages = Object.fromEntries(STAGES.map((stage) => [stage, files.get(STAGE_TABLE[stage].file) ?? '']));
  const program = files.get('builder/plan/plan.mjs') ?? '';
  // Made from STAGES above, which `fromEntries` forgets.
  return {
    stages: stages as StageSources['stages'],
    builder: files.get('builder/build-image.yml') ?? '',
    forkCheck: files.get(FORK_CHECK_FILE) ?? '',
    plan: {
      action: files.get('builder/plan/action.yml') ?? '',
      program,
      programSha256: createHash('sha256').update(program).digest('hex'),
    },
  };
}

async function filesOf(folder: string): Promise<[string, Buffer][]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    files.map(async (file): Promise<[string, Buffer]> => [
      relative(folder, file).replace(/\.fixture$/, ''),
      await readFile(file),
    ]),
  );
}
