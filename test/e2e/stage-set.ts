/** Everything, for real, for one test file: a Temporal server, the sandbox, the service and a worker. */
import type { EvidenceParts } from '../../activities/assess-evidence.ts';
import { createActivities, type RepairParts } from '../../activities/index.ts';
import { Sandbox, type SandboxOptions } from '../../sandbox/box.ts';
import type { CheckRunRecord, RepositoryRecord } from '../../sandbox/github/world.ts';
import { startDevServer, type DevServer } from '../../src/adapters/temporal/dev-server.ts';
import { connectTemporal, type PipelineClient } from '../../src/adapters/temporal/temporal-client.ts';
import { installRuntime, startWorker, type RunningWorker } from '../../src/adapters/temporal/temporal-worker.ts';
import type { Tracing } from '../../src/adapters/tracing/tracing.ts';
import { appSecrets, sandboxEvidence } from '../../src/cli/demo-evidence.ts';
import { sandboxRepair } from '../../src/cli/demo-repair.ts';
import { githubFor } from '../../src/cli/processes/github-access.ts';
import { startService } from '../../src/cli/processes/service-process.ts';
import type { Started } from '../../src/cli/processes/started.ts';
import { readStageSources } from '../../src/cli/stage-sources.ts';
import { createLogger } from '../../src/cli/logging.ts';
import type { BuilderWorkflow } from '../../src/domain/build/builder.ts';
import { CommitSha, GitRef } from '../../src/domain/git.ts';
import { RunResult } from '../../src/domain/run/run-document.ts';
import { WEBHOOK_TIMING, type Timing } from '../../src/domain/run/timing.ts';
import { runId } from '../../src/domain/run/workflow-ids.ts';
import { WEBHOOK_PATH } from '../../src/intake/webhook-contract.ts';
import { bundledWorkflows } from '../bundled-workflows.ts';
import { serverBinary } from '../faults/server.ts';
import { scripted, type Scripts } from './scripted-stages.ts';

/** The product's own manner, at a pace at which a lost webhook costs a second. */
export const QUICK: Timing = {
  ...WEBHOOK_TIMING,
  firstLook: 1,
  lookGrowth: 1.2,
  maxLook: 2,
  searches: [0.3, 0.5, 2.5],
  queueLimit: 4,
  retries: [0.3, 0.5],
  reportEvery: 0.5,
  siblingWait: 0.3,
  announceAfter: 0.5,
};

/** MegaLinter runs ESLint where it finds a configuration of it, and lets formatters only warn unless it is told otherwise. */
export const LINTED = {
  '.eslintrc.json': '{ "root": true }\n',
  '.mega-linter.yml': 'FORMATTERS_DISABLE_ERRORS: false\n',
} as const;

export interface StageSetOptions extends SandboxOptions {
  readonly timing?: Timing;
  readonly scripts?: Scripts | 'real';
  /** False where a test starts its worker itself. */
  readonly worker?: boolean;
  readonly tracing?: Tracing;
  /** Another model than the sandbox's; null for none. */
  readonly claude?: RepairParts['claude'];
  /** Another MCP server than the embedded one. */
  readonly mcp?: Partial<RepairParts['mcp']>;
  /** `isolated`: stage files call a builder repository, which the worker knows of. */
  readonly builds?: 'isolated' | 'own';
}

export class StageSet {
  readonly sandbox: Sandbox;
  readonly temporal: DevServer;
  readonly client: PipelineClient;
  readonly evidence: EvidenceParts;
  readonly repair: RepairParts;
  private readonly service: Started & { readonly url: string };
  private readonly worker: RunningWorker | null;

  private constructor(parts: {
    sandbox: Sandbox;
    temporal: DevServer;
    client: PipelineClient;
    evidence: EvidenceParts;
    repair: RepairParts;
    service: Started & { readonly url: string };
    worker: RunningWorker | null;
  }) {
    this.sandbox = parts.sandbox;
    this.temporal = parts.temporal;
    this.client = parts.client;
    this.evidence = parts.evidence;
    this.repair = parts.repair;
    this.service = parts.service;
    this.worker = parts.worker;
  }

  static async open(options: StageSetOptions = {}): Promise<StageSet> {
    const temporal = await startDevServer({ binary: await serverBinary() });
    const { scripts = {}, timing = QUICK } = options;
    const sandbox = await Sandbox.start({
      queueMs: 10,
      listLagMs: 300,
      ...options,
      ...(scripts === 'real' ? {} : { stageScripts: (services) => scripted(scripts, services) }),
    });
    const address = { address: temporal.address, namespace: 'default' };
    const client = await connectTemporal(address, options.tracing);
    const log = createLogger('silent');
    const app = appSecrets(sandbox);
    const builder = options.builds === 'isolated' ? await sandbox.createBuilder() : null;
    const evidence = sandboxEvidence(sandbox, builder);
    const own = sandboxRepair(sandbox);
    const mcp = options.mcp === undefined ? own.mcp : { ...own.mcp, ...options.mcp };
    const repair = { ...own, mcp, ...(options.claude === undefined ? {} : { claude: options.claude }) };
    const service = await startService({ log, temporal: client, app, timing, host: '127.0.0.1', port: 0, evidence });
    sandbox.webhooks.options.url = `${service.url}${WEBHOOK_PATH}`;
    const worker =
      options.worker === false
        ? null
        : await workerFor({
            sandbox,
            address,
            client,
            builder,
            evidence,
            repair,
            tracing: options.tracing ?? null,
          });
    return new StageSet({ sandbox, temporal, client, evidence, repair, service, worker });
  }

  get serviceUrl(): string {
    return this.service.url;
  }

  async close(): Promise<void> {
    this.sandbox.webhooks.options.url = null;
    await this.service.stop();
    await this.worker?.shutdown();
    await this.client.close();
    await this.sandbox.stop();
    await this.temporal.stop('SIGKILL');
  }

  /** A repository that is set up, with these settings, before anything is listening. */
  async repository(
    name: string,
    settings = 'preset: standard\n',
    options: { visibility?: 'public' | 'private' } = {},
  ): Promise<RepositoryRecord> {
    const { url } = this.sandbox.webhooks.options;
    const repository = await this.sandbox.createRepository(name, options);
    this.sandbox.webhooks.options.url = null;
    await this.sandbox.push(repository, 'main', await this.sandbox.setUpFiles(settings), 'Set up');
    await this.sandbox.webhooks.settle();
    this.sandbox.webhooks.options.url = url;
    return repository;
  }

  push(repository: RepositoryRecord, branch: string, name = 'file.txt', content = `${Math.random()}`): Promise<string> {
    return this.sandbox.push(repository, branch, new Map([[name, content]]));
  }

  idOf(repository: RepositoryRecord, ref: string, sha: string, attempt = 1): string {
    return runId({ repositoryId: repository.id, ref: GitRef.parse(ref), sha: CommitSha.parse(sha), attempt });
  }

  async check(repository: RepositoryRecord, workflowId: string, withinMs = 40_000): Promise<CheckRunRecord> {
    const started = Date.now();
    while (Date.now() - started < withinMs) {
      const found = repository.checkRuns.find(
        (check) => check.externalId === workflowId && check.status === 'completed',
      );
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const seen = repository.checkRuns.map((check) => `${check.externalId} ${check.status} ${check.title}`).join('\n');
    throw new Error(`No completed check of ${workflowId} within ${withinMs} ms. There are:\n${seen}`);
  }

  /** Pushes a commit to `main`, with these files or with one of its own, and waits for its check. */
  async pushed(
    repository: RepositoryRecord,
    files: Readonly<Record<string, string | Buffer>> = { 'file.txt': `${Math.random()}` },
  ): Promise<{ sha: string; check: CheckRunRecord; result: RunResult }> {
    const sha = await this.sandbox.push(repository, 'main', new Map(Object.entries(files)));
    const workflowId = this.idOf(repository, 'refs/heads/main', sha);
    const check = await this.check(repository, workflowId, 90_000);
    return { sha, check, result: await this.result(workflowId) };
  }

  async result(workflowId: string): Promise<RunResult> {
    for (let tries = 0; tries < 200; tries += 1) {
      const parsed = RunResult.safeParse(await this.client.resultOf(workflowId));
      if (parsed.success) return parsed.data;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`${workflowId} has no result`);
  }
}

/** Without those that a pull request starts by itself. */
export const dispatched = ({ runs }: RepositoryRecord): RepositoryRecord['runs'] =>
  runs.filter(({ event }) => event === 'workflow_dispatch');

interface WorkerParts {
  readonly sandbox: Sandbox;
  readonly address: { readonly address: string; readonly namespace: string };
  readonly client: PipelineClient;
  readonly builder: BuilderWorkflow | null;
  readonly evidence: EvidenceParts;
  readonly repair: RepairParts;
  readonly tracing: Tracing | null;
}

async function workerFor({
  sandbox,
  address,
  client,
  builder,
  evidence,
  repair,
  tracing,
}: WorkerParts): Promise<RunningWorker> {
  const github = githubFor({ kind: 'app', ...appSecrets(sandbox) }, sandbox.url);
  installRuntimeOnce();
  const facts = { isSearchable: true, builder, sources: readStageSources(), evidence, repair };
  const bundle = await bundledWorkflows(tracing === null ? 'plain' : 'traced');
  const activities = createActivities(github, client, facts);
  return startWorker({ ...address, bundle, activities, ...(tracing === null ? {} : { tracing }) });
}

let isInstalled = false;
function installRuntimeOnce(): void {
  if (!isInstalled) installRuntime(createLogger('silent'));
  isInstalled = true;
}
