/** `serve` and `worker` as processes: drained, doubled, watched for what they start, and searched for what they must not show. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import type { RepositoryRecord } from '../../sandbox/github/world.ts';
import { RealProcesses } from './real-processes.ts';

let real: RealProcesses;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slsa-processes-'));
  real = await RealProcesses.open();
}, 60_000);
afterAll(async () => {
  await real.close();
  await rm(folder, { recursive: true, force: true });
});

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('two of each process', () => {
  it('F40: share the work: every push is run once, whichever of them hears of it and whichever dies', async () => {
    const services = await Promise.all([real.startService(), real.startService()]);
    const workers = await Promise.all([real.startWorker(), real.startWorker()]);
    const repositories: RepositoryRecord[] = [];
    for (let n = 0; n < 6; n += 1) repositories.push(await real.repository(`shared-${n}`));
    const runs: { repository: (typeof repositories)[number]; sha: string }[] = [];
    for (const [index, repository] of repositories.entries()) {
      real.sandbox.webhooks.options.url = services[index % 2]!.url;
      runs.push({ repository, sha: await real.push(repository) });
      await pause(50);
    }
    workers[0].child.kill('SIGKILL');
    await real.sandbox.webhooks.settle();
    services[0].child.kill('SIGKILL');
    real.sandbox.webhooks.options.url = services[1].url;
    for (const { repository, sha } of runs) {
      expect(await real.ended(repository, real.idOf(repository, sha), 240_000)).toMatchObject({
        conclusion: 'success',
      });
      expect(repository.runs.map(({ file }) => file.slice(0, 2)).toSorted()).toEqual(['00', '01', '02', '03']);
      expect(repository.checkRuns).toHaveLength(1);
    }
    workers[1].child.kill('SIGKILL');
    services[1].child.kill('SIGKILL');
  }, 300_000);
});

describe('SIGTERM', () => {
  it('F25: under 20 webhooks a second ends the service in order: what it answered with 200 is run, the rest was refused', async () => {
    const service = await real.startService();
    const repositories: RepositoryRecord[] = [];
    for (let n = 0; n < 20; n += 1) repositories.push(await real.repository(`drained-${n}`));
    real.sandbox.webhooks.options.url = service.url;
    const shas: string[] = [];
    const started = Date.now();
    for (const [index, repository] of repositories.entries()) {
      shas.push(await real.push(repository));
      if (index === 10) service.child.kill('SIGTERM');
      await pause(50);
    }
    expect(await service.ended).toBe(0);
    expect(Date.now() - started).toBeLessThan(30_000);
    await real.sandbox.webhooks.settle();

    // GitHub is asked for those that were refused, by the worker that starts.
    const next = await real.startService();
    real.sandbox.webhooks.options.url = next.url;
    const worker = await real.startWorker();
    for (const [index, repository] of repositories.entries()) {
      expect(await real.ended(repository, real.idOf(repository, shas[index]!), 120_000)).toMatchObject({
        conclusion: 'success',
      });
      expect(repository.checkRuns).toHaveLength(1);
    }
    worker.child.kill('SIGTERM');
    next.child.kill('SIGTERM');
    expect(await worker.ended).toBe(0);
    expect(await next.ended).toBe(0);
  }, 240_000);
});

describe('what the processes start', () => {
  it('T28: is nothing, but the bundling of their own workflows', async () => {
    const watched = (name: string): Record<string, string> => ({
      NODE_OPTIONS: `--import ${new URL('watch-spawns.mjs', import.meta.url).href}`,
      WATCH_SPAWNS: join(folder, name),
    });
    const service = await real.startService(watched('serve'));
    const worker = await real.startWorker(watched('worker'));
    real.sandbox.webhooks.options.url = service.url;
    const repository = await real.repository('watched', 'preset: standard\n');
    Object.assign(real.scripts, { scan: { kind: 'vulnerable', severities: ['High'] } });
    await real.ended(repository, real.idOf(repository, await real.push(repository)));
    Reflect.deleteProperty(real.scripts, 'scan');
    for (const each of [service, worker]) {
      each.child.kill('SIGTERM');
      await each.ended;
    }

    await expect(readFile(join(folder, 'serve'), 'utf8')).rejects.toThrow('ENOENT');
    const started = (await readFile(join(folder, 'worker'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { file: string; args: string[] });
    expect(
      started.map(({ file, args }) => [file, args.slice(1).map((arg) => arg.split('/').slice(-2).join('/'))]),
    ).toEqual([[process.execPath, ['temporal/workflow-bundler.ts', 'plain']]]);
  }, 120_000);
});

describe('secrets', () => {
  it('T27: are in no log, no reply, no body that GitHub gets and no history of Temporal, in whatever form', async () => {
    const env = { LOG_LEVEL: 'trace', GITHUB_TOKEN: `ghp_${'canary0'.repeat(6)}` };
    const service = await real.startService(env);
    const worker = await real.startWorker(env);
    real.sandbox.webhooks.options.url = service.url;
    const repository = await real.repository('canaries', 'preset: standard\n');
    Object.assign(real.scripts, { build: { kind: 'build_fails' } });
    real.sandbox.faults.add({
      method: 'GET',
      path: /\/artifacts\/\d+\/zip$/,
      nth: [1],
      fault: { kind: 'status', status: 502, message: 'Bad Gateway', headers: {} },
    });
    await real.ended(repository, real.idOf(repository, await real.push(repository)));
    Reflect.deleteProperty(real.scripts, 'build');
    real.sandbox.faults.clear();
    const replies = await Promise.all(
      [
        { 'x-hub-signature-256': 'sha256=00' },
        {},
        { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}`, 'x-github-event': 'push' },
      ].map(async (headers: Record<string, string>) =>
        (await fetch(service.url, { method: 'POST', body: '{"a":1}', headers })).text(),
      ),
    );
    for (const each of [service, worker]) {
      each.child.kill('SIGTERM');
      await each.ended;
    }

    const places: Record<string, string> = {
      "the service's log": service.output(),
      "the worker's log": worker.output(),
      'replies to webhooks': replies.join('\n'),
      'what GitHub was sent': JSON.stringify(
        real.sandbox.calls.map(({ requestBody, path, query }) => [requestBody, path, query]),
      ),
      "Temporal's histories": await allHistories(real.temporal.address),
    };
    const tokens = real.sandbox.calls.flatMap(({ path, responseBody }) =>
      path.endsWith('/access_tokens') ? [(responseBody as { token: string }).token] : [],
    );
    const { privateKey, webhookSecret } = real.sandbox.app;
    const keyLines = privateKey.split('\n').filter((line) => line.length > 40);
    const secrets = [webhookSecret, env.GITHUB_TOKEN, ...keyLines.slice(0, 3), ...tokens.slice(0, 20)];
    expect(tokens.length).toBeGreaterThan(3);
    for (const [place, text] of Object.entries(places)) {
      expect({ place, isSearched: text.length > 0 }).toEqual({ place, isSearched: true });
      for (const secret of secrets)
        for (const form of formsOf(secret))
          expect({ place, found: text.includes(form) ? form : null }).toEqual({ place, found: null });
    }
  }, 120_000);
});

/** As it is, encoded, and in halves: a secret that was cut is a secret all the same. */
function formsOf(secret: string): string[] {
  const half = Math.ceil(secret.length / 2);
  return [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64').replace(/=+$/, ''),
    secret.slice(0, half),
    secret.slice(half),
  ];
}

/** Payloads are kept in base64: they are searched as what they say. */
async function allHistories(address: string): Promise<string> {
  const connection = await Connection.connect({ address });
  const client = new Client({ connection });
  let text = '';
  for await (const { workflowId, runId } of client.workflow.list()) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    text += JSON.stringify(history, (_key, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value,
    );
  }
  await connection.close();
  return text;
}
