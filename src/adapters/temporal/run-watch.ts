/** Runs as Temporal sees them from outside: ended without their own word, or failing at their tasks. */
import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { WORKFLOWS } from '../../domain/run/messages.ts';

export interface EndedOutside {
  readonly workflowId: string;
  readonly startedAt: string;
  readonly closedAt: string;
  readonly how: 'terminated' | 'failed';
}

export interface RunningRun {
  readonly workflowId: string;
  readonly startedAt: string;
  /** How often its present workflow task was tried, and since when; null where none is waiting. */
  readonly task: { readonly tries: number; readonly since: string } | null;
}

export interface RunWatch {
  /** Pipelines that were ended from outside after this ISO time. */
  endedOutside(since: string): Promise<readonly EndedOutside[]>;
  /** Pipelines that have been running since before this ISO time. */
  runningSince(before: string): Promise<readonly RunningRun[]>;
  /** What a pipeline was started with, unparsed; null where its history is gone. */
  requestOf(workflowId: string): Promise<unknown>;
  terminate(workflowId: string, reason: string): Promise<void>;
}

/** More in one round have to wait for the next. */
const MAX_RUNS = 200;

const PIPELINES = `WorkflowType = '${WORKFLOWS.slsaBuildPipeline}'`;

export function runWatch(client: Client): RunWatch {
  return {
    async endedOutside(since) {
      const how = "ExecutionStatus IN ('Terminated', 'Failed', 'TimedOut', 'Canceled')";
      const found: EndedOutside[] = [];
      for await (const run of client.workflow.list({ query: `${PIPELINES} AND ${how} AND CloseTime > '${since}'` })) {
        found.push({
          workflowId: run.workflowId,
          startedAt: run.startTime.toISOString(),
          closedAt: (run.closeTime ?? run.startTime).toISOString(),
          how: run.status.name === 'TERMINATED' || run.status.name === 'CANCELLED' ? 'terminated' : 'failed',
        });
        if (found.length >= MAX_RUNS) break;
      }
      return found;
    },

    async runningSince(before) {
      const query = `${PIPELINES} AND ExecutionStatus = 'Running' AND StartTime < '${before}'`;
      const found: RunningRun[] = [];
      for await (const run of client.workflow.list({ query })) {
        const task = await pendingTask(client, run.workflowId);
        found.push({ workflowId: run.workflowId, startedAt: run.startTime.toISOString(), task });
        if (found.length >= MAX_RUNS) break;
      }
      return found;
    },

    async requestOf(workflowId) {
      try {
        const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
        const payload = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0];
        return payload == null ? null : defaultPayloadConverter.fromPayload<unknown>(payload);
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return null;
        throw error;
      }
    },

    async terminate(workflowId, reason) {
      await client.workflow.getHandle(workflowId).terminate(reason).catch(ignoreEnded);
    },
  };
}

async function pendingTask(client: Client, workflowId: string): Promise<RunningRun['task']> {
  try {
    const { pendingWorkflowTask: task } = (await client.workflow.getHandle(workflowId).describe()).raw;
    if (task == null) return null;
    const seconds = Number((task.originalScheduledTime ?? task.scheduledTime)?.seconds ?? 0);
    return { tries: task.attempt ?? 1, since: new Date(seconds * 1000).toISOString() };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

const ignoreEnded = (error: unknown): void => {
  if (!(error instanceof WorkflowNotFoundError)) throw error;
};
