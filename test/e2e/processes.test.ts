/** Real processes: a worker that is killed and comes back, and the command line with a plain token and no webhook. */
import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RepositoryRecord } from '../../sandbox/github/world.ts';
import { command, type Command } from '../command.ts';
import { type Scripts } from './scripted-stages.ts';
import { StageSet } from './stage-set.ts';

const scripts: Scripts = {};
let set: StageSet;
const children: ChildProcess[] = [];
function start(args: readonly string[], env: Record<string, string>): Command {
  const started = command(args, env);
  children.push(started.child);
  return started;
}

let trust: Record<string, string>;
const common = (): Record<string, string> => ({
  ...trust,
  TEMPORAL_URL: set.temporal.address,
  GITHUB_API_URL: set.sandbox.url,
  LOG_LEVEL: 'info',
});
const asApp = (): Record<string, string> => ({
  ...common(),
  APP_ID: String(set.sandbox.app.appId),
  PRIVATE_KEY: set.sandbox.app.privateKey.replaceAll('\n', '\\n'),
});

beforeAll(async () => {
  set = await StageSet.open({ scripts, worker: false });
  trust = await set.sandbox.trustEnvironment();
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await set.close();
});

describe('a worker', () => {
  it('that is killed in the middle of a run is taken over by the next one, and nothing is dispatched twice', async () => {
    Object.assign(scripts, { build: { kind: 'slow', milliseconds: 1500 } });
    const repository = await set.repository('killed');
    const first = start(['worker'], asApp());
    await first.says('Worker is polling');
    const sha = await set.push(repository, 'main');
    for (let tries = 0; tries < 400 && !repository.runs.some(({ file }) => file.startsWith('01')); tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 25));
    first.child.kill('SIGKILL');
    await first.ended;
    const second = start(['worker'], asApp());
    const check = await set.check(repository, set.idOf(repository, 'refs/heads/main', sha));

    expect(check).toMatchObject({ conclusion: 'success' });
    expect(repository.runs.map(({ file }) => file.slice(0, 2)).toSorted()).toEqual([
      '00',
      '01',
      '02',
      '03',
      '04',
      '05',
      '06',
    ]);
    expect(repository.checkRuns).toHaveLength(1);

    second.child.kill('SIGTERM');
    expect((await second.ended).code).toBe(0);
  });
});

describe('the command line with a plain token', () => {
  let repository: RepositoryRecord;
  let webhooks: string | null;
  beforeAll(async () => {
    repository = await set.repository('by-hand');
    webhooks = set.sandbox.webhooks.options.url;
    set.sandbox.webhooks.options.url = null;
  });
  afterAll(() => void (set.sandbox.webhooks.options.url = webhooks));

  it('starts a run, follows it to its end, and leaves a commit status', async () => {
    const env = { ...common(), GITHUB_TOKEN: set.sandbox.auth.personalToken(set.sandbox.user('kim')) };
    const worker = start(['worker'], env);
    await worker.says('Worker is polling');
    const asked = [
      'run',
      '--repo-owner',
      'acme',
      '--repo-name',
      'by-hand',
      '--preset',
      'minimal',
      '--image-tag',
      'v1',
      '--severity',
      'critical',
    ];
    const { code, out, err } = await start(asked, env).ended;

    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.split('\n')[0]).toMatch(/^slsa-pipeline {2}acme\/by-hand @ main [0-9a-f]{7}/);
    expect(out).toContain("verdict: success, Build L2: built by the repository's own workflow · 0 findings");
    expect(repository.checkRuns).toEqual([]);
    expect(repository.statuses.map(({ state }) => state)).toEqual(['pending', 'success']);
    expect(repository.runs.find(({ file }) => file.startsWith('01'))?.inputs).toMatchObject({ flags: '{"tag":"v1"}' });

    const again = await start([...asked, '--json'], env).ended;
    const documents = again.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { verdict: { kind: string } | null; request: { attempt: number } });
    expect(documents.at(-1)).toMatchObject({ verdict: { kind: 'success' }, request: { attempt: 2 } });
    worker.child.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
  });

  it.each([
    [
      ['run', '--repo-owner', 'acme', '--repo-name', 'by-hand', '--preset', 'standart'],
      /--preset: standart is not one of minimal, standard, skip_linting/,
    ],
    [
      ['run', '--repo-owner', 'acme', '--repo-name', 'by-hand', '--git-ref', 'nowhere'],
      /--git-ref: acme\/by-hand has no nowhere/,
    ],
    [
      ['run', '--repo-owner', 'acme', '--repo-name', 'by-hand', '--dockerfile-path', '../Dockerfile'],
      /--dockerfile-path: .*stays inside the repository/,
    ],
    [['run', '--repo-owner', 'acme'], /--repo-owner and --repo-name are needed/],
    [['run', '--max-findings', 'many'], /a whole number is needed/],
    [['inspect', 'preset', 'nope'], /Unknown preset: nope/],
    [['rnu'], /Did you mean run\?/],
  ])('%j is a usage error, and says what to do', async (args, message) => {
    const env = { ...common(), GITHUB_TOKEN: set.sandbox.auth.personalToken(set.sandbox.user('kim')) };
    const { code, err } = await start(args, env).ended;
    expect(err).toMatch(message);
    expect(code).toBe(2);
  });

  it('names every mistake of the environment', async () => {
    const { code, err } = await start(['serve'], {
      TEMPORAL_URL: '127.0.0.1:1',
      PORT: 'x',
      WEBHOOK_SECRET: 'short',
      APP_ID: '-1',
    }).ended;
    expect(code).toBe(2);
    expect(err).toMatch(/APP_ID[\s\S]*WEBHOOK_SECRET: has fewer than 16 characters[\s\S]*PORT/);
  });
});
