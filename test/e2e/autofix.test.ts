/** AUTO_FIX, with the real linters that come with this project: fixers, a scripted model, the embedded MCP server, the proof. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CheckRunRecord, RepositoryRecord } from '../../sandbox/github/world.ts';
import { scripted } from './scripted-executors.ts';
import { StageSet } from './stage-set.ts';

let set: StageSet;

beforeAll(async () => {
  set = await StageSet.open({
    kind: true,
    executors: (real, parts) => ({ ...scripted({}, parts), lint: real.lint }),
    scripts: 'real',
  });
});
afterAll(() => set.close());

/** One error that eslint repairs itself, one that a model can, one that needs a decision. */
const MIXED = [
  "import { createServer } from 'node:http';",
  '',
  'var port = 8080;',
  'const server = createServer((request, response) => {',
  "  if (request.url == '/health') return response.end('ok');",
  "  response.end('hello');",
  '});',
  '',
  'server.listen(port);',
  '',
].join('\n');

interface Pushed {
  readonly sha: string;
  readonly workflowId: string;
  readonly check: CheckRunRecord;
}

async function pushed(repository: RepositoryRecord, files: Record<string, string | Buffer>): Promise<Pushed> {
  const sha = await set.sandbox.push(repository, 'main', new Map(Object.entries(files)));
  const workflowId = set.idOf(repository, 'refs/heads/main', sha);
  return { sha, workflowId, check: await set.check(repository, workflowId, 90_000) };
}

const branches = async ({ git }: RepositoryRecord): Promise<string[]> =>
  [...(await git.refs()).keys()].filter((ref) => ref.startsWith('refs/heads/slsa/'));

describe('a push with lint errors', () => {
  it('gets a draft pull request in which they are gone, proven by the same linters', async () => {
    const repository = await set.repository('mixed');
    const { sha, check, workflowId } = await pushed(repository, { 'src/server.js': MIXED });
    const [pull] = repository.pulls;
    expect(pull).toMatchObject({ state: 'open', draft: true, baseRef: 'main' });
    expect(pull?.headRef).toBe(`slsa/autofix/main-${sha.slice(0, 7)}`);
    const text = (await repository.git.file(`refs/heads/${pull?.headRef}`, 'src/server.js'))?.toString();
    expect(text).toBe(MIXED.replace('var port', 'const port').replace('==', '==='));
    expect(await branches(repository)).toEqual([`refs/heads/${pull?.headRef}`]);
    expect(check).toMatchObject({ conclusion: 'action_required', title: `2 lint errors · merge #${pull?.number}` });
    expect((await set.result(workflowId)).end).toBe('DONE');
  });
});
