/** The parts of a service process: webhooks, pages, and health and figures where they are wanted. */
import type { Logger } from 'pino';
import { z } from 'zod';
import type { EvidenceParts } from '../../../activities/assess-evidence.ts';
import { createMetrics, type Metrics } from '../../adapters/metrics/metrics.ts';
import type { PipelineClient } from '../../adapters/temporal/temporal-client.ts';
import type { DsseEnvelope } from '../../adapters/vsa/sign-vsa.ts';
import type { Digest } from '../../domain/git.ts';
import type { Timing } from '../../domain/run/timing.ts';
import type { Secret } from '../../domain/secret.ts';
import { createWebhookServer } from '../../intake/webhook-server.ts';
import { healthPage } from '../../web/health-pages.ts';
import { listen, type ListenOn } from '../../web/listen.ts';
import { startPageServer, type Page } from '../../web/page-server.ts';
import { schemaPage } from '../../web/schema-page.ts';
import { verifierPage } from '../../web/verifier-pages.ts';
import type { Started } from './started.ts';

export interface AppSecrets {
  readonly appId: number;
  readonly privateKey: Secret;
  readonly webhookSecret: Secret;
}

export interface ServiceParts {
  readonly log: Logger;
  readonly temporal: PipelineClient;
  readonly app: AppSecrets;
  readonly timing: Timing;
  readonly host: string;
  readonly port: number;
  readonly evidence: Pick<EvidenceParts, 'verifier' | 'vsa'>;
  readonly metrics?: Metrics;
  /** Where figures are told too; null where they are not, or another part of this process tells them. */
  readonly inside?: ListenOn | null;
}

/** @throws Error that names the setting to change, where a port is taken */
export async function startService({
  log,
  temporal,
  app,
  timing,
  host,
  port,
  evidence,
  metrics = createMetrics(),
  inside = null,
}: ServiceParts): Promise<Started & { readonly url: string }> {
  const { verifier, vsa: signer } = evidence;
  const findVsa = (digest: Digest): Promise<DsseEnvelope | null> => publicVsa(temporal, digest);
  const whyNotReady = async (): Promise<string | null> => {
    const why = await temporal.whyUnavailable();
    return why === null ? null : `${why} Webhooks are refused, and GitHub keeps them.`;
  };
  const pages = async (path: string): Promise<Page | null> =>
    (await healthPage(path, { whyNotReady, metrics: null })) ??
    schemaPage(path) ??
    verifierPage(path, { verifier, signer, findVsa });
  const { server, drain } = await createWebhookServer({ ...app, log, temporal, timing, pages, metrics });
  // Figures first: where their port is taken, no webhook has been accepted yet.
  const told =
    inside === null
      ? null
      : await startPageServer({ ...inside, pages: (path) => healthPage(path, { whyNotReady, metrics }) });
  const url = await listen(server, { host, port, settings: { host: 'HOST', port: 'PORT' } }).catch(
    async (error: unknown) => {
      await told?.stop();
      throw error;
    },
  );
  log.info({ url, inside: told?.url }, 'Service is listening');
  return {
    url,
    async stop() {
      await drain();
      await told?.stop();
    },
  };
}

/** Of public repositories only: a private one's summary stands in its check run, where its people read it. */
async function publicVsa(temporal: PipelineClient, digest: Digest): Promise<DsseEnvelope | null> {
  for (const result of await temporal.resultsByDigest(digest)) {
    const parsed = PublishedRun.safeParse(result);
    const vsa = parsed.success ? DsseJson.safeParse(JSON.parse(parsed.data.evidence.vsa)) : null;
    if (vsa?.success === true) return vsa.data;
  }
  return null;
}

const PublishedRun = z.object({ visibility: z.literal('public'), evidence: z.object({ vsa: z.string() }) });
const DsseJson = z.object({
  payloadType: z.literal('application/vnd.in-toto+json'),
  payload: z.string(),
  signatures: z.tuple([z.object({ keyid: z.string(), sig: z.string() })]),
});
