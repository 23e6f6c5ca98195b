/** Check runs and commit statuses. */
import { z } from 'zod';
import { ApiError, created, notFound, ok, type Call, type Route } from './http.ts';
import { checkRunJson, statusJson } from './representations/reports.ts';
import { invalid, pageOf, parseBody, R, scoped, type Scoped, type Stage } from './scoped.ts';
import type { CheckRunRecord, RepositoryRecord, StatusRecord } from './world.ts';

/** GitHub's limits. Source: REST reference, "Create a check run", "Create a commit status". */
const MAX_CHECK_TEXT = 65_535;
const MAX_ANNOTATIONS = 50;
const MAX_DESCRIPTION = 140;

const sizeOf = (given: unknown): number => (typeof given === 'string' || Array.isArray(given) ? given.length : 0);

const checkText = z.string().max(MAX_CHECK_TEXT, {
  error: ({ input }) => `Only ${MAX_CHECK_TEXT} characters are allowed; ${sizeOf(input)} were supplied.`,
});
const Annotation = z
  .object({
    path: z.string().min(1),
    start_line: z.number().int().positive(),
    end_line: z.number().int().positive(),
    start_column: z.number().int().positive().optional(),
    end_column: z.number().int().positive().optional(),
    annotation_level: z.enum(['notice', 'warning', 'failure']),
    message: z.string().min(1).max(65_535),
    title: z.string().max(255).optional(),
  })
  .refine(({ start_line: start, end_line: end, start_column: column }) => column === undefined || start === end, {
    message: 'start_column is for annotations of one line only',
  });
const Action = z.object({
  label: z.string().min(1).max(20),
  description: z.string().min(1).max(40),
  identifier: z.string().min(1).max(20),
});
const CheckOutput = z.object({
  title: z.string(),
  summary: checkText,
  text: checkText.optional(),
  annotations: z
    .array(Annotation)
    .max(MAX_ANNOTATIONS, {
      error: ({ input }) => `No more than ${MAX_ANNOTATIONS} items are allowed; ${sizeOf(input)} were supplied.`,
    })
    .default([]),
});
const CheckBody = z.object({
  name: z.string().optional(),
  head_sha: z.string().optional(),
  external_id: z.string().optional(),
  details_url: z.string().optional(),
  status: z.enum(['queued', 'in_progress', 'completed']).optional(),
  conclusion: z
    .enum(['action_required', 'cancelled', 'failure', 'neutral', 'success', 'skipped', 'timed_out'])
    .optional(),
  output: CheckOutput.optional(),
  actions: z.array(Action).max(3).optional(),
});
type CheckBody = z.infer<typeof CheckBody>;
const StatusBody = z.object({
  state: z.enum(['error', 'failure', 'pending', 'success']),
  context: z.string().default('default'),
  description: z.string().default(''),
  target_url: z.string().nullish(),
});

/** Characters are counted first, and bytes after that: which is what many-byte text runs into (github/docs#35252). */
function refuseManyBytes({ output }: CheckBody): void {
  for (const field of ['summary', 'text'] as const) {
    if (Buffer.byteLength(output?.[field] ?? '') <= MAX_CHECK_TEXT) continue;
    const message = `${field} exceeds a maximum bytesize of ${MAX_CHECK_TEXT}`;
    throw invalid({ resource: 'CheckRun', code: 'custom', field, message });
  }
}

function readCheck(call: Call): CheckBody {
  const body = parseBody(CheckBody, call);
  refuseManyBytes(body);
  if (body.status === 'completed' && body.conclusion === undefined)
    throw invalid({ resource: 'CheckRun', code: 'missing_field', field: 'conclusion' });
  return body;
}

function applyCheck(run: CheckRunRecord, body: CheckBody): void {
  const { output, conclusion } = body;
  if (output !== undefined) {
    const { title, summary, text = run.text, annotations } = output;
    Object.assign(run, { title, summary, text });
    run.annotations.push(...annotations);
  }
  if (body.name !== undefined) run.name = body.name;
  if (body.actions !== undefined) run.actions = body.actions;
  if (body.status !== undefined) run.status = body.status;
  if (body.details_url !== undefined) run.detailsUrl = body.details_url;
  if (conclusion !== undefined)
    Object.assign(run, { conclusion, status: 'completed', completedAt: new Date().toISOString() });
}

/** Check runs belong to Apps: a person's token is refused. */
const requireAppToken = ({ auth }: Stage, call: Call): void => {
  if (!auth.grantOf(call).isApp) throw new ApiError(403, 'You must authenticate via a GitHub App.');
};

async function requireCommit({ git, pulls }: RepositoryRecord, sha: string): Promise<void> {
  const isKnown = (await git.commitOf(sha)) !== null || pulls.some((pull) => pull.forkSha === sha);
  if (!isKnown) throw new ApiError(422, `No commit found for SHA: ${sha}`);
}

const createCheck =
  (stage: Stage): Scoped =>
  async (call, repository) => {
    requireAppToken(stage, call);
    const body = readCheck(call);
    const { name = '', head_sha: headSha = '', external_id: externalId = '' } = body;
    if (name === '') throw invalid({ resource: 'CheckRun', code: 'missing_field', field: 'name' });
    await requireCommit(repository, headSha);
    const run: CheckRunRecord = {
      id: stage.world.nextId(),
      name,
      headSha,
      externalId,
      suiteId: repository.checkRuns.find((each) => each.headSha === headSha)?.suiteId ?? stage.world.nextId(),
      startedAt: new Date().toISOString(),
      completedAt: null,
      detailsUrl: null,
      status: 'queued',
      conclusion: null,
      title: '',
      summary: '',
      text: null,
      annotations: [],
      actions: [],
      updates: 0,
    };
    repository.checkRuns.push(run);
    applyCheck(run, body);
    return created(checkRunJson(run, repository, stage.world));
  };

const updateCheck =
  (stage: Stage): Scoped =>
  (call, repository) => {
    requireAppToken(stage, call);
    const run = repository.checkRuns.find((each) => each.id === Number(call.params['id']));
    if (run === undefined) throw notFound();
    applyCheck(run, readCheck(call));
    run.updates += 1;
    return ok(checkRunJson(run, repository, stage.world));
  };

const getCheck =
  ({ world }: Stage): Scoped =>
  ({ params }, repository) => {
    const run = repository.checkRuns.find((each) => each.id === Number(params['id']));
    if (run === undefined) throw notFound();
    return ok(checkRunJson(run, repository, world));
  };

const listChecks =
  ({ world }: Stage): Scoped =>
  async (call, repository) => {
    const ref = call.params['ref'] ?? '';
    const sha = (await repository.git.commitOf(ref)) ?? ref;
    const name = call.query.get('check_name');
    const appId = call.query.get('app_id');
    const found = repository.checkRuns
      .filter((run) => run.headSha === sha && (name === null || run.name === name))
      .filter(() => appId === null || Number(appId) === world.app.id)
      .toReversed();
    // Newest of each name, unless all are asked for.
    const isLatest = (run: CheckRunRecord): boolean => found.find((each) => each.name === run.name) === run;
    const wanted = call.query.get('filter') === 'all' ? found : found.filter(isLatest);
    const { items, headers } = pageOf(call, wanted);
    const runs = items.map((run) => checkRunJson(run, repository, world));
    return ok({ total_count: wanted.length, check_runs: runs }, headers);
  };

/** The newest first. */
const listStatuses =
  ({ world }: Stage): Scoped =>
  async (call, repository) => {
    const ref = call.params['ref'] ?? '';
    const sha = (await repository.git.commitOf(ref)) ?? ref;
    const found = repository.statuses.filter((status) => status.sha === sha).toReversed();
    const { items, headers } = pageOf(call, found);
    return ok(
      items.map((status) => statusJson(status, repository, world)),
      headers,
    );
  };

const createStatus =
  ({ world, auth }: Stage): Scoped =>
  async (call, repository) => {
    const { state, context, description, target_url: targetUrl } = parseBody(StatusBody, call);
    const sha = call.params['sha'] ?? '';
    await requireCommit(repository, sha);
    if (description.length > MAX_DESCRIPTION) {
      const message = `description is too long (maximum is ${MAX_DESCRIPTION} characters)`;
      throw invalid({ resource: 'Status', code: 'custom', field: 'description', message });
    }
    const status: StatusRecord = {
      id: world.nextId(),
      sha,
      state,
      context,
      description,
      targetUrl: targetUrl ?? null,
      creator: auth.grantOf(call).actor,
      createdAt: new Date().toISOString(),
    };
    repository.statuses.push(status);
    return created(statusJson(status, repository, world));
  };

export function reportRoutes(stage: Stage): Route[] {
  return [
    { method: 'GET', path: `${R}/commits/:ref/check-runs`, handler: scoped(stage, 'checks', listChecks(stage)) },
    { method: 'POST', path: `${R}/check-runs`, handler: scoped(stage, 'checks:write', createCheck(stage)) },
    { method: 'GET', path: `${R}/check-runs/:id`, handler: scoped(stage, 'checks', getCheck(stage)) },
    { method: 'PATCH', path: `${R}/check-runs/:id`, handler: scoped(stage, 'checks:write', updateCheck(stage)) },
    { method: 'GET', path: `${R}/commits/:ref/statuses`, handler: scoped(stage, 'statuses', listStatuses(stage)) },
    { method: 'POST', path: `${R}/statuses/:sha`, handler: scoped(stage, 'statuses:write', createStatus(stage)) },
  ];
}
