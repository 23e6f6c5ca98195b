/** A run's talk with the model: reserved first, asked in batches, settled at the end; whatever fails there is a note and no failure. */
import { ActivityFailure, isCancellation } from '@temporalio/workflow';
import { decision } from '../src/domain/run/decision.ts';
import type { LeftWithReason } from '../src/domain/repair/fix-proposal.ts';
import { describeUse, type ModelUse } from '../src/domain/repair/repair-outcome.ts';
import type { RepairSource } from '../src/domain/repair/repair-source.ts';
import type { ModelEdit } from '../src/domain/repair/structured-edit.ts';
import type { Feedback } from '../activities/ask-model.ts';
import { again, aside, asked, brief, patiently, whateverComes } from './activity-calls.ts';
import type { Run } from './run.ts';

export class ModelTalk {
  use: ModelUse | null = null;
  readonly notes: string[] = [];
  readonly left: LeftWithReason[] = [];
  private readonly run: Run;
  private isReserved = false;
  /** A question was sent whose cost nobody has told us: then what was reserved stands. */
  private isOwing = false;

  constructor(run: Run) {
    this.run = run;
  }

  /** Edits for what the fixers left of these files; none, with a note, where the model is not asked or does not answer. */
  async editsFor(source: RepairSource, paths: readonly string[], feedback: Feedback): Promise<ModelEdit[]> {
    const questions = await patiently(() => again.planQuestions({ source, paths }));
    if (questions.kind === 'none') {
      this.note(`The model was not asked: ${questions.why}.`);
      return [];
    }
    for (const note of questions.notes) this.note(note);
    if (!(await this.mayAsk(questions.tokens))) return [];
    const edits: ModelEdit[] = [];
    for (const batch of questions.batches) edits.push(...(await this.askAbout(source, batch, feedback)));
    return edits;
  }

  /** What was used takes the place of what was reserved. */
  async settle(): Promise<void> {
    if (!this.isReserved || this.isOwing) return this.record();
    const tokens = (this.use?.inputTokens ?? 0) + (this.use?.outputTokens ?? 0);
    const input = { installation: this.installation, run: this.run.workflowId, tokens };
    await whateverComes(() => brief.settleRepair(input)).catch(ignoreActivityFailure);
    this.record();
  }

  private record(): void {
    if (this.use === null) return;
    const { promptDigests, answerDigests } = this.use;
    const record = `${describeUse(this.use)} Questions ${promptDigests.map(short).join(', ')}; answers ${answerDigests.map(short).join(', ')}.`;
    this.run.decide(decision('model_asked', record));
  }

  private get installation(): string {
    return String(this.run.request.repository.installationId ?? this.run.request.repository.ownerId);
  }

  private async mayAsk(tokens: number): Promise<boolean> {
    if (this.isReserved) return true;
    try {
      const reserved = await aside.reserveRepair({
        installation: this.installation,
        run: this.run.workflowId,
        tokens,
      });
      if (reserved.kind === 'refused') this.note(`The model was not asked: ${reserved.why}.`);
      this.isReserved = reserved.kind === 'granted';
    } catch (error) {
      this.noteFailure(error, 'The model was not asked, since its budget could not be looked up');
    }
    return this.isReserved;
  }

  private async askAbout(
    source: RepairSource,
    paths: readonly string[],
    feedback: Feedback,
  ): Promise<readonly ModelEdit[]> {
    try {
      this.isOwing = true;
      const answered = await patiently(() => asked.analyzeLintFailuresWithClaude({ source, paths, feedback }));
      this.isOwing = false;
      if (answered.kind === 'none') {
        this.note(`The model was not asked: ${answered.why}.`);
        return [];
      }
      this.use = sumOf(this.use, answered.use);
      this.left.push(...answered.left);
      if (answered.why !== null) this.note(`The model gave no repair: ${answered.why}.`);
      return answered.edits;
    } catch (error) {
      this.noteFailure(error, 'The model gave no repair');
      return [];
    }
  }

  /** A model that cannot be had keeps nobody waiting: the run goes on with what the fixers did. */
  private noteFailure(error: unknown, what: string): void {
    if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
    this.note(`${what}: ${error.cause?.message ?? 'it did not answer'}.`);
  }

  private note(text: string): void {
    if (!this.notes.includes(text)) this.notes.push(text);
  }
}

const short = (digest: string): string => `\`${digest.slice(0, 'sha256:'.length + 12)}\``;

function sumOf(before: ModelUse | null, more: ModelUse): ModelUse {
  if (before === null) return more;
  return {
    model: more.model,
    calls: before.calls + more.calls,
    inputTokens: before.inputTokens + more.inputTokens,
    outputTokens: before.outputTokens + more.outputTokens,
    promptDigests: [...before.promptDigests, ...more.promptDigests],
    answerDigests: [...before.answerDigests, ...more.answerDigests],
  };
}

const ignoreActivityFailure = (error: unknown): void => {
  if (!(error instanceof ActivityFailure)) throw error;
};
