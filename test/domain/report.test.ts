/** What people read: the check run, the status, and that nothing of others acts in them. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import MarkdownIt from 'markdown-it';
import { CommitSha, Digest, GitRef } from '../../src/domain/git.ts';
import { checkName, checkReport, cutOnLine, statusContext } from '../../src/domain/report/check-report.ts';
import type { ExplainTopic } from '../../src/domain/command/command-grammar.ts';
import { unknownReply } from '../../src/domain/command/replies.ts';
import { explain } from '../../src/domain/report/explain.ts';
import { duration } from '../../src/domain/report/durations.ts';
import { codeSpan, inertMarkdown, plainLine } from '../../src/domain/report/plain-text.ts';
import { statusReport } from '../../src/domain/report/status-report.ts';
import type { RunDocument } from '../../src/domain/run/run-document.ts';
import { WEBHOOK_TIMING } from '../../src/domain/run/timing.ts';
import type { Trigger } from '../../src/domain/run/trigger.ts';
import { verdict } from '../../src/domain/run/verdict.ts';

const markdown = new MarkdownIt({ html: true, linkify: true });
const DIGEST = Digest.parse(`sha256:${'9c1e'.repeat(16)}`);
const run = {
  actionsRunId: 18,
  attempt: 1,
  url: 'https://github.com/acme/app/actions/runs/18',
  conclusion: 'success',
  startedAt: '2026-11-23T14:00:00Z',
  endedAt: '2026-11-23T14:01:50Z',
  artifact: null,
};
const PUSH: Trigger = { kind: 'push', actor: 'kim' };

function document(more: Partial<RunDocument> = {}): RunDocument {
  return {
    request: {
      repository: {
        id: 1,
        owner: 'acme',
        ownerId: 2,
        name: 'app',
        defaultBranch: 'main',
        visibility: 'public',
        installationId: 3,
      },
      ref: GitRef.parse('refs/heads/main'),
      sha: CommitSha.parse('4f2c9e1'.padEnd(40, '0')),
      attempt: 1,
      triggers: [PUSH],
      delivery: '72d3',
      resumes: null,
      timing: WEBHOOK_TIMING,
      checkRunId: null,
      overlapsBuild: false,
    },
    workflowId: 'slsa-run:1:refs/heads/main:4f2c:1',
    phase: 'running',
    plan: {
      preset: 'standard',
      stages: ['lint', 'build', 'sbom', 'scan'],
      gates: { failOnLintErrors: true, failOnVulnerabilities: true, threshold: 'high', maxFindings: 0 },
      autoFixLint: true,
      afterAutoFix: 'build',
      updateCommitStatus: true,
      image: {
        name: 'ghcr.io/acme/app',
        tag: 'main-4f2c9e1',
        dockerfile: 'Dockerfile',
        context: '.',
        target: '',
        platforms: ['linux/amd64'],
        buildArgs: {},
      },
      signing: 'public_log',
      verifies: false,
      builder: null,
      levelAfterMerge: null,
      imageFlags: {},
      stageFiles: {} as NonNullable<RunDocument['plan']>['stageFiles'],
      settingsDigest: DIGEST,
    },
    stages: [],
    outcomes: {},
    evidence: null,
    decisions: [],
    issues: [],
    verdict: null,
    mistakes: [],
    problem: null,
    lookedAt: '2026-11-23T14:04:10Z',
    startedAt: '2026-11-23T14:00:00Z',
    ...more,
  };
}

describe('the check run', () => {
  it('says while it runs what it is doing, how far it is, and where to look', () => {
    const report = checkReport(
      document({
        stages: [
          { stage: 'lint', state: 'ended', url: run.url, since: null },
          {
            stage: 'build',
            state: 'running',
            url: 'https://github.com/acme/app/actions/runs/19',
            since: '2026-11-23T14:02:00Z',
          },
          { stage: 'sbom', state: 'waiting', url: null, since: null },
          { stage: 'scan', state: 'waiting', url: null, since: null },
        ],
        outcomes: {
          lint: {
            kind: 'finished',
            run,
            result: {
              linters: 4,
              files: 214,
              errors: 0,
              warnings: 0,
              failedLinters: [],
              findings: [],
              findingsFrom: 'sarif',
            },
          },
        },
      }),
    );
    expect(report).toMatchObject({
      name: 'SLSA pipeline',
      title: 'Building image · 2 of 4',
      status: 'in_progress',
      conclusion: null,
    });
    expect(report.summary.split('\n')).toEqual([
      '**Working on `ghcr.io/acme/app:main-4f2c9e1` at `4f2c9e1`** (preset `standard`, started by a push from kim)',
      '',
      '| stage | result | took | |',
      '| --- | --- | --- | --- |',
      '| Lint | 0 errors in 214 files (4 linters) | 1 min 50 s | [log](https://github.com/acme/app/actions/runs/18) |',
      '| Build | running since 14:02:00 UTC |  | [log](https://github.com/acme/app/actions/runs/19) |',
      '| SBOM | waits |  |  |',
      '| Scan | waits |  |  |',
      '',
      'Looked at 14:04:10 UTC. Run `slsa-run:1:refs/heads/main:4f2c:1`, attempt 1. Started from delivery `72d3`.',
    ]);
  });

  it('names the findings that stopped it, and their fixes', () => {
    const worst = [
      {
        id: 'GHSA-35jh-r3h4-6jhm',
        severity: 'high' as const,
        package: 'lodash',
        version: '4.17.20',
        fixedIn: '4.17.21',
        location: '/app/package-lock.json',
        url: 'https://github.com/advisories/GHSA-35jh-r3h4-6jhm',
      },
    ];
    const { summary, conclusion } = checkReport(
      document({
        phase: 'ended',
        verdict: verdict(
          'failure',
          '1 finding at or over high · fix: upgrade lodash to 4.17.21',
          'Upgrade the packages named below, then push.',
        ),
        outcomes: {
          scan: {
            kind: 'finished',
            run,
            result: {
              counts: { critical: 0, high: 1, medium: 0, low: 0, negligible: 0, unknown: 0 },
              matches: 1,
              ignored: 0,
              worst,
              databaseBuilt: null,
              sbomSha256: 'x',
            },
          },
        },
      }),
    );
    expect(conclusion).toBe('failure');
    expect(summary).toContain(
      '| `GHSA-35jh-r3h4-6jhm`, high | `lodash 4.17.20` (`/app/package-lock.json`) | `4.17.21` | [advisory](https://github.com/advisories/GHSA-35jh-r3h4-6jhm) |',
    );
    const order = [
      '**The gate `fail_on_vulnerabilities`, from `high` on, stopped this run of**',
      'What you can do: Upgrade the packages named below, then push.',
      '| finding | package | fixed in | |',
    ].map((text) => summary.indexOf(text));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(order[0]).toBe(0);
  });

  it.each([
    ['refs/heads/main', [PUSH], 'SLSA pipeline', 'slsa/build-level'],
    ['refs/heads/release/1.0', [PUSH], 'SLSA pipeline (release/1.0)', 'slsa/build-level/release/1.0'],
    ['refs/tags/v1', [PUSH], 'SLSA pipeline (tag v1)', 'slsa/build-level/tag v1'],
  ])('of %s is named by its ref, since refs share commits', (ref, triggers, name, context) => {
    const at = document();
    const named = { request: { ...at.request, ref: GitRef.parse(ref), triggers } };
    expect([checkName(named), statusContext(named)]).toEqual([name, context]);
  });

  it('T1: of a fork takes the plain name only where it is looked at, and shares its commit with no branch here', () => {
    const at = document();
    const fork = { of: 'fork', pullRequest: 7, baseRef: 'main', commit: at.request.sha, approvedBy: null } as const;
    const named = (isShared: boolean | null) => ({
      request: { ...at.request, ref: GitRef.parse('refs/pull/7/head') },
      plan: isShared === null ? null : { ...at.plan!, forkCheck: { ...fork, isShared } },
    });
    expect(checkName(named(false))).toBe('SLSA pipeline');
    expect(checkName(named(true))).toBe('SLSA pipeline (pull/7/head)');
    // A draft, or one that no settings want, is skipped: that must not pass for the check that a rule requires.
    expect(checkName(named(null))).toBe('SLSA pipeline (pull/7/head)');
    expect(statusContext(named(true))).toBe('slsa/build-level/pull/7/head');
  });

  it('F13: is cut on a whole line, and says so', () => {
    const lines = Array.from({ length: 5000 }, (_, index) => `line ${index} ${'ü'.repeat(20)}`);
    const text = cutOnLine(lines, 10_000);
    expect(new TextEncoder().encode(text).length).toBeLessThanOrEqual(10_000);
    expect(text).toMatch(/line \d+ ü{20}\n\n\(Cut here/);
  });
});

describe('the commit status', () => {
  it("F13: fits in GitHub's 140 characters", () => {
    const report = statusReport(document({ phase: 'ended', verdict: verdict('failure', 'x'.repeat(300)) }));
    expect(report?.description).toHaveLength(140);
  });

  it('of a run that was stopped does not stay pending, since a branch rule would wait for it for ever', () => {
    const stopped = document({ phase: 'ended', verdict: verdict('superseded', 'Superseded by 1234567') });
    expect(statusReport(stopped)).toEqual({
      state: 'error',
      context: 'slsa/build-level',
      description: 'Superseded by 1234567',
    });
  });

  it('is not set for a run that never had a plan, or where the settings say no', () => {
    const { plan } = document();
    expect(statusReport(document({ plan: null, verdict: verdict('cancelled', 'Cancelled') }))).toBeNull();
    expect(statusReport(document({ plan: { ...plan!, updateCommitStatus: false } }))).toBeNull();
  });
});

const TRICKS = [
  '@org/all fixes #1',
  '![x](https://evil.test/a.png)',
  '<img src=x onerror=alert(1)>',
  '[a](javascript:alert(1))',
  'https://evil.test',
  'www.evil.test',
  '| a | b |',
  '`code',
  '``` \n# head',
  '\u001b[31mred',
  '\u202eevil',
  '<!-- x -->',
  '**b**',
  '~~s~~',
  '$x$',
  '&lt;b&gt;',
];
const hostile = fc.oneof(
  fc.constantFrom(...TRICKS),
  fc.string({ unit: 'grapheme' }),
  fc.tuple(fc.constantFrom(...TRICKS), fc.string()).map((parts) => parts.join('')),
);

const typesIn = (text: string): string[] =>
  markdown.parse(text, {}).flatMap((token) => [token.type, ...(token.children ?? []).map((child) => child.type)]);

const linksIn = (text: string): string[] =>
  markdown
    .parse(text, {})
    .flatMap((token) => token.children ?? [])
    .filter(({ type }) => type === 'link_open')
    .map((token) => String(token.attrGet('href') ?? ''));

/** Everything that a repository, a tool or a person can write into a run. */
function withTextOfOthers(text: string): RunDocument {
  const worst = [
    { id: text, severity: 'high', package: text, version: text, fixedIn: text, location: text, url: null },
  ] as const;
  const accepted = [
    { id: text, severity: 'low', package: text, version: text, until: '2027-01-01', reason: text },
  ] as const;
  const counts = { critical: 0, high: 1, medium: 0, low: 0, negligible: 0, unknown: 0 };
  const result = {
    counts,
    matches: 1,
    ignored: 0,
    worst: [...worst],
    accepted: [...accepted],
    databaseBuilt: null,
    sbomSha256: 'x',
  };
  const there = document({
    phase: 'ended',
    verdict: verdict('failure', text, text),
    outcomes: { scan: { kind: 'finished', run, result } },
  });
  const stageFiles = { scan: { file: '03-scan-sbom.yml', timeoutMinutes: 5 } };
  const plan = there.plan === null ? null : ({ ...there.plan, stageFiles } as RunDocument['plan']);
  return { ...there, plan, decisions: [{ kind: 'rule_applied', reason: text }] };
}

describe('text of others', () => {
  it('T17: renders as nothing but text, in a table cell as in a line', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const types = typesIn(`| a | b |\n| --- | --- |\n| before ${inertMarkdown(text)} after | ${codeSpan(text)} |`);
        expect(types.filter((type) => /image|link|html|strong|em_|s_open|heading|fence/.test(type))).toEqual([]);
        expect(types.filter((type) => type === 'td_open')).toHaveLength(2);
      }),
      { numRuns: 3000 },
    );
  });

  it('T17: acts in no answer to a command either', () => {
    fc.assert(
      fc.property(
        hostile,
        fc.constantFrom<ExplainTopic['kind']>('run', 'stage', 'level', 'policy', 'finding'),
        (text, kind) => {
          const about: ExplainTopic =
            kind === 'finding' ? { kind, id: text } : kind === 'stage' ? { kind, stage: 'scan' } : { kind };
          const answers = [explain(withTextOfOthers(text), about).join('\n'), unknownReply(text)];
          for (const answer of answers) {
            expect(typesIn(answer).filter((type) => /image|html|heading/.test(type))).toEqual([]);
            expect(linksIn(answer).filter((address) => !address.startsWith('https://github.com/'))).toEqual([]);
          }
        },
      ),
      { numRuns: 1500 },
    );
  });

  it('T18: mentions nobody and closes nothing', () => {
    expect(inertMarkdown('@org/all fixes #1')).not.toMatch(/@|#1/);
  });

  it('T26: becomes one line without control or invisible characters, within its bound', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 50 }), (text, max) => {
        const line = plainLine(text, max);
        expect(line.length).toBeLessThanOrEqual(max);

        expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u200b]/);
        expect(line.isWellFormed()).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

it.each([
  [900, '1 s'],
  [59_400, '59 s'],
  [110_000, '1 min 50 s'],
  [120_000, '2 min'],
  [3_720_000, '1 h 2 min'],
])('%d ms is said as %s', (milliseconds, said) => {
  expect(duration(milliseconds)).toBe(said);
});

describe('how to run it again', () => {
  it.each([
    ['failure', true],
    ['no_result', true],
    ['cancelled', true],
    ['success', false],
    ['superseded', false],
    ['not_wanted', false],
  ] as const)('stands in a check that ended as %s: %s', (kind, isThere) => {
    const ended = document({ phase: 'ended', verdict: verdict(kind, 'x') });
    expect(checkReport(ended).summary.includes('To run it again: press Re-run on this check')).toBe(isThere);
  });
});

describe('annotations', () => {
  const finding = (file: string, line: number | null = 3) => ({
    linter: 'ruff',
    rule: 'F401',
    file,
    line,
    message: 'unused import',
  });
  const linted = (findings: readonly ReturnType<typeof finding>[], more: Partial<RunDocument> = {}) =>
    document({
      phase: 'ended',
      verdict: verdict('failure', 'x'),
      outcomes: {
        lint: {
          kind: 'finished',
          run,
          result: {
            linters: 1,
            files: 9,
            errors: findings.length,
            warnings: 0,
            failedLinters: [{ linter: 'PYTHON_RUFF', errors: Math.max(1, findings.length) }],
            findings: [...findings],
            findingsFrom: 'sarif',
          },
        },
      },
      ...more,
    });

  it('tell what to do about a vulnerability at the line that names its package, before what is only a warning', () => {
    const found = {
      id: 'GHSA-1',
      severity: 'high',
      package: 'lodash',
      version: '4.17.20',
      fixedIn: '4.17.21',
    } as const;
    const counts = { critical: 0, high: 1, medium: 0, low: 0, negligible: 0, unknown: 0 };
    const worst = [{ ...found, location: null, url: null }];
    const result = { counts, matches: 1, ignored: 0, worst, databaseBuilt: null, sbomSha256: '' };
    const scanned = linted([finding('a.py')]);
    const { annotations } = checkReport({
      ...scanned,
      plan: { ...scanned.plan!, gates: { ...scanned.plan!.gates, failOnLintErrors: false } },
      outcomes: { ...scanned.outcomes, scan: { kind: 'finished', run, result } },
      places: [{ id: 'GHSA-1', package: 'lodash', path: 'package-lock.json', line: 9 }],
    });
    expect(annotations).toEqual([
      {
        path: 'package-lock.json',
        line: 9,
        column: null,
        level: 'failure',
        title: 'GHSA-1, high',
        message: 'lodash 4.17.20: upgrade to 4.17.21.',
      },
      expect.objectContaining({ path: 'a.py', level: 'warning' }),
    ]);
  });

  it('stand at the lines of the repository that lint names, and of no other file', () => {
    const { annotations } = checkReport(
      linted([
        finding('src/a.py'),
        finding('/usr/lib/x.py'),
        finding('../b.py'),
        finding('file:///c.py'),
        finding('d.py', null),
        finding(''),
      ]),
    );
    expect(annotations).toEqual([
      { path: 'src/a.py', line: 3, column: null, level: 'failure', title: 'ruff: F401', message: 'unused import' },
      { path: 'd.py', line: 1, column: null, level: 'failure', title: 'ruff: F401', message: 'unused import' },
    ]);
  });

  it('are fifty at most, and the summary says how many there would be', () => {
    const { annotations, summary } = checkReport(linted(Array.from({ length: 60 }, (_, n) => finding(`a${n}.py`))));
    expect(annotations).toHaveLength(50);
    expect(summary).toContain('The lines of 50 of 60 errors are annotated');
    expect(summary.match(/`a\d+\.py:3`/g)).toHaveLength(10);
  });

  it('come with the last report only', () => {
    expect(checkReport(linted([finding('a.py')], { phase: 'running', verdict: null })).annotations).toBeUndefined();
  });

  it("of mistakes stand in the commit's own settings, and not in another branch's", () => {
    const mistakes = [{ line: 3, column: 9, message: '`preset: standart`: not one of minimal' }];
    const ended = { phase: 'ended', plan: null, verdict: verdict('action_required', 'x'), mistakes } as const;
    expect(checkReport(document({ ...ended, mistakesAreHere: true })).annotations).toMatchObject([
      { path: '.github/slsa-pipeline.yml', line: 3, column: 9, level: 'failure' },
    ]);
    expect(checkReport(document(ended)).annotations).toBeUndefined();
  });
});

describe('buttons', () => {
  it.each([
    ['success', ['Explain']],
    ['failure', ['Re-run failed', 'Explain']],
    ['no_result', ['Re-run failed', 'Explain']],
    ['never_set_up', ['Set up']],
    ['not_wanted', []],
    ['superseded', []],
  ] as const)('of a check that ended %s are %j', (kind, labels) => {
    const { buttons = [] } = checkReport(document({ phase: 'ended', verdict: verdict(kind, 'x') }));
    expect(buttons.map(({ label }) => label)).toEqual(labels);
    for (const { label, description, name } of buttons) {
      expect([label.length <= 20, description.length <= 40, name.length <= 20]).toEqual([true, true, true]);
    }
  });

  it('are not there while a run goes on', () => {
    expect(checkReport(document()).buttons).toBeUndefined();
  });
});
