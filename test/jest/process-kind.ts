/**
 * Fails where a file that loads nock and one that does not share a process. nock replaces `http.request`, `fetch` and the
 * methods of every socket of its process, and what it leaves behind breaks other files (`ECONNRESET`, a response that is
 * null), depending on the order of files. Jest gives each test file its own globals, but core modules are shared, so the
 * mark is kept on one of them.
 */
import http from 'node:http';

const MARK = Symbol.for('slsa-pipeline.process-kind');

export function requireProcessOf(kind: 'nock' | 'plain'): void {
  const marked = http as unknown as Record<symbol, string | undefined>;
  const before = (marked[MARK] ??= kind);
  if (before !== kind) {
    throw new Error(
      `This process ran test files of kind "${before}", and now one of kind "${kind}". Only files named *.nock.test.ts may import nock, and they need the runner that jest.config.js gives them.`,
    );
  }
}
