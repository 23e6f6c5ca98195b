/** Branches, commits of one file, and pull requests that somebody opens by the API. */
import { z } from 'zod';
import { ApiError, created, notFound, ok, type Call, type Route } from './http.ts';
import { fileCommitJson } from './representations/contents.ts';
import { labelJson } from './representations/issues.ts';
import { pullJson } from './representations/pulls.ts';
import { invalid, pageOf, parseBody, R, scoped, type Scoped, type Stage } from './scoped.ts';
import { nextNumber, type PullRecord, type RepositoryRecord } from './world.ts';

const NewRef = z.object({ ref: z.string().regex(/^refs\/.+\/.+/), sha: z.string() });
const FileBody = z.object({
  message: z.string().min(1),
  content: z.base64(),
  branch: z.string().optional(),
  sha: z.string().optional(),
});
const NewPull = z.object({
  title: z.string().min(1).max(256),
  head: z.string(),
  base: z.string(),
  body: z.string().max(65_536).nullish(),
  draft: z.boolean().default(false),
});

const createRef =
  ({ events }: Stage): Scoped =>
  async (call, repository) => {
    const { git, owner, name } = repository;
    const { ref, sha } = parseBody(NewRef, call);
    if ((await git.refOf(ref)) !== null) throw new ApiError(422, 'Reference already exists');
    if ((await git.commitOf(sha)) === null) throw new ApiError(422, 'Object does not exist');
    await git.git('update-ref', ref, sha);
    await events.pushes(repository);
    const base = `${call.baseUrl}/repos/${owner.login}/${name}`;
    const object = { type: 'commit', sha, url: `${base}/git/commits/${sha}` };
    return created({ ref, node_id: 'REF_', url: `${base}/git/${ref}`, object });
  };

/** Replacing asks for the blob that is replaced, so that nobody's change is lost. Source: REST, "Create or update file contents". */
const putFile =
  ({ world, events }: Stage): Scoped =>
  async (call, repository) => {
    const { message, content, sha, branch = repository.defaultBranch } = parseBody(FileBody, call);
    const path = call.params['path'] ?? '';
    const there = await repository.git.blobOf(`refs/heads/${branch}`, path);
    if (there !== null && sha === undefined) {
      throw new ApiError(422, `Invalid request.\n\n"sha" wasn't supplied.`);
    }
    if (sha !== undefined && sha !== there) throw new ApiError(409, `${path} does not match ${sha}`);
    const commit = await repository.git.commitFiles(branch, new Map([[path, Buffer.from(content, 'base64')]]), message);
    await events.pushes(repository);
    const answer = await fileCommitJson({ path, ref: branch, commit }, repository, world);
    return there === null ? created(answer) : ok(answer);
  };

const list =
  ({ world }: Stage): Scoped =>
  async (call, repository) => {
    const head = call.query.get('head');
    const base = call.query.get('base');
    const state = call.query.get('state') ?? 'open';
    const isWanted = (pull: PullRecord): boolean =>
      (state === 'all' || pull.state === state) &&
      (base === null || base === pull.baseRef) &&
      (head === null || head === `${repository.owner.login}:${pull.headRef}`);
    // Newest first, unless asked otherwise. Source: REST, "List pull requests".
    const newest = call.query.get('direction') === 'asc' ? repository.pulls : repository.pulls.toReversed();
    const { items, headers } = pageOf(call, newest.filter(isWanted));
    return ok(await Promise.all(items.map((pull) => pullJson(pull, repository, world))), headers);
  };

async function requireBranches({ git, pulls }: RepositoryRecord, head: string, base: string): Promise<void> {
  for (const [field, branch] of [
    ['head', head],
    ['base', base],
  ] as const) {
    if ((await git.commitOf(`refs/heads/${branch}`)) === null)
      throw invalid({ resource: 'PullRequest', code: 'invalid', field });
  }
  if (!pulls.some((pull) => pull.state === 'open' && pull.headRef === head && pull.baseRef === base)) return;
  const message = `A pull request already exists for ${head}.`;
  throw invalid({ resource: 'PullRequest', code: 'custom', field: 'base', message });
}

const PullChange = z.object({
  title: z.string().min(1).max(256).optional(),
  body: z.string().max(65_536).optional(),
  state: z.enum(['open', 'closed']).optional(),
});

const change =
  ({ world, events }: Stage): Scoped =>
  async (call, repository) => {
    const { state, ...words } = parseBody(PullChange, call);
    const pull = repository.pulls.find((each) => each.number === Number(call.params['number']));
    if (pull === undefined) throw notFound();
    Object.assign(pull, words);
    if (state !== undefined && state !== pull.state) {
      pull.state = state;
      await events.pull(state === 'closed' ? 'closed' : 'reopened', repository, pull);
    }
    return ok(await pullJson(pull, repository, world));
  };

const addLabels =
  ({ world }: Stage): Scoped =>
  (call, repository) => {
    const { labels } = parseBody(z.object({ labels: z.array(z.string().min(1).max(50)) }), call);
    const number = Number(call.params['number']);
    const found = [...repository.issues, ...repository.pulls].find((each) => each.number === number);
    if (found === undefined) throw notFound();
    found.labels = [...new Set([...(found.labels ?? []), ...labels])];
    return ok(found.labels.map((name) => labelJson(name, repository, world)));
  };

const open =
  ({ world, auth, events }: Stage): Scoped =>
  async (call: Call, repository) => {
    const { title, head, base, body, draft } = parseBody(NewPull, call);
    await requireBranches(repository, head, base);
    const pull: PullRecord = {
      id: world.nextId(),
      number: nextNumber(repository),
      createdAt: new Date().toISOString(),
      headRef: head,
      headRepositoryId: repository.id,
      baseRef: base,
      author: auth.grantOf(call).actor,
      draft,
      state: 'open',
      forkSha: null,
      title,
      ...(body == null ? {} : { body }),
    };
    repository.pulls.push(pull);
    await events.pull('opened', repository, pull);
    return created(await pullJson(pull, repository, world));
  };

export function proposalRoutes(stage: Stage): Route[] {
  return [
    { method: 'POST', path: `${R}/git/refs`, handler: scoped(stage, 'contents:write', createRef(stage)) },
    { method: 'PUT', path: `${R}/contents/*path`, handler: scoped(stage, 'contents:write', putFile(stage)) },
    { method: 'GET', path: `${R}/pulls`, handler: scoped(stage, 'pull_requests', list(stage)) },
    { method: 'POST', path: `${R}/pulls`, handler: scoped(stage, 'pull_requests:write', open(stage)) },
    { method: 'PATCH', path: `${R}/pulls/:number`, handler: scoped(stage, 'pull_requests:write', change(stage)) },
    {
      method: 'POST',
      path: `${R}/issues/:number/labels`,
      handler: scoped(stage, 'issues:write|pull_requests:write', addLabels(stage)),
    },
  ];
}
