/** Records as GitHub writes them in its answers and webhooks. */
import type {
  ActionsRunRecord,
  ArtifactRecord,
  CheckRunRecord,
  CommentRecord,
  PullRecord,
  RepositoryRecord,
  User,
  World,
} from './world.ts';

export const userJson = (user: User): Record<string, unknown> => ({
  id: user.id,
  login: user.login,
  type: user.type,
  site_admin: false,
});

export const repositoryJson = (repository: RepositoryRecord): Record<string, unknown> => ({
  id: repository.id,
  name: repository.name,
  full_name: `${repository.owner.login}/${repository.name}`,
  private: repository.visibility === 'private',
  visibility: repository.visibility,
  owner: userJson(repository.owner),
  default_branch: repository.defaultBranch,
});

export const checkRunJson = (run: CheckRunRecord, world: World): Record<string, unknown> => ({
  id: run.id,
  name: run.name,
  head_sha: run.headSha,
  external_id: run.externalId,
  status: run.status,
  conclusion: run.conclusion,
  output: { title: run.title, summary: run.summary, text: null, annotations_count: 0 },
  app: { id: world.app.id, slug: world.app.slug },
});

export const pullJson = (
  pull: PullRecord,
  repository: RepositoryRecord,
  shas: { head: string; base: string },
): Record<string, unknown> => ({
  number: pull.number,
  state: pull.state,
  draft: pull.draft,
  user: userJson(pull.author),
  head: {
    ref: pull.headRef,
    sha: shas.head,
    repo:
      pull.headRepositoryId === null
        ? null
        : pull.headRepositoryId === repository.id
          ? repositoryJson(repository)
          : { id: pull.headRepositoryId },
  },
  base: { ref: pull.baseRef, sha: shas.base, repo: repositoryJson(repository) },
});

export const commentJson = (comment: CommentRecord): Record<string, unknown> => ({
  id: comment.id,
  body: comment.body,
  user: userJson(comment.user),
});

export const runUrl = (baseUrl: string, repository: RepositoryRecord, run: ActionsRunRecord): string =>
  `${baseUrl}/${repository.owner.login}/${repository.name}/actions/runs/${run.id}`;

export const actionsRunJson = (
  run: ActionsRunRecord,
  repository: RepositoryRecord,
  baseUrl: string,
): Record<string, unknown> => ({
  id: run.id,
  name: run.file,
  path: `.github/workflows/${run.file}`,
  event: 'workflow_dispatch',
  status: run.status,
  conclusion: run.conclusion,
  head_branch: run.ref.replace(/^refs\/(heads|tags)\//, ''),
  head_sha: run.headSha,
  display_title: run.title,
  run_number: run.id,
  run_attempt: run.attempt,
  actor: userJson(run.actor),
  triggering_actor: userJson(run.actor),
  html_url: runUrl(baseUrl, repository, run),
  created_at: run.createdAt,
  run_started_at: run.startedAt,
  updated_at: run.updatedAt,
});

export const artifactJson = (artifact: ArtifactRecord): Record<string, unknown> => ({
  id: artifact.id,
  name: artifact.name,
  size_in_bytes: artifact.zip.length,
  expired: artifact.expired,
  created_at: artifact.createdAt,
  digest: artifact.digest,
  workflow_run: { id: artifact.runId },
});
