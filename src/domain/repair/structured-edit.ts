/** What a model may answer: replacements of text that must be there, exactly once. Nothing of it is trusted until applied. */
import { z } from 'zod';

/** More than any repair of a finding needs. */
const MAX_EDITS = 200;
const MAX_EDIT_TEXT = 20_000;

export const ModelEdit = z.strictObject({
  path: z.string().min(1).max(400),
  /** Must occur exactly once in the file as it is then. */
  oldText: z.string().min(1).max(MAX_EDIT_TEXT),
  newText: z.string().max(MAX_EDIT_TEXT),
  reason: z.string().max(500),
  /** Findings that it repairs, by their numbers within the file: what it claims is held against the linters. */
  repairs: z.array(z.number().int().positive()).min(1).max(50),
});
export type ModelEdit = z.infer<typeof ModelEdit>;

/** A finding that is better left to a person, and why. */
const LeftFinding = z.strictObject({
  path: z.string().min(1).max(400),
  finding: z.number().int().positive(),
  reason: z.string().max(300),
});

export const ModelAnswer = z.strictObject({
  edits: z.array(ModelEdit).max(MAX_EDITS),
  left: z.array(LeftFinding).max(MAX_EDITS),
});
export type ModelAnswer = z.infer<typeof ModelAnswer>;

export interface RefusedEdit {
  readonly edit: ModelEdit;
  readonly why: string;
}

export interface AppliedEdits {
  /** By path: only files that some edit has changed. */
  readonly files: ReadonlyMap<string, string>;
  readonly refused: readonly RefusedEdit[];
}

/** Edits of one file build on each other; one that does not fit is refused by itself, and the others still count. */
export function applyEdits(files: ReadonlyMap<string, string>, edits: readonly ModelEdit[]): AppliedEdits {
  const changed = new Map<string, string>();
  const refused: RefusedEdit[] = [];
  for (const edit of edits) {
    const text = changed.get(edit.path) ?? files.get(edit.path);
    const why = text === undefined ? 'it names a file that was not shown' : whyNotOnce(text, edit);
    if (text === undefined || why !== null) refused.push({ edit, why: why ?? '' });
    // A function, since `$&` in a replacement string would mean something.
    else
      changed.set(
        edit.path,
        text.replace(edit.oldText, () => edit.newText),
      );
  }
  const different = [...changed].filter(([path, text]) => files.get(path) !== text);
  return { files: new Map(different), refused };
}

function whyNotOnce(text: string, { oldText, newText }: ModelEdit): string | null {
  if (oldText === newText) return 'it changes nothing';
  const first = text.indexOf(oldText);
  if (first < 0) return 'the text that it replaces is not in the file';
  // From the next character on: occurrences may overlap.
  return !text.includes(oldText, first + 1) ? null : 'the text that it replaces is in the file more than once';
}
