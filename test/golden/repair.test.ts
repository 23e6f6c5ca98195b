/** A push with lint errors becomes a pull request whose commit the same linters have passed. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RepositoryRecord } from '../../sandbox/github/world.ts';
import { scripted } from '../e2e/scripted-stages.ts';
import { dispatched, LINTED, StageSet } from '../e2e/stage-set.ts';

let set: StageSet;

beforeAll(async () => {
  set = await StageSet.open({
    kind: true,
    stageScripts: (services) => scripted({}, services, { runner: ['lint'] }),
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

const branches = async ({ git }: RepositoryRecord): Promise<string[]> =>
  [...(await git.refs()).keys()].filter((ref) => ref.startsWith('refs/heads/slsa/'));

const fixed = async (repository: RepositoryRecord, path: string): Promise<string | undefined> =>
  (await repository.git.file(`refs/heads/${repository.pulls.at(-1)?.headRef}`, path))?.toString();

/** Requests of AUTO_FIX alone: not of its lint runs, not of stages, not reports, not tokens. */
const ofRepair = (repository: RepositoryRecord): string[] =>
  set.sandbox.calls
    .filter(({ path }) => path.startsWith(`/repos/acme/${repository.name}/`))
    // Where a pushed ref stands, its coordinator asks.
    .filter(({ path }) => !/\/commits\/heads(%2F|\/)(main|slsa(%2F|\/)autofix(%2F|\/))/.test(path))
    .map(({ route }) => route.replace('/repos/:owner/:repo', ''))
    .filter((route) => /git\/|pulls|labels|\/commits\/:ref$/.test(route));

describe('a push with lint errors', () => {
  it('gets a draft pull request in which they are gone, proven by the same linters', async () => {
    const repository = await set.repository('mixed');
    const before = set.sandbox.calls.length;
    const { sha, check, result } = await set.pushed(repository, { ...LINTED, 'src/server.js': MIXED });
    const [pull] = repository.pulls;
    expect(pull).toMatchObject({
      state: 'open',
      draft: true,
      baseRef: 'main',
      headRef: `slsa/autofix/main-${sha.slice(0, 7)}`,
      title: `Fix 2 of 2 lint errors on main (${sha.slice(0, 7)})`,
      labels: ['automated-fix', 'needs-review', 'ai-generated'],
    });
    expect(pull?.body).toContain('**2 before, 0 after, 0 new**');
    expect(pull?.body).toContain("| eslint | no-var | 1 | 0 | the linter's own fixer |");
    expect(pull?.body).toContain('| eslint | eqeqeq | 1 | 0 | model |');
    expect(await fixed(repository, 'src/server.js')).toBe(MIXED.replace('var port', 'const port').replace('==', '==='));
    // One commit on the one that was pushed, and no throw-away branch is left.
    expect(await branches(repository)).toEqual([`refs/heads/${pull?.headRef}`]);
    const tip = await repository.git.commitOf(`refs/heads/${pull?.headRef}`);
    expect((await repository.git.commit(tip ?? '')).parents).toEqual([sha]);
    // What is proposed is the very commit that was linted.
    expect(
      dispatched(repository)
        .filter(({ headSha }) => headSha === tip)
        .map(({ file }) => file),
    ).toEqual(['00-megalinter.yml']);
    expect(check).toMatchObject({ conclusion: 'action_required', title: `2 lint errors · merge #${pull?.number}` });
    expect(check.summary).toContain('**Repair**');
    expect(result).toMatchObject({ end: 'DONE', repair: { kind: 'proposed', before: 2, after: 0, files: 1 } });
    expect(result.visited).toContain('VERIFY');
    // Twelve requests and one for the file; the list of pull requests to comment on is none of the repair's.
    expect(set.sandbox.calls.length).toBeGreaterThan(before);
    expect(ofRepair(repository).length).toBeLessThanOrEqual(13);
  });
});
