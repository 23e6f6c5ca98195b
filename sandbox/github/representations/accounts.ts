/** People, bots and organizations, and the App itself. */
import type { RepositoryRecord, User, World } from '../world.ts';
import { nodeId, urls, type Json } from './json.ts';

/** Accounts of the sandbox have no past: they were all made on the same day. */
const BEGINNING = '2024-01-01T00:00:00Z';

const USER_PATHS = {
  followers: 'followers',
  following: 'following{/other_user}',
  gists: 'gists{/gist_id}',
  starred: 'starred{/owner}{/repo}',
  subscriptions: 'subscriptions',
  organizations: 'orgs',
  repos: 'repos',
  events: 'events{/privacy}',
  received_events: 'received_events',
};

/** A user as part of other answers. */
export function userJson(user: User, world: World): Json {
  const address = `${world.baseUrl()}/users/${encodeURIComponent(user.login)}`;
  return {
    login: user.login,
    id: user.id,
    node_id: nodeId('User', user.id),
    avatar_url: `${world.baseUrl()}/avatars/u/${user.id}`,
    gravatar_id: '',
    url: address,
    html_url: `${world.baseUrl()}/${encodeURIComponent(user.login)}`,
    ...urls(address, USER_PATHS),
    type: user.type,
    user_view_type: 'public',
    site_admin: false,
  };
}

/** A user's own page. */
export const profileJson = (user: User, world: World): Json => ({
  ...userJson(user, world),
  name: null,
  company: null,
  blog: null,
  location: null,
  email: null,
  hireable: null,
  bio: null,
  public_repos: 0,
  public_gists: 0,
  followers: 0,
  following: 0,
  created_at: BEGINNING,
  updated_at: BEGINNING,
});

type Role = 'admin' | 'maintain' | 'write' | 'read' | 'none';

const RANKS: readonly Role[] = ['none', 'read', 'write', 'maintain', 'admin'];

/** What somebody may do in a repository; everyone may read a public one. */
export function permissionJson(user: User, { permissions, visibility }: RepositoryRecord, world: World): Json {
  const role: Role = permissions.get(user.login) ?? (visibility === 'public' ? 'read' : 'none');
  const may = (wanted: Role): boolean => RANKS.indexOf(role) >= RANKS.indexOf(wanted);
  const flags = {
    admin: may('admin'),
    maintain: may('maintain'),
    push: may('write'),
    triage: may('write'),
    pull: may('read'),
  };
  // The older word knows no maintainers. Source: REST, "Get repository permissions for a user".
  const permission = role === 'maintain' ? 'write' : role;
  return { permission, role_name: role, user: { ...userJson(user, world), permissions: flags, role_name: role } };
}

/** Who somebody is to a repository: which is no permission. */
export const associationOf = (user: User, { permissions, owner }: RepositoryRecord): string =>
  user.id === owner.id ? 'OWNER' : permissions.has(user.login) ? 'MEMBER' : 'NONE';

/** The account that made the App: no more of it is known. */
const makerOf = ({ app }: World): User => ({ id: app.id, login: 'app-maker', type: 'Organization' });

export const appJson = (world: World): Json => ({
  id: world.app.id,
  client_id: `Iv23${world.app.id}`,
  slug: world.app.slug,
  node_id: nodeId('App', world.app.id),
  owner: userJson(makerOf(world), world),
  name: world.app.slug,
  description: '',
  external_url: world.baseUrl(),
  html_url: `${world.baseUrl()}/apps/${world.app.slug}`,
  created_at: BEGINNING,
  updated_at: BEGINNING,
  permissions: world.app.permissions,
  events: world.app.events,
});

/** The App's installation in the account of a repository: for selected repositories, as the careful install it. */
export function installationJson({ owner }: RepositoryRecord, world: World): Json {
  const address = `${world.baseUrl()}/app/installations/${world.installationId}`;
  return {
    id: world.installationId,
    account: userJson(owner, world),
    repository_selection: 'selected',
    access_tokens_url: `${address}/access_tokens`,
    repositories_url: `${world.baseUrl()}/installation/repositories`,
    html_url: `${world.baseUrl()}/organizations/${owner.login}/settings/installations/${world.installationId}`,
    app_id: world.app.id,
    app_slug: world.app.slug,
    target_id: owner.id,
    target_type: owner.type,
    permissions: world.app.permissions,
    events: world.app.events,
    created_at: BEGINNING,
    updated_at: BEGINNING,
    single_file_name: null,
    suspended_by: null,
    suspended_at: null,
  };
}
