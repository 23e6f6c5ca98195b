/** How runs end: each line of the verdict table, told by a whole run over the real wire. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Scripts } from './scripted-stages.ts';
import { StageSet } from './stage-set.ts';

const scripts: Scripts = {};
let set: StageSet;

beforeAll(async () => {
  set = await StageSet.open({ scripts });
});
afterAll(() => set.close());

interface Ending {
  readonly name: string;
  readonly settings?: string;
  readonly scripts?: Scripts;
  readonly conclusion: string;
  readonly status: string;
  readonly end: string;
  readonly title: RegExp;
  readonly dispatched: readonly string[];
}

const ALL = ['00', '01', '02', '03', '04', '05', '06'];
const findings = (...severities: string[]): Scripts => ({ scan: { kind: 'vulnerable', severities } });

const ENDINGS: readonly Ending[] = [
  {
    name: 'a clean commit passes the standard pipeline',
    conclusion: 'success',
    status: 'success',
    end: 'DONE',
    title: /^Build L2: built by the repository's own workflow/,
    dispatched: ALL,
  },
  {
    name: 'a clean commit passes the minimal pipeline',
    settings: 'preset: minimal\n',
    conclusion: 'success',
    status: 'success',
    end: 'DONE',
    title: /^Build L2: built by the repository's own workflow/,
    dispatched: ALL.slice(0, 4),
  },
  {
    name: 'a clean commit passes without linting',
    settings: 'preset: skip_linting\n',
    conclusion: 'success',
    status: 'success',
    end: 'DONE',
    title: /^Build L2: built by the repository's own workflow/,
    dispatched: ALL.slice(1),
  },
  {
    name: 'signing none leaves the signing stages out, and says why',
    settings: 'signing: none\n',
    conclusion: 'success',
    status: 'success',
    end: 'DONE',
    title: /^Build L1: provenance is unsigned/,
    dispatched: ALL.slice(0, 4),
  },
  {
    name: 'lint errors end a strict run before the build',
    scripts: { lint: { kind: 'lint_errors', count: 3 } },
    conclusion: 'failure',
    status: 'failure',
    end: 'FAILED',
    title: /^3 lint errors in 1 linter$/,
    dispatched: ['00'],
  },
  {
    name: 'lint errors are tolerated where lint is not strict',
    settings: 'fail_on_lint_errors: false\n',
    scripts: { lint: { kind: 'lint_errors', count: 3 } },
    conclusion: 'success',
    status: 'success',
    end: 'DONE',
    title: /^Build L2: built by the repository's own workflow/,
    dispatched: ALL,
  },
  {
    name: 'a failed build ends the run',
    scripts: { build: { kind: 'build_fails' } },
    conclusion: 'failure',
    status: 'failure',
    end: 'FAILED',
    title: /^The image did not build/,
    dispatched: ALL.slice(0, 2),
  },
  {
    name: 'a finding at the threshold ends the run',
    scripts: findings('High', 'Medium'),
    conclusion: 'failure',
    status: 'failure',
    end: 'FAILED',
    title: /^1 finding at or over high/,
    dispatched: ALL.slice(0, 5),
  },
  {
    name: 'a finding over the threshold ends the run',
    scripts: findings('Critical'),
    conclusion: 'failure',
    status: 'failure',
    end: 'FAILED',
    title: /^1 finding at or over high/,
    dispatched: ALL.slice(0, 5),
  },
  {
    name: 'findings under the threshold pass',
    scripts: findings('Medium', 'Low', 'Unknown'),
    conclusion: 'success',
    status: 'success',
    end: 'DONE',
    title: /0 findings at or over high/,
    dispatched: ALL,
  },
  {
    name: 'as many findings as are allowed pass',
    settings: 'max_findings: 1\n',
    scripts: findings('High'),
    conclusion: 'success',
    status: 'success',
    end: 'DONE',
    title: /1 finding at or over high/,
    dispatched: ALL,
  },
  {
    name: 'a scanner that crashed is no clean scan',
    scripts: { scan: { kind: 'crash' } },
    conclusion: 'timed_out',
    status: 'error',
    end: 'FAILED',
    title: /^Not your fault: Scan gave no result \(retried twice\)$/,
    dispatched: [...ALL.slice(0, 5), '03', '03'],
  },
  {
    name: 'a signature that failed is no pass',
    scripts: { sign: { kind: 'crash' } },
    conclusion: 'timed_out',
    status: 'error',
    end: 'FAILED',
    title: /^Not your fault: Sign gave no result \(retried twice\)$/,
    dispatched: [...ALL.slice(0, 5), '04', '04'],
  },
  {
    name: 'an attestation that failed is no pass',
    scripts: { attest: { kind: 'crash' } },
    conclusion: 'timed_out',
    status: 'error',
    end: 'FAILED',
    title: /^Not your fault: Attest gave no result \(retried twice\)$/,
    dispatched: [...ALL.slice(0, 6), '05', '05'],
  },
  {
    name: 'a missing artifact is no pass, even after success',
    scripts: { sbom: { kind: 'no_artifact' } },
    conclusion: 'timed_out',
    status: 'error',
    end: 'FAILED',
    title: /^Not your fault: SBOM ended without a report \(retried twice\)$/,
    dispatched: ['00', '01', '02', '02', '02', '04'],
  },
  {
    name: 'an empty report is no pass',
    scripts: {
      scan: {
        kind: 'artifact',
        files: () =>
          new Map([
            ['stage.json', ''],
            ['grype.json', ''],
          ]),
      },
    },
    conclusion: 'timed_out',
    status: 'error',
    end: 'FAILED',
    title: /stage\.json is empty/,
    dispatched: ALL.slice(0, 5),
  },
  {
    name: 'an archive with a path that leads out of it is refused whole',
    scripts: {
      lint: {
        kind: 'artifact',
        files: () =>
          new Map([
            ['../../etc/passwd', 'x'],
            ['stage.json', '{"schemaVersion":1}'],
          ]),
      },
    },
    conclusion: 'timed_out',
    status: 'error',
    end: 'FAILED',
    title: /^Not your fault: Lint: the artifact is not a readable zip/,
    dispatched: ['00'],
  },
];

describe('a push to the default branch', () => {
  it.each(ENDINGS)('$name', async (ending) => {
    for (const stage of Object.keys(scripts)) Reflect.deleteProperty(scripts, stage);
    Object.assign(scripts, ending.scripts ?? {});
    const repository = await set.repository(`app-${ENDINGS.indexOf(ending)}`, ending.settings);
    const { sha, check, result } = await set.pushed(repository);

    expect({ conclusion: check.conclusion, end: result.end }).toEqual({
      conclusion: ending.conclusion,
      end: ending.end,
    });
    expect(check.title).toMatch(ending.title);
    expect(check.name).toBe('SLSA pipeline');
    const states = repository.statuses.filter((status) => status.sha === sha);
    expect(states.at(-1)).toMatchObject({ context: 'slsa/build-level', state: ending.status });
    expect(repository.runs.map(({ file }) => file.slice(0, 2)).toSorted()).toEqual([...ending.dispatched].toSorted());
    expect(repository.checkRuns).toHaveLength(1);
  });
});
