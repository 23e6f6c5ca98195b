/** The wire: a small router that answers as GitHub does, records every request, and is loud about what it does not know. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Fault, FaultPlan } from '../faults.ts';

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly raw: Buffer;
  /** Parsed JSON, null where there is none. */
  readonly body: unknown;
  readonly params: Readonly<Record<string, string>>;
  readonly baseUrl: string;
}

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Handler = (call: Call) => Answer | Promise<Answer>;

export interface Route {
  readonly method: string;
  /** `:name` takes one segment, `*name` the rest. */
  readonly path: string;
  readonly handler: Handler;
}

export interface RecordedCall {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly status: number;
  readonly at: number;
  readonly requestBody: unknown;
  readonly responseBody: unknown;
  readonly contentType: string;
  readonly route: string;
}

/** What is wrong with a field, as GitHub tells it beside "Validation Failed". */
export interface FieldError {
  readonly resource: string;
  readonly code: 'custom' | 'invalid' | 'missing_field' | 'unprocessable';
  readonly field: string;
  readonly message?: string;
}

export class ApiError extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly errors: readonly FieldError[];

  constructor(
    status: number,
    message: string,
    more: { readonly headers?: Readonly<Record<string, string>>; readonly errors?: readonly FieldError[] } = {},
  ) {
    super(message);
    this.status = status;
    this.headers = more.headers ?? {};
    this.errors = more.errors ?? [];
  }
}

export const ok = (body: unknown, headers: Answer['headers'] = {}): Answer => ({ status: 200, body, headers });
export const created = (body: unknown): Answer => ({ status: 201, body });
export const notFound = (): ApiError => new ApiError(404, 'Not Found');

export class ApiServer {
  readonly calls: RecordedCall[] = [];
  private readonly routes: readonly Route[];
  private readonly faults: FaultPlan;
  private readonly raw: (request: IncomingMessage, response: ServerResponse) => boolean;
  private readonly server: Server;
  private remaining = 5000;
  private readonly lastAnswers = new Map<string, Answer>();

  constructor(
    routes: readonly Route[],
    faults: FaultPlan,
    raw: (request: IncomingMessage, response: ServerResponse) => boolean = () => false,
  ) {
    this.routes = routes;
    this.faults = faults;
    this.raw = raw;
    this.server = createServer((request, response) => void this.serve(request, response));
    this.server.keepAliveTimeout = 60_000;
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return this.url;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.raw(request, response)) return;
    const { call, route } = this.understand(request, await readAll(request));
    const fault = this.faults.next(call.method, call.path);
    if (await isCutBefore(fault)) return void request.socket.destroy();
    const answer = await this.answer(call, route, fault);
    this.record(call, route, answer);
    if (await isCutAfter(fault)) return void request.socket.destroy();
    if (fault?.kind === 'truncate-body') this.sendHalf(response, answer);
    else this.send(response, answer);
  }

  private async answer(call: Call, route: Route | undefined, fault: Fault | null): Promise<Answer> {
    if (fault?.kind === 'status') return refusalOf(fault);
    if (fault?.kind === 'swap') return ok(fault.body);
    const key = `${call.method} ${call.path}?${call.query.toString()}`;
    const isStale = fault?.kind === 'stale-read';
    const answer = isStale ? (this.lastAnswers.get(key) ?? UNSEEN) : await this.handle(call, route);
    if (!isStale) this.lastAnswers.set(key, answer);
    return conditional(call, answer);
  }

  private understand(request: IncomingMessage, raw: Buffer): { call: Call; route: Route | undefined } {
    const url = new URL(request.url ?? '/', this.url);
    const path = url.pathname.replace(/^\/api\/v3(?=\/)/, '');
    const method = request.method ?? 'GET';
    const matched = match(this.routes, method, path);
    const params = matched?.params ?? {};
    const { headers } = request;
    const body = parseBody(raw);
    return {
      call: { method, path, query: url.searchParams, headers, raw, body, params, baseUrl: this.url },
      route: matched?.route,
    };
  }

  private record(call: Call, route: Route | undefined, answer: Answer): void {
    const { status, body } = answer;
    this.calls.push({
      method: call.method,
      path: call.path,
      query: Object.fromEntries(call.query),
      status,
      at: Date.now(),
      requestBody: call.body,
      responseBody: body,
      contentType: typeOf(answer),
      route: route === undefined ? 'unknown' : `${call.method} ${route.path}`,
    });
  }

  private async handle(call: Call, route: Route | undefined): Promise<Answer> {
    if (route === undefined)
      return { status: 501, body: { message: `The sandbox does not know ${call.method} ${call.path}` } };
    try {
      return await route.handler(call);
    } catch (error) {
      if (error instanceof ApiError) return { status: error.status, body: refusalBody(error), headers: error.headers };
      return { status: 500, body: { message: error instanceof Error ? error.message : 'Server Error' } };
    }
  }

  /** The headers promise the whole of it. */
  private sendHalf(response: ServerResponse, answer: Answer): void {
    const bytes = bytesOf(answer.body);
    response.writeHead(answer.status, { ...this.headersOf(answer), 'content-length': String(bytes.length) });
    response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
  }

  private send(response: ServerResponse, answer: Answer): void {
    response.writeHead(answer.status, this.headersOf(answer)).end(bytesOf(answer.body));
  }

  private headersOf(answer: Answer): Record<string, string> {
    // What had not changed does not count.
    if (answer.status !== 304) this.remaining = Math.max(0, this.remaining - 1);
    const limits = {
      'x-ratelimit-limit': '5000',
      'x-ratelimit-remaining': String(this.remaining),
      'x-ratelimit-reset': String(Math.floor(Date.now() / 1000) + 3600),
    };
    const type = answer.body === undefined ? {} : { 'content-type': typeOf(answer) };
    return { ...type, ...limits, ...answer.headers };
  }
}

/** What happens before the effect, and whether there is none. */
async function isCutBefore(fault: Fault | null): Promise<boolean> {
  if (fault?.kind === 'delay') await new Promise((resolve) => setTimeout(resolve, fault.milliseconds));
  if (fault?.kind !== 'hold' || fault.when === 'after') return fault?.kind === 'cut-before-effect';
  await fault.during();
  return true;
}

/** What happens after the effect, and whether nobody is told of it. */
async function isCutAfter(fault: Fault | null): Promise<boolean> {
  if (fault?.kind !== 'hold') return fault?.kind === 'effect-then-cut';
  await fault.during();
  return true;
}

/** Reads carry an ETag, and are answered with 304 where the caller has them already. */
function conditional(call: Call, answer: Answer): Answer {
  if (call.method !== 'GET' || answer.status !== 200) return answer;
  const etag = etagOf(bytesOf(answer.body), call.headers.authorization);
  if (call.headers['if-none-match'] === etag) return { status: 304, headers: { etag } };
  return { ...answer, headers: { ...answer.headers, etag } };
}

const isText = (body: unknown): body is string | Buffer => typeof body === 'string' || Buffer.isBuffer(body);

const typeOf = ({ body, headers }: Answer): string =>
  headers?.['content-type'] ?? (isText(body) ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8');

const bytesOf = (body: unknown): Buffer =>
  Buffer.from(isText(body) ? body : body === undefined ? '' : JSON.stringify(body));

const refusalOf = (fault: Omit<Extract<Fault, { kind: 'status' }>, 'kind'>): Answer => ({
  status: fault.status,
  body: refusalBody({ status: fault.status, message: fault.message, errors: [] }),
  headers: fault.headers,
});

const refusalBody = ({ status, message, errors }: Pick<ApiError, 'status' | 'message' | 'errors'>): unknown => ({
  message,
  ...(errors.length === 0 ? {} : { errors }),
  documentation_url: 'https://docs.github.com/rest',
  status: String(status),
});

/** What a copy that lags behind says of what it has never heard of. */
const UNSEEN: Answer = refusalOf({ status: 404, message: 'Not Found', headers: {} });

/** ETags belong to a token on GitHub: another token's is never a match. */
const etagOf = (bytes: Buffer, authorization = ''): string =>
  `W/"${createHash('sha256').update(authorization).update(bytes).digest('hex').slice(0, 40)}"`;

export async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function parseBody(raw: Buffer): unknown {
  if (raw.length === 0) return null;
  try {
    return JSON.parse(raw.toString('utf8'));
  } catch {
    return null;
  }
}

function match(
  routes: readonly Route[],
  method: string,
  path: string,
): { route: Route; params: Record<string, string> } | null {
  const segments = path.split('/').slice(1);
  for (const route of routes) {
    const params = route.method === method ? matchPath(route.path.split('/').slice(1), segments) : null;
    if (params !== null) return { route, params };
  }
  return null;
}

function matchPath(pattern: readonly string[], segments: readonly string[]): Record<string, string> | null {
  const params: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    if (part.startsWith('*')) {
      params[part.slice(1)] = segments.slice(index).map(decodeURIComponent).join('/');
      return params;
    }
    const segment = segments[index];
    if (segment === undefined) return null;
    if (part.startsWith(':')) params[part.slice(1)] = decodeURIComponent(segment);
    else if (part !== segment) return null;
  }
  return pattern.length === segments.length ? params : null;
}
