/** The schedule that keeps an installation in order: made at a worker's start, and run once at once. */
import {
  Client,
  Connection,
  ScheduleAlreadyRunning,
  ScheduleOverlapPolicy,
  type ScheduleOptions,
} from '@temporalio/client';
import { MAINTENANCE, MAINTENANCE_PACE, type MaintenancePace } from '../../domain/maintenance/maintenance.ts';
import { TASK_QUEUE, WORKFLOWS } from '../../domain/run/messages.ts';
import { connectionOptions, type TemporalAddress } from './temporal-address.ts';

/** Several workers may do this at once: there is one schedule, and one round at a time. @throws Error where the server refuses */
export async function scheduleMaintenance(
  address: TemporalAddress,
  pace: MaintenancePace = MAINTENANCE_PACE,
): Promise<void> {
  const connection = await Connection.connect(connectionOptions(address));
  try {
    const client = new Client({ connection, namespace: address.namespace });
    const options = scheduleOptions(pace);
    const handle = client.schedule.getHandle(MAINTENANCE.scheduleId);
    try {
      await client.schedule.create(options);
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
      await handle.update((known) => ({ ...known, ...options }));
    }
    await handle.trigger(ScheduleOverlapPolicy.SKIP);
  } finally {
    await connection.close();
  }
}

const scheduleOptions = (pace: MaintenancePace): ScheduleOptions & { action: { args: [MaintenancePace] } } => ({
  scheduleId: MAINTENANCE.scheduleId,
  spec: { intervals: [{ every: MAINTENANCE.everyMs }] },
  action: {
    type: 'startWorkflow',
    workflowType: WORKFLOWS.maintenance,
    workflowId: MAINTENANCE.workflowId,
    taskQueue: TASK_QUEUE,
    args: [pace],
  },
  // A round that is still going on is the round that was wanted; those that were missed are made up for by the next.
  policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: MAINTENANCE.everyMs },
});
