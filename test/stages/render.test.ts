/** The stage files as a repository gets them: with its operator's builder, or with jobs of its own. */
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { builderParts } from '../../src/domain/build/builder.ts';
import {
  ownPlanFiles,
  renderBuilder,
  renderForkCheck,
  renderStageFiles,
  type StageSources,
} from '../../src/domain/stage/render-stage-files.ts';
import { STAGE_SCHEMA_VERSION, STAGE_TABLE, STAGES, type Stage } from '../../src/domain/stage/stage-table.ts';
import { BUILDER, CALLING_FILES, OWN_FILES, readStageFile, SOURCES } from './stage-files.ts';

const OTHERS = STAGES.filter((stage) => stage !== 'build');

const count = (text: string, part: string): number => text.split(part).length - 1;

const jobsIn = (text: string): string => text.slice(text.indexOf('\njobs:\n'));

/** The lines that two texts of as many lines do not share. */
function changedLines(before: string, after: string): [string | undefined, string | undefined][] {
  const [old, young] = [before.split('\n'), after.split('\n')];
  expect(young).toHaveLength(old.length);
  return old.flatMap((line, index) => (line === young[index] ? [] : [[line, young[index]]]));
}

/** The sources with one text changed. */
function changed(which: Stage | 'builder', from: string, to: string): StageSources {
  const text = which === 'builder' ? SOURCES.builder : SOURCES.stages[which];
  expect(text).toContain(from);
  const now = text.replace(from, () => to);
  return which === 'builder'
    ? { ...SOURCES, builder: now }
    : { ...SOURCES, stages: { ...SOURCES.stages, [which]: now } };
}

describe.each([
  ["for an operator's builder", CALLING_FILES],
  ['for a repository that builds for itself', OWN_FILES],
])('the files rendered %s', (_, files) => {
  it.each(STAGES)('say the version in the first line of %s', (stage) => {
    expect(files[stage].split('\n')[0]).toMatch(
      new RegExp(`^# SLSA pipeline, stage 0\\d: .* Stage files version ${STAGE_SCHEMA_VERSION}\\.$`),
    );
  });

  it.each(OTHERS)('are as shipped in %s', (stage) => {
    expect(files[stage]).toBe(SOURCES.stages[stage]);
  });

  it('name the artifact and its files in the first lines of 01', () => {
    const head = files.build.split('\nname:')[0];
    for (const name of ['slsa-build-<attempt>', 'stage.json', 'buildx-metadata.json', 'provenance.json']) {
      expect(head).toContain(name);
    }
  });
});

describe("stage 01 for an operator's builder", () => {
  it('calls that builder, once, and is otherwise as shipped', () => {
    expect(count(CALLING_FILES.build, BUILDER)).toBe(1);
    expect(changedLines(SOURCES.stages.build, CALLING_FILES.build)).toEqual([
      [expect.stringMatching(/^ {4}uses: example-org\/.*@0{40}$/), `    uses: ${BUILDER}`],
    ]);
  });

  it("has no time-out of the repository's: that is the operator's", () => {
    const { build } = renderStageFiles(SOURCES, { builder: BUILDER, timeoutMinutes: { build: 45 } });
    expect(build).toBe(CALLING_FILES.build);
  });
});

describe('stage 01 for a repository that builds for itself', () => {
  const { workflow } = readStageFile('build');

  it('calls no workflow of anybody else', () => {
    expect(Object.values(workflow.jobs).map(({ uses }) => uses)).toEqual([undefined, undefined, undefined]);
    expect(OWN_FILES.build).not.toContain('example-org');
    expect(OWN_FILES.build).not.toContain('hin caller');
  });

  it("has the builder's jobs, byte for byte, but for where its plan and its flags come from", () => {
    const [ofBuilder, own] = [jobsIn(SOURCES.builder), jobsIn(OWN_FILES.build)];
    const [, afterPlan = ''] = ofBuilder.split('\n  build:\n');
    expect(own.split('\n  build:\n')[1]).toBe(afterPlan);
    const plan = own.split('\n  build:\n')[0]?.split('\n') ?? [];
    const news = plan.filter((line) => !ofBuilder.includes(`${line}\n`));
    expect(news).toEqual(
      expect.arrayContaining([
        '        uses: ./.github/slsa-plan # zizmor: ignore[self-repository]',
        '          flags: ${{ inputs.flags }}',
        `          WANTED: ${SOURCES.plan.programSha256}`,
      ]),
    );
  });

  it("has the builder's shell, and the caller's title, concurrency and permissions", () => {
    const [builder, caller] = [readStageFile('builder').workflow, readStageFile('caller').workflow];
    expect(workflow.defaults).toEqual(builder.defaults);
    const { name, 'run-name': title, concurrency, permissions } = caller;
    expect(workflow).toMatchObject({ name, 'run-name': title, concurrency, permissions });
  });

  it("takes what the caller takes, and the command line's flags", () => {
    const inputs = readStageFile('caller').workflow.on.workflow_dispatch?.inputs;
    expect(workflow.on).toEqual({
      workflow_dispatch: { inputs: { ...inputs, flags: { required: false, type: 'string', default: '{}' } } },
    });
  });

  it("says that it is nobody's isolated builder", () => {
    expect(OWN_FILES.build.split('\nname:')[0]).toContain('Built by this repository itself');
  });
});

describe('the builder of an operator', () => {
  const rendered = renderBuilder(SOURCES, { owner: 'acme', name: 'builder', commit: 'a'.repeat(40) });

  it('runs the plan of its own repository, at the commit that has it, and is otherwise as shipped', () => {
    expect(changedLines(SOURCES.builder, rendered)).toEqual([
      [expect.stringContaining('example-org/slsa-builder/plan@'), `        uses: acme/builder/plan@${'a'.repeat(40)}`],
    ]);
  });
});

describe('the fork check', () => {
  it("runs the plan of the operator's builder, or of the base branch", () => {
    const { workflow, commit } = builderParts(BUILDER);
    const [owner, name] = workflow.split('/');
    expect(renderForkCheck(SOURCES, BUILDER)).toContain(`        uses: ${owner}/${name}/plan@${commit}\n`);
    const own = renderForkCheck(SOURCES, null);
    expect(own).toContain('        uses: ./.github/slsa-plan # zizmor');
    expect(own).toContain(`          WANTED: ${SOURCES.plan.programSha256}\n`);
    expect([...ownPlanFiles(SOURCES).keys()]).toEqual(['.github/slsa-plan/action.yml', '.github/slsa-plan/plan.mjs']);
  });
});

describe('a time-out of the settings', () => {
  const minutesIn = (text: string): unknown[] => {
    const { jobs } = parse(text) as { jobs: Record<string, Record<string, unknown>> };
    return Object.values(jobs).map((job) => job['timeout-minutes']);
  };

  it.each(OTHERS)('is written into %s, and into no other file', (stage) => {
    const rendered = renderStageFiles(SOURCES, { builder: null, timeoutMinutes: { [stage]: 45 } });
    expect(minutesIn(rendered[stage])).toEqual([45]);
    expect({ ...rendered, [stage]: OWN_FILES[stage] }).toEqual(OWN_FILES);
    expect(changedLines(OWN_FILES[stage], rendered[stage])).toHaveLength(1);
  });

  it('is that of the job that builds, where a repository builds for itself', () => {
    const { build } = renderStageFiles(SOURCES, { builder: null, timeoutMinutes: { build: 45 } });
    expect(minutesIn(OWN_FILES.build)).toEqual([5, STAGE_TABLE.build.timeoutMinutes, 10]);
    expect(minutesIn(build)).toEqual([5, 45, 10]);
  });

  it('changes nothing where it is what is shipped', () => {
    const timeoutMinutes = Object.fromEntries(STAGES.map((stage) => [stage, STAGE_TABLE[stage].timeoutMinutes]));
    expect(renderStageFiles(SOURCES, { builder: null, timeoutMinutes })).toEqual(OWN_FILES);
    expect(renderStageFiles(SOURCES, { builder: BUILDER, timeoutMinutes })).toEqual(CALLING_FILES);
  });
});

describe('a source that is not ours', () => {
  const own = (sources: StageSources): unknown => renderStageFiles(sources, { builder: null, timeoutMinutes: {} });

  it.each([
    ['no input to put the flags behind', changed('build', 'The commit that is to be built', 'A commit')],
    ['no line that calls it thin', changed('build', 'A thin caller', 'A caller')],
    ['no flags to fill in', changed('builder', 'flags: "{}"', 'flags: ""')],
    ['flags in two places', changed('builder', 'flags: "{}"', 'flags: "{}"\n          more-flags: "{}"')],
    ['no plan to put its own for', changed('builder', 'slsa-builder/plan@', 'plan@')],
    ['no jobs', changed('builder', '\njobs:\n', '\nwork:\n')],
  ])('is not rendered for a repository that builds for itself: %s', (_, sources) => {
    expect(() => own(sources)).toThrow('has not exactly one');
  });

  // Rendered all the same, it would lack a shell, call nobody's builder, or end too early.
  it.each([
    ['no note before its shell', changed('builder', '# Written down', '# Spelt out')],
    ['no jobs in the caller', changed('build', '\njobs:\n', '\njobs: # one\n')],
    ['jobs twice', changed('builder', '\n  provenance:\n', '\njobs:\n  provenance:\n')],
  ])('is not rendered for a repository that builds for itself: %s', (_, sources) => {
    expect(() => own(sources)).toThrow('has not exactly one');
  });

  it.each([
    ['another builder', changed('build', `@${'0'.repeat(40)}`, '@main')],
    [
      'a builder twice',
      changed(
        'build',
        'uses: ',
        `# example-org/slsa-builder/.github/workflows/build-image.yml@${'0'.repeat(40)}\n    uses: `,
      ),
    ],
  ])("is not rendered for an operator's builder: %s", (_, sources) => {
    expect(() => renderStageFiles(sources, { builder: BUILDER, timeoutMinutes: {} })).toThrow('has not exactly one');
  });

  it('is not rendered with a time-out that it has no place for', () => {
    const sources = changed('lint', 'timeout-minutes: 30\n', 'timeout-minutes: 31\n');
    const render = (): unknown => renderStageFiles(sources, { builder: BUILDER, timeoutMinutes: { lint: 45 } });
    expect(render).toThrow('has not exactly one "timeout-minutes: 30"');
  });
});
