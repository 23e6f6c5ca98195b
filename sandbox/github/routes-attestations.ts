/** Attestations, as GitHub keeps them: found by digest, their bundles elsewhere, compressed, at an address that expires. */
import { randomBytes } from 'node:crypto';
import { compress } from 'snappyjs';
import { ApiError, ok, type Route } from './http.ts';
import { R, scoped, type Stage } from './scoped.ts';

interface Ticket {
  readonly bytes: () => Buffer;
  readonly expires: number;
}

export function attestationRoutes(stage: Stage): Route[] {
  const tickets = new Map<string, Ticket>();
  return [
    {
      method: 'GET',
      path: `${R}/attestations/:digest`,
      handler: scoped(stage, 'attestations', (call, repository) => {
        // Kept for public repositories; others have them with Enterprise Cloud only.
        const digest = decodeURIComponent(call.params['digest'] ?? '');
        const found = repository.attestations.filter((each) => each.digest === digest).toReversed();
        const attestations = found.map(({ bundle }) => {
          const ticket = `${randomBytes(16).toString('hex')}.json.sn`;
          const bytes = (): Buffer => Buffer.from(compress(Buffer.from(JSON.stringify(bundle))));
          tickets.set(ticket, { bytes, expires: Date.now() + 60_000 });
          // By reference only, as newer versions of the API always do.
          return {
            bundle_url: `${call.baseUrl}/_attestations/${ticket}`,
            repository_id: repository.id,
            initiator: 'user',
          };
        });
        return ok({ attestations });
      }),
    },
    {
      method: 'GET',
      path: '/_attestations/:ticket',
      handler: ({ params, headers }) => {
        const ticket = tickets.get(params['ticket'] ?? '');
        if (headers.authorization !== undefined) throw new ApiError(400, 'Credentials were sent to the blob store');
        if (ticket === undefined || ticket.expires < Date.now()) throw new ApiError(403, 'The address has expired');
        return { status: 200, body: ticket.bytes(), headers: { 'content-type': 'application/x-snappy' } };
      },
    },
  ];
}
