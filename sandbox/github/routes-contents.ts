/** Commits, files and pull requests. */
import { posix } from 'node:path';
import { ApiError, notFound, ok, type Answer, type Route } from './http.ts';
import { commitJson, comparisonJson, directoryJson, fileJson, type Place } from './representations/contents.ts';
import { pullJson } from './representations/pulls.ts';
import { R, scoped, type Scoped, type Stage } from './scoped.ts';
import type { RepositoryRecord, World } from './world.ts';

export function contentRoutes(stage: Stage): Route[] {
  const { world } = stage;
  return [
    { method: 'GET', path: `${R}/commits/:ref`, handler: scoped(stage, 'contents', getCommit(world)) },
    {
      method: 'GET',
      path: `${R}/commits/:sha/branches-where-head`,
      handler: scoped(stage, 'contents', async ({ params, baseUrl }, repository) => {
        const { git, owner, name } = repository;
        const sha = params['sha'] ?? '';
        if ((await git.commitOf(sha)) === null) throw new ApiError(422, `No commit found for SHA: ${sha}`);
        const url = `${baseUrl}/repos/${owner.login}/${name}/commits/${sha}`;
        const branches = [...(await git.refs())].filter(([ref, at]) => ref.startsWith('refs/heads/') && at === sha);
        return ok(
          branches.map(([ref]) => ({ name: ref.slice('refs/heads/'.length), commit: { sha, url }, protected: false })),
        );
      }),
    },
    { method: 'GET', path: `${R}/rules/branches/:branch`, handler: scoped(stage, 'metadata', getRules) },
    { method: 'GET', path: `${R}/compare/:basehead`, handler: scoped(stage, 'contents', compare(world)) },
    { method: 'GET', path: `${R}/contents/*path`, handler: scoped(stage, 'contents', getContents(world)) },
    {
      method: 'GET',
      path: `${R}/pulls/:number`,
      handler: scoped(stage, 'pull_requests', async ({ params }, repository) => {
        const pull = repository.pulls.find((each) => each.number === Number(params['number']));
        if (pull === undefined) throw notFound();
        return ok(await pullJson(pull, repository, world));
      }),
    },
  ];
}

const getCommit =
  (world: World): Scoped =>
  async ({ params, headers }, repository) => {
    const { git } = repository;
    const ref = params['ref'] ?? '';
    const sha = (await git.commitOf(`refs/${ref}`)) ?? (await git.commitOf(ref));
    if (sha === null && (await git.refs()).size === 0) throw new ApiError(409, 'Git Repository is empty.');
    if (sha === null) throw new ApiError(422, `No commit found for SHA: ${ref}`);
    if (wants(headers.accept, 'sha')) return ok(sha, { 'content-type': 'application/vnd.github.sha; charset=utf-8' });
    return ok(commitJson(await git.commit(sha), repository, world));
  };

/** Of the default branch alone: the sandbox has no other rules. */
const getRules: Scoped = ({ params }, { requiredChecks, defaultBranch, owner, name }) => {
  if (requiredChecks.length === 0 || params['branch'] !== defaultBranch) return ok([]);
  const required_status_checks = requiredChecks.map(({ context, integrationId }) => ({
    context,
    ...(integrationId === null ? {} : { integration_id: integrationId }),
  }));
  const parameters = { required_status_checks, strict_required_status_checks_policy: false };
  const from = { ruleset_source_type: 'Repository', ruleset_source: `${owner.login}/${name}`, ruleset_id: 1 };
  return ok([{ type: 'required_status_checks', parameters, ...from }]);
};

/** GitHub lists no more. Source: REST, "Compare two commits". */
const MAX_COMPARED_FILES = 300;

const compare =
  (world: World): Scoped =>
  async ({ params }, repository) => {
    const { git } = repository;
    const [from = '', to = ''] = (params['basehead'] ?? '').split('...');
    const [base, head] = [await git.commitOf(from), await git.commitOf(to)];
    if (base === null || head === null) throw notFound();
    const mergeBase = (await git.git('merge-base', base, head).catch(() => '')).trim();
    if (mergeBase === '') throw new ApiError(404, `No common ancestor between ${from} and ${to}.`);
    const compared = {
      base: await git.commit(base),
      head: await git.commit(head),
      mergeBase: await git.commit(mergeBase),
      ahead: await git.countBetween(base, head),
      behind: await git.countBetween(head, base),
      files: (await git.changedFiles(base, head)).slice(0, MAX_COMPARED_FILES),
    };
    return ok(comparisonJson(compared, repository, world));
  };

const getContents =
  (world: World): Scoped =>
  async ({ params, query, headers }, repository) => {
    const { git, defaultBranch } = repository;
    const ref = query.get('ref') ?? defaultBranch;
    const commit = await git.commitOf(ref);
    if (commit === null) throw new ApiError(404, `No commit found for the ref ${ref}`);
    const place = { path: params['path'] ?? '', ref };
    const bytes = await git.file(commit, place.path);
    if (bytes !== null && wants(headers.accept, 'raw'))
      return ok(bytes, { 'content-type': 'application/vnd.github.raw+json; charset=utf-8' });
    if (bytes !== null) return getFile(bytes, { ...place, commit }, repository, world);
    const entries = await git.directory(commit, place.path);
    if (entries === null) throw notFound();
    return ok(directoryJson(entries, place, repository, world));
  };

async function getFile(
  bytes: Buffer,
  { commit, ...place }: Place & { commit: string },
  repository: RepositoryRecord,
  world: World,
): Promise<Answer> {
  const folder = posix.dirname(place.path);
  const siblings = (await repository.git.directory(commit, folder === '.' ? '' : folder)) ?? [];
  const entry = siblings.find(({ name }) => name === posix.basename(place.path));
  if (entry === undefined) throw notFound();
  return ok(fileJson({ entry, bytes }, place, repository, world));
}

/** Media types are asked for with a version and a suffix, or without. */
const wants = (accept: string | undefined, type: 'raw' | 'sha'): boolean =>
  new RegExp(`\\bapplication/vnd\\.github(\\.v3)?\\.${type}\\b`).test(accept ?? '');
