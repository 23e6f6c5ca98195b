/** A file's repair: the fixers' version where the guard lets it pass, the model's edits on top where it lets them too. */
import type { LintFinding } from '../lint/lint-result.ts';
import { guard } from './guard.ts';
import { applyEdits, type ModelEdit } from './structured-edit.ts';

export interface FileMaterial {
  readonly path: string;
  /** At the commit. */
  readonly base: string;
  readonly findings: readonly LintFinding[];
  /** As the linters' own fixers left it; null where they changed nothing. */
  readonly fixed: string | null;
  /** What the linters still found once their fixers had run. */
  readonly leftByFixers: readonly LintFinding[];
}

/** What a model is asked about: the text as it is by then, and what is still found in it. */
export interface FixedFile {
  readonly path: string;
  readonly text: string;
  readonly findings: readonly LintFinding[];
  readonly isFixed: boolean;
  /** Why the fixers' version is not used. */
  readonly refused: readonly string[];
}

export function afterFixers({ path, base, findings, fixed, leftByFixers }: FileMaterial): FixedFile {
  const asItWas = { path, text: base, findings, isFixed: false };
  if (fixed === null || fixed === base) return { ...asItWas, refused: [] };
  const refusals = guard({ path, before: base, after: fixed, findings, by: 'fixers' });
  if (refusals.length > 0) return { ...asItWas, refused: refusals.map(({ why }) => `the fixers' version ${why}`) };
  return { path, text: fixed, findings: leftByFixers, isFixed: true, refused: [] };
}

export interface RepairedFile {
  readonly path: string;
  /** Null where nothing of it is changed. */
  readonly text: string | null;
  readonly byFixers: boolean;
  /** Findings that the model's edits claim to repair: their places, from 1, in the list that it was shown. */
  readonly claims: readonly number[];
  readonly refused: readonly string[];
}

export function repairedFile(material: FileMaterial, edits: readonly ModelEdit[]): RepairedFile {
  const fixed = afterFixers(material);
  const { path } = material;
  const own = edits.filter((edit) => edit.path === path);
  const applied = applyEdits(new Map([[path, fixed.text]]), own);
  const unfit = applied.refused.map(({ why }) => `an edit of the model was not applied: ${why}`);
  const after = applied.files.get(path);
  const refusals =
    after === undefined ? [] : guard({ path, before: fixed.text, after, findings: fixed.findings, by: 'model' });
  const refused = [...fixed.refused, ...unfit, ...refusals.map(({ why }) => `the model's version ${why}`)];
  if (after === undefined || refusals.length > 0)
    return { path, text: fixed.isFixed ? fixed.text : null, byFixers: fixed.isFixed, claims: [], refused };
  const left = new Set(applied.refused.map(({ edit }) => edit));
  const claims = own.filter((edit) => !left.has(edit)).flatMap(({ repairs }) => repairs);
  return {
    path,
    text: after === material.base ? null : after,
    byFixers: fixed.isFixed,
    claims: [...new Set(claims)],
    refused,
  };
}
