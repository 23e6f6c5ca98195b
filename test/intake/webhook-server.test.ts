/** The endpoint: only what GitHub signed comes in, in bounds, and it is in Temporal before the answer goes out. */
import { createHmac, generateKeyPairSync } from 'node:crypto';
import type { Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { createRequire } from 'node:module';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { pino } from 'pino';
import type { PipelineClient } from '../../src/adapters/temporal/temporal-client.ts';
import { WEBHOOK_TIMING } from '../../src/domain/run/timing.ts';
import { Secret } from '../../src/domain/secret.ts';
import { WEBHOOK_PATH } from '../../src/intake/webhook-contract.ts';
import { createWebhookServer } from '../../src/intake/webhook-server.ts';

const SECRET = 'a-secret-of-some-length';
const privateKey = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .privateKey.export({ type: 'pkcs1', format: 'pem' })
  .toString();
const PUSH = JSON.stringify({
  ref: 'refs/heads/main',
  before: '0'.repeat(40),
  after: 'a'.repeat(40),
  repository: { id: 1, name: 'app', owner: { id: 2, login: 'acme' }, default_branch: 'main', visibility: 'public' },
  installation: { id: 3 },
  sender: { id: 4, login: 'kim' },
});

let server: Server;
let drain: () => Promise<void>;
let delivered: unknown[];
let deliver: PipelineClient['deliver'];
let lines: string[];
let counted: string[];

beforeEach(async () => {
  delivered = [];
  lines = [];
  counted = [];
  deliver = (intent) => Promise.resolve(void delivered.push(intent));
  const unused = (): Promise<never> => Promise.reject(new Error('not asked for'));
  const temporal: PipelineClient = {
    deliver: (intent) => deliver(intent),
    startCommand: unused,
    startWelcome: () => Promise.resolve(),
    forkCheckMoved: unused,
    stageCompleted: unused,
    cancelRun: unused,
    look: unused,
    resultOf: unused,
    isKnown: unused,
    resultsByDigest: unused,
    documentOf: unused,
    whyUnavailable: unused,
    reserveRepair: unused,
    settleRepair: unused,
    runs: { endedOutside: unused, runningSince: unused, requestOf: unused, terminate: unused },
    close: unused,
  };
  const log = pino({ level: 'debug' }, { write: (line) => void lines.push(line) });
  ({ server, drain } = await createWebhookServer({
    webhookSecret: new Secret(SECRET),
    appId: 1,
    privateKey: new Secret(privateKey),
    log,
    temporal,
    pages: () => Promise.resolve(null),
    metrics: { webhook: (event, outcome) => void counted.push(`${event} ${outcome}`) },
    timing: WEBHOOK_TIMING,
  }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const url = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}${WEBHOOK_PATH}`;
const sign = (body: string, algorithm = 'sha256', secret = SECRET): string =>
  `${algorithm}=${createHmac(algorithm, secret).update(body).digest('hex')}`;
const post = (body: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url(), {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'push',
      'x-github-delivery': 'd-1',
      'x-hub-signature-256': sign(body),
      ...headers,
    },
  });

describe('a signed event', () => {
  it('is in Temporal before it is answered', async () => {
    expect((await post(PUSH)).status).toBe(200);
    expect(delivered).toMatchObject([
      { ref: 'refs/heads/main', sha: 'a'.repeat(40), delivery: 'd-1', triggers: [{ kind: 'push', actor: 'kim' }] },
    ]);
  });

  it('F7, T27: that Temporal does not take is answered with 503, and without a word of ours', async () => {
    deliver = () => Promise.reject(new Error('connect ECONNREFUSED 10.1.2.3:7233 ghs_secretsecretsecretsecret'));
    const reply = await post(PUSH);
    expect(reply.status).toBe(503);
    expect(await reply.text()).not.toMatch(/10\.1\.2\.3|ghs_/);
  });

  it('of no use is answered with 200 and starts nothing', async () => {
    expect((await post('{"zen":"x"}', { 'x-github-event': 'star' })).status).toBe(200);
    expect(delivered).toEqual([]);
    expect(lines.join('')).toContain('no use for star events');
  });
});

describe('what is counted', () => {
  it('is what became of each delivery', async () => {
    await post(PUSH);
    await post('{"zen":"x"}', { 'x-github-event': 'star' });
    deliver = () => Promise.reject(new Error('down'));
    await post(PUSH);
    expect(counted).toEqual(['push taken', 'star ignored', 'push not_taken']);
  });
});

describe('F6: whatever is signed', () => {
  it('is answered without a 5xx: every example that GitHub publishes', async () => {
    const definitions = createRequire(import.meta.url)('@octokit/webhooks-examples') as readonly {
      readonly name: string;
      readonly examples: readonly unknown[];
    }[];
    const statuses = new Set<number>();
    for (const { name, examples } of definitions) {
      for (const example of examples)
        statuses.add((await post(JSON.stringify(example), { 'x-github-event': name })).status);
    }
    expect([...statuses]).toEqual([200]);
  });

  it('is answered without a 5xx: any JSON under any name of an event', async () => {
    const events = fc.oneof(
      fc.constantFrom('push', 'pull_request', 'check_run', 'issue_comment', 'merge_group'),
      fc.stringMatching(/^[a-z_]{1,30}$/),
    );
    await fc.assert(
      fc.asyncProperty(fc.json({ maxDepth: 4 }), events, async (body, event) => {
        expect((await post(body, { 'x-github-event': event })).status).toBeLessThan(500);
      }),
      { numRuns: 150 },
    );
  });
});

describe('T6: an event that GitHub did not sign', () => {
  it.each([
    ['another body', { 'x-hub-signature-256': sign(`${PUSH} `) }],
    ['another secret', { 'x-hub-signature-256': sign(PUSH, 'sha256', 'development') }],
    ['SHA-1', { 'x-hub-signature-256': sign(PUSH, 'sha1') }],
    ['a short signature', { 'x-hub-signature-256': 'sha256=00' }],
    ['an empty signature', { 'x-hub-signature-256': '' }],
  ])('by %s is refused', async (_, headers) => {
    expect((await post(PUSH, headers)).status).toBeGreaterThanOrEqual(400);
    expect((await post(PUSH, headers)).status).toBeLessThan(500);
    expect(delivered).toEqual([]);
  });

  it('is refused where it was written anew: the very bytes are signed', async () => {
    const signature = sign(PUSH);
    const anew = JSON.stringify(JSON.parse(PUSH), null, 1);
    expect((await post(anew, { 'x-hub-signature-256': signature })).status).toBeGreaterThanOrEqual(400);
    expect(delivered).toEqual([]);
  });
});

describe('a connection that is cut in the middle of a body', () => {
  it("is its sender's loss alone: the next event is taken", async () => {
    const { port } = server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    socket.write(
      `POST ${WEBHOOK_PATH} HTTP/1.1\r\nhost: x\r\nx-hub-signature-256: sha256=0\r\ncontent-length: 100\r\n\r\nabc`,
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await post(PUSH)).status).toBe(200);
  });
});

describe('a body', () => {
  it('T8: without a signature is not even read', async () => {
    const reply = await fetch(url(), { method: 'POST', body: PUSH });
    expect(reply.status).toBe(401);
  });

  it("T8: larger than any of GitHub's is refused before it is read", async () => {
    const reply = await post('x'.repeat(26 * 1024 * 1024)).catch(() => null);
    expect([413, undefined]).toContain(reply?.status);
    expect(delivered).toEqual([]);
  });
});

it.each(['', 'short', 'fifteen-letters'])(
  'T6: the service does not start with the webhook secret %j',
  async (webhookSecret) => {
    const temporal = {} as PipelineClient;
    await expect(
      createWebhookServer({
        webhookSecret: new Secret(webhookSecret),
        appId: 1,
        privateKey: new Secret(privateKey),
        log: pino({ level: 'silent' }),
        temporal,
        pages: () => Promise.resolve(null),
        metrics: { webhook: () => undefined },
        timing: WEBHOOK_TIMING,
      }),
    ).rejects.toThrow('WEBHOOK_SECRET');
  },
);

describe('a service that ends', () => {
  it('F25: lets what is being taken end, and takes nothing more', async () => {
    let release: () => void = () => undefined;
    const isTaken = new Promise<void>((taken) => {
      deliver = () => {
        taken();
        return new Promise((resolve) => (release = resolve));
      };
    });
    const first = post(PUSH);
    await isTaken;
    const drained = drain();
    const isListening = server.listening;
    release();

    expect((await first).status).toBe(200);
    expect(isListening).toBe(false);
    await expect(drained).resolves.toBeUndefined();
  });
});
