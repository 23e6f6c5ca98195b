/** Runs are found in Temporal by what they were about; a server that keeps no search attributes costs nothing else. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { registerSearchAttributes } from '../../src/adapters/temporal/search-attributes.ts';
import { StageSet } from './stage-set.ts';

let set: StageSet;
let connection: Connection;

beforeAll(async () => {
  set = await StageSet.open({ scripts: {} });
  connection = await Connection.connect({ address: set.temporal.address });
});
afterAll(async () => {
  await connection.close();
  await set.close();
});

const idsWhere = async (query: string): Promise<string[]> => {
  const client = new Client({ connection });
  for (let tries = 0; tries < 50; tries += 1) {
    const found: string[] = [];
    for await (const { workflowId } of client.workflow.list({ query })) found.push(workflowId);
    if (found.length > 0) return found;
    await new Promise((settle) => setTimeout(settle, 100));
  }
  return [];
};

describe('a run that has ended', () => {
  it('is found by commit, by outcome and by the digest of its image', async () => {
    const repository = await set.repository('found');
    const { sha, result } = await set.pushed(repository);
    const id = set.idOf(repository, 'refs/heads/main', sha);
    const { build } = result.outcomes as { build: { result: { digest: string } } };
    expect(await idsWhere(`SlsaCommit = '${sha}'`)).toEqual([id]);
    expect(await idsWhere(`SlsaRepository = '${repository.id}' AND SlsaOutcome = 'success'`)).toEqual([id]);
    expect(await idsWhere(`SlsaDigest = '${build.result.digest}' AND SlsaPreset = 'standard'`)).toContain(id);
  });
});

describe('registering', () => {
  it('finds everything in place a second time', async () => {
    expect(await registerSearchAttributes({ address: set.temporal.address, namespace: 'default' })).toBeNull();
  });

  it('says why where it cannot be done', async () => {
    expect(await registerSearchAttributes({ address: set.temporal.address, namespace: 'nowhere' })).toMatch(
      /nowhere|not found/i,
    );
  });
});
