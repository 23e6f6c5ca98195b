/** Repositories: the short form that other answers carry, and the whole. */
import type { RepositoryRecord, World } from '../world.ts';
import { userJson } from './accounts.ts';
import { nodeId, urls, wholeSeconds, type Json } from './json.ts';

const PATHS = {
  archive: '{archive_format}{/ref}',
  assignees: 'assignees{/user}',
  blobs: 'git/blobs{/sha}',
  branches: 'branches{/branch}',
  collaborators: 'collaborators{/collaborator}',
  comments: 'comments{/number}',
  commits: 'commits{/sha}',
  compare: 'compare/{base}...{head}',
  contents: 'contents/{+path}',
  contributors: 'contributors',
  deployments: 'deployments',
  downloads: 'downloads',
  events: 'events',
  forks: 'forks',
  git_commits: 'git/commits{/sha}',
  git_refs: 'git/refs{/sha}',
  git_tags: 'git/tags{/sha}',
  hooks: 'hooks',
  issue_comment: 'issues/comments{/number}',
  issue_events: 'issues/events{/number}',
  issues: 'issues{/number}',
  keys: 'keys{/key_id}',
  labels: 'labels{/name}',
  languages: 'languages',
  merges: 'merges',
  milestones: 'milestones{/number}',
  notifications: 'notifications{?since,all,participating}',
  pulls: 'pulls{/number}',
  releases: 'releases{/id}',
  stargazers: 'stargazers',
  statuses: 'statuses/{sha}',
  subscribers: 'subscribers',
  subscription: 'subscription',
  tags: 'tags',
  teams: 'teams',
  trees: 'git/trees{/sha}',
};

export const fullName = ({ owner, name }: RepositoryRecord): string => `${owner.login}/${name}`;

/** Where the API has it. */
export const apiUrl = (repository: RepositoryRecord, world: World): string =>
  `${world.baseUrl()}/repos/${fullName(repository)}`;

/** Where people see it. */
export const webUrl = (repository: RepositoryRecord, world: World): string =>
  `${world.baseUrl()}/${fullName(repository)}`;

export const minimalRepositoryJson = (repository: RepositoryRecord, world: World): Json => ({
  id: repository.id,
  node_id: nodeId('Repository', repository.id),
  name: repository.name,
  full_name: fullName(repository),
  private: repository.visibility === 'private',
  owner: userJson(repository.owner, world),
  html_url: webUrl(repository, world),
  description: null,
  fork: false,
  url: apiUrl(repository, world),
  ...urls(apiUrl(repository, world), PATHS),
});

export function repositoryJson(repository: RepositoryRecord, world: World): Json {
  const web = webUrl(repository, world);
  return {
    ...minimalRepositoryJson(repository, world),
    ...zeros(COUNTS),
    visibility: repository.visibility,
    default_branch: repository.defaultBranch,
    clone_url: `${web}.git`,
    git_url: `git:${web.replace(/^https?:/, '')}.git`,
    ssh_url: `git@${new URL(web).hostname}:${fullName(repository)}.git`,
    svn_url: web,
    mirror_url: null,
    homepage: null,
    language: null,
    license: null,
    topics: [],
    archived: false,
    disabled: false,
    is_template: false,
    allow_forking: true,
    web_commit_signoff_required: false,
    has_issues: true,
    has_projects: true,
    has_downloads: true,
    has_wiki: true,
    has_pages: false,
    has_discussions: false,
    created_at: wholeSeconds(repository.createdAt),
    updated_at: wholeSeconds(repository.pushedAt),
    pushed_at: wholeSeconds(repository.pushedAt),
  };
}

/** Nobody stars, watches or forks what is in the sandbox. */
const COUNTS = [
  'forks',
  'forks_count',
  'network_count',
  'open_issues',
  'open_issues_count',
  'size',
  'stargazers_count',
  'subscribers_count',
  'watchers',
  'watchers_count',
];

const zeros = (names: readonly string[]): Json => Object.fromEntries(names.map((name) => [name, 0]));
