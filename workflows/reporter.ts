/** One reporter loop a run: the latest state wins, at growing distances, so that a run costs few requests. */
import { ActivityFailure, condition, log, patched } from '@temporalio/workflow';
import { checkReport } from '../src/domain/report/check-report.ts';
import { statusReport } from '../src/domain/report/status-report.ts';
import { brief, patiently, persistent, whateverComes } from './activity-calls.ts';
import { PATCHES } from './patches.ts';
import type { Run } from './run.ts';

/** With the first and the last one, at most eight updates after the check was made (docs/operations.md, "Budget"). */
const MAX_UPDATES_BETWEEN = 7;
const PACE_GROWTH = 1.4;

/** A push ends in a check within half a minute, whatever GitHub does. */
const ANNOUNCE_AFTER = '12 seconds';

export class Reporter {
  private readonly run: Run;
  private checkRunId: number | null;
  private reported = 0;
  private mayExist = false;
  private isOver = false;
  /** A pending status is out, and nothing has replaced it yet. */
  private owesStatus = false;
  /** Writes go out one after the other, so that an earlier one can never land on a later one. */
  private lastWrite: Promise<void> = Promise.resolve();

  constructor(run: Run) {
    this.run = run;
    this.checkRunId = run.request.checkRunId;
  }

  /** Makes the check run, and keeps it up to date until `finish`; outlives the cancellation of what it reports on. */
  follow(): void {
    void whateverComes(() => this.keepUpToDate());
  }

  /** The last word: it is tried for hours, since a check that never ends blocks a merge for ever. */
  async finish(): Promise<void> {
    this.isOver = true;
    if (this.owesStatus && patched(PATCHES.settlePendingStatus)) await this.setStatus();
    await this.write(() => this.send('persistent'));
  }

  /** Where GitHub keeps INIT waiting, people hear at least that the run has begun. */
  announceIfSlow(): void {
    void whateverComes(async () => {
      const isKnown = await condition(() => this.run.version > 0 || this.isOver, ANNOUNCE_AFTER);
      if (!isKnown) await this.write(() => this.send('brief'));
    });
  }

  /** The commit status, pending or final, where the run sets one. */
  async setStatus(): Promise<void> {
    const report = statusReport(this.run.document());
    if (report === null) return;
    this.owesStatus = report.state === 'pending';
    const { repository, sha } = this.run.request;
    await this.write(() => patiently(() => brief.updateCommitStatus({ repository, sha, report })));
  }

  private async keepUpToDate(): Promise<void> {
    await this.setStatus();
    let pause = this.run.request.timing.reportEvery * 1000;
    for (let sent = 0; sent <= MAX_UPDATES_BETWEEN; sent += 1) {
      await condition(() => this.isOver || this.run.version > this.reported);
      if (this.hasFinished()) return;
      await this.write(() => this.send('brief'));
      await condition(() => this.isOver, pause);
      pause *= PACE_GROWTH;
    }
  }

  /** Read through a method, since it changes while `keepUpToDate` waits. */
  private hasFinished(): boolean {
    return this.isOver;
  }

  private async send(how: 'brief' | 'persistent'): Promise<void> {
    this.reported = this.run.version;
    const { repository, sha } = this.run.request;
    const activities = how === 'brief' ? brief : persistent;
    const report = checkReport(this.run.document());
    const { checkRunId } = this;
    const { mayExist } = this;
    const input = { repository, sha, workflowId: this.run.workflowId, checkRunId, mayExist, report };
    this.mayExist = true;
    this.checkRunId = await patiently(() => activities.reportProgress(input));
    this.mayExist = false;
  }

  private write(effect: () => Promise<unknown>): Promise<void> {
    this.lastWrite = this.lastWrite.then(() => whateverComes(() => this.tolerantly(effect)));
    return this.lastWrite;
  }

  /** A report that cannot be written must not change what it reports on. */
  private async tolerantly(effect: () => Promise<unknown>): Promise<void> {
    try {
      await effect();
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      log.warn('A report could not be written', { reason: error.cause?.message ?? error.message });
    }
  }
}
