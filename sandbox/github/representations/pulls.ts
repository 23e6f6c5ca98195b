/** Pull requests: their commits are read from git whenever they are shown, since branches move. */
import type { PullRecord, RepositoryRecord, World } from '../world.ts';
import { associationOf, userJson } from './accounts.ts';
import { labelJson } from './issues.ts';
import { nodeId, wholeSeconds, type Json } from './json.ts';
import { apiUrl, repositoryJson, webUrl } from './repositories.ts';

export async function pullJson(pull: PullRecord, repository: RepositoryRecord, world: World): Promise<Json> {
  const { git } = repository;
  const head = pull.forkSha ?? (await git.commitOf(`refs/heads/${pull.headRef}`)) ?? '';
  const base = (await git.commitOf(`refs/heads/${pull.baseRef}`)) ?? '';
  const fromOwner = pull.headRepositoryId === repository.id ? repository.owner : pull.author;
  return {
    ...addresses(pull, { head, repository, world }),
    id: pull.id,
    node_id: nodeId('PullRequest', pull.id),
    number: pull.number,
    state: pull.state,
    locked: false,
    title: pull.title ?? `Merge ${pull.headRef} into ${pull.baseRef}`,
    body: pull.body ?? null,
    user: userJson(pull.author, world),
    draft: pull.draft,
    head: {
      label: `${fromOwner.login}:${pull.headRef}`,
      ref: pull.headRef,
      sha: head,
      user: userJson(fromOwner, world),
      repo: headRepositoryJson(pull, repository, world),
    },
    base: {
      label: `${repository.owner.login}:${pull.baseRef}`,
      ref: pull.baseRef,
      sha: base,
      user: userJson(repository.owner, world),
      repo: repositoryJson(repository, world),
    },
    author_association: associationOf(pull.author, repository),
    created_at: wholeSeconds(pull.createdAt),
    updated_at: wholeSeconds(pull.createdAt),
    ...UNTOUCHED,
    labels: (pull.labels ?? []).map((name) => labelJson(name, repository, world)),
    ...(await git.comparison(base, head)),
    closed_at: pull.state === 'closed' ? wholeSeconds(pull.createdAt) : null,
  };
}

/** Nobody reviews or merges in the sandbox, and mergeability is never worked out: as in the first answer of GitHub's. */
const UNTOUCHED = {
  assignee: null,
  assignees: [],
  requested_reviewers: [],
  requested_teams: [],
  milestone: null,
  auto_merge: null,
  active_lock_reason: null,
  merged: false,
  merged_at: null,
  merged_by: null,
  merge_commit_sha: null,
  mergeable: null,
  rebaseable: null,
  mergeable_state: 'unknown',
  maintainer_can_modify: false,
  comments: 0,
  review_comments: 0,
};

/** The fork that a branch is in; null where it has been deleted. */
function headRepositoryJson(pull: PullRecord, repository: RepositoryRecord, world: World): Json | null {
  const { headRepositoryId: id, author } = pull;
  if (id === null) return null;
  if (id === repository.id) return repositoryJson(repository, world);
  const known = world.repositories.get(id) ?? { ...repository, id, owner: author };
  return { ...repositoryJson(known, world), fork: true };
}

function addresses(
  { number }: PullRecord,
  { head, repository, world }: { head: string; repository: RepositoryRecord; world: World },
): Json {
  const api = apiUrl(repository, world);
  const html = `${webUrl(repository, world)}/pull/${number}`;
  const self = `${api}/pulls/${number}`;
  const issue = `${api}/issues/${number}`;
  const links = {
    self,
    html,
    issue,
    comments: `${issue}/comments`,
    review_comments: `${self}/comments`,
    review_comment: `${api}/pulls/comments{/number}`,
    commits: `${self}/commits`,
    statuses: `${api}/statuses/${head}`,
  };
  const { self: url, ...others } = links;
  return {
    url,
    diff_url: `${html}.diff`,
    patch_url: `${html}.patch`,
    ...Object.fromEntries(Object.entries(others).map(([name, address]) => [`${name}_url`, address])),
    _links: Object.fromEntries(Object.entries(links).map(([name, href]) => [name, { href }])),
  };
}
