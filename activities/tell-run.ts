/** What a run tells whoever asks: as a reply, or below the summary of its check. Made to text here, since a run's document is large. */
import { setTimeout as delay } from 'node:timers/promises';
import type { GitHub } from '../src/adapters/github/github.ts';
import type { ExplainTopic } from '../src/domain/command/command-grammar.ts';
import { cutOnLine, MAX_SUMMARY_BYTES } from '../src/domain/report/check-report.ts';
import { explain, statusLines } from '../src/domain/report/explain.ts';
import type { Repository } from '../src/domain/repository.ts';
import type { RunDocument } from '../src/domain/run/run-document.ts';
import { answer, type Answer } from './failures.ts';

export interface ExplainInput {
  /** Of the run. */
  readonly workflowId: string;
  readonly about: ExplainTopic | { readonly kind: 'status' };
}

export interface NoteInput {
  readonly repository: Repository;
  readonly checkRunId: number;
  readonly workflowId: string;
  readonly note: { readonly kind: 'explain' } | { readonly kind: 'text'; readonly text: string };
}

/** The way to runs, as Temporal knows them. */
export interface Runs {
  documentOf(workflowId: string): Promise<RunDocument | null>;
  /** False where none is under way. */
  look(workflowId: string): Promise<boolean>;
}

export interface TellingActivities {
  /** Finished text; null where the run is not known any more. */
  explainRun(input: ExplainInput): Promise<string | null>;
  /** Writes below the summary of a check of ours; what it says of the run stays. */
  noteOnCheck(input: NoteInput): Promise<Answer<null>>;
}

/** In that time a run has asked GitHub about its stages. */
const LOOK_MS = 2000;

/** Far below GitHub's limit: a reply is read in a conversation. */
const MAX_REPLY_BYTES = 20_000;

export function createTellingActivities(github: GitHub, runs: Runs): TellingActivities {
  return {
    async explainRun({ workflowId, about }) {
      if (about.kind === 'status' && (await runs.look(workflowId))) await delay(LOOK_MS);
      const document = await runs.documentOf(workflowId);
      if (document === null) return null;
      const lines = about.kind === 'status' ? statusLines(document) : explain(document, about);
      return cutOnLine(lines, MAX_REPLY_BYTES);
    },

    noteOnCheck: (input) =>
      answer(async () => {
        const { repository, checkRunId, workflowId, note } = input;
        const text = note.kind === 'text' ? note.text : await explanationOf(runs, workflowId);
        await github.repository(repository).reports.noteBelow(checkRunId, text);
        return null;
      }),
  };
}

/** A run whose check was closed for it has no verdict of its own: its check says what happened. */
async function explanationOf(runs: Runs, workflowId: string): Promise<string> {
  const document = await runs.documentOf(workflowId);
  if (document === null) return 'Temporal keeps nothing of this run any more. Re-run it, and ask again.';
  if (document.verdict === null)
    return 'This run never came to a verdict of its own: what is said above is all that is known.';
  return cutOnLine(explain(document, { kind: 'run' }), MAX_SUMMARY_BYTES);
}
