/** A run's history as Temporal keeps it: for measuring, and for the replay corpus. */
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { temporal } from '@temporalio/proto';
import { VERSION } from '../../src/cli/version.ts';

export interface Measured {
  readonly events: number;
  readonly bytes: number;
  readonly largestPayload: number;
}

export async function measureHistory(address: string, workflowId: string): Promise<Measured> {
  const history = await fetchHistory(address, workflowId);
  const bytes = temporal.api.history.v1.History.encode(history).finish().length;
  const events = history.events ?? [];
  const sizes = events.map((event) => temporal.api.history.v1.HistoryEvent.encode(event).finish().length);
  return { events: events.length, bytes, largestPayload: Math.max(...sizes) };
}

/** With RECORD_HISTORIES set, keeps the history where the replay test finds it. */
export async function recordHistory(address: string, workflowId: string, name: string): Promise<void> {
  if (process.env['RECORD_HISTORIES'] === undefined) return;
  const folder = fileURLToPath(new URL(`../histories/${VERSION}/`, import.meta.url));
  await mkdir(folder, { recursive: true });
  const json: unknown = JSON.parse(historyToJSON(await fetchHistory(address, workflowId)));
  await writeFile(`${folder}${name}.json`, `${JSON.stringify({ workflowId, history: json })}\n`);
}

async function fetchHistory(address: string, workflowId: string): Promise<temporal.api.history.v1.IHistory> {
  const connection = await Connection.connect({ address });
  try {
    return await new Client({ connection }).workflow.getHandle(workflowId).fetchHistory();
  } finally {
    await connection.close();
  }
}
