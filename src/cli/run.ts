/** `run`: starts a run by hand and follows it; the reference's flags, on the same way that a webhook takes. */
import { setTimeout as delay } from 'node:timers/promises';
import { lookUpRepository } from '../adapters/github/lookup.ts';
import { connectTemporal, type PipelineClient } from '../adapters/temporal/temporal-client.ts';
import { CommitSha, GitRef, shortRef, shortSha } from '../domain/git.ts';
import { fullName } from '../domain/repository.ts';
import type { RefIntent } from '../domain/run/coordination.ts';
import type { RunDocument } from '../domain/run/run-document.ts';
import { POLLING_TIMING, WEBHOOK_TIMING } from '../domain/run/timing.ts';
import type { RunFlags } from '../domain/run/trigger.ts';
import { runId } from '../domain/run/workflow-ids.ts';
import { PresetName, SeverityThreshold } from '../domain/settings/presets.ts';
import { SettingsFile } from '../domain/settings/settings-schema.ts';
import { githubFor } from './processes/github-access.ts';
import { credentialsOf, type Environment } from './environment.ts';
import { UsageError } from './usage-error.ts';
import { temporalAddress } from './temporal-address.ts';
import { followRun, styleFor } from './terminal/follow-run.ts';

export interface RunOptions {
  readonly preset?: string;
  readonly repoOwner?: string;
  readonly repoName?: string;
  readonly imageName?: string;
  readonly imageTag?: string;
  readonly registry?: string;
  readonly gitRef: string;
  readonly gitSha?: string;
  readonly dockerfilePath?: string;
  readonly buildContext?: string;
  readonly severity?: string;
  readonly maxFindings?: number;
  readonly updateCommitStatus?: boolean;
  readonly autoFixLint?: boolean;
  readonly follow?: string;
  readonly json: boolean;
}

/** @returns the exit code: 0 passed, 1 did not, 2 flags that an isolated builder does not take, 3 no result */
export async function run(options: RunOptions, environment: Environment): Promise<number> {
  const client = await connectTemporal(temporalAddress(environment));
  try {
    const workflowId = options.follow ?? (await start(options, environment, client));
    const leave = (): void => {
      process.stderr.write(`\nThe run goes on. Follow it again: slsa-pipeline run --follow '${workflowId}'\n`);
      process.exit(130);
    };
    process.once('SIGINT', leave);
    const document = await followRun({ client, workflowId, style: styleFor(options.json), appearsWithinMs: 60_000 });
    return exitCodeOf(document);
  } finally {
    await client.close();
  }
}

export function exitCodeOf({ verdict, decisions }: Pick<RunDocument, 'verdict' | 'decisions'>): number {
  if (verdict?.kind === 'success') return 0;
  // Only INIT can tell that flags and settings differ, since it reads the settings: it is a mistake of the call all the same.
  if (decisions.some(({ kind }) => kind === 'flags_refused')) return 2;
  return verdict?.kind === 'no_result' ? 3 : 1;
}

async function start(options: RunOptions, environment: Environment, client: PipelineClient): Promise<string> {
  const intent = await intentOf(options, environment);
  const before = await latestAttempt(client, intent);
  await client.deliver(intent);
  return nextRun(client, intent, before);
}

async function intentOf(options: RunOptions, environment: Environment): Promise<RefIntent> {
  const { repoOwner: owner, repoName: name } = options;
  if (owner === undefined || name === undefined)
    throw new UsageError('--repo-owner and --repo-name are needed (or --follow).');
  const credentials = credentialsOf(environment);
  const baseUrl = environment.GITHUB_API_URL;
  // Mistakes of the call first: nothing is asked of GitHub for them.
  const flags = flagsOf(options);
  const ref = refOf(options.gitRef);
  const repository = await lookUpRepository(credentials, baseUrl, { owner, name });
  const tip = await githubFor(credentials, baseUrl).repository(repository).contents.commitAt(ref);
  const sha = tip ?? usage(`--git-ref: ${fullName(repository)} has no ${shortRef(ref)}.`);
  if (options.gitSha !== undefined && options.gitSha !== sha) {
    usage(
      `--git-sha: ${shortRef(ref)} is at ${sha}, not at ${options.gitSha}. Actions runs branches and tags only, so the commit must be a tip.`,
    );
  }
  // A person watches, and whether webhooks arrive is not known here.
  const timing = credentials.kind === 'app' ? { ...WEBHOOK_TIMING, firstLook: 30, maxLook: 120 } : POLLING_TIMING;
  const triggers = [{ kind: 'manual', actor: 'the command line', flags } as const];
  return { repository, ref, sha: CommitSha.parse(sha), triggers, delivery: null, timing };
}

const usage = (message: string): never => {
  throw new UsageError(message);
};

function refOf(given: string): GitRef {
  const full = given.startsWith('refs/') ? given : `refs/heads/${given}`;
  return GitRef.safeParse(full).data ?? usage(`--git-ref: ${given} is not a name that git accepts.`);
}

function flagsOf(options: RunOptions): RunFlags {
  requireGrammar(options);
  if (options.preset !== undefined && !PresetName.safeParse(options.preset).success) {
    usage(`--preset: ${options.preset} is not one of ${PresetName.options.join(', ')}.`);
  }
  const severity = options.severity?.toLowerCase();
  if (severity !== undefined && !SeverityThreshold.safeParse(severity).success) {
    usage(`--severity: ${options.severity} is not one of ${SeverityThreshold.options.join(', ')}.`);
  }
  const {
    preset,
    imageName,
    imageTag,
    registry,
    dockerfilePath,
    buildContext,
    maxFindings,
    updateCommitStatus,
    autoFixLint,
  } = options;
  const flags = {
    preset,
    imageName,
    imageTag,
    registry,
    dockerfilePath,
    buildContext,
    severity,
    maxFindings,
    updateCommitStatus,
    autoFixLint,
  };
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
}

/** Flags obey the grammar of the settings that they stand in for. */
function requireGrammar(options: RunOptions): void {
  const asked = [
    ['--registry', { registry: options.registry }],
    ['--image-name', { name: options.imageName }],
    ['--image-tag', { tag: options.imageTag }],
    ['--dockerfile-path', { dockerfile: options.dockerfilePath }],
    ['--build-context', { context: options.buildContext }],
  ] as const;
  for (const [flag, image] of asked) {
    const parsed = SettingsFile.safeParse({ image });
    if (!parsed.success) usage(`${flag}: ${parsed.error.issues[0]?.message ?? 'not accepted'}.`);
  }
}

const idOf = ({ repository, ref, sha }: RefIntent, attempt: number): string =>
  runId({ repositoryId: repository.id, ref, sha, attempt });

async function latestAttempt(client: PipelineClient, intent: RefIntent): Promise<number> {
  let attempt = 0;
  while ((await client.documentOf(idOf(intent, attempt + 1))) !== null) attempt += 1;
  return attempt;
}

/** The coordinator names the attempt; it is the next one that turns up. */
async function nextRun(client: PipelineClient, intent: RefIntent, before: number): Promise<string> {
  const workflowId = idOf(intent, before + 1);
  for (let tries = 0; tries < 240; tries += 1) {
    if ((await client.documentOf(workflowId)) !== null) return workflowId;
    await delay(250);
  }
  throw new Error(
    `No run of ${fullName(intent.repository)} ${shortSha(intent.sha)} started within a minute. Is a worker polling, and is another run of this ref still going on?`,
  );
}
