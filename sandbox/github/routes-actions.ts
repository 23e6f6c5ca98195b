/** Dispatching stage files, and their runs. */
import { z } from 'zod';
import { ApiError, notFound, ok, type Call, type Route } from './http.ts';
import { actionsRunJson, runUrl } from './representations.ts';
import { parseBody, R, scoped, type Stage } from './scoped.ts';
import type { RepositoryRecord } from './world.ts';

const DispatchBody = z.object({
  ref: z.string(),
  inputs: z.record(z.string(), z.string()).default({}),
  return_run_details: z.boolean().optional(),
});

const findRun = ({ params }: Call, repository: RepositoryRecord): RepositoryRecord['runs'][number] => {
  const run = repository.runs.find((each) => each.id === Number(params['run']));
  if (run === undefined) throw notFound();
  return run;
};

export function actionsRoutes(stage: Stage): Route[] {
  const { engine, auth } = stage;
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
    ...runRoutes(stage),
  ];
}

function runRoutes(stage: Stage): Route[] {
  const cancel = scoped(stage, 'actions:write', (call, repository) => {
    const run = findRun(call, repository);
    if (run.status === 'completed') throw new ApiError(409, 'Cannot cancel a workflow run that is completed.');
    run.abort.abort('cancelled');
    return { status: 202, body: {} };
  });
  return [
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
  ];
}
