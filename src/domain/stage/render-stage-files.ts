/**
 * The stage files as a repository gets them. `uses:` takes no expression, so the operator's builder is written into stage
 * 01; where there is none, the builder's own jobs are written there instead, and the repository builds for itself (L2).
 */
import { builderParts, type BuilderWorkflow } from '../build/builder.ts';
import { STAGE_TABLE, STAGES, type Stage } from './stage-table.ts';

/** The texts that are shipped in `stages/`. */
export interface StageSources {
  readonly stages: Readonly<Record<Stage, string>>;
  /** `stages/builder/build-image.yml` */
  readonly builder: string;
  /** `stages/fork-check.yml` */
  readonly forkCheck: string;
  /** `stages/builder/plan/`: the action that reads what is to be built. */
  readonly plan: PlanAction;
}

export interface PlanAction {
  /** `action.yml` */
  readonly action: string;
  /** `plan.mjs` */
  readonly program: string;
  /** SHA-256 of the program, in hex. */
  readonly programSha256: string;
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
 * The check of pull requests from forks: it reads the base branch's settings by the builder's own step, so that it builds what
 * the builder would build.
 *
 * @throws Error as above
 */
export function renderForkCheck(
  { builder: builderText, forkCheck, plan }: Pick<StageSources, 'builder' | 'forkCheck' | 'plan'>,
  builder: BuilderWorkflow | null,
): string {
  const [, afterMark] = splitOnce(builderText, PLAN_NOTE);
  const [step] = splitOnce(afterMark, '\n  build:\n');
  const text = replaceOnce(forkCheck, PLAN_MARK, `${PLAN_NOTE}${step}`);
  if (builder === null) return withOwnPlan(text, plan);
  return replaceOnce(text, NOBODYS_PLAN, planOf(builder));
}

const PLAN_MARK = "      # Here `slsa-pipeline init` writes the builder's own step that reads the settings.\n";
const PLAN_NOTE =
  "      # The App's own plan, bundled (`npm run build:plan`), of the builder's repository at a commit of it.\n";

/** The plan action's folder in a repository without an isolated builder. */
export const OWN_PLAN = '.github/slsa-plan';

/** What a repository needs beside its workflows where it has no isolated builder: by path. */
export const ownPlanFiles = ({ plan }: Pick<StageSources, 'plan'>): ReadonlyMap<string, string> =>
  new Map([
    [`${OWN_PLAN}/action.yml`, plan.action],
    [`${OWN_PLAN}/plan.mjs`, plan.program],
  ]);

/** The placeholder `uses:` of the shipped builder. */
const NOBODYS_PLAN = `example-org/slsa-builder/plan@${'0'.repeat(40)}`;

/** The plan action of a builder: its repository's, at the same commit. */
function planOf(builder: BuilderWorkflow): string {
  const { workflow, commit } = builderParts(builder);
  return `${workflow.split('/').slice(0, 2).join('/')}/plan@${commit}`;
}

/** The action of the checkout itself; its program is the one that was rendered, or the job ends. */
function withOwnPlan(text: string, { programSha256 }: PlanAction): string {
  const fetched = replaceOnce(text, ONLY_SETTINGS, SETTINGS_AND_PLAN);
  const noted = replaceOnce(fetched, PLAN_NOTE, ownCheck(programSha256));
  return replaceOnce(noted, NOBODYS_PLAN, `./${OWN_PLAN} # zizmor: ignore[self-repository]`);
}

const ONLY_SETTINGS = '          sparse-checkout: .github/slsa-pipeline.yml\n';
const SETTINGS_AND_PLAN = `          sparse-checkout: |
            .github/slsa-pipeline.yml
            ${OWN_PLAN}
`;

const ownCheck = (sha256: string): string => `      - name: Refuse another plan program
        env:
          WANTED: ${sha256}
        run: |
          found=$(sha256sum ${OWN_PLAN}/plan.mjs | cut -d' ' -f1)
          if [ "$found" != "$WANTED" ]; then
            echo "::error file=${OWN_PLAN}/plan.mjs::This is not the plan program that this file was rendered with: run slsa-pipeline init once more."
            exit 1
          fi

      # The App's own plan, bundled (\`npm run build:plan\`): of the checkout, and not of the commit that this file is at, which may
      # be a fork's.
`;

/**
 * The builder's own file, for its repository, which carries the plan action as well: at that commit.
 *
 * @throws Error where the source is not ours
 */
export const renderBuilder = ({ builder }: Pick<StageSources, 'builder'>, plan: PlanReference): string =>
  replaceOnce(builder, NOBODYS_PLAN, `${plan.owner}/${plan.name}/plan@${plan.commit}`);

export interface PlanReference {
  readonly owner: string;
  readonly name: string;
  readonly commit: string;
}

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

function renderBuild({ stages, builder: builderText, plan }: StageSources, builder: BuilderWorkflow | null): string {
  if (builder !== null) return replaceOnce(stages.build, NOBODYS_BUILDER, builder);
  const [caller] = splitOnce(stages.build, JOBS);
  const [head, jobs] = splitOnce(builderText, JOBS);
  // Without these scripts would run without pipefail.
  const [, defaults] = splitOnce(head, DEFAULTS);
  const withFlags = replaceOnce(caller, COMMIT_INPUT, `${COMMIT_INPUT}${FLAGS_INPUT}`);
  const ownJobs = withOwnPlan(replaceOnce(jobs, 'flags: "{}"', 'flags: ${{ inputs.flags }}'), plan);
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
