/** What `serve`, `worker` and `dev` read from the environment alike. */
import type { Tracing } from '../../adapters/tracing/tracing.ts';
import type { ListenOn } from '../../web/listen.ts';
import type { Environment } from '../environment.ts';
import { VERSION } from '../version.ts';

/** Where the environment names a collector; once a process. */
export async function tracingFor({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }: Environment): Promise<Tracing | null> {
  if (endpoint === undefined) return null;
  const { startTracing } = await import('../../adapters/tracing/tracing.ts');
  return startTracing({ endpoint, version: VERSION });
}

/** Health and figures of a process that has no other server of its own, or none that strangers may ask. */
export const insideOf = ({ METRICS_HOST: host, METRICS_PORT: port }: Environment): ListenOn | null =>
  port === undefined ? null : { host, port, settings: { host: 'METRICS_HOST', port: 'METRICS_PORT' } };
