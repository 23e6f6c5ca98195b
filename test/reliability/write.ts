/** `npm run reliability`: runs every test, and writes docs/reliability.md from their names and results. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { z } from 'zod';
import { ROWS, rowsIn, type Row } from './rows.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** `jest --json`, as far as it is used. Source: jest docs, "--json". */
const Results = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
});

interface Told {
  readonly file: string;
  readonly rows: readonly string[];
  readonly status: string;
}

function runTests(projects: readonly string[], more: readonly string[]): Told[] {
  const folder = mkdtempSync(join(tmpdir(), 'slsa-reliability-'));
  const output = join(folder, 'results.json');
  try {
    const jest = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js', '--selectProjects', ...projects];
    spawnSync(process.execPath, [...jest, ...more, '--json', `--outputFile=${output}`], {
      cwd: ROOT,
      stdio: 'inherit',
    });
    return told(readFileSync(output, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const told = (json: string): Told[] =>
  Results.parse(JSON.parse(json)).testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ fullName, status }) => ({ file: relative(ROOT, name), rows: rowsIn(fullName), status })),
  );

function line({ id, promise }: Row, tests: readonly Told[]): string {
  const own = tests.filter(({ rows }) => rows.includes(id));
  const files = [...new Set(own.map(({ file }) => `\`${file}\``))].toSorted();
  return `| ${id} | ${promise} | ${files.join('<br>')} | ${resultOf(own)} |`;
}

function resultOf(tests: readonly Told[]): string {
  const count = (status: string): number => tests.filter((each) => each.status === status).length;
  const others = tests.length - count('passed') - count('failed');
  if (tests.length === 0) return '**no test**';
  const failed = count('failed') === 0 ? '' : `, **${count('failed')} failed**`;
  return `${count('passed')} passed${failed}${others === 0 ? '' : `, ${others} not run`}`;
}

function page(tests: readonly Told[]): string {
  const proved = ROWS.filter(({ id }) => tests.some(({ rows, status }) => rows.includes(id) && status === 'passed'));
  return [
    '# Reliability',
    '',
    `What is promised about faults (F) and threats (T), and which tests prove it: ${proved.length} of ${ROWS.length} rows, by ${tests.filter(({ rows }) => rows.length > 0).length} tests.`,
    '',
    'This page is written by `npm run reliability`, from the names of the tests and how they ended.',
    '',
    '| row | what is promised | proved by | result |',
    '| --- | --- | --- | --- |',
    ...ROWS.map((row) => line(row, tests)),
    '',
  ].join('\n');
}

const tests = [
  ...runTests(['unit', 'nock', 'stages', 'golden', 'e2e', 'release'], ['--maxWorkers=2']),
  ...runTests(['faults'], ['--runInBand']),
];
writeFileSync(join(ROOT, 'docs/reliability.md'), await format(page(tests), { parser: 'markdown', printWidth: 150 }));
