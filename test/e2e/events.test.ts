/** What starts a run and what does not: queue entries, marked and ignored pushes, bots, an organisation's defaults, exceptions. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { kindly } from '../../sandbox/github/webhooks.ts';
import type { CheckRunRecord, RepositoryRecord } from '../../sandbox/github/world.ts';
import { type Scripts } from './scripted-stages.ts';
import { dispatched, StageSet } from './stage-set.ts';

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
  set.repository(`events-${(serial += 1)}`, settings);
const branchOf = (repository: RepositoryRecord, name: string) => repository.git.git('branch', name, 'main');
const checkOf = (repository: RepositoryRecord, ref: string, sha: string, attempt = 1): Promise<CheckRunRecord> =>
  set.check(repository, set.idOf(repository, ref, sha, attempt));
const filesRun = (repository: RepositoryRecord, sha: string): string[] =>
  dispatched(repository)
    .filter((run) => run.headSha === sha)
    .map(({ file }) => file.slice(0, 2));

describe('a merge queue', () => {
  it('has its entry checked by all stages of the preset, under the name that a rule asks for', async () => {
    const repository = await fresh('preset: standard\n');
    await branchOf(repository, 'feature');
    await set.push(repository, 'feature');
    const pull = await set.sandbox.openPull(repository, 'feature');
    const entry = await set.sandbox.enqueue(repository, pull);
    const check = await checkOf(repository, entry.ref, entry.sha);

    expect(check).toMatchObject({ name: 'SLSA pipeline', conclusion: 'success' });
    expect(check.summary).toContain('started by the merge queue of main');
    expect(filesRun(repository, entry.sha).toSorted()).toEqual(['00', '01', '02', '03', '04', '05', '06']);
  });

  it('has the run of an entry that is gone cancelled', async () => {
    Object.assign(scripts, { build: { kind: 'endless' } });
    const repository = await fresh();
    await branchOf(repository, 'feature');
    await set.push(repository, 'feature');
    const pull = await set.sandbox.openPull(repository, 'feature', { draft: true });
    const entry = await set.sandbox.enqueue(repository, pull);
    while (!repository.runs.some((run) => run.headSha === entry.sha && run.file.startsWith('01')))
      await new Promise((resolve) => setTimeout(resolve, 50));
    await set.sandbox.dequeue(repository, entry);

    expect(await checkOf(repository, entry.ref, entry.sha)).toMatchObject({ conclusion: 'cancelled' });
  });
});

describe('a push', () => {
  it('that says [skip ci] is not run, and says why; its re-run is', async () => {
    const repository = await fresh();
    const sha = await set.sandbox.push(repository, 'main', new Map([['a.txt', 'a']]), 'Change [skip ci]');
    const check = await checkOf(repository, 'refs/heads/main', sha);
    expect(check).toMatchObject({ conclusion: 'skipped', title: "No run wanted: the commit's message says [skip ci]" });

    set.sandbox.pressRerun(repository, check.id, 'kim');
    expect(await checkOf(repository, 'refs/heads/main', sha, 2)).toMatchObject({ conclusion: 'success' });
  });

  it('that says [skip ci] holds no pull request back', async () => {
    const repository = await fresh();
    await branchOf(repository, 'feature');
    const sha = await set.sandbox.push(repository, 'feature', new Map([['a.txt', 'a']]), '[skip ci] Change');
    await set.sandbox.openPull(repository, 'feature');
    const check = await checkOf(repository, 'refs/heads/feature', sha);
    expect(check.conclusion).toBe('success');
    expect(check.summary).toContain('keeps a push from being run, and never a pull request');
  });

  it('of ignored files only is not run, unless it takes the place of a push that was not done', async () => {
    const repository = await fresh('preset: minimal\non: { push: { ignore_paths: ["docs/**"] } }\n');
    const first = await set.push(repository, 'main', 'docs/first.md');
    // Nobody has looked at what came before it: it is run.
    expect(await checkOf(repository, 'refs/heads/main', first)).toMatchObject({ conclusion: 'success' });
    const docs = await set.push(repository, 'main', 'docs/a.md');
    expect(await checkOf(repository, 'refs/heads/main', docs)).toMatchObject({
      conclusion: 'skipped',
      title: 'No run wanted: on.push.ignore_paths names every file that was changed',
    });

    Object.assign(scripts, { lint: { kind: 'slow', milliseconds: 2500 } });
    const code = await set.push(repository, 'main', 'src/a.ts');
    while (!repository.runs.some((run) => run.headSha === code))
      await new Promise((resolve) => setTimeout(resolve, 50));
    Reflect.deleteProperty(scripts, 'lint');
    const later = await set.push(repository, 'main', 'docs/b.md');
    expect(await checkOf(repository, 'refs/heads/main', code)).toMatchObject({ conclusion: 'cancelled' });
    expect(await checkOf(repository, 'refs/heads/main', later)).toMatchObject({ conclusion: 'success' });

    Object.assign(scripts, { build: { kind: 'build_fails' } });
    const broken = await set.push(repository, 'main', 'src/b.ts');
    expect(await checkOf(repository, 'refs/heads/main', broken)).toMatchObject({ conclusion: 'failure' });
    const after = await set.push(repository, 'main', 'docs/c.md');
    expect(await checkOf(repository, 'refs/heads/main', after)).toMatchObject({ conclusion: 'failure' });
  });
});

describe("a bot's pull request", () => {
  const bot = () => set.sandbox.user('dependabot[bot]', 'Bot');

  it('is not dispatched, and says which line would change that', async () => {
    const repository = await fresh();
    await branchOf(repository, 'update');
    const sha = await set.push(repository, 'update', 'Dockerfile', 'FROM scratch\n');
    await set.sandbox.openPull(repository, 'update', { author: bot() });
    const check = await checkOf(repository, 'refs/heads/update', sha);

    expect(check.conclusion).toBe('action_required');
    expect(check.summary).toContain(`\`trusted_bots: [${bot().id}]\``);
    expect(filesRun(repository, sha)).toEqual([]);
  });

  it("is run where its base branch trusts the bot, whatever the bot's own commit says", async () => {
    const trusted = await fresh(`preset: minimal\ntrusted_bots: [${bot().id}]\n`);
    await branchOf(trusted, 'update');
    const sha = await set.push(trusted, 'update');
    await set.sandbox.openPull(trusted, 'update', { author: bot() });
    expect(await checkOf(trusted, 'refs/heads/update', sha)).toMatchObject({ conclusion: 'success' });

    const other = await fresh();
    await other.git.commitFiles('main', new Map([['Dockerfile', 'FROM scratch\n']]), 'An image');
    await branchOf(other, 'update');
    const own = await set.push(other, 'update', '.github/slsa-pipeline.yml', `trusted_bots: [${bot().id}]\n`);
    await set.sandbox.openPull(other, 'update', { author: bot() });
    expect(await checkOf(other, 'refs/heads/update', own)).toMatchObject({ conclusion: 'action_required' });
  });
});

describe("an organisation's defaults", () => {
  const SETTINGS = '.github/slsa-pipeline.yml';

  it('are asked for where a repository extends them: absent, with a mistake, and in force', async () => {
    const repository = await fresh('extends: org\n');
    const first = await set.push(repository, 'main');
    const missing = await checkOf(repository, 'refs/heads/main', first);
    expect(missing).toMatchObject({
      conclusion: 'action_required',
      title: 'extends: org, and acme/.github has no settings to read',
    });
    expect(missing.summary).toContain('install this App there too');

    const organisation = await set.sandbox.createRepository('.github');
    await organisation.git.commitFiles('main', new Map([[SETTINGS, 'preset: minimal\nsigning: none\n']]), 'Defaults');
    const second = await set.push(repository, 'main');
    const mistaken = await checkOf(repository, 'refs/heads/main', second);
    expect(mistaken).toMatchObject({ conclusion: 'action_required' });
    expect(mistaken.title).toBe('1 mistake in .github/slsa-pipeline.yml of acme/.github');
    expect(mistaken.summary).toContain('line 2, column 1: `signing` shapes the build or its signature');

    await organisation.git.commitFiles('main', new Map([[SETTINGS, 'preset: minimal\n']]), 'Defaults');
    const third = await set.push(repository, 'main');
    const check = await checkOf(repository, 'refs/heads/main', third);
    expect(check.conclusion).toBe('success');
    expect(check.summary).toContain('(preset `minimal`');
  });
});

describe('an exception', () => {
  it('lets a finding pass until its day, and the check shows what is accepted, until when and why', async () => {
    Object.assign(scripts, { scan: { kind: 'vulnerable', severities: ['Critical'] } });
    const accepting = (until: string) =>
      `preset: minimal\nexceptions:\n  - { id: CVE-2026-1000, until: ${until}, reason: "not reachable, see <b>#42</b>" }\n`;
    const repository = await fresh(accepting('2099-12-31'));
    const { check } = await set.pushed(repository);
    expect(check).toMatchObject({ conclusion: 'success' });
    expect(check.summary).toContain('`CVE-2026-1000`, critical, in `lodash 1.0.0`, until 2099-12-31');
    expect(check.summary).not.toContain('<b>');

    const sha = await set.sandbox.push(repository, 'main', await set.sandbox.setUpFiles(accepting('2020-01-01')));
    const closed = await checkOf(repository, 'refs/heads/main', sha);
    expect(closed).toMatchObject({ conclusion: 'failure' });
    expect(closed.summary).toContain('The exception for `CVE-2026-1000` ended on 2020-01-01');
  });
});
