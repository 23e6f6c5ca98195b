/** GitHub in a box: everything the product talks to, on loopback, with real bytes and no account. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { BuilderWorkflow } from '../src/domain/build/builder.ts';
import { DOUBLES } from './actions/actions/index.ts';
import { ActionsEngine } from './actions/engine.ts';
import { PullRequestRuns } from './actions/pull-request-runs.ts';
import { Runs } from './actions/runs.ts';
import type { StageScripts } from './actions/scripts.ts';
import type { Attack, Services } from './actions/services.ts';
import type { RealTools } from './actions/tools/real.ts';
import { toolboxes, ToolsServer } from './actions/tools/tools-server.ts';
import { ClaudeServer } from './claude/claude-server.ts';
import { competent } from './claude/models.ts';
import { FaultPlan } from './faults.ts';
import { NEEDED_EVENTS } from '../src/domain/doctor/needs.ts';
import { Auth, GRANTED } from './github/auth.ts';
import { serveGit } from './github/git-http.ts';
import { GitStore } from './github/git-store.ts';
import { ApiServer, type RecordedCall } from './github/http.ts';
import { Events } from './github/events.ts';
import { githubRoutes } from './github/routes.ts';
import { kindly, unkindly, Webhooks, type WebhookOptions } from './github/webhooks.ts';
import { createWorld, findRepository, type RepositoryRecord } from './github/world.ts';
import { People, userIn } from './people.ts';
import { Registry } from './registry/registry.ts';
import { renderBuilder, type StageSources } from '../src/domain/stage/render-stage-files.ts';
import { Sigstore } from './sigstore/sigstore.ts';
import { fixtureFiles, setUpFiles, stageSources, type Files, type FixtureName } from './set-up.ts';
import { temporaryFolder, type TemporaryFolder } from './temporary-folder.ts';
import { writeTrustFiles } from './trust-files.ts';

export interface SandboxOptions {
  readonly seed?: number;
  /** Kindness is an option: lists do not lag, webhooks come once and in order. */
  readonly kind?: boolean;
  readonly queueMs?: number;
  readonly listLagMs?: number;
  /** Ends of stage runs that are not carried out by the runner. */
  readonly stageScripts?: (services: Services) => StageScripts;
  readonly manner?: WebhookOptions['manner'];
  readonly attack?: Attack;
  /** Programs of this machine that verify in place of the doubles. */
  readonly realTools?: RealTools;
}

export interface AppCredentials {
  readonly appId: number;
  readonly privateKey: string;
  readonly webhookSecret: string;
}

function newApp(): { readonly app: AppCredentials; readonly publicKey: string } {
  const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const app = {
    appId: 4711,
    privateKey: keys.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
    webhookSecret: randomBytes(24).toString('hex'),
  };
  return { app, publicKey: keys.publicKey.export({ type: 'spki', format: 'pem' }).toString() };
}

const mannerOf = ({ manner, kind, seed }: SandboxOptions): WebhookOptions['manner'] =>
  manner ?? (kind === true ? kindly : unkindly(seed ?? 1));

export class Sandbox extends People {
  readonly auth: Auth;
  readonly engine: ActionsEngine;
  readonly webhooks: Webhooks;
  readonly faults: FaultPlan;
  readonly registry: Registry;
  readonly app: AppCredentials;
  private readonly server: ApiServer;
  readonly sigstore: Sigstore;
  readonly claude: ClaudeServer;
  private readonly folder: TemporaryFolder;
  readonly pullRuns: PullRequestRuns;
  private readonly runs: Runs;
  private readonly tools: ToolsServer;
  private builder: BuilderWorkflow | null = null;

  private constructor(
    parts: Pick<
      Sandbox,
      | 'world'
      | 'auth'
      | 'engine'
      | 'webhooks'
      | 'events'
      | 'pullRuns'
      | 'faults'
      | 'registry'
      | 'sigstore'
      | 'claude'
      | 'app'
    > & {
      server: ApiServer;
      folder: TemporaryFolder;
      runs: Runs;
      tools: ToolsServer;
    },
  ) {
    super(parts.world, parts.events);
    this.auth = parts.auth;
    this.engine = parts.engine;
    this.webhooks = parts.webhooks;
    this.faults = parts.faults;
    this.registry = parts.registry;
    this.app = parts.app;
    this.server = parts.server;
    this.sigstore = parts.sigstore;
    this.claude = parts.claude;
    this.folder = parts.folder;
    this.pullRuns = parts.pullRuns;
    this.runs = parts.runs;
    this.tools = parts.tools;
  }

  static async start(options: SandboxOptions = {}): Promise<Sandbox> {
    const folder = await temporaryFolder('slsa-sandbox-');
    const { app, publicKey } = newApp();
    const baseUrl = (): string => box.url;
    const { appId, webhookSecret } = app;
    const world = createWorld({ appId, publicKey, baseUrl, permissions: GRANTED, events: [...NEEDED_EVENTS] });
    const webhooks = new Webhooks({ secret: webhookSecret, url: null, manner: mannerOf(options) });
    const faults = new FaultPlan();
    const auth = new Auth(world);
    const registry = new Registry();
    const sigstore = await Sigstore.start();
    const claude = new ClaudeServer(competent);
    // Jobs of the runner are another user's, and have to get to their folders.
    await chmod(folder.path, 0o711);
    const tools = new ToolsServer(join(folder.path, 'tools'), toolboxes(options.realTools));
    const services = { world, sigstore, registry, attack: options.attack ?? {}, apiUrl: baseUrl };
    const runs = new Runs(
      { world, webhooks },
      { services, tools, doubles: DOUBLES, minuteMs: 60_000 },
      {
        listLagMs: options.listLagMs ?? (options.kind === true ? 0 : 2000),
        queueMs: options.queueMs ?? 300,
        folder: folder.path,
      },
    );
    const engine = new ActionsEngine(runs, options.stageScripts?.(services) ?? (() => null));
    const pullRuns = new PullRequestRuns(runs);
    const events = new Events(world, webhooks, userIn(world, 'kim'), pullRuns);
    const server = new ApiServer(
      githubRoutes({ world, auth, engine, webhooks, events, pullRuns }),
      faults,
      (request, response) =>
        serveGit(request, response, {
          folderOf: (owner, name) => findRepository(world, owner, name)?.git.dir ?? null,
          pushed: (owner, name) => box.announcePushes(owner, name),
        }),
    );
    const box: Sandbox = new Sandbox({
      world,
      auth,
      engine,
      webhooks,
      events,
      pullRuns,
      faults,
      registry,
      app,
      server,
      sigstore,
      claude,
      folder,
      runs,
      tools,
    });
    await Promise.all([server.listen(), registry.listen(), claude.listen(), tools.listen()]);
    return box;
  }

  get url(): string {
    return this.server.url;
  }

  /** Every request that was made of the API, in order. */
  get calls(): readonly RecordedCall[] {
    return this.server.calls;
  }

  async stop(): Promise<void> {
    this.webhooks.options.url = null;
    for (const { runs } of this.world.repositories.values()) for (const run of runs) run.abort.abort('sandbox stops');
    await this.runs.settle();
    await Promise.all([
      this.server.close(),
      this.tools.close(),
      this.registry.close(),
      this.claude.close(),
      this.sigstore.stop(),
    ]);
    for (const { git } of this.world.repositories.values()) git.close();
    await this.folder.remove();
  }

  async createRepository(
    name: string,
    options: { visibility?: 'public' | 'private'; owner?: string } = {},
  ): Promise<RepositoryRecord> {
    const owner = this.user(options.owner ?? 'acme', 'Organization');
    const git = new GitStore(join(this.folder.path, 'git', owner.login, `${name}.git`));
    await git.create();
    const createdAt = new Date().toISOString();
    const repository: RepositoryRecord = {
      id: this.world.nextId(),
      name,
      owner,
      visibility: options.visibility ?? 'public',
      defaultBranch: 'main',
      git,
      createdAt,
      pushedAt: createdAt,
      workflowIds: new Map(),
      permissions: new Map([['kim', 'write']]),
      checkRuns: [],
      statuses: [],
      pulls: [],
      issues: [],
      comments: [],
      reactions: [],
      runs: [],
      artifacts: [],
      attestations: [],
      disabledWorkflows: new Set(),
      requiredChecks: [],
      secrets: new Map([['SLSA_REGISTRY_PASSWORD', this.registry.credentials.password]]),
      variables: new Map([['SLSA_REGISTRY_USERNAME', this.registry.credentials.username]]),
      selfHosted: [],
    };
    this.world.repositories.set(repository.id, repository);
    return repository;
  }

  /** A fixture's files, set up for this sandbox. */
  async fixture(name: FixtureName): Promise<Files> {
    return new Map([...(await this.setUpFiles()), ...(await fixtureFiles(name))]);
  }

  /** Settings that push to the sandbox's registry, and the stage files as they are rendered for the builder, if there is one. */
  setUpFiles(settings = 'preset: standard\n'): Promise<Files> {
    return setUpFiles(settings, { registryHost: this.registry.host, builder: this.builder });
  }

  /** The operator's builder repository, out of its callers' reach. From here on stage files are rendered for it. */
  async createBuilder(given: StageSources | null = null): Promise<BuilderWorkflow> {
    const repository =
      findRepository(this.world, 'acme-platform', 'slsa-builder') ??
      (await this.createRepository('slsa-builder', { owner: 'acme-platform' }));
    const path = '.github/workflows/build-image.yml';
    const sources = given ?? (await stageSources());
    const plan = new Map([
      ['plan/action.yml', sources.plan.action],
      ['plan/plan.mjs', sources.plan.program],
    ]);
    const commit = await repository.git.commitFiles('main', plan, 'The plan of the isolated builder');
    const text = renderBuilder(sources, { owner: 'acme-platform', name: 'slsa-builder', commit });
    const sha = await repository.git.commitFiles('main', new Map([[path, text]]), 'The isolated builder');
    this.builder = BuilderWorkflow.parse(`acme-platform/slsa-builder/${path}@${sha}`);
    return this.builder;
  }

  /** The environment of a process that trusts this sandbox. */
  trustEnvironment(): Promise<Record<string, string>> {
    const { folder, sigstore, builder } = this;
    return writeTrustFiles({ folder: folder.path, sigstore, builder, registryHost: this.registry.host });
  }

  /** Somebody agrees to a manifest on GitHub's page: the code that comes back. */
  agreeToManifest(): string {
    const code = randomBytes(20).toString('hex');
    this.world.manifestCodes.set(code, { pem: this.app.privateKey, webhookSecret: this.app.webhookSecret });
    return code;
  }

  cloneUrl(repository: RepositoryRecord): string {
    return `${this.url}/${repository.owner.login}/${repository.name}.git`;
  }
}
