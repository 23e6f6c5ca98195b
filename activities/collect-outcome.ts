/** A completed Actions run → a stage's outcome: the artifact by exact name, run and attempt, checked and reduced. */
import type { ActionsReader, ActionsRun, Artifact } from '../src/adapters/github/actions.ts';
import { ArchiveError, fetchArchive, MAX_ARCHIVE_BYTES } from '../src/adapters/github/artifact-archive.ts';
import type { GitHub } from '../src/adapters/github/github.ts';
import type { Diagnosis } from '../src/domain/fault/diagnosis.ts';
import { problem, type Problem, type ProblemCode } from '../src/domain/problem.ts';
import type { StageOutcome, StageResults, StageRun } from '../src/domain/stage/stage-outcome.ts';
import { artifactName } from '../src/domain/stage/stage-artifact.ts';
import { unusable, type Reading } from '../src/domain/stage/stage-report.ts';
import type { StageInput } from '../src/domain/stage/stage-step.ts';
import { STAGE_TABLE, type Stage } from '../src/domain/stage/stage-table.ts';
import { diagnoseFailure, explainCancellation, type Failed } from './diagnose-failure.ts';
import { readArchive } from './read-archive.ts';
import { artifactKey, type RecentBytes } from './recent-bytes.ts';
import { standingOf, WORKFLOWS_FOLDER, type StageFileFacts } from './stage-drift.ts';

const RERUN = 'Open the stage run, then comment `/slsa rerun failed`: what is done of this commit is kept.';

export interface Collecting {
  readonly github: GitHub;
  readonly facts: StageFileFacts;
  readonly input: Pick<StageInput, 'stage' | 'repository' | 'commit' | 'file' | 'timeoutMinutes' | 'expected'>;
  /** What was downloaded is kept for a while: a repair reads the same report again. */
  readonly recent?: RecentBytes;
  /** By the token that this run of Actions may be read with. */
  readonly reader: ActionsReader;
  /** The job that speaks for the stage, where the run has others too. */
  readonly job?: string;
}

export async function collectOutcome(collecting: Collecting, actionsRun: ActionsRun): Promise<StageOutcome> {
  const { input, reader } = collecting;
  const run = toStageRun(actionsRun);
  const conclusion = actionsRun.conclusion ?? 'none';
  if (conclusion === 'cancelled') return whenCancelled(collecting, run);
  const artifacts = await reader.artifacts(run.actionsRunId, artifactName(input.stage, run.attempt));
  const artifact = newest(artifacts);
  if (artifact === null) return withoutArtifact(collecting, run);
  const pinned: StageRun = { ...run, artifact: { id: artifact.id, name: artifact.name } };
  const reading = await readArtifact(collecting, { artifact, conclusion });
  if (reading.kind === 'unusable') return { kind: 'errored', run: pinned, problem: reading.problem };
  const outcome = { kind: 'finished', run: pinned, result: reading.result } as const;
  return hasFailedToBuild(outcome) ? explainBuild(collecting, outcome) : outcome;
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

const failedOf = ({ github, reader, job, input: { stage } }: Collecting, run: StageRun): Failed => ({
  stage,
  run,
  reader,
  archives: github.archives,
  ...(job === undefined ? {} : { job }),
});

/** A job's own time-out reads as cancelled too; only a person's word is taken for one. */
async function whenCancelled(collecting: Collecting, run: StageRun): Promise<StageOutcome> {
  const { stage, timeoutMinutes } = collecting.input;
  const why = await explainCancellation(failedOf(collecting, run));
  if (why.kind === 'cancelled') return { kind: 'cancelled', run, by: why.by };
  const message = `${STAGE_TABLE[stage].title}: its job had not ended after ${timeoutMinutes} minutes, and Actions ended it.`;
  const next = `Open its log; if it needs that long, raise \`stages.${stage}.timeout_minutes\`.`;
  return { kind: 'errored', run, problem: problem('ran_too_long', 'person', message, next) };
}

type Finished = Extract<StageOutcome, { kind: 'finished' }>;

const hasFailedToBuild = ({ result }: Finished): boolean => 'kind' in result && result.kind === 'failed';

/** A registry that was down is no failed build: but only where the builder's own words say so. */
async function explainBuild(collecting: Collecting, outcome: Finished): Promise<StageOutcome> {
  const { run } = outcome;
  const diagnosis = await diagnoseFailure(failedOf(collecting, run));
  if (diagnosis.kind !== 'infrastructure') return { ...outcome, diagnosis };
  const { title } = STAGE_TABLE[collecting.input.stage];
  const message = `${title} failed through no fault of the commit: ${diagnosis.evidence}.`;
  const found = { ...problem('infrastructure', 'nobody_here', message, RERUN), title: `${title} gave no result` };
  return { kind: 'errored', run, problem: found, diagnosis };
}

/** No result is never a clean result; whose fault it is, the jobs and their log tell. */
async function withoutArtifact(collecting: Collecting, run: StageRun): Promise<StageOutcome> {
  const { stage, file } = collecting.input;
  const { title } = STAGE_TABLE[stage];
  const { conclusion } = run;
  if (conclusion === 'success') {
    const message = `${title} (${file}) ended without a report, although its run says success: no result is never a clean result.`;
    return errored(run, problem('artifact_missing', 'nobody_here', message, RERUN), `${title} ended without a report`);
  }
  const diagnosis = await diagnoseFailure(failedOf(collecting, run));
  if (conclusion === 'startup_failure') {
    const refused = await refusedFile(collecting, run);
    if (refused !== null) return refused;
  }
  const code = codeOf(diagnosis);
  const message = `${title} (${file}) ended ${conclusion} without a report: ${diagnosis.evidence}. A stage without a report is never counted as clean.`;
  return { ...errored(run, problem(code, 'nobody_here', message, RERUN), `${title} gave no result`), diagnosis };
}

function codeOf({ kind, step, log }: Diagnosis): ProblemCode {
  if (kind !== 'infrastructure') return 'stage_crashed';
  return step === null && log.length === 0 ? 'never_ran' : 'infrastructure';
}

/** A file that GitHub cannot start will not start the next time either, where it is not ours: a person looks at it. */
async function refusedFile({ github, facts, input }: Collecting, run: StageRun): Promise<StageOutcome | null> {
  const { stage, file, timeoutMinutes, repository, commit } = input;
  const found = await github.repository(repository).contents.directoryAt(WORKFLOWS_FOLDER, commit);
  const standing = standingOf(stage, { file, timeoutMinutes }, { facts, found });
  if (standing === 'as_rendered') return null;
  const what = standing === 'own' ? "it is this repository's own file" : 'it is not the file that this App renders';
  const message = `${STAGE_TABLE[stage].title}: GitHub could not start ${WORKFLOWS_FOLDER}/${file}, and ${what}.`;
  const next = 'Open the run, where GitHub says what is wrong with the file; `slsa-pipeline init` writes it anew.';
  return errored(run, problem('stage_file_refused', 'person', message, next));
}

const errored = (run: StageRun, why: Problem, title?: string): Extract<StageOutcome, { kind: 'errored' }> => ({
  kind: 'errored',
  run,
  problem: title === undefined ? why : { ...why, title },
});

interface Left {
  readonly artifact: Artifact;
  readonly conclusion: string;
}

async function readArtifact(
  collecting: Collecting,
  { artifact, conclusion }: Left,
): Promise<Reading<StageResults[Stage]>> {
  const { input } = collecting;
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
    const archive = await download(collecting, artifact);
    if (archive !== null) collecting.recent?.keep(artifactKey(input.repository.id, artifact.id), archive);
    const expected = { stage: input.stage, commit: input.commit, ...input.expected };
    return archive === null ? expired : await readArchive({ archive, expected, conclusion });
  } catch (error) {
    if (error instanceof ArchiveError) return unusable(archiveProblem(input.stage, error));
    throw error;
  }
}

/** An address lives a minute: where it has lapsed, one fresh one is asked for. */
async function download({ github, reader }: Collecting, artifact: Artifact): Promise<Buffer | null> {
  const digest = artifact.digest ?? null;
  const address = await reader.artifactLocation(artifact.id);
  if (address === null) return null;
  try {
    return await fetchArchive(github.archives, address, digest);
  } catch (error) {
    const isLapsed = error instanceof ArchiveError && ['expired_address', 'unavailable'].includes(error.fault);
    if (!isLapsed) throw error;
    const fresh = await reader.artifactLocation(artifact.id);
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
