/** A model's reply → edits, or why there are none. `stop_reason` comes first: text that was cut off is not read at all (fault F33). */
import { parseJson } from '../stage/stage-report.ts';
import { ModelAnswer } from './structured-edit.ts';

export interface ModelReply {
  readonly stopReason: string | null;
  readonly text: string;
}

export type ReadReply =
  | { readonly kind: 'answer'; readonly answer: ModelAnswer }
  /** Worth asking again, once. */
  | { readonly kind: 'malformed'; readonly why: string }
  | { readonly kind: 'none'; readonly why: string };

/** What travels on as one activity's result. */
const MAX_ANSWER_CHARACTERS = 32_000;

const ENDS: Readonly<Record<string, string>> = {
  refusal: 'the model refused to answer',
  max_tokens: "the model's answer was cut off at its limit",
  model_context_window_exceeded: 'the question was too long for the model',
  pause_turn: 'the model did not come to an end',
  tool_use: 'the model asked for a tool, of which it has none',
};

export function readReply({ stopReason, text }: ModelReply): ReadReply {
  const why = ENDS[stopReason ?? ''];
  if (why !== undefined) return { kind: 'none', why };
  if (stopReason !== 'end_turn' && stopReason !== 'stop_sequence')
    return { kind: 'none', why: 'the model ended in a way that is not known' };
  if (text.length > MAX_ANSWER_CHARACTERS) return { kind: 'none', why: "the model's answer is too long" };
  const json = parseJson(text);
  if (!json.ok) return { kind: 'malformed', why: "the model's answer is no JSON" };
  const answer = ModelAnswer.safeParse(json.value);
  if (!answer.success)
    return { kind: 'malformed', why: "the model's answer does not have the form that was asked for" };
  return { kind: 'answer', answer: answer.data };
}
