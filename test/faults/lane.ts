/**
 * One world of its own, of which several run side by side on one Temporal server: a GitHub in a box, the service, and a worker
 * process that may be killed at any moment. Namespaces keep lanes apart.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Sandbox, type SandboxOptions } from '../../sandbox/box.ts';
import type { CheckRunRecord, RepositoryRecord } from '../../sandbox/github/world.ts';
import { connectTemporal, type PipelineClient } from '../../src/adapters/temporal/temporal-client.ts';
import { startService } from '../../src/cli/processes/service-process.ts';
import type { Started } from '../../src/cli/processes/started.ts';
import { appSecrets, sandboxEvidence } from '../../src/cli/demo-evidence.ts';
import { createLogger } from '../../src/cli/logging.ts';
import { CommitSha, GitRef } from '../../src/domain/git.ts';
import { runId } from '../../src/domain/run/workflow-ids.ts';
import { WEBHOOK_PATH } from '../../src/intake/webhook-contract.ts';
import { scripted, type Scripts } from '../e2e/scripted-stages.ts';
import { QUICK } from '../e2e/stage-set.ts';

const WORKER = fileURLToPath(new URL('worker-process.ts', import.meta.url));

export interface LaneOptions extends SandboxOptions {
  readonly temporal: string;
  readonly namespace: string;
  readonly bundle: string;
  readonly scripts?: Scripts;
  readonly maintenance?: boolean;
  readonly maxCached?: number;
  /** For the worker's Node. */
  readonly workerFlags?: readonly string[];
}

export class Lane {
  readonly sandbox: Sandbox;
  readonly client: PipelineClient;
  readonly scripts: Scripts;
  private readonly service: Started & { readonly url: string };
  private readonly workerEnv: Record<string, string>;
  private readonly workerFlags: readonly string[];
  private worker: ChildProcess | null = null;
  private serial = 0;
  /** When the present worker began to poll: epoch milliseconds. */
  readyAt = 0;

  private constructor(
    parts: Pick<Lane, 'sandbox' | 'client' | 'scripts'> & {
      service: Lane['service'];
      env: Record<string, string>;
      flags: readonly string[];
    },
  ) {
    this.sandbox = parts.sandbox;
    this.client = parts.client;
    this.scripts = parts.scripts;
    this.service = parts.service;
    this.workerEnv = parts.env;
    this.workerFlags = parts.flags;
  }

  static async open(options: LaneOptions): Promise<Lane> {
    const scripts = options.scripts ?? {};
    const sandbox = await Sandbox.start({
      kind: true,
      queueMs: 10,
      listLagMs: 300,
      ...options,
      stageScripts: (services) => scripted(scripts, services),
    });
    const client = await connectTemporal({ address: options.temporal, namespace: options.namespace });
    const service = await startService({
      log: createLogger('silent'),
      temporal: client,
      app: appSecrets(sandbox),
      timing: QUICK,
      host: '127.0.0.1',
      port: 0,
      evidence: sandboxEvidence(sandbox, null),
    });
    sandbox.webhooks.options.url = `${service.url}${WEBHOOK_PATH}`;
    const env = {
      PATH: process.env['PATH'] ?? '',
      HOME: process.env['HOME'] ?? '',
      ...(await sandbox.trustEnvironment()),
      TEMPORAL_URL: options.temporal,
      TEMPORAL_NAMESPACE: options.namespace,
      GITHUB_API_URL: sandbox.url,
      LOG_LEVEL: process.env['LANE_LOG'] ?? 'silent',
      APP_ID: String(sandbox.app.appId),
      PRIVATE_KEY: sandbox.app.privateKey.replaceAll('\n', '\\n'),
      BUNDLE: options.bundle,
      ANTHROPIC_API_KEY: sandbox.claude.apiKey,
      ANTHROPIC_BASE_URL: sandbox.claude.url,
      ...(options.maintenance === true ? { MAINTENANCE: 'yes' } : {}),
      ...(options.maxCached === undefined ? {} : { MAX_CACHED: String(options.maxCached) }),
    };
    const lane = new Lane({ sandbox, client, scripts, service, env, flags: options.workerFlags ?? [] });
    await lane.startWorker();
    return lane;
  }

  get serviceUrl(): string {
    return this.service.url;
  }

  /** Another version of the workflows, from here on. */
  async startWorkerWith(bundle: string): Promise<void> {
    this.workerEnv['BUNDLE'] = bundle;
    await this.startWorker();
  }

  async startWorker(): Promise<void> {
    const worker = fork(WORKER, [], {
      env: this.workerEnv,
      execArgv: [...this.workerFlags],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.worker = worker;
    await new Promise<void>((resolve, reject) => {
      worker.once('message', () => resolve());
      worker.once('exit', (code) => reject(new Error(`The worker ended with ${code} before it was ready`)));
    });
    this.readyAt = Date.now();
  }

  async killWorker(): Promise<void> {
    const { worker } = this;
    this.worker = null;
    if (worker?.exitCode !== null || worker.signalCode !== null) return;
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    worker.kill('SIGKILL');
    await ended;
  }

  /** Dies at once, and is back a moment later: what asked for it need not wait for that. */
  async crash(): Promise<void> {
    await this.killWorker();
    this.comingBack = this.startWorker();
  }
  private comingBack: Promise<void> = Promise.resolve();

  /** In bytes; `live` is what is left after everything else was collected, where the worker's flags let it. */
  async memory(): Promise<{ rss: number; live: number; handles: number }> {
    const { worker } = this;
    if (worker === null) throw new Error('There is no worker');
    return new Promise((resolve) => {
      worker.once('message', (message) => resolve(message as { rss: number; live: number; handles: number }));
      worker.send('memory');
    });
  }

  async close(): Promise<void> {
    this.sandbox.webhooks.options.url = null;
    await this.comingBack;
    await this.killWorker();
    await this.service.stop();
    await this.client.close();
    await this.sandbox.stop();
  }

  /** A repository that is set up, before anybody listens. */
  async repository(settings = 'preset: standard\n', name = `app-${(this.serial += 1)}`): Promise<RepositoryRecord> {
    const repository = await this.sandbox.createRepository(name);
    const { url } = this.sandbox.webhooks.options;
    this.sandbox.webhooks.options.url = null;
    await this.sandbox.push(repository, 'main', await this.sandbox.setUpFiles(settings), 'Set up');
    this.sandbox.webhooks.options.url = url;
    return repository;
  }

  async push(repository: RepositoryRecord, branch = 'main'): Promise<string> {
    return this.sandbox.push(repository, branch, new Map([['file.txt', `${repository.name} ${(this.serial += 1)}`]]));
  }

  idOf(repository: RepositoryRecord, sha: string, { ref = 'refs/heads/main', attempt = 1 } = {}): string {
    return runId({ repositoryId: repository.id, ref: GitRef.parse(ref), sha: CommitSha.parse(sha), attempt });
  }

  /** Waits until the run has had its last word, in GitHub and in Temporal. */
  async ended(repository: RepositoryRecord, workflowId: string, withinMs = 90_000): Promise<CheckRunRecord> {
    const started = Date.now();
    while (Date.now() - started < withinMs) {
      const check = repository.checkRuns.find((each) => each.externalId === workflowId && each.status === 'completed');
      if (check !== undefined && (await this.client.resultOf(workflowId).catch(() => null)) !== null) return check;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const seen = repository.checkRuns.map((check) => `${check.externalId} ${check.status} ${check.title}`).join('\n');
    throw new Error(`${workflowId} had not ended within ${withinMs} ms. There are:\n${seen}`);
  }
}

/** What GitHub shows in the end, without ids, times and addresses: two runs that went the same way look the same. */
export function endState({ checkRuns, statuses, runs, issues, comments, artifacts }: RepositoryRecord): object {
  const latest = new Map(statuses.map(({ context, state, description }) => [context, { state, description }]));
  return {
    checks: checkRuns.map(({ name, status, conclusion, title }) => ({ name, status, conclusion, title })),
    statuses: [...latest],
    runs: runs.map(({ file, conclusion }) => `${file} ${conclusion}`).toSorted(),
    artifacts: artifacts.map(({ name }) => name).toSorted(),
    issues: issues.map(({ title, state, labels }) => ({ title, state, labels })),
    comments: comments.map(({ body }) => body.split('\n')[0]).toSorted(),
  };
}
