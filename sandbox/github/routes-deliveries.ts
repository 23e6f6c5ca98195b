/** The App's own deliveries: kept, listed and sent again, as an App asks for them with its key. */
import { z } from 'zod';
import { notFound, ok, type Call, type Route } from './http.ts';
import { wholeSeconds, type Json } from './representations/json.ts';
import type { Stage } from './scoped.ts';
import type { DeliveryRecord } from './webhooks.ts';

const Repository = z.object({ repository: z.object({ id: z.number() }) });

const DEFAULT_PAGE = 30;
const MAX_PAGE = 100;

export function deliveryRoutes({ auth, webhooks, world }: Stage): Route[] {
  return [
    {
      method: 'GET',
      path: '/app/hook/config',
      handler: (call) => {
        auth.requireApp(call);
        const { contentType, hasSecret, isInsecure } = world.app.hook;
        return ok({
          content_type: contentType,
          insecure_ssl: isInsecure ? '1' : '0',
          ...(hasSecret ? { secret: '********' } : {}),
          ...(webhooks.options.url === null ? {} : { url: webhooks.options.url }),
        });
      },
    },
    {
      method: 'GET',
      path: '/app/hook/deliveries',
      handler: (call) => {
        auth.requireApp(call);
        const { items, headers } = pageByCursor(call, webhooks.deliveries.filter(isWanted(call)).toReversed());
        return ok(
          items.map((delivery) => deliveryJson(delivery, world.installationId)),
          headers,
        );
      },
    },
    {
      method: 'POST',
      path: '/app/hook/deliveries/:delivery/attempts',
      handler: (call) => {
        auth.requireApp(call);
        const found = webhooks.deliveries.find(({ id }) => id === Number(call.params['delivery']));
        if (found === undefined) throw notFound();
        webhooks.redeliver(found);
        return { status: 202, body: {} };
      },
    },
  ];
}

/** Source: the description of `status` in GitHub's own, by ranges of what was answered. */
const hasFailed = (status: number): boolean => status >= 400;

/** Of what is still under way, or was never sent, GitHub has nothing to tell. */
function isWanted({ query }: Call): (delivery: DeliveryRecord) => boolean {
  const wanted = query.get('status');
  return ({ status }) => status !== null && (wanted === null || hasFailed(status) === (wanted === 'failure'));
}

/** Cursors are opaque on GitHub; here they are the id after which the page begins. */
function pageByCursor(
  { query, path, baseUrl }: Call,
  all: readonly DeliveryRecord[],
): { items: readonly DeliveryRecord[]; headers: Record<string, string> } {
  const size = Math.min(MAX_PAGE, Number(query.get('per_page') ?? DEFAULT_PAGE));
  const cursor = query.get('cursor');
  const from = cursor === null ? all : all.filter(({ id }) => id < Number(cursor));
  const items = from.slice(0, size);
  if (from.length <= size) return { items, headers: {} };
  const next = new URLSearchParams(query);
  next.set('cursor', String(items.at(-1)?.id ?? 0));
  return { items, headers: { link: `<${baseUrl}${path}?${next.toString()}>; rel="next"` } };
}

const deliveryJson = (
  { id, guid, event, payload, status, deliveredAt, redelivery }: DeliveryRecord,
  installation: number,
): Json => ({
  id,
  guid,
  delivered_at: wholeSeconds(deliveredAt),
  redelivery,
  duration: 0.1,
  status: status === null || hasFailed(status) ? 'Failed to deliver' : 'OK',
  status_code: status ?? 0,
  event,
  action: typeof payload['action'] === 'string' ? payload['action'] : null,
  installation_id: installation,
  repository_id: Repository.safeParse(payload).data?.repository.id ?? null,
});
