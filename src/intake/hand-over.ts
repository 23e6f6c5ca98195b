/** Intent → Temporal: it is there before GitHub gets its answer, or GitHub is told to keep it. */
import type { PipelineClient } from '../adapters/temporal/temporal-client.ts';
import type { Intent } from './intent.ts';

/**
 * The message goes into the HTTP answer, so it says nothing of ours; `status` becomes the answer's (octokit/webhooks
 * `middleware/create-middleware`).
 */
export class NotTaken extends Error {
  readonly status = 503;

  constructor(cause: unknown) {
    super('The event could not be taken: the workflow server did not answer in time. Deliver it again.', { cause });
    this.name = 'NotTaken';
  }
}

/** @throws NotTaken where Temporal did not take it in time. */
export async function handOver(intent: Intent, temporal: PipelineClient): Promise<void> {
  try {
    switch (intent.kind) {
      case 'ref':
        return await temporal.deliver(intent.intent);
      case 'stage_news':
        await temporal.stageCompleted(intent.runWorkflowId, intent.news);
        return;
      case 'fork_news':
        await temporal.forkCheckMoved(intent.repositoryId, intent.ref, intent.news);
        return;
      case 'command':
        return await temporal.startCommand(intent.id, intent.request);
      case 'welcome':
        return await temporal.startWelcome(intent.id, intent.request);
      case 'ignored':
        return;
    }
  } catch (error) {
    throw new NotTaken(error);
  }
}
