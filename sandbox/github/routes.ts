/** The API surface that the product uses: each row answers what the real one answers, errors included. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { ActionsEngine } from '../actions/engine.ts';
import type { Auth } from './auth.ts';
import { ApiError, created, notFound, ok, type Answer, type Call, type Handler, type Route } from './http.ts';
import {
  actionsRunJson,
  artifactJson,
  checkRunJson,
  commentJson,
  pullJson,
  repositoryJson,
  runUrl,
  userJson,
} from './representations.ts';
import { findRepository, type CheckRunRecord, type RepositoryRecord, type World } from './world.ts';

export interface Stage {
  readonly world: World;
  readonly auth: Auth;
  readonly engine: ActionsEngine;
}

/** Addresses of artifact bytes: valid for a minute, and no credentials are asked for there. */
interface BlobTicket {
  readonly zip: () => Buffer;
  readonly expires: number;
}

export function githubRoutes(stage: Stage): Route[] {
  return [
    ...appRoutes(stage),
    ...contentRoutes(stage),
    ...reportRoutes(stage),
    ...actionsRoutes(stage),
    ...conversationRoutes(stage),
  ];
}

type Scoped = (call: Call, repository: RepositoryRecord) => Answer | Promise<Answer>;

/** A route of a repository, behind the permission that GitHub asks for. */
function scoped({ world, auth }: Stage, permission: string, handler: Scoped): Handler {
  return (call) => {
    const repository = findRepository(world, call.params['owner'] ?? '', call.params['repo'] ?? '');
    auth.grantOf(call);
    if (repository === null) throw notFound();
    auth.require(call, repository.id, permission);
    return handler(call, repository);
  };
}

const R = '/repos/:owner/:repo';

function appRoutes(stage: Stage): Route[] {
  const { world, auth } = stage;
  return [
    {
      method: 'GET',
      path: '/app',
      handler: (call) => {
        auth.requireApp(call);
        return ok({ id: world.app.id, slug: world.app.slug, name: world.app.slug });
      },
    },
    {
      method: 'POST',
      path: '/app/installations/:installation/access_tokens',
      handler: (call) => {
        auth.requireApp(call);
        if (Number(call.params['installation']) !== world.installationId) throw notFound();
        return created(auth.mint(call.body));
      },
    },
    { method: 'GET', path: '/user', handler: (call) => ok(userJson(auth.grantOf(call).actor)) },
    {
      method: 'GET',
      path: '/users/:login',
      handler: ({ params }) => {
        const user = world.users.get(params['login'] ?? '');
        if (user === undefined) throw notFound();
        return ok(userJson(user));
      },
    },
    {
      method: 'GET',
      path: R,
      handler: scoped(stage, 'metadata', (_call, repository) => ok(repositoryJson(repository))),
    },
  ];
}

function contentRoutes(stage: Stage): Route[] {
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

/** GitHub's limits. Source: REST reference, "Create a check run", "Create a commit status". */
const MAX_CHECK_TEXT = 65_535;
const MAX_DESCRIPTION = 140;

const CheckOutput = z.object({
  title: z.string(),
  summary: z.string().max(MAX_CHECK_TEXT, 'Only 65535 characters are allowed'),
});
const CheckBody = z.object({
  name: z.string().optional(),
  head_sha: z.string().optional(),
  external_id: z.string().optional(),
  status: z.enum(['queued', 'in_progress', 'completed']).optional(),
  conclusion: z
    .enum(['action_required', 'cancelled', 'failure', 'neutral', 'success', 'skipped', 'timed_out'])
    .optional(),
  output: CheckOutput.optional(),
});
const StatusBody = z.object({
  state: z.enum(['error', 'failure', 'pending', 'success']),
  context: z.string().default('default'),
  description: z.string().max(MAX_DESCRIPTION, 'description is too long (maximum is 140 characters)').default(''),
});

function parseBody<S extends z.ZodType>(schema: S, call: Call): z.output<S> {
  const parsed = schema.safeParse(call.body);
  if (!parsed.success) throw new ApiError(422, `Validation Failed: ${parsed.error.issues[0]?.message ?? ''}`);
  return parsed.data;
}

function reportRoutes(stage: Stage): Route[] {
  const { world, auth } = stage;
  const requireAppToken = (call: Call): void => {
    if (!auth.grantOf(call).isApp) throw new ApiError(403, 'You must authenticate via a GitHub App.');
  };
  return [
    {
      method: 'GET',
      path: `${R}/commits/:ref/check-runs`,
      handler: scoped(stage, 'checks', ({ params }, repository) => {
        const runs = repository.checkRuns.filter((run) => run.headSha === params['ref']).toReversed();
        return ok({ total_count: runs.length, check_runs: runs.slice(0, 100).map((run) => checkRunJson(run, world)) });
      }),
    },
    {
      method: 'POST',
      path: `${R}/check-runs`,
      handler: scoped(stage, 'checks:write', async (call, repository) => {
        requireAppToken(call);
        const body = parseBody(CheckBody, call);
        if (
          body.head_sha === undefined ||
          ((await repository.git.commitOf(body.head_sha)) === null &&
            !repository.pulls.some((pull) => pull.forkSha === body.head_sha))
        ) {
          throw new ApiError(422, `No commit found for SHA: ${body.head_sha}`);
        }
        const run: CheckRunRecord = {
          id: world.nextId(),
          name: body.name ?? '',
          headSha: body.head_sha,
          externalId: body.external_id ?? '',
          status: 'queued',
          conclusion: null,
          title: '',
          summary: '',
          updates: 0,
        };
        repository.checkRuns.push(run);
        applyCheck(run, body);
        return created(checkRunJson(run, world));
      }),
    },
    {
      method: 'PATCH',
      path: `${R}/check-runs/:id`,
      handler: scoped(stage, 'checks:write', (call, repository) => {
        requireAppToken(call);
        const run = repository.checkRuns.find((each) => each.id === Number(call.params['id']));
        if (run === undefined) throw notFound();
        applyCheck(run, parseBody(CheckBody, call));
        run.updates += 1;
        return ok(checkRunJson(run, world));
      }),
    },
    {
      method: 'POST',
      path: `${R}/statuses/:sha`,
      handler: scoped(stage, 'statuses:write', (call, repository) => {
        const { state, context, description } = parseBody(StatusBody, call);
        repository.statuses.push({ sha: call.params['sha'] ?? '', state, context, description });
        return created({ id: world.nextId(), state, context, description });
      }),
    },
  ];
}

function applyCheck(run: CheckRunRecord, body: z.infer<typeof CheckBody>): void {
  if (body.output !== undefined) Object.assign(run, { title: body.output.title, summary: body.output.summary });
  if (body.status !== undefined) run.status = body.status;
  if (body.conclusion !== undefined) Object.assign(run, { conclusion: body.conclusion, status: 'completed' });
}

const DispatchBody = z.object({
  ref: z.string(),
  inputs: z.record(z.string(), z.string()).default({}),
  return_run_details: z.boolean().optional(),
});

function actionsRoutes(stage: Stage): Route[] {
  const { engine, auth } = stage;
  const blobs = new Map<string, BlobTicket>();
  const findRun = ({ params }: Call, repository: RepositoryRecord): RepositoryRecord['runs'][number] => {
    const run = repository.runs.find((each) => each.id === Number(params['run']));
    if (run === undefined) throw notFound();
    return run;
  };
  const cancel = scoped(stage, 'actions:write', (call, repository) => {
    const run = findRun(call, repository);
    if (run.status === 'completed') throw new ApiError(409, 'Cannot cancel a workflow run that is completed.');
    run.abort.abort('cancelled');
    return { status: 202, body: {} };
  });
  return [
    {
      method: 'POST',
      path: `${R}/actions/workflows/:file/dispatches`,
      handler: scoped(stage, 'actions:write', async (call, repository) => {
        const body = parseBody(DispatchBody, call);
        const run = await engine.dispatch(repository, {
          ...body,
          file: call.params['file'] ?? '',
          actor: auth.grantOf(call).actor,
        });
        if (body.return_run_details !== true) return { status: 204 };
        const url = `${call.baseUrl}/repos/${repository.owner.login}/${repository.name}/actions/runs/${run.id}`;
        return ok({ workflow_run_id: run.id, run_url: url, html_url: runUrl(call.baseUrl, repository, run) });
      }),
    },
    {
      method: 'GET',
      path: `${R}/actions/workflows/:file/runs`,
      handler: scoped(stage, 'actions', ({ params, query, baseUrl }, repository) => {
        const since = /^>=(.+)$/.exec(query.get('created') ?? '')?.[1] ?? '';
        const runs = repository.runs
          .filter(
            (run) =>
              run.file === params['file'] &&
              run.listedFrom <= Date.now() &&
              Date.parse(run.createdAt) >= Date.parse(since || '1970-01-01'),
          )
          .toReversed();
        return ok({
          total_count: runs.length,
          workflow_runs: runs.slice(0, 100).map((run) => actionsRunJson(run, repository, baseUrl)),
        });
      }),
    },
    {
      method: 'GET',
      path: `${R}/actions/runs/:run`,
      handler: scoped(stage, 'actions', (call, repository) =>
        ok(actionsRunJson(findRun(call, repository), repository, call.baseUrl)),
      ),
    },
    {
      method: 'GET',
      path: `${R}/actions/runs/:run/jobs`,
      handler: scoped(stage, 'actions', (call, repository) => {
        const run = findRun(call, repository);
        const jobs =
          run.steps.length === 0
            ? []
            : [{ id: run.id + 1, name: 'job', status: run.status, conclusion: run.conclusion, steps: run.steps }];
        return ok({ total_count: jobs.length, jobs });
      }),
    },
    { method: 'POST', path: `${R}/actions/runs/:run/cancel`, handler: cancel },
    { method: 'POST', path: `${R}/actions/runs/:run/force-cancel`, handler: cancel },
    {
      method: 'GET',
      path: `${R}/actions/runs/:run/artifacts`,
      handler: scoped(stage, 'actions', (call, repository) => {
        const name = call.query.get('name');
        const found = repository.artifacts.filter(
          (artifact) => artifact.runId === Number(call.params['run']) && (name === null || artifact.name === name),
        );
        return ok({ total_count: found.length, artifacts: found.map(artifactJson) });
      }),
    },
    {
      method: 'GET',
      path: `${R}/actions/artifacts/:artifact/zip`,
      handler: scoped(stage, 'actions', (call, repository) => {
        const artifact = repository.artifacts.find((each) => each.id === Number(call.params['artifact']));
        if (artifact === undefined) throw notFound();
        if (artifact.expired) throw new ApiError(410, 'Artifact has expired');
        const ticket = randomBytes(16).toString('hex');
        blobs.set(ticket, { zip: () => artifact.zip, expires: Date.now() + 60_000 });
        return { status: 302, headers: { location: `${call.baseUrl}/_blobs/${ticket}` } };
      }),
    },
    {
      method: 'GET',
      path: '/_blobs/:ticket',
      handler: ({ params, headers }) => {
        const ticket = blobs.get(params['ticket'] ?? '');
        if (headers.authorization !== undefined) throw new ApiError(400, 'Credentials were sent to the artifact store');
        if (ticket === undefined || ticket.expires < Date.now()) throw new ApiError(403, 'The address has expired');
        return { status: 200, body: ticket.zip(), headers: { 'content-type': 'application/zip' } };
      },
    },
  ];
}

function conversationRoutes(stage: Stage): Route[] {
  const { world, auth } = stage;
  const Body = z.object({ body: z.string().max(65_536, 'body is too long (maximum is 65536 characters)') });
  return [
    {
      method: 'POST',
      path: `${R}/issues/comments/:comment/reactions`,
      handler: scoped(stage, 'issues:write', (call, repository) => {
        const { content } = parseBody(
          z.object({ content: z.enum(['+1', '-1', 'laugh', 'confused', 'heart', 'hooray', 'rocket', 'eyes']) }),
          call,
        );
        const commentId = Number(call.params['comment']);
        const isKnown = repository.reactions.some((each) => each.commentId === commentId && each.content === content);
        if (!isKnown) repository.reactions.push({ commentId, content });
        return { status: isKnown ? 200 : 201, body: { id: world.nextId(), content } };
      }),
    },
    {
      method: 'GET',
      path: `${R}/collaborators/:login/permission`,
      handler: scoped(stage, 'metadata', ({ params }, repository) => {
        const login = params['login'] ?? '';
        const user = world.users.get(login);
        if (user === undefined) throw notFound();
        const permission = repository.permissions.get(login) ?? (repository.visibility === 'public' ? 'read' : 'none');
        return ok({ permission, role_name: permission, user: userJson(user) });
      }),
    },
    {
      method: 'GET',
      path: `${R}/issues/:number/comments`,
      handler: scoped(stage, 'issues', ({ params }, repository) =>
        ok(repository.comments.filter((each) => each.issueNumber === Number(params['number'])).map(commentJson)),
      ),
    },
    {
      method: 'POST',
      path: `${R}/issues/:number/comments`,
      handler: scoped(stage, 'issues:write', (call, repository) => {
        const { body } = parseBody(Body, call);
        const comment = {
          id: world.nextId(),
          issueNumber: Number(call.params['number']),
          user: auth.grantOf(call).actor,
          body,
        };
        repository.comments.push(comment);
        return created(commentJson(comment));
      }),
    },
    {
      method: 'PATCH',
      path: `${R}/issues/comments/:comment`,
      handler: scoped(stage, 'issues:write', (call, repository) => {
        const comment = repository.comments.find((each) => each.id === Number(call.params['comment']));
        if (comment === undefined) throw notFound();
        comment.body = parseBody(Body, call).body;
        return ok(commentJson(comment));
      }),
    },
  ];
}
