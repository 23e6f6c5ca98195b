/** Whether a repository's stage files are those that this App renders: compared by the names that git gives to contents. */
import { createHash } from 'node:crypto';
import type { BuilderWorkflow } from '../src/domain/build/builder.ts';
import { FORK_CHECK_FILE } from '../src/domain/fork/fork-check.ts';
import { renderForkCheck, renderStageFiles, type StageSources } from '../src/domain/stage/render-stage-files.ts';
import { STAGE_TABLE, type Stage } from '../src/domain/stage/stage-table.ts';

export const WORKFLOWS_FOLDER = '.github/workflows';

export interface StageFileFacts {
  /** The operator's isolated builder; null where repositories build for themselves. */
  readonly builder: BuilderWorkflow | null;
  /** The stage files as shipped: what a repository has is compared with their rendering. */
  readonly sources: StageSources;
}

export interface StageFile {
  readonly file: string;
  readonly timeoutMinutes: number;
}

export type Standing =
  | 'as_rendered'
  | 'differs'
  | 'missing'
  /** Under another name it is the repository's own, which there is nothing to compare with. */
  | 'own';

/** @param found blob SHAs of the folder's files, by name */
export function standingOf(
  stage: Stage,
  { file, timeoutMinutes }: StageFile,
  { facts, found }: { readonly facts: StageFileFacts; readonly found: ReadonlyMap<string, string> },
): Standing {
  if (file !== STAGE_TABLE[stage].file) return 'own';
  const sha = found.get(file);
  if (sha === undefined) return 'missing';
  const { builder, sources } = facts;
  const rendered = renderStageFiles(sources, { builder, timeoutMinutes: { [stage]: timeoutMinutes } });
  return sha === blobSha(rendered[stage]) ? 'as_rendered' : 'differs';
}

/** Where there is none, pull requests from forks have no check, which is told there. */
export const differsFromForkCheck = (facts: StageFileFacts, found: ReadonlyMap<string, string>): boolean =>
  found.has(FORK_CHECK_FILE) && found.get(FORK_CHECK_FILE) !== blobSha(renderForkCheck(facts.sources, facts.builder));

/** As git names a file's content. Source: git-hash-object(1). */
function blobSha(text: string): string {
  const bytes = Buffer.from(text, 'utf8');
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}
