/** A trace from the webhook to the last activity, as a collector gets it. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { startTracing, type Tracing } from '../../src/adapters/tracing/tracing.ts';
import { StageSet } from './stage-set.ts';

const Sent = z.object({
  resourceSpans: z.array(
    z.object({
      scopeSpans: z.array(
        z.object({
          spans: z.array(
            z.object({
              name: z.string(),
              traceId: z.string(),
              spanId: z.string(),
              parentSpanId: z.string().optional(),
            }),
          ),
        }),
      ),
    }),
  ),
});

let collector: Server;
let tracing: Tracing;
let set: StageSet;
const bodies: { readonly path: string; readonly body: string }[] = [];

beforeAll(async () => {
  collector = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      bodies.push({ path: request.url ?? '', body: Buffer.concat(chunks).toString('utf8') });
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const { port } = collector.address() as AddressInfo;
  tracing = startTracing({ endpoint: `http://127.0.0.1:${port}`, version: '1' });
  set = await StageSet.open({ tracing });
});
afterAll(async () => {
  await set.close();
  collector.closeAllConnections();
  collector.close();
});

describe('a traced push', () => {
  it('is one trace, from the hand-over to the report, and carries neither code nor credentials', async () => {
    const repository = await set.repository('traced', 'preset: minimal\n');
    const { check } = await set.pushed(repository);
    expect(check.conclusion).toBe('success');
    await tracing.stop();

    const spans = bodies.flatMap(({ body }) =>
      Sent.parse(JSON.parse(body)).resourceSpans.flatMap(({ scopeSpans }) =>
        scopeSpans.flatMap(({ spans: all }) => all),
      ),
    );
    expect(new Set(bodies.map(({ path }) => path))).toEqual(new Set(['/v1/traces']));
    const start = spans.find(({ name }) => name.startsWith('SignalWithStartWorkflow:refCoordinator'));
    expect(start).toBeDefined();
    const names = spans.filter(({ traceId }) => traceId === start?.traceId).map(({ name }) => name);
    for (const name of ['RunActivity:loadSettings', 'RunActivity:runMegalinter', 'RunActivity:reportProgress']) {
      expect(names).toContain(name);
    }
    expect(names).toContain('StartChildWorkflow:slsaBuildPipeline');
    const told = bodies.map(({ body }) => body).join('');
    expect(told).not.toMatch(/ghs_|Bearer|BEGIN [A-Z ]*PRIVATE KEY/);
    expect(told).not.toContain(set.sandbox.app.webhookSecret);
  });
});
