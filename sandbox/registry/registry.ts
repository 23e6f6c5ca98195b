/**
 * An OCI registry as ghcr.io is: manifests and blobs by digest, no referrers API but the fallback tag. In memory. Pushes
 * require credentials.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readAll } from '../github/http.ts';
import { basic, digestOf, type Credentials } from './oci-client.ts';

interface Manifest {
  readonly bytes: Buffer;
  readonly mediaType: string;
}

const ROUTE = /^\/v2\/(?<name>.+)\/(?<kind>manifests|blobs)\/(?<reference>[^/]+)$/;
const UPLOAD = /^\/v2\/.+\/blobs\/uploads\/?$/;

export class Registry {
  readonly credentials: Credentials = { username: 'robot', password: randomBytes(12).toString('hex') };
  /** Then pulls need credentials too. */
  isPrivate = false;
  /** How many manifests it was given. */
  pushes = 0;
  private readonly server: Server;
  private readonly blobs = new Map<string, Buffer>();
  private readonly manifests = new Map<string, Manifest>();

  constructor() {
    this.server = createServer((request, response) => void this.serve(request, response));
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
  }

  /** `127.0.0.1:port`: as the registry of an image's name. */
  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  accepts(credentials: Credentials): boolean {
    return basic(credentials) === basic(this.credentials);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://registry');
    const body = await readAll(request);
    const match = ROUTE.exec(url.pathname)?.groups;
    if (!this.admits(request)) response.writeHead(401, { 'www-authenticate': 'Basic realm="sandbox"' }).end();
    else if (url.pathname === '/v2/') response.writeHead(200).end();
    else if (UPLOAD.test(url.pathname)) this.takeBlob(url, body, response);
    // Referrers are not answered, as on ghcr.io.
    else if (match === undefined) response.writeHead(404).end();
    else if (match['kind'] === 'blobs') this.giveBlob(match['reference'] ?? '', response);
    else this.manifest(request, response, { name: match['name'] ?? '', reference: match['reference'] ?? '', body });
  }

  /** Requires credentials for writes, and for reads when the registry is private. */
  private admits({ headers, method = '' }: IncomingMessage): boolean {
    const isOpen = !this.isPrivate && ['GET', 'HEAD'].includes(method);
    return isOpen || headers.authorization === basic(this.credentials);
  }

  private manifest(
    request: IncomingMessage,
    response: ServerResponse,
    asked: { name: string; reference: string; body: Buffer },
  ): void {
    const mediaType = request.headers['content-type'] ?? '';
    if (request.method === 'PUT') this.takeManifest({ ...asked, mediaType }, response);
    else this.giveManifest(asked.name, asked.reference, response);
  }

  private takeBlob(url: URL, body: Buffer, response: ServerResponse): void {
    const digest = digestOf(body);
    if (url.searchParams.get('digest') !== digest) return void response.writeHead(400).end('digest mismatch');
    this.blobs.set(digest, body);
    response.writeHead(201, { 'docker-content-digest': digest }).end();
  }

  private giveBlob(digest: string, response: ServerResponse): void {
    const blob = this.blobs.get(digest);
    if (blob === undefined) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-length': blob.length }).end(blob);
  }

  private takeManifest(
    { name, reference, body, mediaType }: { name: string; reference: string; body: Buffer; mediaType: string },
    response: ServerResponse,
  ): void {
    this.pushes += 1;
    const digest = digestOf(body);
    if (reference.startsWith('sha256:') && reference !== digest)
      return void response.writeHead(400).end('digest mismatch');
    this.manifests.set(`${name}@${digest}`, { bytes: body, mediaType });
    if (reference !== digest) this.manifests.set(`${name}:${reference}`, { bytes: body, mediaType });
    response.writeHead(201, { 'docker-content-digest': digest }).end();
  }

  private giveManifest(name: string, reference: string, response: ServerResponse): void {
    const manifest = this.manifests.get(`${name}${reference.startsWith('sha256:') ? '@' : ':'}${reference}`);
    if (manifest === undefined) return void response.writeHead(404).end();
    response
      .writeHead(200, { 'content-type': manifest.mediaType, 'docker-content-digest': digestOf(manifest.bytes) })
      .end(manifest.bytes);
  }
}
