/** Faults of infrastructure, told from the repository's own by what shows them: tried again, shown, and never a pass. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { secondaryLimit, status } from '../../sandbox/faults.ts';
import type { RepositoryRecord } from '../../sandbox/github/world.ts';
import { kindly } from '../../sandbox/github/webhooks.ts';
import { type Script, type Scripts } from './scripted-stages.ts';
import { StageSet } from './stage-set.ts';
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
  set.sandbox.engine.options.queueMs = 10;
});

const fresh = (settings = 'preset: minimal\n'): Promise<RepositoryRecord> =>
  set.repository(`infrastructure-${(serial += 1)}`, settings);
const filesOf = (repository: RepositoryRecord): string[] => repository.runs.map(({ file }) => file.slice(0, 2));
const DATABASE_GONE = [
  '##[group]Run anchore/scan-action',
  'grype sbom:sbom/sbom.cdx.json -o json',
  '1 error occurred:',
  '\t* failed to load vulnerability db: unable to update vulnerability db: dial tcp: lookup grype.anchore.io: no such host',
  '##[error]Process completed with exit code 1.',
].join('\n');
const ended = (end: Omit<Extract<Script, { kind: 'ends' }>, 'kind'>): Script => ({ kind: 'ends', ...end });
const databaseGone = ended({ conclusion: 'failure', log: DATABASE_GONE });

describe('a stage that a fault of infrastructure hit', () => {
  it('F15: is dispatched again, says which attempt it is and why, and the run passes', async () => {
    Object.assign(scripts, { scan: { kind: 'first', times: 1, script: databaseGone } });
    const repository = await fresh();
    const { check, result } = await set.pushed(repository);

    expect(check.conclusion).toBe('success');
    expect(filesOf(repository)).toEqual(['00', '01', '02', '03', '03']);
    expect(result.decisions).toContainEqual({
      kind: 'stage_retried',
      reason: expect.stringMatching(
        /^Scan is tried again \(attempt 2 of 3, infrastructure: the vulnerability database could not be had \(.*no such host/,
      ),
    });
    expect(check.summary).toContain('attempt 2 of 3');
    await recordHistory(set.temporal.address, result.workflowId, 'retried');
  });

  it("F15: three times in a row is no result, tells what its log says, and is nobody's fault here", async () => {
    Object.assign(scripts, { scan: databaseGone });
    const repository = await fresh();
    const { check } = await set.pushed(repository);

    expect(check).toMatchObject({
      conclusion: 'timed_out',
      title: 'Not your fault: Scan gave no result (retried twice)',
    });
    expect(filesOf(repository)).toEqual(['00', '01', '02', '03', '03', '03']);
    expect(check.summary).toContain('failed to load vulnerability db');
    expect(check.summary).toContain('It was retried twice: the same.');
    expect(check.summary).toContain('A stage without a report is never counted as clean');
    expect(repository.issues).toEqual([]);
  });

  it.each([
    [
      'whose runner was lost',
      {
        conclusion: 'failure',
        annotations: [
          {
            level: 'failure',
            message:
              'The hosted runner lost communication with the server. Anything in your workflow that terminates the runner process can cause this.',
          },
        ],
      },
      /the runner was lost/,
    ],
    [
      'of which no job was ever made',
      { conclusion: 'failure', jobs: 'none' },
      /Actions ended it failure before any step ran/,
    ],
    [
      'that could not start, without a word from GitHub',
      { conclusion: 'startup_failure', silent: true },
      /Actions ended it startup_failure before any step ran/,
    ],
  ] as const)('F5, F15: %s is dispatched again', async (_name, end, reason) => {
    Object.assign(scripts, { lint: { kind: 'first', times: 1, script: ended(end) } });
    const repository = await fresh();
    const { check, result } = await set.pushed(repository);

    expect(check.conclusion).toBe('success');
    expect(filesOf(repository)).toEqual(['00', '00', '01', '02', '03']);
    expect(result.decisions.find(({ kind }) => kind === 'stage_retried')?.reason).toMatch(reason);
  });

  it('F5: that could not start since its file is not the one that we render asks a person, at once', async () => {
    Object.assign(scripts, { sbom: ended({ conclusion: 'startup_failure', silent: true }) });
    const repository = await fresh();
    const files = await set.sandbox.setUpFiles('preset: minimal\n');
    const own = `${String(files.get('.github/workflows/02-generate-sbom.yml'))}# changed by hand\n`;
    const sha = await set.sandbox.push(repository, 'main', new Map([['.github/workflows/02-generate-sbom.yml', own]]));
    const check = await set.check(repository, set.idOf(repository, 'refs/heads/main', sha));

    expect(check.conclusion).toBe('action_required');
    expect(check.title).toMatch(
      /^SBOM: GitHub could not start \.github\/workflows\/02-generate-sbom\.yml, and it is not the file/,
    );
    expect(filesOf(repository)).toEqual(['00', '01', '02']);
  });

  it('F15, F20: a build that failed since a registry was down is tried again, and one that failed by itself is not', async () => {
    const registryDown =
      'ERROR: failed to build: failed to solve: node:24: failed to resolve source metadata for docker.io/library/node:24: unexpected status from HEAD request: 503 Service Unavailable';
    Object.assign(scripts, {
      build: {
        kind: 'first',
        times: 1,
        script: {
          kind: 'build_fails',
          log: `#4 [internal] load metadata\n##[error]buildx failed with: ${registryDown}`,
        },
      },
    });
    const first = await fresh();
    expect((await set.pushed(first)).check.conclusion).toBe('success');
    expect(filesOf(first)).toEqual(['00', '01', '01', '02', '03']);

    const own =
      '#7 [3/4] RUN npm test\n#7 1.234 Error: connect ECONNREFUSED 127.0.0.1:5432\n##[error]buildx failed with: ERROR: failed to build: failed to solve: process "/bin/sh -c npm test" did not complete successfully: exit code: 1';
    Object.assign(scripts, { build: { kind: 'build_fails', log: own } });
    const second = await fresh();
    const { check } = await set.pushed(second);
    expect(check).toMatchObject({ conclusion: 'failure', title: 'The image did not build (exit code 1)' });
    expect(filesOf(second)).toEqual(['00', '01']);
    expect(check.summary).toContain('npm test');
  });

  it('F15: the pause between two attempts ends with the run, should a newer commit come', async () => {
    Object.assign(scripts, { lint: ended({ conclusion: 'failure', jobs: 'none' }) });
    const repository = await fresh();
    const first = await set.push(repository, 'main');
    for (let tries = 0; tries < 200 && repository.runs.length < 1; tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 10));
    Reflect.deleteProperty(scripts, 'lint');
    const second = await set.push(repository, 'main');
    const check = await set.check(repository, set.idOf(repository, 'refs/heads/main', second));
    const old = await set.check(repository, set.idOf(repository, 'refs/heads/main', first));

    expect(check.conclusion).toBe('success');
    expect(['cancelled', 'success']).toContain(old.conclusion);
  });
});

describe('a stage run that people touch', () => {
  it('F18: re-run by hand while it is waited for counts by its newest attempt', async () => {
    Object.assign(scripts, { lint: { kind: 'slow', milliseconds: 1500 } });
    const repository = await fresh();
    set.sandbox.webhooks.options.manner = (event) => (event === 'workflow_run' ? 'drop' : 'deliver');
    const sha = await set.push(repository, 'main');
    for (let tries = 0; tries < 400 && repository.runs[0]?.status !== 'completed'; tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 10));
    await set.sandbox.engine.rerun(repository, repository.runs[0]!);
    const workflowId = set.idOf(repository, 'refs/heads/main', sha);
    const check = await set.check(repository, workflowId);

    expect(check.conclusion).toBe('success');
    expect((await set.result(workflowId)).outcomes.lint).toMatchObject({ run: { attempt: expect.any(Number) } });
  });

  it('F18: re-run by hand after the run has ended changes nothing of it', async () => {
    const repository = await fresh();
    const { check } = await set.pushed(repository);
    const { updates, title } = check;
    await set.sandbox.engine.rerun(repository, repository.runs[3]!);
    await set.sandbox.engine.settle();
    await set.sandbox.webhooks.settle();
    await new Promise((resolve) => setTimeout(resolve, 500));

    expect({ updates: check.updates, title: check.title }).toEqual({ updates, title });
    expect(repository.checkRuns).toHaveLength(1);
  });
});

describe('GitHub itself', () => {
  it('F10: asked for patience, hears nothing of this installation until it is over', async () => {
    const repository = await fresh();
    set.sandbox.faults.add({ method: 'GET', path: /\/artifacts$/, nth: [1], fault: secondaryLimit(3) });
    const { check } = await set.pushed(repository);
    const limited = set.sandbox.calls.findLast(({ status: code }) => code === 403);
    const next = set.sandbox.calls.find(({ at, path }) => at > (limited?.at ?? 0) && path.startsWith('/repos/'));

    expect(check.conclusion).toBe('success');
    expect((next?.at ?? 0) - (limited?.at ?? 0)).toBeGreaterThanOrEqual(2900);
  });

  it('F16: is polled cheaply: nine of ten looks at a run that goes on are answered with 304', async () => {
    Object.assign(scripts, { build: { kind: 'slow', milliseconds: 9000 } });
    const repository = await fresh();
    set.sandbox.webhooks.options.manner = (event) => (event === 'workflow_run' ? 'drop' : 'deliver');
    await set.pushed(repository);
    const build = repository.runs.find(({ file }) => file.startsWith('01'));
    const looks = set.sandbox.calls.filter(({ path }) => path.endsWith(`/actions/runs/${build?.id}`));
    const unchanged = looks.filter(({ status: code }) => code === 304);

    expect(looks.length).toBeGreaterThanOrEqual(4);
    // The first look, the one that sees it work, and the one that sees it done bring something new.
    expect(unchanged.length).toBeGreaterThanOrEqual(looks.length - 3);
  });

  it.each([
    ['the installation is suspended', status(403, 'This installation has been suspended')],
    ['the repository is gone', status(404, 'Not Found')],
    ['the repository is blocked', status(451, 'Repository access blocked')],
  ])('F14: where %s, the run ends with a reason, and nothing is dispatched after it', async (_name, fault) => {
    const repository = await fresh();
    set.sandbox.faults.add({ method: '*', path: new RegExp(`/${repository.name}/actions/`), fault });
    const { check } = await set.pushed(repository);

    expect(['action_required', 'timed_out']).toContain(check.conclusion);
    expect(check.title).not.toBe('');
    expect(repository.runs).toEqual([]);
  });

  it('F12: that does not show yet what was just made is asked again', async () => {
    const repository = await fresh();
    set.sandbox.faults.add({
      method: 'GET',
      path: /\/actions\/workflows\/[^/]+\/runs$/,
      nth: [1, 2],
      fault: { kind: 'stale-read' },
    });
    set.sandbox.faults.add({
      method: 'POST',
      path: /01-build-image\.yml\/dispatches$/,
      nth: [1],
      fault: { kind: 'effect-then-cut' },
    });
    const { check } = await set.pushed(repository);

    expect(check.conclusion).toBe('success');
    expect(filesOf(repository)).toEqual(['00', '01', '02', '03']);
  });

  it('F20: whose store cuts a download is asked for a fresh address', async () => {
    const repository = await fresh();
    set.sandbox.faults.add({ method: 'GET', path: /^\/_blobs\//, nth: [1], fault: { kind: 'truncate-body' } });
    expect((await set.pushed(repository)).check.conclusion).toBe('success');
  });

  it('F38: whose attestations cannot be read gives no result, and no lower level', async () => {
    const repository = await fresh('preset: standard\n');
    set.sandbox.faults.add({
      method: 'GET',
      path: /\/attestations\//,
      fault: { kind: 'swap', body: { not: 'what was promised' } },
    });
    const sha = await set.push(repository, 'main');
    const workflowId = set.idOf(repository, 'refs/heads/main', sha);
    for (let tries = 0; tries < 200 && repository.runs.length < 2; tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 50));
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(repository.checkRuns.find(({ externalId }) => externalId === workflowId)?.status).toBe('in_progress');
    set.sandbox.faults.clear();
    expect((await set.check(repository, workflowId, 60_000)).conclusion).toBe('success');
  }, 90_000);
});
