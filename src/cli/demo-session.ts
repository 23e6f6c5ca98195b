/** What a demo runs against: a Temporal server, the sandbox, the worker and the service, all of them the product's own. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { AttackScenario } from '../../sandbox/attacks.ts';
import { Sandbox } from '../../sandbox/box.ts';
import type { Model } from '../../sandbox/claude/claude-server.ts';
import type { RepositoryRecord } from '../../sandbox/github/world.ts';
import { scenarioScripts, type Scenario } from '../../sandbox/scenarios.ts';
import { connectTemporal, type PipelineClient } from '../adapters/temporal/temporal-client.ts';
import { CommitSha, GitRef } from '../domain/git.ts';
import type { RunDocument } from '../domain/run/run-document.ts';
import { WEBHOOK_TIMING } from '../domain/run/timing.ts';
import { runId } from '../domain/run/workflow-ids.ts';
import { WEBHOOK_PATH } from '../intake/webhook-contract.ts';
import { appSecrets, sandboxEvidence } from './demo-evidence.ts';
import { sandboxRepair } from './demo-repair.ts';
import { print } from './demo-screen.ts';
import type { Environment } from './environment.ts';
import { createLogger } from './logging.ts';
import { githubFor } from './processes/github-access.ts';
import { temporalFor } from './processes/local-temporal.ts';
import { startService } from './processes/service-process.ts';
import { startWorkerProcess } from './processes/worker-process.ts';
import { followRun, styleFor } from './terminal/follow-run.ts';

/** The product's own timing, with shorter pauses between two attempts. */
const DEMO_TIMING = { ...WEBHOOK_TIMING, retries: [3, 6] };

export class DemoSession {
  readonly sandbox: Sandbox;
  private readonly client: PipelineClient;
  private readonly uiUrl: string | null;
  private readonly setActive: (scenario: Scenario | null) => void;

  private constructor(
    parts: Pick<DemoSession, 'sandbox'> & {
      client: PipelineClient;
      uiUrl: string | null;
      setActive: (scenario: Scenario | null) => void;
    },
  ) {
    this.sandbox = parts.sandbox;
    this.client = parts.client;
    this.uiUrl = parts.uiUrl;
    this.setActive = parts.setActive;
  }

  /**
   * @param started gets what has to be stopped, the last one first; also where this fails
   * @throws Error that says what is missing on this machine
   */
  static async open(
    environment: Environment,
    attack: AttackScenario | null,
    started: AsyncDisposableStack,
  ): Promise<DemoSession> {
    await requireGit();
    const log = createLogger(environment.LOG_LEVEL === 'info' ? 'warn' : environment.LOG_LEVEL);
    print('Starting a Temporal server, a GitHub in a box, the worker and the service …');
    const temporal = await temporalFor(environment, print);
    started.defer(() => temporal.stop());
    let scenario: Scenario | null = null;
    const sandbox = await Sandbox.start({
      ...(attack === null ? {} : { attack }),
      stageScripts: () => scenarioScripts(() => scenario),
    });
    started.defer(() => sandbox.stop());
    const client = await connectTemporal(temporal.address);
    started.defer(() => client.close());
    const builder = await sandbox.createBuilder();
    const evidence = sandboxEvidence(sandbox, builder);
    const app = appSecrets(sandbox);
    const worker = await startWorkerProcess({
      log,
      temporal: temporal.address,
      github: githubFor({ kind: 'app', ...app }, sandbox.url),
      builder,
      evidence,
      repair: sandboxRepair(sandbox),
    });
    started.defer(() => worker.stop());
    const timing = DEMO_TIMING;
    const service = await startService({ log, temporal: client, app, timing, host: '127.0.0.1', port: 0, evidence });
    started.defer(() => service.stop());
    started.defer(() => void (sandbox.webhooks.options.url = null));
    sandbox.webhooks.options.url = `${service.url}${WEBHOOK_PATH}`;
    return new DemoSession({ sandbox, client, uiUrl: temporal.uiUrl, setActive: (next) => (scenario = next) });
  }

  setModel(model: Model): void {
    this.sandbox.claude.model = model;
  }

  setScenario(scenario: Scenario | null): void {
    this.setActive(scenario);
  }

  async follow(repository: RepositoryRecord, branch: string, sha: string, attempt = 1): Promise<RunDocument> {
    const workflowId = runId({
      repositoryId: repository.id,
      ref: GitRef.parse(branch.startsWith('pull/') ? `refs/${branch}` : `refs/heads/${branch}`),
      sha: CommitSha.parse(sha),
      attempt,
    });
    const document = await followRun({
      client: this.client,
      workflowId,
      style: styleFor(false),
      appearsWithinMs: 30_000,
    });
    await this.untilReported(repository, workflowId);
    return document;
  }

  private async untilReported(repository: RepositoryRecord, workflowId: string): Promise<void> {
    for (let tries = 0; tries < 100; tries += 1) {
      if (repository.checkRuns.some((check) => check.externalId === workflowId && check.status === 'completed')) return;
      await new Promise((settle) => setTimeout(settle, 100));
    }
  }

  farewell(): void {
    print(`\nThe simulated GitHub served ${this.sandbox.calls.length} API requests.`);
    if (this.uiUrl !== null) print(`Temporal UI, while this runs: ${this.uiUrl}`);
  }

  announceRemote(): void {
    const [repository] = this.sandbox.world.repositories.values();
    if (repository !== undefined) print(`Push to it:  git clone ${this.sandbox.cloneUrl(repository)}`);
    print('Ctrl-C ends it.');
  }
}

/** @throws Error where git is missing: the sandbox's repositories are real ones */
async function requireGit(): Promise<void> {
  await promisify(execFile)('git', ['--version']).catch((error: unknown) => {
    throw new Error('The demo needs git, and `git --version` failed. Install git and make sure that it is on PATH.', {
      cause: error,
    });
  });
}
