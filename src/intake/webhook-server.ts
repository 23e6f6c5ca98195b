/** The webhook endpoint: bounded bodies, Probot's signature check over the raw text, and one hand-over an event. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { createNodeMiddleware, Probot } from 'probot';
import { z } from 'zod';
import type { Metrics, WebhookOutcome } from '../adapters/metrics/metrics.ts';
import type { PipelineClient } from '../adapters/temporal/temporal-client.ts';
import type { Secret } from '../domain/secret.ts';
import { eventToIntent, type IntakeContext } from './event-to-intent.ts';
import { handOver } from './hand-over.ts';
import { MIN_SECRET_LENGTH, WEBHOOK_PATH } from './webhook-contract.ts';

/** GitHub sends no larger payload. Source: "Webhook events and payloads", payload cap. */
const MAX_BODY_BYTES = 25 * 1024 * 1024;

export interface IntakeOptions extends IntakeContext {
  readonly webhookSecret: Secret;
  readonly privateKey: Secret;
  readonly log: Logger;
  readonly temporal: PipelineClient;
  readonly metrics: Pick<Metrics, 'webhook'>;
  /** What else the service answers, by path; null where there is nothing. */
  readonly pages: (path: string) => Promise<Page | null>;
}

interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

type Middleware = Awaited<ReturnType<typeof createNodeMiddleware>>;

export interface WebhookServer {
  readonly server: Server;
  /**
   * Takes nothing more (503, so that GitHub keeps it for `maintenance`), lets what is being taken end, and closes. What has
   * not ended after ten seconds is cut: GitHub has given it up by then.
   */
  readonly drain: () => Promise<void>;
}

/** GitHub waits no longer for an answer. Source: docs, "Handling failed webhook deliveries". */
const DRAIN_MS = 10_000;

/** @throws Error where the webhook secret is missing or short: Probot would fall back to a known one. */
export async function createWebhookServer(options: IntakeOptions): Promise<WebhookServer> {
  const { webhookSecret, appId, privateKey, log } = options;
  const secret = webhookSecret.reveal();
  if (secret.length < MIN_SECRET_LENGTH) {
    throw new Error(
      `WEBHOOK_SECRET must have at least ${MIN_SECRET_LENGTH} characters: anybody could forge events otherwise.`,
    );
  }
  const probot = new Probot({ appId, privateKey: privateKey.reveal(), secret, log });
  const middleware = await createNodeMiddleware((app) => app.onAny((event) => receive(event, options)), {
    probot,
    webhooksPath: WEBHOOK_PATH,
  });
  let isDraining = false;
  // A connection that is cut rejects here: it is that sender's loss alone.
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0] ?? '/';
    if (isDraining) return refuse(request, response, 503, 'This process is ending: deliver it again.');
    const work = request.method === 'GET' ? show(path, response, options) : answer(request, response, middleware);
    work.catch(() => response.destroy());
  });
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  return {
    server,
    async drain() {
      isDraining = true;
      const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      });
      clearTimeout(cut);
    },
  };
}

interface ReceivedEvent {
  readonly id: string;
  readonly name: string;
  readonly payload: unknown;
}

async function receive(
  { id, name, payload }: ReceivedEvent,
  { log, temporal, appId, timing, metrics }: IntakeOptions,
): Promise<void> {
  const started = performance.now();
  const count = (outcome: WebhookOutcome): void => metrics.webhook(name, outcome, (performance.now() - started) / 1000);
  const intent = eventToIntent({ event: name, id, payload }, { appId, timing });
  const about = { delivery: id, event: name, repository: FromRepository.safeParse(payload).data?.repository.full_name };
  try {
    await handOver(intent, temporal);
  } catch (error) {
    count('not_taken');
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    log.error({ ...about, cause }, 'Event not taken: GitHub keeps it, and maintenance asks for it again');
    throw error;
  }
  count(intent.kind === 'ignored' ? 'ignored' : 'taken');
  if (intent.kind === 'ignored') log.debug({ ...about, why: intent.why }, 'Event ignored');
  else log.info({ ...about, intent: intent.kind }, 'Event taken');
}

/** Of an organisation's or an installation's events there is none. */
const FromRepository = z.object({ repository: z.object({ full_name: z.string() }) });

/** A page that cannot be made is the asker's loss alone, and is said. */
async function show(path: string, response: ServerResponse, { pages, log }: IntakeOptions): Promise<void> {
  if (path === '/ping') return void response.writeHead(200, { 'content-type': 'text/plain' }).end('pong\n');
  try {
    const page = await pages(path);
    if (page === null) return void response.writeHead(404).end();
    response
      .writeHead(page.status, { 'content-type': page.contentType, 'x-content-type-options': 'nosniff' })
      .end(page.body);
  } catch (error) {
    log.warn({ path, reason: error instanceof Error ? error.message : String(error) }, 'A page could not be made');
    response.writeHead(503, { 'content-type': 'text/plain' }).end('Try again in a moment.\n');
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, middleware: Middleware): Promise<void> {
  if (request.method === 'POST' && request.headers['x-hub-signature-256'] === undefined) {
    return refuse(request, response, 401, 'Nothing is taken without a signature.');
  }
  const body = await readBody(request);
  if (body.kind === 'too_large') return refuse(request, response, 413, `At most ${MAX_BODY_BYTES} bytes are taken.`);
  if (body.kind === 'busy') return refuse(request, response, 503, 'Too much is being received: deliver it again.');
  // Octokit looks for an `action` in whatever was signed, and fails with a 500 where that is no object.
  if (!/^\s*\{/.test(body.text)) return refuse(request, response, 400, 'A webhook is a JSON object.');
  await middleware(Object.assign(request, { body: body.text }), response, () => response.writeHead(404).end());
}

function refuse(request: IncomingMessage, response: ServerResponse, status: number, why: string): void {
  response.writeHead(status, { connection: 'close' }).end(`${why}\n`, () => request.destroy());
}

/** All bodies together: unsigned ones cost memory until they are whole. */
const MAX_BYTES_HELD = 2 * MAX_BODY_BYTES;
let bytesHeld = 0;

/** The body as text, whose very bytes are verified; null where it is larger than any that GitHub sends. */
async function readBody(request: IncomingMessage): Promise<Body> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) return { kind: 'too_large' };
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      bytesHeld += chunk.length;
      if (size > MAX_BODY_BYTES) return { kind: 'too_large' };
      if (bytesHeld > MAX_BYTES_HELD) return { kind: 'busy' };
      chunks.push(chunk);
    }
    return { kind: 'body', text: Buffer.concat(chunks).toString('utf8') };
  } finally {
    bytesHeld -= size;
  }
}

type Body =
  { readonly kind: 'body'; readonly text: string } | { readonly kind: 'too_large' } | { readonly kind: 'busy' };
