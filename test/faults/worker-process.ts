/** A worker in a process of its own, to be killed: the product's parts, with the workflows bundled once for all of them. */
import { readFileSync } from 'node:fs';
import { createActivities } from '../../activities/index.ts';
import { scheduleMaintenance } from '../../src/adapters/temporal/maintenance-schedule.ts';
import { connectTemporal } from '../../src/adapters/temporal/temporal-client.ts';
import { installRuntime, startWorker } from '../../src/adapters/temporal/temporal-worker.ts';
import { githubFor } from '../../src/cli/processes/github-access.ts';
import { credentialsOf, readEnvironment, secretsOf } from '../../src/cli/environment.ts';
import { evidencePartsFor } from '../../src/cli/evidence.ts';
import { createLogger } from '../../src/cli/logging.ts';
import { repairParts } from '../../src/cli/repair-parts.ts';
import { readStageSources } from '../../src/cli/stage-sources.ts';
import { temporalAddress } from '../../src/cli/temporal-address.ts';

const { BUNDLE = '', MAINTENANCE = '', MAX_CACHED = '', ...env } = process.env;
const environment = readEnvironment(env);
const log = createLogger(environment.LOG_LEVEL, secretsOf(environment));
installRuntime(log);
const address = temporalAddress(environment);
const client = await connectTemporal(address);
const github = githubFor(credentialsOf(environment), environment.GITHUB_API_URL);
const evidence = await evidencePartsFor(environment);
const facts = {
  isSearchable: true,
  builder: environment.BUILDER_WORKFLOW ?? null,
  sources: readStageSources(),
  evidence,
  repair: repairParts(environment),
};
const worker = await startWorker({
  ...address,
  bundle: readFileSync(BUNDLE, 'utf8'),
  activities: createActivities(github, client, facts),
  ...(MAX_CACHED === '' ? {} : { maxCachedWorkflows: Number(MAX_CACHED) }),
});
if (MAINTENANCE !== '') await scheduleMaintenance(address);
process.on('message', (message) => {
  if (message !== 'memory') return;
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  process.send?.({ rss, live: heapUsed + external, handles: process.getActiveResourcesInfo().length });
});
process.send?.('ready');
await worker.ended;
