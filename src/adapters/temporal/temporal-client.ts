/** The pipeline's side doors into Temporal: starting, signalling and asking workflows, by the names in the domain. */
import {
  Client,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { WorkflowIdReusePolicy, type Workflow } from '@temporalio/common';
import type { Digest, GitRef } from '../../domain/git.ts';
import type { RefIntent } from '../../domain/run/coordination.ts';
import {
  QUERIES,
  SIGNALS,
  TASK_QUEUE,
  UPDATES,
  WORKFLOWS,
  type CommandRequest,
  type ForkNews,
  type StageNews,
  type WelcomeRequest,
} from '../../domain/run/messages.ts';
import type { RunDocument } from '../../domain/run/run-document.ts';
import { SEARCH_ATTRIBUTES } from '../../domain/run/search.ts';
import type { Reservation, Reserved } from '../../domain/repair/repair-ledger.ts';
import { coordinatorId, ledgerId } from '../../domain/run/workflow-ids.ts';
import type { Tracing } from '../tracing/tracing.ts';
import { connect, whyUnusable } from './namespace.ts';
import { runWatch, type RunWatch } from './run-watch.ts';
import type { TemporalAddress } from './temporal-address.ts';

/**
 * Client calls hang for 20 s while the server is down; GitHub waits 10 s for an answer. At 3 s a burst of 500 deliveries lost a
 * sixth of them to 503, which GitHub does not send again by itself (docs/benchmarks.md). And after 9 s Probot's middleware answers
 * 202 for us, whatever comes: an event that was not taken would pass for one that was, and nobody would send it again.
 */
export const HAND_OVER_DEADLINE_MS = 7000;

export interface PipelineClient {
  deliver(intent: RefIntent): Promise<void>;
  startCommand(id: string, request: CommandRequest): Promise<void>;
  startWelcome(id: string, request: WelcomeRequest): Promise<void>;
  /** False where there is no such run any more. */
  stageCompleted(runWorkflowId: string, news: StageNews): Promise<boolean>;
  /** By the ref's coordinator, which knows who follows it; false where nobody does. */
  forkCheckMoved(repositoryId: number, ref: GitRef, news: ForkNews): Promise<boolean>;
  /** False where there is no such run any more, or it has ended. */
  cancelRun(runWorkflowId: string, by: string): Promise<boolean>;
  /** Lets a run look at its stages now; false where there is none under way. */
  look(runWorkflowId: string): Promise<boolean>;
  /** Null where the run has not ended or cannot be read any more. */
  resultOf(workflowId: string): Promise<unknown>;
  isKnown(workflowId: string): Promise<boolean>;
  /** Null where there is no such run yet. */
  documentOf(workflowId: string): Promise<RunDocument | null>;
  /** Results of ended runs that built this image, the newest first; nothing where runs carry no search attributes. */
  resultsByDigest(digest: Digest): Promise<unknown[]>;
  readonly runs: RunWatch;
  /** Asks an installation's ledger whether a run may ask the model; the same run is answered as before. */
  reserveRepair(installation: string, reservation: Reservation): Promise<Reserved>;
  settleRepair(installation: string, settled: { readonly run: string; readonly tokens: number }): Promise<void>;
  /** Null where the namespace can be used; else why not, found out within two seconds. */
  whyUnavailable(): Promise<string | null>;
  close(): Promise<void>;
}

/** @throws TemporalUnusable */
export async function connectTemporal(
  address: TemporalAddress,
  tracing?: Pick<Tracing, 'clientInterceptors'>,
): Promise<PipelineClient> {
  const connection = await connect(address);
  const interceptors = { workflow: [...(tracing?.clientInterceptors ?? [])] };
  return pipelineClient(new Client({ connection, namespace: address.namespace, interceptors }), {
    whyUnavailable: async () => (await whyUnusable(connection, address, PROBE_MS))?.says ?? null,
    close: () => connection.close(),
  });
}

const PROBE_MS = 2000;

/** One image is built by one run and its re-runs. */
const MAX_RUNS_OF_AN_IMAGE = 5;

function pipelineClient(client: Client, ends: Pick<PipelineClient, 'whyUnavailable' | 'close'>): PipelineClient {
  const soon = <T>(work: () => Promise<T>): Promise<T> =>
    inTime(client.withDeadline(Date.now() + HAND_OVER_DEADLINE_MS, work));
  const startOnce = async (workflow: string, workflowId: string, request: object): Promise<void> => {
    const workflowIdReusePolicy = WorkflowIdReusePolicy.REJECT_DUPLICATE;
    const start = { workflowId, taskQueue: TASK_QUEUE, args: [request], workflowIdReusePolicy };
    await soon(() => client.workflow.start(workflow, start)).catch(ignoreAlreadyStarted);
  };
  return {
    ...ends,
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

    startCommand: (workflowId, request) => startOnce(WORKFLOWS.command, workflowId, request),
    startWelcome: (workflowId, request) => startOnce(WORKFLOWS.welcome, workflowId, request),

    stageCompleted: (runWorkflowId, news) =>
      soon(() => isTaken(client.workflow.getHandle(runWorkflowId).signal(SIGNALS.stageCompleted, news))),

    forkCheckMoved: (repositoryId, ref, news) =>
      soon(() => isTaken(client.workflow.getHandle(coordinatorId(repositoryId, ref)).signal(SIGNALS.forkNews, news))),

    cancelRun: (runWorkflowId, by) =>
      soon(() => isTaken(client.workflow.getHandle(runWorkflowId).signal(SIGNALS.cancel, { by }))),

    look: (runWorkflowId) => soon(() => isTaken(client.workflow.getHandle(runWorkflowId).signal(SIGNALS.look))),

    ...runReader(client, soon),
    ...ledgerOf(client),
    runs: runWatch(client),
  };
}

type Ledgers = Pick<PipelineClient, 'reserveRepair' | 'settleRepair'>;

function ledgerOf(client: Client): Ledgers {
  return {
    reserveRepair(installation, reservation) {
      const startWorkflowOperation = new WithStartWorkflowOperation(WORKFLOWS.repairLedger, {
        workflowId: ledgerId(installation),
        taskQueue: TASK_QUEUE,
        args: [],
        workflowIdConflictPolicy: 'USE_EXISTING',
      });
      return client.workflow.executeUpdateWithStart<Workflow, Reserved, [Reservation]>(UPDATES.reserve, {
        args: [reservation],
        startWorkflowOperation,
      });
    },

    async settleRepair(installation, settled) {
      await isTaken(client.workflow.getHandle(ledgerId(installation)).signal(SIGNALS.settle, settled));
    },
  };
}

async function isTaken(signal: Promise<void>): Promise<boolean> {
  try {
    await signal;
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

/** The deadline of a call is kept by gRPC as well as it can, which was seen to be a second late. */
function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    const error = new Error(`Temporal did not answer within ${HAND_OVER_DEADLINE_MS} ms`);
    timer = setTimeout(() => reject(error), HAND_OVER_DEADLINE_MS);
  });
  return Promise.race([work, tooLate]).finally(() => clearTimeout(timer));
}

type Soon = <T>(work: () => Promise<T>) => Promise<T>;
type RunReader = Pick<PipelineClient, 'resultOf' | 'resultsByDigest' | 'isKnown' | 'documentOf'>;

/** What Temporal still knows of runs. */
function runReader(client: Client, soon: Soon): RunReader {
  return {
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

    async resultsByDigest(digest) {
      const query = `${SEARCH_ATTRIBUTES.digest} = '${digest}' AND ExecutionStatus = 'Completed'`;
      const results: unknown[] = [];
      for await (const { workflowId } of client.workflow.list({ query, pageSize: MAX_RUNS_OF_AN_IMAGE })) {
        results.push(await soon(() => client.workflow.getHandle(workflowId).result()));
        if (results.length >= MAX_RUNS_OF_AN_IMAGE) break;
      }
      return results;
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
