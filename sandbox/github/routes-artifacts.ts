/** Artifacts, and where their bytes are. */
import { randomBytes } from 'node:crypto';
import { ApiError, notFound, ok, type Answer, type Call, type Route } from './http.ts';
import { artifactJson } from './representations/actions.ts';
import { pageOf, R, scoped, type Stage } from './scoped.ts';
import type { RepositoryRecord } from './world.ts';

/** Addresses of artifact bytes: valid for a minute, and no credentials are asked for there. */
interface BlobTicket {
  readonly bytes: () => Buffer;
  readonly type: string;
  readonly expires: number;
}

const TICKET_MS = 60_000;

/** Serves the log of an ended job. */
const logOf = ({ runs }: RepositoryRecord, jobId: number): string | null =>
  runs.flatMap(({ jobs }) => jobs).find(({ id, status }) => id === jobId && status === 'completed')?.log ?? null;

export function artifactRoutes(stage: Stage): Route[] {
  const blobs = new Map<string, BlobTicket>();
  const keep = ({ baseUrl }: Call, blob: Omit<BlobTicket, 'expires'>): Answer => {
    const ticket = randomBytes(16).toString('hex');
    blobs.set(ticket, { ...blob, expires: Date.now() + TICKET_MS });
    return { status: 302, headers: { location: `${baseUrl}/_blobs/${ticket}` } };
  };
  return [
    {
      method: 'GET',
      path: `${R}/actions/runs/:run/artifacts`,
      handler: scoped(stage, 'actions', (call, repository) => {
        const name = call.query.get('name');
        const found = repository.artifacts.filter(
          (artifact) => artifact.runId === Number(call.params['run']) && (name === null || artifact.name === name),
        );
        const { items, headers } = pageOf(call, found);
        const artifacts = items.map((artifact) => artifactJson(artifact, repository, stage.world));
        return ok({ total_count: found.length, artifacts }, headers);
      }),
    },
    {
      method: 'GET',
      path: `${R}/actions/artifacts/:artifact/zip`,
      handler: scoped(stage, 'actions', (call, repository) => {
        const artifact = repository.artifacts.find((each) => each.id === Number(call.params['artifact']));
        if (artifact === undefined) throw notFound();
        if (artifact.expired) throw new ApiError(410, 'Artifact has expired');
        return keep(call, { bytes: () => artifact.zip, type: 'application/zip' });
      }),
    },
    {
      method: 'GET',
      path: `${R}/actions/jobs/:job/logs`,
      handler: scoped(stage, 'actions', (call, repository) => {
        const log = logOf(repository, Number(call.params['job']));
        if (log === null) throw notFound();
        const bytes = Buffer.from(log);
        return keep(call, { bytes: () => bytes, type: 'text/plain; charset=utf-8' });
      }),
    },
    {
      method: 'GET',
      path: '/_blobs/:ticket',
      handler: ({ params, headers }) => {
        const ticket = blobs.get(params['ticket'] ?? '');
        if (headers.authorization !== undefined) throw new ApiError(400, 'Credentials were sent to the artifact store');
        if (ticket === undefined || ticket.expires < Date.now()) throw new ApiError(403, 'The address has expired');
        return { status: 200, body: ticket.bytes(), headers: { 'content-type': ticket.type } };
      },
    },
  ];
}
