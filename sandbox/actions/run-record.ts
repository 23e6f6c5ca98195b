/** A run of Actions from its first moment on: its record, and the events that tell of it. */
import { createHash } from 'node:crypto';
import { zipSync } from 'fflate';
import { userJson } from '../github/representations/accounts.ts';
import { actionsRunJson } from '../github/representations/actions.ts';
import { repositoryJson } from '../github/representations/repositories.ts';
import type { Webhooks } from '../github/webhooks.ts';
import type { ActionsRunRecord, ArtifactRecord } from '../github/actions-records.ts';
import type { RepositoryRecord, World } from '../github/world.ts';
import type { Workflow } from './runner/workflow.ts';

export interface RunPlace {
  readonly world: World;
  readonly webhooks: Webhooks;
}

type Fresh = Pick<
  ActionsRunRecord,
  | 'id'
  | 'file'
  | 'number'
  | 'suiteId'
  | 'createdAt'
  | 'startedAt'
  | 'updatedAt'
  | 'attempt'
  | 'status'
  | 'conclusion'
  | 'jobs'
  | 'listedFrom'
  | 'abort'
>;

/** A run that nothing has happened to yet. */
export function newRun(world: World, repository: RepositoryRecord, file: string, listLagMs: number): Fresh {
  const now = new Date().toISOString();
  return {
    id: world.nextId(),
    file,
    number: repository.runs.filter((each) => each.file === file).length + 1,
    suiteId: world.nextId(),
    createdAt: now,
    startedAt: now,
    updatedAt: now,
    attempt: 1,
    status: 'queued',
    conclusion: null,
    jobs: [],
    listedFrom: Date.now() + listLagMs,
    abort: new AbortController(),
  };
}

export function describeWorkflow(
  world: World,
  { workflowIds }: RepositoryRecord,
  fileName: string,
  { name }: Workflow,
): ActionsRunRecord['workflow'] {
  const id = workflowIds.get(fileName) ?? world.nextId();
  workflowIds.set(fileName, id);
  return { id, name };
}

/** Files say `cancel-in-progress`: the newest of a group wins. */
export function cancelOthersOfGroup({ runs }: RepositoryRecord, { group }: ActionsRunRecord): void {
  const others = group === null ? [] : runs.filter((other) => other.group === group && other.status !== 'completed');
  for (const other of others) other.abort.abort('superseded');
}

export function announceRun(
  action: 'requested' | 'in_progress' | 'completed',
  repository: RepositoryRecord,
  run: ActionsRunRecord,
  { world, webhooks }: RunPlace,
): void {
  webhooks.send('workflow_run', {
    action,
    workflow_run: actionsRunJson(run, repository, world),
    workflow: { id: run.workflow.id, name: run.workflow.name, path: `.github/workflows/${run.file}` },
    repository: repositoryJson(repository, world),
    installation: { id: world.installationId },
    sender: userJson(run.actor, world),
  });
}

/** Files under their names in one archive, kept with the run: what actions/upload-artifact makes. */
export function keepArtifact(
  world: World,
  repository: RepositoryRecord,
  run: ActionsRunRecord,
  { name, files }: { readonly name: string; readonly files: ReadonlyMap<string, Buffer | string> },
): ArtifactRecord {
  const entries = Object.fromEntries([...files].map(([path, content]) => [path, new Uint8Array(Buffer.from(content))]));
  const zip = Buffer.from(zipSync(entries, { level: 6 }));
  const artifact: ArtifactRecord = {
    id: world.nextId(),
    runId: run.id,
    name,
    createdAt: new Date().toISOString(),
    zip,
    digest: `sha256:${createHash('sha256').update(zip).digest('hex')}`,
    expired: false,
  };
  repository.artifacts.push(artifact);
  return artifact;
}

export const waitOrAbort = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
