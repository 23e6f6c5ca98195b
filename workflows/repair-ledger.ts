/** What repairs cost an installation, kept for a day by Temporal: asked before the model is, so that no burst of pushes can overspend. */
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  defineSignal,
  defineUpdate,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import {
  recent,
  reserve,
  settle,
  type Ledger,
  type Reservation,
  type Reserved,
} from '../src/domain/repair/repair-ledger.ts';
import { SIGNALS, UPDATES } from '../src/domain/run/messages.ts';
import { epochMilliseconds } from './clock.ts';

export async function repairLedger(before: Ledger = []): Promise<void> {
  let ledger = before;
  let changes = 0;
  setHandler(defineUpdate<Reserved, [Reservation]>(UPDATES.reserve), (asked) => {
    const { ledger: after, answer } = reserve(ledger, asked, epochMilliseconds());
    ledger = after;
    changes += 1;
    return answer;
  });
  setHandler(defineSignal<[{ run: string; tokens: number }]>(SIGNALS.settle), (settled) => {
    ledger = settle(ledger, settled);
    changes += 1;
  });
  for (;;) {
    const seen = changes;
    const isActive = await condition(() => changes > seen || workflowInfo().continueAsNewSuggested, '25 hours');
    await condition(allHandlersFinished);
    if (workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof repairLedger>(recent(ledger, epochMilliseconds()));
    if (!isActive) return;
  }
}
