/** The App's own webhook deliveries, and how one is asked for again. Source: REST, "Webhooks for a GitHub App". */
import { z } from 'zod';
import type { FailedDelivery } from '../../domain/maintenance/redelivery.ts';
import { GitHubFault } from './github-fault.ts';
import type { Reply } from './github-client.ts';
import type { AppCall } from './tokens.ts';

const Delivery = z.object({
  id: z.number().int().positive(),
  guid: z.string().max(100),
  event: z.string(),
  status_code: z.number().int(),
  delivered_at: z.string(),
});

export interface Deliveries {
  /** Failed attempts that are newer than this id, the newest first; to a bound, beyond which the oldest are left out. */
  failedSince(id: number): Promise<readonly FailedDelivery[]>;
  redeliver(id: number): Promise<void>;
}

const PAGE = 100;
const MAX_PAGES = 20;

export function deliveries(call: AppCall): Deliveries {
  return {
    async failedSince(id) {
      const found: FailedDelivery[] = [];
      let cursor: string | null = null;
      for (let page = 0; page < MAX_PAGES; page += 1) {
        const params: Record<string, unknown> = {
          status: 'failure',
          per_page: PAGE,
          ...(cursor === null ? {} : { cursor }),
        };
        const reply: Reply = await call('GET /app/hook/deliveries', params);
        const items = parse(reply);
        found.push(...items.filter((each) => each.id > id));
        cursor = nextCursor(reply);
        if (cursor === null || items.some((each) => each.id <= id)) break;
      }
      return found;
    },

    async redeliver(id) {
      await call('POST /app/hook/deliveries/{delivery_id}/attempts', { delivery_id: id }).catch(ignoreGone);
    },
  };
}

function parse(reply: Reply): FailedDelivery[] {
  const parsed = z.array(Delivery).safeParse(reply.data);
  if (!parsed.success)
    throw new GitHubFault('unreadable', "GitHub's list of deliveries is not what its documentation says");
  return parsed.data.map(({ id, guid, event, status_code: statusCode, delivered_at: deliveredAt }) => ({
    id,
    guid,
    event,
    statusCode,
    deliveredAt,
  }));
}

function nextCursor({ headers }: Reply): string | null {
  const next = /<([^<>]{1,2000})>; rel="next"/.exec(String(headers['link'] ?? ''))?.[1];
  return next !== undefined && URL.canParse(next) ? new URL(next).searchParams.get('cursor') : null;
}

/** Older than three days: GitHub has forgotten it, and so may we. */
const ignoreGone = (error: unknown): void => {
  if (!(error instanceof GitHubFault) || !['not_found', 'gone', 'unprocessable'].includes(error.kind)) throw error;
};
