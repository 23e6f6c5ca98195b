/** The stand-in GitHub, held against GitHub's own description: through the product's adapter, and past it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Sandbox } from '../../sandbox/box.ts';
import type { StageEnd } from '../../sandbox/actions/scripts.ts';
import type { RecordedCall, Route } from '../../sandbox/github/http.ts';
import { githubRoutes } from '../../sandbox/github/routes.ts';
import type { PullRecord, RepositoryRecord } from '../../sandbox/github/world.ts';
import { fetchArchive, fetchTail } from '../../src/adapters/github/artifact-archive.ts';
import { blobSha, treeShaAfter } from '../../src/adapters/github/git-objects.ts';
import { createGitHub, type RepositoryApi } from '../../src/adapters/github/github.ts';
import {
  examineApp,
  examineHook,
  examineInstallation,
  examineRepository,
} from '../../src/adapters/github/examination.ts';
import { RateGate } from '../../src/adapters/github/rate-gate.ts';
import { registeredApp } from '../../src/adapters/github/app-registration.ts';
import { lookUpRepository } from '../../src/adapters/github/lookup.ts';
import { appSecrets } from '../../src/cli/demo-evidence.ts';
import { Secret } from '../../src/domain/secret.ts';
import { appTokens, plainTokens } from '../../src/adapters/github/tokens.ts';
import { branchRef, CommitSha, Digest, GitRef } from '../../src/domain/git.ts';
import { STAGE_TABLE } from '../../src/domain/stage/stage-table.ts';
import { GitHubDescription } from './openapi.ts';
import { appJwt, ask, asDomain, mint, pathOf, stubs, stubsBut, tokenFor } from './wire.ts';

/** Routes that GitHub does not describe, and why the sandbox has them. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'GET /_actions/id-token': 'stands for the address that only a running job knows',
  'GET /_blobs/:ticket': "stands for the artifact store, which is not the API: its addresses are nobody's to build",
  'GET /_attestations/:ticket': 'stands for the store of bundles, likewise',
};

/** Media types that GitHub describes in prose only ("Get repository content", custom media types). */
const IN_PROSE_ONLY = ['application/vnd.github.raw+json'];

const LINT_FILE = STAGE_TABLE.lint.file;
const REPOSITORY = '/repos/acme/app';

let box: Sandbox;
let repository: RepositoryRecord;
let pull: PullRecord;
let head: CommitSha;
const description = GitHubDescription.read();

beforeAll(async () => {
  box = await Sandbox.start({ kind: true, queueMs: 0, stageScripts: () => stubs });
  repository = await box.createRepository('app');
  const files = await box.setUpFiles();
  head = CommitSha.parse(await box.push(repository, 'main', new Map([...files, ['docs/a b.md', 'é\n']])));
  await box.push(repository, 'feature/one', new Map([...files, ['more.txt', '1\n2\n']]));
  await repository.git.git('tag', '--annotate', '--message=One', 'v1', head);
  pull = await box.openPull(repository, 'feature/one');
  for (const { name, play } of scenes) await play().catch((error: unknown) => failures.set(name, error));
}, 120_000);

afterAll(() => box.stop());

interface Scene {
  readonly name: string;
  readonly play: () => Promise<unknown>;
}

const scenes: Scene[] = [];
const failures = new Map<string, unknown>();

/** A scene meets what those before it left, so all are played once, in order; a test tells how its scene went. */
function scene(name: string, play: () => Promise<unknown>): void {
  scenes.push({ name, play });
  it(name, () => {
    const failure = failures.get(name);
    if (failure !== undefined) throw failure as Error;
  });
}

/** The calls that something made. */
async function callsOf(work: () => Promise<unknown>): Promise<readonly RecordedCall[]> {
  const before = box.calls.length;
  await work();
  return box.calls.slice(before);
}

const isDescribed = (call: RecordedCall): boolean =>
  EXCEPTIONS[call.route] === undefined && !IN_PROSE_ONLY.includes(call.contentType.split(';')[0] ?? '');

/** A request that the description does not allow may be made here on purpose; then it has to be refused. */
const problemsOf = (calls: readonly RecordedCall[]): string[] =>
  calls.flatMap((call) => {
    if (EXCEPTIONS[call.route] !== undefined) return [];
    const sent = call.status < 400 ? description.requestProblems(call) : [];
    return [...sent, ...(isDescribed(call) ? description.responseProblems(call) : [])];
  });

const endpoint = () => ({ baseUrl: box.url, fetch });
const github = () => createGitHub(appTokens(appSecrets(box), endpoint()), endpoint());
const asTheProduct = (): RepositoryApi => github().repository(asDomain(box, repository));

async function readContents(api: RepositoryApi): Promise<void> {
  expect(await api.contents.commitAt(branchRef('main'))).toBe(head);
  expect(await api.contents.commitAt(GitRef.parse('refs/tags/v1'))).toBe(head);
  expect(await api.contents.commitAt(branchRef('absent'))).toBeNull();
  expect(await api.contents.fileAt('docs/a b.md', head)).toBe('é\n');
  expect(await api.contents.fileAt('absent.md', head)).toBeNull();
  expect((await api.contents.directoryAt('.github/workflows', head)).has(LINT_FILE)).toBe(true);
  expect((await api.contents.pullRequest(pull.number))?.base.sha).toBe(head);
  await repository.git.git('branch', '--force', 'later', head);
  const moved = new Map([
    ['docs/b.md', 'é\n'],
    ['docs/a b.md', null],
  ]);
  const tip = CommitSha.parse(await repository.git.commitFiles('later', moved, 'Move'));
  expect((await api.contents.changedPaths(head, tip))?.toSorted()).toEqual(['docs/a b.md', 'docs/b.md']);
  expect(await api.contents.changedPaths(tip, head)).toBeNull();
  expect(await api.contents.pullRequest(999)).toBeNull();
}

async function report(api: RepositoryApi): Promise<void> {
  const text = { name: 'SLSA pipeline', title: 'A title', summary: 'A summary' };
  const id = await api.reports.createCheckRun(head, 'run-1', { ...text, status: 'queued', conclusion: null });
  await api.reports.updateCheckRun(id, { ...text, status: 'in_progress', conclusion: null });
  await api.reports.updateCheckRun(id, { ...text, status: 'completed', conclusion: 'failure' });
  const annotation = { path: 'a.ts', line: 3, column: 2, level: 'failure', title: 'x', message: 'y' } as const;
  const buttons = [{ name: 'explain', label: 'Explain', description: 'Says why' }] as const;
  const last = { ...text, text: 'More', status: 'completed', conclusion: 'failure' } as const;
  await api.reports.updateCheckRun(id, {
    ...last,
    annotations: [annotation, { ...annotation, column: null }],
    buttons,
  });
  expect(await api.reports.annotationsCount(id)).toBe(2);
  await api.reports.createCheckRun(head, 'run-2', { ...text, status: 'in_progress', conclusion: null });
  expect(await api.reports.checkRuns(head, box.app.appId)).toHaveLength(2);
  for (const state of ['pending', 'success', 'failure', 'error'] as const)
    await api.reports.setStatus(head, { state, context: 'slsa/build-level', description: 'Said in one line' });
  expect((await api.reports.latestStatus(head, 'slsa/build-level'))?.state).toBe('error');
}

const lintInputs = (key: string): Record<string, string> => ({ key, nonce: 'n', group: key, commit: head });

async function dispatchLint(api: RepositoryApi, key: string): Promise<number> {
  const started = await api.actions.dispatch({ file: LINT_FILE, ref: branchRef('main'), inputs: lintInputs(key) });
  if (started.kind !== 'started') throw new Error('the sandbox did not say which run it started');
  return started.actionsRunId;
}

async function act(api: RepositoryApi): Promise<void> {
  const finished = await dispatchLint(api, 'one');
  await box.engine.settle();
  const seen = await api.actions.run(finished, null);
  expect(seen?.run.conclusion).toBe('success');
  expect(await api.actions.run(finished, seen?.etag ?? null)).toBeNull();
  expect(await api.actions.jobs(finished)).toHaveLength(1);
  expect(await api.actions.machinesOf(finished, 1)).toEqual([
    { job: 'lint', conclusion: 'success', groupId: 0, groupName: 'GitHub Actions' },
  ]);
  expect(await api.actions.runsSince(LINT_FILE, '2020-01-01T00:00:00Z')).toHaveLength(1);
  const [artifact] = await api.actions.artifacts(finished, 'slsa-lint-1');
  const location = await api.actions.artifactLocation(artifact?.id ?? 0);
  await fetchArchive(github().archives, location ?? '', artifact?.digest ?? null);
  repository.artifacts.forEach((each) => (each.expired = true));
  expect(await api.actions.artifactLocation(artifact?.id ?? 0)).toBeNull();
  await api.actions.cancel(finished, 'cancel');
  box.world.identities.set('a-job', (audience) => `token for ${audience}`);
  const asked = { headers: { authorization: 'bearer a-job' } };
  expect((await ask(box, 'GET /_actions/id-token?audience=sigstore', asked)).body).toEqual({
    value: 'token for sigstore',
  });
}

async function cancelTwo(api: RepositoryApi): Promise<void> {
  box.engine.options.queueMs = 60_000;
  const waiting = [await dispatchLint(api, 'two'), await dispatchLint(api, 'three')];
  box.engine.options.queueMs = 0;
  expect((await api.actions.run(waiting[0] ?? 0, null))?.run.status).toBe('queued');
  await api.actions.jobs(waiting[0] ?? 0);
  await api.actions.cancel(waiting[0] ?? 0, 'cancel');
  await api.actions.cancel(waiting[1] ?? 0, 'force-cancel');
  await box.engine.settle();
  expect((await api.actions.run(waiting[0] ?? 0, null))?.run.conclusion).toBe('cancelled');
  await api.actions.jobs(waiting[0] ?? 0);
}

/** Why a run failed: its annotations, and its log. */
async function explain(api: RepositoryApi): Promise<void> {
  const [id, silent] = await withLintThat(
    () => ({
      conclusion: 'failure',
      artifact: null,
      steps: [{ name: 'MegaLinter', conclusion: 'failure' }],
      annotations: [
        { level: 'failure', message: 'The runner has received a shutdown signal.' },
        { level: 'warning', message: 'Node.js 16 actions are deprecated.' },
        { level: 'notice', message: 'There will be another image soon.' },
      ],
      log: 'first\n##[error]last',
    }),
    async () => [await dispatchLint(api, 'fails'), await api.reports.createCheckRun(head, 'run-3', QUEUED)],
  );
  const [job] = await api.actions.jobs(id);
  expect(await api.actions.annotations(job?.id ?? 0)).toHaveLength(3);
  expect(await api.actions.annotations(silent)).toEqual([]);
  const location = await api.actions.logLocation(job?.id ?? 0);
  expect(await fetchTail(github().archives, location ?? '', 1024)).toMatch(/Z first\n\S+Z ##\[error\]last\n$/);
  expect(await api.actions.logLocation(999)).toBeNull();
}

const QUEUED = { name: 'x', title: 'A title', summary: 'A summary', status: 'queued', conclusion: null } as const;

async function withLintThat<T>(ends: () => StageEnd, work: () => Promise<T>): Promise<T> {
  const before = box.engine.scripts;
  box.engine.scripts = stubsBut('lint', () => Promise.resolve(ends()));
  const result = await work();
  await box.engine.settle();
  box.engine.scripts = before;
  return result;
}

/** Runs that Actions itself ends: without a job, or since their time is over. */
async function seeEndings(api: RepositoryApi): Promise<void> {
  for (const conclusion of ['startup_failure', 'timed_out'] as const) {
    const end = { conclusion, artifact: null, steps: [] };
    const id = await withLintThat(
      () => end,
      () => dispatchLint(api, conclusion),
    );
    expect((await api.actions.run(id, null))?.run.conclusion).toBe(conclusion);
    expect(await api.actions.jobs(id)).toHaveLength(conclusion === 'timed_out' ? 1 : 0);
  }
}

async function track(api: RepositoryApi): Promise<void> {
  const { number } = await api.issues.create({ title: 'It failed', body: 'Look', labels: ['slsa:build'] });
  await api.issues.update(number, { title: 'It failed again', body: 'Look again' });
  await api.issues.update(number, { state: 'closed', state_reason: 'completed' });
  await api.issues.update(number, { state: 'open', state_reason: 'reopened' });
  expect(await api.issues.read(number)).toMatchObject({ state: 'open', state_reason: 'reopened', body: 'Look again' });
  const { bot } = box.world.app;
  expect(await api.issues.createdBy(bot, 'open')).toMatchObject([{ number }]);
  expect(await api.issues.createdBy(bot, 'closed')).toEqual([]);
  await api.conversations.createComment(number, 'And again');
  expect(await api.conversations.comments(number)).toHaveLength(1);
}

async function askForDeliveriesAgain(): Promise<void> {
  await box.announcePushes('acme', 'app');
  box.webhooks.options.manner = () => 'fail';
  await box.push(repository, 'other', new Map([['b', '1']]));
  box.pressRerun(repository, repository.checkRuns[0]?.id ?? 0, 'kim');
  box.webhooks.options.manner = () => 'deliver';
  const { deliveries } = github();
  const failed = (await deliveries?.failedSince(0)) ?? [];
  expect(failed.map(({ event }) => event)).toEqual(['check_run', 'push']);
  await deliveries?.redeliver(failed[0]?.id ?? 0);
  await deliveries?.redeliver(999_999);
}

async function converse(api: RepositoryApi): Promise<void> {
  const asked = box.comment(repository, pull.number, 'kim', '/slsa status');
  await api.conversations.react(asked, 'eyes');
  await api.conversations.react(asked, 'eyes');
  const { id } = box.user('kim');
  expect(await api.conversations.mayWrite({ id, login: 'kim' })).toBe(true);
  box.user('guest');
  expect(await api.conversations.mayWrite({ id, login: 'guest' })).toBe(false);
  expect(await api.conversations.mayWrite({ id, login: 'nobody' })).toBe(false);
  const reply = await api.conversations.createComment(pull.number, 'Here is how it stands');
  await api.conversations.updateComment(reply, 'Here is how it stood');
  expect(await api.conversations.comments(pull.number)).toHaveLength(2);
}

async function readAttestations(api: RepositoryApi): Promise<void> {
  const digest = Digest.parse(`sha256:${'a'.repeat(64)}`);
  const none = Digest.parse(`sha256:${'b'.repeat(64)}`);
  const bundle = { mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json' };
  repository.attestations.push({ id: 1, digest, predicateType: 'x', bundle, createdAt: new Date().toISOString() });
  expect(await api.attestations.bundlesOf(none)).toEqual({ kind: 'read', bundles: [] });
  const found = await api.attestations.bundlesOf(digest);
  const [stored] = found.kind === 'read' ? found.bundles : [];
  expect(stored?.kind === 'bytes' ? JSON.parse(Buffer.from(stored.bytes).toString('utf8')) : null).toEqual(bundle);
}

async function learnWhoIsThere(): Promise<void> {
  expect(await github().identity()).toEqual({
    userId: box.world.app.bot.id,
    login: box.world.app.bot.login,
    appId: box.app.appId,
  });
  const token = box.auth.personalToken(box.user('kim'));
  expect((await plainTokens(new Secret(token), endpoint()).identity()).userId).toBe(box.user('kim').id);
  const name = { owner: 'acme', name: 'app' };
  const known = await lookUpRepository({ kind: 'app', ...appSecrets(box) }, box.url, name);
  expect(known).toEqual(asDomain(box, repository));
  expect(
    (await lookUpRepository({ kind: 'token', token: new Secret(token) }, box.url, name)).installationId,
  ).toBeNull();
}

async function propose({ proposals, contents }: RepositoryApi): Promise<void> {
  const branches = { owner: 'acme', head: 'slsa/x', base: 'main' };
  const { userId } = await github().identity();
  expect(await proposals.openBy(userId, branches)).toBeNull();
  expect(await proposals.createBranch('slsa/x', head)).toBe(true);
  expect(await proposals.createBranch('slsa/x', head)).toBe(false);
  const change = { path: '.github/x.yml', branch: 'slsa/x', text: 'é: 1\n', message: 'Add' };
  await proposals.write({ ...change, replaces: null });
  const file = await proposals.file(change.path, 'refs/heads/slsa/x');
  expect(file?.text).toBe('é: 1\n');
  await proposals.write({ ...change, text: 'é: 2\n', replaces: file?.sha ?? null });
  expect(await contents.fileAt(change.path, 'refs/heads/slsa/x')).toBe('é: 2\n');
  expect(await proposals.file('absent.yml', head)).toBeNull();
  const pulled = await proposals.open({ title: 'X', body: 'Why', head: 'slsa/x', base: 'main' });
  expect(await proposals.openBy(userId, branches)).toEqual(pulled);
  expect(await proposals.openBy(userId + 1, branches)).toBeNull();
  expect(await proposals.openBy(userId, { ...branches, base: 'other' })).toBeNull();
}

async function repair({ git, fixPulls, proposals }: RepositoryApi): Promise<void> {
  const { userId } = await github().identity();
  const tree = await git.treeAt(head);
  const entry = tree?.find(({ path }) => path === 'docs/a b.md');
  if (tree === null || entry === undefined) throw new Error('The commit has that file');
  expect((await git.blob(entry.sha)).toString()).toBe('é\n');
  const text = 'é, better\n';
  const wanted = treeShaAfter(tree, new Map([[entry.path, blobSha(Buffer.from(text))]]));
  expect(await git.branchTip('slsa/fix')).toBeNull();
  expect(await proposals.createBranch('slsa/fix', head)).toBe(true);
  const files = [{ path: entry.path, mode: entry.mode, text }];
  const baseTree = treeShaAfter(tree, new Map());
  const commit = await git.createCommit({ baseTree, parent: head, message: 'Fix', files });
  expect(await git.moveBranch('slsa/fix', commit)).toBe(true);
  // What is computed here is what git makes of it.
  expect(await git.branchTip('slsa/fix')).toEqual({ sha: commit, tree: wanted, parents: [head], message: 'Fix' });
  expect(await git.moveBranch('slsa/fix', head)).toBe(false);
  const words = { title: 'Fix', body: 'Why' };
  const opened = await fixPulls.openDraft({ ...words, head: 'slsa/fix', base: 'main' });
  expect(opened).toMatchObject({ branch: 'slsa/fix', head: commit });
  expect(await fixPulls.openBy(userId, 'main')).toContainEqual(opened);
  expect(await fixPulls.openBy(userId + 1, 'main')).toEqual([]);
  await fixPulls.rewrite(opened.number, { ...words, body: 'Why again' });
  await fixPulls.label(opened.number, ['needs-review']);
  await fixPulls.comment(opened.number, 'A word');
  await fixPulls.close(opened.number);
  expect(repository.pulls.at(-1)).toMatchObject({ state: 'closed', body: 'Why again', labels: ['needs-review'] });
  await git.deleteBranch('slsa/fix');
  const token = await tokenFor(box);
  await ask(box, `GET ${REPOSITORY}/git/ref/heads%2Fmain`, { token });
  await ask(box, `GET ${REPOSITORY}/git/commits/${head}`, { token });
  const lent = await github().lendToken(asDomain(box, repository), (given) => Promise.resolve(given));
  expect((await ask(box, `GET ${REPOSITORY}/git/ref/heads%2Fmain`, { token: lent })).status).toBe(401);
}

async function examine(): Promise<void> {
  const tokens = appTokens(appSecrets(box), endpoint());
  if (tokens.asApp === null) throw new Error('An App can act as itself');
  expect((await examineApp(tokens.asApp)).skewSeconds).toBeLessThan(30);
  expect((await examineHook(tokens.asApp)).hasSecret).toBe(true);
  expect((await examineInstallation(tokens.asApp, asDomain(box, repository))).isSuspended).toBe(false);
  repository.requiredChecks.push({ context: 'x', integrationId: 5 }, { context: 'y', integrationId: null });
  const line = { tokens, endpoint: endpoint(), gate: new RateGate() };
  const { workflows, requiredChecks } = await examineRepository(line, asDomain(box, repository));
  repository.requiredChecks.splice(0);
  expect(workflows.get(LINT_FILE)).toBe('active');
  expect(requiredChecks).toEqual([
    { context: 'x', appId: 5 },
    { context: 'y', appId: null },
  ]);
}

async function register(): Promise<void> {
  const code = box.agreeToManifest();
  const app = await registeredApp(code, endpoint());
  expect(app).toMatchObject({ id: box.app.appId, slug: box.world.app.slug });
  await expect(registeredApp(code, endpoint())).rejects.toMatchObject({ kind: 'not_found' });
}

const CONVERSATIONS = [
  ['learns who is there', () => learnWhoIsThere()],
  ['reads contents', () => readContents(asTheProduct())],
  ['reports', () => report(asTheProduct())],
  ['dispatches and collects', () => act(asTheProduct())],
  ['cancels', () => cancelTwo(asTheProduct())],
  ['explains', () => explain(asTheProduct())],
  ['sees what Actions ends', () => seeEndings(asTheProduct())],
  ['tracks failures by issues', () => track(asTheProduct())],
  ['asks for deliveries again', () => askForDeliveriesAgain()],
  ['converses', () => converse(asTheProduct())],
  ['proposes', () => propose(asTheProduct())],
  ['repairs', () => repair(asTheProduct())],
  ['is examined', () => examine()],
  ['is made of a manifest', () => register()],
  ['looks for attestations', () => readAttestations(asTheProduct())],
] as const;

describe('the product against the stand-in GitHub', () => {
  for (const [what, work] of CONVERSATIONS) {
    scene(`sends and gets what GitHub describes when it ${what}`, async () => {
      const calls = await callsOf(work);
      expect(calls.length).toBeGreaterThan(1);
      expect(problemsOf(calls)).toEqual([]);
      // What the product sends is never one of the wrong requests.
      expect(calls.filter(isDescribed).flatMap((call) => description.requestProblems(call))).toEqual([]);
    });
  }
});

interface Odd {
  readonly why: string;
  readonly what: string;
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

const CHECK_RUNS = `${REPOSITORY}/check-runs`;
const ISSUES = `${REPOSITORY}/issues`;
const LABELLED = { title: 'x', labels: [{ name: 'bug' }, 'slsa:build'] };
const COMMENTS = `${ISSUES}/1/comments`;
const REACTIONS = `${REPOSITORY}/issues/comments/999/reactions`;
const WORKFLOWS = `${REPOSITORY}/actions/workflows`;
const SHA_ALONE = { accept: 'application/vnd.github.sha' };

/** Requests that only others make; some of them wrong, so that GitHub's refusals are held to its description too. */
const ODD_REQUESTS: readonly Odd[] = [
  { why: 'a whole commit', what: `GET ${REPOSITORY}/commits/main`, status: 200 },
  { why: "a commit's SHA alone", what: `GET ${REPOSITORY}/commits/main`, status: 200, headers: SHA_ALONE },
  { why: 'an unknown commit', what: `GET ${REPOSITORY}/commits/absent`, status: 422 },
  { why: 'the root folder', what: `GET ${REPOSITORY}/contents/`, status: 200 },
  { why: 'a file as JSON', what: `GET ${REPOSITORY}/contents/docs/a%20b.md?ref=main`, status: 200 },
  { why: 'an unknown file', what: `GET ${REPOSITORY}/contents/absent`, status: 404 },
  { why: 'an unknown ref', what: `GET ${REPOSITORY}/contents/docs?ref=absent`, status: 404 },
  { why: 'a repository as GHES serves it', what: `GET /api/v3${REPOSITORY}`, status: 200 },
  { why: 'an unknown repository', what: 'GET /repos/acme/absent', status: 404 },
  { why: 'the user of an installation, which has none', what: 'GET /user', status: 403 },
  { why: 'an unknown user', what: 'GET /users/absent', status: 404 },
  { why: "a branch's check runs", what: `GET ${REPOSITORY}/commits/main/check-runs?per_page=1`, status: 200 },
  {
    why: 'a check run on an unknown commit',
    what: `POST ${CHECK_RUNS}`,
    status: 422,
    body: { head_sha: 'x', name: 'x' },
  },
  { why: 'an output without a summary', what: `POST ${CHECK_RUNS}`, status: 422, body: { output: { title: 'x' } } },
  {
    why: 'a button with an overlong label',
    what: `POST ${CHECK_RUNS}`,
    status: 422,
    body: { name: 'x', head_sha: 'x', actions: [{ label: 'x'.repeat(21), description: 'x', identifier: 'x' }] },
  },
  {
    why: 'a ref that is there',
    what: `POST ${REPOSITORY}/git/refs`,
    status: 422,
    body: { ref: 'refs/heads/main', sha: 'x' },
  },
  {
    why: 'a file without the blob that it replaces',
    what: `PUT ${REPOSITORY}/contents/docs/a%20b.md`,
    status: 422,
    body: { message: 'x', content: 'eA==' },
  },
  {
    why: 'a pull request from nowhere',
    what: `POST ${REPOSITORY}/pulls`,
    status: 422,
    body: { title: 'x', head: 'absent', base: 'main' },
  },
  { why: 'all pull requests', what: `GET ${REPOSITORY}/pulls?state=all`, status: 200 },
  { why: 'an unknown comparison', what: `GET ${REPOSITORY}/compare/absent...main`, status: 404 },
  { why: 'an unknown check run', what: `PATCH ${CHECK_RUNS}/999`, status: 404, body: {} },
  {
    why: 'a status on an unknown commit',
    what: `POST ${REPOSITORY}/statuses/x`,
    status: 422,
    body: { state: 'error' },
  },
  { why: 'an unknown state', what: `POST ${REPOSITORY}/statuses/x`, status: 422, body: { state: 'good' } },
  { why: 'an unknown run', what: `GET ${REPOSITORY}/actions/runs/999`, status: 404 },
  { why: 'an unknown artifact', what: `GET ${REPOSITORY}/actions/artifacts/999/zip`, status: 404 },
  { why: 'an overlong comment', what: `POST ${COMMENTS}`, status: 422, body: { body: 'x'.repeat(65_537) } },
  { why: 'a comment without a body', what: `POST ${COMMENTS}`, status: 422, body: {} },
  { why: 'a reaction to an unknown comment', what: `POST ${REACTIONS}`, status: 404, body: { content: 'eyes' } },
  { why: 'an unknown reaction', what: `POST ${REACTIONS}`, status: 422, body: { content: 'shrug' } },
  { why: 'a comment on what is not there', what: `POST ${ISSUES}/999/comments`, status: 404, body: { body: 'x' } },
  { why: 'comments on what is not there', what: `GET ${ISSUES}/999/comments`, status: 404 },
  { why: 'issues, and pull requests', what: `GET ${ISSUES}?state=all&sort=updated&direction=asc`, status: 200 },
  { why: 'issues with labels', what: `GET ${ISSUES}?labels=slsa:build&per_page=1&page=1`, status: 200 },
  { why: 'a pull request as an issue', what: `GET ${ISSUES}/1`, status: 200 },
  { why: 'an unknown issue', what: `GET ${ISSUES}/999`, status: 404 },
  { why: 'a change of an unknown issue', what: `PATCH ${ISSUES}/999`, status: 404, body: { state: 'closed' } },
  { why: 'an issue whose labels are objects', what: `POST ${ISSUES}`, status: 201, body: LABELLED },
  { why: 'an issue without a title', what: `POST ${ISSUES}`, status: 422, body: {} },
  { why: 'an overlong title', what: `POST ${ISSUES}`, status: 422, body: { title: 'x'.repeat(257) } },
  { why: 'an overlong body', what: `POST ${ISSUES}`, status: 422, body: { title: 'x', body: 'x'.repeat(65_537) } },
  { why: 'the log of an unknown job', what: `GET ${REPOSITORY}/actions/jobs/999/logs`, status: 404 },
  { why: 'annotations of nothing', what: `GET ${CHECK_RUNS}/999/annotations`, status: 404 },
  { why: 'statuses by the name of a branch', what: `GET ${REPOSITORY}/commits/main/statuses`, status: 200 },
  { why: 'an unknown branch', what: `POST ${WORKFLOWS}/${LINT_FILE}/dispatches`, status: 422, body: { ref: 'absent' } },
  { why: 'an unknown workflow', what: `POST ${WORKFLOWS}/absent.yml/dispatches`, status: 404, body: { ref: 'main' } },
];

describe('requests that are not of the product', () => {
  for (const { why, what, status, ...asked } of ODD_REQUESTS) {
    scene(`are answered as GitHub describes: ${why} is ${status}`, async () => {
      const token = await tokenFor(box);
      const calls = await callsOf(() => ask(box, what, { token, ...asked }));
      expect(calls.map((call) => call.status)).toEqual([status]);
      expect(problemsOf(calls)).toEqual([]);
    });
  }

  scene('get no body where a dispatch is taken without saying as which run', async () => {
    const body = { ref: 'main', inputs: lintInputs('quiet') };
    const what = `POST ${WORKFLOWS}/${LINT_FILE}/dispatches`;
    const token = await tokenFor(box);
    const calls = await callsOf(() => ask(box, what, { token, body }));
    await box.engine.settle();
    expect(calls.map(({ status }) => status)).toEqual([204]);
    expect(problemsOf(calls)).toEqual([]);
  });

  scene('get tokens as GitHub describes them, narrowed or not, and refusals of what was not granted', async () => {
    const calls = await callsOf(async () => {
      await mint(box);
      await mint(box, { repository_ids: [repository.id], permissions: { checks: 'write' } });
      await mint(box, { repositories: ['app'] });
      await mint(box, { repositories: ['absent'] });
      await mint(box, { permissions: { packages: 'write' } });
    });
    expect(calls.map(({ status }) => status)).toEqual([201, 201, 201, 422, 422]);
    expect(problemsOf(calls)).toEqual([]);
  });

  scene('get deliveries as GitHub describes them, all or by how they went, to the App alone', async () => {
    const token = await appJwt(box);
    const calls = await callsOf(async () => {
      for (const query of ['', '?per_page=1', '?status=success', '?status=failure&per_page=1'])
        await ask(box, `GET /app/hook/deliveries${query}`, { token });
      await ask(box, 'POST /app/hook/deliveries/1/attempts', { token });
      await ask(box, 'GET /app/hook/deliveries');
    });
    expect(calls.map(({ status }) => status)).toEqual([200, 200, 200, 200, 404, 401]);
    expect(problemsOf(calls)).toEqual([]);
  });

  scene('without credentials, or with wrong ones, are refused in the form of all refusals', async () => {
    const calls = await callsOf(async () => {
      await ask(box, `GET ${pathOf(repository)}`);
      await ask(box, `GET ${pathOf(repository)}`, { token: 'ghs_wrong' });
      await ask(box, 'GET /app', { token: await tokenFor(box) });
      await ask(box, `GET /repos/acme/absent/installation`, { token: await appJwt(box) });
    });
    expect(calls.map(({ status }) => status)).toEqual([401, 401, 201, 401, 404]);
    expect(problemsOf(calls)).toEqual([]);
  });

  scene('get pull requests from forks as GitHub describes them', async () => {
    const other = await box.openPull(repository, 'theirs', { headRepositoryId: 424_242, forkSha: 'f'.repeat(40) });
    const token = await tokenFor(box);
    const calls = await callsOf(() => ask(box, `GET ${REPOSITORY}/pulls/${other.number}`, { token }));
    expect(problemsOf(calls)).toEqual([]);
  });
});

describe('the runs of a pull request from a fork', () => {
  scene(
    'are held for a newcomer, let go, listed by commit, and have several jobs, as GitHub describes them',
    async () => {
      box.pullRuns.newcomers.add('mallory');
      const calls = await callsOf(async () => {
        const pull = await box.openForkPull(repository, { files: new Map([['NEWS.md', '# News\n']]) });
        const token = await tokenFor(box);
        const runs = `GET ${REPOSITORY}/actions/workflows/fork-check.yml/runs?event=pull_request&head_sha=${pull.forkSha}`;
        await ask(box, runs, { token });
        const run = repository.runs.findLast(({ event }) => event === 'pull_request');
        expect(run).toMatchObject({ status: 'completed', conclusion: 'action_required', headSha: pull.forkSha });
        await ask(box, `GET ${REPOSITORY}/actions/runs/${run?.id}/jobs`, { token });
        await ask(box, `POST ${REPOSITORY}/actions/runs/${run?.id}/approve`, { token });
        await box.engine.settle();
        await ask(box, `GET ${REPOSITORY}/actions/runs/${run?.id}`, { token });
        await ask(box, `GET ${REPOSITORY}/actions/runs/${run?.id}/jobs`, { token });
        await ask(box, `GET ${REPOSITORY}/actions/jobs/${run?.jobs[0]?.id}/logs`, { token });
        await ask(box, `POST ${REPOSITORY}/actions/runs/${run?.id}/approve`, { token });
      });
      expect(calls.map(({ status }) => status).slice(-7)).toEqual([200, 200, 201, 200, 200, 302, 403]);
      expect(problemsOf(calls)).toEqual([]);
    },
  );
});

describe('the branches that stand at a commit', () => {
  scene('are told as GitHub describes them, and none where none does', async () => {
    const tip = (await repository.git.commitOf('refs/heads/main')) ?? '';
    const lone = await repository.git.commitTo({
      ref: 'refs/pull/999/head',
      from: tip,
      files: new Map([['a', 'a']]),
      message: 'a',
    });
    const token = await tokenFor(box);
    const answers: unknown[] = [];
    const calls = await callsOf(async () => {
      for (const sha of [tip, lone])
        answers.push((await ask(box, `GET ${REPOSITORY}/commits/${sha}/branches-where-head`, { token })).body);
    });
    expect(answers).toMatchObject([expect.arrayContaining([expect.objectContaining({ name: 'main' })]), []]);
    expect(problemsOf(calls)).toEqual([]);
  });
});

describe('the routes of the stand-in', () => {
  const routes = (): readonly Route[] => githubRoutes(box);
  const nameOf = ({ method, path }: Route): string => `${method} ${path}`;

  it('are all in the description, but for the listed exceptions', () => {
    const unknown = routes().filter(({ method, path }) => {
      const example = path.replace(/[:*]\w+/g, 'x');
      return description.pathOf(method, example) === null;
    });
    expect(unknown.map(nameOf)).toEqual(Object.keys(EXCEPTIONS));
  });

  it('have all been held against the description above', () => {
    const answered = new Set(box.calls.filter(({ status }) => status < 400).map(({ route }) => route));
    expect(
      routes()
        .map(nameOf)
        .filter((name) => !answered.has(name)),
    ).toEqual([]);
  });

  it.each(['GET /rate_limit', 'POST /graphql', 'DELETE /repos/acme/app', 'GET /repos/acme/app/unheard/of'])(
    'end in a loud 501 for what the sandbox does not know: %s',
    async (what) => {
      const reply = await ask(box, what, { token: await tokenFor(box) });
      expect(reply.status).toBe(501);
      expect(reply.body).toEqual({ message: `The sandbox does not know ${what}` });
    },
  );
});

describe('the judge', () => {
  const recorded = (): RecordedCall => {
    const found = box.calls.find(
      ({ route, status }) => route === 'POST /repos/:owner/:repo/check-runs' && status === 201,
    );
    if (found === undefined) throw new Error('no check run was created');
    return found;
  };
  const answer = (): Record<string, unknown> => recorded().responseBody as Record<string, unknown>;

  it.each([
    ['a field is missing', { head_sha: undefined }, '/ must have required property'],
    ['a field has another type', { id: 'seven' }, '/id must be integer'],
    ['a word is not one of the known', { status: 'done' }, '/status must be equal to one of'],
    ['null is where it may not be', { name: null }, '/name must be string'],
    [
      'an address is none',
      { output: { title: null, summary: null, text: null, annotations_count: 0, annotations_url: 'x' } },
      '/output/annotations_url must match format "uri"',
    ],
    ['a part of another description is wrong', { app: { id: 1 } }, '/app must have required property'],
  ])('says so when %s', (_, change, expected) => {
    const call = { ...recorded(), responseBody: JSON.parse(JSON.stringify({ ...answer(), ...change })) as unknown };
    expect(description.responseProblems(call).join('\n')).toContain(expected);
  });

  it('takes null where the description does', () => {
    const call = { ...recorded(), responseBody: { ...answer(), app: null, conclusion: null, check_suite: null } };
    expect(description.responseProblems(call)).toEqual([]);
  });

  it('says so when a status, a media type, a query or a body is not in the description', () => {
    expect(description.responseProblems({ ...recorded(), status: 202 })).toHaveLength(1);
    expect(description.responseProblems({ ...recorded(), contentType: 'text/html' })).toHaveLength(1);
    expect(description.requestProblems({ ...recorded(), query: { colour: 'red' } })).toHaveLength(1);
    expect(description.requestProblems({ ...recorded(), requestBody: null })).toHaveLength(1);
    expect(description.requestProblems({ ...recorded(), requestBody: { name: 1 } })).not.toEqual([]);
    expect(description.requestProblems({ ...recorded(), path: '/repos/acme/app/unheard' })).toHaveLength(1);
  });
});
