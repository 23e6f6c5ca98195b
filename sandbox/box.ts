/** GitHub in a box: everything the product talks to, on loopback, with real bytes and no account. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { BuilderWorkflow } from '../src/domain/build/builder.ts';
import { ActionsEngine, type Executors } from './actions/engine.ts';
import { realExecutors, type Attack, type ExecutorParts } from './actions/executors.ts';
import { forkCheck } from './actions/fork-check.ts';
import { PullRequestRuns } from './actions/pull-request-runs.ts';
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
  readonly executors?: (real: Executors, parts: ExecutorParts) => Executors;
  readonly manner?: WebhookOptions['manner'];
  readonly attack?: Attack;
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
  }

  static async start(options: SandboxOptions = {}): Promise<Sandbox> {
    const folder = await temporaryFolder('slsa-sandbox-');
    const { app, publicKey } = newApp();
    const baseUrl = (): string => box.url;
    const world = createWorld({
      appId: app.appId,
      publicKey,
      baseUrl,
      permissions: GRANTED,
      events: [...NEEDED_EVENTS],
    });
    const manner = options.manner ?? (options.kind === true ? kindly : unkindly(options.seed ?? 1));
    const webhooks = new Webhooks({ secret: app.webhookSecret, url: null, manner });
    const faults = new FaultPlan();
    const auth = new Auth(world);
    const registry = new Registry();
    const sigstore = await Sigstore.start();
    const claude = new ClaudeServer(competent);
    const nextId = (): number => world.nextId();
    const parts = { sigstore, nextId, ...(options.attack === undefined ? {} : { attack: options.attack }) };
    const real = realExecutors(parts);
    const engine = new ActionsEngine({
      world,
      webhooks,
      executors: options.executors?.(real, parts) ?? real,
      options: {
        listLagMs: options.listLagMs ?? (options.kind === true ? 0 : 2000),
        queueMs: options.queueMs ?? 300,
        folder: folder.path,
      },
    });
    const pullRuns = new PullRequestRuns({ world, webhooks }, forkCheck, engine.options);
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
    });
    await Promise.all([server.listen(), registry.listen(), claude.listen()]);
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
    await Promise.all([this.engine.settle(), this.pullRuns.settle()]);
    await Promise.all([this.server.close(), this.registry.close(), this.claude.close(), this.sigstore.stop()]);
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
  async createBuilder(): Promise<BuilderWorkflow> {
    const repository = await this.createRepository('slsa-builder', { owner: 'acme-platform' });
    const path = '.github/workflows/build-image.yml';
    const { builder: text } = await stageSources();
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
