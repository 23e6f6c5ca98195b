/** Activities by themselves, in Temporal's own mock environment: one effect each, repeatable, and failures from one closed list. */
import { createHash } from 'node:crypto';
import { readEnvironment } from '../../src/cli/environment.ts';
import { evidencePartsFor } from '../../src/cli/evidence.ts';
import { repairParts } from '../../src/cli/repair-parts.ts';
import { readStageSources } from '../../src/cli/stage-sources.ts';
import { describe, expect, it } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { zipSync } from 'fflate';
import { createActivities, type Activities } from '../../activities/index.ts';
import { toFailure } from '../../activities/failures.ts';
import type { ActionsRun, Artifact } from '../../src/adapters/github/actions.ts';
import type { GitHub, RepositoryApi } from '../../src/adapters/github/github.ts';
import { GitHubFault, type GitHubFaultKind } from '../../src/adapters/github/github-fault.ts';
import { CommitSha, GitRef } from '../../src/domain/git.ts';
import type { StageInput, StageKnown } from '../../src/domain/stage/stage-step.ts';

const SHA = CommitSha.parse('a'.repeat(40));
const REPOSITORY = {
  id: 1,
  owner: 'acme',
  ownerId: 2,
  name: 'app',
  defaultBranch: 'main',
  visibility: 'public',
  installationId: 3,
} as const;
const US = 77;
const NONCE = 'f'.repeat(32);
const INPUT: StageInput = {
  stage: 'lint',
  repository: REPOSITORY,
  commit: SHA,
  ref: GitRef.parse('refs/heads/main'),
  file: '00-megalinter.yml',
  timeoutMinutes: 30,
  bindsCommit: true,
  key: 'slsa-run:1:refs/heads/main:x:1/lint',
  inputs: {},
  expected: { digest: null, sbomSha256: null, imageName: 'r/i' },
};
const RUN: ActionsRun = {
  id: 9,
  path: '.github/workflows/00-megalinter.yml',
  event: 'workflow_dispatch',
  status: 'completed',
  conclusion: 'success',
  head_sha: SHA,
  display_title: `slsa ${INPUT.key} ${NONCE}`,
  run_attempt: 1,
  html_url: 'https://github.com/r/9',
  created_at: '2026-11-23T08:00:00Z',
  updated_at: '2026-11-23T08:01:00Z',
  actor: { id: US, login: 'us[bot]' },
};
const DISPATCHED: StageKnown = {
  phase: 'dispatched',
  nonce: NONCE,
  actionsRunId: 9,
  url: '',
  etag: null,
  status: 'queued',
};

interface World {
  readonly run?: Partial<ActionsRun>;
  readonly artifacts?: readonly Artifact[];
  readonly zip?: Buffer;
  readonly calls?: string[];
  readonly dispatch?: () => Promise<never>;
  readonly readRun?: () => Promise<never>;
  readonly checkRuns?: readonly { id: number; external_id: string }[];
}

/** Nothing here asks about other runs. */
const NO_RUNS = {
  endedOutside: () => Promise.resolve([]),
  runningSince: () => Promise.resolve([]),
  requestOf: () => Promise.resolve(null),
  terminate: () => Promise.resolve(),
};
const FACTS = {
  isSearchable: false,
  builder: null,
  sources: readStageSources(),
  evidence: await evidencePartsFor(readEnvironment({})),
  repair: repairParts(readEnvironment({})),
};

function activitiesIn(world: World): Activities {
  const { calls = [] } = world;
  const note = (call: string): void => void calls.push(call);
  const run = { ...RUN, ...world.run };
  const api = {
    actions: {
      dispatch: world.dispatch ?? (() => Promise.resolve({ kind: 'started', actionsRunId: 9, url: run.html_url })),
      runsSince: () => Promise.resolve([run]),
      run: world.readRun ?? (() => Promise.resolve({ run, etag: 'W/"1"' })),
      artifacts: () => Promise.resolve(world.artifacts ?? []),
      artifactLocation: () => Promise.resolve('https://api.github.com/blob'),
      jobs: () => Promise.resolve([]),
      cancel: (id: number, how: string) => Promise.resolve(note(`${how} ${id}`)),
    },
    reports: {
      checkRuns: () => Promise.resolve(world.checkRuns ?? []),
      createCheckRun: () => (note('create'), Promise.resolve(100)),
      updateCheckRun: (id: number) => Promise.resolve(note(`update ${id}`)),
    },
  } as unknown as RepositoryApi;
  const github: GitHub = {
    identity: () => Promise.resolve({ userId: US, login: 'slsa[bot]', appId: 5 }),
    deliveries: null,
    repository: () => api,
    organisation: () => api.contents,
    lendToken: (_repository, work) => work('ghs_lent'),
    archives: {
      baseUrl: 'https://api.github.com',
      fetch: () => Promise.resolve(new Response(new Uint8Array(world.zip ?? Buffer.alloc(0)))),
    },
  };
  const never = (): Promise<never> => Promise.reject(new Error('not asked for'));
  return createActivities(
    github,
    {
      resultOf: never,
      isKnown: never,
      deliver: never,
      cancelRun: never,
      look: never,
      documentOf: never,
      reserveRepair: never,
      settleRepair: never,
      runs: NO_RUNS,
    },
    FACTS,
  );
}

const perform = <T>(activity: () => Promise<T>, attempt = 1): Promise<T> =>
  new MockActivityEnvironment({ attempt }).run<[], T, () => Promise<T>>(activity);
const step = (world: World, known: StageKnown = DISPATCHED, input: StageInput = INPUT) =>
  perform(() => activitiesIn(world).runMegalinter(input, known));

const artifact = (zip: Buffer, more: Partial<Artifact> = {}): Artifact => ({
  id: 1,
  name: 'slsa-lint-1',
  size_in_bytes: zip.length,
  expired: false,
  created_at: '2026-11-23T08:01:00Z',
  digest: `sha256:${createHash('sha256').update(zip).digest('hex')}`,
  ...more,
});
const zipOf = (files: Record<string, string>): Buffer =>
  Buffer.from(
    zipSync(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, new TextEncoder().encode(text)]))),
  );
const GOOD = zipOf({
  'stage.json': JSON.stringify({
    schemaVersion: 1,
    stage: 'lint',
    commit: SHA,
    exitCode: 0,
    tool: { name: 'm', version: '1' },
  }),
  'megalinter-reports/mega-linter-report.json': JSON.stringify({
    linters: [{ name: 'X', status: 'success', files_number: 2 }],
    status: 'success',
    return_code: 0,
  }),
});

describe('a stage activity', () => {
  it('collects the outcome of a completed run of ours', async () => {
    expect(await step({ zip: GOOD, artifacts: [artifact(GOOD)] })).toMatchObject({
      kind: 'finished',
      outcome: {
        kind: 'finished',
        run: { actionsRunId: 9, attempt: 1, artifact: { id: 1, name: 'slsa-lint-1' } },
        result: { errors: 0, files: 2 },
      },
    });
  });

  it.each([
    ['another file', { path: '.github/workflows/evil.yml' }, 'not_our_run'],
    ['a file whose name ends alike', { path: '.github/workflows/x/00-megalinter.yml' }, 'not_our_run'],
    ['another event', { event: 'push' }, 'not_our_run'],
    ['another actor', { actor: { id: 770, login: 'us[bot]' } }, 'not_our_run'],
    ['no actor', { actor: null }, 'not_our_run'],
    ['another commit', { head_sha: CommitSha.parse('b'.repeat(40)) }, 'commit_moved'],
  ] as const)('believes no run of %s', async (_, run, code) => {
    expect(await step({ run: run, zip: GOOD, artifacts: [artifact(GOOD)] })).toMatchObject({
      kind: 'finished',
      outcome: { kind: 'errored', problem: { code } },
    });
  });

  it('cancels a run at another commit that still goes on', async () => {
    const calls: string[] = [];
    await step({ calls, run: { status: 'in_progress', head_sha: CommitSha.parse('b'.repeat(40)) } });
    expect(calls).toEqual(['cancel 9']);
  });

  it('lets stages 02 to 06 run at a later tip: they check nothing out', async () => {
    const input: StageInput = { ...INPUT, stage: 'sbom', file: '02-generate-sbom.yml', bindsCommit: false };
    const world: World = {
      run: {
        path: '.github/workflows/02-generate-sbom.yml',
        head_sha: CommitSha.parse('b'.repeat(40)),
        status: 'in_progress',
      },
    };
    expect(await perform(() => activitiesIn(world).runGenerateSbom(input, DISPATCHED))).toMatchObject({
      kind: 'waiting',
      known: { status: 'in_progress' },
    });
  });

  it('F9: finds a lost dispatch by its whole title and our own id, and by nothing less', async () => {
    const lost: StageKnown = { phase: 'unknown', nonce: NONCE, sentAt: '2026-11-23T08:00:00Z' };
    expect((await step({ run: { status: 'queued' } }, lost)).kind).toBe('waiting');
    expect((await step({ run: { status: 'queued', display_title: `${RUN.display_title} ` } }, lost)).kind).toBe(
      'unknown',
    );
    expect((await step({ run: { status: 'queued', actor: { id: 1, login: 'us[bot]' } } }, lost)).kind).toBe('unknown');
  });

  it.each([
    ['too large to be read', artifact(GOOD, { size_in_bytes: 10 ** 9 }), GOOD, 'artifact_too_large'],
    ['expired', artifact(GOOD, { expired: true }), GOOD, 'artifact_expired'],
    ['other than listed', artifact(GOOD), zipOf({ 'stage.json': '{}' }), 'artifact_changed'],
    ['no zip', artifact(Buffer.from('x')), Buffer.from('x'), 'artifact_unreadable'],
  ])('F20: ends in a named problem where the artifact is %s', async (_, listed, zip, code) => {
    expect(await step({ artifacts: [listed], zip })).toMatchObject({
      kind: 'finished',
      outcome: { kind: 'errored', problem: { code } },
    });
  });

  it.each([
    ['unavailable', 'unknown'],
    ['unreadable', 'unknown'],
    ['rate_limited', 'rate_limited'],
    ['not_found', 'finished'],
    ['unprocessable', 'finished'],
    ['forbidden', 'finished'],
  ] as const)('takes a dispatch that GitHub answers with %s as %s', async (kind, expected) => {
    const dispatch = (): Promise<never> => Promise.reject(new GitHubFault(kind, 'm', { untilEpochSeconds: 5 }));
    expect((await step({ dispatch }, { phase: 'new', nonce: NONCE })).kind).toBe(expected);
  });

  it.each([
    ['was never read yet', { etag: null, status: 'queued' }, 'waiting'],
    ['was read before', { etag: 'W/"1"', status: 'in_progress' }, 'finished'],
  ] as const)('takes a run that is not there and %s as %s', async (_, known, expected) => {
    const readRun = (): Promise<never> => Promise.reject(new GitHubFault('not_found', 'm'));
    expect((await step({ readRun }, { ...DISPATCHED, ...known })).kind).toBe(expected);
  });
});

describe('reportProgress', () => {
  const input = {
    repository: REPOSITORY,
    sha: SHA,
    workflowId: 'w',
    checkRunId: null,
    mayExist: false,
    report: { name: 'n', title: 't', summary: 's', status: 'in_progress', conclusion: null },
  } as const;

  it('makes a check run at the first try', async () => {
    const calls: string[] = [];
    expect(await perform(() => activitiesIn({ calls }).reportProgress(input))).toEqual({
      kind: 'answered',
      value: 100,
    });
    expect(calls).toEqual(['create']);
  });

  it('F9, F24: adopts at the second try what the first one made', async () => {
    const calls: string[] = [];
    const checkRuns = [
      { id: 1, external_id: 'other' },
      { id: 2, external_id: 'w' },
    ];
    expect(await perform(() => activitiesIn({ calls, checkRuns }).reportProgress(input), 2)).toEqual({
      kind: 'answered',
      value: 2,
    });
    expect(calls).toEqual(['update 2']);
  });
});

describe('a fault of GitHub', () => {
  it.each([
    ['unavailable', 'GitHubUnavailable', false],
    ['unreadable', 'GitHubUnreadable', false],
    ['unauthorized', 'AccessLost', false],
    ['gone', 'GitHubRefused', true],
    ['forbidden', 'GitHubRefused', true],
    ['unprocessable', 'GitHubRefused', true],
  ] as const)('of kind %s is the failure %s, non-retryable: %j', (kind: GitHubFaultKind, type, nonRetryable) => {
    const failure = toFailure(new GitHubFault(kind, 'm'));
    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect(failure).toMatchObject({ type, nonRetryable });
  });
});
