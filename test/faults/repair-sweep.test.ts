/**
 * The writes of a repair, and a worker that dies (`kill -9`) right before them and right after them: in the end there is one branch,
 * one commit and one pull request, and no throw-away branch. Three writes of eight here; `npm run test:sweep` takes all of them.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RepositoryRecord } from '../../sandbox/github/world.ts';
import { Lane } from './lane.ts';
import { startTestServer, type TestServer } from './server.ts';

const LANES = 4;
const CODE = 'var port = 1;\nif (port == 2) port = 3;\nexport { port };\n';
const WRITES = /\/(git\/(refs|trees|commits)|pulls|labels)/;
let server: TestServer;
let lanes: Lane[];
let writes: string[];

/** The first branch, the commit's place on it, and the pull request. */
const CHOSEN: readonly number[] | null = process.env['SWEEP'] === 'all' ? null : [1, 4, 6];
const swept = (): readonly number[] => CHOSEN ?? writes.map((_, index) => index + 1);

const rule = ({ name }: RepositoryRecord): { method: string; path: RegExp } => ({
  method: 'WRITE',
  path: new RegExp(`^/repos/acme/${name}/(git/(refs|trees|commits)|pulls|issues/\\d+/labels)`),
});

beforeAll(async () => {
  const names = Array.from({ length: LANES }, (_, index) => `repair-${index}`);
  server = await startTestServer({ namespaces: names });
  const { bundle } = server;
  const temporal = server.server.address;
  const scripts = { lint: { kind: 'tiny' } } as const;
  lanes = await Promise.all(names.map((namespace) => Lane.open({ temporal, namespace, bundle, scripts })));
  const [lane] = lanes as [Lane];
  const repository = await repaired(lane);
  expect(await stateOf(repository)).toEqual(GOLDEN);
  writes = lane.sandbox.calls
    .filter(({ method, path }) => method !== 'GET' && path.startsWith(`/repos/acme/${repository.name}/`))
    .filter(({ path }) => WRITES.test(path))
    .map(({ route }) => route.replace('/repos/:owner/:repo', ''));
}, 120_000);
afterAll(async () => {
  await Promise.all(lanes.map((lane) => lane.close()));
  await server.close();
});

const GOLDEN = {
  branches: 1,
  commits: 1,
  text: CODE.replace('var', 'let').replace('==', '==='),
  pulls: [{ state: 'open', draft: true, labels: ['automated-fix', 'needs-review', 'ai-generated'] }],
  check: 'action_required',
};

async function stateOf({ git, pulls, checkRuns }: RepositoryRecord): Promise<object> {
  const refs = [...(await git.refs()).keys()].filter((ref) => ref.startsWith('refs/heads/slsa/'));
  const [ref = 'refs/heads/main'] = refs;
  return {
    branches: refs.length,
    commits: await git.countBetween('refs/heads/main', ref),
    text: (await git.file(ref, 'src/server.js'))?.toString(),
    pulls: pulls.map(({ state, draft, labels }) => ({ state, draft, labels })),
    check: checkRuns.find(({ name }) => name === 'SLSA pipeline')?.conclusion,
  };
}

async function repaired(
  lane: Lane,
  before: (repository: RepositoryRecord) => void = () => undefined,
): Promise<RepositoryRecord> {
  const repository = await lane.repository('preset: minimal\nfail_on_lint_errors: true\nafter_auto_fix: stop\n');
  before(repository);
  const sha = await lane.sandbox.push(repository, 'main', new Map([['src/server.js', CODE]]));
  await lane.ended(repository, lane.idOf(repository, sha));
  // The throw-away branch goes after the check was written, or before it.
  for (let tries = 0; tries < 100 && (await throwAways(repository)) > 0; tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 100));
  return repository;
}

const throwAways = async ({ git }: RepositoryRecord): Promise<number> =>
  [...(await git.refs()).keys()].filter((ref) => ref.includes('autofix-try')).length;

type Manner = 'killed before' | 'killed after';

async function sweep(lane: Lane, nth: number, manner: Manner): Promise<{ label: string; state: object }> {
  const label = `${nth} ${writes[nth - 1]}, ${manner}`;
  const during = (): Promise<void> => lane.crash();
  const when = manner === 'killed before' ? 'before' : 'after';
  const fault = { kind: 'hold', when, during } as const;
  const repository = await repaired(lane, (fresh) =>
    lane.sandbox.faults.add({ ...rule(fresh), nth: [nth], fault }),
  ).catch((error: unknown) => {
    throw new Error(`${label}: ${String(error)}`);
  });
  lane.sandbox.faults.clear();
  return { label, state: await stateOf(repository) };
}

async function sweepAll(manner: Manner): Promise<{ label: string; state: object }[]> {
  const ended: { label: string; state: object }[] = [];
  const left = [...swept()];
  const work = async (lane: Lane): Promise<void> => {
    for (let nth = left.shift(); nth !== undefined; nth = left.shift()) ended.push(await sweep(lane, nth, manner));
  };
  await Promise.all(lanes.map(work));
  return ended;
}

const expectGolden = (ended: readonly { label: string; state: object }[]): void => {
  expect(ended.length).toBe(swept().length);
  for (const { label, state } of ended) expect({ label, state }).toEqual({ label, state: GOLDEN });
};

describe('a repair', () => {
  it('writes a branch, a tree, a commit, its place, the branch that is proposed, the pull request and its labels', () => {
    expect(writes).toEqual([
      'POST /git/refs',
      'POST /git/trees',
      'POST /git/commits',
      'PATCH /git/refs/*ref',
      'POST /git/refs',
      'POST /pulls',
      'POST /issues/:number/labels',
      'DELETE /git/refs/*ref',
    ]);
  });

  it('F24, F36: goes on where the worker is killed just before a write', async () => {
    expectGolden(await sweepAll('killed before'));
  }, 400_000);

  it('F24, F36: adopts what is there where the worker is killed just after it', async () => {
    expectGolden(await sweepAll('killed after'));
  }, 400_000);
});
