/** The worker: workflows from their bundle, activities as given, and a heartbeat for every one of them. */
import { Context } from '@temporalio/activity';
import {
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type ActivityInboundCallsInterceptor,
  type WorkerOptions as TemporalWorkerOptions,
} from '@temporalio/worker';
import type { Logger } from 'pino';
import { TASK_QUEUE } from '../../domain/run/messages.ts';
import type { Tracing } from '../tracing/tracing.ts';
import { connectionOptions, type TemporalAddress } from './temporal-address.ts';
import { repositoryInLog, writeToLog } from './worker-log.ts';

export interface WorkerOptions extends TemporalAddress {
  readonly bundle: string;
  readonly activities: object;
  readonly deployment?: WorkerDeployment;
  /** Its workflows must then be bundled with `WORKFLOW_TRACING`. */
  readonly tracing?: Pick<Tracing, 'activityInterceptors' | 'sinks'>;
  /** Tests make it small, so that every task replays. */
  readonly maxCachedWorkflows?: number;
}

/**
 * Which version of which deployment this worker is, where Temporal is to tell them apart. Runs go on with the newest version
 * (`AUTO_UPGRADE`), as without it: a run that is pinned to a version is stranded when its last worker goes.
 */
export interface WorkerDeployment {
  readonly deploymentName: string;
  readonly buildId: string;
}

export interface RunningWorker {
  /** Settles when the worker has ended, by `shutdown` or by a fault. */
  readonly ended: Promise<void>;
  shutdown(): Promise<void>;
}

/** Long enough for any single call to GitHub; then activities are told, and the next worker takes them over. */
const SHUTDOWN_GRACE = '25 seconds';
const SHUTDOWN_FORCE = '30 seconds';

/**
 * 300 open runs with their coordinators, and some more. A cached workflow is cheap since it shares its modules with the others
 * (`workflow-bundle.ts`): with those 600 a worker's memory peaked at most a tenth above that with a cap of 80. One that was
 * put out costs a replay of a few hundred events at its next news or query: with 80, queries to 300 runs took ten times as
 * long. Figures: docs/benchmarks.md.
 */
const MAX_CACHED_WORKFLOWS = 700;

const versioned = (version: WorkerDeployment): Pick<TemporalWorkerOptions, 'workerDeploymentOptions'> => ({
  workerDeploymentOptions: { useWorkerVersioning: true, version, defaultVersioningBehavior: 'AUTO_UPGRADE' },
});

/** So long a task waits for the worker that has its run in memory: one that was killed never takes it (Temporal's own: 10 s). */
const STICKY_TIMEOUT = '3 seconds';

/** Once a process, before the first worker: Temporal logs to our log, and leaves signals to us. */
export function installRuntime(log: Logger): void {
  Runtime.install({
    logger: new DefaultLogger('WARN', (entry) => writeToLog(log, entry)),
    // Its native part would write to the console by itself, in a form of its own.
    telemetryOptions: { logging: { forward: {}, filter: { core: 'WARN', other: 'ERROR' } } },
    shutdownSignals: [],
  });
}

export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { namespace, tracing } = options;
  const connection = await NativeConnection.connect(connectionOptions(options));
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue: TASK_QUEUE,
    workflowBundle: { code: options.bundle },
    activities: options.activities,
    stickyQueueScheduleToStartTimeout: STICKY_TIMEOUT,
    shutdownGraceTime: SHUTDOWN_GRACE,
    shutdownForceTime: SHUTDOWN_FORCE,
    interceptors: {
      activity: [
        () => ({ inbound: new Heartbeat() }),
        repositoryInLog,
        ...(tracing === undefined ? [] : [tracing.activityInterceptors]),
      ],
    },
    ...(tracing === undefined ? {} : { sinks: tracing.sinks }),
    maxCachedWorkflows: options.maxCachedWorkflows ?? MAX_CACHED_WORKFLOWS,
    ...(options.deployment === undefined ? {} : versioned(options.deployment)),
  });
  const ended = worker.run().finally(() => connection.close());
  // The promise is also awaited by the caller; a fault before that must not end the process unheard.
  ended.catch(() => undefined);
  return {
    ended,
    async shutdown() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await ended;
    },
  };
}

/** Activities await HTTP: they live as long as this beats, so that a killed worker is noticed within seconds. */
const HEARTBEAT_EVERY_MS = 1000;

class Heartbeat implements ActivityInboundCallsInterceptor {
  async execute(
    input: Parameters<NonNullable<ActivityInboundCallsInterceptor['execute']>>[0],
    next: Parameters<NonNullable<ActivityInboundCallsInterceptor['execute']>>[1],
  ): Promise<unknown> {
    const context = Context.current();
    const timer = setInterval(() => context.heartbeat(), HEARTBEAT_EVERY_MS);
    try {
      return await next(input);
    } finally {
      clearInterval(timer);
    }
  }
}
