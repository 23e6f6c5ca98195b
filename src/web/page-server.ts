/** A small server of pages of our own, beside the one that takes webhooks: for health and figures, on an address that stays inside. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What is answered to a GET. */
export interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface PageServer {
  readonly url: string;
  stop(): Promise<void>;
}

export interface PageServerOptions {
  readonly host: string;
  readonly port: number;
  /** Null where there is no such page. */
  readonly pages: (path: string) => Promise<Page | null>;
}

export async function startPageServer({ host, port, pages }: PageServerOptions): Promise<PageServer> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0] ?? '/';
    const page = request.method === 'GET' ? pages(path) : Promise.resolve(null);
    page.then(
      (found) => {
        if (found === null) return response.writeHead(404).end();
        return response
          .writeHead(found.status, { 'content-type': found.contentType, 'x-content-type-options': 'nosniff' })
          .end(found.body);
      },
      () => response.writeHead(503).end(),
    );
  });
  server.requestTimeout = 10_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${bound}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
