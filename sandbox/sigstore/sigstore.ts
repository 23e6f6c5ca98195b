/**
 * Fulcio, Rekor and CT log stand-ins with a trust root of their own: what they sign verifies with this root and no other.
 * The certificate's claims come from the simulated Actions run, as they come from GitHub's OIDC token in the real world.
 */
import { generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { bundleToJSON } from '@sigstore/bundle';
import { DSSEBundleBuilder, FulcioSigner, RekorWitness } from '@sigstore/sign';
import { readAll } from '../github/http.ts';

// The package's root loads a second nock: only its parts are wanted.
const load = createRequire(import.meta.url);
interface MockHandler {
  readonly path: string;
  fn(body: string): Promise<{ statusCode: number; response: Buffer | string; contentType?: string }>;
}
interface MockAuthority {
  readonly rootCertificate: Buffer;
}
interface MockLog {
  readonly publicKey: Buffer;
}
interface MockCtLog extends MockLog {
  readonly logID: Buffer;
}
interface FulcioMock {
  initializeCTLog(key: object, clock?: Date): Promise<MockCtLog>;
  initializeCA(key: object, ctLog: MockCtLog, clock?: Date): Promise<MockAuthority>;
  fulcioHandler(ca: MockAuthority, options: { subjectClaim: string }): MockHandler;
}
interface RekorMock {
  initializeTLog(url: string, key: object, clock?: Date): Promise<MockLog>;
  rekorHandler(log: MockLog): MockHandler;
}

export interface WorkflowIdentity {
  /** `owner/name` */
  readonly repository: string;
  readonly repositoryId: number;
  readonly ownerId: number;
  readonly owner: string;
  readonly file: string;
  readonly ref: string;
  readonly sha: string;
  readonly runUrl: string;
}

export const identityUri = ({ repository, file, ref }: Pick<WorkflowIdentity, 'repository' | 'file' | 'ref'>): string =>
  `https://github.com/${repository}/.github/workflows/${file}@${ref}`;

export const ISSUER = 'https://token.actions.githubusercontent.com';

export class Sigstore {
  private readonly server: Server;
  private readonly url: string;
  readonly authorities: { readonly ca: MockAuthority; readonly ctLog: MockCtLog; readonly log: MockLog };

  private constructor(server: Server, url: string, authorities: Sigstore['authorities']) {
    this.server = server;
    this.url = url;
    this.authorities = authorities;
  }

  static async start(): Promise<Sigstore> {
    const fulcio = load('@sigstore/mock/dist/fulcio/index.js') as FulcioMock;
    const rekor = load('@sigstore/mock/dist/rekor/index.js') as RekorMock;
    const key = (namedCurve: string): object => generateKeyPairSync('ec', { namedCurve });
    const ctLog = await fulcio.initializeCTLog(key('P-256'));
    const ca = await fulcio.initializeCA(key('P-384'), ctLog);
    const log = await rekor.initializeTLog('https://rekor.sigstore.dev', key('P-256'));
    const handlers = [fulcio.fulcioHandler(ca, { subjectClaim: 'sub' }), rekor.rekorHandler(log)];
    const server = createServer((request, response) => {
      const handler = handlers.find(({ path }) => path === request.url);
      if (handler === undefined) return void response.writeHead(404).end();
      void readAll(request)
        .then((body) => handler.fn(body.toString('utf8')))
        .then(({ statusCode, response: body, contentType = 'text/plain' }) =>
          response.writeHead(statusCode, { 'content-type': contentType }).end(body),
        );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Sigstore(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`, { ca, ctLog, log });
  }

  /** Signs an in-toto statement as a workflow run; the bundle's JSON. */
  async sign(statement: object, identity: WorkflowIdentity): Promise<unknown> {
    const builder = new DSSEBundleBuilder({
      signer: new FulcioSigner({
        fulcioBaseURL: this.url,
        identityProvider: { getToken: () => Promise.resolve(tokenOf(identity)) },
      }),
      witnesses: [new RekorWitness({ rekorBaseURL: this.url, entryType: 'intoto' })],
    });
    const data = Buffer.from(JSON.stringify(statement));
    const bundle = await builder.create({ data, type: 'application/vnd.in-toto+json' });
    return bundleToJSON(bundle);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** The claims of GitHub's OIDC token. Source: GitHub docs, "OpenID Connect reference". The stand-in reads, and does not verify. */
function tokenOf(identity: WorkflowIdentity): string {
  const workflowRef = `${identity.repository}/.github/workflows/${identity.file}@${identity.ref}`;
  const claims = {
    iss: ISSUER,
    aud: 'sigstore',
    sub: identityUri(identity),
    event_name: 'workflow_dispatch',
    sha: identity.sha,
    workflow: identity.file,
    repository: identity.repository,
    repository_id: String(identity.repositoryId),
    repository_owner: identity.owner,
    repository_owner_id: String(identity.ownerId),
    ref: identity.ref,
    workflow_ref: workflowRef,
    workflow_sha: identity.sha,
    job_workflow_ref: workflowRef,
    job_workflow_sha: identity.sha,
    runner_environment: 'github-hosted',
    run_id: identity.runUrl.split('/').at(-1) ?? '',
    run_attempt: '1',
    repository_visibility: 'public',
  };
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}.`;
}
