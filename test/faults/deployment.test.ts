/** Versions of the worker that Temporal tells apart: runs follow the current one, and none is left with the last worker of an old one. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { createActivities } from '../../activities/index.ts';
import { installRuntime, startWorker, type RunningWorker } from '../../src/adapters/temporal/temporal-worker.ts';
import { createLogger } from '../../src/cli/logging.ts';
import { githubFor } from '../../src/cli/processes/github-access.ts';
import { appSecrets } from '../../src/cli/demo-evidence.ts';
import { readStageSources } from '../../src/cli/stage-sources.ts';
import type { Scripts } from '../e2e/scripted-stages.ts';
import { StageSet } from '../e2e/stage-set.ts';
import { startTestServer, type TestServer } from './server.ts';

const DEPLOYMENT = 'slsa-pipeline';
const scripts: Scripts = { build: { kind: 'slow', milliseconds: 4000 } };
let set: StageSet;
let bundled: TestServer;
let connection: Connection;

beforeAll(async () => {
  installRuntime(createLogger('silent'));
  bundled = await startTestServer();
  set = await StageSet.open({ scripts, worker: false });
  connection = await Connection.connect({ address: set.temporal.address });
}, 60_000);
afterAll(async () => {
  await connection.close();
  await set.close();
  await bundled.close();
});

async function workerOf(buildId: string): Promise<RunningWorker> {
  const github = githubFor({ kind: 'app', ...appSecrets(set.sandbox) }, set.sandbox.url);
  const facts = {
    isSearchable: true,
    builder: null,
    sources: readStageSources(),
    evidence: set.evidence,
    repair: set.repair,
  };
  const worker = await startWorker({
    address: set.temporal.address,
    namespace: 'default',
    bundle: await readFile(bundled.bundle, 'utf8'),
    activities: createActivities(github, set.client, facts),
    deployment: { deploymentName: DEPLOYMENT, buildId },
  });
  await makeCurrent(buildId);
  return worker;
}

/** What the operator's deployment does; a version is known to the server once its worker has polled. */
async function makeCurrent(buildId: string): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      await connection.workflowService.setWorkerDeploymentCurrentVersion({
        namespace: 'default',
        deploymentName: DEPLOYMENT,
        buildId,
        ignoreMissingTaskQueues: true,
      });
      return;
    } catch (error) {
      if (tries > 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

it('takes a run over that the version before it began, once it is made current', async () => {
  const first = await workerOf('v1');
  const repository = await set.repository('versions', 'preset: minimal\n');
  const sha = await set.push(repository, 'main');
  for (let tries = 0; tries < 400 && !repository.runs.some(({ file }) => file.startsWith('01')); tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 25));
  await first.shutdown();
  const second = await workerOf('v2');
  const workflowId = set.idOf(repository, 'refs/heads/main', sha);
  const check = await set.check(repository, workflowId);

  expect(check.conclusion).toBe('success');
  expect(repository.runs).toHaveLength(4);
  const { raw } = await new Client({ connection }).workflow.getHandle(workflowId).describe();
  expect(raw.workflowExecutionInfo?.versioningInfo).toMatchObject({ deploymentVersion: { buildId: 'v2' } });
  await second.shutdown();
}, 90_000);
