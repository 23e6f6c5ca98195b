/**
 * What the product relies on of GitHub, one sentence each: the stand-in does the same.
 *
 * Source: ../shared/facts/github.md, sections 1 (dispatch, runs, artifacts), 2 (check runs), 4 and 6 (tokens, ETags)
 * and 5 (webhooks), which name where GitHub says so.
 */
import { createHash, createHmac, generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Sandbox } from '../../sandbox/box.ts';
import { readAll } from '../../sandbox/github/http.ts';
import { unkindly, type DeliveryRecord } from '../../sandbox/github/webhooks.ts';
import type { RepositoryRecord } from '../../sandbox/github/world.ts';
import { appJwt, ask, mint, pathOf, stubs, tokenFor, type Asked, type Reply } from './wire.ts';

/** A stage file of this test's own, in the place of a real one: with a title and a group that its inputs decide. */
const FILE = '00-megalinter.yml';
const workflow = (name = 'Lint'): string => `name: ${name}
run-name: ${name} for \${{ inputs.key }}
on:
  workflow_dispatch:
    inputs:
      key: { required: true, type: string }
      note: { type: string, default: none }
concurrency: { group: '\${{ inputs.key }}', cancel-in-progress: true }
jobs: { lint: { runs-on: ubuntu-24.04, steps: [{ run: 'true' }] } }
`;
const AT = `.github/workflows/${FILE}`;

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
  repository = await box.createRepository(`app-${(count += 1)}`, { visibility: 'private' });
  head = await box.push(repository, 'main', new Map([[AT, workflow()]]));
  token = await tokenFor(box);
});

const askHere = (what: string, asked: Asked = {}): Promise<Reply> => {
  const [method, path] = what.split(' ');
  return ask(box, `${method} ${pathOf(repository)}${path}`, { token, ...asked });
};

const dispatch = (ref: string, more: Readonly<Record<string, unknown>> = {}, file = FILE): Promise<Reply> =>
  askHere(`POST /actions/workflows/${file}/dispatches`, {
    body: { ref, inputs: { key: 'k' }, return_run_details: true, ...more },
  });

/** A run that has been dispatched, by id. */
async function started(ref = 'main', inputs: Readonly<Record<string, string>> = { key: 'k' }): Promise<number> {
  const { status, body } = await dispatch(ref, { inputs });
  expect(status).toBe(200);
  return (body as { workflow_run_id: number }).workflow_run_id;
}

async function finished(): Promise<number> {
  const id = await started();
  await box.engine.settle();
  return id;
}

/** Runs that wait for a runner until they are cancelled. */
async function withoutRunners<T>(work: () => Promise<T>): Promise<T> {
  box.engine.options.queueMs = 60_000;
  try {
    return await work();
  } finally {
    box.engine.options.queueMs = 0;
  }
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

const refusedWith = (message: string) => ({ status: 422, body: { message } });

describe('a dispatch', () => {
  it('takes a branch or a tag, short or in full', async () => {
    await repository.git.git('tag', 'v1', head);
    for (const ref of ['main', 'refs/heads/main', 'v1', 'refs/tags/v1'])
      expect(await dispatch(ref)).toMatchObject({ status: 200 });
  });

  it('refuses a commit: only names of branches and tags are refs here', async () => {
    expect(await dispatch(head)).toMatchObject(refusedWith(`No ref found for: ${head}`));
  });

  it("refuses a pull request's ref, even where git has it", async () => {
    await repository.git.git('update-ref', 'refs/pull/1/head', head);
    expect(await dispatch('refs/pull/1/head')).toMatchObject(refusedWith('No ref found for: refs/pull/1/head'));
  });

  it("refuses a fork's branch, which the repository does not have", async () => {
    await box.openPull(repository, 'theirs', { headRepositoryId: 7, forkSha: 'f'.repeat(40) });
    expect(await dispatch('theirs')).toMatchObject(refusedWith('No ref found for: theirs'));
  });

  it('refuses an input that the file does not know', async () => {
    const inputs = { key: 'k', colour: 'red' };
    expect(await dispatch('main', { inputs })).toMatchObject(refusedWith('Unexpected inputs provided: ["colour"]'));
  });

  it('refuses to go without an input that the file asks for', async () => {
    expect(await dispatch('main', { inputs: {} })).toMatchObject(refusedWith("Required input 'key' not provided"));
  });

  it('refuses inputs of more than 65,535 characters together', async () => {
    const inputs = { key: 'k', note: 'x'.repeat(65_535) };
    expect(await dispatch('main', { inputs })).toMatchObject(refusedWith('inputs are too large.'));
  });

  it('refuses a file that has no workflow_dispatch at that ref', async () => {
    await box.push(
      repository,
      'feature',
      new Map([[AT, 'on: { push: {} }\njobs: { a: { runs-on: ubuntu-24.04, steps: [{ run: ls }] } }\n']]),
    );
    const message = "Workflow does not have 'workflow_dispatch' trigger";
    expect(await dispatch('feature')).toMatchObject(refusedWith(message));
  });

  it('does not find a file that is not on the default branch, although it is at the ref', async () => {
    await box.push(repository, 'feature', new Map([['.github/workflows/new.yml', workflow()]]));
    expect(await dispatch('feature', {}, 'new.yml')).toMatchObject({ status: 404, body: { message: 'Not Found' } });
  });

  it('is answered with 204 and nothing more, unless the run is asked for', async () => {
    expect(await dispatch('main', { return_run_details: undefined })).toMatchObject({ status: 204, body: '' });
    expect(repository.runs).toHaveLength(1);
  });

  it('is answered with the run and its addresses where return_run_details asks for them', async () => {
    const { status, body } = await dispatch('main');
    const [run] = repository.runs;
    const path = `${repository.owner.login}/${repository.name}/actions/runs/${run?.id}`;
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        workflow_run_id: run?.id,
        run_url: `${box.url}/repos/${path}`,
        html_url: `${box.url}/${path}`,
      },
    });
  });

  it('starts a run each time that it is sent: it is not idempotent', async () => {
    expect(await started()).not.toBe(await started());
    expect(repository.runs).toHaveLength(2);
  });

  it('runs the file, and the commit, that the ref has at that time', async () => {
    const tip = await box.push(repository, 'feature', new Map([[AT, workflow('Changed')]]));
    const id = await started('feature');
    const { body } = await askHere(`GET /actions/runs/${id}`);
    expect(body).toMatchObject({ name: 'Changed', head_sha: tip, head_branch: 'feature', path: AT });
  });
});

describe('a run', () => {
  it("carries its file's run-name, with the inputs in it, as its title, and our bot as its actor", async () => {
    const id = await started('main', { key: 'run 7 nonce 8' });
    const { body } = await askHere(`GET /actions/runs/${id}`);
    expect(body).toMatchObject({
      display_title: 'Lint for run 7 nonce 8',
      event: 'workflow_dispatch',
      run_attempt: 1,
      actor: { id: box.world.app.bot.id, type: 'Bot' },
    });
  });

  it('is in the lists only seconds after its dispatch, though it can be read at once', async () => {
    box.engine.options.listLagMs = 1500;
    const id = await started();
    box.engine.options.listLagMs = 0;
    expect(await askHere(`GET /actions/runs/${id}`)).toMatchObject({ status: 200 });
    const list = `GET /actions/workflows/${FILE}/runs?event=workflow_dispatch&created=%3E%3D2020-01-01T00:00:00Z`;
    expect((await askHere(list)).body).toMatchObject({ total_count: 0, workflow_runs: [] });
    await until(async () => ((await askHere(list)).body as { total_count: number }).total_count === 1);
    expect((await askHere(list)).body).toMatchObject({ workflow_runs: [{ id }] });
  });

  it('is listed newest first, thirty to a page, with the address of the next page', async () => {
    for (let index = 0; index < 31; index += 1) await started('main', { key: `k${index}` });
    const reply = await askHere(`GET /actions/workflows/${FILE}/runs`);
    const { workflow_runs: runs } = reply.body as { workflow_runs: { id: number }[] };
    expect(runs.map(({ id }) => id)).toEqual(
      repository.runs
        .map(({ id }) => id)
        .toReversed()
        .slice(0, 30),
    );
    const next = /<([^>]+)>; rel="next"/.exec(reply.headers.get('link') ?? '')?.[1];
    expect((await ask(box, `GET ${next}`, { token })).body).toMatchObject({ workflow_runs: [{}], total_count: 31 });
  });

  it('cannot be cancelled once it has completed', async () => {
    const id = await finished();
    for (const how of ['cancel', 'force-cancel'])
      expect(await askHere(`POST /actions/runs/${id}/${how}`)).toMatchObject({
        status: 409,
        body: { message: 'Cannot cancel a workflow run that is completed.' },
      });
  });

  it('ends as cancelled where it is cancelled before that, and leaves no artifact', async () => {
    const id = await withoutRunners(() => started());
    expect(await askHere(`POST /actions/runs/${id}/cancel`)).toMatchObject({ status: 202, body: {} });
    await box.engine.settle();
    const { body } = await askHere(`GET /actions/runs/${id}`);
    expect(body).toMatchObject({ status: 'completed', conclusion: 'cancelled' });
    expect(repository.artifacts).toEqual([]);
  });

  it('is cancelled by the next one of its concurrency group, and by no other', async () => {
    const [first, other] = await withoutRunners(async () => {
      const ids = [await started('main', { key: 'same' }), await started('main', { key: 'other' })];
      await started('main', { key: 'same' });
      return ids;
    });
    const run = repository.runs.find((each) => each.id === first)!;
    await until(() => Promise.resolve(run.status === 'completed'));
    expect((await askHere(`GET /actions/runs/${first}`)).body).toMatchObject({ conclusion: 'cancelled' });
    expect((await askHere(`GET /actions/runs/${other}`)).body).toMatchObject({ status: 'queued' });
    for (const each of repository.runs) each.abort.abort('the test ends');
    await box.engine.settle();
  });

  it('keeps its id when it is re-run, counts the attempt, and is not announced as requested again', async () => {
    const id = await finished();
    const run = repository.runs.find((each) => each.id === id)!;
    const sent = box.webhooks.deliveries.length;
    await box.engine.rerun(repository, run);
    await box.engine.settle();
    expect((await askHere(`GET /actions/runs/${id}`)).body).toMatchObject({ id, run_attempt: 2, status: 'completed' });
    const actions = box.webhooks.deliveries.slice(sent).map(({ payload }) => payload['action']);
    expect(actions).toEqual(['in_progress', 'completed']);
  });

  it('tells of its job which steps ran, and how each ended', async () => {
    const id = await finished();
    const { body } = await askHere(`GET /actions/runs/${id}/jobs`);
    const steps = [{ name: 'x', number: 1, status: 'completed', conclusion: 'success' }];
    expect(body).toMatchObject({
      total_count: 1,
      jobs: [{ run_id: id, run_attempt: 1, conclusion: 'success', steps }],
    });
  });
});

describe('an artifact', () => {
  let id: number;
  let listed: { size_in_bytes: number; digest: string; expired: boolean };

  beforeEach(async () => {
    const run = await finished();
    const { body } = await askHere(`GET /actions/runs/${run}/artifacts?name=slsa-lint-1`);
    const { artifacts } = body as { artifacts: (typeof listed & { id: number; workflow_run: unknown })[] };
    expect(artifacts).toHaveLength(1);
    listed = artifacts[0]!;
    id = artifacts[0]!.id;
    expect(artifacts[0]!.workflow_run).toMatchObject({ id: run, head_sha: head, repository_id: repository.id });
  });

  const locate = async (): Promise<string> => {
    const { status, headers } = await askHere(`GET /actions/artifacts/${id}/zip`);
    expect(status).toBe(302);
    return headers.get('location') ?? '';
  };

  it('has the digest and the size of its zip, as it is downloaded', async () => {
    const bytes = Buffer.from(await (await fetch(await locate())).arrayBuffer());
    expect(listed.digest).toBe(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
    expect(listed.size_in_bytes).toBe(bytes.length);
  });

  it('is kept at another address, which takes no credentials', async () => {
    const address = await locate();
    expect(await ask(box, `GET ${address}`)).toMatchObject({ status: 200 });
    expect(await ask(box, `GET ${address}`, { token })).toMatchObject({ status: 400 });
  });

  it('gets an address of its own with every question, and no address is to be guessed', async () => {
    expect(await locate()).not.toBe(await locate());
    expect(await ask(box, 'GET /_blobs/guessed')).toMatchObject({ status: 403 });
  });

  it('is gone, and says so, once it has expired', async () => {
    repository.artifacts.forEach((each) => (each.expired = true));
    expect(await askHere(`GET /actions/artifacts/${id}/zip`)).toMatchObject({
      status: 410,
      body: { message: 'Artifact has expired' },
    });
  });
});

describe('a check run', () => {
  const check = (more: Readonly<Record<string, unknown>> = {}): Promise<Reply> =>
    askHere('POST /check-runs', { body: { name: 'SLSA pipeline', head_sha: head, ...more } });
  const update = (id: number, body: Readonly<Record<string, unknown>>): Promise<Reply> =>
    askHere(`PATCH /check-runs/${id}`, { body });
  const idOf = ({ body }: Reply): number => (body as { id: number }).id;

  it.each(['summary', 'text'])('takes a %s of 65,535 characters, and refuses one of more', async (field) => {
    const output = (length: number) => ({ title: 't', summary: 's', [field]: 'x'.repeat(length) });
    expect(await check({ output: output(65_535) })).toMatchObject({ status: 201 });
    const message = 'Invalid request.\n\nOnly 65535 characters are allowed; 65536 were supplied.';
    expect(await check({ output: output(65_536) })).toMatchObject(refusedWith(message));
  });

  it('counts bytes as well: fewer characters are too many where they are wide', async () => {
    const reply = await check({ output: { title: 't', summary: '€'.repeat(30_000) } });
    expect(reply).toMatchObject({
      status: 422,
      body: { errors: [{ field: 'summary', message: 'summary exceeds a maximum bytesize of 65535' }] },
    });
  });

  it('needs a title and a summary where it has an output', async () => {
    expect(await check({ output: { summary: 's' } })).toMatchObject({ status: 422 });
    expect(await check({ output: { title: 't' } })).toMatchObject({ status: 422 });
  });

  it('takes 50 annotations at a time, and each update adds its own', async () => {
    const annotation = { path: 'a', start_line: 1, end_line: 1, annotation_level: 'notice', message: 'm' };
    const output = (length: number) => ({ title: 't', summary: 's', annotations: Array(length).fill(annotation) });
    expect(await check({ output: output(51) })).toMatchObject({ status: 422 });
    const id = idOf(await check({ output: output(50) }));
    expect((await update(id, { output: output(3) })).body).toMatchObject({ output: { annotations_count: 53 } });
  });

  it('is completed by its conclusion, and cannot be completed without one', async () => {
    const id = idOf(await check({ status: 'in_progress' }));
    expect(await update(id, { status: 'completed' })).toMatchObject({
      status: 422,
      body: { errors: [{ code: 'missing_field', field: 'conclusion' }] },
    });
    const { body } = await update(id, { conclusion: 'neutral' });
    expect(body).toMatchObject({ status: 'completed', conclusion: 'neutral', completed_at: expect.any(String) });
  });

  it('is made anew each time that it is posted, and found again by its external id', async () => {
    const ids = [idOf(await check({ external_id: 'run-1' })), idOf(await check({ external_id: 'run-2' }))];
    const all = await askHere(`GET /commits/${head}/check-runs?app_id=${box.app.appId}&filter=all`);
    expect(all.body).toMatchObject({ check_runs: [{ id: ids[1] }, { id: ids[0], external_id: 'run-1' }] });
  });

  it('hides the older ones of its name, unless all are asked for', async () => {
    await check();
    const newest = idOf(await check());
    const { body } = await askHere(`GET /commits/${head}/check-runs`);
    expect(body).toMatchObject({ total_count: 1, check_runs: [{ id: newest }] });
  });

  it('belongs to an App: a token of a person is refused', async () => {
    const asked = { token: box.auth.personalToken(box.user('kim')), body: { name: 'x', head_sha: head } };
    expect(await askHere('POST /check-runs', asked)).toMatchObject({
      status: 403,
      body: { message: 'You must authenticate via a GitHub App.' },
    });
  });

  it('is refused on a commit that is not there', async () => {
    const absent = 'a'.repeat(40);
    expect(await check({ head_sha: absent })).toMatchObject(refusedWith(`No commit found for SHA: ${absent}`));
  });
});

describe('a commit status', () => {
  const set = (description: string): Promise<Reply> =>
    askHere(`POST /statuses/${head}`, { body: { state: 'success', context: 'slsa/build-level', description } });

  it('takes a description of 140 characters, and refuses one of more', async () => {
    expect(await set('x'.repeat(140))).toMatchObject({ status: 201 });
    expect(await set('x'.repeat(141))).toMatchObject({
      status: 422,
      body: {
        message: 'Validation Failed',
        errors: [{ field: 'description', message: 'description is too long (maximum is 140 characters)' }],
      },
    });
    expect(repository.statuses).toHaveLength(1);
  });
});

describe('an ETag', () => {
  it('gives 304 with nothing in it to the token that got it, until something changes', async () => {
    const run = await finished();
    const path = `GET /actions/runs/${run}`;
    const etag = (await askHere(path)).headers.get('etag') ?? '';
    expect(await askHere(path, { headers: { 'if-none-match': etag } })).toMatchObject({ status: 304, body: '' });
    repository.runs[0]!.attempt = 2;
    expect(await askHere(path, { headers: { 'if-none-match': etag } })).toMatchObject({ status: 200 });
  });

  it('belongs to its token: with another one it is no match', async () => {
    const etag = (await askHere('GET ')).headers.get('etag') ?? '';
    const asked = { token: await tokenFor(box), headers: { 'if-none-match': etag } };
    expect(await askHere('GET ', asked)).toMatchObject({ status: 200 });
  });

  it('spares the rate limit: 304 does not count', async () => {
    const remaining = ({ headers }: Reply): number => Number(headers.get('x-ratelimit-remaining'));
    const first = await askHere('GET ');
    const same = await askHere('GET ', { headers: { 'if-none-match': first.headers.get('etag') ?? '' } });
    expect(remaining(same)).toBe(remaining(first));
    expect(remaining(await askHere('GET '))).toBe(remaining(first) - 1);
  });
});

describe("an installation's token", () => {
  it('does not see a private repository that it was not made for', async () => {
    const other = await box.createRepository(`other-${count}`, { visibility: 'private' });
    const narrow = await tokenFor(box, { repository_ids: [other.id] });
    expect(await askHere('GET /contents/', { token: narrow })).toMatchObject({
      status: 404,
      body: { message: 'Not Found' },
    });
    expect(await ask(box, `GET ${pathOf(other)}`, { token: narrow })).toMatchObject({ status: 200 });
  });

  it('is refused what it may not do, and told what would have been needed', async () => {
    const narrow = await tokenFor(box, { permissions: { contents: 'read', checks: 'read' } });
    const reply = await askHere('POST /check-runs', { token: narrow, body: { name: 'x', head_sha: head } });
    expect(reply).toMatchObject({ status: 403, body: { message: 'Resource not accessible by integration' } });
    expect(reply.headers.get('x-accepted-github-permissions')).toBe('checks=write');
    expect(await askHere('GET /contents/', { token: narrow })).toMatchObject({ status: 200 });
  });

  it('may write to a pull request by either permission, and is told both where it has none', async () => {
    const comment = { body: { body: 'hello' } };
    await box.openPull(repository, 'main');
    for (const permissions of [{ issues: 'write' }, { pull_requests: 'write' }]) {
      const either = await tokenFor(box, { permissions });
      expect(await askHere('POST /issues/1/comments', { token: either, ...comment })).toMatchObject({ status: 201 });
    }
    const neither = await tokenFor(box, { permissions: { contents: 'read' } });
    const reply = await askHere('POST /issues/1/comments', { token: neither, ...comment });
    expect(reply.headers.get('x-accepted-github-permissions')).toBe('issues=write; pull_requests=write');
  });

  it('is refused once it has expired', async () => {
    box.auth.tokenLifetimeMs = -1;
    const expired = await tokenFor(box);
    box.auth.tokenLifetimeMs = 3_600_000;
    expect(await askHere('GET ', { token: expired })).toMatchObject({
      status: 401,
      body: { message: 'Bad credentials' },
    });
  });

  it('can be narrowed only: neither more permissions nor other repositories are to be had', async () => {
    for (const permissions of [{ packages: 'read' }, { metadata: 'write' }, { contents: 'admin' }])
      expect(await mint(box, { permissions })).toMatchObject({ status: 422 });
    expect(await mint(box, { repository_ids: [999_999] })).toMatchObject({ status: 422 });
    expect(await mint(box, { repositories: ['absent'] })).toMatchObject({ status: 422 });
  });

  it('is long, of no fixed length, and says when it ends and what it may', async () => {
    const { body } = await mint(box, { repository_ids: [repository.id], permissions: { actions: 'write' } });
    const minted = body as { token: string; expires_at: string };
    expect(minted).toMatchObject({
      permissions: { actions: 'write', metadata: 'read' },
      repositories: [{ id: repository.id }],
    });
    expect(minted.token).toMatch(/^ghs_\d+_[A-Za-z0-9_.-]{200,}$/);
    const minutes = (Date.parse(minted.expires_at) - Date.now()) / 60_000;
    expect(Math.round(minutes)).toBe(60);
  });

  it("is given to the App's own key alone", async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const jwt = await appJwt(box, privateKey.export({ type: 'pkcs1', format: 'pem' }).toString());
    const path = (installation: number) => `/app/installations/${installation}/access_tokens`;
    expect(await ask(box, `POST ${path(box.world.installationId)}`, { token: jwt })).toMatchObject({ status: 401 });
    expect(await ask(box, `POST ${path(999)}`, { token: await appJwt(box) })).toMatchObject({ status: 404 });
  });
});

interface Received {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly bytes: Buffer;
}

describe('a delivery', () => {
  const received: Received[] = [];
  let answer = 202;
  let server: Server;

  beforeAll(async () => {
    server = createServer((request, response) => {
      void readAll(request).then((bytes) => {
        received.push({ headers: request.headers, bytes });
        response.writeHead(answer).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    box.webhooks.options.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });

  afterAll(async () => {
    box.webhooks.options.url = null;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  beforeEach(async () => {
    await box.webhooks.settle();
    received.length = 0;
    answer = 202;
  });

  /** What was sent for this repository since `work` began. */
  async function sentBy(work: () => Promise<unknown>): Promise<readonly DeliveryRecord[]> {
    const before = box.webhooks.deliveries.length;
    await work();
    await box.webhooks.settle();
    return box.webhooks.deliveries.slice(before);
  }
  const eventsOf = (deliveries: readonly DeliveryRecord[]): unknown[] =>
    deliveries.map(({ event, payload }) => [event, payload['ref'] ?? payload['action']]);
  const announce = (): Promise<void> => box.announcePushes(repository.owner.login, repository.name);
  const moveRef = (ref: string, to: string): Promise<string> => repository.git.git('update-ref', ref, to);

  it('is signed with the secret over the very bytes that are sent', async () => {
    await sentBy(() => Promise.resolve(box.comment(repository, 1, 'kim', 'Grüße, 世界 \u2028 "quoted"')));
    expect(received).toHaveLength(1);
    const [{ headers, bytes }] = received as [Received];
    const signature = createHmac('sha256', box.app.webhookSecret).update(bytes).digest('hex');
    expect(headers).toMatchObject({
      'x-hub-signature-256': `sha256=${signature}`,
      'x-github-event': 'issue_comment',
      'x-github-delivery': expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(JSON.parse(bytes.toString())).toMatchObject({ comment: { body: 'Grüße, 世界 \u2028 "quoted"' } });
  });

  it('has the same id and the same bytes when it is sent again', async () => {
    const [delivery] = await sentBy(() => Promise.resolve(box.comment(repository, 1, 'kim', 'hello')));
    await box.webhooks.deliver(delivery!);
    const [first, second] = received as [Received, Received];
    expect(second.headers['x-github-delivery']).toBe(first.headers['x-github-delivery']);
    expect(second.bytes.equals(first.bytes)).toBe(true);
  });

  it('is not sent again by itself where it has failed', async () => {
    answer = 500;
    const [delivery] = await sentBy(() => Promise.resolve(box.comment(repository, 1, 'kim', 'hello')));
    expect(delivery?.status).toBe(500);
    expect(received).toHaveLength(1);
  });

  interface Listed {
    readonly id: number;
    readonly guid: string;
    readonly redelivery: boolean;
    readonly status_code: number;
    readonly event: string;
  }
  /** What the App is told of its deliveries. */
  async function listed(query = ''): Promise<{ items: readonly Listed[]; next: string | null }> {
    const at = query.startsWith('http') ? query : `/app/hook/deliveries${query}`;
    const { status, body, headers } = await ask(box, `GET ${at}`, { token: await appJwt(box) });
    expect(status).toBe(200);
    const next = /^<([^>]+)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1] ?? null;
    return { items: body as readonly Listed[], next };
  }
  const comment = (body: string): Promise<unknown> => Promise.resolve(box.comment(repository, 1, 'kim', body));
  async function whileDown(work: () => Promise<unknown>): Promise<readonly DeliveryRecord[]> {
    box.webhooks.options.manner = () => 'fail';
    try {
      return await sentBy(work);
    } finally {
      box.webhooks.options.manner = () => 'deliver';
    }
  }

  it('that finds nobody is not sent, and is listed as failed', async () => {
    const [delivery] = await whileDown(() => comment('hello'));
    expect(received).toEqual([]);
    const [newest] = (await listed()).items;
    expect(newest).toMatchObject({
      ...{ id: delivery?.id, guid: delivery?.guid, event: 'issue_comment', action: 'created' },
      ...{ redelivery: false, status_code: 502, repository_id: repository.id },
      ...{ installation_id: box.world.installationId, delivered_at: expect.stringMatching(/^\d{4}-.*Z$/) },
    });
  });

  it('is failed as well where the App refuses it, or does not answer at all', async () => {
    for (const status of [400, 503]) {
      answer = status;
      await sentBy(() => comment('refused'));
    }
    const { url } = box.webhooks.options;
    box.webhooks.options.url = 'http://127.0.0.1:1/';
    await sentBy(() => comment('unheard'));
    box.webhooks.options.url = url;
    const { items } = await listed('?status=failure&per_page=3');
    expect(items.map(({ status_code: code }) => code)).toEqual([502, 503, 400]);
  });

  it('is listed newest first, by how it went, and page by page with a cursor', async () => {
    const sent = [
      ...(await sentBy(() => comment('one'))),
      ...(await whileDown(() => comment('two'))),
      ...(await sentBy(() => comment('three'))),
    ];
    const ids = sent.map(({ id }) => id).toReversed();
    expect((await listed('?per_page=3')).items.map(({ id }) => id)).toEqual(ids);
    expect((await listed('?status=failure&per_page=1')).items[0]?.id).toBe(ids[1]);
    expect((await listed('?status=success&per_page=2')).items.map(({ id }) => id)).toEqual([ids[0], ids[2]]);

    const first = await listed('?per_page=2');
    expect(first.items.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    expect(first.next).toMatch(/[?&]cursor=/);
    const second = await listed(first.next ?? '');
    expect(second.items.map(({ id }) => id).slice(0, 1)).toEqual(ids.slice(2));
    expect((await listed('?per_page=100&cursor=10001')).next).toBeNull();
  });

  it('is told of only once it has been tried', async () => {
    const { url } = box.webhooks.options;
    box.webhooks.options.url = null;
    const [delivery] = await sentBy(() => comment('silence'));
    box.webhooks.options.url = url;
    expect(delivery?.status).toBeNull();
    expect((await listed('?per_page=1')).items[0]?.id).not.toBe(delivery?.id);
  });

  it('is sent again on demand: the same bytes under the same GUID, as an attempt of its own', async () => {
    const [failed] = await whileDown(() => comment('hello'));
    const path = `/app/hook/deliveries/${failed?.id}/attempts`;
    const again = await sentBy(async () =>
      expect(await ask(box, `POST ${path}`, { token: await appJwt(box) })).toMatchObject({ status: 202, body: {} }),
    );
    expect(again).toHaveLength(1);
    expect(again[0]).toMatchObject({ guid: failed?.guid, redelivery: true, status: 202, payload: failed?.payload });
    expect(again[0]?.id).toBeGreaterThan(failed?.id ?? Infinity);
    expect(received.map(({ headers }) => headers['x-github-delivery'])).toEqual([failed?.guid]);
    // What had failed stays so: the same event has both in the list.
    const { items } = await listed('?per_page=2');
    expect(items.map(({ guid, status_code: code }) => [guid, code])).toEqual([
      [failed?.guid, 202],
      [failed?.guid, 502],
    ]);
  });

  it("is the App's own affair: neither list nor another attempt is for a token", async () => {
    const [delivery] = await sentBy(() => comment('hello'));
    expect(await ask(box, 'GET /app/hook/deliveries', { token })).toMatchObject({ status: 401 });
    const path = `/app/hook/deliveries/${delivery?.id}/attempts`;
    expect(await ask(box, `POST ${path}`, { token })).toMatchObject({ status: 401 });
    expect(received).toHaveLength(1);
  });

  it('comes twice or late now and then, by seed, unless kindness is asked for', () => {
    const draw = (seed: number): string[] => {
      const manner = unkindly(seed);
      return Array.from({ length: 100 }, () => manner('push', {}));
    };
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    expect(new Set(draw(1))).toEqual(new Set(['deliver', 'twice', 'late']));
  });

  it('names no commit before a branch is made, and none after it is deleted', async () => {
    const [made] = await sentBy(async () => {
      await moveRef('refs/heads/feature', head);
      await announce();
    });
    const nothing = '0'.repeat(40);
    expect(made?.payload).toMatchObject({ before: nothing, after: head, created: true, deleted: false });
    const [deleted] = await sentBy(async () => {
      await repository.git.git('update-ref', '-d', 'refs/heads/feature');
      await announce();
    });
    expect(deleted?.payload).toMatchObject({ before: head, after: nothing, deleted: true, head_commit: null });
  });

  it('says of a push whether it was forced', async () => {
    const next = await box.push(repository, 'main', new Map([['a', '1']]));
    const pushed = box.webhooks.deliveries.findLast(({ event }) => event === 'push');
    expect(pushed?.payload).toMatchObject({ forced: false, after: next });
    const [forced] = await sentBy(async () => {
      await moveRef('refs/heads/main', head);
      await announce();
    });
    expect(forced?.payload).toMatchObject({ forced: true, before: next, after: head });
  });

  it('of an annotated tag names the tag object, and its commit beside it', async () => {
    const [pushed] = await sentBy(async () => {
      await repository.git.git('tag', '--annotate', '--message=One', 'v1', head);
      await announce();
    });
    const object = (await repository.git.refs()).get('refs/tags/v1');
    expect(object).not.toBe(head);
    expect(pushed?.payload).toMatchObject({ ref: 'refs/tags/v1', after: object, head_commit: { id: head } });
  });

  it('does not come for tags of which more than three are pushed at once', async () => {
    const tag = async (names: readonly string[]): Promise<void> => {
      for (const name of names) await moveRef(`refs/tags/${name}`, head);
      await announce();
    };
    expect(await sentBy(() => tag(['a', 'b', 'c']))).toHaveLength(3);
    expect(await sentBy(() => tag(['d', 'e', 'f', 'g']))).toEqual([]);
  });

  it('comes for the push and for the pull request, where its branch is of the same repository', async () => {
    await box.push(repository, 'feature', new Map([['a', '1']]));
    const pull = await box.openPull(repository, 'feature');
    let tip = '';
    const sent = await sentBy(async () => (tip = await box.push(repository, 'feature', new Map([['a', '2']]))));
    expect(eventsOf(sent)).toEqual([
      ['push', 'refs/heads/feature'],
      ['pull_request', 'synchronize'],
    ]);
    expect(sent[1]?.payload).toMatchObject({ number: pull.number, pull_request: { head: { sha: tip } } });
  });

  it('names no repository for the head of a pull request whose fork is gone', async () => {
    const fork = { forkSha: 'f'.repeat(40), headRepositoryId: null };
    const [sent] = await sentBy(() => box.openPull(repository, 'theirs', fork));
    expect(sent?.payload).toMatchObject({ pull_request: { head: { sha: fork.forkSha, repo: null } } });
  });

  it('of a comment on a pull request says that it is one, and not at which commit it stood', async () => {
    const pull = await box.openPull(repository, 'main');
    const sent = await sentBy(() => Promise.resolve(box.comment(repository, pull.number, 'kim', '/slsa rerun')));
    const [{ payload }] = sent as [DeliveryRecord];
    expect(payload).toMatchObject({ action: 'created', issue: { number: pull.number, pull_request: {} } });
    expect(JSON.stringify(payload)).not.toContain(head);
  });

  it('of a comment on an issue does not say that it is on a pull request', async () => {
    const { body } = await askHere('POST /issues', { body: { title: 'An issue' } });
    const { number } = body as { number: number };
    const [sent] = await sentBy(() => Promise.resolve(box.comment(repository, number, 'kim', 'hello')));
    expect(sent?.payload).toMatchObject({ action: 'created', issue: { number } });
    expect(sent?.payload['issue']).not.toHaveProperty('pull_request');
  });

  it('tells how a run goes: requested, in progress, completed', async () => {
    const sent = await sentBy(() => finished());
    expect(sent.map(({ event, payload }) => [event, payload['action']])).toEqual([
      ['workflow_run', 'requested'],
      ['workflow_run', 'in_progress'],
      ['workflow_run', 'completed'],
    ]);
    expect(sent[2]?.payload).toMatchObject({
      workflow_run: { display_title: 'Lint for k', conclusion: 'success' },
      workflow: { path: AT },
      installation: { id: box.world.installationId },
    });
  });
});
