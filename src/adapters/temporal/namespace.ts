/** Is the Temporal server there, and does it have the namespace? Asked at each start, by `doctor`, and for `/readyz`. */
import { Connection } from '@temporalio/client';
import { connectionOptions, type TemporalAddress } from './temporal-address.ts';

/** What is wrong, and what to do about it: two sentences. */
interface Unusable {
  readonly says: string;
  readonly next: string;
}

export class TemporalUnusable extends Error {
  readonly says: string;
  readonly next: string;

  constructor({ says, next }: Unusable) {
    super(`${says} ${next}`);
    this.name = 'TemporalUnusable';
    this.says = says;
    this.next = next;
  }
}

const CONNECT_MS = 5000;

/** @throws TemporalUnusable */
export async function connect(address: TemporalAddress): Promise<Connection> {
  const connection = await Connection.connect({ ...connectionOptions(address), connectTimeout: CONNECT_MS }).catch(
    (error: unknown) => {
      throw new TemporalUnusable(explain(error, address));
    },
  );
  const unusable = await whyUnusable(connection, address, CONNECT_MS);
  if (unusable === null) return connection;
  await connection.close();
  throw new TemporalUnusable(unusable);
}

/** gRPC status codes. Source: grpc.io, "Status codes". */
const CODE = { deadlineExceeded: 4, notFound: 5, permissionDenied: 7, unavailable: 14, unauthenticated: 16 } as const;

/** @returns null where the namespace can be used */
export async function whyUnusable(
  connection: Connection,
  at: TemporalAddress,
  withinMs: number,
): Promise<Unusable | null> {
  const { namespace } = at;
  const ask = (): Promise<unknown> => connection.workflowService.describeNamespace({ namespace });
  return connection.withDeadline(Date.now() + withinMs, ask).then(
    () => null,
    (error: unknown) => explain(error, at),
  );
}

function explain(error: unknown, { address, namespace }: TemporalAddress): Unusable {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  switch (code) {
    case CODE.notFound: {
      const create = `temporal operator namespace create --address ${address} --namespace ${namespace}`;
      return {
        says: `Temporal at ${address} has no namespace "${namespace}".`,
        next: `Create it with \`${create}\`, or set TEMPORAL_NAMESPACE to one that exists.`,
      };
    }
    case CODE.permissionDenied:
    case CODE.unauthenticated:
      return {
        says: `Temporal at ${address} refuses these credentials for the namespace "${namespace}".`,
        next: 'Check TEMPORAL_API_KEY.',
      };
    default: {
      const isSilent = code === CODE.deadlineExceeded || code === CODE.unavailable;
      const said = error instanceof Error ? error.message : String(error);
      return {
        says: `Temporal at ${address} does not answer${isSilent ? '' : ` (${said})`}.`,
        next: 'Check that it runs, and that TEMPORAL_URL and TEMPORAL_TLS are right.',
      };
    }
  }
}
