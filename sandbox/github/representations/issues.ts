/** Issues; a list of them has pull requests too, which say so. */
import type { IssueRecord, PullRecord, RepositoryRecord, World } from '../world.ts';
import { associationOf, userJson } from './accounts.ts';
import { nodeId, urls, wholeSeconds, type Json } from './json.ts';
import { apiUrl, webUrl } from './repositories.ts';

const PATHS = { labels: 'labels{/name}', comments: 'comments', events: 'events', timeline: 'timeline' };

export function issueJson(issue: IssueRecord, repository: RepositoryRecord, world: World): Json {
  return {
    ...common(issue, repository, world),
    ...urls(`${apiUrl(repository, world)}/issues/${issue.number}`, PATHS),
    html_url: `${webUrl(repository, world)}/issues/${issue.number}`,
    title: issue.title,
    body: issue.body,
    state: issue.state,
    state_reason: issue.stateReason,
    user: userJson(issue.creator, world),
    author_association: associationOf(issue.creator, repository),
    labels: issue.labels.map((name) => labelJson(name, repository, world)),
    closed_at: issue.closedAt === null ? null : wholeSeconds(issue.closedAt),
    created_at: wholeSeconds(issue.createdAt),
    updated_at: wholeSeconds(issue.updatedAt),
  };
}

/** A pull request as the list of issues shows it. */
export function pullAsIssueJson(pull: PullRecord, repository: RepositoryRecord, world: World): Json {
  const web = `${webUrl(repository, world)}/pull/${pull.number}`;
  const api = `${apiUrl(repository, world)}/pulls/${pull.number}`;
  return {
    ...common(pull, repository, world),
    ...urls(`${apiUrl(repository, world)}/issues/${pull.number}`, PATHS),
    html_url: web,
    title: pull.title ?? `Merge ${pull.headRef} into ${pull.baseRef}`,
    body: pull.body ?? null,
    state: pull.state,
    state_reason: null,
    user: userJson(pull.author, world),
    author_association: associationOf(pull.author, repository),
    labels: (pull.labels ?? []).map((name) => labelJson(name, repository, world)),
    draft: pull.draft,
    pull_request: { url: api, html_url: web, diff_url: `${web}.diff`, patch_url: `${web}.patch`, merged_at: null },
    closed_at: pull.state === 'closed' ? wholeSeconds(pull.createdAt) : null,
    created_at: wholeSeconds(pull.createdAt),
    updated_at: wholeSeconds(pull.createdAt),
  };
}

type Numbered = Pick<IssueRecord, 'id' | 'number'>;

const common = ({ id, number }: Numbered, repository: RepositoryRecord, world: World): Json => ({
  id,
  node_id: nodeId('Issue', id),
  url: `${apiUrl(repository, world)}/issues/${number}`,
  repository_url: apiUrl(repository, world),
  number,
  locked: false,
  active_lock_reason: null,
  assignee: null,
  assignees: [],
  milestone: null,
  comments: repository.comments.filter((each) => each.issueNumber === number).length,
  performed_via_github_app: null,
});

export const labelJson = (name: string, repository: RepositoryRecord, world: World): Json => ({
  id: Array.from(name).reduce((sum, letter) => (sum * 7 + (letter.codePointAt(0) ?? 0)) % 1_000_000, 1),
  node_id: nodeId('Label', name),
  url: `${apiUrl(repository, world)}/labels/${encodeURIComponent(name)}`,
  name,
  description: '',
  color: 'ededed',
  default: false,
});
