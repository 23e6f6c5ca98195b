/** Signed deliveries to the App: unkind by default, since the real ones come twice and out of order now and then. */
import { createHmac, randomUUID } from 'node:crypto';
import { seededRandom } from '../faults.ts';

export interface DeliveryRecord {
  /** Of this attempt. */
  readonly id: number;
  /** The same for every attempt at one event. */
  readonly guid: string;
  readonly event: string;
  readonly payload: Record<string, unknown>;
  readonly redelivery: boolean;
  readonly deliveredAt: string;
  /** What was answered; 502 where nobody did, null while it is under way or was never sent. */
  status: number | null;
}

/** `drop` is lost without a trace; `fail` finds nobody listening, as GitHub then knows and tells. */
export type WebhookManner = 'deliver' | 'twice' | 'late' | 'drop' | 'fail';

/** What GitHub notes where nobody answered: its list of failures is of 400 to 599. */
const NOBODY_THERE = 502;

export interface WebhookOptions {
  readonly secret: string;
  /** Where to, null until the App listens. */
  url: string | null;
  /** How each delivery is treated; unkind by seed unless a test decides. */
  manner: (event: string, payload: Record<string, unknown>) => WebhookManner;
}

/** Every tenth delivery comes twice, every tenth late by a while, so that another one overtakes it. */
export function unkindly(seed: number): WebhookOptions['manner'] {
  const random = seededRandom(seed);
  return () => {
    const drawn = random();
    return drawn < 0.1 ? 'twice' : drawn < 0.2 ? 'late' : 'deliver';
  };
}

export const kindly: WebhookOptions['manner'] = () => 'deliver';

const LATE_MS = 700;

export class Webhooks {
  readonly deliveries: DeliveryRecord[] = [];
  readonly options: WebhookOptions;
  private readonly pending = new Set<Promise<void>>();

  constructor(options: WebhookOptions) {
    this.options = options;
  }

  send(event: string, payload: Record<string, unknown>): void {
    const record = this.keep({ guid: randomUUID(), event, payload, redelivery: false });
    const manner = this.options.manner(event, payload);
    if (manner === 'fail') record.status = NOBODY_THERE;
    if (manner === 'drop' || manner === 'fail') return;
    if (manner === 'late') this.track(wait(LATE_MS).then(() => this.deliver(record)));
    else this.track(this.deliver(record));
    if (manner === 'twice') this.track(wait(LATE_MS / 2).then(() => this.deliver(record)));
  }

  /** What "Redeliver" does: another attempt, under the same GUID. */
  redeliver({ guid, event, payload }: DeliveryRecord): void {
    this.track(this.deliver(this.keep({ guid, event, payload, redelivery: true })));
  }

  private keep(about: Pick<DeliveryRecord, 'guid' | 'event' | 'payload' | 'redelivery'>): DeliveryRecord {
    const id = 10_000 + this.deliveries.length;
    const record: DeliveryRecord = { ...about, id, deliveredAt: new Date().toISOString(), status: null };
    this.deliveries.push(record);
    return record;
  }

  /** The same attempt once more, which GitHub does to nobody; tests do. */
  async deliver(record: DeliveryRecord): Promise<void> {
    if (this.options.url === null) return;
    const body = JSON.stringify(record.payload);
    const signature = createHmac('sha256', this.options.secret).update(body).digest('hex');
    const headers = {
      'content-type': 'application/json',
      'x-github-event': record.event,
      'x-github-delivery': record.guid,
      'x-hub-signature-256': `sha256=${signature}`,
    };
    const reply = await fetch(this.options.url, {
      method: 'POST',
      body,
      headers,
      signal: AbortSignal.timeout(10_000),
    }).catch(() => null);
    record.status = reply?.status ?? NOBODY_THERE;
  }

  async settle(): Promise<void> {
    await Promise.all(this.pending);
  }

  private track(work: Promise<void>): void {
    this.pending.add(work);
    void work.finally(() => this.pending.delete(work));
  }
}

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
