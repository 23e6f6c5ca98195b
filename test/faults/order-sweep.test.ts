/** The webhooks of a run as a multiset: whichever come late, twice, in another order or never, GitHub ends up the same. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { RepositoryRecord } from '../../sandbox/github/world.ts';
import type { WebhookManner } from '../../sandbox/github/webhooks.ts';
import { scheduleMaintenance } from '../../src/adapters/temporal/maintenance-schedule.ts';
import { Client, Connection } from '@temporalio/client';
import { recordHistory } from '../e2e/temporal-history.ts';
import { endState, Lane } from './lane.ts';
import { startTestServer, type TestServer } from './server.ts';

/** What may become of each delivery, in the order in which GitHub makes them; those after the last are simply delivered. */
type Fate = readonly WebhookManner[];

/** Lost for good is what only hints; what starts a run fails first, and GitHub is asked for it again. */
const MANNERS = fc.constantFrom<WebhookManner>('deliver', 'twice', 'late', 'drop');
const FATES = fc.sample(fc.array(MANNERS, { minLength: 4, maxLength: 30 }), { seed: 20261127, numRuns: 12 });

let server: TestServer;
let lane: Lane;
let golden: object;
const fateOf = new Map<string, { fate: Fate; next: number }>();

beforeAll(async () => {
  server = await startTestServer();
  lane = await Lane.open({
    temporal: server.server.address,
    namespace: 'default',
    bundle: server.bundle,
    manner: (event, payload) => {
      const { name } = payload['repository'] as { name: string };
      const entry = fateOf.get(name);
      if (entry === undefined) return 'deliver';
      const manner = entry.fate[entry.next] ?? 'deliver';
      entry.next += 1;
      return manner === 'drop' && event !== 'workflow_run' ? 'fail' : manner;
    },
  });
  const repository = await lane.repository('preset: minimal\n', 'golden');
  await lane.ended(repository, lane.idOf(repository, await lane.push(repository)));
  golden = endState(repository);
}, 120_000);
afterAll(async () => {
  await lane.close();
  await server.close();
});

/** The first round: it asked for deliveries. */
async function recordMaintenance(): Promise<void> {
  const { address } = server.server;
  const connection = await Connection.connect({ address });
  const rounds: string[] = [];
  const query = "WorkflowType = 'maintenance' AND ExecutionStatus = 'Completed'";
  for await (const { workflowId } of new Client({ connection }).workflow.list({ query })) rounds.push(workflowId);
  await connection.close();
  await recordHistory(address, rounds.at(-1) ?? '', 'maintenance');
}

describe("a run's webhooks", () => {
  it('F1, F2, F3, F4: may be doubled, reordered, late or lost: the end is the same', async () => {
    const repositories: RepositoryRecord[] = [];
    for (const index of FATES.keys()) repositories.push(await lane.repository('preset: minimal\n', `fate-${index}`));
    for (const [index, fate] of FATES.entries()) fateOf.set(`fate-${index}`, { fate, next: 0 });
    const pushed = await Promise.all(
      repositories.map(async (repository, index) => ({
        repository,
        fate: FATES[index],
        sha: await lane.push(repository),
      })),
    );
    // What a schedule does every five minutes, and a worker at its start.
    await scheduleMaintenance({ address: server.server.address, namespace: 'default' });
    for (const { repository, sha, fate } of pushed) {
      await lane.ended(repository, lane.idOf(repository, sha));
      expect({ fate, state: endState(repository) }).toEqual({ fate, state: golden });
    }
  }, 180_000);

  it('F4: of pushes that were made while the endpoint was down are asked for again, once each', async () => {
    const repositories: RepositoryRecord[] = [];
    for (const n of [1, 2, 3]) repositories.push(await lane.repository('preset: minimal\n', `down-${n}`));
    for (const { name } of repositories) fateOf.set(name, { fate: ['fail'], next: 0 });
    const shas = await Promise.all(repositories.map((repository) => lane.push(repository)));
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(repositories.flatMap(({ checkRuns }) => checkRuns)).toEqual([]);

    await scheduleMaintenance({ address: server.server.address, namespace: 'default' });
    for (const [index, repository] of repositories.entries()) {
      await lane.ended(repository, lane.idOf(repository, shas[index]!));
      expect(endState(repository)).toEqual(golden);
    }
    await scheduleMaintenance({ address: server.server.address, namespace: 'default' });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const names = repositories.map(({ name }) => name);
    const again = lane.sandbox.webhooks.deliveries.filter(
      ({ redelivery, payload }) => redelivery && names.includes((payload['repository'] as { name: string }).name),
    );
    expect(again).toHaveLength(3);
    await recordMaintenance();
  }, 60_000);
});
