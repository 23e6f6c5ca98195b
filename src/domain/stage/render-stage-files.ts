/**
 * The stage files as a repository gets them. `uses:` takes no expression, so the operator's builder is written into stage
 * 01; where there is none, the builder's own jobs are written there instead, and the repository builds for itself (L2).
 */
import type { BuilderWorkflow } from '../build/builder.ts';
import { STAGE_TABLE, STAGES, type Stage } from './stage-table.ts';

/** The texts that are shipped in `stages/`. */
export interface StageSources {
  readonly stages: Readonly<Record<Stage, string>>;
  /** `stages/builder/build-image.yml` */
  readonly builder: string;
  /** `stages/fork-check.yml` */
  readonly forkCheck: string;
}

export interface Rendering {
  /** Null where the repository builds for itself. */
  readonly builder: BuilderWorkflow | null;
  /** Settings `stages.<stage>.timeout_minutes`, where they are set. */
  readonly timeoutMinutes: Readonly<Partial<Record<Stage, number>>>;
}

/** @throws Error where a source is not one of ours: its marks are missing */
export function renderStageFiles(sources: StageSources, rendering: Rendering): Record<Stage, string> {
  const rendered = STAGES.map((stage) => [stage, renderOne(stage, sources, rendering)] as const);
  // One entry a key, as made above: `fromEntries` forgets the keys' names.
  return Object.fromEntries(rendered) as Record<Stage, string>;
}

/**
 * The check of pull requests from forks: it reads the base branch's settings by the builder's own steps, so that it builds
 * what the builder would build.
 *
 * @throws Error as above
 */
export function renderForkCheck({ builder, forkCheck }: Pick<StageSources, 'builder' | 'forkCheck'>): string {
  const [, afterCheckout] = splitOnce(builder, PLAN_STEPS);
  const [steps] = splitOnce(afterCheckout, '\n  build:\n');
  return replaceOnce(forkCheck, PLAN_MARK, `${PLAN_STEPS}${steps}`);
}

const PLAN_MARK = "      # Here `slsa-pipeline init` writes the builder's own two steps that read the settings.\n";
const PLAN_STEPS = '      - name: Fetch the one tool that reads YAML\n';

function renderOne(stage: Stage, sources: StageSources, { builder, timeoutMinutes }: Rendering): string {
  const isCaller = stage === 'build' && builder !== null;
  const text = stage === 'build' ? renderBuild(sources, builder) : sources.stages[stage];
  const minutes = timeoutMinutes[stage];
  // The isolated builder's time-outs are its operator's.
  if (minutes === undefined || isCaller) return text;
  return replaceOnce(text, `timeout-minutes: ${STAGE_TABLE[stage].timeoutMinutes}\n`, `timeout-minutes: ${minutes}\n`);
}

/** The `uses:` of the shipped stage 01: nobody's builder. */
const NOBODYS_BUILDER = `example-org/slsa-builder/.github/workflows/build-image.yml@${'0'.repeat(40)}`;

const JOBS = '\njobs:\n';

function renderBuild({ stages, builder: builderText }: StageSources, builder: BuilderWorkflow | null): string {
  if (builder !== null) return replaceOnce(stages.build, NOBODYS_BUILDER, builder);
  const [caller] = splitOnce(stages.build, JOBS);
  const [head, jobs] = splitOnce(builderText, JOBS);
  // Without these scripts would run without pipefail.
  const [, defaults] = splitOnce(head, DEFAULTS);
  const withFlags = replaceOnce(caller, COMMIT_INPUT, `${COMMIT_INPUT}${FLAGS_INPUT}`);
  const ownJobs = replaceOnce(jobs, 'FLAGS: "{}"', 'FLAGS: ${{ inputs.flags }}');
  return `${replaceOnce(withFlags, CALLER_NOTE, OWN_NOTE)}${DEFAULTS}${defaults}${JOBS}${ownJobs}`;
}

const DEFAULTS = '\n# Written down, ';

const COMMIT_INPUT = `      commit:
        description: The commit that is to be built
        required: true
        type: string
`;

/** A caller of an isolated builder has no such input: nothing but the commit shapes what that builds. */
const FLAGS_INPUT = `      flags:
        description: Image settings of the command line, as JSON
        required: false
        type: string
        default: "{}"
`;

const CALLER_NOTE =
  "# provenance.json. A thin caller of the isolated builder: `slsa-pipeline init` writes the operator's builder into it.\n";
const OWN_NOTE =
  "# provenance.json. Built by this repository itself, since the App's operator has no isolated builder: Build L2 at best.\n";

function replaceOnce(text: string, mark: string, value: string): string {
  const [before, after] = splitOnce(text, mark);
  return `${before}${value}${after}`;
}

function splitOnce(text: string, mark: string): readonly [before: string, after: string] {
  const [before, after, ...more] = text.split(mark);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new Error(`A stage file has not exactly one ${JSON.stringify(mark.trim())}`);
  }
  return [before, after];
}
