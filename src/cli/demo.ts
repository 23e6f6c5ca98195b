/** `demo`: the whole product against a GitHub in a box, with no account and no network. */
import { execFile } from 'node:child_process';
import { basename, resolve } from 'node:path';
import { promisify } from 'node:util';
import { ATTACKS, type AttackScenario } from '../../sandbox/attacks.ts';
import { Sandbox } from '../../sandbox/box.ts';
import type { Model } from '../../sandbox/claude/claude-server.ts';
import { competent, hostile } from '../../sandbox/claude/models.ts';
import { SCENARIOS, withScenario, type Scenario } from '../../sandbox/scenarios.ts';
import type { RepositoryRecord } from '../../sandbox/github/world.ts';
import { connectTemporal, type PipelineClient } from '../adapters/temporal/temporal-client.ts';
import { CommitSha, GitRef } from '../domain/git.ts';
import type { RunDocument } from '../domain/run/run-document.ts';
import { WEBHOOK_TIMING } from '../domain/run/timing.ts';
import { runId } from '../domain/run/workflow-ids.ts';
import { WEBHOOK_PATH } from '../intake/webhook-server.ts';
import { githubFor, startService, startWorkerProcess, temporalFor, type Started } from './compose.ts';
import { appSecrets, sandboxEvidence } from './demo-evidence.ts';
import { sandboxRepair } from './demo-repair.ts';
import { UsageError, type Environment } from './environment.ts';
import { createLogger } from './logging.ts';
import { CODE_TO_REPAIR, HOSTILE_CODE } from './demo-code.ts';
import { listStories, print, showCheck, showDiff, showIssue, showLadder, showPull } from './demo-screen.ts';
import { followRun, styleFor } from './terminal/follow-run.ts';

const run = promisify(execFile);

export interface DemoOptions {
  readonly keep: boolean;
  /** A local git checkout that is run instead of the fixtures. */
  readonly repo?: string;
  /** Somebody tampers with the evidence: a name of sandbox/attacks.ts. */
  readonly attack?: string;
  /** A fault of infrastructure: a name of sandbox/scenarios.ts. */
  readonly scenario?: string;
  /** Who repairs: a name of MODELS. */
  readonly model?: string;
}

export async function demo(options: DemoOptions, environment: Environment): Promise<number> {
  if (options.attack === 'list') return listStories(ATTACKS);
  if (options.scenario === 'list')
    return listStories({ ...SCENARIOS, [FORK]: { story: FORK_STORY }, [REPAIR]: { story: REPAIR_STORY } });
  const attack = options.attack === undefined ? null : named('--attack', ATTACKS, options.attack);
  const model = named('--model', MODELS, options.model ?? 'scripted');
  const isStory = [FORK, REPAIR].includes(options.scenario ?? '') || options.model !== undefined;
  const hasFaults = options.scenario !== undefined && !isStory;
  const scenario = hasFaults ? named('--scenario', SCENARIOS, options.scenario ?? '') : null;
  const stage = await Stage.open(environment, attack);
  stage.setModel(model);
  try {
    const isDone = await stage.play(options, { attack, scenario });
    stage.farewell();
    if (options.keep) await stage.untilInterrupted();
    return isDone ? 0 : 1;
  } finally {
    await stage.close();
  }
}

/** Models of the sandbox's Claude. */
const MODELS = { scripted: competent, hostile } as const;

const REPAIR = 'repair';
const REPAIR_STORY =
  "A push with lint errors gets a pull request: the linters' own fixers first, a model for the rest, then the linters again.";

const FORK = 'fork';
const FORK_STORY =
  'A newcomer opens a pull request from a fork: nothing of it is dispatched, and a person lets it count.';

function named<T>(flag: string, table: Readonly<Record<string, T>>, name: string): T {
  const found = Object.hasOwn(table, name) ? table[name] : undefined;
  if (found === undefined) throw new UsageError(`${flag}: ${name} is not one of ${Object.keys(table).join(', ')}.`);
  return found;
}

/** As in earnest, but for the pauses between two attempts, which nobody wants to watch. */
const DEMO_TIMING = { ...WEBHOOK_TIMING, retries: [3, 6] };

interface Played {
  readonly attack: AttackScenario | null;
  readonly scenario: Scenario | null;
}

class Stage {
  private readonly sandbox: Sandbox;
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

  /** True where it ended as it should. */
  play({ repo, scenario: name, model }: DemoOptions, { attack, scenario }: Played): Promise<boolean> {
    if (name === FORK) return this.fromFork();
    if (name === REPAIR || model !== undefined) return this.repair(model === 'hostile');
    if (attack !== null) return this.underAttack(attack);
    if (scenario !== null) return this.withFaults(scenario);
    return repo === undefined ? this.tour() : this.runCheckout(repo);
  }

  setModel(model: Model): void {
    this.sandbox.claude.model = model;
  }

  /** Fixers and model together; a model that was talked over leaves the fixers' part. */
  private async repair(isHostile: boolean): Promise<boolean> {
    const app = await this.sandbox.createRepository('app');
    const files = await this.sandbox.fixture('clean');
    await app.git.commitFiles('main', files, 'A clean app');
    print(`\n${REPAIR_STORY}\n`);
    if (isHostile)
      print('This model does whatever any text within its question asks it to, and the code asks for a lot.\n');
    const code = isHostile ? HOSTILE_CODE : CODE_TO_REPAIR;
    const sha = await this.sandbox.push(app, 'main', new Map(Object.entries(code)), 'Be quick');
    const { verdict, repair } = await this.follow(app, 'main', sha);
    showCheck(app, sha);
    showPull(app);
    await showDiff(app, sha);
    return verdict?.kind === 'action_required' && repair?.kind === 'proposed';
  }

  private setScenario: (scenario: Scenario | null) => void = () => undefined;

  /** Checked without a token, held back for a newcomer, and counted once somebody has read that very commit. */
  private async fromFork(): Promise<boolean> {
    const app = await this.sandbox.createRepository('app');
    await app.git.commitFiles('main', await this.sandbox.fixture('clean'), 'A clean app');
    print(`\n1. ${FORK_STORY}\n`);
    this.sandbox.pullRuns.newcomers.add('mallory');
    const files = new Map([['NEWS.md', '# News\n\nA first contribution.\n']]);
    const pull = await this.sandbox.openForkPull(app, { files });
    const sha = pull.forkSha ?? '';
    const ref = `pull/${pull.number}/head`;
    await this.follow(app, ref, sha);
    showCheck(app, sha);
    const approval = `/slsa approve ${sha.slice(0, 12)}`;
    print(`\n2. kim, who may write, has read it, and comments \`${approval}\`.\n`);
    this.sandbox.comment(app, pull.number, 'kim', approval);
    const { verdict } = await this.follow(app, ref, sha, 2);
    showCheck(app, sha);
    print('\n3. The author pushes again: what was approved was the other commit.\n');
    const next = await this.sandbox.pushToFork(app, pull, new Map([['NEWS.md', '# News\n\nSomething else.\n']]));
    const last = await this.follow(app, ref, next);
    showCheck(app, next);
    return verdict?.kind === 'success' && last.verdict?.kind === 'action_required';
  }

  /** A fault that is survived first; then the one that was asked for, on the next commit. */
  private async withFaults(asked: Scenario): Promise<boolean> {
    const app = await this.sandbox.createRepository('app');
    const { 'scanner-recovers': survived } = SCENARIOS;
    const acts = survived === undefined || asked === survived ? [asked] : [survived, asked];
    const verdicts: string[] = [];
    for (const [index, scenario] of acts.entries()) {
      print(`\n${index + 1}. ${scenario.story} (Attempts are 3 and 6 s apart here, 1 and 4 minutes in earnest.)\n`);
      this.setScenario(scenario);
      const files = new Map([...(await this.sandbox.fixture('clean')), ['act.txt', `${index}\n`] as const]);
      const sha = await this.sandbox.push(app, 'main', files, `Act ${index + 1}`);
      const { verdict } = await this.follow(app, 'main', sha);
      showCheck(app, sha);
      verdicts.push(verdict?.kind ?? 'none');
    }
    return acts.every(({ verdict }, index) => verdicts[index] === verdict);
  }

  /** A clean commit whose evidence somebody tampers with: it must not pass as what it is not. */
  private async underAttack({ story }: AttackScenario): Promise<boolean> {
    const app = await this.sandbox.createRepository('app');
    print(`\nA clean commit is pushed to ${app.owner.login}/${app.name}. ${story}\n`);
    const sha = await this.sandbox.push(app, 'main', await this.sandbox.fixture('clean'), 'A clean app');
    const { verdict } = await this.follow(app, 'main', sha);
    showCheck(app);
    return verdict?.kind === 'failure';
  }

  /** A clean commit, then a pull request with lint errors and a vulnerable dependency, then `/slsa rerun` on it. */
  async tour(): Promise<boolean> {
    const app = await this.sandbox.createRepository('app');
    print(`\n1. A clean commit is pushed to ${app.owner.login}/${app.name}.\n`);
    const clean = await this.sandbox.push(app, 'main', await this.sandbox.fixture('clean'), 'A clean app');
    const first = await this.follow(app, 'main', clean);
    showCheck(app);

    print('\n2. A pull request brings lint errors and a vulnerable dependency.\n');
    const files = new Map([
      ...(await this.sandbox.fixture('vulnerable')),
      ...(await this.sandbox.fixture('lint-errors')),
    ]);
    const lock = (await this.sandbox.fixture('vulnerable')).get('package-lock.json') ?? '';
    const branch = new Map([...files, ['package-lock.json', lock] as const]);
    await app.git.git('branch', 'feature', 'main');
    const settings = await this.sandbox.setUpFiles(
      'preset: standard\nfail_on_lint_errors: false\nauto_fix_lint: false\nvulnerability_threshold: high\n',
    );
    await this.sandbox.push(app, 'main', settings, 'Do not stop at lint errors');
    const feature = await this.sandbox.push(app, 'feature', new Map([...branch, ...settings]), 'A feature');
    const pull = await this.sandbox.openPull(app, 'feature');
    await this.follow(app, 'feature', feature);
    showCheck(app, feature);

    print('\n3. It is merged all the same: on the default branch an issue tracks what was found.\n');
    const merged = await this.sandbox.push(app, 'main', new Map([...branch, ...settings]), 'Merge the feature');
    await this.follow(app, 'main', merged);
    showIssue(app);

    print('\n4. Somebody comments `/slsa rerun` on the pull request.\n');
    this.sandbox.comment(app, pull.number, 'kim', '/slsa rerun');
    await this.follow(app, 'feature', feature, 2);
    const reply = app.comments.at(-1);
    print(`\nreply      ${reply?.body.replace(/^<!--.*-->\n/, '') ?? ''}`);
    print(`\nThe clean commit: ${first.verdict?.kind}: ${first.verdict?.title}\n`);
    showLadder(first);
    return first.verdict?.kind === 'success' && app.issues.length > 0;
  }

  async runCheckout(path: string): Promise<boolean> {
    const folder = resolve(path);
    const name =
      basename(folder)
        .toLowerCase()
        .replace(/[^a-z0-9._-]/g, '-') || 'checkout';
    const repository = await this.sandbox.createRepository(name);
    const { url } = this.sandbox.webhooks.options;
    this.sandbox.webhooks.options.url = null;
    await run('git', [
      '-C',
      folder,
      'push',
      '--quiet',
      this.sandbox.cloneUrl(repository),
      'HEAD:refs/heads/main',
    ]).catch((error: unknown) => {
      throw new UsageError(
        `--repo: ${folder} is no git checkout with a commit: ${error instanceof Error ? (error.message.split('\n')[1] ?? '') : ''}`,
      );
    });
    this.sandbox.webhooks.options.url = url;
    print(
      `\nThe checkout at ${folder} is pushed to ${repository.owner.login}/${repository.name}, with the stage files on top.\n`,
    );
    const sha = await this.sandbox.push(
      repository,
      'main',
      await this.sandbox.setUpFiles(),
      'Set up the SLSA pipeline',
    );
    const { verdict } = await this.follow(repository, 'main', sha);
    showCheck(repository);
    return verdict?.kind === 'success';
  }

  private async follow(repository: RepositoryRecord, branch: string, sha: string, attempt = 1): Promise<RunDocument> {
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
