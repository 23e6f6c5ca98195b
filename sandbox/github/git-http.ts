/** Smart HTTP for `git push` and `git clone`, by git's own CGI. */
import { spawn } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';

const PATH = /^\/([^/]+)\/([^/]+?)(?:\.git)?(\/(?:info\/refs|git-upload-pack|git-receive-pack))$/;

export interface GitHttp {
  /** The folder of a repository; null where there is none. */
  folderOf(owner: string, name: string): string | null;
  /** Called after a push has been taken. */
  pushed(owner: string, name: string): Promise<void>;
}

/** True where the request was git's. */
export function serveGit(request: IncomingMessage, response: ServerResponse, git: GitHttp): boolean {
  const url = new URL(request.url ?? '/', 'http://sandbox');
  const match = PATH.exec(url.pathname);
  if (match === null) return false;
  const [, owner = '', name = '', service = ''] = match;
  const folder = git.folderOf(owner, name);
  if (folder === null) {
    response.writeHead(404).end();
    return true;
  }
  runBackend({ request, response, folder, service, query: url.search.slice(1) }, () => git.pushed(owner, name));
  return true;
}

interface Backend {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly folder: string;
  readonly service: string;
  readonly query: string;
}

function runBackend({ request, response, folder, service, query }: Backend, pushed: () => Promise<void>): void {
  const child = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: '/nonexistent',
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: service,
      REQUEST_METHOD: request.method ?? 'GET',
      QUERY_STRING: query,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      REMOTE_USER: 'sandbox',
    },
  });
  request.pipe(child.stdin);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.on('close', () => {
    const output = Buffer.concat(chunks);
    const end = output.indexOf('\r\n\r\n');
    const headers = output
      .subarray(0, end)
      .toString()
      .split('\r\n')
      .map((line) => line.split(': '));
    const status = Number(headers.find(([key]) => key?.toLowerCase() === 'status')?.[1]?.slice(0, 3) ?? 200);
    const kept = headers.filter(([key]) => key !== undefined && key !== '' && key.toLowerCase() !== 'status');
    response.writeHead(status, Object.fromEntries(kept.map(([key = '', value = '']) => [key, value])));
    response.end(output.subarray(end + 4));
    if (service === '/git-receive-pack') void pushed();
  });
}
