/** Real webhooks through intake: those of `shared/data/webhooks`, and every example that GitHub's community keeps. */
import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import { WEBHOOK_TIMING } from '../../src/domain/run/timing.ts';
import { eventToIntent } from '../../src/intake/event-to-intent.ts';
import type { Intent } from '../../src/intake/intent.ts';
import { describeWithSharedData, sharedDataPath } from '../shared-data.ts';

const APP_ID = 4711;
const DELIVERY = '72d3162e-cc78-11e3-81ab-4c9367dc0958';

const taken = (event: string, payload: unknown, appId = APP_ID): Intent =>
  eventToIntent({ event, id: DELIVERY, payload }, { appId, timing: WEBHOOK_TIMING });

interface Payload extends Record<string, unknown> {
  readonly action?: string;
  readonly installation?: { readonly id: number };
}

const textOf = (file: string): string => readFileSync(sharedDataPath(`webhooks/${file}`), 'utf8');
const payloadOf = (file: string): Payload => JSON.parse(textOf(file)) as Payload;

interface Listed {
  readonly file: string;
  readonly event: string;
  readonly action: string | null;
  readonly installation_id: number | null;
  readonly hmac_sha256_with_secret_test: string;
}
const listedFiles = (): readonly Listed[] => (JSON.parse(textOf('index.json')) as { files: Listed[] }).files;

const HELLO_WORLD = {
  id: 186853002,
  owner: 'Codertocat',
  ownerId: 21031067,
  name: 'Hello-World',
  defaultBranch: 'master',
  visibility: 'public',
  installationId: 1,
};

/** The open pull request #2, seen from two events. */
const PULL_REQUEST: Intent = {
  kind: 'ref',
  intent: {
    repository: HELLO_WORLD,
    ref: 'refs/heads/changes',
    sha: 'ec26c3e57ca3a959ca5aad62de7213c562f8c821',
    triggers: [
      {
        kind: 'pull_request',
        actor: 'Codertocat',
        number: 2,
        baseRef: 'master',
        baseSha: 'f95f852bd8fca8fcc58a9a2d6c842781e32a215e',
        draft: false,
        fork: false,
      },
    ],
    delivery: DELIVERY,
    timing: WEBHOOK_TIMING,
  },
} as unknown as Intent;

/** A tag that was deleted: its coordinator hears of it, and nothing asks for a run. */
const DELETED_TAG: Intent = {
  kind: 'ref',
  intent: {
    repository: HELLO_WORLD,
    ref: 'refs/tags/simple-tag',
    sha: '6113728f27ae82c7b1a177c8d03f9e96e0adf246',
    triggers: [],
    delivery: DELIVERY,
    timing: WEBHOOK_TIMING,
  },
} as unknown as Intent;

/** The same entry of a queue, of a repository that is private in one example and public in the other. */
const queued = (visibility: 'public' | 'private'): Intent =>
  ({
    kind: 'ref',
    intent: {
      repository: {
        id: 17273051,
        owner: 'octo-org',
        ownerId: 6811672,
        name: 'octo-repo',
        defaultBranch: 'main',
        visibility,
        installationId: 1,
      },
      ref: 'refs/heads/gh-readonly-queue/main/pr-104-929f8209d40f77f4abc622a499c93a83babdbe64',
      sha: '2ffea6db159f6b6c47a24e778fb9ef40cf6b1c7d',
      triggers: [
        {
          kind: 'merge_group',
          actor: 'Codertocat',
          baseRef: 'main',
          baseSha: '380387fbc80638b734a49e1be1c4dfec1c01b33c',
        },
      ],
      delivery: DELIVERY,
      timing: WEBHOOK_TIMING,
    },
  }) as unknown as Intent;

const welcomed = (repositories: readonly object[]): Intent =>
  ({
    kind: 'welcome',
    id: `slsa-welcome:${DELIVERY}`,
    request: {
      installationId: 957387,
      owner: { id: 21031067, login: 'Codertocat' },
      repositories,
      user: { id: 21031067, login: 'Codertocat' },
      delivery: DELIVERY,
      timing: WEBHOOK_TIMING,
    },
  }) as unknown as Intent;

type Row = readonly [file: string, event: string, intent: Intent];
const ignoring = (file: string, event: string, why: string): Row => [file, event, { kind: 'ignored', why }];

const WEBHOOKS: readonly Row[] = [
  ['push.ex3.json', 'push', DELETED_TAG],
  ['pull_request.synchronize.json', 'pull_request', PULL_REQUEST],
  ['pull_request.reopened.json', 'pull_request', PULL_REQUEST],
  // Captured from repository hooks: the App's own deliveries always name the installation.
  ignoring('push.ex0.json', 'push', 'this push event has no usable installation'),
  ignoring('pull_request.opened.json', 'pull_request', 'this pull_request event has no usable installation'),
  ignoring('check_run.created.json', 'check_run', 'this check_run event has no usable installation'),
  ignoring('check_run.completed.json', 'check_run', 'this check_run event has no usable installation'),
  ignoring('issue_comment.created.json', 'issue_comment', 'this issue_comment event has no usable installation'),
  ignoring('pull_request.closed.json', 'pull_request', 'no use for a pull request that was closed'),
  ignoring('pull_request.ex3.json', 'pull_request', 'no use for a pull request that was closed'),
  ignoring('workflow_run.requested.json', 'workflow_run', 'a stage run that is requested changes nothing'),
  ignoring('workflow_run.ex4.json', 'workflow_run', 'a stage run that is requested changes nothing'),
  ignoring('workflow_run.ex1.json', 'workflow_run', 'not a run of one of our stages'),
  ignoring('workflow_run.completed.json', 'workflow_run', 'not a run of one of our stages'),
  ignoring('check_run.rerequested.json', 'check_run', "another App's check run"),
  ignoring('check_run.requested_action.json', 'check_run', "another App's check run"),
  ignoring('check_suite.requested.json', 'check_suite', 'no use for a check suite that was requested'),
  ignoring('check_suite.rerequested.json', 'check_suite', "another App's check suite"),
  ignoring('workflow_job.completed.json', 'workflow_job', 'no use for workflow_job events'),
  ['installation.created.json', 'installation', welcomed([{ id: 186853002, name: 'Hello-World' }])],
  ignoring('installation.deleted.json', 'installation', 'no use for an installation that was deleted'),
  ignoring('installation.suspend.json', 'installation', 'no use for an installation that was suspend'),
  ignoring(
    'installation.new_permissions_accepted.json',
    'installation',
    'no use for an installation that was new_permissions_accepted',
  ),
  ['installation_repositories.added.json', 'installation_repositories', welcomed([{ id: 186853007, name: 'Space' }])],
  ignoring(
    'installation_repositories.removed.json',
    'installation_repositories',
    'no use for an installation that was removed',
  ),
  ['merge_group.ex0.json', 'merge_group', queued('private')],
  ['merge_group.ex1.json', 'merge_group', queued('public')],
  ignoring('ping.ex0.json', 'ping', 'no use for ping events'),
  ignoring('workflow_dispatch.ex0.json', 'workflow_dispatch', 'no use for workflow_dispatch events'),
  ignoring('repository.renamed.json', 'repository', 'no use for repository events'),
];

/** What an App's delivery of the same event would hold besides. */
const installed = (file: string): Payload => ({ ...payloadOf(file), installation: { id: 1 } });

const withPart = (payload: Payload, part: string, changes: object): Payload => ({
  ...payload,
  [part]: { ...(payload[part] as object), ...changes },
});

const SHA = 'ec26c3e57ca3a959ca5aad62de7213c562f8c821';

describeWithSharedData('shared data of webhooks', () => {
  it.each(WEBHOOKS)('%s, a %s event, becomes exactly its intent', (file, event, intent) => {
    expect(taken(event, payloadOf(file))).toEqual(intent);
  });

  it.each(WEBHOOKS)('%s, under the name of another event, is ignored or refused without an error', (file, own) => {
    for (const event of new Set(WEBHOOKS.map(([, name]) => name))) {
      const kinds = event === own ? ['ignored', 'ref', 'welcome'] : ['ignored', 'ref'];
      expect(kinds).toContain(taken(event, payloadOf(file)).kind);
    }
  });

  it('covers every file of the folder, each with its event', () => {
    const listed = listedFiles();
    expect(WEBHOOKS.map(([file, event]) => `${file} ${event}`).sort()).toEqual(
      listed.map(({ file, event }) => `${file} ${event}`).sort(),
    );
    expect(WEBHOOKS.map(([file]) => file).sort()).toEqual(
      readdirSync(sharedDataPath('webhooks'))
        .filter((file) => file !== 'index.json')
        .sort(),
    );
  });

  it('has the bytes that index.json signs, its actions and its installations', () => {
    for (const { file, action, installation_id: installation, ...listed } of listedFiles()) {
      const signature = createHmac('sha256', 'test').update(textOf(file)).digest('hex');
      expect([file, `sha256=${signature}`]).toEqual([file, listed.hmac_sha256_with_secret_test]);
      const payload = payloadOf(file);
      expect([file, payload.action ?? null]).toEqual([file, action]);
      expect([file, payload.installation?.id ?? null]).toEqual([file, installation]);
    }
  });
});

/** What the examples lack, each one change away from a real payload. */
describeWithSharedData('shared data of webhooks, as they would come to the App', () => {
  it('takes a new tag for a push of its commit', () => {
    expect(taken('push', installed('push.ex0.json'))).toEqual({
      kind: 'ref',
      intent: {
        repository: HELLO_WORLD,
        ref: 'refs/tags/simple-tag',
        sha: '6113728f27ae82c7b1a177c8d03f9e96e0adf246',
        triggers: [{ kind: 'push', actor: 'Codertocat' }],
        delivery: DELIVERY,
        timing: WEBHOOK_TIMING,
      },
    });
  });

  it('takes an opened pull request for the same ref and commit as a later one', () => {
    expect(taken('pull_request', installed('pull_request.opened.json'))).toEqual(PULL_REQUEST);
  });

  it('takes a completed run under a title of ours for news of that stage', () => {
    const runWorkflowId = `slsa-run:283462325:refs/heads/changes:${SHA}:1`;
    const title = { display_title: `slsa ${runWorkflowId}/build ${'0123456789abcdef'.repeat(2)}` };
    expect(taken('workflow_run', withPart(payloadOf('workflow_run.completed.json'), 'workflow_run', title))).toEqual({
      kind: 'stage_news',
      runWorkflowId,
      news: { stage: 'build', actionsRunId: 1589141559, attempt: 1 },
    });
  });

  it('takes whatever happens to a fork check for news to the coordinator of its ref, and to no other', () => {
    const run = (more: object): unknown =>
      withPart(payloadOf('workflow_run.completed.json'), 'workflow_run', {
        display_title: `slsa fork 7 ${SHA} main`,
        event: 'pull_request',
        path: '.github/workflows/fork-check.yml',
        head_branch: 'patch-1',
        ...more,
      });
    const news = { sha: SHA, actionsRunId: 1589141559, attempt: 1 };
    const fork = { kind: 'fork_news', repositoryId: 283462325, ref: 'refs/pull/7/head', news };
    expect(taken('workflow_run', run({ head_repository: { id: 5 } }))).toEqual(fork);
    expect(taken('workflow_run', run({ head_repository: null }))).toEqual(fork);
    expect(taken('workflow_run', run({ head_repository: { id: 283462325 } }))).toEqual({
      ...fork,
      ref: 'refs/heads/patch-1',
    });
    expect(taken('workflow_run', run({ event: 'workflow_dispatch' })).kind).toBe('ignored');
    expect(taken('workflow_run', run({ path: '.github/workflows/mine.yml' })).kind).toBe('ignored');
  });

  it("ignores a completed run that was titled after another repository's pipeline", () => {
    const title = {
      display_title: `slsa slsa-run:1:refs/heads/changes:${SHA}:1/build ${'0123456789abcdef'.repeat(2)}`,
    };
    expect(taken('workflow_run', withPart(payloadOf('workflow_run.completed.json'), 'workflow_run', title))).toEqual({
      kind: 'ignored',
      why: "another repository's run",
    });
  });

  it('takes a press of Re-run on its own check run for a command', () => {
    const ours = {
      external_id: `slsa-run:526:refs/heads/changes:${SHA}:1`,
      app: { id: APP_ID },
      conclusion: 'failure',
    };
    expect(taken('check_run', withPart(payloadOf('check_run.rerequested.json'), 'check_run', ours))).toMatchObject({
      kind: 'command',
      id: 'slsa-command:check-4-rerequested-5346',
      request: {
        repository: { id: 526, owner: 'github', name: 'hello-world', installationId: 1 },
        user: { id: 5346, login: 'octocat' },
        subject: { kind: 'press', ref: 'refs/heads/changes', sha: SHA, mode: 'failed' },
      },
    });
  });

  it("ignores a press of Re-run on its own check run that names another repository's run", () => {
    const foreign = { external_id: `slsa-run:527:refs/heads/changes:${SHA}:1`, app: { id: APP_ID } };
    expect(taken('check_run', withPart(payloadOf('check_run.rerequested.json'), 'check_run', foreign))).toEqual({
      kind: 'ignored',
      why: 'not a check run of one of our runs',
    });
  });

  it('takes a press of Re-run all on its own check suite for a command', () => {
    expect(taken('check_suite', payloadOf('check_suite.rerequested.json'), 29310)).toMatchObject({
      kind: 'command',
      id: `slsa-command:check-suite-118578147-${DELIVERY}`,
      request: {
        repository: { ...HELLO_WORLD, installationId: 957387 },
        user: { id: 49795351, login: 'octocoders-linter[bot]' },
        delivery: DELIVERY,
        timing: WEBHOOK_TIMING,
        subject: { kind: 'press', ref: 'refs/heads/changes', sha: SHA, mode: 'all' },
      },
    });
  });

  it('T3: takes a command in a comment on a pull request, and ignores the same on an issue', () => {
    const comment = withPart(installed('issue_comment.created.json'), 'comment', { body: '/slsa rerun all' });
    expect(taken('issue_comment', comment)).toEqual({ kind: 'ignored', why: 'a comment on an issue' });
    expect(taken('issue_comment', withPart(comment, 'issue', { pull_request: {} }))).toEqual({
      kind: 'command',
      id: 'slsa-command:492700400',
      request: {
        repository: HELLO_WORLD,
        user: { id: 21031067, login: 'Codertocat' },
        delivery: DELIVERY,
        timing: WEBHOOK_TIMING,
        subject: {
          kind: 'comment',
          commentId: 492700400,
          pullRequest: 1,
          commands: [{ kind: 'rerun', mode: 'all' }],
        },
      },
    });
  });
});

interface Definition {
  readonly name: string;
  readonly examples: readonly Payload[];
}
const DEFINITIONS = createRequire(import.meta.url)('@octokit/webhooks-examples') as readonly Definition[];

/** Which intents the examples of each event become; the events that are not here are ignored, all of them. */
const INTENTS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  push: { ref: 3, ignored: 4 },
  pull_request: { ref: 7, ignored: 22 },
  workflow_run: { ignored: 5 },
  check_run: { ignored: 9 },
  check_suite: { ignored: 9 },
  issue_comment: { ignored: 9 },
  merge_group: { ref: 2 },
  installation: { welcome: 2, ignored: 5 },
  installation_repositories: { welcome: 2, ignored: 1 },
};

function countByKind(intents: readonly Intent[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of intents) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

describe('F6: the examples of @octokit/webhooks-examples', () => {
  it('are 329 examples of 58 events', () => {
    expect(DEFINITIONS).toHaveLength(58);
    expect(DEFINITIONS.flatMap(({ examples }) => examples)).toHaveLength(329);
  });

  it.each(DEFINITIONS.map(({ name, examples }) => [examples.length, name, examples] as const))(
    'all pass through intake without an error: %i of %s',
    (number, name, examples) => {
      const intents = examples.map((payload) => taken(name, payload));
      expect(countByKind(intents)).toEqual(INTENTS[name] ?? { ignored: number });
    },
  );

  it('say why they are ignored', () => {
    const intents = DEFINITIONS.flatMap(({ name, examples }) => examples.map((payload) => taken(name, payload)));
    const reasons = intents.flatMap((intent) => (intent.kind === 'ignored' ? [intent.why] : []));
    expect(reasons).toHaveLength(313);
    for (const why of reasons) expect(why).toMatch(/^.{10,120}$/);
  });

  it('never become a run where the delivery names no installation', () => {
    for (const { name, examples } of DEFINITIONS) {
      const intents = examples
        .filter(({ installation }) => installation === undefined)
        .map((each) => taken(name, each));
      expect(intents.filter(({ kind }) => kind !== 'ignored')).toEqual([]);
    }
  });

  it('F6: are taken where their installation has id 0, and it is looked up', () => {
    const push = DEFINITIONS.find(({ name }) => name === 'push')?.examples[0];
    expect(taken('push', { ...push, installation: { id: 0 } })).toMatchObject({
      kind: 'ref',
      intent: { repository: { installationId: null } },
    });
  });

  it('pass through intake without an error under the name of every event that intake reads', () => {
    const payloads = DEFINITIONS.flatMap(({ examples }) => examples);
    for (const event of Object.keys(INTENTS)) {
      for (const payload of payloads) expect(() => taken(event, payload)).not.toThrow();
    }
  });
});
