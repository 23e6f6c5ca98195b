/** The ways of a repair after it was proven: merged, replaced, asked for, refused, and never repaired itself. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { competent } from '../../sandbox/claude/models.ts';
import type { RepositoryRecord } from '../../sandbox/github/world.ts';
import { CommitSha, GitRef } from '../../src/domain/git.ts';
import { asDomain } from '../sandbox/wire.ts';
import { QUICK, StageSet } from './stage-set.ts';

let set: StageSet;

beforeAll(async () => {
  set = await StageSet.open({ kind: true, scripts: { lint: { kind: 'tiny' } } });
});
afterAll(() => set.close());

const branches = async ({ git }: RepositoryRecord): Promise<string[]> =>
  [...(await git.refs()).keys()].filter((ref) => ref.startsWith('refs/heads/slsa/'));

describe('a repair', () => {
  it('stops until the repair is merged where the settings say so, and closes it once the branch passes by itself', async () => {
    const repository = await set.repository('stopping', 'preset: standard\nafter_auto_fix: stop\n');
    const { check, result } = await set.pushed(repository, { 'a.js': 'var a = 1;\nexport { a };\n' });
    expect(check).toMatchObject({ conclusion: 'action_required', title: '1 lint error · merge #1' });
    expect(result.visited).not.toContain('BUILD');
    const second = await set.pushed(repository, { 'a.js': 'let a = 1;\nexport { a };\n' });
    expect(second.check.conclusion).toBe('success');
    expect(repository.pulls[0]).toMatchObject({ state: 'closed' });
    expect(repository.comments.map(({ body }) => body)).toEqual([
      expect.stringContaining('passes the linters by itself'),
    ]);
  });

  it('of a newer commit gets its own, which takes the place of the older one', async () => {
    const repository = await set.repository('moving', 'preset: standard\nafter_auto_fix: stop\n');
    await set.pushed(repository, { 'a.js': 'var a = 1;\nexport { a };\n' });
    await set.pushed(repository, { 'a.js': 'var a = 2;\nexport { a };\n' });
    expect(repository.pulls.map(({ state }) => state)).toEqual(['closed', 'open']);
    expect(repository.comments.map(({ body }) => body)).toEqual([expect.stringContaining('#2')]);
  });
});

const CODE = 'var port = 1;\nif (port == 2) port = 3;\nexport { port };\n';

describe('a model that is wrong at first', () => {
  /** An edit that claims a repair and is none. */
  const wrong = JSON.stringify({
    edits: [{ path: 'a.js', oldText: 'port = 3', newText: 'port = 4', reason: '', repairs: [1] }],
    left: [],
  });
  const tries = ({ runs }: RepositoryRecord): number =>
    runs.filter(({ ref, event }) => ref.includes('autofix-try') && event === 'workflow_dispatch').length;

  it('is told once what the linters still found, and its second answer is proposed', async () => {
    const repository = await set.repository('second', 'preset: standard\nafter_auto_fix: stop\n');
    const failed: (readonly string[])[] = [];
    set.sandbox.claude.model = (question, asked) => {
      failed.push(question.files[0]?.failed ?? []);
      return failed.length === 1 ? { text: wrong } : competent(question, asked);
    };
    await set.pushed(repository, { 'a.js': CODE });
    set.sandbox.claude.model = competent;
    expect(failed).toEqual([[], [expect.stringContaining('eqeqeq in a.js')]]);
    expect(tries(repository)).toBe(2);
    const text = await repository.git.file(`refs/heads/${repository.pulls[0]?.headRef}`, 'a.js');
    expect(text?.toString()).toBe(CODE.replace('var', 'let').replace('==', '==='));
    expect(await branches(repository)).toHaveLength(1);
  });

  it('T10: and stays wrong ends after two rounds, with a reason and without a pull request', async () => {
    const repository = await set.repository('never', 'preset: standard\nafter_auto_fix: stop\n');
    set.sandbox.claude.model = () => ({ text: wrong });
    const { check } = await set.pushed(repository, { 'a.js': CODE });
    set.sandbox.claude.model = competent;
    expect(tries(repository)).toBe(2);
    expect(repository.pulls).toEqual([]);
    expect(await branches(repository)).toEqual([]);
    expect(check).toMatchObject({ conclusion: 'failure' });
    expect(check.summary).toContain('after the second round the linters still found');
  });
});

describe('people', () => {
  it('ask for a repair by a comment or a button, also where the settings have none', async () => {
    const repository = await set.repository('asked', 'preset: standard\nauto_fix_lint: false\n');
    const { sha, check } = await set.pushed(repository, { 'a.js': 'var a = 1;\nexport { a };\n' });
    expect(repository.pulls).toEqual([]);
    set.sandbox.pressButton(repository, check.id, 'fix_lint');
    const again = await set.check(repository, set.idOf(repository, 'refs/heads/main', sha, 2), 60_000);
    expect(again.title).toBe('1 lint error · merge #1');

    await repository.git.git('branch', 'feature', 'main');
    const feature = await set.sandbox.push(repository, 'feature', new Map([['b.js', 'var b = 1;\nexport { b };\n']]));
    const pull = await set.sandbox.openPull(repository, 'feature');
    await set.check(repository, set.idOf(repository, 'refs/heads/feature', feature), 60_000);
    set.sandbox.comment(repository, pull.number, 'kim', '/slsa fix');
    await set.check(repository, set.idOf(repository, 'refs/heads/feature', feature, 2), 60_000);
    expect(repository.pulls.at(-1)).toMatchObject({ baseRef: 'feature', draft: true });
    await set.result(set.idOf(repository, 'refs/heads/feature', feature, 2));
    expect(repository.comments.at(-1)?.body).toContain('repairs 2 of 2 findings');
    // The same commit again: what is open is not made twice.
    set.sandbox.comment(repository, pull.number, 'kim', '/slsa fix');
    await set.check(repository, set.idOf(repository, 'refs/heads/feature', feature, 3), 60_000);
    expect(repository.pulls).toHaveLength(3);
  });

  it("T16, F36: keep a commit of theirs on a repair's branch, and the repair is not made over it", async () => {
    const repository = await set.repository('theirs');
    const files = new Map([['a.js', 'var a = 1;\nexport { a };\n']]);
    const { url } = set.sandbox.webhooks.options;
    set.sandbox.webhooks.options.url = null;
    const sha = await set.sandbox.push(repository, 'main', files);
    const branch = `slsa/autofix/main-${sha.slice(0, 7)}`;
    await repository.git.git('branch', branch, 'main');
    const theirs = await set.sandbox.push(repository, branch, new Map([['mine.txt', 'mine\n']]));
    await set.sandbox.webhooks.settle();
    set.sandbox.webhooks.options.url = url;
    await set.client.deliver({
      repository: asDomain(set.sandbox, repository),
      ref: GitRef.parse('refs/heads/main'),
      sha: CommitSha.parse(sha),
      triggers: [{ kind: 'push', actor: 'kim' }],
      delivery: null,
      timing: QUICK,
    });
    const check = await set.check(repository, set.idOf(repository, 'refs/heads/main', sha), 60_000);
    expect(check.conclusion).toBe('failure');
    expect(check.summary).toContain('holds something else');
    expect(await branches(repository)).toEqual([`refs/heads/${branch}`]);
    expect(await repository.git.commitOf(`refs/heads/${branch}`)).toBe(theirs);
    expect(repository.pulls).toEqual([]);
  });
});

describe("a repair's own branch", () => {
  it('T10: is run as any other where its pull request is ready, and starts no repair of its own', async () => {
    const repository = await set.repository('loop', 'preset: standard\non: { push: { branches: ["**"] } }\n');
    await set.pushed(repository, { 'a.js': 'var a = 1;\nexport { a }; if (a == null) throw a;\n' });
    const [pull] = repository.pulls;
    const tip = (await repository.git.commitOf(`refs/heads/${pull?.headRef}`)) ?? '';
    const check = await set.check(repository, set.idOf(repository, `refs/heads/${pull?.headRef}`, tip), 60_000);
    expect(check.summary).toContain('this branch is a repair itself');
    expect(repository.pulls).toHaveLength(1);
    // Throw-away branches are nobody's to run.
    expect(repository.checkRuns.some(({ externalId }) => externalId.includes('autofix-try'))).toBe(false);
  });
});
