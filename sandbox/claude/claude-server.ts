/** Anthropic's Messages API in a box: real wire, and a model that is a script. */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { readAll } from '../github/http.ts';

const MessageRequest = z.strictObject({
  model: z.string(),
  max_tokens: z.number().int().positive(),
  system: z.array(z.object({ type: z.literal('text'), text: z.string(), cache_control: z.unknown().optional() })),
  messages: z.tuple([z.object({ role: z.literal('user'), content: z.string() })]),
  output_config: z.object({
    effort: z.string(),
    format: z.object({ type: z.literal('json_schema'), schema: z.record(z.string(), z.unknown()) }),
  }),
});

/** What was asked, as files and findings. */
const Question = z.object({
  files: z.array(
    z.object({
      path: z.string(),
      parts: z.array(z.object({ firstLine: z.number(), text: z.string() })),
      findings: z.array(
        z.object({
          number: z.number(),
          line: z.number().nullable(),
          linter: z.string(),
          rule: z.string(),
          message: z.string(),
        }),
      ),
      failed: z.array(z.string()).optional(),
    }),
  ),
});
export type Question = z.infer<typeof Question>;
export type AskedFile = Question['files'][number];

export interface Answered {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The answer's text; or a body of its own. */
  readonly text?: string;
  readonly body?: unknown;
  readonly stopReason?: string;
  readonly delayMs?: number;
  /** The connection is cut in the middle of the answer. */
  readonly isCut?: boolean;
}

/** A script: what this model answers to a question. */
export type Model = (question: Question, asked: number) => Answered;

/** A token is about four characters of English. */
const tokensOf = (text: string): number => Math.ceil(text.length / 4);

export class ClaudeServer {
  readonly apiKey = `sk-ant-sandbox-${randomBytes(12).toString('hex')}`;
  /** Every request as it came, to be searched. */
  readonly requests: { readonly headers: IncomingMessage['headers']; readonly raw: string }[] = [];
  model: Model;
  private readonly server: Server;

  constructor(model: Model) {
    this.model = model;
    this.server = createServer((request, response) => void this.serve(request, response));
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const raw = (await readAll(request)).toString('utf8');
    const refused = this.refusalOf(request);
    if (refused !== null) return send(response, refused.status, refused.body);
    this.requests.push({ headers: request.headers, raw });
    const asked = MessageRequest.safeParse(tryJson(raw));
    const question = Question.safeParse(tryJson(asked.data?.messages[0].content ?? ''));
    if (!asked.success || !question.success)
      return send(response, 400, errorOf('invalid_request_error', 'no question of this product'));
    const answered = this.model(question.data, this.requests.length);
    if (answered.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, answered.delayMs));
    if (answered.status !== undefined) return send(response, answered.status, answered.body, answered.headers);
    const body = answered.body ?? messageOf(asked.data, answered);
    if (answered.isCut === true) sendHalf(response, body);
    else send(response, 200, body);
  }

  private refusalOf({ method, url, headers }: IncomingMessage): { status: number; body: object } | null {
    if (method !== 'POST' || url !== '/v1/messages')
      return { status: 404, body: errorOf('not_found_error', 'Not found') };
    const key = headers['x-api-key'] ?? /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1];
    return key === this.apiKey ? null : { status: 401, body: errorOf('authentication_error', 'invalid x-api-key') };
  }
}

function send(response: ServerResponse, status: number, body: unknown, headers: Answered['headers'] = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

/** The headers promise the whole of it. */
function sendHalf(response: ServerResponse, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) });
  response.write(text.slice(0, text.length / 2), () => response.destroy());
}

export const errorOf = (type: string, message: string): object => ({ type: 'error', error: { type, message } });

function messageOf(
  { model, system, messages }: z.infer<typeof MessageRequest>,
  { text = '', stopReason = 'end_turn' }: Answered,
): object {
  return {
    id: `msg_${randomBytes(8).toString('hex')}`,
    type: 'message',
    role: 'assistant',
    model,
    content: [{ type: 'text', text }],
    stop_reason: stopReason,
    stop_sequence: null,
    usage: {
      input_tokens: tokensOf(messages[0].content),
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: tokensOf(system.map((each) => each.text).join('')),
      output_tokens: tokensOf(text),
    },
  };
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
