/** docs/reliability.md is what the tests say: every row is proved by a test that names it. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { ROWS, rowsIn } from './reliability/rows.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const NAME =
  /(?:\b(?:it|describe|test)(?:\.each)?\b|\]\s*(?:as const)?\s*\)|\bname:)[^'"`]{0,40}(['"`])((?:(?!\1)[^\\\n]|\\.)*)\1/g;

/** By row: the test files whose tests name it. */
const found = new Map<string, Set<string>>();
for (const entry of readdirSync(`${ROOT}test`, { recursive: true, encoding: 'utf8' })) {
  if (!entry.endsWith('.test.ts') || entry === 'reliability.test.ts') continue;
  for (const [, , name = ''] of readFileSync(`${ROOT}test/${entry}`, 'utf8').matchAll(NAME)) {
    for (const row of rowsIn(name)) found.set(row, (found.get(row) ?? new Set()).add(`test/${entry}`));
  }
}

const page = readFileSync(`${ROOT}docs/reliability.md`, 'utf8');
const cells = new Map(
  page
    .split('\n')
    .filter((line) => /^\| [FT]\d+ /.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, id = '', promise = '', files = '', result = '']) => [id, { promise, files, result }]),
);

describe('docs/reliability.md', () => {
  it.each(ROWS)('tells of $id what is promised, and what proves it', ({ id, promise }) => {
    const cell = cells.get(id);
    expect(cell?.promise).toBe(promise);
    const files = [...(found.get(id) ?? [])].toSorted();
    expect(files).not.toEqual([]);
    for (const file of files) expect(cell?.files).toContain(file);
    expect(cell?.result).not.toMatch(/no test|failed/);
  });

  it('knows every row that a test names', () => {
    expect([...found.keys()].filter((id) => !ROWS.some((row) => row.id === id))).toEqual([]);
  });
});
