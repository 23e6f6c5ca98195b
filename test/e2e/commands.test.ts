/** `/slsa …` and the buttons of a check: who may, what happens, what is answered. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { kindly } from '../../sandbox/github/webhooks.ts';
import type { CheckRunRecord, PullRecord, RepositoryRecord } from '../../sandbox/github/world.ts';
import { readSettings } from '../../src/domain/settings/read-settings.ts';
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

const until = async (isSo: () => boolean): Promise<void> => {
  for (let tries = 0; tries < 300 && !isSo(); tries += 1) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(isSo()).toBe(true);
};

interface Opened {
  readonly repository: RepositoryRecord;
  readonly pull: PullRecord;
  readonly sha: string;
}

/** A pull request on a repository of its own; kim may write, pat maintains. */
async function opened(settings = 'preset: minimal\n'): Promise<Opened> {
  const repository = await set.repository(`commands-${(serial += 1)}`, settings);
  repository.permissions.set('pat', 'maintain');
  await repository.git.git('branch', 'feature', 'main');
  const sha = await set.push(repository, 'feature');
  return { repository, pull: await set.sandbox.openPull(repository, 'feature'), sha };
}
const checked = ({ repository, sha }: Opened): Promise<CheckRunRecord> =>
  set.check(repository, set.idOf(repository, 'refs/heads/feature', sha));

/** Comments, and waits for the answer and the reaction to it. */
async function ask(
  { repository, pull }: Opened,
  login: string,
  body: string,
): Promise<{ answer: string; reactions: string[] }> {
  const id = set.sandbox.comment(repository, pull.number, login, body);
  const mine = () => repository.comments.filter((each) => each.body.startsWith(`<!-- slsa-pipeline:reply:${id} -->`));
  await until(() => mine().length > 0);
  const reactions = repository.reactions.filter((each) => each.commentId === id).map(({ content }) => content);
  return { answer: mine()[0]?.body ?? '', reactions };
}

describe('/slsa status and explain', () => {
  it('tell anybody how far the run is, what decided, and how to see it for oneself', async () => {
    Object.assign(scripts, { scan: { kind: 'vulnerable', severities: ['Critical', 'Low'] } });
    const there = await opened();
    await checked(there);

    const status = await ask(there, 'stranger', '/slsa status');
    expect(status.reactions).toEqual(['eyes', '+1']);
    expect(status.answer).toContain('**1 finding at or over critical');
    expect(status.answer).toMatch(/- Lint: 0 errors.*\n- Build: sha256:/);
    expect(status.answer).toMatch(/Run `slsa-run:\d+:refs\/heads\/feature:[0-9a-f]{40}:1`, attempt 1, delivery `/);

    const why = await ask(there, 'stranger', '/slsa explain');
    expect(why.answer).toContain('| expected | at most 0 findings at or over `critical` |');
    expect(why.answer).toContain('| found | 1 critical, 1 low |');
    expect(why.answer).toMatch(/grype \S+@sha256:[0-9a-f]{64} --fail-on critical/);
  });

  it('status asks GitHub anew, where a webhook was lost and the next look is minutes away', async () => {
    set.sandbox.webhooks.options.manner = (event) => (event === 'workflow_run' ? 'drop' : 'deliver');
    const there = await opened();
    await until(() =>
      there.repository.runs.some(({ file, status }) => file.startsWith('00') && status === 'completed'),
    );
    const { answer } = await ask(there, 'stranger', '/slsa status');
    expect(answer).toContain('- Lint: 0 errors');
    await checked(there);
  });

  it('answer each question of a comment, in its order, in one reply', async () => {
    Object.assign(scripts, { scan: { kind: 'vulnerable', severities: ['Critical'] } });
    const there = await opened('preset: minimal\nrules: [{ event: pull_request, max_findings: 0 }]\n');
    await checked(there);
    const { answer } = await ask(
      there,
      'stranger',
      '/slsa explain CVE-2026-1000\n/slsa explain policy\n/slsa explain level\n/slsa explain lint\n/slsa explain CVE-1999-0001',
    );
    const order = [
      '**`CVE-2026-1000`**',
      '- critical, `lodash 1.0.0`: fixed in `2.0.0`.',
      '| stages | lint, build, sbom, scan |',
      '- Rule 1 of the settings holds here: `pull_request` of `main`.',
      '**Build L',
      'docker run --rm -v "$PWD:/tmp/lint:rw" oxsecurity/megalinter:',
      '`CVE-1999-0001` is none of the findings',
    ].map((text) => answer.indexOf(text));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(order[0]).toBeGreaterThan(0);
  });
});

describe('/slsa cancel', () => {
  it('ends the run of the pull request for those who may write, and says so where there is none', async () => {
    Object.assign(scripts, { build: { kind: 'endless' } });
    const there = await opened();
    await until(() => there.repository.runs.some((run) => run.file.startsWith('01')));
    expect((await ask(there, 'stranger', '/slsa cancel')).answer).toContain('`/slsa cancel` needs write access');
    const { answer, reactions } = await ask(there, 'kim', '/slsa cancel');
    expect(answer).toContain('is being cancelled');
    expect(reactions).toEqual(['eyes', '+1']);
    expect(await checked(there)).toMatchObject({ conclusion: 'cancelled', title: 'Cancelled by kim' });
    await until(() => there.repository.runs.every((run) => run.status === 'completed'));

    const again = await ask(there, 'kim', '/slsa cancel');
    expect(again.answer).toContain(`No run of \`${there.sha.slice(0, 7)}\` is under way.`);
    expect(again.reactions).toEqual(['eyes', 'confused']);
  });
});

describe('T4: roles', () => {
  it.each([
    ['stranger', '/slsa rerun all'],
    ['stranger', '/slsa cancel'],
    ['stranger', '/slsa accept CVE-2026-1000 until 2099-12-31 x'],
    ['reader', '/slsa rerun'],
    ['kim', '/slsa accept CVE-2026-1000 until 2099-12-31 x'],
  ])('%s does nothing by %s, whatever name they had before', async (login, body) => {
    const there = await opened();
    there.repository.permissions.set('reader', 'read');
    await checked(there);
    // Its last words are out only once it has ended.
    await set.result(set.idOf(there.repository, 'refs/heads/feature', there.sha));
    // In this repository: runs of other tests may still be reporting.
    const path = `/repos/acme/${there.repository.name}/`;
    const writes = () =>
      set.sandbox.calls.filter(
        (call) => call.method !== 'GET' && call.path.startsWith(path) && !/(comments|reactions)/.test(call.path),
      );
    const before = writes().length;
    const { reactions } = await ask(there, login, body);
    expect(reactions).toEqual(['eyes', 'confused']);
    expect(writes()).toHaveLength(before);
    expect(there.repository.checkRuns).toHaveLength(1);
    expect(there.repository.pulls).toHaveLength(1);
  });
});

describe('/slsa help', () => {
  it.each([
    ['stranger', 'needs write access', 'needs maintain access'],
    ['kim', 'yes', 'needs maintain access'],
    ['pat', 'yes', 'yes'],
  ])('tells %s what they may do themselves', async (login, rerun, accept) => {
    const there = await opened();
    const { answer } = await ask(there, login, '/slsa help');
    expect(answer).toMatch(new RegExp(`rerun .*\\| ${rerun} \\|`));
    expect(answer).toMatch(new RegExp(`accept .*\\| ${accept} \\|`));
  });
});

describe('/slsa accept', () => {
  const wish = '/slsa accept CVE-2026-1000 pkg:npm/lodash until 2099-12-31 not reachable, see @acme/security #42';

  it('opens one pull request on the settings, which keeps what is there, and asks for maintain access', async () => {
    const there = await opened('# Ours\npreset: minimal # for now\n');
    expect((await ask(there, 'kim', wish)).answer).toContain('`/slsa accept` needs maintain access');
    const first = await ask(there, 'pat', wish);
    const second = await ask(there, 'pat', wish);
    const other = await ask(there, 'pat', wish.replace('lodash', 'left-pad'));

    const [, proposal, another, ...more] = there.repository.pulls;
    expect(more).toEqual([]);
    expect(other.answer).toContain(`#${another?.number} accepts`);
    expect(proposal).toMatchObject({
      baseRef: 'main',
      headRef: expect.stringMatching(/^slsa\/accept\/CVE-2026-1000-2099-12-31-[0-9a-f]{7}$/),
      title: 'Accept CVE-2026-1000 until 2099-12-31',
    });
    expect(proposal?.body).not.toContain('@acme');
    for (const { answer } of [first, second]) expect(answer).toContain(`#${proposal?.number} accepts`);
    const text = (await there.repository.git.file(proposal!.headRef, '.github/slsa-pipeline.yml'))?.toString() ?? '';
    expect(text).toContain('# Ours\npreset: minimal # for now\n');
    const reading = readSettings(text);
    expect(reading.kind === 'settings' ? reading.settings.exceptions : reading).toEqual([
      {
        id: 'CVE-2026-1000',
        package: 'pkg:npm/lodash',
        until: '2099-12-31',
        reason: 'not reachable, see @acme/security #42',
      },
    ]);
  });

  it('adopts no branch of that name that somebody has made before, whatever lies on it', async () => {
    const there = await opened();
    const first = await ask(there, 'pat', wish);
    const [, proposal] = there.repository.pulls;
    expect(first.answer).toContain(`#${proposal?.number} accepts`);
    proposal!.state = 'closed';
    await set.sandbox.push(there.repository, proposal!.headRef, new Map([['evil.txt', 'x']]));
    const { answer, reactions } = await ask(there, 'pat', wish);
    expect(answer).toContain(`I cannot: the branch ${proposal?.headRef} is there already: delete it, then ask again.`);
    expect(reactions).toEqual(['eyes', 'confused']);
    expect(there.repository.pulls).toHaveLength(2);
  });

  it.each([
    ['/slsa accept CVE-2026-1000 until 2020-01-01 old', 'I cannot: 2020-01-01 is over'],
    ['/slsa accept CVE-2026-1000 until tomorrow x', 'It is written `/slsa accept <CVE or GHSA>'],
    ['/slsa accept CVE-2026-1000 2099-01-01 x', 'not these words of it'],
  ])('%s is answered with what is wrong: %s', async (body, answer) => {
    const there = await opened();
    expect((await ask(there, 'pat', body)).answer).toContain(answer.replace('It is written ', ''));
    expect(there.repository.pulls).toHaveLength(1);
  });
});

describe('the buttons of a check', () => {
  it('explain below the summary, without changing what the check says', async () => {
    Object.assign(scripts, { lint: { kind: 'lint_errors', count: 2 } });
    const there = await opened('preset: standard\nauto_fix_lint: false\n');
    const check = await checked(there);
    expect(check.actions.map(({ label }) => label)).toEqual(['Fix lint', 'Re-run failed', 'Explain']);
    const { summary, conclusion } = check;
    set.sandbox.pressButton(there.repository, check.id, 'explain');
    await until(() => check.text !== null);
    expect(check).toMatchObject({ conclusion });
    expect(check.summary.replace(/Looked at .*/, '')).toBe(summary.replace(/Looked at .*/, ''));
    expect(check.text).toContain('| expected | no lint error |');
    expect(check.text).toContain('| found | 2 errors in 3 files (1 linter) |');
  });

  it('run what failed again, for those who may write', async () => {
    Object.assign(scripts, {
      scan: { kind: 'first', times: 1, script: { kind: 'vulnerable', severities: ['Critical'] } },
    });
    const there = await opened();
    const check = await checked(there);
    set.sandbox.pressButton(there.repository, check.id, 'rerun_failed', 'stranger');
    set.sandbox.pressButton(there.repository, check.id, 'rerun_failed', 'kim');
    const id = set.idOf(there.repository, 'refs/heads/feature', there.sha, 2);
    expect(await set.check(there.repository, id)).toMatchObject({ conclusion: 'success' });
    expect(dispatched(there.repository).map(({ file }) => file.slice(0, 2))).toEqual(['00', '01', '02', '03', '03']);
  });

  it('say where the branch has moved on, instead of nothing', async () => {
    const there = await opened();
    const check = await checked(there);
    const later = await set.push(there.repository, 'feature');
    await set.check(there.repository, set.idOf(there.repository, 'refs/heads/feature', later));
    set.sandbox.pressRerun(there.repository, check.id, 'kim');
    await until(() => check.text !== null);
    expect(check.text).toContain(`which is \`${later}\`: press Re-run there`);
    expect(there.repository.checkRuns).toHaveLength(2);
  });

  it('set up a repository that has nothing yet, by one pull request', async () => {
    const repository = await set.sandbox.createRepository(`commands-${(serial += 1)}`);
    const sha = await set.sandbox.push(repository, 'main', new Map([['a.txt', 'a']]));
    const check = await set.check(repository, set.idOf(repository, 'refs/heads/main', sha));
    expect(check).toMatchObject({ conclusion: 'neutral', title: 'Not set up yet' });
    set.sandbox.pressButton(repository, check.id, 'set_up', 'stranger');
    set.sandbox.pressButton(repository, check.id, 'set_up');
    await until(() => check.text !== null);
    set.sandbox.pressButton(repository, check.id, 'set_up');
    await until(() => repository.pulls.length > 0);

    expect(repository.pulls).toMatchObject([{ headRef: 'slsa/setup', title: 'Set up the SLSA pipeline' }]);
    expect(check.text).toContain(`#${repository.pulls[0]?.number} adds the settings`);
    const text = (await repository.git.file('slsa/setup', '.github/slsa-pipeline.yml'))?.toString() ?? '';
    expect(readSettings(text)).toMatchObject({ kind: 'settings', settings: { preset: 'standard' } });
  });
});
