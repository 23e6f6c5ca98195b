/** Issues: one for each thing that is wrong on a branch that is released from, and closed when it is right again. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { RepositoryRecord } from '../../sandbox/github/world.ts';
import { kindly } from '../../sandbox/github/webhooks.ts';
import { type Scripts } from './scripted-stages.ts';
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
  set.sandbox.faults.clear();
});

const fresh = (settings = 'preset: minimal\n'): Promise<RepositoryRecord> =>
  set.repository(`issues-${(serial += 1)}`, settings);
const openIssues = ({ issues }: RepositoryRecord) => issues.filter(({ state }) => state === 'open');
const BUILD_LOG = [
  '#7 [3/4] RUN npm test',
  '#7 1.200 @org/all fixes #1 <img src=x>',
  '#7 1.234 not ok 1 - adds numbers',
  '##[error]buildx failed with: ERROR: failed to build: failed to solve: process "/bin/sh -c npm test" did not complete successfully: exit code: 1',
].join('\n');

describe('a build that fails on the default branch', () => {
  it('opens one issue with the failing step, the lines that tell why and the likely cause, updates it, and closes it when it builds again', async () => {
    Object.assign(scripts, { build: { kind: 'build_fails', log: BUILD_LOG } });
    const repository = await fresh();
    const { check } = await set.pushed(repository);
    const [issue] = repository.issues;

    expect(repository.issues).toHaveLength(1);
    expect(issue).toMatchObject({ title: 'The image of main does not build', labels: ['slsa:failure'], state: 'open' });
    expect(issue?.body).toContain('not ok 1 - adds numbers');
    expect(issue?.body).toMatch(/Likely cause: the Dockerfile.*npm test.*ended with exit code 1/);
    expect(check.summary).toContain(`Issue [#${issue?.number}](`);
    await recordHistory(set.temporal.address, check.externalId, 'build-failure');

    await set.pushed(repository);
    expect(repository.issues).toHaveLength(1);
    expect(repository.comments).toEqual([]);

    Reflect.deleteProperty(scripts, 'build');
    const healed = await set.pushed(repository);
    expect(issue).toMatchObject({ state: 'closed', stateReason: 'completed' });
    expect(
      repository.comments.map(({ issueNumber, body }) => [issueNumber, body.includes('The image builds again')]),
    ).toEqual([[issue?.number, true]]);
    expect(healed.check.summary).toContain('was closed: what it tracked is over.');

    Object.assign(scripts, { build: { kind: 'build_fails' } });
    await set.pushed(repository);
    expect(repository.issues).toHaveLength(1);
    expect(issue).toMatchObject({ state: 'open', stateReason: 'reopened' });
  });

  it('leaves an issue that somebody has closed as not planned as it is', async () => {
    Object.assign(scripts, { build: { kind: 'build_fails' } });
    const repository = await fresh();
    await set.pushed(repository);
    Object.assign(repository.issues[0]!, { state: 'closed', stateReason: 'not_planned' });
    const { check } = await set.pushed(repository);

    expect(repository.issues).toHaveLength(1);
    expect(repository.issues[0]?.state).toBe('closed');
    expect(check.summary).toContain('somebody closed it as not planned');
  });

  it('opens none where issues are switched off, and says so: the verdict is the same', async () => {
    Object.assign(scripts, { build: { kind: 'build_fails' } });
    const repository = await fresh();
    set.sandbox.faults.add({
      method: 'GET',
      path: /\/issues$/,
      fault: { kind: 'status', status: 410, message: 'Issues are disabled for this repo', headers: {} },
    });
    const { check } = await set.pushed(repository);

    expect(check.conclusion).toBe('failure');
    expect(check.summary).toContain('No issue could be written');
  });
});

describe('findings on the default branch', () => {
  it('T18: open one issue for the image however many branches have them, in which nothing of theirs mentions or closes anything', async () => {
    Object.assign(scripts, { scan: { kind: 'vulnerable', severities: ['Critical'] } });
    const branches = ['release/1', 'release/2', 'release/3', 'release/4'];
    const named = JSON.stringify(branches);
    const settings = `preset: minimal\nrelease_branches: ${named}\non:\n  push:\n    branches: ${named}\n`;
    const repository = await fresh(settings);
    for (const branch of branches) await repository.git.git('branch', branch, 'main');
    const shas = await Promise.all(
      ['main', ...branches].map(async (branch) => ({ branch, sha: await set.push(repository, branch) })),
    );
    await Promise.all(
      shas.map(({ branch, sha }) => set.check(repository, set.idOf(repository, `refs/heads/${branch}`, sha))),
    );
    expect(openIssues(repository)).toHaveLength(1);
    // One a branch at most was made at the same moment, and each but the first was closed at once.
    expect(repository.issues.filter(({ body }) => body.startsWith('Doubles #')).length).toBe(
      repository.issues.length - 1,
    );

    for (let push = 0; push < 3; push += 1) await set.pushed(repository);
    expect(openIssues(repository)).toHaveLength(1);
    expect(openIssues(repository)[0]).toMatchObject({ labels: ['slsa:vulnerability'] });
    expect(repository.comments).toEqual([]);

    Reflect.deleteProperty(scripts, 'scan');
    await set.pushed(repository);
    expect(openIssues(repository)).toHaveLength(1);
    expect(openIssues(repository)[0]?.body).not.toContain('of `main`');
  }, 120_000);

  it('on a pull request open none', async () => {
    Object.assign(scripts, { scan: { kind: 'vulnerable', severities: ['Critical'] } });
    const repository = await fresh();
    await repository.git.git('branch', 'feature', 'main');
    const sha = await set.push(repository, 'feature');
    await set.sandbox.openPull(repository, 'feature');
    const check = await set.check(repository, set.idOf(repository, 'refs/heads/feature', sha));

    expect(check.conclusion).toBe('failure');
    expect(repository.issues).toEqual([]);
  });
});

describe('re-running a stage by name', () => {
  it('does that stage and what was made from it, keeps the rest, and leaves the earlier check as it was', async () => {
    const repository = await fresh();
    await repository.git.git('branch', 'feature', 'main');
    const sha = await set.push(repository, 'feature');
    const pull = await set.sandbox.openPull(repository, 'feature');
    const first = await set.check(repository, set.idOf(repository, 'refs/heads/feature', sha));
    const { title, updates } = first;
    set.sandbox.comment(repository, pull.number, 'kim', '/slsa rerun sbom');
    const second = await set.check(repository, set.idOf(repository, 'refs/heads/feature', sha, 2));

    expect(second.conclusion).toBe('success');
    expect(
      dispatched(repository)
        .filter((run) => run.headSha === sha)
        .map(({ file }) => file.slice(0, 2)),
    ).toEqual(['00', '01', '02', '03', '02', '03']);
    expect({ title: first.title, updates: first.updates }).toEqual({ title, updates });
    const result = await set.result(second.externalId);
    expect(
      result.decisions.filter(({ kind }) => kind === 'stage_kept').map(({ reason }) => reason.split(' ')[0]),
    ).toEqual(['Lint', 'Build']);
    expect(repository.comments.at(-1)?.body).toMatch(
      /again from SBOM: what was not made from it is kept|was run again: \*\*/,
    );
  });
});
