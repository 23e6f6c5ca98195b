/** How soon the built program answers: commands in new processes, beside Node itself and beside the least that verifies a bundle. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Sandbox } from '../sandbox/box.ts';
import { provenanceOf, statementAbout } from '../sandbox/sigstore/provenance.ts';
import { trustedRootJson } from '../sandbox/sigstore/trust.ts';
import { DIGEST, IMAGE, OWN_CLAIMS } from '../test/evidence-fixtures.ts';
import { atMost, round, type Row } from './rows.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Interleaved, so that what else the machine does meets all alike; the median of each is told. */
const ROUNDS = 9;

export async function start(): Promise<Row[]> {
  run([here('../release/build.ts')]);
  const folder = await mkdtemp(join(tmpdir(), 'slsa-start-'));
  const sandbox = await Sandbox.start({ kind: true });
  try {
    return measure(await commandsFor(sandbox, folder));
  } finally {
    await sandbox.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

type Commands = Readonly<Record<string, readonly string[]>>;

async function commandsFor(sandbox: Sandbox, folder: string): Promise<Commands> {
  const statement = statementAbout(IMAGE, provenanceOf(OWN_CLAIMS));
  const bundle = join(folder, 'bundle.json');
  const root = join(folder, 'root.json');
  await writeFile(bundle, JSON.stringify(await sandbox.sigstore.publicGood.sign(statement, OWN_CLAIMS)));
  await writeFile(root, JSON.stringify(trustedRootJson(sandbox.sigstore.publicGood)));
  const main = here('../dist/main.js');
  const about = ['--repo', 'acme/app', '--level', '1', '--digest', DIGEST];
  return {
    'node -e 0': ['-e', '0'],
    'bare verification': [here('bare-verify.js'), root, bundle],
    verify: [main, 'verify', bundle, ...about, '--trusted-root', root],
    'list-presets': [main, 'list-presets'],
    '--help': [main, '--help'],
    'config schema': [main, 'config', 'schema'],
    'trust check': [main, 'trust', 'check'],
  };
}

function run(args: readonly string[]): number {
  const began = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}:\n${stderr}`);
  return performance.now() - began;
}

function measure(commands: Commands): Row[] {
  const times = new Map(Object.keys(commands).map((name) => [name, [] as number[]]));
  for (let index = 0; index < ROUNDS; index += 1)
    for (const [name, args] of Object.entries(commands)) times.get(name)?.push(run(args));
  const median = (name: string): number => times.get(name)?.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0;
  return [
    ...Object.keys(commands).map((name) => ({ what: name, measured: `${round(median(name))} ms` })),
    atMost('verify, times the bare verification', median('verify') / median('bare verification'), 2),
    atMost('list-presets, over node -e 0', median('list-presets') - median('node -e 0'), 100, ' ms'),
  ];
}
