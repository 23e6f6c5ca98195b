/** What GitHub's refusals and silences mean, told apart by what can be done about them. */
import { z } from 'zod';

export type GitHubFaultKind =
  /** Primary or secondary limit: nothing to do before `untilEpochSeconds`. */
  | 'rate_limited'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'gone'
  | 'conflict'
  | 'unprocessable'
  /** 5xx, a cut connection or a time-out. After a write it is unknown whether it took effect. */
  | 'unavailable'
  /** An answer that is not what the API promises. */
  | 'unreadable';

export class GitHubFault extends Error {
  readonly kind: GitHubFaultKind;
  readonly status: number | null;
  readonly untilEpochSeconds: number | null;

  constructor(kind: GitHubFaultKind, message: string, details: { status?: number; untilEpochSeconds?: number } = {}) {
    super(message);
    this.name = 'GitHubFault';
    this.kind = kind;
    this.status = details.status ?? null;
    this.untilEpochSeconds = details.untilEpochSeconds ?? null;
  }
}

/** Octokit's RequestError, by shape: `instanceof` fails across module copies and test realms. */
const RequestFailure = z.object({
  status: z.number(),
  message: z.string(),
  response: z
    .object({
      headers: z.record(z.string(), z.union([z.string(), z.number()]).optional()),
      data: z.unknown(),
    })
    .optional(),
});
type RequestFailure = z.infer<typeof RequestFailure>;

const ErrorBody = z.object({ message: z.string() });

/** GitHub says to wait at least a minute where a secondary limit names no time. Source: "Rate limits for the REST API". */
const SECONDARY_WAIT_SECONDS = 60;

export function toFault(error: unknown, what: string, nowEpochSeconds: number): GitHubFault {
  if (error instanceof GitHubFault) return error;
  const parsed = RequestFailure.safeParse(error);
  if (!parsed.success || parsed.data.response === undefined) {
    return new GitHubFault('unavailable', `GitHub could not be reached: ${what}`);
  }
  const failure = parsed.data;
  const said = ErrorBody.safeParse(failure.response?.data).data?.message ?? '';
  const clock = failure.status === 401 ? clockWords(failure, nowEpochSeconds) : '';
  const message = `GitHub answered ${failure.status} to ${what}${said === '' ? '' : `: ${said.slice(0, 300)}`}${clock}`;
  const limit = limitedUntil(failure, said, nowEpochSeconds);
  const until = limit === null ? null : Math.ceil(limit);
  if (until !== null)
    return new GitHubFault('rate_limited', message, { status: failure.status, untilEpochSeconds: until });
  return new GitHubFault(kindOf(failure.status), message, { status: failure.status });
}

/** An App's key signs the time: a clock that is off by more than this is refused like a wrong key. */
const MAX_SKEW_SECONDS = 30;

function clockWords({ response }: RequestFailure, now: number): string {
  const told = Date.parse(String(response?.headers['date'] ?? ''));
  const skew = Number.isFinite(told) ? Math.round(now) - Math.round(told / 1000) : 0;
  if (Math.abs(skew) <= MAX_SKEW_SECONDS) return '';
  return ` (this machine's clock is ${Math.abs(skew)} s ${skew > 0 ? 'ahead of' : 'behind'} GitHub's: set it)`;
}

function limitedUntil(failure: RequestFailure, said: string, now: number): number | null {
  if (failure.status !== 403 && failure.status !== 429) return null;
  const headers = failure.response?.headers ?? {};
  const retryAfter = Number(headers['retry-after']);
  if (headers['retry-after'] !== undefined && Number.isFinite(retryAfter)) return now + Math.max(1, retryAfter);
  if (String(headers['x-ratelimit-remaining']) === '0') {
    const reset = Number(headers['x-ratelimit-reset']);
    return Number.isFinite(reset) ? Math.max(reset, now + 1) : now + SECONDARY_WAIT_SECONDS;
  }
  const isSecondary = failure.status === 429 || /secondary rate limit|abuse detection/i.test(said);
  return isSecondary ? now + SECONDARY_WAIT_SECONDS : null;
}

function kindOf(status: number): GitHubFaultKind {
  if (status >= 500) return 'unavailable';
  const kinds: Readonly<Record<number, GitHubFaultKind>> = {
    401: 'unauthorized',
    403: 'forbidden',
    404: 'not_found',
    409: 'conflict',
    410: 'gone',
    422: 'unprocessable',
    451: 'gone',
  };
  return kinds[status] ?? 'unreadable';
}
