/** One question to the model, of what no fixer could do: without tools, of findings and file bytes alone. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Claude, Reply } from '../src/adapters/claude/claude.ts';
import { afterFixers } from '../src/domain/repair/compose-repair.ts';
import type { LeftWithReason } from '../src/domain/repair/fix-proposal.ts';
import {
  answerTokensFor,
  batchesOf,
  INSTRUCTIONS,
  questionAbout,
  tokensFor,
  type AskedFile,
} from '../src/domain/repair/model-question.ts';
import { readReply } from '../src/domain/repair/model-reply.ts';
import type { LedgerLimits, Reservation, Reserved } from '../src/domain/repair/repair-ledger.ts';
import type { ModelUse } from '../src/domain/repair/repair-outcome.ts';
import type { RepairSource } from '../src/domain/repair/repair-source.ts';
import { ModelAnswer, type ModelEdit } from '../src/domain/repair/structured-edit.ts';
import { plainLine } from '../src/domain/report/plain-text.ts';
import { answer, type Answer } from './failures.ts';
import { orNoRepair } from './find-repairs.ts';
import type { RepairMaterial } from './repair-material.ts';

/** What the linters said of a file's edits in the round before. */
export type Feedback = Readonly<Record<string, readonly string[]>>;

export interface PlanQuestionsInput {
  readonly source: RepairSource;
  readonly paths: readonly string[];
}

export type Questions =
  | {
      readonly kind: 'planned';
      readonly batches: readonly (readonly string[])[];
      /** At most, with both rounds: what is reserved. */
      readonly tokens: number;
      readonly notes: readonly string[];
    }
  | { readonly kind: 'none'; readonly why: string };

export interface AskInput extends PlanQuestionsInput {
  readonly feedback: Feedback;
}

export type Asked =
  | {
      readonly kind: 'asked';
      readonly edits: readonly ModelEdit[];
      readonly left: readonly LeftWithReason[];
      readonly use: ModelUse;
      /** Why there are no edits, where there are none. */
      readonly why: string | null;
    }
  | { readonly kind: 'none'; readonly why: string };

export interface LedgerInput extends Omit<Reservation, 'limits'> {
  readonly installation: string;
}

/** The way to an installation's ledger. */
export interface Ledgers {
  reserveRepair(installation: string, reservation: Reservation): Promise<Reserved>;
  settleRepair(installation: string, settled: { readonly run: string; readonly tokens: number }): Promise<void>;
}

export interface ModelParts {
  /** Null where no key is set. */
  readonly claude: Claude | null;
  readonly limits: LedgerLimits;
}

export interface AskModelActivities {
  planQuestions(input: PlanQuestionsInput): Promise<Answer<Questions>>;
  analyzeLintFailuresWithClaude(input: AskInput): Promise<Answer<Asked>>;
  reserveRepair(input: LedgerInput): Promise<Reserved>;
  settleRepair(input: LedgerInput): Promise<void>;
}

export function createAskModelActivities(
  material: RepairMaterial,
  { claude, limits }: ModelParts,
  ledgers: Ledgers,
): AskModelActivities {
  return {
    planQuestions: ({ source, paths }) =>
      answer(() =>
        orNoRepair(async () => {
          if (claude === null) return { kind: 'none', why: 'no model is set (ANTHROPIC_API_KEY)' };
          return planned(await askedFiles(material, { source, paths, feedback: {} }));
        }),
      ),

    analyzeLintFailuresWithClaude: (input) =>
      answer(() =>
        orNoRepair(async () => {
          if (claude === null) return { kind: 'none', why: 'no model is set (ANTHROPIC_API_KEY)' };
          return ask(claude, await askedFiles(material, input));
        }),
      ),

    reserveRepair: ({ installation, run, tokens }) => ledgers.reserveRepair(installation, { run, tokens, limits }),
    settleRepair: ({ installation, run, tokens }) => ledgers.settleRepair(installation, { run, tokens }),
  };
}

/** A run asks no more than this, however much there is to ask. */
const MAX_BATCHES = 4;
/** A malformed answer is asked for once more, and a second round asks again about what failed. */
const TIMES_ASKED = 2;

function planned(files: readonly AskedFile[]): Questions {
  const { batches, tooLong } = batchesOf(files);
  const kept = batches.slice(0, MAX_BATCHES);
  if (kept.length === 0) return { kind: 'none', why: tooLong.length === 0 ? 'nothing is left to ask' : TOO_LONG };
  const tokens = kept.map((paths) => tokensFor(questionAbout(files.filter(({ path }) => paths.includes(path)))));
  const cut =
    batches.length > kept.length ? ['The model was asked about the first files only: its budget for one run.'] : [];
  return {
    kind: 'planned',
    batches: kept,
    tokens: tokens.reduce((sum, each) => sum + each, 0) * TIMES_ASKED,
    notes: [...cut, ...(tooLong.length === 0 ? [] : [`${tooLong.length} files: ${TOO_LONG}.`])],
  };
}

const TOO_LONG = 'what is around their findings is too long to ask about';

/** What the fixers left of these files, and what is still found there. */
async function askedFiles(material: RepairMaterial, { source, paths, feedback }: AskInput): Promise<AskedFile[]> {
  const materials = await material.filesOf(source, paths);
  return materials.flatMap((each): AskedFile[] => {
    if (each.kind === 'unreadable') return [];
    const failed = feedback[each.file.path];
    return [{ ...afterFixers(each.material), ...(failed === undefined ? {} : { failed }) }];
  });
}

const SCHEMA: Readonly<Record<string, unknown>> = z.toJSONSchema(ModelAnswer, { target: 'draft-7' });

async function ask(claude: Claude, files: readonly AskedFile[]): Promise<Asked> {
  const text = questionAbout(files);
  const replies: Reply[] = [];
  let malformed = '';
  for (let tries = 0; tries < TIMES_ASKED; tries += 1) {
    const question = { instructions: INSTRUCTIONS, text, maxTokens: answerTokensFor(text), schema: SCHEMA };
    const reply = await claude.ask(question);
    replies.push(reply);
    const read = readReply(reply);
    const use = useOf(replies, text);
    if (read.kind === 'none') return { kind: 'asked', edits: [], left: [], use, why: read.why };
    if (read.kind === 'answer') return { kind: 'asked', ...believed(read.answer, files), use, why: null };
    malformed = read.why;
  }
  return { kind: 'asked', edits: [], left: [], use: useOf(replies, text), why: malformed };
}

const digestOf = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

const useOf = (replies: readonly Reply[], question: string): ModelUse => ({
  model: plainLine(replies.at(-1)?.model ?? '', 80),
  calls: replies.length,
  inputTokens: replies.reduce((sum, { inputTokens }) => sum + inputTokens, 0),
  outputTokens: replies.reduce((sum, { outputTokens }) => sum + outputTokens, 0),
  promptDigests: [digestOf(question)],
  answerDigests: replies.map(({ text }) => digestOf(text)),
});

/** Edits of files that were not shown, and of findings that do not exist, are none. */
function believed(
  given: ModelAnswer,
  files: readonly AskedFile[],
): Pick<Extract<Asked, { kind: 'asked' }>, 'edits' | 'left'> {
  const findingOf = (path: string, number: number): AskedFile['findings'][number] | undefined =>
    files.find((file) => file.path === path)?.findings[number - 1];
  return {
    edits: given.edits.flatMap((edit) => {
      const repairs = edit.repairs.filter((number) => findingOf(edit.path, number) !== undefined);
      return repairs.length === 0 ? [] : [{ ...edit, repairs, reason: plainLine(edit.reason, 200) }];
    }),
    left: given.left.slice(0, MAX_LEFT).flatMap(({ path, finding, reason }) => {
      const found = findingOf(path, finding);
      return found === undefined ? [] : [{ linter: found.linter, rule: found.rule, reason: plainLine(reason, 160) }];
    }),
  };
}

const MAX_LEFT = 30;
