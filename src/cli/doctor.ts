/** `doctor`: is every credential, permission, webhook and server in order, and what to do about each that is not. */
import { GitHubFault } from '../adapters/github/github-fault.ts';
import { FORK_CHECK_FILE } from '../domain/fork/fork-check.ts';
import type { GitHub } from '../adapters/github/github.ts';
import { examineApp, examineHook, examineInstallation, examineRepository } from '../adapters/github/examination.ts';
import { lookUpRepository } from '../adapters/github/lookup.ts';
import { RateGate } from '../adapters/github/rate-gate.ts';
import { appTokens, type AppCall } from '../adapters/github/tokens.ts';
import { examineTemporal } from '../adapters/temporal/examination.ts';
import { TemporalUnusable } from '../adapters/temporal/namespace.ts';
import { differsFromForkCheck, standingOf, WORKFLOWS_FOLDER } from '../../activities/stage-drift.ts';
import * as judge from '../domain/doctor/findings.ts';
import type { Finding } from '../domain/doctor/findings.ts';
import type { Repository } from '../domain/repository.ts';
import { readSettings } from '../domain/settings/read-settings.ts';
import { SETTINGS_PATH } from '../domain/settings/settings-schema.ts';
import { STAGE_TABLE, STAGES } from '../domain/stage/stage-table.ts';
import { WEBHOOK_PATH } from '../intake/webhook-contract.ts';
import { githubFor } from './processes/github-access.ts';
import { credentialsOf, type Credentials, type Environment } from './environment.ts';
import { UsageError } from './usage-error.ts';
import { evidencePartsFor } from './evidence.ts';
import { readStageSources } from './stage-sources.ts';
import { temporalAddress } from './temporal-address.ts';

export interface DoctorOptions {
  /** `owner/name` of a repository to look at too. */
  readonly repo?: string;
}

const CHECK_NAME = 'SLSA pipeline';

export async function doctor({ repo }: DoctorOptions, environment: Environment): Promise<Finding[]> {
  return [
    ...(await inOrder('Temporal', () => ofTemporal(environment))),
    ...(await inOrder('trust', () => ofTrust(environment))),
    ...(await inOrder('GitHub', () => ofGitHub(environment, repo))),
  ];
}

/** A part that cannot be looked at is a finding, and no reason not to look at the others. */
async function inOrder(about: string, look: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof TemporalUnusable) return [judge.fault(about, error.says, error.next)];
    const says = error instanceof Error ? error.message : String(error);
    return [judge.fault(about, says, adviceOn(about, error))];
  }
}

function adviceOn(about: string, error: unknown): string {
  if (error instanceof UsageError)
    return about.includes('/') ? 'Write it as the page of the repository has it.' : 'See .env.example.';
  const status = error instanceof GitHubFault ? error.status : undefined;
  if (status === 401) return 'APP_ID and PRIVATE_KEY must be of the same App: make a new key in its settings.';
  if (status === 404 && about !== 'GitHub') return 'Install the App there: on its page, "Install App".';
  return 'Is it running, and is its address right?';
}

/** Re-runs keep what earlier attempts did only as long as their histories are there. */
const MIN_RETENTION_DAYS = 3;

async function ofTemporal(environment: Environment): Promise<Finding[]> {
  const address = temporalAddress(environment);
  const { serverVersion, retentionDays, workers } = await examineTemporal(address);
  return [
    judge.ok('Temporal', `${address.address}, version ${serverVersion}, namespace ${address.namespace}`),
    retentionDays >= MIN_RETENTION_DAYS
      ? judge.ok('retention', `histories are kept for ${retentionDays} days`)
      : judge.warning(
          'retention',
          `histories are kept for ${retentionDays} days`,
          `Keep them for at least ${MIN_RETENTION_DAYS}: after that a re-run is a full run.`,
        ),
    workers > 0
      ? judge.ok('worker', `${workers} of its pollers were seen lately`)
      : judge.fault('worker', 'nobody works on the task queue', 'Start `slsa-pipeline worker`.'),
  ];
}

async function ofTrust(environment: Environment): Promise<Finding[]> {
  const { trust, roots, vsa } = await evidencePartsFor(environment);
  const stale = roots.filter(({ facts }) => facts.isStale).map(({ facts }) => facts.name);
  return [
    trust.policy.builders.length > 0
      ? judge.ok('trust', `${trust.policy.builders.length} isolated builder(s) trusted`)
      : judge.warning(
          'trust',
          'no isolated builder: Build L2 at best',
          'Set BUILDER_WORKFLOW (docs/slsa.md, "The builder repository in five steps").',
        ),
    stale.length === 0
      ? judge.ok('trust roots', roots.map(({ facts }) => `${facts.name} of ${facts.asOf.slice(0, 10)}`).join(', '))
      : judge.warning('trust roots', `old: ${stale.join(', ')}`, '`slsa-pipeline trust refresh` fetches newer ones.'),
    vsa === null
      ? judge.warning(
          'summaries',
          'verification summaries are not signed',
          'Set VSA_PRIVATE_KEY to an ECDSA P-256 key.',
        )
      : judge.ok('summaries', `signed by key ${vsa.keyId.slice(0, 16)}`),
  ];
}

async function ofGitHub(environment: Environment, repo: string | undefined): Promise<Finding[]> {
  const credentials = credentialsOf(environment);
  const { GITHUB_API_URL: baseUrl } = environment;
  const github = githubFor(credentials, baseUrl);
  if (credentials.kind === 'token') {
    const { login } = await github.identity();
    return [
      judge.warning(
        'GitHub',
        `a plain token of ${login}`,
        'Check runs and webhooks belong to Apps: set APP_ID and PRIVATE_KEY.',
      ),
    ];
  }
  const endpoint = { baseUrl, fetch: globalThis.fetch };
  const tokens = appTokens(credentials, endpoint);
  const { asApp } = tokens;
  if (asApp === null) throw new Error('An App can act as itself');
  const app = await examineApp(asApp);
  const general = [
    judge.ok('App', `${app.slug} (${app.id}): its key is accepted`),
    judge.judgeClock(app.skewSeconds),
    judge.judgePermissions(
      'permissions',
      app.permissions,
      'Ask for them in the settings of the App; each installation then has to accept.',
    ),
    ...judge.judgeExcess('permissions', app.permissions),
    judge.judgeEvents(app.events),
    ...judge.judgeHook(await examineHook(asApp), WEBHOOK_PATH),
    judge.judgeDeliveries((await github.deliveries?.failedSince(0))?.length ?? 0),
  ];
  if (repo === undefined) return general;
  const line = { tokens, endpoint, gate: new RateGate() };
  const parts = { environment, credentials, github, asApp, appId: app.id, line };
  return [...general, ...(await inOrder(repo, () => ofRepository(repo, parts)))];
}

interface Parts {
  readonly environment: Environment;
  readonly credentials: Credentials;
  readonly github: GitHub;
  readonly asApp: AppCall;
  readonly appId: number;
  readonly line: Parameters<typeof examineRepository>[0];
}

/** @throws UsageError */
async function ofRepository(repo: string, parts: Parts): Promise<Finding[]> {
  const [owner, name, ...rest] = repo.split('/');
  if (owner === undefined || name === undefined || rest.length > 0)
    throw new UsageError('--repo is written owner/name.');
  const { environment, credentials, github, asApp, appId, line } = parts;
  const repository = await lookUpRepository(credentials, environment.GITHUB_API_URL, { owner, name });
  const { permissions, isSuspended } = await examineInstallation(asApp, repository);
  const installed = judge.judgePermissions(
    `${repo}: installation`,
    permissions,
    'The owner has to accept the new permissions, on the page of the installation.',
  );
  if (isSuspended)
    return [
      judge.fault(repo, 'the installation is suspended', 'Its owner unsuspends it on the page of the installation.'),
    ];
  const { workflows, requiredChecks } = await examineRepository(line, repository);
  return [
    installed,
    await ofSettings(github, repository),
    ...judge.judgeStageFiles(workflows, await driftedFiles(github, repository, environment)),
    judge.judgeRequiredChecks(requiredChecks, { name: CHECK_NAME, appId }),
  ];
}

async function ofSettings(github: GitHub, repository: Repository): Promise<Finding> {
  const text = await github
    .repository(repository)
    .contents.fileAt(SETTINGS_PATH, `refs/heads/${repository.defaultBranch}`);
  if (text === null) return judge.ok('settings', 'none: preset standard');
  const reading = readSettings(text);
  if (reading.kind === 'settings') return judge.ok('settings', `preset ${reading.settings.preset ?? 'standard'}`);
  const [first] = reading.mistakes;
  return judge.fault(
    'settings',
    `${reading.mistakes.length} mistake(s), the first in line ${first?.line}: ${first?.message}`,
    'Correct them; `slsa-pipeline config check` shows all.',
  );
}

async function driftedFiles(github: GitHub, repository: Repository, environment: Environment): Promise<string[]> {
  const found = await github
    .repository(repository)
    .contents.directoryAt(WORKFLOWS_FOLDER, `refs/heads/${repository.defaultBranch}`);
  const facts = { builder: environment.BUILDER_WORKFLOW ?? null, sources: readStageSources() };
  const stages = STAGES.filter((stage) => {
    const { file, timeoutMinutes } = STAGE_TABLE[stage];
    return standingOf(stage, { file, timeoutMinutes }, { facts, found }) === 'differs';
  }).map((stage) => STAGE_TABLE[stage].file);
  return [...stages, ...(differsFromForkCheck(facts, found) ? [FORK_CHECK_FILE] : [])];
}

const MARKS = { ok: '✔', warning: '!', fault: '✘', unknown: '?' } as const;

export function describeFindings(findings: readonly Finding[]): string[] {
  const width = Math.max(...findings.map(({ about }) => about.length));
  const lines = findings.flatMap(({ about, state, says, next }) => [
    `${MARKS[state]} ${about.padEnd(width)}  ${says}`,
    ...(next === '' ? [] : [`  ${' '.repeat(width)}  → ${next}`]),
  ]);
  const count = (state: Finding['state']): number => findings.filter((each) => each.state === state).length;
  return [...lines, `${count('fault')} to repair, ${count('warning')} to think about, ${count('ok')} in order.`];
}
