/**
 * `npm run test:mutants [file …]` measures which faults of the stage files no test detects. Each file is changed in
 * sixty small ways; a fault is caught where GitHub's parser refuses the file, where a scenario ends otherwise than told, or
 * where a rule of the stage files is broken. What is not caught is listed.
 */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Sandbox } from '../../sandbox/box.ts';
import { stageSources } from '../../sandbox/set-up.ts';
import { renderStageFiles, type StageSources } from '../../src/domain/stage/render-stage-files.ts';
import { STAGE_TABLE, STAGES, type Stage } from '../../src/domain/stage/stage-table.ts';
import { Chain } from './chain.ts';
import { chosen, mutationsOf, type Mutation } from './mutations.ts';
import { boxes, endsOf, SCENARIOS, type Scenario } from './scenarios.ts';

const COUNT = 60;
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
type Target = Stage | 'builder';

interface Ready {
  readonly title: string;
  readonly scenario: Scenario;
  readonly chain: Chain;
  readonly box: Sandbox;
}

async function ready(): Promise<{ readonly all: readonly Ready[]; readonly stop: () => Promise<unknown> }> {
  const { boxOf, stop } = await boxes();
  const all: Ready[] = [];
  for (const [title, scenario] of Object.entries(SCENARIOS)) {
    const box = boxOf(scenario);
    const chain = await Chain.start(box, { ...scenario, name: `repository-${all.length}` });
    for (const { stage, inputs } of scenario.steps) await chain.run(stage, inputs);
    all.push({ title, scenario, chain, box });
  }
  return { all, stop };
}

/** The scenario that ends otherwise, null where all end as they are told. */
async function caughtBy(target: Target, sources: StageSources, all: readonly Ready[]): Promise<string | null> {
  const stage = target === 'builder' ? 'build' : target;
  for (const { title, scenario, chain, box } of all) {
    const steps = scenario.steps.filter((step) => step.stage === stage);
    if (steps.length === 0) continue;
    try {
      const builder = scenario.isolated === true ? await box.createBuilder(sources) : null;
      const text = renderStageFiles(sources, { builder, timeoutMinutes: {} })[stage];
      const changed = await chain.at(new Map([[`.github/workflows/${STAGE_TABLE[stage].file}`, text]]));
      for (const { inputs, ends } of steps) {
        const came = endsOf(await changed.run(stage, inputs), changed);
        if (JSON.stringify(came) !== JSON.stringify(ends))
          return `${title}: ${came.find((line, at) => line !== ends[at]) ?? 'a line less'}`;
      }
    } catch (error) {
      return `refused: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`;
    }
  }
  return null;
}

/** Runs the rules in a copy of this folder, so that the checkout stays unchanged. */
async function breaksRule(copy: string, path: string, text: string): Promise<boolean> {
  const original = join(ROOT, 'stages', path);
  await writeFile(join(copy, 'stages', path), text);
  try {
    return await new Promise((resolve) => {
      const jest = [
        '--experimental-vm-modules',
        'node_modules/jest/bin/jest.js',
        '--selectProjects',
        'stages',
        '--bail',
      ];
      const files = [
        'test/stages/stage-rules.test.ts',
        'test/stages/stage-scripts.test.ts',
        'test/stages/render.test.ts',
      ];
      execFile(process.execPath, [...jest, ...files], { cwd: copy }, (error) => resolve(error !== null));
    });
  } finally {
    await cp(original, join(copy, 'stages', path));
  }
}

async function copyOfRoot(): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'slsa-mutants-'));
  for (const name of ['src', 'sandbox', 'stages', 'test', 'release', 'activities', 'workflows'])
    await cp(join(ROOT, name), join(copy, name), { recursive: true });
  for (const name of ['package.json', 'jest.config.js', 'tsconfig.json']) await cp(join(ROOT, name), join(copy, name));
  await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

const pathOf = (target: Target): string =>
  target === 'builder' ? 'builder/build-image.yml' : STAGE_TABLE[target].file;

const withText = (sources: StageSources, target: Target, text: string): StageSources =>
  target === 'builder' ? { ...sources, builder: text } : { ...sources, stages: { ...sources.stages, [target]: text } };

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(wanted: readonly string[]): Promise<void> {
  const targets = ([...STAGES, 'builder'] as const).filter((each) => wanted.length === 0 || wanted.includes(each));
  const sources = await stageSources();
  const copy = await copyOfRoot();
  let missed = 0;
  let total = 0;
  for (const target of targets) {
    const text = target === 'builder' ? sources.builder : sources.stages[target];
    // Anew for each file: what a fault of one has signed would be found by the next.
    const { all, stop } = await ready();
    const control = await caughtBy(target, sources, all);
    if (control !== null) throw new Error(`${pathOf(target)} as it is does not end as it is told: ${control}`);
    const mutations = chosen(mutationsOf(text), COUNT);
    const left: Mutation[] = [];
    let byRule = 0;
    for (const mutation of mutations) {
      if ((await caughtBy(target, withText(sources, target, mutation.text), all)) !== null) continue;
      if (await breaksRule(copy, pathOf(target), mutation.text)) byRule += 1;
      else left.push(mutation);
    }
    const runs = mutations.length - byRule - left.length;
    say(
      `${pathOf(target)}: ${mutations.length} faults, ${runs} caught by runs, ${byRule} by rules, ${left.length} missed`,
    );
    const lines = text.split('\n');
    for (const { line, what } of left) say(`  ${line}: ${what}: ${(lines[line - 1] ?? '').trim()}`);
    await stop();
    missed += left.length;
    total += mutations.length;
  }
  await rm(copy, { recursive: true });
  say(`${total - missed} of ${total} caught (${((100 * (total - missed)) / total).toFixed(1)} %)`);
}

await main(process.argv.slice(2));
