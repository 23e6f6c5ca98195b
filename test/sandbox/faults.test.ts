/** What can go wrong between the product and GitHub, on demand: each fault does what it says, and nothing besides. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Sandbox } from '../../sandbox/box.ts';
import { primaryLimit, secondaryLimit, seededRandom, type Fault, type FaultRule } from '../../sandbox/faults.ts';
import type { RepositoryRecord } from '../../sandbox/github/world.ts';
import { ask, pathOf, stubs, tokenFor, type Reply } from './wire.ts';

let box: Sandbox;
let repository: RepositoryRecord;
let token: string;
let count = 0;

beforeAll(async () => {
  box = await Sandbox.start({ kind: true, queueMs: 0, stageScripts: () => stubs });
});
afterAll(() => box.stop());

beforeEach(async () => {
  box.faults.clear();
  repository = await box.createRepository(`app-${(count += 1)}`);
  await box.push(repository, 'main', await box.setUpFiles());
  token = await tokenFor(box);
});

const issues = (headers: Readonly<Record<string, string>> = {}): Promise<Reply> =>
  ask(box, `GET ${pathOf(repository)}/issues`, { token, headers });
const open = (title = 'x'): Promise<Reply> => ask(box, `POST ${pathOf(repository)}/issues`, { token, body: { title } });
const on = (fault: Fault, more: Partial<FaultRule> = {}): void =>
  box.faults.add({ method: '*', path: /\/issues$/, fault, ...more });
const cut = () => expect.objectContaining({ message: expect.stringMatching(/fetch failed|terminated/) });

describe('a stale read', () => {
  it('is answered as the same question was the last time', async () => {
    await open('one');
    await issues();
    await open('two');
    on({ kind: 'stale-read' }, { method: 'GET', nth: [1, 2] });
    expect((await issues()).body).toMatchObject([{ title: 'one' }]);
    expect((await issues()).body).toMatchObject([{ title: 'one' }]);
    expect((await issues()).body).toMatchObject([{ title: 'two' }, { title: 'one' }]);
  });

  it('finds nothing where the question was never asked: of another query it says nothing', async () => {
    await issues();
    on({ kind: 'stale-read' });
    const reply = await ask(box, `GET ${pathOf(repository)}/issues?state=all`, { token });
    expect(reply).toMatchObject({ status: 404, body: { message: 'Not Found' } });
  });

  it('is no news to who has that answer already', async () => {
    const etag = (await issues()).headers.get('etag') ?? '';
    await open('one');
    on({ kind: 'stale-read' }, { nth: [1] });
    expect(await issues({ 'if-none-match': etag })).toMatchObject({ status: 304, body: '' });
    expect(await issues({ 'if-none-match': etag })).toMatchObject({ status: 200, body: [{ title: 'one' }] });
  });

  it('has no effect', async () => {
    await open('one');
    on({ kind: 'stale-read' }, { method: 'POST' });
    await open('two');
    expect(repository.issues).toHaveLength(1);
  });
});

describe('a truncated body', () => {
  it('is promised whole, and breaks off half way', async () => {
    await open('one');
    const whole = JSON.stringify((await issues()).body);
    on({ kind: 'truncate-body' });
    const reply = await fetch(`${box.url}${pathOf(repository)}/issues`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(reply.headers.get('content-length')).toBe(String(Buffer.byteLength(whole)));
    const chunks: Uint8Array[] = [];
    const read = async (): Promise<void> => {
      for await (const chunk of reply.body!) chunks.push(chunk as Uint8Array);
    };
    await expect(read()).rejects.toEqual(cut());
    expect(Buffer.concat(chunks).toString()).toBe(
      Buffer.from(whole)
        .subarray(0, whole.length / 2)
        .toString(),
    );
  });

  it('is one after the effect', async () => {
    on({ kind: 'truncate-body' });
    await expect(open()).rejects.toEqual(cut());
    expect(repository.issues).toHaveLength(1);
  });

  it('can be that of an artifact or a log, where their bytes are', async () => {
    const body = { ref: 'main', inputs: { key: 'k', nonce: 'n', group: 'g', commit: 'x' } };
    await ask(box, `POST ${pathOf(repository)}/actions/workflows/00-megalinter.yml/dispatches`, { token, body });
    await box.engine.settle();
    const path = `${pathOf(repository)}/actions/artifacts/${repository.artifacts[0]?.id}/zip`;
    const locate = async () => (await ask(box, `GET ${path}`, { token })).headers.get('location') ?? '';
    on({ kind: 'truncate-body' }, { path: /^\/_blobs\//, nth: [1] });
    await expect(ask(box, `GET ${await locate()}`)).rejects.toEqual(cut());
    expect(await ask(box, `GET ${await locate()}`)).toMatchObject({ status: 200 });
  });
});

describe('a swapped answer', () => {
  it('is another one than was asked for, and what was asked for does not happen', async () => {
    on({ kind: 'swap', body: { not: 'what was promised' } });
    expect(await open()).toMatchObject({ status: 200, body: { not: 'what was promised' } });
    expect(repository.issues).toEqual([]);
  });
});

describe('something that happens meanwhile', () => {
  it.each([
    ['before', 0],
    ['after', 1],
  ] as const)('happens %s the effect, and nobody gets an answer', async (when, made) => {
    const seen: number[] = [];
    const during = (): Promise<void> => Promise.resolve(void seen.push(repository.issues.length));
    on({ kind: 'hold', when, during }, { nth: [1] });
    await expect(open()).rejects.toEqual(cut());
    expect(seen).toEqual([made]);
    expect(repository.issues).toHaveLength(made);
    expect(await open()).toMatchObject({ status: 201 });
  });

  it('holds the request as long as it takes', async () => {
    const order: string[] = [];
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    on({ kind: 'hold', when: 'before', during: () => held.then(() => void order.push('over')) });
    const request = open().catch(() => order.push('cut'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(order).toEqual([]);
    release();
    await request;
    expect(order).toEqual(['over', 'cut']);
  });
});

describe('a limit', () => {
  it('of the secondary kind says how long to wait', async () => {
    on(secondaryLimit(60));
    const reply = await issues();
    expect(reply).toMatchObject({
      status: 403,
      body: { message: expect.stringMatching(/secondary rate limit/) },
    });
    expect(reply.headers.get('retry-after')).toBe('60');
    expect(reply.headers.get('x-ratelimit-remaining')).not.toBe('0');
  });

  it('of the primary kind says until when', async () => {
    on(primaryLimit(1_900_000_000));
    const reply = await issues();
    expect(reply).toMatchObject({ status: 403, body: { message: expect.stringMatching(/rate limit exceeded/) } });
    expect(reply.headers.get('x-ratelimit-remaining')).toBe('0');
    expect(reply.headers.get('x-ratelimit-reset')).toBe('1900000000');
    expect(reply.headers.get('retry-after')).toBeNull();
  });
});

describe('a rule', () => {
  const statuses = async (): Promise<number[]> => [(await issues()).status, (await open()).status];

  it.each([
    ['GET', [403, 201]],
    ['WRITE', [200, 403]],
    ['*', [403, 403]],
    ['PATCH', [200, 201]],
  ])('for %s concerns those requests, and no others', async (method, expected) => {
    on(secondaryLimit(1), { method });
    expect(await statuses()).toEqual(expected);
  });

  it('for a share of the requests hits that many of them, the same ones whenever it is told again', async () => {
    const draw = async (seed: number): Promise<string> => {
      box.faults.clear();
      on(secondaryLimit(1), { random: { share: 0.3, random: seededRandom(seed) } });
      const seen: number[] = [];
      for (let index = 0; index < 60; index += 1) seen.push((await issues()).status);
      return seen.map((status) => (status === 403 ? 'x' : '.')).join('');
    };
    const first = await draw(7);
    expect(await draw(7)).toBe(first);
    expect(await draw(8)).not.toBe(first);
    expect(first.split('x').length - 1).toBeGreaterThan(8);
    expect(first.split('x').length - 1).toBeLessThan(30);
  });

  it('for a share of none or of all hits none or all', async () => {
    on(secondaryLimit(1), { random: { share: 0, random: () => 0 } });
    expect(await statuses()).toEqual([200, 201]);
    box.faults.clear();
    on(secondaryLimit(1), { random: { share: 1, random: () => 0.999 } });
    expect(await statuses()).toEqual([403, 403]);
  });
});
