/** `npm run bench [name]`: figures of one run on this machine, in a table. It writes nothing. */
import { autofix } from './autofix.ts';
import { evidence } from './evidence.ts';
import { intake } from './intake.ts';
import { memory } from './memory.ts';
import { pipelines } from './pipelines.ts';
import { requests } from './requests.ts';
import { start } from './start.ts';
import { TABLE_HEAD, tableRow, type Benchmark } from './rows.ts';

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  start,
  intake,
  pipelines,
  requests,
  memory,
  evidence,
  autofix,
};

const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function run(name: string, benchmark: Benchmark): Promise<void> {
  const started = performance.now();
  const rows = await benchmark();
  print(`\n## ${name} (${Math.round((performance.now() - started) / 1000)} s)\n\n${TABLE_HEAD}`);
  for (const row of rows) print(tableRow(row));
}

const [asked] = process.argv.slice(2);
const chosen = Object.entries(BENCHMARKS).filter(([name]) => asked === undefined || name === asked);
if (chosen.length === 0) {
  process.stderr.write(`There is no benchmark ${asked}. There are: ${Object.keys(BENCHMARKS).join(', ')}\n`);
  process.exitCode = 2;
}
for (const [name, benchmark] of chosen) await run(name, benchmark);
