/** A small server of pages of our own, beside the one that takes webhooks: for health and figures, on an address that stays inside. */
import { createServer } from 'node:http';
import { listen, type ListenOn } from './listen.ts';

/** What is answered to a GET. */
export interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** No script runs on a page of ours, none is framed, and no address of ours travels on in a `Referer`. */
const HARMLESS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

export interface PageServer {
  readonly url: string;
  stop(): Promise<void>;
}

export interface PageServerOptions extends ListenOn {
  /** Null where there is no such page. */
  readonly pages: (path: string, query: URLSearchParams) => Promise<Page | null>;
}

export async function startPageServer({ pages, ...address }: PageServerOptions): Promise<PageServer> {
  const server = createServer((request, response) => {
    // Split by hand: `new URL` throws on what anybody may send, such as `//`.
    const [path = '/', query = ''] = (request.url ?? '/').split('?', 2);
    const page = request.method === 'GET' ? pages(path, new URLSearchParams(query)) : Promise.resolve(null);
    page.then(
      (found) => {
        if (found === null) return response.writeHead(404).end();
        return response.writeHead(found.status, { 'content-type': found.contentType, ...HARMLESS }).end(found.body);
      },
      () => response.writeHead(503).end(),
    );
  });
  server.requestTimeout = 10_000;
  const url = await listen(server, address);
  return {
    url,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
