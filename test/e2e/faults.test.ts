/** When GitHub, its webhooks or its runners misbehave: every run ends, says truly why, and dispatches nothing twice. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { status } from '../../sandbox/faults.ts';
import type { RepositoryRecord } from '../../sandbox/github/world.ts';
import { kindly } from '../../sandbox/github/webhooks.ts';
import { type Scripts } from './scripted-stages.ts';
import { StageSet } from './stage-set.ts';
import { measureHistory, recordHistory } from './temporal-history.ts';

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
  set.repository(`faults-${(serial += 1)}`, settings);
const DISPATCH = { method: 'POST', path: /01-build-image\.yml\/dispatches$/ };
const filesOf = (repository: RepositoryRecord): string[] => repository.runs.map(({ file }) => file.slice(0, 2));

describe('a dispatch', () => {
  it('F9: whose answer is lost is found again by its title, and not sent twice', async () => {
    const repository = await fresh();
    set.sandbox.faults.add({ ...DISPATCH, nth: [1], fault: { kind: 'effect-then-cut' } });
    const { check } = await set.pushed(repository);

    expect(check.conclusion).toBe('success');
    expect(filesOf(repository)).toEqual(['00', '01', '02', '03']);
  });

  it('F12: that never arrived is sent again after a search, and the check says so', async () => {
    const repository = await fresh();
    set.sandbox.faults.add({ ...DISPATCH, nth: [1], fault: { kind: 'cut-before-effect' } });
    const { check, result } = await set.pushed(repository);

    expect(check.conclusion).toBe('success');
    expect(filesOf(repository)).toEqual(['00', '01', '02', '03']);
    expect(result.decisions.map(({ kind }) => kind)).toContain('dispatched_again');
  });

  it('F9: that is answered with 502 each time ends in no result, and never in a pass', async () => {
    const repository = await fresh();
    set.sandbox.faults.add({ ...DISPATCH, fault: status(502, 'Bad Gateway') });
    const { check } = await set.pushed(repository);

    expect(check).toMatchObject({ conclusion: 'timed_out' });
    expect(check.title).toBe('Not your fault: Build: 3 dispatches were sent and none of them started a run');
  });

  it('F14: that is refused says what to grant', async () => {
    const repository = await fresh();
    set.sandbox.faults.add({ ...DISPATCH, fault: status(403, 'Resource not accessible by integration') });
    const { check } = await set.pushed(repository);

    expect(check).toMatchObject({ conclusion: 'action_required' });
    expect(check.summary).toContain('Grant the App "Actions: write"');
  });

  it('F10: is sent again after a rate limit, by a run that slept meanwhile', async () => {
    const repository = await fresh();
    set.sandbox.faults.add({
      ...DISPATCH,
      nth: [1],
      fault: status(403, 'You have exceeded a secondary rate limit', { 'retry-after': '2' }),
    });
    const started = Date.now();
    const { check } = await set.pushed(repository);

    expect(check.conclusion).toBe('success');
    expect(Date.now() - started).toBeGreaterThan(2000);
    expect(filesOf(repository)).toEqual(['00', '01', '02', '03']);
  });
});

describe('reads', () => {
  it('F8: that fail for a while are tried again', async () => {
    const repository = await fresh();
    set.sandbox.faults.add({ method: 'GET', path: /\/artifacts\/\d+\/zip$/, nth: [1, 2], fault: status(502) });
    set.sandbox.faults.add({ method: 'GET', path: /\/contents\//, nth: [1], fault: status(500) });
    const { check } = await set.pushed(repository);

    expect(check.conclusion).toBe('success');
  });

  it('F11: with a token that has expired are made with a new one', async () => {
    const repository = await fresh();
    set.sandbox.faults.add({
      method: 'GET',
      path: /\/actions\/runs\/\d+$/,
      nth: [1],
      fault: status(401, 'Bad credentials'),
    });
    const { check } = await set.pushed(repository);

    expect(check.conclusion).toBe('success');
  });
});

describe('webhooks', () => {
  it('F4: of stage runs that are all lost cost time only', async () => {
    const repository = await fresh();
    set.sandbox.webhooks.options.manner = (event) => (event === 'workflow_run' ? 'drop' : 'deliver');
    const { check } = await set.pushed(repository);

    expect(check.conclusion).toBe('success');
  });
});

describe('runners', () => {
  it('F19: that never take a stage end it after a while, and its run is cancelled', async () => {
    const repository = await fresh();
    set.sandbox.engine.options.queueMs = 600_000;
    try {
      const { check } = await set.pushed(repository);
      expect(check.conclusion).toBe('timed_out');
      expect(check.title).toMatch(/^Not your fault: Lint: no runner took the stage/);
      expect(repository.runs.every((run) => run.status === 'completed' && run.conclusion === 'cancelled')).toBe(true);
    } finally {
      set.sandbox.engine.options.queueMs = 10;
    }
  });
});

describe('artifacts', () => {
  it('F20, T37: that were swapped after they were listed are refused', async () => {
    const repository = await fresh();
    Object.assign(scripts, {
      scan: {
        kind: 'artifact',
        files: () => {
          setTimeout(() => {
            const artifact = repository.artifacts.at(-1)!;
            artifact.zip = Buffer.concat([artifact.zip, Buffer.from('x')]);
          }, 0);
          return new Map([['stage.json', '{}']]);
        },
      },
    });
    const { check } = await set.pushed(repository);

    expect(check.conclusion).toBe('timed_out');
    expect(check.title).toMatch(/Scan: the artifact is sha256:[0-9a-f]{64}, but GitHub listed/);
  });

  it('F27: of 30 MB are read, and leave no more than fifty findings in the history', async () => {
    const repository = await fresh('preset: standard\nfail_on_lint_errors: false\n');
    const finding = {
      ruleId: 'R1',
      level: 'error',
      message: { text: 'm'.repeat(200) },
      locations: [{ physicalLocation: { artifactLocation: { uri: 'a/b.py' }, region: { startLine: 1 } } }],
    };
    const sarif = JSON.stringify({
      runs: [{ tool: { driver: { name: 'ruff' } }, results: Array.from({ length: 95_000 }, () => finding) }],
    });
    expect(sarif.length).toBeGreaterThan(30_000_000);
    Object.assign(scripts, {
      lint: {
        kind: 'artifact',
        conclusion: 'failure',
        files: (job: { inputs: Record<string, string> }) =>
          new Map([
            [
              'stage.json',
              JSON.stringify({
                schemaVersion: 1,
                stage: 'lint',
                commit: job.inputs['commit'],
                exitCode: 1,
                tool: { name: 'x', version: '1' },
              }),
            ],
            [
              'megalinter-reports/mega-linter-report.json',
              JSON.stringify({
                linters: [{ name: 'PYTHON_RUFF', status: 'error', total_number_errors: 95_000 }],
                status: 'error',
                return_code: 1,
              }),
            ],
            ['megalinter-reports/megalinter-report.sarif', sarif],
          ]),
      },
    });
    const { check, result } = await set.pushed(repository);
    const history = await measureHistory(set.temporal.address, result.workflowId);

    expect(check.conclusion).toBe('success');
    expect(history.events).toBeLessThan(500);
    // Fifty findings pass through it a few times: read, kept, annotated. A slow machine adds looks, of some hundred bytes each.
    expect(history.bytes).toBeLessThan(300_000);
    expect(history.largestPayload).toBeLessThan(32_000);
  });
});

describe('two pipelines at once', () => {
  it("F12: never touch each other's stage runs, also where lists lag", async () => {
    set.sandbox.engine.options.listLagMs = 2000;
    set.sandbox.faults.add({ ...DISPATCH, fault: { kind: 'effect-then-cut' } });
    const repository = await fresh('preset: minimal\non:\n  push:\n    branches: ["release/*"]\n');
    await repository.git.git('branch', 'release/1', 'main');
    const shas = await Promise.all([set.push(repository, 'main'), set.push(repository, 'release/1')]);
    const refs = ['refs/heads/main', 'refs/heads/release/1'];
    const ids = shas.map((sha, index) => set.idOf(repository, refs[index]!, sha));
    const checks = await Promise.all(ids.map((id) => set.check(repository, id)));
    set.sandbox.engine.options.listLagMs = 300;

    expect(checks.map(({ conclusion }) => conclusion)).toEqual(['success', 'success']);
    for (const [index, id] of ids.entries()) {
      const { outcomes } = await set.result(id);
      const own = repository.runs.filter((run) => run.headSha === shas[index]).map((run) => run.id);
      for (const outcome of Object.values(outcomes))
        expect(own).toContain((outcome as { run: { actionsRunId: number } }).run.actionsRunId);
    }
    await recordHistory(set.temporal.address, ids[0]!, 'minimal-with-lost-dispatch');
  });
});
