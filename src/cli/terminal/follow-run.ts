/** Follows a run to its end: a live table on a terminal, a plain line an event in a pipe, a document a line as JSON. */
import { setTimeout as delay } from 'node:timers/promises';
import logUpdate from 'log-update';
import type { PipelineClient } from '../../adapters/temporal/temporal-client.ts';
import type { RunDocument } from '../../domain/run/run-document.ts';
import { runEvents, runFrame } from './run-frame.ts';

export type OutputStyle = 'live' | 'lines' | 'json';

export interface Following {
  readonly client: PipelineClient;
  readonly workflowId: string;
  readonly style: OutputStyle;
  /** Gives up waiting for a run that never appears. */
  readonly appearsWithinMs: number;
}

const LOOK_EVERY_MS = 250;

/** @throws Error where the run does not appear in time. */
export async function followRun({ client, workflowId, style, appearsWithinMs }: Following): Promise<RunDocument> {
  const show = SHOW[style]();
  const started = Date.now();
  for (let tick = 0; ; tick += 1) {
    const document = await client.documentOf(workflowId);
    if (document === null && Date.now() - started > appearsWithinMs) {
      throw new Error(`The run ${workflowId} did not start within ${Math.round(appearsWithinMs / 1000)} s.`);
    }
    if (document !== null) show(document, tick);
    if (document !== null && document.verdict !== null) return document;
    await delay(LOOK_EVERY_MS);
  }
}

type Show = (document: RunDocument, tick: number) => void;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

const SHOW: Readonly<Record<OutputStyle, () => Show>> = {
  live: () => (document, tick) => {
    logUpdate(runFrame(document, tick, Date.now()).join('\n'));
    if (document.verdict !== null) logUpdate.done();
  },
  lines: () => {
    let before: RunDocument | null = null;
    return (document) => {
      for (const line of runEvents(before, document)) print(line);
      before = document;
    };
  },
  json: () => {
    let before = '';
    return (document) => {
      const text = JSON.stringify({ ...document, lookedAt: undefined });
      if (text !== before) print(JSON.stringify(document));
      before = text;
    };
  },
};

export const styleFor = (json: boolean): OutputStyle => (json ? 'json' : process.stdout.isTTY ? 'live' : 'lines');
