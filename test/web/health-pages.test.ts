/** What orchestrators and Prometheus are told. */
import { request } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { counting, createMetrics } from '../../src/adapters/metrics/metrics.ts';
import { healthPage } from '../../src/web/health-pages.ts';
import { startPageServer } from '../../src/web/page-server.ts';

const ready = () => Promise.resolve(null);

describe('the pages of health', () => {
  it('tell life from readiness, and why there is none', async () => {
    const down = { whyNotReady: () => Promise.resolve('Temporal does not answer'), metrics: null };
    expect(await healthPage('/healthz', down)).toMatchObject({ status: 200, body: 'alive\n' });
    expect(await healthPage('/readyz', down)).toMatchObject({ status: 503, body: 'Temporal does not answer\n' });
    expect(await healthPage('/readyz', { whyNotReady: ready, metrics: null })).toMatchObject({ status: 200 });
    expect(await healthPage('/metrics', down)).toBeNull();
  });

  it('count what a stranger cannot multiply: labels come from closed lists', async () => {
    const metrics = createMetrics();
    metrics.webhook('push', 'taken', 0.02);
    for (let n = 0; n < 50; n += 1) metrics.webhook(`made_up_${n}`, 'ignored', 0.001);
    metrics.githubRequest('GET', 204);
    metrics.githubRequest('BREW', null);
    metrics.runEnded('success');
    metrics.redelivered(2);
    metrics.stuckRuns(1);
    const { body, contentType } = await metrics.render();

    expect(contentType).toContain('text/plain');
    expect(body).toContain('slsa_webhooks_total{event="push",outcome="taken"} 1');
    expect(body).toContain('slsa_webhooks_total{event="other",outcome="ignored"} 50');
    expect(body).not.toContain('made_up');
    expect(body).toContain('slsa_github_requests_total{method="GET",status="2xx"} 1');
    expect(body).toContain('slsa_github_requests_total{method="other",status="none"} 1');
    expect(body).toContain('slsa_runs_total{conclusion="success"} 1');
    expect(body).toContain('slsa_redeliveries_total 2');
    expect(body).toContain('slsa_stuck_runs 1');
  });

  it('count a request of GitHub that nobody answered, and let the fault through', async () => {
    const metrics = createMetrics();
    const send = counting(() => Promise.reject(new Error('cut')), metrics);
    await expect(send('https://api.github.com/x')).rejects.toThrow('cut');
    expect((await metrics.render()).body).toContain('slsa_github_requests_total{method="GET",status="none"} 1');
  });
});

/** As no browser would write it: `fetch` tidies addresses up first. */
const rawStatus = (url: string, path: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    request({ hostname, port, path }, ({ statusCode }) => resolve(statusCode))
      .once('error', reject)
      .end();
  });

describe('the server inside', () => {
  it('answers GET and nothing else, and 404 where there is no page', async () => {
    const metrics = createMetrics();
    const server = await startPageServer({
      host: '127.0.0.1',
      port: 0,
      settings: { host: 'HOST', port: 'PORT' },
      pages: (path) => healthPage(path, { whyNotReady: ready, metrics }),
    });
    const status = async (path: string, method = 'GET') => (await fetch(`${server.url}${path}`, { method })).status;
    expect(await status('/readyz?x=1')).toBe(200);
    expect(await status('/metrics')).toBe(200);
    expect(await status('/metrics', 'POST')).toBe(404);
    expect(await status('/../etc/passwd')).toBe(404);
    for (const odd of ['//', '/%', '/?%', '//[', '/\\x']) expect(await rawStatus(server.url, odd)).toBe(404);
    expect(await status('/readyz')).toBe(200);
    await server.stop();
  });
});
