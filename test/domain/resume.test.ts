/** What a re-run keeps: what holds, and nothing that was made from what is done again. */
import { expect, it } from '@jest/globals';
import { parseCommands } from '../../src/domain/command/command-grammar.ts';
import type { Plan } from '../../src/domain/run/plan.ts';
import type { PreviousRun } from '../../src/domain/run/previous-run.ts';
import { keptOutcomes } from '../../src/domain/run/resume.ts';
import { PRESETS } from '../../src/domain/settings/presets.ts';
import { STAGES, STAGE_TABLE, type Stage } from '../../src/domain/stage/stage-table.ts';

const image = {
  name: 'r/i',
  tag: 't',
  dockerfile: 'Dockerfile',
  context: '.',
  target: '',
  platforms: [],
  buildArgs: {},
};
const plan = {
  stages: PRESETS.standard.stages,
  gates: { failOnLintErrors: true, failOnVulnerabilities: true, threshold: 'high', maxFindings: 0 },
  image,
  signing: 'public_log',
  builder: null,
  stageFiles: Object.fromEntries(STAGES.map((stage) => [stage, { file: STAGE_TABLE[stage].file, timeoutMinutes: 1 }])),
} as unknown as Plan;
const counts = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 };
const results = {
  lint: { errors: 0 },
  build: { kind: 'built' },
  sbom: {},
  scan: { counts, worst: [] },
  sign: {},
  attest: {},
  verify: { kind: 'verified' },
};
const previous = {
  sha: 'a'.repeat(40),
  plan,
  outcomes: Object.fromEntries(STAGES.map((stage) => [stage, { kind: 'finished', run: {}, result: results[stage] }])),
} as unknown as PreviousRun;
const keptFrom = (from: Stage | null): string[] =>
  Object.keys(keptOutcomes(previous, { sha: previous.sha, plan, from }));

it.each<[Stage | null, readonly string[]]>([
  [null, STAGES],
  ['lint', ['build', 'sbom', 'scan', 'sign', 'attest', 'verify']],
  ['build', ['lint']],
  ['sbom', ['lint', 'build', 'sign']],
  ['scan', ['lint', 'build', 'sbom', 'sign']],
  ['sign', ['lint', 'build', 'sbom', 'scan', 'attest']],
  ['attest', ['lint', 'build', 'sbom', 'scan', 'sign']],
  ['verify', ['lint', 'build', 'sbom', 'scan', 'sign', 'attest']],
])('a re-run from %s keeps %j', (from, kept) => {
  expect(keptFrom(from)).toEqual(kept);
});

it('of another commit keeps nothing', () => {
  expect(keptOutcomes(previous, { sha: 'b'.repeat(40), plan, from: 'scan' })).toEqual({});
});

it.each(STAGES)('`/slsa rerun %s` is understood', (stage) => {
  expect(parseCommands(`/slsa rerun ${stage}`)).toEqual([{ kind: 'rerun', mode: stage }]);
});
