/**
 * What the product relies on of GitHub's issues, one sentence each: the stand-in does the same.
 *
 * Source: ../shared/facts/github.md, section 3 (issues, comments, limits), which names where GitHub says so.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Sandbox } from '../../sandbox/box.ts';
import type { RepositoryRecord } from '../../sandbox/github/world.ts';
import { ask, pathOf, stubs, tokenFor, type Asked, type Reply } from './wire.ts';

let box: Sandbox;
let repository: RepositoryRecord;
let token: string;
let count = 0;

beforeAll(async () => {
  box = await Sandbox.start({ kind: true, queueMs: 0, stageScripts: () => stubs });
});
afterAll(() => box.stop());

beforeEach(async () => {
  repository = await box.createRepository(`app-${(count += 1)}`, { visibility: 'private' });
  await box.push(repository, 'main', new Map([['a', '1']]));
  token = await tokenFor(box);
});

const askHere = (what: string, asked: Asked = {}): Promise<Reply> => {
  const [method, path] = what.split(' ');
  return ask(box, `${method} ${pathOf(repository)}${path}`, { token, ...asked });
};

interface Issue {
  readonly number: number;
  readonly title: string;
  readonly updated_at: string;
  readonly state_reason: string | null;
  readonly closed_at: string | null;
}

async function open(title: string, more: Readonly<Record<string, unknown>> = {}, asked: Asked = {}): Promise<Issue> {
  const { status, body } = await askHere('POST /issues', { ...asked, body: { title, ...more } });
  expect(status).toBe(201);
  return body as Issue;
}

const change = (number: number, body: Readonly<Record<string, unknown>>): Promise<Reply> =>
  askHere(`PATCH /issues/${number}`, { body });

const asKim = (): Asked => ({ token: box.auth.personalToken(box.user('kim')) });

async function titles(query: string): Promise<string[]> {
  const { status, body } = await askHere(`GET /issues${query}`);
  expect(status).toBe(200);
  return (body as readonly Issue[]).map(({ title }) => title);
}

const tooLong = (field: string, limit: number) => ({
  status: 422,
  body: {
    message: 'Validation Failed',
    errors: [{ resource: 'Issue', field, message: `${field} is too long (maximum is ${limit} characters)` }],
  },
});

describe('an issue', () => {
  it('belongs to who made it, with title, body and labels', async () => {
    const { number } = await open('It failed', { body: 'Look', labels: ['slsa:build', { name: 'bug' }] });
    const { body } = await askHere(`GET /issues/${number}`);
    expect(body).toMatchObject({
      ...{ title: 'It failed', body: 'Look', state: 'open', state_reason: null, closed_at: null, comments: 0 },
      user: { login: 'slsa-pipeline-sandbox[bot]', type: 'Bot' },
      labels: [{ name: 'slsa:build' }, { name: 'bug' }],
    });
    expect(body).not.toHaveProperty('pull_request');
  });

  it('takes its number from the same row as pull requests do', async () => {
    const first = await open('one');
    const pull = await box.openPull(repository, 'main');
    const last = await open('two');
    expect([first.number, pull.number, last.number]).toEqual([1, 2, 3]);
  });

  it('takes a body of 65,536 characters, and refuses one of more, when it is made and when it is changed', async () => {
    const { number } = await open('x', { body: 'x'.repeat(65_536) });
    const body = 'x'.repeat(65_537);
    expect(await askHere('POST /issues', { body: { title: 'x', body } })).toMatchObject(tooLong('body', 65_536));
    expect(await change(number, { body })).toMatchObject(tooLong('body', 65_536));
    expect(repository.issues).toHaveLength(1);
  });

  it('takes a title of 256 characters, and refuses one of more, or none', async () => {
    const { number } = await open('x'.repeat(256));
    const title = 'x'.repeat(257);
    expect(await askHere('POST /issues', { body: { title } })).toMatchObject(tooLong('title', 256));
    expect(await change(number, { title })).toMatchObject(tooLong('title', 256));
    expect(await askHere('POST /issues', { body: {} })).toMatchObject({ status: 422 });
    expect(await askHere('POST /issues', { body: { title: '' } })).toMatchObject({ status: 422 });
  });

  it('is closed as completed unless another reason is given, and tells why it is open again', async () => {
    const { number } = await open('x');
    const closed = (await change(number, { state: 'closed' })).body as Issue;
    expect(closed).toMatchObject({ state_reason: 'completed', closed_at: expect.any(String) });
    const reopened = (await change(number, { state: 'open' })).body;
    expect(reopened).toMatchObject({ state: 'open', state_reason: 'reopened', closed_at: null });
    expect((await change(number, { state: 'closed', state_reason: 'not_planned' })).body).toMatchObject({
      state_reason: 'not_planned',
    });
  });

  it('keeps what a change does not name, and ignores a reason where the state does not change', async () => {
    const { number } = await open('x', { body: 'Look', labels: ['a'] });
    const { body } = await change(number, { title: 'y', state_reason: 'not_planned' });
    expect(body).toMatchObject({ title: 'y', body: 'Look', labels: [{ name: 'a' }], state_reason: null });
    expect((await change(number, { labels: [], body: '' })).body).toMatchObject({ title: 'y', body: '', labels: [] });
  });

  it('is read by the permission for issues, and changed by writing alone', async () => {
    const { number } = await open('x');
    const reader = { token: await tokenFor(box, { permissions: { issues: 'read' } }) };
    expect(await askHere(`GET /issues/${number}`, reader)).toMatchObject({ status: 200 });
    for (const what of ['POST /issues', `PATCH /issues/${number}`]) {
      const reply = await askHere(what, { ...reader, body: { title: 'y' } });
      expect(reply.status).toBe(403);
      expect(reply.headers.get('x-accepted-github-permissions')).toBe('issues=write');
    }
    const stranger = { token: await tokenFor(box, { permissions: { contents: 'read' } }) };
    for (const what of ['GET /issues', `GET /issues/${number}`])
      expect(await askHere(what, stranger)).toMatchObject({ status: 403 });
  });
});

describe('the list of issues', () => {
  it('has open ones, unless closed ones or all are asked for', async () => {
    await open('one');
    const { number } = await open('two');
    await change(number, { state: 'closed' });
    expect(await titles('')).toEqual(['one']);
    expect(await titles('?state=closed')).toEqual(['two']);
    expect(await titles('?state=all')).toEqual(['two', 'one']);
  });

  it('has those of one creator: our bot by its login', async () => {
    await open('ours');
    await open('theirs', {}, asKim());
    expect(await titles('?creator=slsa-pipeline-sandbox%5Bbot%5D')).toEqual(['ours']);
    expect(await titles('?creator=kim')).toEqual(['theirs']);
    expect(await titles('?creator=slsa-pipeline-sandbox')).toEqual([]);
  });

  it('has those that carry all of the labels', async () => {
    await open('one', { labels: ['a', 'b'] });
    await open('two', { labels: ['a'] });
    expect(await titles('?labels=a')).toEqual(['two', 'one']);
    expect(await titles('?labels=a,b')).toEqual(['one']);
    expect(await titles('?labels=a,c')).toEqual([]);
  });

  it('has pull requests too, which say that they are', async () => {
    await open('an issue');
    const pull = await box.openPull(repository, 'main');
    const { body } = await askHere('GET /issues');
    expect(body).toMatchObject([{ number: pull.number, pull_request: { url: expect.any(String) } }, { number: 1 }]);
    expect((body as unknown[])[1]).not.toHaveProperty('pull_request');
    expect((await askHere(`GET /issues/${pull.number}`)).body).toMatchObject({ number: pull.number, pull_request: {} });
  });

  it('begins with the newest, by when it was made or last changed', async () => {
    const { number } = await open('one');
    await open('two');
    await new Promise((resolve) => setTimeout(resolve, 5));
    await change(number, { body: 'changed' });
    expect(await titles('')).toEqual(['two', 'one']);
    expect(await titles('?direction=asc')).toEqual(['one', 'two']);
    expect(await titles('?sort=updated&direction=desc')).toEqual(['one', 'two']);
    expect(await titles('?sort=updated&direction=asc')).toEqual(['two', 'one']);
  });

  it('comes in pages, with the address of the next one', async () => {
    for (let index = 0; index < 31; index += 1) await open(`issue ${index}`);
    const reply = await askHere('GET /issues');
    expect(reply.body).toHaveLength(30);
    const next = /<([^>]+)>; rel="next"/.exec(reply.headers.get('link') ?? '')?.[1];
    expect((await ask(box, `GET ${next}`, { token })).body).toMatchObject([{ title: 'issue 0' }]);
    expect(await titles('?per_page=2&page=2')).toEqual(['issue 28', 'issue 27']);
  });

  it('is loud about what the sandbox cannot list by', async () => {
    expect(await askHere('GET /issues?milestone=1')).toMatchObject({ status: 501 });
    expect(await askHere('GET /issues?assignee=kim')).toMatchObject({ status: 501 });
  });
});

describe('comments', () => {
  it('are counted on their issue, and move it up in the list', async () => {
    const { number } = await open('one');
    await open('two');
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await askHere(`POST /issues/${number}/comments`, { body: { body: 'hello' } })).toMatchObject({
      status: 201,
    });
    expect((await askHere(`GET /issues/${number}/comments`)).body).toMatchObject([{ body: 'hello' }]);
    expect((await askHere(`GET /issues/${number}`)).body).toMatchObject({ comments: 1 });
    expect(await titles('?sort=updated')).toEqual(['one', 'two']);
  });

  it('are of issues and pull requests that are there, and of no others', async () => {
    const pull = await box.openPull(repository, 'main');
    const body = { body: { body: 'hello' } };
    expect(await askHere(`POST /issues/${pull.number}/comments`, body)).toMatchObject({ status: 201 });
    expect(await askHere('POST /issues/99/comments', body)).toMatchObject({ status: 404 });
    expect(await askHere('GET /issues/99/comments')).toMatchObject({ status: 404 });
  });
});
