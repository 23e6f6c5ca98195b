/** The pipeline's side doors into Temporal: starting, signalling and asking workflows, by the names in the domain. */
import { Client, Connection, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import { WorkflowIdReusePolicy } from '@temporalio/common';
import type { RefIntent } from '../../domain/run/coordination.ts';
import {
  QUERIES,
  SIGNALS,
  TASK_QUEUE,
  WORKFLOWS,
  type CommandRequest,
  type StageNews,
} from '../../domain/run/messages.ts';
import type { RunDocument } from '../../domain/run/run-document.ts';
import { coordinatorId } from '../../domain/run/workflow-ids.ts';

export interface TemporalAddress {
  readonly address: string;
  readonly namespace: string;
  readonly apiKey?: string;
}

/** Client calls hang for 20 s while the server is down; a webhook has to be answered long before. */
export const HAND_OVER_DEADLINE_MS = 3000;

export interface PipelineClient {
  deliver(intent: RefIntent): Promise<void>;
  startCommand(id: string, request: CommandRequest): Promise<void>;
  /** False where there is no such run any more. */
  stageCompleted(runWorkflowId: string, news: StageNews): Promise<boolean>;
  /** Null where the run has not ended or cannot be read any more. */
  resultOf(workflowId: string): Promise<unknown>;
  isKnown(workflowId: string): Promise<boolean>;
  /** Null where there is no such run yet. */
  documentOf(workflowId: string): Promise<RunDocument | null>;
  close(): Promise<void>;
}

export async function connectTemporal({ address, namespace, apiKey }: TemporalAddress): Promise<PipelineClient> {
  const connection = await Connection.connect({ address, ...(apiKey === undefined ? {} : { apiKey, tls: true }) });
  return pipelineClient(new Client({ connection, namespace }), () => connection.close());
}

export function pipelineClient(client: Client, close: () => Promise<void>): PipelineClient {
  const soon = <T>(work: () => Promise<T>): Promise<T> => client.withDeadline(Date.now() + HAND_OVER_DEADLINE_MS, work);
  return {
    close,
    async deliver(intent) {
      await soon(() =>
        client.workflow.signalWithStart(WORKFLOWS.refCoordinator, {
          workflowId: coordinatorId(intent.repository.id, intent.ref),
          taskQueue: TASK_QUEUE,
          signal: SIGNALS.intent,
          signalArgs: [intent],
        }),
      );
    },

    async startCommand(workflowId, request) {
      const workflowIdReusePolicy = WorkflowIdReusePolicy.REJECT_DUPLICATE;
      const start = { workflowId, taskQueue: TASK_QUEUE, args: [request], workflowIdReusePolicy };
      await soon(() => client.workflow.start(WORKFLOWS.command, start)).catch(ignoreAlreadyStarted);
    },

    async stageCompleted(runWorkflowId, news) {
      try {
        await soon(() => client.workflow.getHandle(runWorkflowId).signal(SIGNALS.stageCompleted, news));
        return true;
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false;
        throw error;
      }
    },

    async resultOf(workflowId) {
      const handle = client.workflow.getHandle(workflowId);
      try {
        const { status } = await handle.describe();
        if (status.name !== 'COMPLETED') return null;
        const result: unknown = await handle.result();
        return result;
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return null;
        throw error;
      }
    },

    async isKnown(workflowId) {
      try {
        await client.workflow.getHandle(workflowId).describe();
        return true;
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false;
        throw error;
      }
    },

    async documentOf(workflowId) {
      try {
        return await client.workflow.getHandle(workflowId).query<RunDocument>(QUERIES.getRun);
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return null;
        throw error;
      }
    },
  };
}

/** The same comment or press, delivered again. */
const ignoreAlreadyStarted = (error: unknown): void => {
  if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
};
