/** Every regular expression of the product, found in its sources, against texts that are made to hang one. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

interface Found {
  readonly where: string;
  readonly source: string;
  readonly flags: string;
}

const expressionsOf = (path: string): Found[] => {
  const file = ts.createSourceFile(path, readFileSync(`${ROOT}${path}`, 'utf8'), ts.ScriptTarget.Latest, true);
  const found: Found[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const { text } = node;
      const end = text.lastIndexOf('/');
      const line = file.getLineAndCharacterOfPosition(node.getStart()).line + 1;
      found.push({ where: `${path}:${line}`, source: text.slice(1, end), flags: text.slice(end + 1) });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
};

const EXPRESSIONS = ['src', 'workflows', 'activities'].flatMap((folder) =>
  readdirSync(`${ROOT}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .flatMap((name) => expressionsOf(`${folder}/${name}`)),
);

/** Repetitions of what the expression itself speaks of, which is what backtracking feeds on, and of what nobody expects. */
const ATTACKS = `
  const size = 100_000;
  const fill = (piece) => piece.repeat(Math.ceil(size / piece.length)).slice(0, size);
  const pieces = (source) => {
    const literals = source.replace(/\\\\[dwsbB]|\\\\u\\{?[0-9a-f]+\\}?|[()[\\]{}|*+?^$.]/g, ' ').split(/\\s+/).filter((each) => each !== '').slice(0, 6);
    return ['a', '0', ' ', '/', '-', '.', '<', '"', '\\\\', ':', 'ab', '0 ', 'a/', 'a.', ...literals, ...literals.map((each) => each + ' ')];
  };
  const attacks = (source) => pieces(source).flatMap((piece) => [fill(piece), fill(piece) + '\\n', '!' + fill(piece), fill(piece) + '\\u0000']);
`;

/** Milliseconds of the slowest of all texts; null where it had to be ended. */
function slowest({ source, flags }: Found, limitMs: number): Promise<number | null> {
  const code = `${ATTACKS}
    const { parentPort, workerData } = require('node:worker_threads');
    let worst = 0;
    for (const text of attacks(workerData.source)) {
      const expression = new RegExp(workerData.source, workerData.flags);
      const started = performance.now();
      if (workerData.flags.includes('g')) text.replace(expression, '');
      else expression.test(text);
      worst = Math.max(worst, performance.now() - started);
    }
    parentPort.postMessage(worst);`;
  return new Promise((resolve) => {
    const worker = new Worker(code, { eval: true, workerData: { source, flags } });
    const timer = setTimeout(() => settle(null), limitMs);
    const settle = (answer: number | null): void => {
      clearTimeout(timer);
      void worker.terminate();
      resolve(answer);
    };
    worker.once('message', (worst: number) => settle(worst));
    worker.once('error', () => settle(null));
  });
}

/** All texts together, on a machine that has other things to do: what backtracks takes minutes. */
const LIMIT_MS = 20_000;

describe('the regular expressions of the product', () => {
  it('are found where they stand', () => {
    expect(EXPRESSIONS.length).toBeGreaterThan(80);
    expect(EXPRESSIONS.some(({ where }) => where.startsWith('src/domain/fault/diagnosis.ts'))).toBe(true);
  });

  it('T24: end on any text of a hundred thousand characters', async () => {
    const slow: string[] = [];
    const queue = [...EXPRESSIONS];
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const worst = await slowest(next, LIMIT_MS);
        if (worst === null || worst > 1000)
          slow.push(
            `${next.where} /${next.source}/${next.flags}: ${worst === null ? 'did not end' : `${Math.round(worst)} ms`}`,
          );
      }
    };
    await Promise.all([work(), work()]);
    expect(slow).toEqual([]);
  }, 300_000);

  it('T24: are judged by a test that tells one that hangs', async () => {
    expect(await slowest({ where: 'here', source: '^(a+)+$', flags: '' }, 1500)).toBeNull();
  });
});
