/** Dispatching stage files, and their runs. */
import { z } from 'zod';
import { ApiError, notFound, ok, type Answer, type Call, type Route } from './http.ts';
import { actionsRunJson, annotationJson, jobJson, runApiUrl, runUrl, workflowJson } from './representations/actions.ts';
import { wholeSeconds } from './representations/json.ts';
import { pageOf, parseBody, R, scoped, type Scoped, type Stage } from './scoped.ts';
import { jobsOfAttempt, type ActionsRunRecord } from './actions-records.ts';
import type { RepositoryRecord, World } from './world.ts';

const DispatchBody = z.object({
  ref: z.string(),
  inputs: z.record(z.string(), z.string()).default({}),
  return_run_details: z.boolean().optional(),
});

const findRun = ({ params }: Call, repository: RepositoryRecord): ActionsRunRecord => {
  const run = repository.runs.find((each) => each.id === Number(params['run']));
  if (run === undefined) throw notFound();
  return run;
};

export function actionsRoutes(stage: Stage): Route[] {
  const W = `${R}/actions/workflows/:file`;
  return [
    { method: 'GET', path: `${R}/actions/workflows`, handler: scoped(stage, 'actions', listWorkflows(stage)) },
    { method: 'POST', path: `${W}/dispatches`, handler: scoped(stage, 'actions:write', dispatch(stage)) },
    { method: 'GET', path: `${W}/runs`, handler: scoped(stage, 'actions', listRuns(stage)) },
    ...runRoutes(stage),
    { method: 'GET', path: '/_actions/id-token', handler: idToken(stage) },
  ];
}

/** Answers a job's request for an OIDC token. Source: docs, "OpenID Connect reference". */
const idToken =
  ({ world }: Stage) =>
  ({ headers, query }: Call): Answer => {
    const identity = world.identities.get((headers.authorization ?? '').replace(/^bearer /i, ''));
    if (identity === undefined) throw new ApiError(401, 'Bad credentials');
    return ok({ value: identity(query.get('audience') ?? 'https://github.com') });
  };

/** Those of the default branch: Actions knows of no others. */
const listWorkflows =
  ({ world }: Stage): Scoped =>
  async (call, repository) => {
    const { git, defaultBranch, workflowIds, disabledWorkflows } = repository;
    const commit = await git.commitOf(`refs/heads/${defaultBranch}`);
    const files = commit === null ? [] : ((await git.directory(commit, '.github/workflows')) ?? []);
    const { items, headers } = pageOf(call, files);
    const workflows = items.map(({ name }) => {
      const id = workflowIds.get(name) ?? world.nextId();
      workflowIds.set(name, id);
      return workflowJson({ id, file: name, isDisabled: disabledWorkflows.has(name) }, repository, world);
    });
    return ok({ total_count: files.length, workflows }, headers);
  };

const dispatch =
  ({ engine, auth, world }: Stage): Scoped =>
  async (call, repository) => {
    const { ref, inputs, return_run_details: isToldWhich = false } = parseBody(DispatchBody, call);
    const { actor } = auth.grantOf(call);
    if (repository.disabledWorkflows.has(call.params['file'] ?? ''))
      throw new ApiError(422, "Cannot trigger a 'workflow_dispatch' on a disabled workflow");
    const run = await engine.dispatch(repository, { ref, inputs, file: call.params['file'] ?? '', actor });
    if (!isToldWhich) return { status: 204 };
    return ok({
      workflow_run_id: run.id,
      run_url: runApiUrl(run, repository, world),
      html_url: runUrl(world.baseUrl(), repository, run),
    });
  };

const listRuns =
  ({ world }: Stage): Scoped =>
  (call, repository) => {
    const isWanted = wantedRuns(call);
    const found = repository.runs
      .filter((run) => run.file === call.params['file'] && run.listedFrom <= Date.now() && isWanted(run))
      .toReversed();
    const { items, headers } = pageOf(call, found);
    const runs = items.map((run) => actionsRunJson(run, repository, world));
    return ok({ total_count: found.length, workflow_runs: runs }, headers);
  };

/** Of the list's filters, those that are used here: the others are refused loudly, since GitHub would not ignore them. */
function wantedRuns({ query }: Call): (run: ActionsRunRecord) => boolean {
  const known = ['created', 'event', 'head_sha', 'page', 'per_page'];
  const unknown = [...query.keys()].find((name) => !known.includes(name));
  const created = query.get('created') ?? '>=1970-01-01';
  const since = /^>=(.+)$/.exec(created)?.[1];
  if (unknown !== undefined || since === undefined)
    throw new ApiError(501, `The sandbox does not know how to list runs by ${unknown ?? `created=${created}`}`);
  const event = query.get('event');
  const sha = query.get('head_sha');
  return (run) =>
    (event === null || run.event === event) &&
    (sha === null || run.headSha === sha) &&
    Date.parse(wholeSeconds(run.createdAt)) >= Date.parse(since);
}

function jobsOf(
  call: Call,
  run: ActionsRunRecord,
  attempt: number,
  place: { readonly repository: RepositoryRecord; readonly world: World },
): Answer {
  const all = jobsOfAttempt(run, attempt);
  const { items, headers } = pageOf(call, all);
  return ok({ total_count: all.length, jobs: items.map((job) => jobJson(job, run, place)) }, headers);
}

const cancelRun =
  ({ auth }: Stage): Scoped =>
  (call, repository) => {
    const run = findRun(call, repository);
    if (run.status === 'completed') throw new ApiError(409, 'Cannot cancel a workflow run that is completed.');
    run.abort.abort(auth.grantOf(call).actor);
    return { status: 202, body: {} };
  };

function runRoutes(stage: Stage): Route[] {
  const { world, pullRuns } = stage;
  const cancel = scoped(stage, 'actions:write', cancelRun(stage));
  return [
    {
      method: 'GET',
      path: `${R}/actions/runs/:run`,
      handler: scoped(stage, 'actions', (call, repository) =>
        ok(actionsRunJson(findRun(call, repository), repository, world)),
      ),
    },
    {
      method: 'GET',
      path: `${R}/actions/runs/:run/jobs`,
      handler: scoped(stage, 'actions', (call, repository) => {
        const run = findRun(call, repository);
        return jobsOf(call, run, run.attempt, { repository, world });
      }),
    },
    {
      method: 'GET',
      path: `${R}/actions/runs/:run/attempts/:attempt/jobs`,
      handler: scoped(stage, 'actions', (call, repository) => {
        const [run, attempt] = [findRun(call, repository), Number(call.params['attempt'])];
        if (!Number.isInteger(attempt) || attempt < 1 || attempt > run.attempt) throw notFound();
        return jobsOf(call, run, attempt, { repository, world });
      }),
    },
    {
      method: 'GET',
      path: `${R}/check-runs/:id/annotations`,
      handler: scoped(stage, 'checks', (call, repository) => {
        const id = Number(call.params['id']);
        const job = repository.runs.flatMap(({ jobs }) => jobs).find((each) => each.id === id);
        // A job is a check run too; of our own it is only known how many annotations they have.
        if (job === undefined && !repository.checkRuns.some((each) => each.id === id)) throw notFound();
        const { items, headers } = pageOf(call, job?.annotations ?? []);
        const shown = items.map((each) => annotationJson(each, repository, world));
        return ok(shown, headers);
      }),
    },
    {
      method: 'POST',
      path: `${R}/actions/runs/:run/approve`,
      handler: scoped(stage, 'actions:write', (call, repository) => {
        pullRuns.approve(repository, findRun(call, repository));
        return { status: 201, body: {} };
      }),
    },
    { method: 'POST', path: `${R}/actions/runs/:run/cancel`, handler: cancel },
    { method: 'POST', path: `${R}/actions/runs/:run/force-cancel`, handler: cancel },
  ];
}
