/**
 * The size of a run's history, as `test/e2e/temporal-history.ts` measures it. That file cannot be imported here: only Jest
 * finds a named export in `@temporalio/proto`, Node itself sees its default export alone.
 */
import { Client, Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { Measured } from '../test/e2e/temporal-history.ts';

export async function measureHistory(address: string, workflowId: string): Promise<Measured> {
  const { History, HistoryEvent } = proto.temporal.api.history.v1;
  const connection = await Connection.connect({ address });
  try {
    const history = await new Client({ connection }).workflow.getHandle(workflowId).fetchHistory();
    const events = history.events ?? [];
    const sizes = events.map((event) => HistoryEvent.encode(event).finish().length);
    return {
      events: events.length,
      bytes: History.encode(history).finish().length,
      largestPayload: Math.max(...sizes),
    };
  } finally {
    await connection.close();
  }
}
