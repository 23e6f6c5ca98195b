/**
 * Two Sigstore instances, as GitHub's users meet them: the public good (certificates in a CT log, signatures in Rekor), and
 * GitHub's own (no log; a time-stamp). Each has a trust root of its own: what one signs verifies with its root and no other.
 */
import { generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { bundleToJSON } from '@sigstore/bundle';
import { DSSEBundleBuilder, FulcioSigner, RekorWitness, TSAWitness, type Witness } from '@sigstore/sign';
import { readAll } from '../github/http.ts';
import { CertificateAuthority, type CertificateLog } from './certificate-authority.ts';
import { signerUri, type JobClaims } from './claims.ts';

// The package's root loads a second nock: only its parts are wanted.
const load = createRequire(import.meta.url);
interface MockHandler {
  readonly path: string;
  fn(body: string): Promise<{ statusCode: number; response: Buffer | string; contentType?: string }>;
}
export interface MockAuthority {
  readonly rootCertificate: Buffer;
}
interface MockTsa extends MockAuthority {
  readonly intCertificate: Buffer;
  getCurrentTime: () => Date;
}
interface MockLog {
  readonly publicKey: Buffer;
}
interface MockCtLog extends MockLog, CertificateLog {
  readonly logID: Buffer;
}
interface FulcioMock {
  initializeCTLog(key: object, clock?: Date): Promise<MockCtLog>;
  fulcioHandler(ca: CertificateAuthority, options: { subjectClaim: string }): MockHandler;
}
interface RekorMock {
  initializeTLog(url: string, key: object, clock?: Date): Promise<MockLog>;
  rekorHandler(log: MockLog): MockHandler;
}
interface TimestampMock {
  initializeTSA(key: object): Promise<MockTsa>;
  tsaHandler(tsa: MockTsa): MockHandler;
}

/** What a trust root has to hold of an instance. */
export interface Authorities {
  readonly ca: CertificateAuthority;
  readonly ctLog?: MockCtLog;
  readonly log?: MockLog;
  readonly tsa?: MockTsa;
}

export class SigstoreInstance {
  readonly authorities: Authorities;
  /** How often it has signed. */
  signatures = 0;
  private readonly server: Server;
  private readonly url: string;

  constructor(server: Server, url: string, authorities: Authorities) {
    this.server = server;
    this.url = url;
    this.authorities = authorities;
  }

  /** Signs an in-toto statement as a job of Actions; the bundle's JSON. */
  async sign(statement: object, claims: JobClaims): Promise<unknown> {
    const builder = new DSSEBundleBuilder({
      signer: new FulcioSigner({
        fulcioBaseURL: this.url,
        identityProvider: { getToken: () => Promise.resolve(tokenOf(claims)) },
      }),
      witnesses: [this.witness()],
    });
    const data = Buffer.from(JSON.stringify(statement));
    const bundle = await builder.create({ data, type: 'application/vnd.in-toto+json' });
    this.signatures += 1;
    return bundleToJSON(bundle);
  }

  private witness(): Witness {
    return this.authorities.log === undefined
      ? new TSAWitness({ tsaBaseURL: this.url })
      : new RekorWitness({ rekorBaseURL: this.url, entryType: 'intoto' });
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

export class Sigstore {
  readonly publicGood: SigstoreInstance;
  readonly github: SigstoreInstance;

  private constructor(publicGood: SigstoreInstance, github: SigstoreInstance) {
    this.publicGood = publicGood;
    this.github = github;
  }

  static async start(): Promise<Sigstore> {
    return new Sigstore(await startPublicGood(), await startGitHub());
  }

  async stop(): Promise<void> {
    await Promise.all([this.publicGood.stop(), this.github.stop()]);
  }
}

const key = (namedCurve: string): object => generateKeyPairSync('ec', { namedCurve });

async function startPublicGood(): Promise<SigstoreInstance> {
  const fulcio = load('@sigstore/mock/dist/fulcio/index.js') as FulcioMock;
  const rekor = load('@sigstore/mock/dist/rekor/index.js') as RekorMock;
  const ctLog = await fulcio.initializeCTLog(key('P-256'));
  const ca = await CertificateAuthority.create('CN=sigstore,O=sigstore.dev', ctLog);
  const log = await rekor.initializeTLog('https://rekor.sigstore.dev', key('P-256'));
  return serve([fulcio.fulcioHandler(ca, { subjectClaim: 'sub' }), rekor.rekorHandler(log)], { ca, ctLog, log });
}

async function startGitHub(): Promise<SigstoreInstance> {
  const fulcio = load('@sigstore/mock/dist/fulcio/index.js') as FulcioMock;
  const timestamp = load('@sigstore/mock/dist/timestamp/index.js') as TimestampMock;
  const ca = await CertificateAuthority.create('CN=Internal Services Root,O="GitHub, Inc."', null);
  const tsa = await timestamp.initializeTSA(key('P-384'));
  // The stand-in writes fractions of a second that verifiers refuse; certificates count whole seconds as well.
  tsa.getCurrentTime = () => new Date(Math.floor(Date.now() / 1000) * 1000);
  return serve([fulcio.fulcioHandler(ca, { subjectClaim: 'sub' }), timestamp.tsaHandler(tsa)], { ca, tsa });
}

async function serve(handlers: readonly MockHandler[], authorities: Authorities): Promise<SigstoreInstance> {
  const server = createServer((request, response) => {
    const handler = handlers.find(({ path }) => path === request.url);
    if (handler === undefined) return void response.writeHead(404).end();
    void readAll(request)
      .then((body) => handler.fn(body.toString('utf8')))
      .then(({ statusCode, response: body, contentType = 'text/plain' }) =>
        response.writeHead(statusCode, { 'content-type': contentType }).end(body),
      );
  });
  // Clients keep their connections; one that is closed under them fails a signature, which is not retried.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return new SigstoreInstance(server, `http://127.0.0.1:${port}`, authorities);
}

/** The stand-in reads a token, and does not verify it. */
export function tokenOf(claims: JobClaims, audience = 'sigstore'): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const body = { aud: audience, sub: signerUri(claims), ...claims };
  return `${part({ alg: 'none', typ: 'JWT' })}.${part(body)}.`;
}
