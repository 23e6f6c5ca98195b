/** Pull requests whose code is nobody's here: their check is followed and never dispatched, and counts once a person has said so. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { kindly } from '../../sandbox/github/webhooks.ts';
import type { CheckRunRecord, PullRecord, RepositoryRecord } from '../../sandbox/github/world.ts';
import { fixtureFiles, type Files, type FixtureName } from '../../sandbox/set-up.ts';
import { StageSet } from './stage-set.ts';

const FORK_CHECK = '.github/workflows/fork-check.yml';

let set: StageSet;
let serial = 0;

beforeAll(async () => {
  set = await StageSet.open();
});
afterAll(() => set.close());
beforeEach(() => {
  set.sandbox.webhooks.options.manner = kindly;
  set.sandbox.faults.clear();
  set.sandbox.pullRuns.newcomers.clear();
});

async function fresh(settings = 'preset: standard\n', fixture: FixtureName = 'clean'): Promise<RepositoryRecord> {
  const repository = await set.repository(`forks-${(serial += 1)}`, settings);
  await repository.git.commitFiles('main', new Map(await fixtureFiles(fixture)), 'The program');
  return repository;
}

const CHANGE: Files = new Map([['NEWS.md', '# News\n\nA change.\n']]);

const open = (repository: RepositoryRecord, files: Files = CHANGE): Promise<PullRecord> =>
  set.sandbox.openForkPull(repository, { files });

const checkOf = (repository: RepositoryRecord, { number, forkSha }: PullRecord, attempt = 1): Promise<CheckRunRecord> =>
  set.check(repository, set.idOf(repository, `refs/pull/${number}/head`, forkSha ?? '', attempt));

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 400 && !isSo(); tries += 1) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(isSo()).toBe(true);
}

async function comment(repository: RepositoryRecord, pull: PullRecord, login: string, body: string): Promise<string> {
  const id = set.sandbox.comment(repository, pull.number, login, body);
  const mine = () => repository.comments.find((each) => each.body.startsWith(`<!-- slsa-pipeline:reply:${id} -->`));
  await until(() => mine() !== undefined);
  return mine()?.body ?? '';
}

const approve = (repository: RepositoryRecord, pull: PullRecord, sha = pull.forkSha ?? ''): Promise<string> =>
  comment(repository, pull, 'kim', `/slsa approve ${sha.slice(0, 12)}`);

/** What the App asked of this repository with a token that can change something, by path. */
const writes = (repository: RepositoryRecord, since = 0): string[] =>
  set.sandbox.calls
    .slice(since)
    .filter(({ method, path }) => method !== 'GET' && path.startsWith(`/repos/acme/${repository.name}/`))
    .map(({ method, path }) => `${method} ${path.replace(`/repos/acme/${repository.name}/`, '').replace(/\d+/g, 'N')}`);

describe('a pull request from a fork', () => {
  it('T1: is checked by a read-only run of its own, and needs a person before that counts', async () => {
    const repository = await fresh();
    const before = set.sandbox.calls.length;
    const pull = await open(repository);
    const check = await checkOf(repository, pull);

    expect(check).toMatchObject({
      name: 'SLSA pipeline',
      conclusion: 'action_required',
      title: 'Checked, not attested (fork) · 0 findings at or over high · needs an approval',
    });
    expect(check.summary).toContain(`/slsa approve ${pull.forkSha?.slice(0, 12)}`);
    expect(check.summary).toMatch(/\| Lint \| 0 errors/);
    expect(check.summary).toMatch(/\| Build \| sha256:[0-9a-f]{12}…, not pushed/);
    expect(repository.runs.map(({ event }) => event)).toEqual(['pull_request']);
    expect([...new Set(writes(repository, before))].toSorted()).toEqual([
      'PATCH check-runs/N',
      'POST check-runs',
      expect.stringMatching(/^POST statuses\//),
    ]);
    const asked = set.sandbox.calls
      .slice(before)
      .filter(
        ({ path, requestBody }) =>
          path.endsWith('/access_tokens') && JSON.stringify(requestBody).includes(String(repository.id)),
      )
      .map(({ requestBody }) => (requestBody as { permissions: Record<string, string> }).permissions);
    const written = asked.flatMap((each) =>
      Object.entries(each)
        .filter(([, level]) => level === 'write')
        .map(([name]) => name),
    );
    expect(new Set(written)).toEqual(new Set(['checks', 'statuses']));
  });

  it('T2: counts once somebody who may write approves that very commit, and not for the next one', async () => {
    const repository = await fresh();
    const pull = await open(repository);
    await checkOf(repository, pull);
    const before = set.sandbox.calls.length;
    const answer = await approve(repository, pull);
    const check = await checkOf(repository, pull, 2);

    expect(answer).toContain('for this commit, and for no other');
    expect(check).toMatchObject({
      conclusion: 'success',
      title: 'Checked, not attested (fork) · 0 findings at or over high · approved by kim',
    });
    expect(check.summary).toContain('Checked, not attested');
    expect(check.summary).not.toMatch(/Build L[23]\*\*/);
    expect(writes(repository, before).filter((call) => call.includes('dispatches'))).toEqual([]);
    expect(repository.runs).toHaveLength(1);
    expect(repository.attestations).toEqual([]);

    await comment(repository, pull, 'kim', '/slsa rerun');
    expect(await checkOf(repository, pull, 3)).toMatchObject({ conclusion: 'success' });

    await set.sandbox.pushToFork(repository, pull, new Map([['NEWS.md', '# News\n\nAnother change.\n']]));
    expect(await checkOf(repository, pull)).toMatchObject({ conclusion: 'action_required' });
  });

  it('T2: that moved on while its approval was on the way gets none, and both commits are named', async () => {
    const repository = await fresh();
    const pull = await open(repository);
    await checkOf(repository, pull);
    const old = pull.forkSha ?? '';
    const moved = await set.sandbox.pushToFork(repository, pull, new Map([['NEWS.md', '# Evil\n\nNews.\n']]));
    await checkOf(repository, pull);
    const answer = await approve(repository, pull, old);

    expect(answer).toContain(old.slice(0, 12));
    expect(answer).toContain(moved);
    expect(repository.checkRuns.filter(({ conclusion }) => conclusion === 'success')).toEqual([]);
  });

  it('T2: that moves between the look and the effect gets none either', async () => {
    const repository = await fresh();
    const pull = await open(repository);
    await checkOf(repository, pull);
    const old = pull.forkSha ?? '';
    const { number } = pull;
    const ref = `refs/pull/${number}/head`;
    const during = async (): Promise<void> => {
      pull.forkSha = await repository.git.commitTo({ ref, files: new Map([['x.md', '# x\n']]), message: 'Move' });
    };
    set.sandbox.faults.add({
      method: 'GET',
      path: new RegExp(`^/repos/acme/${repository.name}/actions/workflows/fork-check.yml/runs`),
      nth: [1],
      fault: { kind: 'hold', when: 'before', during },
    });
    const answer = await approve(repository, pull, old);

    expect(answer).toContain(pull.forkSha);
    expect(answer).toContain('I approve nothing');
    expect(repository.checkRuns.filter(({ conclusion }) => conclusion === 'success')).toEqual([]);
  });

  it('is not approved by somebody who may not write', async () => {
    const repository = await fresh();
    const pull = await open(repository);
    await checkOf(repository, pull);
    const answer = await comment(repository, pull, 'mallory', `/slsa approve ${pull.forkSha}`);

    expect(answer).toContain('needs write access');
    expect(repository.checkRuns).toHaveLength(1);
  });

  it('of a newcomer is held back by GitHub, let go by the approval, and then counts', async () => {
    const repository = await fresh();
    set.sandbox.pullRuns.newcomers.add('mallory');
    const pull = await open(repository);
    const held = await checkOf(repository, pull);
    const answer = await approve(repository, pull);
    const check = await checkOf(repository, pull, 2);

    expect(held).toMatchObject({
      conclusion: 'action_required',
      title: 'GitHub holds the check of this newcomer back',
    });
    expect(answer).toContain('now runs');
    expect(check).toMatchObject({ conclusion: 'success' });
    expect(repository.runs).toHaveLength(1);
  });

  it('T1: that changes the check itself is never counted, whatever that reports and whoever approves', async () => {
    const repository = await fresh();
    const text = (await repository.git.file('refs/heads/main', FORK_CHECK))?.toString('utf8') ?? '';
    const pull = await open(repository, new Map([[FORK_CHECK, `${text}# mine\n`]]));
    const check = await checkOf(repository, pull);
    const answer = await approve(repository, pull);

    expect(check).toMatchObject({
      conclusion: 'action_required',
      title: 'fork-check.yml differs from the one of main',
    });
    expect(check.summary).toContain('fork_check_differs');
    expect(answer).toContain('I approve nothing');
    expect(repository.checkRuns).toEqual([check]);
  });

  it('of a newcomer that changes the check itself is not let go by an approval', async () => {
    const repository = await fresh();
    set.sandbox.pullRuns.newcomers.add('mallory');
    const text = (await repository.git.file('refs/heads/main', FORK_CHECK))?.toString('utf8') ?? '';
    const pull = await open(repository, new Map([[FORK_CHECK, `${text}# mine\n`]]));
    await checkOf(repository, pull);
    const before = set.sandbox.calls.length;
    const answer = await approve(repository, pull);

    expect(answer).toContain('I approve nothing');
    expect(answer).toContain('fork-check.yml');
    expect(writes(repository, before).filter((call) => call.endsWith('/approve'))).toEqual([]);
    expect(repository.runs).toMatchObject([{ conclusion: 'action_required' }]);
  });

  it('T1: never writes over the check of a branch here that has the same head', async () => {
    const repository = await fresh();
    await repository.git.git('branch', 'feature', 'main');
    const sha = await set.push(repository, 'feature', 'NEWS.md', '# News\n\nA change.\n');
    await set.sandbox.openPull(repository, 'feature');
    const ours = await set.check(repository, set.idOf(repository, 'refs/heads/feature', sha));
    const author = set.sandbox.user('mallory');
    for (const draft of [true, false]) {
      const number = repository.pulls.length + 1;
      await repository.git.git('update-ref', `refs/pull/${number}/head`, sha);
      const fork = { author, draft, forkSha: sha, headRepositoryId: 424_242 };
      const pull = await set.sandbox.openPull(repository, `mine-${number}`, fork);
      const check = await checkOf(repository, pull);
      expect(check.name).toBe(`SLSA pipeline (pull/${number}/head)`);
    }
    const plain = repository.checkRuns.filter(({ headSha, name }) => headSha === sha && name === 'SLSA pipeline');
    expect(plain).toEqual([ours]);
  });

  it('T1: that is a draft is skipped under a name that no rule asks for', async () => {
    const repository = await fresh();
    const pull = await set.sandbox.openForkPull(repository, { files: CHANGE, draft: true });
    const check = await checkOf(repository, pull);

    expect(check).toMatchObject({ conclusion: 'skipped', name: `SLSA pipeline (pull/${pull.number}/head)` });
  });

  it('T9: is judged by the settings of its base, and not by those that it brings', async () => {
    const repository = await fresh('preset: standard\n', 'vulnerable');
    const loose = 'preset: minimal\nfail_on_vulnerabilities: false\nmax_findings: 100\n';
    const pull = await open(repository, new Map([['.github/slsa-pipeline.yml', loose], ...CHANGE]));
    const check = await checkOf(repository, pull);

    expect(check.conclusion).toBe('failure');
    expect(check.title).toMatch(/^\d findings? at or over high/);
    expect(check.summary).toContain('`fail_on_vulnerabilities`');
    // At the line of the lock file that names the package.
    expect(check.annotations[0]).toMatchObject({ path: 'package-lock.json', annotation_level: 'failure' });
    const lines =
      (await repository.git.file('refs/heads/main', 'package-lock.json'))?.toString('utf8').split('\n') ?? [];
    expect(lines[(check.annotations[0]?.start_line ?? 0) - 1]).toContain('lodash');
  });

  it('with mistakes in its own settings is none the worse for it', async () => {
    const repository = await fresh();
    const pull = await open(repository, new Map([['.github/slsa-pipeline.yml', 'presett: standard\n']]));

    expect(await checkOf(repository, pull)).toMatchObject({ conclusion: 'action_required' });
  });

  it('that does not build fails, with the lines of the log that say why', async () => {
    const repository = await fresh();
    const pull = await open(repository, new Map([['Dockerfile', 'FROM scratch\nCOPY missing /missing\n']]));
    const check = await checkOf(repository, pull);

    expect(check).toMatchObject({ conclusion: 'failure', title: 'The image did not build (exit code 1)' });
    expect(check.summary).toContain('missing');
    expect(repository.issues).toEqual([]);
  });

  it('whose report job has not ended well has no result, whatever artifacts lie there', async () => {
    const repository = await fresh();
    // The base branch's own: its last job is the report.
    const text = (await repository.git.file('refs/heads/main', FORK_CHECK))?.toString('utf8') ?? '';
    await set.sandbox.push(repository, 'main', new Map([[FORK_CHECK, `${text}\n      - run: exit 1\n`]]));
    const pull = await open(repository);
    const check = await checkOf(repository, pull);

    expect(check).toMatchObject({ conclusion: 'timed_out' });
    expect(check.title).toContain('The fork check left no report');
  });

  it('of a repository whose base has no such check is told so', async () => {
    const repository = await fresh();
    await repository.git.commitFiles('main', new Map([[FORK_CHECK, null]]), 'Without it');
    const pull = await open(repository);
    const check = await checkOf(repository, pull);

    expect(check).toMatchObject({
      conclusion: 'action_required',
      title: 'No check for forks: fork-check.yml is missing on main',
    });
    expect(check.summary).toContain('`slsa-pipeline init`');
  });
});

describe("a bot's pull request", () => {
  it('T1: is not dispatched by somebody else who opens another one of its branch', async () => {
    const repository = await fresh();
    await repository.git.git('branch', 'update', 'main');
    const sha = await set.push(repository, 'update');
    await set.sandbox.openPull(repository, 'update', { author: set.sandbox.user('dependabot[bot]', 'Bot') });
    await set.check(repository, set.idOf(repository, 'refs/heads/update', sha));
    const { pulls } = repository;
    const [bot] = pulls;
    // The bot's own event is lost, and another person's comes.
    const again = await repository.git.commitFiles('update', new Map([['x.md', '# x\n']]), 'More');
    const mine = { ...bot!, id: 1, number: 2, author: set.sandbox.user('mallory'), baseRef: 'main' };
    pulls.push(mine);
    await set.sandbox.events.pull('opened', repository, mine);
    await set.sandbox.events.pull('synchronize', repository, bot!);
    await set.check(repository, set.idOf(repository, 'refs/heads/update', again));

    expect(repository.runs.filter(({ headSha, event }) => headSha === again && event === 'workflow_dispatch')).toEqual(
      [],
    );
  });

  it('is checked as a fork is where its base does not trust the bot, and its check says how to trust it', async () => {
    const repository = await fresh();
    await repository.git.git('branch', 'update', 'main');
    const sha = await set.push(repository, 'update');
    const author = set.sandbox.user('dependabot[bot]', 'Bot');
    await set.sandbox.openPull(repository, 'update', { author });
    const check = await set.check(repository, set.idOf(repository, 'refs/heads/update', sha));

    expect(check).toMatchObject({ conclusion: 'action_required' });
    expect(check.title).toMatch(/^Checked, not attested \(bot\)/);
    expect(check.summary).toContain(`\`trusted_bots: [${author.id}]\``);
    expect(repository.runs.filter(({ headSha }) => headSha === sha).map(({ event }) => event)).toEqual([
      'pull_request',
    ]);
  });
});
