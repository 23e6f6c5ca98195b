/** Makes a run findable: by repository, ref, commit, preset, image digest and outcome. */
import { defineSearchAttributeKey } from '@temporalio/common';
import { upsertSearchAttributes } from '@temporalio/workflow';
import { SEARCH_ATTRIBUTES, searchable, type SearchAttribute } from '../src/domain/run/search.ts';
import type { Run } from './run.ts';

const KEYS = Object.entries(SEARCH_ATTRIBUTES).map(
  ([attribute, name]) => [attribute as SearchAttribute, defineSearchAttributeKey(name, 'KEYWORD')] as const,
);

/** A server that does not know the attributes would fail the whole run: then the memo has to do. */
export function index(run: Run): void {
  if (!run.isSearchable) return;
  const values = searchable(run.document());
  upsertSearchAttributes(KEYS.flatMap(([attribute, key]) => ({ key, value: values[attribute] ?? null })));
}
