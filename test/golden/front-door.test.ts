/**
 * Nobody wonders whether the App is alive: with deliveries that come twice, late and out of order, every push, pull request, tag
 * and queue entry has its check, and every command its reaction, within half a minute; refusals too.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PullRecord, RepositoryRecord } from '../../sandbox/github/world.ts';
import { fixtureFiles, type Files } from '../../sandbox/set-up.ts';
import { StageSet } from '../e2e/stage-set.ts';

const WITHIN_MS = 30_000;

let set: StageSet;
let repository: RepositoryRecord;

beforeAll(async () => {
  // The sandbox's own manner: one delivery in ten comes twice, one in ten late.
  set = await StageSet.open({ seed: 7 });
  repository = await set.repository('door', 'preset: minimal\n');
  repository.permissions.set('pat', 'maintain');
});
afterAll(() => set.close());

async function within<T>(look: () => T | undefined): Promise<T> {
  const started = Date.now();
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    if (Date.now() - started > WITHIN_MS) throw new Error('Nothing came within 30 s');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
const checkOf = (sha: string, there = repository) =>
  within(() => there.checkRuns.find((check) => check.headSha === sha && check.status === 'completed'));

async function branch(name: string, files: Files = new Map([['x.txt', name]])): Promise<string> {
  await repository.git.git('branch', name, 'main');
  return set.sandbox.push(repository, name, files);
}

const EVENTS: readonly (readonly [string, string, () => Promise<string>])[] = [
  ['a push to the default branch', 'success', () => set.push(repository, 'main')],
  ['a push to a branch that nobody named', 'skipped', () => branch('idea')],
  [
    'a push that says [skip ci]',
    'skipped',
    () => set.sandbox.push(repository, 'main', new Map([['y.txt', 'y']]), 'y [skip ci]'),
  ],
  [
    'a tag',
    'success',
    async () => {
      await set.push(repository, 'main', 'tagged.txt');
      await repository.git.git('tag', 'v1', 'main');
      await set.sandbox.announcePushes('acme', 'door');
      const sha = (await repository.git.commitOf('refs/tags/v1')) ?? '';
      await within(() =>
        repository.checkRuns.find(({ name, status }) => name.includes('tag v1') && status === 'completed'),
      );
      return sha;
    },
  ],
  [
    'a pull request',
    'success',
    async () => {
      const sha = await branch('feature');
      await set.sandbox.openPull(repository, 'feature');
      return sha;
    },
  ],
  [
    'a draft',
    'skipped',
    async () => {
      const sha = await branch('draft');
      await set.sandbox.openPull(repository, 'draft', { draft: true });
      return sha;
    },
  ],
  [
    'a pull request from a fork',
    'action_required',
    async () => {
      const forkSha = 'f'.repeat(40);
      await set.sandbox.openPull(repository, 'patch-1', { forkSha, headRepositoryId: 999_999 });
      return forkSha;
    },
  ],
  [
    "a bot's pull request",
    'action_required',
    async () => {
      const sha = await branch('bump', new Map(await fixtureFiles('clean')));
      await set.sandbox.openPull(repository, 'bump', { author: set.sandbox.user('renovate[bot]', 'Bot') });
      return sha;
    },
  ],
  [
    'an entry of the merge queue',
    'success',
    async () => {
      await branch('queued');
      const pull = await set.sandbox.openPull(repository, 'queued', { draft: true });
      return (await set.sandbox.enqueue(repository, pull)).sha;
    },
  ],
  [
    'a pull request with mistakes in its settings',
    'action_required',
    async () => {
      const sha = await branch('mistaken', new Map([['.github/slsa-pipeline.yml', 'preset: standart\n']]));
      await set.sandbox.openPull(repository, 'mistaken');
      return sha;
    },
  ],
  [
    'a pull request that takes the settings away',
    'failure',
    async () => {
      await repository.git.git('branch', 'without', 'main');
      const sha = await set.sandbox.push(repository, 'without', new Map([['.github/slsa-pipeline.yml', null]]));
      await set.sandbox.openPull(repository, 'without');
      return sha;
    },
  ],
  [
    'a pull request that takes the stage files away',
    'action_required',
    async () => {
      await repository.git.git('branch', 'bare', 'main');
      const sha = await set.sandbox.push(repository, 'bare', new Map([['.github/workflows/00-megalinter.yml', null]]));
      await set.sandbox.openPull(repository, 'bare');
      return sha;
    },
  ],
];

describe('every event ends in a check within 30 s', () => {
  it.each(EVENTS)('%s: %s', async (_, conclusion, happen) => {
    const sha = await happen();
    const check = await checkOf(sha);
    expect(check.conclusion).toBe(conclusion);
    // Whoever reads only the title knows what is so; whoever reads on knows what to do.
    expect(check.title.length).toBeGreaterThan(8);
    if (['failure', 'action_required'].includes(conclusion)) expect(check.summary).toContain('What you can do: ');
  });

  it('an installation: a first check on each default branch, which says what comes next', async () => {
    const { url } = set.sandbox.webhooks.options;
    const ready = await set.repository('installed-ready', 'preset: minimal\n');
    const bare = await set.sandbox.createRepository('installed-bare');
    const empty = await set.sandbox.createRepository('installed-empty');
    set.sandbox.webhooks.options.url = null;
    const bareTip = await set.sandbox.push(bare, 'main', new Map([['a.txt', 'a']]));
    set.sandbox.webhooks.options.url = url;
    set.sandbox.events.installed('created', [empty, ready, bare]);
    const readyTip = (await ready.git.commitOf('refs/heads/main')) ?? '';

    const check = await checkOf(readyTip, ready);
    expect(check).toMatchObject({ name: 'SLSA pipeline', conclusion: 'skipped' });
    expect(check.title).toBe('No run wanted: this App was just installed, and the next push is run');
    expect(await checkOf(bareTip, bare)).toMatchObject({ conclusion: 'neutral', title: 'Not set up yet' });
    expect(ready.runs).toEqual([]);

    set.sandbox.pressRerun(ready, check.id, 'kim');
    await within(() => ready.checkRuns.find(({ conclusion }) => conclusion === 'success'));
  });

  it('a push to a repository that was never set up: neutral', async () => {
    const bare = await set.sandbox.createRepository('nothing-here');
    const sha = await set.sandbox.push(bare, 'main', new Map([['a.txt', 'a']]));
    expect(await checkOf(sha, bare)).toMatchObject({ conclusion: 'neutral' });
  });
});

describe('a pull request that needs a person', () => {
  it('T18: has one comment that says what to do, is kept up to date, and ends by saying that nobody is needed', async () => {
    const own = await set.repository('sticky', 'preset: minimal\n');
    await own.git.git('branch', 'settings', 'main');
    const good = (await own.git.file('refs/heads/main', '.github/slsa-pipeline.yml'))?.toString('utf8') ?? '';
    const settings = (text: string) =>
      set.sandbox.push(own, 'settings', new Map([['.github/slsa-pipeline.yml', text]]));
    const first = await settings(`${good}presett: x\n`);
    const pull = await set.sandbox.openPull(own, 'settings');
    await checkOf(first, own);
    const sticky = () => own.comments.filter(({ body }) => body.includes('slsa-pipeline:needs-a-person'));
    await within(() => sticky()[0]);
    expect(sticky()[0]).toMatchObject({ issueNumber: pull.number });
    expect(sticky()[0]?.body).toContain('1 mistake in .github/slsa-pipeline.yml');
    expect(sticky()[0]?.body).toContain('`presett` is not a setting');

    const second = await settings(`${good}presett: x\n# @acme/all fixes #1\nfail: y\n`);
    await checkOf(second, own);
    await within(() => (sticky()[0]?.body.includes('2 mistakes') === true ? true : undefined));

    const third = await settings(`${good}# fine\n`);
    expect(await checkOf(third, own)).toMatchObject({ conclusion: 'success' });
    await within(() =>
      sticky()[0]?.body.includes('Nothing here waits for a person any more') === true ? true : undefined,
    );
    expect(sticky()).toHaveLength(1);
    expect(own.comments).toHaveLength(1);
  });
});

describe('every command has its reaction and one answer within 30 s', () => {
  let asked: RepositoryRecord;
  let pull: PullRecord;
  beforeAll(async () => {
    asked = await set.repository('asked', 'preset: minimal\n');
    asked.permissions.set('pat', 'maintain');
    await asked.git.git('branch', 'feature', 'main');
    const sha = await set.push(asked, 'feature');
    pull = await set.sandbox.openPull(asked, 'feature');
    await checkOf(sha, asked);
  });

  it.each([
    ['kim', '/slsa status', '+1'],
    ['stranger', '/slsa explain', '+1'],
    ['stranger', '/slsa help', '+1'],
    ['kim', '/slsa rerun', '+1'],
    ['stranger', '/slsa rerun', 'confused'],
    ['kim', '/slsa rerum', 'confused'],
    ['kim', '/slsa', 'confused'],
    ['kim', '/slsa accept CVE-2026-1 until never', 'confused'],
    ['kim', '/slsa accept CVE-2026-1234 until 2099-01-01 x', 'confused'],
    ['pat', '/slsa accept CVE-2026-1234 until 2099-01-01 x', '+1'],
  ])('%s: %s', async (login, body, reaction) => {
    const id = set.sandbox.comment(asked, pull.number, login, body);
    const answer = await within(() => asked.comments.find((each) => each.body.includes(`reply:${id} -->`)));
    expect(answer.body.length).toBeGreaterThan(60);
    expect(asked.reactions.filter((each) => each.commentId === id).map(({ content }) => content)).toEqual([
      'eyes',
      reaction,
    ]);
    expect(asked.comments.filter((each) => each.body.includes(`reply:${id} -->`))).toHaveLength(1);
  });
});
