/** Claude, as repairs ask it: one call, no tools, one answer in a form that was asked for. Every fault is told apart by what can be done. */
import { APIConnectionError, APIError, Anthropic, RateLimitError } from '@anthropic-ai/sdk';
import { z } from 'zod';
import type { Secret } from '../../domain/secret.ts';

export interface ClaudeSettings {
  readonly apiKey: Secret;
  readonly baseUrl: string;
  readonly model: string;
  readonly fetch: typeof fetch;
}

export interface Question {
  /** The same for every question: cached by the API. */
  readonly instructions: string;
  readonly text: string;
  readonly maxTokens: number;
  /** JSON Schema of the answer. */
  readonly schema: Readonly<Record<string, unknown>>;
}

export interface Reply {
  readonly stopReason: string | null;
  readonly text: string;
  readonly model: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** `unavailable` may pass by itself; the others do not before somebody acts, or a time has come. */
export class ClaudeFault extends Error {
  readonly kind: 'unavailable' | 'rate_limited' | 'refused';
  readonly untilEpochSeconds: number | null;

  constructor(kind: ClaudeFault['kind'], message: string, untilEpochSeconds: number | null = null) {
    super(message);
    this.name = 'ClaudeFault';
    this.kind = kind;
    this.untilEpochSeconds = untilEpochSeconds;
  }
}

export interface Claude {
  readonly model: string;
  /** @throws ClaudeFault */
  ask(question: Question): Promise<Reply>;
}

const TIMEOUT_MS = 120_000;

export function claude({ apiKey, baseUrl, model, fetch }: ClaudeSettings): Claude {
  // Temporal retries, so the client does not: layers would multiply.
  const client = new Anthropic({
    apiKey: apiKey.reveal(),
    baseURL: baseUrl,
    maxRetries: 0,
    timeout: TIMEOUT_MS,
    fetch,
  });
  return {
    model,
    async ask({ instructions, text, maxTokens, schema }) {
      try {
        const message = await client.messages.create({
          model,
          max_tokens: maxTokens,
          system: [{ type: 'text', text: instructions, cache_control: { type: 'ephemeral' } }],
          messages: [{ role: 'user', content: text }],
          output_config: { effort: 'low', format: { type: 'json_schema', schema } },
        });
        return replyOf(message);
      } catch (error) {
        throw toFault(error, Date.now() / 1000);
      }
    },
  };
}

const Message = z.object({
  model: z.string(),
  stop_reason: z.string().nullable(),
  content: z.array(z.object({ type: z.string(), text: z.string().optional() })),
  usage: z.object({
    input_tokens: z.number().int().nonnegative(),
    output_tokens: z.number().int().nonnegative(),
    cache_creation_input_tokens: z.number().int().nonnegative().nullish(),
    cache_read_input_tokens: z.number().int().nonnegative().nullish(),
  }),
});

/** The API's word is parsed like everybody's: a proxy in between may answer anything. */
function replyOf(message: unknown): Reply {
  const parsed = Message.safeParse(message);
  if (!parsed.success) throw new ClaudeFault('unavailable', "the model's answer is not what its API promises");
  const { model, stop_reason: stopReason, content, usage } = parsed.data;
  return {
    model,
    stopReason,
    text: content.map(({ type, text }) => (type === 'text' ? (text ?? '') : '')).join(''),
    inputTokens: usage.input_tokens + (usage.cache_creation_input_tokens ?? 0) + (usage.cache_read_input_tokens ?? 0),
    outputTokens: usage.output_tokens,
  };
}

const ErrorBody = z.object({ error: z.object({ type: z.string().optional(), message: z.string().optional() }) });

/** Source: docs, "Errors" and "Rate limits"; a spend limit is not lifted by waiting. */
function toFault(error: unknown, nowEpochSeconds: number): ClaudeFault {
  if (error instanceof ClaudeFault) return error;
  if (error instanceof APIConnectionError || !(error instanceof APIError) || typeof error.status !== 'number')
    return new ClaudeFault('unavailable', 'the model could not be reached');
  if (isSpendLimit(error.status, error.error)) return new ClaudeFault('refused', "the model's spend limit is reached");
  if (error instanceof RateLimitError)
    return new ClaudeFault('rate_limited', 'the model is limited', waitUntil(error, nowEpochSeconds));
  return ofStatus(error.status);
}

function isSpendLimit(status: number, body: unknown): boolean {
  const said = ErrorBody.safeParse(body).data?.error;
  const about = `${said?.type ?? ''} ${said?.message ?? ''}`.toLowerCase().replaceAll('_', ' ');
  return status === 402 || about.includes('spend limit');
}

const DEFAULT_WAIT_SECONDS = 30;

function waitUntil({ headers }: RateLimitError, nowEpochSeconds: number): number {
  const wait = Number(headers.get('retry-after') ?? DEFAULT_WAIT_SECONDS);
  return Math.ceil(nowEpochSeconds + Math.max(1, Number.isFinite(wait) ? wait : DEFAULT_WAIT_SECONDS));
}

const MAY_PASS = [408, 409];

function ofStatus(status: number): ClaudeFault {
  if (status >= 500 || MAY_PASS.includes(status)) return new ClaudeFault('unavailable', `the model answered ${status}`);
  if (status === 413) return new ClaudeFault('refused', 'the question is too long for the model');
  const key = [401, 403].includes(status) ? ': is ANTHROPIC_API_KEY in order?' : '';
  return new ClaudeFault('refused', `the model refused the question with ${status}${key}`);
}
