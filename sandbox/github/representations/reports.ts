/** Check runs and commit statuses. */
import type { CheckRunRecord, RepositoryRecord, StatusRecord, World } from '../world.ts';
import { appJson, userJson } from './accounts.ts';
import { nodeId, wholeSeconds, type Json } from './json.ts';
import { apiUrl, webUrl } from './repositories.ts';

export function checkRunJson(run: CheckRunRecord, repository: RepositoryRecord, world: World): Json {
  const url = `${apiUrl(repository, world)}/check-runs/${run.id}`;
  return {
    id: run.id,
    node_id: nodeId('CheckRun', run.id),
    name: run.name,
    head_sha: run.headSha,
    external_id: run.externalId,
    url,
    html_url: `${webUrl(repository, world)}/runs/${run.id}`,
    details_url: run.detailsUrl ?? world.baseUrl(),
    status: run.status,
    conclusion: run.conclusion,
    started_at: wholeSeconds(run.startedAt),
    completed_at: run.completedAt === null ? null : wholeSeconds(run.completedAt),
    output: {
      title: orNull(run.title),
      summary: orNull(run.summary),
      text: run.text,
      annotations_count: run.annotations.length,
      annotations_url: `${url}/annotations`,
    },
    check_suite: { id: run.suiteId },
    app: appJson(world),
    // GitHub fills it for pull requests of the repository's own branches; nothing of ours reads it.
    pull_requests: [],
  };
}

/** A check run without an output has neither title nor summary. */
const orNull = (text: string): string | null => (text === '' ? null : text);

export const statusJson = (status: StatusRecord, repository: RepositoryRecord, world: World): Json => ({
  id: status.id,
  node_id: nodeId('Status', status.id),
  url: `${apiUrl(repository, world)}/statuses/${status.sha}`,
  avatar_url: `${world.baseUrl()}/avatars/u/${status.creator.id}`,
  state: status.state,
  context: status.context,
  description: status.description,
  target_url: status.targetUrl,
  creator: userJson(status.creator, world),
  created_at: wholeSeconds(status.createdAt),
  updated_at: wholeSeconds(status.createdAt),
});
