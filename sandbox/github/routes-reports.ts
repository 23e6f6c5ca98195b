/** Check runs and commit statuses. */
import { z } from 'zod';
import { ApiError, created, notFound, ok, type Call, type Route } from './http.ts';
import { checkRunJson } from './representations.ts';
import { parseBody, R, scoped, type Scoped, type Stage } from './scoped.ts';
import type { CheckRunRecord, RepositoryRecord } from './world.ts';

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

function applyCheck(run: CheckRunRecord, body: z.infer<typeof CheckBody>): void {
  if (body.output !== undefined) Object.assign(run, { title: body.output.title, summary: body.output.summary });
  if (body.status !== undefined) run.status = body.status;
  if (body.conclusion !== undefined) Object.assign(run, { conclusion: body.conclusion, status: 'completed' });
}

/** Check runs belong to Apps: a person's token is refused. */
const requireAppToken = ({ auth }: Stage, call: Call): void => {
  if (!auth.grantOf(call).isApp) throw new ApiError(403, 'You must authenticate via a GitHub App.');
};

async function knowsCommit({ git, pulls }: RepositoryRecord, sha: string | undefined): Promise<boolean> {
  if (sha === undefined) return false;
  return (await git.commitOf(sha)) !== null || pulls.some((pull) => pull.forkSha === sha);
}

const createCheck =
  (stage: Stage): Scoped =>
  async (call, repository) => {
    requireAppToken(stage, call);
    const body = parseBody(CheckBody, call);
    if (!(await knowsCommit(repository, body.head_sha)))
      throw new ApiError(422, `No commit found for SHA: ${body.head_sha}`);
    const run: CheckRunRecord = {
      id: stage.world.nextId(),
      name: body.name ?? '',
      headSha: body.head_sha ?? '',
      externalId: body.external_id ?? '',
      status: 'queued',
      conclusion: null,
      title: '',
      summary: '',
      updates: 0,
    };
    repository.checkRuns.push(run);
    applyCheck(run, body);
    return created(checkRunJson(run, stage.world));
  };

const updateCheck =
  (stage: Stage): Scoped =>
  (call, repository) => {
    requireAppToken(stage, call);
    const run = repository.checkRuns.find((each) => each.id === Number(call.params['id']));
    if (run === undefined) throw notFound();
    applyCheck(run, parseBody(CheckBody, call));
    run.updates += 1;
    return ok(checkRunJson(run, stage.world));
  };

export function reportRoutes(stage: Stage): Route[] {
  const { world } = stage;
  return [
    {
      method: 'GET',
      path: `${R}/commits/:ref/check-runs`,
      handler: scoped(stage, 'checks', ({ params }, repository) => {
        const runs = repository.checkRuns.filter((run) => run.headSha === params['ref']).toReversed();
        return ok({ total_count: runs.length, check_runs: runs.slice(0, 100).map((run) => checkRunJson(run, world)) });
      }),
    },
    { method: 'POST', path: `${R}/check-runs`, handler: scoped(stage, 'checks:write', createCheck(stage)) },
    { method: 'PATCH', path: `${R}/check-runs/:id`, handler: scoped(stage, 'checks:write', updateCheck(stage)) },
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
