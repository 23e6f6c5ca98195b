/** Settings and triggers → what a run does, and whether it is wanted at all. */
import { BuilderWorkflow } from '../../src/domain/build/builder.ts';
import { describe, expect, it } from '@jest/globals';
import { floorFor, NO_FLOOR, TrustPolicy, type Floor } from '../../src/domain/evidence/trust-map.ts';
import { CommitSha, Digest, GitRef } from '../../src/domain/git.ts';
import { Repository } from '../../src/domain/repository.ts';
import { settingsEffect } from '../../src/domain/run/settings-effect.ts';
import {
  asksForMore,
  Plan,
  resolvePlan,
  type ForkSource,
  type PlanContext,
  type Planning,
} from '../../src/domain/run/plan.ts';
import type { Trigger } from '../../src/domain/run/trigger.ts';
import type { SettingsFile } from '../../src/domain/settings/settings-schema.ts';

const SHA = CommitSha.parse('4f2c9e1'.padEnd(40, '0'));
const REPOSITORY: Repository = {
  id: 1,
  owner: 'Acme',
  ownerId: 2,
  name: 'App',
  defaultBranch: 'main',
  visibility: 'public',
  installationId: 3,
};
const PUSH: Trigger = { kind: 'push', actor: 'kim' };
const pull = (more: Partial<Extract<Trigger, { kind: 'pull_request' }>> = {}): Trigger => ({
  kind: 'pull_request',
  actor: 'kim',
  number: 7,
  baseRef: 'main',
  baseSha: SHA,
  draft: false,
  fork: false,
  ...more,
});
const manual = (flags: Extract<Trigger, { kind: 'manual' }>['flags']): Trigger => ({
  kind: 'manual',
  actor: 'cli',
  flags,
});

interface Asked {
  readonly ref?: string;
  readonly triggers?: readonly Trigger[];
  readonly head?: SettingsFile;
  readonly base?: SettingsFile;
  readonly repository?: Repository;
  readonly builder?: BuilderWorkflow | null;
  readonly changedPaths?: readonly string[] | null;
  readonly floor?: Floor;
  readonly forkCheck?: ForkSource | null;
}

const baseRefs = (triggers: readonly Trigger[]): string[] =>
  triggers.flatMap((each) => ('baseRef' in each ? [each.baseRef] : []));

const contextOf = ({
  ref = 'refs/heads/main',
  triggers = [PUSH],
  head = {},
  base,
  repository = REPOSITORY,
  builder = null,
  changedPaths = null,
  floor = NO_FLOOR,
  forkCheck = null,
}: Asked): PlanContext => ({
  repository,
  ref: GitRef.parse(ref),
  sha: SHA,
  triggers,
  head,
  bases: new Map(base === undefined ? [] : baseRefs(triggers).map((baseRef) => [baseRef, base])),
  settingsDigest: Digest.parse(`sha256:${'0'.repeat(64)}`),
  builder,
  forkCheck,
  changedPaths,
  floor,
  today: '2026-06-15',
});

const resolve = (asked: Asked): Planning => resolvePlan(contextOf(asked));

function planned(asked: Asked): Plan {
  const planning = resolve(asked);
  if (planning.kind !== 'planned') throw new Error(JSON.stringify(planning));
  return Plan.parse(planning.plan);
}

describe('a push', () => {
  it.each([
    ['the default branch', 'refs/heads/main', {}, true],
    ['another branch', 'refs/heads/idea', {}, false],
    ['a branch that a pattern names', 'refs/heads/release/1.0', { on: { push: { branches: ['release/*'] } } }, true],
    [
      'a branch that a pattern almost names',
      'refs/heads/release-evil/1.0',
      { on: { push: { branches: ['release/*'] } } },
      false,
    ],
    ['a tag', 'refs/tags/v1', {}, true],
    ['a tag that no pattern names', 'refs/tags/nightly', { on: { push: { tags: ['v*'] } } }, false],
  ])('to %s (%s) is wanted: %j → %j', (_, ref, head, wanted) => {
    expect(resolve({ ref, head }).kind).toBe(wanted ? 'planned' : 'not_wanted');
  });

  it('has the preset of the settings, and standard without any', () => {
    expect(planned({}).preset).toBe('standard');
    expect(planned({}).stages).toHaveLength(7);
    expect(planned({ head: { preset: 'minimal' } }).gates).toEqual({
      failOnLintErrors: false,
      failOnVulnerabilities: true,
      threshold: 'critical',
      maxFindings: 0,
    });
  });

  it('in a private repository is not signed by default, and says why', () => {
    const planning = resolve({ repository: { ...REPOSITORY, visibility: 'private' } });
    expect(planning).toMatchObject({
      kind: 'planned',
      plan: { signing: 'none', stages: ['lint', 'build', 'sbom', 'scan'] },
      decisions: [{ kind: 'stage_not_needed' }],
    });
  });
});

describe('a push that its author or its files hold back', () => {
  const skipped: Trigger = { ...PUSH, skipMarker: '[skip ci]' };
  const docs = { on: { push: { ignore_paths: ['docs/**', '*.md'] } } };

  it.each([
    ['says [skip ci]', { triggers: [skipped] }, "the commit's message says [skip ci]"],
    [
      'changes ignored files only',
      { head: docs, changedPaths: ['docs/a/b.txt', 'README.md'] },
      'on.push.ignore_paths names every file that was changed',
    ],
  ] as const)('is not run where it %s', (_, asked, reason) => {
    expect(resolve(asked)).toEqual({ kind: 'not_wanted', reason });
  });

  it.each([
    ['one file is not ignored', { head: docs, changedPaths: ['docs/a.txt', 'src/a.ts'] }],
    ['a file of that name lies deeper', { head: docs, changedPaths: ['src/README.md'] }],
    [
      'matching would take the worker from everybody else',
      {
        head: { on: { push: { ignore_paths: Array.from({ length: 50 }, () => `${'a'.repeat(290)}**`) } } },
        changedPaths: Array.from({ length: 299 }, (_, n) => `${'a'.repeat(900)}${n}`),
      },
    ],
    ['nobody can tell what it changed', { head: docs, changedPaths: null }],
    ['it changes nothing', { head: docs, changedPaths: [] }],
    ['it is a tag', { ref: 'refs/tags/v1', head: docs, changedPaths: ['README.md'] }],
    ['somebody asks for it by hand', { triggers: [skipped, { kind: 'rerun', actor: 'kim', mode: 'all' }] }],
  ] as const)('is run where %s', (_, asked) => {
    expect(resolve(asked as Asked).kind).toBe('planned');
  });

  it('never holds a pull request back, and the run says so', () => {
    const planning = resolve({ ref: 'refs/heads/feature', triggers: [skipped, pull()], base: {} });
    expect(planning).toMatchObject({
      kind: 'planned',
      decisions: expect.arrayContaining([expect.objectContaining({ kind: 'skip_not_obeyed' })]),
    });
  });
});

describe('a merge queue entry', () => {
  const entry: Trigger = { kind: 'merge_group', actor: 'github-merge-queue[bot]', baseRef: 'main', baseSha: SHA };
  const ref = 'refs/heads/gh-readonly-queue/main/pr-7-abc';

  it('runs all stages of the preset, by the settings of the branch that it goes into', () => {
    const plan = planned({
      ref,
      triggers: [entry],
      head: { preset: 'minimal' },
      base: { vulnerability_threshold: 'low' },
    });
    expect(plan).toMatchObject({ preset: 'standard', gates: { threshold: 'low' }, tracksIssues: false });
    expect(plan.stages).toHaveLength(7);
  });

  it('is not run where its branch says so', () => {
    expect(resolve({ ref, triggers: [entry], base: { on: { merge_group: false } } }).kind).toBe('not_wanted');
    expect(resolve({ ref, triggers: [entry], head: { on: { merge_group: false } }, base: {} }).kind).toBe('planned');
  });
});

describe('rules', () => {
  const rules: SettingsFile['rules'] = [
    { refs: ['hotfix/*'], preset: 'skip_linting' },
    { event: 'pull_request', refs: ['main'], preset: 'standard', max_findings: 2 },
    { event: 'tag', vulnerability_threshold: 'low' },
    { refs: ['**'], max_findings: 9 },
  ];
  const branches = { on: { push: { branches: ['**'] } } };

  it('hold by the first that matches, over the rest of the settings, and the run says which', () => {
    const planning = resolve({ ref: 'refs/heads/hotfix/1', head: { ...branches, rules, max_findings: 1 } });
    expect(planning).toMatchObject({
      plan: { preset: 'skip_linting', gates: { failOnLintErrors: false, maxFindings: 1 } },
      decisions: [
        { kind: 'rule_applied', reason: 'Rule 1 of the settings holds here: `push` of `hotfix/1`.' },
        expect.anything(),
      ],
    });
    expect(planned({ head: { rules } }).gates.maxFindings).toBe(9);
  });

  it('tell tags from branches, and pull requests from pushes', () => {
    expect(planned({ ref: 'refs/tags/v1', head: { rules } }).gates.threshold).toBe('low');
    expect(planned({ ref: 'refs/heads/x', triggers: [pull()], base: { rules } }).gates.maxFindings).toBe(2);
    expect(
      planned({ ref: 'refs/heads/x', triggers: [pull({ baseRef: 'next' })], base: { rules } }).gates.maxFindings,
    ).toBe(9);
  });

  it('give a pull request the stages of a preset only where they are for pull requests', () => {
    const skip = [{ event: 'pull_request' as const, preset: 'skip_linting' as const }];
    expect(planned({ ref: 'refs/heads/x', triggers: [pull()], base: { rules: skip } }).stages).not.toContain('lint');
    const hotfix = planned({ ref: 'refs/heads/x', triggers: [pull({ baseRef: 'hotfix/1' })], base: { rules } });
    expect(hotfix.stages).toContain('lint');
    expect(hotfix.gates.failOnLintErrors).toBe(false);
  });

  it('T9: of a pull request itself change nothing', () => {
    const withIt = planned({ ref: 'refs/heads/x', triggers: [pull()], head: { rules }, base: {} });
    expect(withIt.gates).toEqual(planned({ ref: 'refs/heads/x', triggers: [pull()], base: {} }).gates);
  });
});

describe('exceptions', () => {
  const of = (until: string) => ({ id: 'CVE-2026-1111', until, reason: 'not reachable' });

  it('hold through the day that they name, and the run says which have ended', () => {
    const planning = resolve({ head: { exceptions: [of('2026-06-15'), of('2026-06-14')] } });
    expect(planning).toMatchObject({
      plan: { exceptions: [of('2026-06-15')] },
      decisions: [
        {
          kind: 'exception_ended',
          reason: 'The exception for `CVE-2026-1111` ended on 2026-06-14: its findings count again.',
        },
      ],
    });
  });

  it("T9: are a pull request's base branch's", () => {
    const asked = { ref: 'refs/heads/x', triggers: [pull()], head: { exceptions: [of('2027-01-01')] } };
    expect(planned({ ...asked, base: {} }).exceptions).toEqual([]);
  });

  it('that are gone ask for more than before', () => {
    const before = planned({ head: { exceptions: [of('2027-01-01')] } });
    expect(asksForMore(planned({}), before)).toBe(true);
    expect(asksForMore(before, before)).toBe(false);
  });
});

describe("the operator's floor", () => {
  const policy = TrustPolicy.parse({
    floor: [
      { repositories: 'Acme/*', fail_on_vulnerabilities: true, vulnerability_threshold: 'medium', max_findings: 5 },
      { repositories: 'Acme/App', require_lint: true, fail_on_lint_errors: true, exceptions: false, max_findings: 3 },
      { repositories: 'acme-evil/*', vulnerability_threshold: 'low' },
    ],
  });
  const floor = floorFor(policy, 'Acme/App');
  const lax: SettingsFile = {
    preset: 'skip_linting',
    fail_on_vulnerabilities: false,
    max_findings: 100,
    exceptions: [{ id: 'CVE-2026-1', until: '2027-01-01', reason: 'x' }],
  };

  it('T9: comes last, over settings, rules and the command line', () => {
    const gates = { failOnLintErrors: true, failOnVulnerabilities: true, threshold: 'medium', maxFindings: 3 };
    const plan = planned({ head: lax, floor });
    expect(plan).toMatchObject({ gates, exceptions: [] });
    expect(plan.stages).toContain('lint');
    const rules = [{ refs: ['**'], max_findings: 50 }];
    expect(planned({ head: { ...lax, rules }, floor }).gates).toEqual(gates);
    const flags = { preset: 'minimal', severity: 'critical', maxFindings: 99 };
    expect(planned({ triggers: [manual(flags)], head: lax, floor }).gates).toEqual(gates);
  });

  it('is shown where it changes something, and only there', () => {
    const kinds = (asked: Asked): string[] => {
      const planning = resolve(asked);
      return planning.kind === 'planned' ? planning.decisions.map(({ kind }) => kind) : [];
    };
    expect(kinds({ head: lax, floor })).toContain('floor_applied');
    expect(kinds({ head: { vulnerability_threshold: 'low' }, floor })).not.toContain('floor_applied');
    expect(planned({ head: { vulnerability_threshold: 'low' }, floor }).gates.threshold).toBe('low');
  });

  it('names a repository however its name is written', () => {
    expect(floorFor(policy, 'aCME/aPP')).toEqual(floor);
  });

  it('of another owner means nothing here', () => {
    expect(floorFor(policy, 'other/app')).toEqual(NO_FLOOR);
  });
});

describe('a pull request', () => {
  it('runs the stages of minimal with the gates of its base', () => {
    const plan = planned({
      ref: 'refs/heads/feature',
      triggers: [pull()],
      base: { vulnerability_threshold: 'medium' },
    });
    expect(plan.stages).toEqual(['lint', 'build', 'sbom', 'scan']);
    expect(plan.gates).toEqual({
      failOnLintErrors: true,
      failOnVulnerabilities: true,
      threshold: 'medium',
      maxFindings: 0,
    });
  });

  it('T9: cannot weaken its own gate', () => {
    const head: SettingsFile = {
      preset: 'minimal',
      fail_on_vulnerabilities: false,
      fail_on_lint_errors: false,
      vulnerability_threshold: 'critical',
      max_findings: 100,
    };
    const withIt = planned({ ref: 'refs/heads/feature', triggers: [pull()], head, base: {} });
    const without = planned({ ref: 'refs/heads/feature', triggers: [pull()], head: {}, base: {} });
    expect(withIt.gates).toEqual(without.gates);
  });

  it.each([
    [
      'into a branch that is not named',
      pull({ baseRef: 'next' }),
      { on: { pull_request: { branches: ['main'] } } },
      'not_wanted',
    ],
    ['that is a draft', pull({ draft: true }), {}, 'not_wanted'],
    [
      'that is a draft where drafts are wanted',
      pull({ draft: true }),
      { on: { pull_request: { drafts: true } } },
      'planned',
    ],
  ] as const)('%s is %j', (_, trigger, base, kind) => {
    expect(resolve({ ref: 'refs/heads/feature', triggers: [trigger], base: base as SettingsFile }).kind).toBe(kind);
  });

  it('that is not wanted does not keep a wanted push from running, nor the other way round', () => {
    expect(resolve({ triggers: [PUSH, pull({ draft: true })] }).kind).toBe('planned');
    expect(resolve({ ref: 'refs/heads/feature', triggers: [PUSH, pull()] }).kind).toBe('planned');
  });
});

describe("a pull request whose code is nobody's here", () => {
  const forkCheck = { of: 'fork', pullRequest: 7, baseRef: 'main', isShared: false } as const;
  const ref = 'refs/pull/7/head';
  const strict: SettingsFile = { preset: 'standard', auto_fix_lint: true, signing: 'public_log' };
  const asked = { ref, triggers: [pull({ fork: true })], head: strict, base: strict, forkCheck };

  it('T1: has nothing that is pushed, signed, repaired or tracked', () => {
    expect(planned(asked)).toMatchObject({
      stages: ['lint', 'build', 'sbom', 'scan'],
      verifies: false,
      signing: 'none',
      autoFixLint: false,
      tracksIssues: false,
      gates: { failOnLintErrors: true, threshold: 'high' },
      forkCheck: { ...forkCheck, commit: SHA, approvedBy: null },
    });
  });

  it('T2: is approved for its very commit, and for no other', () => {
    const approval = (sha: CommitSha, baseRef = 'main'): Trigger => ({ kind: 'approval', actor: 'pat', sha, baseRef });
    const other = CommitSha.parse('e'.repeat(40));
    const approvedBy = (sha: CommitSha, baseRef = 'main') =>
      planned({ ...asked, triggers: [...asked.triggers, approval(sha, baseRef)] }).forkCheck?.approvedBy;
    expect(approvedBy(SHA)).toBe('pat');
    expect(approvedBy(other)).toBeNull();
    // Given another base, it asks for something that nobody has read.
    expect(approvedBy(SHA, 'lax')).toBeNull();
  });
});

describe('flags of the command line', () => {
  it('win over the settings', () => {
    const plan = planned({
      triggers: [
        manual({
          preset: 'minimal',
          severity: 'low',
          maxFindings: 3,
          imageName: 'a/b',
          imageTag: 'v1',
          registry: 'r.io',
          autoFixLint: false,
        }),
      ],
      head: { preset: 'standard', image: { name: 'c/d' } },
    });
    expect(plan).toMatchObject({ preset: 'minimal', autoFixLint: false, image: { name: 'r.io/a/b', tag: 'v1' } });
    expect(plan.gates).toMatchObject({ threshold: 'low', maxFindings: 3 });
  });
});

describe('the image', () => {
  it('is named after the repository, in lower case, and tagged after ref and commit', () => {
    expect(planned({ ref: 'refs/heads/main' }).image).toMatchObject({ name: 'ghcr.io/acme/app', tag: 'main-4f2c9e1' });
  });

  it('has a tag that registries accept, whatever the branch is called', () => {
    const { tag } = planned({ ref: 'refs/heads/feat/ü$(id)"', head: { on: { push: { branches: ['**'] } } } }).image;
    expect(tag).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/);
  });
});

describe('a later plan asks for more', () => {
  const base = planned({ head: { preset: 'minimal', fail_on_lint_errors: false } });
  it.each([
    ['nothing', base, false],
    ['another stage', { ...base, stages: [...base.stages, 'sign'] }, true],
    ['fewer stages', { ...base, stages: ['build'] }, false],
    ['strict lint', { ...base, gates: { ...base.gates, failOnLintErrors: true } }, true],
    ['a stricter threshold', { ...base, gates: { ...base.gates, threshold: 'high' } }, true],
  ] as const)('with %s', (_, later, more) => {
    expect(asksForMore(later as Plan, base)).toBe(more);
  });
});

describe('an isolated builder', () => {
  const builder = BuilderWorkflow.parse(`acme-platform/builder/.github/workflows/build-image.yml@${'b'.repeat(40)}`);
  const head: SettingsFile = { image: { name: 'acme/app', dockerfile: 'docker/Dockerfile' } };

  it.each([
    [{ imageTag: 'v1' }, ['--image-tag']],
    [{ registry: 'quay.io', buildContext: 'src' }, ['--registry', '--build-context']],
    [{ imageName: 'acme/app', dockerfilePath: 'Dockerfile' }, ['--dockerfile-path']],
  ])('takes no image from the command line: %j', (flags, refused) => {
    expect(resolve({ triggers: [manual(flags)], head, builder })).toEqual({ kind: 'flags_refused', flags: refused });
  });

  it('takes flags that say what the settings say, and such as shape no image', () => {
    const flags = { imageName: 'acme/app', dockerfilePath: 'docker/Dockerfile', preset: 'minimal', severity: 'low' };
    expect(planned({ triggers: [manual(flags)], head, builder })).toMatchObject({ preset: 'minimal', builder });
  });

  it("is not there where the repository builds for itself: then flags are the build's", () => {
    const plan = planned({ triggers: [manual({ imageTag: 'v1' })], head });
    expect(plan).toMatchObject({ builder: null, imageFlags: { tag: 'v1' }, image: { tag: 'v1' } });
  });
});

describe('what a merge would promise', () => {
  const isPrivate: Repository = { ...REPOSITORY, visibility: 'private' };
  const builder = BuilderWorkflow.parse(`acme-platform/builder/.github/workflows/build-image.yml@${'b'.repeat(40)}`);

  it.each([
    ['L3 by an isolated builder', { builder }, 3],
    ['L2 by the repository itself', {}, 2],
    ['L1 where nothing is signed', { builder, repository: isPrivate }, 1],
    ['L1 where its target is not released', { builder, triggers: [pull({ baseRef: 'idea' })] }, 1],
  ] as const)('is %s', (_, asked, level) => {
    const { levelAfterMerge } = planned({ ref: 'refs/heads/feature', triggers: [pull()], base: {}, ...asked });
    expect(levelAfterMerge).toBe(level);
  });

  it('is not asked for by a push', () => {
    expect(planned({}).levelAfterMerge).toBeNull();
  });
});

describe('a pull request on the settings', () => {
  const effect = (head: SettingsFile, base: SettingsFile, more: Asked = {}): string =>
    settingsEffect(contextOf({ ref: 'refs/heads/x', triggers: [pull()], head, base, ...more }), 'main').reason;

  it.each<[string, SettingsFile, SettingsFile, string]>([
    [
      'another threshold',
      { vulnerability_threshold: 'critical' },
      {},
      'After merge, on `main`: `vulnerability_threshold` high → critical.',
    ],
    [
      'another preset',
      { preset: 'minimal' },
      {},
      '`preset` standard → minimal; `stages` lint, build, sbom, scan, sign, attest, verify → lint, build, sbom, scan; `fail_on_lint_errors` on → off',
    ],
    [
      'an exception',
      { exceptions: [{ id: 'CVE-2026-1', until: '2027-01-01', reason: 'x' }] },
      {},
      '`exceptions` none → CVE-2026-1 until 2027-01-01',
    ],
    [
      'an exception that has ended',
      { exceptions: [{ id: 'CVE-2026-1', until: '2020-01-01', reason: 'x' }] },
      {},
      'It changes `exceptions` too: review what that means.',
    ],
    [
      'a rule for other branches',
      { rules: [{ refs: ['hotfix/*'], max_findings: 9 }] },
      {},
      'It changes `rules` too: review what that means.',
    ],
    ['a gate that only pull requests have', { on: { merge_group: false } }, {}, 'It changes `on` too'],
    ['other words', { max_findings: 0 }, { max_findings: 0 }, 'would say the same, in other words'],
    ['no signature any more', { signing: 'none' }, {}, '`signing` public_log → none'],
  ])('says what would be after the merge, of %s', (_, head, base, says) => {
    expect(effect(head, base)).toContain(says);
  });

  it("says nothing that the operator's floor would not let happen", () => {
    const floor = floorFor(TrustPolicy.parse({ floor: [{ repositories: 'Acme/*', max_findings: 0 }] }), 'Acme/App');
    expect(effect({ max_findings: 50 }, {}, { floor })).not.toContain('50');
  });
});

describe('two pull requests of one branch', () => {
  const TWO = [pull({ number: 1, baseRef: 'scratch' }), pull({ number: 2, baseRef: 'main' })];
  const lax: SettingsFile = {
    fail_on_vulnerabilities: false,
    exceptions: [{ id: 'CVE-2026-1', until: '2027-01-01', reason: 'x' }],
    on: { pull_request: { branches: ['nothing'] } },
  };
  const by = (scratch: SettingsFile, main: SettingsFile): Planning =>
    resolvePlan({
      ...contextOf({ ref: 'refs/heads/x', triggers: TWO }),
      bases: new Map([
        ['scratch', scratch],
        ['main', main],
      ]),
    });

  it('T9: are each judged by their own base: a lax one opens nothing for the other', () => {
    expect(by(lax, {})).toMatchObject({
      kind: 'planned',
      plan: { gates: { failOnVulnerabilities: true }, exceptions: [] },
    });
    const wanted = { ...lax, on: {} };
    expect(by(wanted, {})).toMatchObject({
      kind: 'planned',
      plan: { gates: { failOnVulnerabilities: true }, exceptions: [] },
    });
    expect(by(wanted, wanted)).toMatchObject({ plan: { exceptions: [{ id: 'CVE-2026-1' }] } });
  });
});
