/** The product as an operator runs it: `serve` and `worker`, each a process of its own, against one sandbox. */
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Sandbox, type SandboxOptions } from '../../sandbox/box.ts';
import type { CheckRunRecord, RepositoryRecord } from '../../sandbox/github/world.ts';
import { startDevServer, type DevServer } from '../../src/adapters/temporal/dev-server.ts';
import { CommitSha, GitRef } from '../../src/domain/git.ts';
import { runId } from '../../src/domain/run/workflow-ids.ts';
import { WEBHOOK_PATH } from '../../src/intake/webhook-contract.ts';
import { scripted, type Scripts } from '../e2e/scripted-stages.ts';
import { serverBinary } from './server.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export interface Running {
  readonly child: ChildProcess;
  /** Everything that it printed. */
  readonly output: () => string;
  readonly says: (text: string) => Promise<void>;
  readonly ended: Promise<number | null>;
}

export class RealProcesses {
  readonly temporal: DevServer;
  readonly sandbox: Sandbox;
  readonly scripts: Scripts;
  private readonly trust: Record<string, string>;
  private readonly program: readonly string[];
  private readonly children: ChildProcess[] = [];

  private constructor(
    parts: Pick<RealProcesses, 'temporal' | 'sandbox' | 'scripts'> & {
      trust: Record<string, string>;
      program: readonly string[];
    },
  ) {
    this.temporal = parts.temporal;
    this.sandbox = parts.sandbox;
    this.scripts = parts.scripts;
    this.trust = parts.trust;
    this.program = parts.program;
  }

  /** @param program what stands before a command's name: this source tree, or a build of it */
  static async open(
    options: SandboxOptions = {},
    program: readonly string[] = [process.execPath, MAIN],
  ): Promise<RealProcesses> {
    const temporal = await startDevServer({ binary: await serverBinary() });
    const scripts: Scripts = {};
    const sandbox = await Sandbox.start({
      kind: true,
      queueMs: 10,
      listLagMs: 300,
      ...options,
      stageScripts: (services) => scripted(scripts, services),
    });
    return new RealProcesses({ temporal, sandbox, scripts, program, trust: await sandbox.trustEnvironment() });
  }

  get environment(): Record<string, string> {
    const { appId, privateKey, webhookSecret } = this.sandbox.app;
    return {
      PATH: process.env['PATH'] ?? '',
      HOME: process.env['HOME'] ?? '',
      ...this.trust,
      TEMPORAL_URL: this.temporal.address,
      GITHUB_API_URL: this.sandbox.url,
      LOG_LEVEL: 'info',
      PORT: '0',
      APP_ID: String(appId),
      PRIVATE_KEY: privateKey.replaceAll('\n', '\\n'),
      WEBHOOK_SECRET: webhookSecret,
    };
  }

  start(command: 'serve' | 'worker', more: Record<string, string> = {}): Running {
    const [file = '', ...args] = this.program;
    const child = spawn(file, [...args, command], { env: { ...this.environment, ...more } });
    this.children.push(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    const says = async (text: string): Promise<void> => {
      for (let tries = 0; tries < 600 && !output.includes(text); tries += 1)
        await new Promise((resolve) => setTimeout(resolve, 50));
      if (!output.includes(text)) throw new Error(`${command} never said "${text}":\n${output}`);
    };
    return { child, output: () => output, says, ended };
  }

  async startWorker(more: Record<string, string> = {}): Promise<Running> {
    const worker = this.start('worker', more);
    await worker.says('Worker is polling');
    return worker;
  }

  /** @returns also the address that webhooks go to */
  async startService(more: Record<string, string> = {}): Promise<Running & { readonly url: string }> {
    const service = this.start('serve', more);
    await service.says('Service is listening');
    const url = /"url":"(http:[^"]+)"/.exec(service.output())?.[1] ?? '';
    return { ...service, url: `${url}${WEBHOOK_PATH}` };
  }

  async repository(name: string, settings = 'preset: minimal\n'): Promise<RepositoryRecord> {
    const repository = await this.sandbox.createRepository(name);
    const { url } = this.sandbox.webhooks.options;
    this.sandbox.webhooks.options.url = null;
    await this.sandbox.push(repository, 'main', await this.sandbox.setUpFiles(settings), 'Set up');
    this.sandbox.webhooks.options.url = url;
    return repository;
  }

  push = (repository: RepositoryRecord): Promise<string> =>
    this.sandbox.push(repository, 'main', new Map([['file.txt', `${Math.random()}`]]));

  idOf(repository: RepositoryRecord, sha: string): string {
    const ref = GitRef.parse('refs/heads/main');
    return runId({ repositoryId: repository.id, ref, sha: CommitSha.parse(sha), attempt: 1 });
  }

  async ended(repository: RepositoryRecord, workflowId: string, withinMs = 60_000): Promise<CheckRunRecord> {
    const started = Date.now();
    while (Date.now() - started < withinMs) {
      const check = repository.checkRuns.find((each) => each.externalId === workflowId && each.status === 'completed');
      if (check !== undefined) return check;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`${workflowId} had not ended within ${withinMs} ms`);
  }

  async close(): Promise<void> {
    this.sandbox.webhooks.options.url = null;
    for (const child of this.children) child.kill('SIGKILL');
    await this.sandbox.stop();
    await this.temporal.stop('SIGKILL');
  }
}
