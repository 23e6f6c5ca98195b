/** What the demo plays on: a Temporal server, a GitHub in a box, the worker and the service, all of them the product's own. */
import type { AttackScenario } from '../../sandbox/attacks.ts';
import { Sandbox } from '../../sandbox/box.ts';
import type { Model } from '../../sandbox/claude/claude-server.ts';
import type { RepositoryRecord } from '../../sandbox/github/world.ts';
import { withScenario, type Scenario } from '../../sandbox/scenarios.ts';
import { connectTemporal, type PipelineClient } from '../adapters/temporal/temporal-client.ts';
import { CommitSha, GitRef } from '../domain/git.ts';
import type { RunDocument } from '../domain/run/run-document.ts';
import { WEBHOOK_TIMING } from '../domain/run/timing.ts';
import { runId } from '../domain/run/workflow-ids.ts';
import { WEBHOOK_PATH } from '../intake/webhook-contract.ts';
import { githubFor } from './processes/github-access.ts';
import { temporalFor } from './processes/local-temporal.ts';
import { startService } from './processes/service-process.ts';
import type { Started } from './processes/started.ts';
import { startWorkerProcess } from './processes/worker-process.ts';
import { appSecrets, sandboxEvidence } from './demo-evidence.ts';
import { sandboxRepair } from './demo-repair.ts';
import { print } from './demo-screen.ts';
import type { Environment } from './environment.ts';
import { createLogger } from './logging.ts';
import { followRun, styleFor } from './terminal/follow-run.ts';

/** As in earnest, but for the pauses between two attempts, which nobody wants to watch. */
const DEMO_TIMING = { ...WEBHOOK_TIMING, retries: [3, 6] };

export class Stage {
  readonly sandbox: Sandbox;
  private readonly client: PipelineClient;
  private readonly uiUrl: string | null;
  private readonly parts: readonly Started[];

  private constructor(sandbox: Sandbox, client: PipelineClient, uiUrl: string | null, parts: readonly Started[]) {
    this.sandbox = sandbox;
    this.client = client;
    this.uiUrl = uiUrl;
    this.parts = parts;
  }

  static async open(environment: Environment, attack: AttackScenario | null): Promise<Stage> {
    const log = createLogger(environment.LOG_LEVEL === 'info' ? 'warn' : environment.LOG_LEVEL);
    print('Starting a Temporal server, a GitHub in a box, the worker and the service …');
    const temporal = await temporalFor(environment, print);
    let scenario: Scenario | null = null;
    const sandbox = await Sandbox.start({
      ...(attack === null ? {} : { attack }),
      executors: (real) => withScenario(real, () => scenario),
    });
    const builder = await sandbox.createBuilder();
    const evidence = sandboxEvidence(sandbox, builder);
    const repair = sandboxRepair(sandbox);
    const app = appSecrets(sandbox);
    const github = githubFor({ kind: 'app', ...app }, sandbox.url);
    const worker = await startWorkerProcess({ log, temporal: temporal.address, github, builder, evidence, repair });
    const client = await connectTemporal(temporal.address);
    const service = await startService({
      log,
      temporal: client,
      app,
      timing: DEMO_TIMING,
      host: '127.0.0.1',
      port: 0,
      evidence,
    });
    sandbox.webhooks.options.url = `${service.url}${WEBHOOK_PATH}`;
    const stage = new Stage(sandbox, client, temporal.uiUrl, [service, worker, temporal]);
    stage.setScenario = (next) => (scenario = next);
    return stage;
  }

  setModel(model: Model): void {
    this.sandbox.claude.model = model;
  }

  setScenario: (scenario: Scenario | null) => void = () => undefined;

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
    const requests = this.sandbox.calls.length;
    print(`\n${requests} requests were made of the GitHub in the box.`);
    if (this.uiUrl !== null) print(`Temporal UI, while this runs: ${this.uiUrl}`);
  }

  async untilInterrupted(): Promise<void> {
    const [repository] = this.sandbox.world.repositories.values();
    if (repository !== undefined) print(`Push to it:  git clone ${this.sandbox.cloneUrl(repository)}`);
    print('Ctrl-C ends it.');
    await new Promise<void>((settle) => process.once('SIGINT', settle));
  }

  async close(): Promise<void> {
    this.sandbox.webhooks.options.url = null;
    await this.client.close();
    for (const part of this.parts) await part.stop();
    await this.sandbox.stop();
  }
}
