/** Commits, files and pull requests. */
import { ApiError, notFound, ok, type Route } from './http.ts';
import { pullJson } from './representations.ts';
import { R, scoped, type Stage } from './scoped.ts';

export function contentRoutes(stage: Stage): Route[] {
  return [
    {
      method: 'GET',
      path: `${R}/commits/:ref`,
      handler: scoped(stage, 'contents', async ({ params, headers }, { git }) => {
        const ref = params['ref'] ?? '';
        const sha = (await git.commitOf(`refs/${ref}`)) ?? (await git.commitOf(ref));
        if (sha === null) throw new ApiError(422, `No commit found for SHA: ${ref}`);
        return headers.accept?.includes('vnd.github.sha') === true ? ok(sha) : ok({ sha });
      }),
    },
    {
      method: 'GET',
      path: `${R}/contents/*path`,
      handler: scoped(stage, 'contents', async ({ params, query, headers }, { git, defaultBranch }) => {
        const commit = await git.commitOf(query.get('ref') ?? defaultBranch);
        if (commit === null) throw new ApiError(404, `No commit found for the ref ${query.get('ref') ?? ''}`);
        const path = params['path'] ?? '';
        const file = await git.file(commit, path);
        if (file !== null) {
          if (headers.accept?.includes('raw') === true)
            return {
              status: 200,
              body: file,
              headers: { 'content-type': 'application/vnd.github.raw+json; charset=utf-8' },
            };
          return ok({ type: 'file', path, content: file.toString('base64'), encoding: 'base64' });
        }
        const entries = await git.directory(commit, path);
        if (entries === null) throw notFound();
        return ok(
          entries.map(({ name, sha, type }) => ({
            name,
            path: `${path}/${name}`,
            sha,
            type: type === 'blob' ? 'file' : 'dir',
          })),
        );
      }),
    },
    {
      method: 'GET',
      path: `${R}/pulls/:number`,
      handler: scoped(stage, 'pull_requests', async ({ params }, repository) => {
        const pull = repository.pulls.find((each) => each.number === Number(params['number']));
        if (pull === undefined) throw notFound();
        const head = pull.forkSha ?? (await repository.git.commitOf(`refs/heads/${pull.headRef}`)) ?? '';
        const base = (await repository.git.commitOf(`refs/heads/${pull.baseRef}`)) ?? '';
        return ok(pullJson(pull, repository, { head, base }));
      }),
    },
  ];
}
