/** AUTO_FIX, with the real linters that come with this project: fixers, a scripted model, the embedded MCP server, the proof. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RepositoryRecord } from '../../sandbox/github/world.ts';
import { scripted } from './scripted-stages.ts';
import { LINTED, StageSet } from './stage-set.ts';

let set: StageSet;

beforeAll(async () => {
  set = await StageSet.open({
    kind: true,
    stageScripts: (services) => scripted({}, services, { runner: ['lint'] }),
    scripts: 'real',
  });
});
afterAll(() => set.close());

const branches = async ({ git }: RepositoryRecord): Promise<string[]> =>
  [...(await git.refs()).keys()].filter((ref) => ref.startsWith('refs/heads/slsa/'));

const fixed = async (repository: RepositoryRecord, path: string): Promise<string | undefined> =>
  (await repository.git.file(`refs/heads/${repository.pulls.at(-1)?.headRef}`, path))?.toString();

describe('a push with lint errors', () => {
  it('is repaired without a model where the fixers are enough, and says so', async () => {
    const repository = await set.repository('fixers');
    const asked = set.sandbox.claude.requests.length;
    const { check } = await set.pushed(repository, {
      ...LINTED,
      'a.js': 'var a = 1;\nexport { a };\n',
      'b.json': '{"b":1}\n',
    });
    expect(await fixed(repository, 'a.js')).toBe('const a = 1;\nexport { a };\n');
    expect(await fixed(repository, 'b.json')).toBe('{ "b": 1 }\n');
    expect(repository.pulls[0]).toMatchObject({ labels: ['automated-fix', 'needs-review'] });
    expect(repository.pulls[0]?.body).toContain("| prettier |  | 1 | 0 | the linter's own fixer |");
    expect(repository.pulls[0]?.body).toContain('no model was asked');
    expect(set.sandbox.claude.requests.length).toBe(asked);
    expect(check.title).toBe('2 lint errors · merge #1');
  });

  it('leaves what needs a decision, and says why', async () => {
    const repository = await set.repository('partly');
    const code = 'var a = 1;\nexport default { a, a: 2 };\n';
    const { check } = await set.pushed(repository, { ...LINTED, 'a.js': code });
    expect(await fixed(repository, 'a.js')).toBe(code.replace('var', 'const'));
    expect(repository.pulls[0]?.title).toMatch(/^Fix 1 of 2 lint errors/);
    expect(repository.pulls[0]?.body).toContain('left: needs a decision about what the code should do');
    expect(check.conclusion).toBe('action_required');
  });

  it('that nobody can repair gets a sentence instead of a pull request', async () => {
    const repository = await set.repository('hopeless');
    const { check } = await set.pushed(repository, { ...LINTED, 'a.js': 'export default { a: 1, a: 2 };\n' });
    expect(repository.pulls).toEqual([]);
    expect(await branches(repository)).toEqual([]);
    expect(check).toMatchObject({ conclusion: 'failure', title: '1 lint error in 1 linter' });
    expect(check.summary).toContain('No repair was proposed: ');
    expect(check.actions.map(({ identifier }) => identifier)).toEqual(['fix_lint', 'rerun_failed', 'explain']);
  });
});

describe('files of all kinds', () => {
  it('keep their line ends, encoding, mode and last line, or are left alone', async () => {
    const repository = await set.repository('kinds');
    const crlf = 'var a = 1;\r\nexport { a };\r\n';
    const bare = 'var a = 1;\nexport { a };';
    const latin = Buffer.from('var caf\xe9 = 1;\nexport { caf\xe9 };\n', 'latin1');
    const bom = '\ufeffvar a = 1;\nexport { a };\n';
    const long = `var a = 1;\n${'// padding of a long file\n'.repeat(90_000)}export { a };\n`;
    const files = {
      ...LINTED,
      'crlf.js': crlf,
      'bare.js': bare,
      'latin.js': latin,
      'bom.js': bom,
      'long.js': long,
      'run.js': bare,
    };
    const { git } = repository;
    await git.commitFiles('main', new Map(Object.entries(files)), 'Files');
    await git.git('update-ref', 'refs/heads/main', await withModes(repository, ['run.js']));
    const { check } = await set.pushed(repository, { 'one.txt': '1' });
    expect(check.title).toMatch(/merge #1$/);
    expect(await fixed(repository, 'crlf.js')).toBe(crlf.replace('var', 'const'));
    expect(await fixed(repository, 'bare.js')).toBe(bare.replace('var', 'const'));
    expect(await fixed(repository, 'bom.js')).toBe(bom.replace('var', 'const'));
    const proposed = `refs/heads/${repository.pulls[0]?.headRef}`;
    expect(await git.file(proposed, 'latin.js')).toEqual(latin);
    expect((await git.file(proposed, 'long.js'))?.toString()).toBe(long);
    expect(repository.pulls[0]?.body).toContain('latin.js is no text in UTF-8');
    expect(repository.pulls[0]?.body).toContain('the file has more than 2 MB');
    expect(await git.git('ls-tree', proposed, 'run.js')).toMatch(/^100755 /);
  });
});

/** The tip of main with these files executable, a symlink and a submodule beside them. */
async function withModes({ git }: RepositoryRecord, executable: readonly string[]): Promise<string> {
  const env = { GIT_INDEX_FILE: `${git.dir}/index-modes` };
  const run = (...args: string[]): Promise<string> => git.gitWithInput(Buffer.alloc(0), args, env);
  await run('read-tree', 'refs/heads/main');
  for (const path of executable) {
    const blob = await git.blobOf('refs/heads/main', path);
    await run('update-index', '--cacheinfo', `100755,${blob},${path}`);
  }
  const link = (await git.gitWithInput(Buffer.from('bare.js'), ['hash-object', '-w', '--stdin'])).trim();
  await run('update-index', '--add', '--cacheinfo', `120000,${link},link.js`);
  await run('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},sub`);
  const tree = (await run('write-tree')).trim();
  return (await git.git('commit-tree', tree, '-p', 'refs/heads/main', '-m', 'Modes')).trim();
}
