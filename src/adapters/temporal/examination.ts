/** What the doctor asks Temporal: is it there, is the namespace, does anybody work, and can runs be searched for? */
import proto from '@temporalio/proto';
import { TASK_QUEUE } from '../../domain/run/messages.ts';
import { connect } from './namespace.ts';
import type { TemporalAddress } from './temporal-address.ts';

// CommonJS: its names cannot be imported one by one.
const { TASK_QUEUE_TYPE_WORKFLOW } = proto.temporal.api.enums.v1.TaskQueueType;

export interface TemporalExamination {
  readonly serverVersion: string;
  /** Days that histories are kept after a run. */
  readonly retentionDays: number;
  /** Workers that polled within the last minutes. */
  readonly workers: number;
}

/** @throws TemporalUnusable */
export async function examineTemporal(address: TemporalAddress): Promise<TemporalExamination> {
  const { namespace } = address;
  const connection = await connect(address);
  try {
    const service = connection.workflowService;
    const { serverVersion } = await service.getSystemInfo({});
    const { config } = await service.describeNamespace({ namespace });
    const { pollers } = await service.describeTaskQueue({
      namespace,
      taskQueue: { name: TASK_QUEUE },
      taskQueueType: TASK_QUEUE_TYPE_WORKFLOW,
    });
    const seconds = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0);
    return { serverVersion, retentionDays: Math.round(seconds / 86_400), workers: pollers.length };
  } finally {
    await connection.close();
  }
}
