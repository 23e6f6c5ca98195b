/** Actions: runs, their jobs and their artifacts. */
import type { ActionsRunRecord, ArtifactRecord, JobAnnotation, JobRecord } from '../actions-records.ts';
import type { RepositoryRecord, World } from '../world.ts';
import { userJson } from './accounts.ts';
import { simpleCommitJson } from './contents.ts';
import { nodeId, wholeSeconds, type Json } from './json.ts';
import { apiUrl, fullName, minimalRepositoryJson, webUrl } from './repositories.ts';

const RETENTION_MS = 30 * 24 * 3_600_000;

export const runUrl = (baseUrl: string, repository: RepositoryRecord, run: ActionsRunRecord): string =>
  `${baseUrl}/${fullName(repository)}/actions/runs/${run.id}`;

export const runApiUrl = (run: ActionsRunRecord, repository: RepositoryRecord, world: World): string =>
  `${apiUrl(repository, world)}/actions/runs/${run.id}`;

const shortRef = ({ ref }: ActionsRunRecord): string => ref.replace(/^refs\/(heads|tags)\//, '');

export function actionsRunJson(run: ActionsRunRecord, repository: RepositoryRecord, world: World): Json {
  const url = runApiUrl(run, repository, world);
  return {
    id: run.id,
    node_id: nodeId('WorkflowRun', run.id),
    name: run.workflow.name,
    path: `.github/workflows/${run.file}`,
    display_title: run.title,
    event: run.event,
    status: run.status,
    conclusion: run.conclusion,
    head_branch: shortRef(run),
    head_sha: run.headSha,
    head_commit: simpleCommitJson(run.commit),
    run_number: run.number,
    run_attempt: run.attempt,
    workflow_id: run.workflow.id,
    check_suite_id: run.suiteId,
    check_suite_node_id: nodeId('CheckSuite', run.suiteId),
    pull_requests: [],
    referenced_workflows: run.referenced.map(({ path, sha }) => ({ path, sha })),
    actor: userJson(run.actor, world),
    triggering_actor: userJson(run.actor, world),
    repository: minimalRepositoryJson(repository, world),
    head_repository: headRepository(run, repository, world),
    url,
    html_url: runUrl(world.baseUrl(), repository, run),
    jobs_url: `${url}/jobs`,
    logs_url: `${url}/logs`,
    artifacts_url: `${url}/artifacts`,
    cancel_url: `${url}/cancel`,
    rerun_url: `${url}/rerun`,
    previous_attempt_url: run.attempt === 1 ? null : `${url}/attempts/${run.attempt - 1}`,
    check_suite_url: `${apiUrl(repository, world)}/check-suites/${run.suiteId}`,
    workflow_url: workflowUrl(run, repository, world),
    created_at: wholeSeconds(run.createdAt),
    run_started_at: wholeSeconds(run.startedAt),
    updated_at: wholeSeconds(run.updatedAt),
  };
}

/** A fork's; null where it has been deleted. */
function headRepository(
  { headRepositoryId: id, actor }: ActionsRunRecord,
  repository: RepositoryRecord,
  world: World,
): Json | null {
  if (id === null) return null;
  return minimalRepositoryJson(id === repository.id ? repository : { ...repository, id, owner: actor }, world);
}

const workflowUrl = (run: ActionsRunRecord, repository: RepositoryRecord, world: World): string =>
  `${apiUrl(repository, world)}/actions/workflows/${run.workflow.id}`;

export const jobJson = (
  job: JobRecord,
  run: ActionsRunRecord,
  { repository, world }: { readonly repository: RepositoryRecord; readonly world: World },
): Json => ({
  id: job.id,
  node_id: nodeId('Job', job.id),
  run_id: run.id,
  run_attempt: job.attempt,
  run_url: runApiUrl(run, repository, world),
  workflow_name: run.workflow.name,
  head_sha: run.headSha,
  head_branch: shortRef(run),
  name: job.name,
  url: `${apiUrl(repository, world)}/actions/jobs/${job.id}`,
  html_url: `${runUrl(world.baseUrl(), repository, run)}/job/${job.id}`,
  check_run_url: `${apiUrl(repository, world)}/check-runs/${job.id}`,
  status: job.status,
  conclusion: job.conclusion,
  created_at: wholeSeconds(run.createdAt),
  started_at: wholeSeconds(job.startedAt),
  completed_at: job.completedAt === null ? null : wholeSeconds(job.completedAt),
  steps: job.steps.map((step, index) => ({ ...step, number: index + 1, status: 'completed' })),
  labels: job.labels,
  // A job that no machine has taken yet has these as well. Source: seen in public logs of `GET …/jobs`.
  runner_id: job.runner?.id ?? 0,
  runner_name: job.runner?.name ?? '',
  runner_group_id: job.runner?.groupId ?? 0,
  runner_group_name: job.runner?.groupName ?? '',
});

/** What Actions writes on a job is about no line of any file. */
export const annotationJson = (
  { level, message }: JobAnnotation,
  repository: RepositoryRecord,
  world: World,
): Json => ({
  path: '.github',
  start_line: 1,
  end_line: 1,
  start_column: null,
  end_column: null,
  annotation_level: level,
  title: '',
  message,
  raw_details: '',
  blob_href: `${apiUrl(repository, world)}/contents/.github`,
});

export function artifactJson(artifact: ArtifactRecord, repository: RepositoryRecord, world: World): Json {
  const url = `${apiUrl(repository, world)}/actions/artifacts/${artifact.id}`;
  const run = repository.runs.find(({ id }) => id === artifact.runId);
  const created = wholeSeconds(artifact.createdAt);
  return {
    id: artifact.id,
    node_id: nodeId('Artifact', artifact.id),
    name: artifact.name,
    size_in_bytes: artifact.zip.length,
    digest: artifact.digest,
    expired: artifact.expired,
    url,
    archive_download_url: `${url}/zip`,
    created_at: created,
    updated_at: created,
    expires_at: wholeSeconds(new Date(Date.parse(artifact.createdAt) + RETENTION_MS).toISOString()),
    workflow_run: {
      id: artifact.runId,
      repository_id: repository.id,
      head_repository_id: repository.id,
      ...(run === undefined ? {} : { head_branch: shortRef(run), head_sha: run.headSha }),
    },
  };
}

export interface WorkflowFacts {
  readonly id: number;
  readonly file: string;
  readonly isDisabled: boolean;
}

export function workflowJson(
  { id, file, isDisabled }: WorkflowFacts,
  repository: RepositoryRecord,
  world: World,
): Json {
  const web = webUrl(repository, world);
  const path = `.github/workflows/${file}`;
  return {
    id,
    node_id: nodeId('Workflow', id),
    name: file,
    path,
    state: isDisabled ? 'disabled_manually' : 'active',
    created_at: wholeSeconds(repository.createdAt),
    updated_at: wholeSeconds(repository.createdAt),
    url: `${apiUrl(repository, world)}/actions/workflows/${id}`,
    html_url: `${web}/blob/${repository.defaultBranch}/${path}`,
    badge_url: `${web}/workflows/${file}/badge.svg`,
  };
}
