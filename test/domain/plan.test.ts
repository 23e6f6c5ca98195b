/** Settings and triggers → what a run does, and whether it is wanted at all. */
import { BuilderWorkflow } from '../../src/domain/build/builder.ts';
import { describe, expect, it } from '@jest/globals';
import { CommitSha, Digest, GitRef } from '../../src/domain/git.ts';
import { Repository } from '../../src/domain/repository.ts';
import { asksForMore, Plan, resolvePlan, type Planning } from '../../src/domain/run/plan.ts';
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
}

const resolve = ({
  ref = 'refs/heads/main',
  triggers = [PUSH],
  head = {},
  base,
  repository = REPOSITORY,
  builder = null,
}: Asked): Planning =>
  resolvePlan({
    repository,
    ref: GitRef.parse(ref),
    sha: SHA,
    triggers,
    head,
    base: base ?? null,
    settingsDigest: Digest.parse(`sha256:${'0'.repeat(64)}`),
    builder,
  });

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
