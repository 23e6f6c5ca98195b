/**
 * What is counted, for Prometheus. Labels come from closed lists: a label that a stranger can write is a series that a stranger
 * can make. Source: prometheus.io, "Metric and label naming".
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export type WebhookOutcome = 'taken' | 'ignored' | 'not_taken';

export interface Metrics {
  webhook(event: string, outcome: WebhookOutcome, seconds: number): void;
  /** @param status null where nobody answered */
  githubRequest(method: string, status: number | null): void;
  runEnded(conclusion: string): void;
  redelivered(count: number): void;
  stuckRuns(count: number): void;
  render(): Promise<{ readonly contentType: string; readonly body: string }>;
}

const EVENTS = ['push', 'pull_request', 'merge_group', 'workflow_run', 'check_run', 'check_suite', 'issue_comment'];
const METHODS = ['GET', 'POST', 'PATCH', 'PUT', 'DELETE'];
const oneOf = (known: readonly string[], name: string): string => (known.includes(name) ? name : 'other');

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const webhooks = new Counter({
    name: 'slsa_webhooks_total',
    help: 'Webhook deliveries, by what became of them.',
    labelNames: ['event', 'outcome'] as const,
    registers,
  });
  const handOver = new Histogram({
    name: 'slsa_webhook_seconds',
    help: 'From the delivery to the answer of Temporal.',
    buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 7],
    registers,
  });
  const requests = new Counter({
    name: 'slsa_github_requests_total',
    help: 'Requests of GitHub, by method and class of answer.',
    labelNames: ['method', 'status'] as const,
    registers,
  });
  const runs = new Counter({
    name: 'slsa_runs_total',
    help: 'Runs that ended, by the conclusion of their check.',
    labelNames: ['conclusion'] as const,
    registers,
  });
  const redeliveries = new Counter({
    name: 'slsa_redeliveries_total',
    help: 'Failed deliveries that GitHub was asked for again.',
    registers,
  });
  const stuck = new Gauge({
    name: 'slsa_stuck_runs',
    help: 'Runs whose workflow task fails again and again, at the last look.',
    registers,
  });
  return {
    webhook(event, outcome, seconds) {
      webhooks.inc({ event: oneOf(EVENTS, event), outcome });
      handOver.observe(seconds);
    },
    githubRequest: (method, status) =>
      requests.inc({
        method: oneOf(METHODS, method),
        status: status === null ? 'none' : `${Math.floor(status / 100)}xx`,
      }),
    runEnded: (conclusion) => runs.inc({ conclusion }),
    redelivered: (count) => redeliveries.inc(count),
    stuckRuns: (count) => stuck.set(count),
    render: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
}

/** Every request that goes out is counted, whoever makes it. */
export const counting =
  (send: typeof fetch, metrics: Metrics): typeof fetch =>
  async (address, options) => {
    const method = options?.method ?? 'GET';
    try {
      const reply = await send(address, options);
      metrics.githubRequest(method, reply.status);
      return reply;
    } catch (error) {
      metrics.githubRequest(method, null);
      throw error;
    }
  };
