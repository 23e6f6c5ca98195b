/**
 * How runs end on GitHub, and what is left of them to read: the stand-in does the same.
 *
 * Source: ../shared/facts/github.md, section 1 (runs, artifacts and logs), which names where GitHub says so.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { StageEnd, StageScript } from '../../sandbox/actions/scripts.ts';
import { Sandbox } from '../../sandbox/box.ts';
import type { ActionsRunRecord } from '../../sandbox/github/actions-records.ts';
import type { RepositoryRecord } from '../../sandbox/github/world.ts';
import type { FixtureName } from '../../sandbox/set-up.ts';
import { STAGE_TABLE } from '../../src/domain/stage/stage-table.ts';
import { ask, pathOf, stubs, stubsBut, tokenFor, type Asked, type Reply } from './wire.ts';

let box: Sandbox;
let repository: RepositoryRecord;
let token: string;
let head: string;
let count = 0;

beforeAll(async () => {
  box = await Sandbox.start({ kind: true, queueMs: 0, stageScripts: () => stubs });
});
afterAll(() => box.stop());

beforeEach(async () => {
  box.engine.scripts = stubs;
  await prepare('clean');
});

async function prepare(fixture: FixtureName): Promise<void> {
  repository = await box.createRepository(`app-${(count += 1)}`, { visibility: 'private' });
  head = await box.push(repository, 'main', await box.fixture(fixture));
  token = await tokenFor(box);
}

const askHere = (what: string, asked: Asked = {}): Promise<Reply> => {
  const [method, path] = what.split(' ');
  return ask(box, `${method} ${pathOf(repository)}${path}`, { token, ...asked });
};

async function dispatch(stage: 'lint' | 'build' = 'lint', commit = head): Promise<ActionsRunRecord> {
  const body = { ref: 'main', inputs: { key: 'k', nonce: 'n', group: 'g', commit } };
  await askHere(`POST /actions/workflows/${STAGE_TABLE[stage].file}/dispatches`, { body });
  const run = repository.runs.at(-1);
  if (run === undefined) throw new Error('no run was started');
  return run;
}

/** A run of lint that ends like this. */
async function endedAs(end: Partial<StageEnd>): Promise<ActionsRunRecord> {
  const steps = [{ name: 'MegaLinter', conclusion: 'failure' }];
  const lint: StageScript = () => Promise.resolve({ conclusion: 'failure', artifact: null, steps, ...end });
  box.engine.scripts = stubsBut('lint', lint);
  const run = await dispatch();
  await box.engine.settle();
  return run;
}

const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z /;

/** A job's log, without the times. */
/** The newest attempt's first job. */
const jobIdOf = ({ jobs, attempt }: ActionsRunRecord): number => jobs.find((job) => job.attempt === attempt)?.id ?? 0;

async function logOf(run: ActionsRunRecord): Promise<string[]> {
  const { status, headers } = await askHere(`GET /actions/jobs/${jobIdOf(run)}/logs`);
  expect(status).toBe(302);
  const { body } = await ask(box, `GET ${headers.get('location')}`);
  const lines = String(body).split('\n');
  expect(lines.pop()).toBe('');
  expect(lines.filter((line) => !STAMP.test(line))).toEqual([]);
  return lines.map((line) => line.replace(STAMP, ''));
}

const jobsOf = async ({ id }: ActionsRunRecord): Promise<unknown> =>
  (await askHere(`GET /actions/runs/${id}/jobs`)).body;
const actionsSent = (run: ActionsRunRecord): unknown[] =>
  box.webhooks.deliveries
    .filter(({ payload }) => (payload['workflow_run'] as { id?: number } | undefined)?.id === run.id)
    .map(({ payload }) => payload['action']);

describe("a job's log", () => {
  it('is text at another address, which takes no credentials; each line begins with its time', async () => {
    const run = await endedAs({ log: '##[group]Run it\n##[endgroup]\n##[error]No' });
    const { status, headers } = await askHere(`GET /actions/jobs/${jobIdOf(run)}/logs`);
    expect(status).toBe(302);
    const address = headers.get('location') ?? '';
    const reply = await ask(box, `GET ${address}`);
    expect(reply.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(await logOf(run)).toEqual(['##[group]Run it', '##[endgroup]', '##[error]No']);
    expect(await ask(box, `GET ${address}`, { token })).toMatchObject({ status: 400 });
  });

  it('is there only once the job has ended', async () => {
    box.engine.options.queueMs = 60_000;
    const run = await dispatch();
    box.engine.options.queueMs = 0;
    expect(await askHere(`GET /actions/jobs/${jobIdOf(run)}/logs`)).toMatchObject({ status: 404 });
    run.abort.abort('the test ends');
    await box.engine.settle();
  });

  it('is there of jobs that had begun, and of no others', async () => {
    const [never, absent] = [await endedAs({ jobs: 'none', log: 'x' }), 999];
    for (const id of [jobIdOf(never), absent])
      expect(await askHere(`GET /actions/jobs/${id}/logs`)).toMatchObject({ status: 404 });
    const untold = await endedAs({ steps: [] });
    expect(await askHere(`GET /actions/jobs/${jobIdOf(untold)}/logs`)).toMatchObject({ status: 404 });
  });

  it('tells the steps, and which failed, where a job says nothing itself', async () => {
    const steps = [
      { name: 'actions/checkout', conclusion: 'success' },
      { name: 'MegaLinter', conclusion: 'failure' },
    ];
    expect(await logOf(await endedAs({ steps }))).toEqual([
      ...['##[group]Run actions/checkout', '##[endgroup]'],
      ...['##[group]Run MegaLinter', '##[endgroup]', '##[error]Process completed with exit code 1.'],
    ]);
  });

  it('says that it was cancelled, where it was', async () => {
    box.engine.scripts = stubsBut('lint', () => new Promise(() => undefined));
    const run = await dispatch();
    while (run.status !== 'in_progress') await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await askHere(`POST /actions/runs/${run.id}/cancel`)).toMatchObject({ status: 202 });
    await box.engine.settle();
    expect(await logOf(run)).toEqual(['##[error]The operation was canceled.']);
  });

  it('is that of the newest attempt after a re-run', async () => {
    const run = await endedAs({ log: 'first' });
    const jobId = jobIdOf(run);
    box.engine.scripts = stubs;
    await box.engine.rerun(repository, run);
    await box.engine.settle();
    expect(jobIdOf(run)).not.toBe(jobId);
    expect(await logOf(run)).toEqual(['##[group]Run x', '##[endgroup]']);
  });

  it('is read by the permission for Actions', async () => {
    const run = await endedAs({});
    const stranger = await tokenFor(box, { permissions: { checks: 'read' } });
    const reply = await askHere(`GET /actions/jobs/${jobIdOf(run)}/logs`, { token: stranger });
    expect(reply.status).toBe(403);
    expect(reply.headers.get('x-accepted-github-permissions')).toBe('actions=read');
  });
});

describe('a run that Actions itself ends', () => {
  it('has no job where it could not start, and leaves nothing', async () => {
    const artifact = new Map([['stage.json', '{}']]);
    const run = await endedAs({ conclusion: 'startup_failure', artifact });
    expect((await askHere(`GET /actions/runs/${run.id}`)).body).toMatchObject({
      status: 'completed',
      conclusion: 'startup_failure',
    });
    expect(await jobsOf(run)).toEqual({ total_count: 0, jobs: [] });
    expect(repository.artifacts).toEqual([]);
    expect(actionsSent(run)).toContain('completed');
  });

  it('may have no job whatever it is called, and may end without a word', async () => {
    const run = await endedAs({ conclusion: 'failure', jobs: 'none', silent: true });
    expect(await jobsOf(run)).toMatchObject({ total_count: 0 });
    expect((await askHere(`GET /actions/runs/${run.id}`)).body).toMatchObject({ status: 'completed' });
    expect(actionsSent(run)).toEqual(['requested', 'in_progress']);
    // A re-run begins afresh.
    box.engine.scripts = stubs;
    await box.engine.rerun(repository, run);
    // Looked at in this very moment: a request would let it end.
    expect(run.jobs.map(({ conclusion }) => conclusion)).toEqual([null]);
    await box.engine.settle();
    expect(await jobsOf(run)).toMatchObject({ total_count: 1, jobs: [{ conclusion: 'success' }] });
    expect(actionsSent(run)).toEqual(['requested', 'in_progress', 'in_progress', 'completed']);
  });

  it('has its job where its time was over', async () => {
    const run = await endedAs({ conclusion: 'timed_out' });
    expect(await jobsOf(run)).toMatchObject({ total_count: 1, jobs: [{ conclusion: 'timed_out' }] });
  });
});

describe('annotations', () => {
  const annotationsOf = (id: number, asked: Asked = {}): Promise<Reply> =>
    askHere(`GET /check-runs/${id}/annotations`, asked);

  it("of a job are found by its id, which is its check run's", async () => {
    const run = await endedAs({
      annotations: [
        { level: 'failure', message: 'The hosted runner lost communication with the server.' },
        { level: 'warning', message: 'Node.js 16 actions are deprecated.' },
      ],
    });
    expect((await annotationsOf(jobIdOf(run))).body).toMatchObject([
      { annotation_level: 'failure', message: 'The hosted runner lost communication with the server.' },
      { annotation_level: 'warning', message: 'Node.js 16 actions are deprecated.' },
    ]);
    expect((await askHere(`GET /check-runs/${jobIdOf(run)}/annotations?per_page=1&page=2`)).body).toMatchObject([
      { annotation_level: 'warning' },
    ]);
  });

  it('are none of a job that Actions had nothing to say of, and of nothing that is not there', async () => {
    const run = await endedAs({});
    expect(await annotationsOf(jobIdOf(run))).toMatchObject({ status: 200, body: [] });
    expect(await annotationsOf(999)).toMatchObject({ status: 404 });
    const { body } = await askHere('POST /check-runs', { body: { name: 'x', head_sha: head } });
    expect(await annotationsOf((body as { id: number }).id)).toMatchObject({ status: 200, body: [] });
  });

  it('tell who cancelled a run', async () => {
    box.engine.options.queueMs = 60_000;
    const run = await dispatch();
    box.engine.options.queueMs = 0;
    await askHere(`POST /actions/runs/${run.id}/cancel`);
    await box.engine.settle();
    expect((await annotationsOf(jobIdOf(run))).body).toMatchObject([
      { annotation_level: 'failure', message: 'The run was canceled by @slsa-pipeline-sandbox[bot].' },
    ]);
  });

  it('are read by the permission for checks', async () => {
    const run = await endedAs({});
    const stranger = { token: await tokenFor(box, { permissions: { actions: 'read' } }) };
    const reply = await annotationsOf(jobIdOf(run), stranger);
    expect(reply.status).toBe(403);
    expect(reply.headers.get('x-accepted-github-permissions')).toBe('checks=read');
  });
});

interface Done {
  readonly run: ActionsRunRecord;
  /** Returns the log of the failed job, or of the last one. */
  readonly log: readonly string[];
  readonly steps: readonly string[];
}

/** A stage that is carried out by its file. */
async function carriedOut(stage: 'lint' | 'build', commit = head): Promise<Done> {
  box.engine.scripts = () => null;
  const run = await dispatch(stage, commit);
  await box.engine.settle();
  const job = run.jobs.find(({ conclusion }) => conclusion === 'failure') ?? run.jobs.at(-1);
  const lines = (job?.log ?? '').trimEnd().split('\n');
  return {
    run,
    log: lines.map((line) => line.replace(STAMP, '')),
    steps: (job?.steps ?? []).map(({ name, conclusion }) => `${name}: ${conclusion}`),
  };
}

describe('what the stages themselves print', () => {
  const DOCKERFILE_COMMAND =
    'process "/bin/sh -c test -d /app/src/generated" did not complete successfully: exit code: 1';

  it("of a build whose own command fails is buildx's: the vertices, the Dockerfile's line and the error", async () => {
    await prepare('failing-build');
    const { run, log, steps } = await carriedOut('build');
    expect(run.conclusion).toBe('failure');
    const from = log.indexOf('#6 [3/5] COPY src /app/src');
    expect(log.slice(from, log.indexOf('##[endgroup]', from) - 1).slice(0, 17)).toEqual([
      ...['#6 [3/5] COPY src /app/src', '#6 DONE 0.1s', ''],
      ...['#7 [4/5] RUN test -d /app/src/generated', `#7 ERROR: ${DOCKERFILE_COMMAND}`],
      ...['------', ' > [4/5] RUN test -d /app/src/generated:', '------'],
      ...['Dockerfile:4', '--------------------'],
      '   2 |     COPY package.json package-lock.json /app/',
      '   3 |     COPY src /app/src',
      '   4 | >>> RUN test -d /app/src/generated',
      '   5 |     WORKDIR /app',
      '   6 |     CMD ["node", "src/server.js"]',
      '--------------------',
      `ERROR: failed to build: failed to solve: ${DOCKERFILE_COMMAND}`,
    ]);
    expect(log).toContain(
      `##[error]buildx failed with: ERROR: failed to build: failed to solve: ${DOCKERFILE_COMMAND}`,
    );
    expect(log.slice(-2)).toEqual([
      '##[error]The image did not build: see the step above.',
      '##[error]Process completed with exit code 1.',
    ]);
    // A failure that the job goes on after is none to its steps, and the last one says it.
    expect(steps).toContain('Build and push: success');
    expect(steps).toContain('Say how the build ended: failure');
    expect(run.jobs.map(({ name, conclusion }) => `${name}: ${conclusion}`)).toEqual([
      'plan: success',
      'build: failure',
      'provenance: skipped',
    ]);
    // Its failure is a result, and is uploaded.
    expect(repository.artifacts.map(({ name }) => name)).toEqual(['slsa-build-1']);
  });

  it('of a build that is whole is no failure, although the same command is in it', async () => {
    await prepare('failing-build');
    head = await box.push(repository, 'main', new Map([['src/generated/routes.js', '// made\n']]));
    const { run } = await carriedOut('build');
    expect(run.conclusion).toBe('success');
  });

  it.each([
    [
      'copies what is not there',
      'FROM scratch\n# a note\nCOPY package.json \\\n  absent /app/\n',
      /^ERROR: failed to build: failed to solve: failed to compute cache key: failed to calculate checksum of ref \w+::\w+: "\/absent": not found$/,
      '   3 | >>> COPY package.json \\',
    ],
    ['begins with no image', 'COPY src /\n', /dockerfile parse error: no build stage in current context$/, null],
    ['is not there', null, /failed to read dockerfile: open Dockerfile: no such file or directory$/, null],
  ])('of a build whose Dockerfile %s says so', async (_, text, error, line) => {
    head = await box.push(repository, 'main', new Map([['Dockerfile', text]]));
    const { run, log } = await carriedOut('build');
    expect(run.conclusion).toBe('failure');
    expect(log.find((each) => each.startsWith('ERROR: '))).toMatch(error);
    expect(log.find((each) => each.includes('>>>')) ?? null).toBe(line);
  });

  it('of lint names each finding, and says at its end that there were some', async () => {
    await prepare('lint-errors');
    const { run, log } = await carriedOut('lint');
    expect(run.conclusion).toBe('failure');
    expect(log).toContainEqual(
      expect.stringMatching(/^##\[group\]❌ Linted \[JAVASCRIPT\] files with \[eslint\]: Found \d+ error/),
    );
    expect(log).toContainEqual(expect.stringMatching(/^ {2}┌─ src\/server\.js:\d+:\d+$/));
    expect(log.slice(-2)).toEqual([
      '##[error]MegaLinter found errors: see its step above.',
      '##[error]Process completed with exit code 1.',
    ]);
  }, 60_000);

  it('of a commit that the branch has left is one sentence', async () => {
    const wanted = 'f'.repeat(40);
    const { log } = await carriedOut('build', wanted);
    expect(log.slice(-2)).toEqual([
      `##[error]This run is at ${head}, not at the commit it was dispatched for: the branch has moved.`,
      '##[error]Process completed with exit code 1.',
    ]);
  });

  it('of a stage that crashes is why', async () => {
    box.engine.scripts = stubsBut('lint', () => Promise.reject(new Error('Unable to download artifact: not found')));
    const run = await dispatch();
    await box.engine.settle();
    expect(await logOf(run)).toContain('##[error]Unable to download artifact: not found');
  });
});
