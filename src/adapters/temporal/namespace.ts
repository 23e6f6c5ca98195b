/** Is the Temporal server there, and does it have the namespace? Asked at each start, and for `/readyz`. */
import type { Connection } from '@temporalio/client';
import type { TemporalAddress } from './temporal-client.ts';

/** gRPC status codes. Source: grpc.io, "Status codes". */
const CODE = { deadlineExceeded: 4, notFound: 5, permissionDenied: 7, unavailable: 14, unauthenticated: 16 } as const;

/** @returns null where the namespace can be used, else why not, and what to do where something can be done */
export async function whyUnusable(
  connection: Connection,
  at: TemporalAddress,
  withinMs: number,
): Promise<string | null> {
  const { namespace } = at;
  try {
    await connection.withDeadline(Date.now() + withinMs, () =>
      connection.workflowService.describeNamespace({ namespace }),
    );
    return null;
  } catch (error) {
    return explain(error, at);
  }
}

function explain(error: unknown, { address, namespace }: TemporalAddress): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  switch (code) {
    case CODE.notFound:
      return `Temporal at ${address} has no namespace "${namespace}". Create it with \`temporal operator namespace create --address ${address} --namespace ${namespace}\`, or set TEMPORAL_NAMESPACE to one that exists`;
    case CODE.permissionDenied:
    case CODE.unauthenticated:
      return `Temporal at ${address} refuses these credentials for the namespace "${namespace}". Check TEMPORAL_API_KEY`;
    case CODE.deadlineExceeded:
    case CODE.unavailable:
      return `Temporal at ${address} does not answer`;
    default:
      return `Temporal at ${address} answers with an error: ${error instanceof Error ? error.message : String(error)}`;
  }
}
