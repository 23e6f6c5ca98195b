/** A completed Actions run → a stage's outcome: the artifact by exact name, run and attempt, checked and reduced. */
import type { ActionsRun, Artifact } from '../src/adapters/github/actions.ts';
import { ArchiveError, fetchArchive, MAX_ARCHIVE_BYTES } from '../src/adapters/github/artifact-archive.ts';
import type { GitHub } from '../src/adapters/github/github.ts';
import { problem, type Problem } from '../src/domain/problem.ts';
import type { StageOutcome, StageResults, StageRun } from '../src/domain/stage/stage-outcome.ts';
import { artifactName } from '../src/domain/stage/stage-artifact.ts';
import { unusable, type Reading } from '../src/domain/stage/stage-report.ts';
import type { StageInput } from '../src/domain/stage/stage-step.ts';
import { STAGE_TABLE, type Stage } from '../src/domain/stage/stage-table.ts';
import { readArchive } from './read-archive.ts';

const RERUN = 'Open the stage run, then comment `/slsa rerun failed`.';

export async function collectOutcome(github: GitHub, input: StageInput, actionsRun: ActionsRun): Promise<StageOutcome> {
  const run = toStageRun(actionsRun);
  const conclusion = actionsRun.conclusion ?? 'none';
  if (conclusion === 'cancelled') return { kind: 'cancelled', run, by: 'somebody on GitHub' };
  const artifacts = await github
    .repository(input.repository)
    .actions.artifacts(run.actionsRunId, artifactName(input.stage, run.attempt));
  const artifact = newest(artifacts);
  if (artifact === null) return withoutArtifact(github, input, { run, conclusion });
  const pinned: StageRun = { ...run, artifact: { id: artifact.id, name: artifact.name } };
  const reading = await readArtifact(github, input, { artifact, conclusion });
  return reading.kind === 'read'
    ? { kind: 'finished', run: pinned, result: reading.result }
    : { kind: 'errored', run: pinned, problem: reading.problem };
}

export const toStageRun = (run: ActionsRun): StageRun => ({
  actionsRunId: run.id,
  attempt: run.run_attempt,
  url: run.html_url,
  conclusion: run.conclusion ?? 'none',
  startedAt: run.run_started_at ?? run.created_at,
  endedAt: run.updated_at,
  artifact: null,
});

const newest = (artifacts: readonly Artifact[]): Artifact | null =>
  artifacts.toSorted((a, b) => (b.created_at ?? '').localeCompare(a.created_at ?? ''))[0] ?? null;

interface Ended {
  readonly run: StageRun;
  readonly conclusion: string;
}

/** No result is never a clean result; whose fault it is, the jobs tell. */
async function withoutArtifact(github: GitHub, input: StageInput, { run, conclusion }: Ended): Promise<StageOutcome> {
  const { title } = STAGE_TABLE[input.stage];
  const jobs = conclusion === 'failure' ? await github.repository(input.repository).actions.jobs(run.actionsRunId) : [];
  const failed = jobs.flatMap(({ steps }) => steps ?? []).find((each) => each.conclusion === 'failure');
  const where = failed === undefined ? 'none of its steps ran' : `its step "${failed.name}" failed`;
  const message =
    conclusion === 'success'
      ? `${title} ended without a report, although its run says success: no result is never a clean result.`
      : `${title} ended ${conclusion} without a report: ${where}.`;
  const code = failed === undefined && conclusion !== 'success' ? 'never_started' : 'artifact_missing';
  return { kind: 'errored', run, problem: problem(code, 'nobody_here', message, RERUN) };
}

interface Left {
  readonly artifact: Artifact;
  readonly conclusion: string;
}

async function readArtifact(
  github: GitHub,
  input: StageInput,
  { artifact, conclusion }: Left,
): Promise<Reading<StageResults[Stage]>> {
  const { title } = STAGE_TABLE[input.stage];
  if (artifact.size_in_bytes > MAX_ARCHIVE_BYTES) {
    const message = `${title}: its artifact has ${artifact.size_in_bytes} bytes, more than the ${MAX_ARCHIVE_BYTES} that are read.`;
    return unusable(
      problem('artifact_too_large', 'person', message, 'Make the report smaller (exclude generated files), then push.'),
    );
  }
  const expired = unusable(problem('artifact_expired', 'nobody_here', `${title}: its artifact has expired.`, RERUN));
  if (artifact.expired) return expired;
  try {
    const archive = await download(github, input, artifact);
    const expected = { stage: input.stage, commit: input.commit, ...input.expected };
    return archive === null ? expired : await readArchive({ archive, expected, conclusion });
  } catch (error) {
    if (error instanceof ArchiveError) return unusable(archiveProblem(input.stage, error));
    throw error;
  }
}

/** An address lives a minute: where it has lapsed, one fresh one is asked for. */
async function download(github: GitHub, input: StageInput, artifact: Artifact): Promise<Buffer | null> {
  const { actions } = github.repository(input.repository);
  const digest = artifact.digest ?? null;
  const address = await actions.artifactLocation(artifact.id);
  if (address === null) return null;
  try {
    return await fetchArchive(github.archives, address, digest);
  } catch (error) {
    const isLapsed = error instanceof ArchiveError && ['expired_address', 'unavailable'].includes(error.fault);
    if (!isLapsed) throw error;
    const fresh = await actions.artifactLocation(artifact.id);
    return fresh === null ? null : fetchArchive(github.archives, fresh, digest);
  }
}

function archiveProblem(stage: Stage, error: ArchiveError): Problem {
  const codes = {
    refused_host: 'artifact_unreadable',
    unavailable: 'github_unavailable',
    expired_address: 'github_unavailable',
    too_large: 'artifact_too_large',
    changed: 'artifact_changed',
    not_a_zip: 'artifact_unreadable',
  } as const;
  return problem(codes[error.fault], 'nobody_here', `${STAGE_TABLE[stage].title}: ${error.message}.`, RERUN);
}
