/** Is this process alive, may it get work, and what has it counted? For orchestrators and Prometheus, never for strangers' detail. */
import type { Metrics } from '../adapters/metrics/metrics.ts';
import type { Page } from './page-server.ts';

export interface HealthParts {
  /** Null where it may; else why not, in a sentence. */
  readonly whyNotReady: () => Promise<string | null>;
  /** Null where they are not shown: they tell how busy an installation is. */
  readonly metrics: Pick<Metrics, 'render'> | null;
}

/** Null for every other path. */
export async function healthPage(path: string, { whyNotReady, metrics }: HealthParts): Promise<Page | null> {
  if (path === '/healthz') return text(200, 'alive');
  if (path === '/readyz') {
    const why = await whyNotReady();
    return why === null ? text(200, 'ready') : text(503, why);
  }
  return path === '/metrics' && metrics !== null ? { status: 200, ...(await metrics.render()) } : null;
}

const text = (status: number, body: string): Page => ({
  status,
  contentType: 'text/plain; charset=utf-8',
  body: `${body}\n`,
});
