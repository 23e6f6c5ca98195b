/** Which commit runs, once and not twice: pushes, pull requests, re-runs, and webhooks that come twice, late or never. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { status } from '../../sandbox/faults.ts';
import type { RepositoryRecord } from '../../sandbox/github/world.ts';
import { kindly } from '../../sandbox/github/webhooks.ts';
import { type Scripts } from './scripted-stages.ts';
import { GitRef } from '../../src/domain/git.ts';
import { commandId, coordinatorId } from '../../src/domain/run/workflow-ids.ts';
import { dispatched, StageSet } from './stage-set.ts';
import { recordHistory } from './temporal-history.ts';

const scripts: Scripts = {};
let set: StageSet;
let serial = 0;

beforeAll(async () => {
  set = await StageSet.open({ scripts });
});
afterAll(() => set.close());
beforeEach(() => {
  for (const stage of Object.keys(scripts)) Reflect.deleteProperty(scripts, stage);
  set.sandbox.webhooks.options.manner = kindly;
});

const fresh = (settings?: string): Promise<RepositoryRecord> =>
  set.repository(`coordination-${(serial += 1)}`, settings);
const branchOf = async (repository: RepositoryRecord, name: string): Promise<void> => {
  await repository.git.git('branch', name, 'main');
};
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
const until = async (isSo: () => boolean): Promise<void> => {
  for (let tries = 0; tries < 400 && !isSo(); tries += 1) await pause(50);
  expect(isSo()).toBe(true);
};

describe('one commit, one run', () => {
  it('F1: serves a push, its pull request and redeliveries of both with one run and one check', async () => {
    const repository = await fresh();
    await branchOf(repository, 'feature');
    const sha = await set.push(repository, 'feature');
    await set.sandbox.openPull(repository, 'feature');
    const check = await set.check(repository, set.idOf(repository, 'refs/heads/feature', sha));
    for (const delivery of set.sandbox.webhooks.deliveries.slice(-8)) await set.sandbox.webhooks.deliver(delivery);
    await pause(1500);

    expect(check).toMatchObject({ name: 'SLSA pipeline', conclusion: 'success' });
    const ours = repository.checkRuns.filter((run) => run.headSha === sha);
    expect(ours).toHaveLength(1);
    expect(
      dispatched(repository)
        .filter((run) => run.headSha === sha)
        .map(({ file }) => file.slice(0, 2)),
    ).toEqual(['00', '01', '02', '03']);
  });

  it('F1: starts once for fifty copies of a delivery that come at once', async () => {
    const repository = await fresh();
    set.sandbox.webhooks.options.manner = () => 'drop';
    const sha = await set.push(repository, 'main');
    const delivery = set.sandbox.webhooks.deliveries.findLast(({ event }) => event === 'push');
    await Promise.all(Array.from({ length: 50 }, () => set.sandbox.webhooks.deliver(delivery!)));
    set.sandbox.webhooks.options.manner = kindly;
    await set.check(repository, set.idOf(repository, 'refs/heads/main', sha));

    expect(repository.checkRuns).toHaveLength(1);
    expect(repository.runs).toHaveLength(7);
  });

  it('skips a push that nobody asked for, with a check that says why, in at most four requests', async () => {
    const repository = await fresh();
    const before = set.sandbox.calls.length;
    await branchOf(repository, 'idea');
    const sha = await set.push(repository, 'idea');
    const check = await set.check(repository, set.idOf(repository, 'refs/heads/idea', sha));
    await pause(300);

    expect(check).toMatchObject({ name: 'SLSA pipeline (idea)', conclusion: 'skipped' });
    expect(check.title).toContain('on.push.branches does not name idea');
    const requests = set.sandbox.calls
      .slice(before)
      .filter(({ path }) => !path.includes('access_tokens') && path !== '/app' && !path.startsWith('/users/'));
    expect(requests.map(({ route }) => route).length).toBeLessThanOrEqual(4);
  });

  it('runs again for a pull request that is opened on a commit which no push wanted', async () => {
    const repository = await fresh();
    await branchOf(repository, 'late');
    const sha = await set.push(repository, 'late');
    await set.check(repository, set.idOf(repository, 'refs/heads/late', sha));
    await set.sandbox.openPull(repository, 'late');
    const check = await set.check(repository, set.idOf(repository, 'refs/heads/late', sha, 2));

    expect(check).toMatchObject({ name: 'SLSA pipeline', conclusion: 'success' });
  });
});

describe('a newer commit', () => {
  it('F22: takes the place of a run on a pull request branch, and says so', async () => {
    const repository = await fresh();
    await branchOf(repository, 'feature');
    Object.assign(scripts, { build: { kind: 'endless' } });
    const first = await set.push(repository, 'feature');
    await set.sandbox.openPull(repository, 'feature');
    await until(() => repository.runs.some((run) => run.file.startsWith('01') && run.status === 'in_progress'));
    Reflect.deleteProperty(scripts, 'build');
    const second = await set.push(repository, 'feature');
    const old = await set.check(repository, set.idOf(repository, 'refs/heads/feature', first));
    const latest = await set.check(repository, set.idOf(repository, 'refs/heads/feature', second));

    expect(old).toMatchObject({ conclusion: 'cancelled', title: `Superseded by ${second.slice(0, 7)}` });
    expect(latest.conclusion).toBe('success');
    await recordHistory(set.temporal.address, old.externalId, 'superseded');
    await recordHistory(
      set.temporal.address,
      coordinatorId(repository.id, GitRef.parse('refs/heads/feature')),
      'coordinator',
    );
    expect(repository.runs.filter((run) => run.status !== 'completed')).toEqual([]);
  });

  it('F22: waits on a push branch while an image is being built; those between are superseded', async () => {
    const repository = await fresh();
    Object.assign(scripts, { build: { kind: 'slow', milliseconds: 2500 } });
    const first = await set.push(repository, 'main');
    await until(() => repository.runs.some((run) => run.file.startsWith('01')));
    const between = await set.push(repository, 'main');
    await until(() => repository.checkRuns.some((run) => run.headSha === between && run.status === 'queued'));
    const last = await set.push(repository, 'main');
    const checks = await Promise.all(
      [first, between, last].map((sha) => set.check(repository, set.idOf(repository, 'refs/heads/main', sha))),
    );

    expect(checks.map(({ conclusion }) => conclusion)).toEqual(['success', 'cancelled', 'success']);
    expect(checks[1]?.title).toBe(`Superseded by ${last.slice(0, 7)} while it waited`);
    expect(repository.checkRuns.filter((run) => run.headSha === last)).toHaveLength(1);
  });

  it('F22: that arrives before the build has started takes the place of a run on a push branch', async () => {
    const repository = await fresh();
    Object.assign(scripts, { lint: { kind: 'endless' } });
    const first = await set.push(repository, 'main');
    await until(() => repository.runs.some((run) => run.file.startsWith('00') && run.status === 'in_progress'));
    Reflect.deleteProperty(scripts, 'lint');
    const second = await set.push(repository, 'main');
    const checks = await Promise.all(
      [first, second].map((sha) => set.check(repository, set.idOf(repository, 'refs/heads/main', sha))),
    );

    expect(checks.map(({ conclusion }) => conclusion)).toEqual(['cancelled', 'success']);
  });

  it('that keeps coming while the others are linted has its build dispatched beside its lint', async () => {
    const repository = await fresh();
    Object.assign(scripts, { lint: { kind: 'endless' } });
    const linting = (count: number): boolean =>
      repository.runs.filter((run) => run.file.startsWith('00')).length === count;
    await set.push(repository, 'main');
    await until(() => linting(1));
    await set.push(repository, 'main');
    await until(() => linting(2));
    Object.assign(scripts, { lint: { kind: 'slow', milliseconds: 800 } });
    const third = await set.push(repository, 'main');
    await until(() => linting(3));
    await until(() => repository.runs.some((run) => run.file.startsWith('01') && run.headSha === third));
    expect(repository.runs.find((run) => run.file.startsWith('00') && run.headSha === third)?.status).not.toBe(
      'completed',
    );
    const check = await set.check(repository, set.idOf(repository, 'refs/heads/main', third));

    expect(check.conclusion).toBe('success');
    expect(repository.runs.filter((run) => run.headSha === third)).toHaveLength(7);
  });

  it('F21: that moves the branch between webhook and dispatch never has the older commit built', async () => {
    const repository = await fresh();
    const { webhooks } = set.sandbox;
    Object.assign(scripts, { lint: { kind: 'slow', milliseconds: 700 } });
    const first = await set.push(repository, 'main');
    await until(() => repository.runs.some((run) => run.file.startsWith('00')));
    webhooks.options.manner = (event) => (event === 'push' ? 'drop' : 'deliver');
    await set.push(repository, 'main');
    const check = await set.check(repository, set.idOf(repository, 'refs/heads/main', first));

    expect(check.conclusion).toBe('cancelled');
    expect(check.title).toContain('moved to');
    expect(repository.artifacts.filter(({ name }) => name.startsWith('slsa-build'))).toEqual([]);
  });
});

describe('a branch', () => {
  it('that is pushed back to a commit which was superseded has that commit run again', async () => {
    const repository = await fresh();
    await branchOf(repository, 'feature');
    Object.assign(scripts, { build: { kind: 'endless' } });
    const first = await set.push(repository, 'feature');
    await set.sandbox.openPull(repository, 'feature');
    await until(() => repository.runs.some((run) => run.file.startsWith('01') && run.status === 'in_progress'));
    const second = await set.push(repository, 'feature');
    await set.check(repository, set.idOf(repository, 'refs/heads/feature', first));
    Reflect.deleteProperty(scripts, 'build');
    await repository.git.git('update-ref', 'refs/heads/feature', first);
    await set.sandbox.announcePushes('acme', repository.name);
    const check = await set.check(repository, set.idOf(repository, 'refs/heads/feature', first, 2));

    expect(check.conclusion).toBe('success');
    expect(repository.checkRuns.filter((run) => run.status !== 'completed')).toEqual([]);
    expect(second).not.toBe(first);
  });

  it('that is deleted ends what runs and what waits for it', async () => {
    const repository = await fresh();
    Object.assign(scripts, { build: { kind: 'endless' } });
    const first = await set.push(repository, 'main');
    await until(() => repository.runs.some((run) => run.file.startsWith('01') && run.status === 'in_progress'));
    const second = await set.push(repository, 'main');
    await until(() => repository.checkRuns.some((run) => run.headSha === second && run.status === 'queued'));
    await repository.git.git('update-ref', '-d', 'refs/heads/main');
    await set.sandbox.announcePushes('acme', repository.name);
    const checks = await Promise.all(
      [first, second].map((sha) => set.check(repository, set.idOf(repository, 'refs/heads/main', sha))),
    );

    expect(checks.map(({ conclusion }) => conclusion)).toEqual(['cancelled', 'cancelled']);
  });
});

describe('a coordinator', () => {
  it('that GitHub does not let announce a waiting commit runs it all the same', async () => {
    const repository = await fresh();
    Object.assign(scripts, { build: { kind: 'slow', milliseconds: 2500 } });
    await set.push(repository, 'main');
    await until(() => repository.runs.some((run) => run.file.startsWith('01')));
    set.sandbox.faults.add({
      method: 'POST',
      path: new RegExp(`${repository.name}/check-runs$`),
      nth: [1],
      fault: status(403, 'Forbidden'),
    });
    const second = await set.push(repository, 'main');
    const check = await set.check(repository, set.idOf(repository, 'refs/heads/main', second));
    set.sandbox.faults.clear();

    expect(check.conclusion).toBe('success');
  });

  it('F12: takes a branch for deleted only where it stays gone', async () => {
    const repository = await fresh();
    set.sandbox.faults.add({
      method: 'GET',
      path: new RegExp(`${repository.name}/commits/heads`),
      nth: [1],
      fault: status(404, 'Not Found'),
    });
    const sha = await set.push(repository, 'main');
    const check = await set.check(repository, set.idOf(repository, 'refs/heads/main', sha));
    set.sandbox.faults.clear();

    expect(check.conclusion).toBe('success');
  });
});

describe('somebody asks', () => {
  it('/slsa rerun goes on from the first failed stage and keeps what still holds', async () => {
    const repository = await fresh();
    await branchOf(repository, 'feature');
    Object.assign(scripts, { scan: { kind: 'crash' } });
    const sha = await set.push(repository, 'feature');
    const pull = await set.sandbox.openPull(repository, 'feature');
    await set.check(repository, set.idOf(repository, 'refs/heads/feature', sha));
    Reflect.deleteProperty(scripts, 'scan');
    const commentId = set.sandbox.comment(repository, pull.number, 'kim', 'Once more:\n/slsa rerun');
    const check = await set.check(repository, set.idOf(repository, 'refs/heads/feature', sha, 2));
    await until(() => repository.comments.length === 2);

    expect(check.conclusion).toBe('success');
    expect(dispatched(repository).map(({ file }) => file.slice(0, 2))).toEqual([
      '00',
      '01',
      '02',
      '03',
      '03',
      '03',
      '03',
    ]);
    expect(repository.reactions.filter((each) => each.commentId === commentId).map(({ content }) => content)).toEqual([
      'eyes',
      '+1',
    ]);
    await until(() => repository.comments.at(-1)?.body.includes('was run again: **') === true);
    expect(repository.comments).toHaveLength(2);
    await recordHistory(set.temporal.address, commandId(String(commentId)), 'command');
  });

  it.each([
    ['/slsa rerun', 'stranger', 'needs write access'],
    ['/slsa rerum', 'kim', 'Did you mean `/slsa rerun`?'],
    ['/slsa', 'kim', "I don't know"],
  ])('T3: %s by %s starts nothing and is answered: %s', async (body, login, answer) => {
    const repository = await fresh();
    await branchOf(repository, 'feature');
    const sha = await set.push(repository, 'feature');
    const pull = await set.sandbox.openPull(repository, 'feature');
    await set.check(repository, set.idOf(repository, 'refs/heads/feature', sha));
    const commentId = set.sandbox.comment(repository, pull.number, login, body);
    await until(() => repository.comments.length === 2);

    expect(repository.comments.at(-1)?.body).toContain(answer);
    expect(repository.reactions.filter((each) => each.commentId === commentId).map(({ content }) => content)).toEqual([
      'eyes',
      'confused',
    ]);
    expect(repository.checkRuns).toHaveLength(1);
  });

  it('Re-run on a green check runs all of it again, for those who may write', async () => {
    const repository = await fresh('preset: minimal\n');
    const { sha } = await set.pushed(repository);
    set.sandbox.pressRerun(repository, repository.checkRuns[0]!.id, 'stranger');
    await pause(800);
    expect(repository.checkRuns).toHaveLength(1);

    set.sandbox.pressRerun(repository, repository.checkRuns[0]!.id, 'kim');
    const check = await set.check(repository, set.idOf(repository, 'refs/heads/main', sha, 2));
    expect(check.conclusion).toBe('success');
    expect(repository.runs).toHaveLength(8);
  });

  it('F17: cancelling a stage run on GitHub ends the run as cancelled, names who, and opens no issue', async () => {
    const repository = await fresh();
    Object.assign(scripts, { build: { kind: 'endless' } });
    const sha = await set.push(repository, 'main');
    await until(() => repository.runs.some((run) => run.file.startsWith('01') && run.status === 'in_progress'));
    repository.runs.at(-1)!.abort.abort(set.sandbox.user('kim'));
    const check = await set.check(repository, set.idOf(repository, 'refs/heads/main', sha));

    expect(check).toMatchObject({ conclusion: 'cancelled', title: 'Build was cancelled by kim' });
    expect(repository.issues).toEqual([]);
  });
});

describe('what is refused', () => {
  it('a repository that was never set up gets a neutral check that says how', async () => {
    const repository = await set.sandbox.createRepository('bare');
    const sha = await set.push(repository, 'main');
    const check = await set.check(repository, set.idOf(repository, 'refs/heads/main', sha));

    expect(check).toMatchObject({ conclusion: 'neutral', title: 'Not set up yet' });
    expect(check.summary).toContain('.github/slsa-pipeline.yml');
  });

  it('mistakes in the settings are all named, with line and column', async () => {
    const repository = await fresh('preset: standart\nvulnerability_treshold: high\nmax_findings: many\n');
    const { check } = await set.pushed(repository);

    expect(check).toMatchObject({
      conclusion: 'action_required',
      title: '3 mistakes in .github/slsa-pipeline.yml of this commit',
    });
    expect(check.summary).toContain(
      'line 1, column 9: `preset: standart`: not one of minimal, standard, skip&#95;linting. Did you mean `standard`?',
    );
    expect(check.summary).toContain(
      'line 2, column 1: `vulnerability_treshold` is not a setting. Did you mean `vulnerability_threshold`?',
    );
    expect(check.summary).toContain('line 3, column 15');
  });

  it('F13: a stage file that is missing is named', async () => {
    const repository = await fresh();
    await set.sandbox.push(repository, 'main', new Map([['.github/workflows/01-build-image.yml', null]]));
    const sha = (await repository.git.commitOf('refs/heads/main')) ?? '';
    const check = await set.check(repository, set.idOf(repository, 'refs/heads/main', sha));

    expect(check.conclusion).toBe('action_required');
    expect(check.title).toContain('.github/workflows/01-build-image.yml cannot be dispatched');
  });

  it('T9: a pull request that changes the stage files passes only after a person has looked', async () => {
    const repository = await fresh();
    await branchOf(repository, 'feature');
    const lint = (await repository.git.file('refs/heads/main', '.github/workflows/00-megalinter.yml'))!.toString();
    const sha = await set.push(repository, 'feature', '.github/workflows/00-megalinter.yml', `${lint}\n# changed\n`);
    await set.sandbox.openPull(repository, 'feature');
    const check = await set.check(repository, set.idOf(repository, 'refs/heads/feature', sha));

    expect(check).toMatchObject({
      conclusion: 'action_required',
      title: 'This pull request changes the pipeline: review these files',
    });
    expect(check.summary).toContain('00-megalinter.yml');
  });
});
