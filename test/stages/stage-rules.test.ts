/**
 * The rules that the stage files and the isolated builder keep, read off the YAML. Each rule is broken here on purpose as
 * well, by a mutated copy of a file: a rule that cannot fail says nothing.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { BuilderWorkflow } from '../../src/domain/build/builder.ts';
import { FIXES_FILE } from '../../src/domain/repair/fixes.ts';
import { FILES_OF_STAGE } from '../../src/domain/stage/stage-artifact.ts';
import { STAGE_REPORT_FILE } from '../../src/domain/stage/stage-report.ts';
import { STAGE_SCHEMA_VERSION, STAGE_TABLE, STAGES, type Stage } from '../../src/domain/stage/stage-table.ts';
import {
  FILES,
  parseStageFile,
  readStageFile,
  shellOf,
  SOURCES,
  STAGES_FOLDER,
  stepTitle,
  TEXTS,
  type FileName,
  type Job,
  type StageFile,
  type Step,
} from './stage-files.ts';

/** What the product sends to each stage (workflows/states/*.ts), beside key, nonce, group and commit. */
const INPUTS_SENT: Readonly<Record<FileName, readonly string[]>> = {
  lint: ['fix'],
  // Only where a repository builds for itself: nothing but the commit shapes what an isolated builder builds.
  build: ['flags'],
  caller: [],
  builder: [],
  sbom: ['image', 'digest'],
  scan: ['digest', 'sbom_run_id', 'sbom_artifact', 'sbom_sha256'],
  sign: ['image', 'digest', 'signing'],
  attest: ['image', 'digest', 'signing', 'sbom_run_id', 'sbom_artifact', 'sbom_sha256'],
  verify: ['image', 'digest', 'signing', 'sign_file', 'attest_file'],
};

type Permissions = Readonly<Record<string, string>>;

const BUILDER_PERMISSIONS: Readonly<Record<string, Permissions>> = {
  plan: { contents: 'read' },
  build: { contents: 'read', packages: 'write' },
  provenance: { actions: 'read', attestations: 'write', 'id-token': 'write', packages: 'write' },
};

/** The least that each job can do its work with; a wider token is a change of this table, which a person reads. */
const PERMISSIONS: Readonly<Record<FileName, Readonly<Record<string, Permissions>>>> = {
  lint: { lint: { contents: 'read' } },
  build: BUILDER_PERMISSIONS,
  builder: BUILDER_PERMISSIONS,
  // Frozen: a caller that grants less than the builder asks for fails at its start, and says nothing.
  caller: {
    builder: { actions: 'read', attestations: 'write', contents: 'read', 'id-token': 'write', packages: 'write' },
  },
  sbom: { sbom: { packages: 'read' } },
  scan: { scan: { actions: 'read' } },
  sign: { sign: { attestations: 'write', 'id-token': 'write', packages: 'write' } },
  attest: { attest: { actions: 'read', attestations: 'write', 'id-token': 'write', packages: 'write' } },
  verify: { verify: { attestations: 'read', packages: 'read' } },
};

/** The two steps whose failure is a result: it is written into stage.json, then the job fails. */
const MAY_FAIL: Readonly<Partial<Record<Stage, string>>> = { lint: 'MegaLinter', build: 'Build and push' };

/** Of the builder's jobs. Together they are less than the product waits for a build. */
const MINUTES: Readonly<Record<string, number>> = { plan: 5, build: STAGE_TABLE.build.timeoutMinutes, provenance: 10 };

const NEEDS: Readonly<Record<string, readonly string[]>> = { plan: [], build: ['plan'], provenance: ['plan', 'build'] };

/** All that an expression in the builder's jobs may name. None of it is the caller's to choose, but for the commit. */
const MAY_BE_READ: readonly RegExp[] = [
  /^(steps|needs)(\.[\w-]+)+$/,
  /^github\.(actor|token|repository|ref|run_attempt)$/,
  /^github\.event\.repository\.(default_branch|visibility)$/,
  /^(vars\.SLSA_REGISTRY_USERNAME|secrets\.SLSA_REGISTRY_PASSWORD)$/,
  /^cancelled$/,
];

/** Where inputs are read: they are compared, or copied into the report. */
const INPUTS_READ: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'Refuse any other commit': { WANTED: '${{ inputs.commit }}' },
  'Write the result': { COMMIT: '${{ inputs.commit }}' },
  'Write stage.json': { COMMIT: '${{ inputs.commit }}' },
};

/** Where the repository builds for itself, the command line has a say, and so it is Build L2 at best. */
const OWN_INPUTS_READ: typeof INPUTS_READ = { ...INPUTS_READ, Plan: { flags: '${{ inputs.flags }}' } };

/** The action that reads the settings: of the builder's repository, or of the checkout, whose program was compared before. */
const PLANS: Readonly<Partial<Record<FileName, string>>> = {
  builder: `example-org/slsa-builder/plan@${'0'.repeat(40)}`,
  build: './.github/slsa-plan',
};

/** What the job that signs asks GitHub: where the jobs before it ran. */
const ASKS_FOR_MACHINES =
  'gh api "repos/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID/attempts/$GITHUB_RUN_ATTEMPT/jobs?per_page=100" > jobs.json';

/** Those that work on what they are given, and know nothing of a repository's files. */
const BESIDE_THE_SIGNING_TOKEN: readonly string[] = [
  'docker/login-action',
  'actions/attest',
  'sigstore/cosign-installer',
  'actions/upload-artifact',
];

interface Rule {
  readonly name: string;
  /** The files that keep it. */
  readonly of: readonly FileName[];
  /** What is wrong with the file, one sentence each. */
  readonly violations: (file: StageFile) => readonly string[];
}

const DISPATCHED: readonly FileName[] = [...STAGES, 'caller'];
/** Those with steps of their own. */
const WORKING: readonly FileName[] = [...STAGES, 'builder'];
/** The input by which an action is told the version of its tool. */
const BRINGS = {
  'anchore/sbom-action': 'syft-version',
  'anchore/scan-action': 'grype-version',
  'sigstore/cosign-installer': 'cosign-release',
  'docker/setup-buildx-action': 'driver-opts',
} as const;
const BRINGING: readonly FileName[] = ['sbom', 'scan', 'sign', 'attest', 'verify', 'build', 'builder'];
const BUILDING: readonly FileName[] = ['build', 'builder'];
const ONE_JOB: readonly FileName[] = STAGES.filter((stage) => stage !== 'build');

const wants = (what: string, found: unknown, wanted: unknown): string[] =>
  JSON.stringify(found) === JSON.stringify(wanted)
    ? []
    : [`${what} is ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`];

const sorted = (record: unknown): unknown =>
  typeof record === 'object' && record !== null ? Object.fromEntries(Object.entries(record).toSorted()) : record;

const jobsOf = (file: StageFile): readonly Job[] => Object.values(file.workflow.jobs);

const namedJobsOf = (file: StageFile): readonly [string, Job][] => Object.entries(file.workflow.jobs);

/** Of a job that is not there, nothing: that it is there has a rule of its own. */
const stepsOf = (file: StageFile, job: string): readonly Step[] => file.workflow.jobs[job]?.steps ?? [];

/** The keys of each job as they are written, also those that no test knows. */
function keysOfJobs(file: StageFile): Record<string, string[]> {
  const { jobs } = parse(file.text) as { jobs: Record<string, object> };
  return Object.fromEntries(Object.entries(jobs).map(([name, job]) => [name, Object.keys(job).toSorted()]));
}

const uses = (step: Step, action: string): boolean => step.uses?.startsWith(`${action}@`) ?? false;

const runsShell = (step: Step): boolean => step.run !== undefined;

const isTrue = (value: unknown): boolean => value !== undefined && value !== false;

const stepCode = (step: Step): string => `${step.uses ?? ''}\n${step.run ?? ''}`;

const count = (text: string, part: string | RegExp): number => text.split(part).length - 1;

const expressionsIn = (text: string): string[] =>
  [...text.matchAll(/\$\{\{(.*?)\}\}/gs)].map(([, inner]) => inner ?? '');

/** What an expression names: contexts with their properties, and functions. */
const namesIn = (expression: string): string[] =>
  expression.replaceAll(/'[^']*'/g, '').match(/[A-Za-z_][\w.\-*[\]]*/g) ?? [];

const SECRET = /\bsecrets(?:\.\w|\[)|toJSON\(secrets/;

const uploadsOf = (file: StageFile, job: string): readonly Step[] =>
  stepsOf(file, job).filter((step) => uses(step, 'actions/upload-artifact'));

const uploadIs = (step: Step, stage: Stage, files: readonly string[]): string[] => [
  ...wants('name', step.with['name'], `slsa-${stage}-\${{ github.run_attempt }}`),
  ...wants('path', step.with['path']?.trim().split('\n'), files),
  ...wants('if-no-files-found', step.with['if-no-files-found'], 'error'),
];

const LEAVES_REPORT = "${{ !cancelled() && steps.report.outcome == 'success' }}";

/** Returns a value from the step's environment or from the action's inputs. */
const givenTo = (steps: readonly Step[], title: string, name: string): string | undefined => {
  const step = steps.find((each) => each.name === title);
  return step?.env[name] ?? step?.with[name];
};

const RULES: readonly Rule[] = [
  {
    name: 'is titled by its key and nonce, so that the intake can tell which pipeline it belongs to',
    of: DISPATCHED,
    violations: ({ workflow }) => wants('run-name', workflow['run-name'], 'slsa ${{ inputs.key }} ${{ inputs.nonce }}'),
  },
  {
    name: 'starts by dispatch only',
    of: DISPATCHED,
    violations: ({ workflow }) => wants('on', Object.keys(workflow.on), ['workflow_dispatch']),
  },
  {
    name: 'requires key, nonce and commit',
    of: DISPATCHED,
    violations: ({ workflow }) =>
      ['key', 'nonce', 'commit'].flatMap((name) =>
        wants(`input ${name}`, workflow.on.workflow_dispatch?.inputs[name]?.required, true),
      ),
  },
  {
    name: 'declares the inputs that the product sends, no other, and requires all that have no default',
    of: DISPATCHED,
    violations: ({ name: file, workflow }) => {
      const inputs = workflow.on.workflow_dispatch?.inputs ?? {};
      const sent = ['key', 'nonce', 'group', 'commit', ...INPUTS_SENT[file]];
      return [
        ...wants('the set of inputs', Object.keys(inputs).toSorted(), sent.toSorted()),
        ...Object.entries(inputs).flatMap(([name, { required, type, default: otherwise }]) => [
          ...wants(`required of ${name}`, required, otherwise === undefined),
          ...wants(`type of ${name}`, type, 'string'),
        ]),
      ];
    },
  },
  {
    name: 'lets the newest dispatch of its stage cancel an older one, and nobody else',
    of: DISPATCHED,
    violations: ({ workflow }) =>
      wants('concurrency', workflow.concurrency, { group: '${{ inputs.group }}', 'cancel-in-progress': true }),
  },
  {
    name: 'takes every permission away from the workflow, and gives each job the least',
    of: FILES,
    violations: (file) => [
      ...wants('permissions of the workflow', file.workflow.permissions, {}),
      ...namedJobsOf(file).flatMap(([name, { permissions }]) =>
        wants(`permissions of ${name}`, sorted(permissions), PERMISSIONS[file.name][name]),
      ),
    ],
  },
  {
    name: 'has one job, which ends by itself before the product gives up on it, on a fixed runner image',
    of: ONE_JOB,
    violations: (file) => [
      ...wants('the number of jobs', jobsOf(file).length, 1),
      ...jobsOf(file).flatMap((job) => [
        ...wants('timeout-minutes', job['timeout-minutes'], STAGE_TABLE[file.stage].timeoutMinutes),
        ...(/^ubuntu-\d\d\.\d\d$/.test(String(job['runs-on'])) ? [] : [`runs-on is ${String(job['runs-on'])}`]),
      ]),
    ],
  },
  {
    name: 'pins every action by a full commit SHA and says its version',
    of: WORKING,
    violations: ({ name, text, steps }) => {
      const plan = PLANS[name];
      const lines = text
        .split('\n')
        .filter((line) => /^\s*(- )?uses:/.test(line) && (plan === undefined || !line.includes(` ${plan}`)));
      const pinned = /^\s*(- )?uses: [\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/;
      return [
        ...lines.filter((line) => !pinned.test(line)).map((line) => `not pinned: ${line.trim()}`),
        ...wants(
          'the number of uses',
          lines.length,
          steps.filter((step) => step.uses !== undefined && step.uses !== plan).length,
        ),
      ];
    },
  },
  {
    name: 'puts no expression into a script: inputs reach it through its environment only',
    of: WORKING,
    violations: ({ steps }) =>
      steps
        .filter((step) => [step.run, step.with['script']].some((script) => script?.includes('${{')))
        .map((step) => `"${stepTitle(step)}" has an expression in its script`),
  },
  {
    name: 'runs its scripts by `shell: bash`, since without it a failure inside a pipe counts for nothing',
    of: WORKING,
    violations: ({ workflow }) =>
      Object.values(workflow.jobs).flatMap((job) =>
        job.steps
          .filter((step) => runsShell(step) && !shellOf(workflow, job, step).includes('pipefail'))
          .map((step) => `"${stepTitle(step)}" runs without pipefail`),
      ),
  },
  {
    name: 'swallows no failure',
    of: WORKING,
    violations: (file) => [
      ...file.steps
        .filter((step) => /\|\|\s*(true|:|echo|exit 0)|set \+e|2>\s*\/dev\/null/.test(step.run ?? ''))
        .map((step) => `"${stepTitle(step)}" swallows a failure`),
      ...file.steps
        .filter((step) => isTrue(step['continue-on-error']) && step.name !== MAY_FAIL[file.stage])
        .map((step) => `"${stepTitle(step)}" may fail`),
      ...jobsOf(file)
        .filter((job) => isTrue(job['continue-on-error']))
        .map(() => 'the job may fail'),
    ],
  },
  {
    name: 'fails in the end where the one step failed that may',
    of: WORKING,
    violations: (file) => {
      const { stage, steps } = file;
      if (MAY_FAIL[stage] === undefined) return [];
      const tolerated = steps.find((step) => step.name === MAY_FAIL[stage]);
      const last = jobsOf(file)
        .find((job) => tolerated !== undefined && job.steps.includes(tolerated))
        ?.steps.at(-1);
      const outcome = `\${{ steps.${tolerated?.id ?? '?'}.outcome }}`;
      const says = last?.env['OUTCOME'] === outcome && last.if === undefined && last.run?.includes('exit 1');
      return says === true ? [] : [`the last step does not fail by ${outcome}`];
    },
  },
  {
    name: 'gives no token that can sign to a job that runs what is in the repository',
    of: WORKING,
    violations: (file) =>
      jobsOf(file)
        .filter(({ permissions }) => /id-token|write-all/.test(JSON.stringify(permissions ?? 'write-all')))
        .flatMap(({ steps }) => steps)
        .filter(
          (step) => uses(step, 'actions/checkout') || /build-push-action|docker (buildx|build)/.test(stepCode(step)),
        )
        .map((step) => `"${stepTitle(step)}" runs beside id-token: write`),
  },
  {
    name: 'checks out without leaving the token in the workspace',
    of: WORKING,
    violations: ({ steps }) =>
      steps
        .filter((step) => uses(step, 'actions/checkout'))
        .flatMap((step) => wants('persist-credentials', step.with['persist-credentials'], 'false')),
  },
  {
    name: 'checks out only where its first step has refused any other commit',
    of: WORKING,
    violations: ({ stage, steps }) => {
      const checksOut = steps.some((step) => uses(step, 'actions/checkout'));
      const [first] = steps;
      const refuses = first?.env['WANTED'] === '${{ inputs.commit }}' && first.run?.includes('$GITHUB_SHA');
      return [
        ...wants('checks out', checksOut, STAGE_TABLE[stage].bindsCommit),
        ...(checksOut && refuses !== true ? ['its first step refuses no other commit'] : []),
        ...steps
          .filter((step) => uses(step, 'actions/checkout'))
          .flatMap((step) => Object.keys(step.with))
          .filter((input) => ['ref', 'repository', 'submodules'].includes(input))
          .map((input) => `it names a ${input} to check out`),
      ];
    },
  },
  {
    name: 'leaves one artifact, named by stage and attempt, with what the product reads and nothing else',
    of: ONE_JOB,
    violations: ({ stage, steps }) => {
      const uploads = steps.filter((step) => uses(step, 'actions/upload-artifact'));
      return [
        ...wants('the number of uploads', uploads.length, 1),
        ...uploads.flatMap((step) => [
          // What fixers changed is read by a repair alone.
          ...uploadIs(step, stage, stage === 'lint' ? [...FILES_OF_STAGE.lint, FIXES_FILE] : FILES_OF_STAGE[stage]),
          // A step that is not asked to run after a failure leaves nothing behind one. Of lint the report decides: what was kept
          // beside it only illustrates.
          ...wants('if', step.if, stage === 'lint' ? LEAVES_REPORT : undefined),
        ]),
      ];
    },
  },
  {
    name: 'keeps what it uploads for a month, and fails where nothing is there',
    of: WORKING,
    violations: ({ steps }) =>
      steps
        .filter((step) => uses(step, 'actions/upload-artifact'))
        .flatMap((step) => [
          ...wants('retention-days', step.with['retention-days'], '30'),
          ...wants('if-no-files-found', step.with['if-no-files-found'], 'error'),
        ]),
  },
  {
    name: 'brings every tool in a version that it names, which else is of the day',
    of: BRINGING,
    violations: ({ steps }) =>
      steps.flatMap((step) => {
        const input = Object.entries(BRINGS).find(([action]) => uses(step, action))?.[1];
        return input === undefined || /v\d+\.\d+\.\d+$/.test(step.with[input] ?? '')
          ? []
          : [`"${stepTitle(step)}" names no version by ${input}`];
      }),
  },
  {
    name: 'writes a stage.json of its own name and of the version that the product reads',
    of: WORKING,
    violations: ({ stage, steps }) => {
      const scripts = steps.flatMap(({ run }) => (run?.includes(`> ${STAGE_REPORT_FILE}`) === true ? [run] : []));
      const wanted = `schemaVersion: ${STAGE_SCHEMA_VERSION}, stage: "${stage}", commit: $commit,`;
      return [
        ...(scripts.length > 0 && scripts.every((script) => script.includes(wanted))
          ? []
          : [`stage.json does not say ${wanted}`]),
      ];
    },
  },
  {
    name: "hands the repository's secrets to nobody but the registry's login",
    of: WORKING,
    violations: ({ text, steps }) => {
      const inLogins = steps.filter((step) => uses(step, 'docker/login-action')).map((step) => JSON.stringify(step));
      const outside = count(text, SECRET) - count(inLogins.join('\n'), SECRET);
      return wants('secrets outside of the login', outside, 0);
    },
  },
  {
    name: 'runs nothing after it was cancelled',
    of: WORKING,
    violations: ({ steps }) =>
      steps
        .filter((step) => /always\(\)|(?<!!)cancelled\(\)/.test(step.if ?? ''))
        .map((step) => `"${stepTitle(step)}" runs after a cancel`),
  },
  {
    name: "keeps buildx's provenance out of a variable that an environment is too small for",
    of: WORKING,
    violations: ({ steps }) =>
      steps
        .filter((step) => uses(step, 'docker/build-push-action'))
        .flatMap((step) => wants('BUILDX_METADATA_PROVENANCE', step.env['BUILDX_METADATA_PROVENANCE'], 'disabled')),
  },
  {
    name: 'names the version of the stage files in its first line',
    of: FILES,
    violations: ({ text }) =>
      text.split('\n')[0]?.endsWith(` Stage files version ${STAGE_SCHEMA_VERSION}.`) === true
        ? []
        : ['its first line names another version'],
  },

  // What makes a builder one whose word counts (docs/slsa.md).
  {
    name: 'builds in three jobs, plan, build and provenance, each after those whose word it takes',
    of: BUILDING,
    violations: (file) => [
      ...wants('the jobs', Object.keys(file.workflow.jobs), Object.keys(NEEDS)),
      ...namedJobsOf(file).flatMap(([name, { needs }]) => wants(`needs of ${name}`, needs, NEEDS[name])),
    ],
  },
  {
    name: 'gives jobs that see what people wrote neither id-token nor attestations',
    of: BUILDING,
    violations: (file) =>
      ['plan', 'build'].flatMap((name) => {
        const permissions = JSON.stringify(file.workflow.jobs[name]?.permissions ?? 'write-all');
        return /id-token|attestations|write-all/.test(permissions) ? [`${name} has ${permissions}`] : [];
      }),
  },
  {
    name: "runs nothing of the user's beside the token that signs",
    of: BUILDING,
    violations: (file) =>
      stepsOf(file, 'provenance').flatMap((step) => [
        ...(step.uses === undefined || BESIDE_THE_SIGNING_TOKEN.includes(step.uses.split('@')[0] ?? '')
          ? []
          : [`it uses ${step.uses}`]),
        ...(/(^|[\s;&|(`])(?:(?:docker|git|gh|wget|npm|npx|pip|python3?|node|make|source|eval)\b|\.{0,2}\/)/m.test(
          (step.run ?? '').replace(ASKS_FOR_MACHINES, ''),
        )
          ? [`"${stepTitle(step)}" runs more than it was given`]
          : []),
        // The one address that it asks is that of the platform's own claims.
        ...wants(
          `calls of "${stepTitle(step)}"`,
          count(step.run ?? '', /\bcurl /),
          count(step.run ?? '', '"$ACTIONS_ID_TOKEN_REQUEST_URL&audience='),
        ),
        ...wants('working-directory', step['working-directory'], undefined),
      ]),
  },
  {
    name: 'reads and writes no shared cache',
    of: BUILDING,
    violations: ({ text, steps }) => [
      ...steps
        .filter((step) => uses(step, 'docker/build-push-action'))
        .flatMap((step) => [
          ...wants('no-cache', step.with['no-cache'], 'true'),
          ...wants('cache-from and cache-to', [step.with['cache-from'], step.with['cache-to']], [undefined, undefined]),
        ]),
      ...steps
        .filter((step) => uses(step, 'docker/setup-buildx-action'))
        .flatMap((step) => wants('cache-binary', step.with['cache-binary'], 'false')),
      ...(/uses: actions\/cache|(?<!-)\bcache: /.test(text) ? ['it uses a cache of Actions'] : []),
    ],
  },
  {
    name: "leaves no provenance of buildx's own, which is unsigned, beside its own",
    of: BUILDING,
    violations: ({ steps }) =>
      steps
        .filter((step) => uses(step, 'docker/build-push-action'))
        .flatMap((step) => wants('provenance', step.with['provenance'], 'false')),
  },
  {
    name: 'lets no input shape what is built: the commit is compared and copied, no more',
    of: BUILDING,
    violations: ({ name, text, steps }) => {
      const allowed = name === 'build' ? OWN_INPUTS_READ : INPUTS_READ;
      const [, jobs = ''] = text.split('\njobs:\n');
      const places = Object.entries(allowed);
      return [
        ...wants('the number of inputs read', count(jobs, /\binputs\b/), places.length),
        ...places.flatMap(([title, env]) =>
          Object.entries(env).flatMap(([variable, value]) =>
            wants(`${variable} of "${title}"`, givenTo(steps, title, variable), value),
          ),
        ),
        ...steps
          .filter((step) => step.env['COMMIT'] !== undefined)
          .flatMap(({ run = '' }) =>
            wants('uses of COMMIT', count(run, 'COMMIT'), count(run, '--arg commit "$COMMIT"')),
          ),
      ];
    },
  },
  {
    name: 'reads nothing else that a caller could choose: no variable, no environment, nothing more of the event',
    of: BUILDING,
    violations: ({ workflow, text }) => [
      ...wants('env of the workflow', workflow.env, {}),
      ...Object.values(workflow.jobs).flatMap(({ env }) => wants('env of a job', env, {})),
      ...expressionsIn(text.split('\njobs:\n')[1] ?? '')
        .flatMap(namesIn)
        .filter((name) => !/^inputs\.(commit|flags)$/.test(name) && !MAY_BE_READ.some((allowed) => allowed.test(name)))
        .map((name) => `it reads ${name}`),
    ],
  },
  {
    name: 'gives each job a fixed runner image of GitHub, an end, and nothing besides',
    of: BUILDING,
    violations: (file) => [
      ...namedJobsOf(file).flatMap(([name, job]) => [
        ...wants(`runs-on of ${name}`, job['runs-on'], 'ubuntu-24.04'),
        ...wants(`timeout-minutes of ${name}`, job['timeout-minutes'], MINUTES[name]),
      ]),
      // No container, no services, no environment, no matrix, no condition.
      ...Object.entries(keysOfJobs(file)).flatMap(([name, keys]) =>
        keys
          .filter((key) => !'name needs runs-on timeout-minutes permissions outputs steps'.split(' ').includes(key))
          .map((key) => `${name} has ${key}`),
      ),
    ],
  },
  {
    name: 'leaves a report of a failed build, else the report with its provenance, under one name',
    of: BUILDING,
    violations: (file) => {
      const [ofPlan, ofBuild, ofProvenance] = ['plan', 'build', 'provenance'].map((job) => uploadsOf(file, job));
      const [report, metadata] = FILES_OF_STAGE.build;
      return [
        ...wants('the number of uploads', [ofPlan?.length, ofBuild?.length, ofProvenance?.length], [0, 1, 1]),
        ...(ofBuild ?? []).flatMap((step) => [
          ...uploadIs(step, 'build', [report!, metadata!]),
          ...wants('if', step.if, "${{ !cancelled() && steps.result.outputs.failed == 'true' }}"),
        ]),
        ...(ofProvenance ?? []).flatMap((step) => [
          ...uploadIs(step, 'build', FILES_OF_STAGE.build),
          ...wants('if', step.if, undefined),
        ]),
      ];
    },
  },
  {
    name: 'attests the digest that was pushed, by no way but the one of its plan',
    of: BUILDING,
    violations: (file) => {
      const steps = stepsOf(file, 'provenance');
      const byAction = steps.filter((step) => uses(step, 'actions/attest'));
      const byLog = steps.filter((step) => step.run?.includes('cosign attest') === true);
      const isPublic = (operator: string): string =>
        `needs.plan.outputs.signing == 'public_log' && github.event.repository.visibility ${operator} 'public'`;
      return [
        ...wants('the number of ways to attest', [byAction.length, byLog.length], [1, 1]),
        ...byAction.flatMap((step) => [
          ...wants('if', step.if, `\${{ needs.plan.outputs.signing == 'github' || (${isPublic('==')}) }}`),
          ...wants('with', step.with, {
            'subject-name': '${{ needs.plan.outputs.image }}',
            'subject-digest': '${{ needs.build.outputs.digest }}',
            'push-to-registry': 'true',
            'create-storage-record': 'false',
          }),
        ]),
        ...byLog.flatMap((step) => [
          ...wants('if', step.if, `\${{ ${isPublic('!=')} }}`),
          ...wants('SUBJECT', step.env['SUBJECT'], '${{ needs.plan.outputs.image }}@${{ needs.build.outputs.digest }}'),
        ]),
      ];
    },
  },
  {
    name: "hands GitHub's own token to nobody but the registry's login, and who asks where the jobs ran",
    of: BUILDING,
    violations: ({ text, steps }) => {
      const known = steps
        .filter((step) => uses(step, 'docker/login-action') || step.run?.includes(ASKS_FOR_MACHINES) === true)
        .map((step) => JSON.stringify(step));
      const token = /github\.token|GITHUB_TOKEN/;
      return wants('tokens elsewhere', count(text, token) - count(known.join('\n'), token), 0);
    },
  },
  {
    name: 'signs only where every job before it ran on a machine of GitHub',
    of: BUILDING,
    violations: (file) => {
      const [first] = stepsOf(file, 'provenance');
      const refuses =
        first?.run?.includes(ASKS_FOR_MACHINES) === true &&
        first.run.includes('.runner_group_id != 0 or .runner_group_name != "GitHub Actions"') &&
        /\bexit 1\b/.test(first.run);
      return refuses && first.if === undefined ? [] : ['its first step refuses no other machine'];
    },
  },
  {
    name: 'runs only the plan that it was rendered with',
    of: BUILDING,
    violations: (file) => {
      const steps = stepsOf(file, 'plan');
      const at = steps.findIndex((step) => step.uses === PLANS[file.name]);
      const before = steps[at - 1];
      const compares =
        before?.run?.includes('sha256sum .github/slsa-plan/plan.mjs') === true && /\bexit 1\b/.test(before.run);
      return [
        ...wants('the plan', steps[at]?.id, 'plan'),
        ...(file.name === 'build'
          ? wants('its SHA-256', compares ? before.env['WANTED'] : null, SOURCES.plan.programSha256)
          : []),
      ];
    },
  },
  {
    name: 'can only be called, with a commit and the one secret of a registry',
    of: ['builder'],
    violations: ({ workflow }) => {
      const { inputs = {}, secrets = {} } = workflow.on.workflow_call ?? {};
      return [
        ...wants('on', Object.keys(workflow.on), ['workflow_call']),
        ...wants('inputs', inputs, { commit: { required: true, type: 'string' } }),
        ...wants('secrets', Object.keys(secrets), ['SLSA_REGISTRY_PASSWORD']),
        ...Object.values(secrets).flatMap((secret) =>
          wants('required of a secret', (secret as { required?: boolean }).required, false),
        ),
      ];
    },
  },

  // Of the thin caller.
  {
    name: 'calls a builder by the full SHA of a commit, and has no other job and no step',
    of: ['caller'],
    violations: (file) => [
      ...wants('the jobs', keysOfJobs(file), { builder: ['name', 'permissions', 'secrets', 'uses', 'with'] }),
      ...jobsOf(file).flatMap((job) =>
        BuilderWorkflow.safeParse(job.uses).success ? [] : [`it calls ${job.uses ?? 'nothing'}`],
      ),
    ],
  },
  {
    name: 'passes its builder the commit and nothing else',
    of: ['caller'],
    violations: (file) => jobsOf(file).flatMap((job) => wants('with', job.with, { commit: '${{ inputs.commit }}' })),
  },
  {
    name: 'passes its builder one secret by name, never all of them',
    of: ['caller'],
    violations: (file) =>
      jobsOf(file).flatMap((job) =>
        wants('secrets', job.secrets, {
          SLSA_REGISTRY_PASSWORD: '${{ secrets.SLSA_REGISTRY_PASSWORD }}',
        }),
      ),
  },
];

describe.each(FILES)('the file of %s', (name) => {
  const file = readStageFile(name);

  it.each(RULES.filter(({ of }) => of.includes(name)))('$name', ({ violations }) => {
    expect(violations(file)).toEqual([]);
  });
});

describe('the folder of stage files', () => {
  it('holds the seven files of the stage table, the builder, the fork check and nothing else', () => {
    const files = STAGES.map((each) => STAGE_TABLE[each].file);
    expect(readdirSync(STAGES_FOLDER).toSorted()).toEqual([...files, 'builder', 'fork-check.yml'].toSorted());
    expect(readdirSync(join(STAGES_FOLDER, 'builder')).toSorted()).toEqual(['build-image.yml', 'plan']);
    expect(readdirSync(join(STAGES_FOLDER, 'builder/plan')).toSorted()).toEqual(['action.yml', 'plan.mjs']);
  });

  it('T32: pins an action to the same commit in all of them', () => {
    const pins = FILES.flatMap((name) => readStageFile(name).steps.flatMap(({ uses: pin }) => pin ?? []));
    const actions = new Set(pins.map((pin) => pin.split('@')[0]));
    expect(new Set(pins).size).toBe(actions.size);
  });
});

interface Mutation {
  readonly what: string;
  /** The rule that must be broken by it, by the beginning of its name. */
  readonly rule: string;
  readonly file: FileName;
  readonly from: string;
  readonly to: string;
}

const mutation = (
  what: string,
  rule: string,
  file: FileName,
  change: readonly [from: string, to: string],
): Mutation => ({
  what,
  rule,
  file,
  from: change[0],
  to: change[1],
});

/** In the builder, and where its jobs are the repository's own. */
const inBoth = (what: string, rule: string, change: readonly [from: string, to: string]): Mutation[] =>
  BUILDING.map((file) => mutation(what, rule, file, change));

const CHECKOUT = '      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1\n';
const REPORT = 'mega-linter-report.json\n            mega';
const END_OF_LINT = 'echo "::error::MegaLinter found errors: see its step above."\n            exit 1';
const END_OF_BUILD = 'echo "::error::The image did not build: see the step above."\n            exit 1';
/** Where the first step of the job that signs begins. */
const BESIDE_SIGNING = '      - name: Refuse a result with gaps\n';
const OTHER_MACHINES = 'select(.runner_group_id != 0 or';
const ATTEST_IF = "(needs.plan.outputs.signing == 'public_log' && github";
const OF_PLAN = 'permissions:\n      contents: read # to check the commit out\n    outputs:\n';
const OF_BUILD = 'packages: write # to push the image\n';

const mutations: readonly Mutation[] = [
  ...WORKING.filter((file) => !BUILDING.includes(file)).map((file) =>
    mutation('a report that is gone tomorrow', 'keeps what it uploads', file, [
      'retention-days: 30',
      'retention-days: 1',
    ]),
  ),
  ...inBoth('a report that is gone tomorrow', 'keeps what it uploads', ['retention-days: 30', 'retention-days: 1']),
  mutation('the newest syft', 'brings every tool', 'sbom', ['          syft-version: v1.42.3\n', '']),
  mutation('the newest grype', 'brings every tool', 'scan', ['v0.110.0', 'latest']),
  ...(['sign', 'attest', 'verify'] as const).map((file) =>
    mutation('the newest cosign', 'brings every tool', file, ['cosign-release: v3.1.3', 'cosign-release: latest']),
  ),
  ...inBoth('the newest BuildKit', 'brings every tool', [':v0.25.1', ':buildx-stable-1']),
  mutation('a title without the nonce', 'is titled', 'lint', [' ${{ inputs.nonce }}', '']),
  mutation('a start by every push', 'starts by dispatch', 'build', ['on:\n', 'on:\n  push:\n']),
  mutation('a key that may be left out', 'requires key', 'sbom', ['required: true', 'required: false']),
  mutation('an input of another name', 'declares the inputs', 'verify', ['      sign_file:\n', '      signer:\n']),
  mutation('an input that may be left out', 'declares the inputs', 'build', ['        default: "{}"\n', '']),
  mutation('an input that shapes the build', 'declares the inputs', 'caller', ['      nonce:', '      tag:']),
  mutation('an input of another type', 'declares the inputs', 'sign', ['type: string', 'type: boolean']),
  mutation('an older run that goes on', 'lets the newest', 'scan', ['in-progress: true', 'in-progress: false']),
  mutation('a group by nonce', 'lets the newest', 'scan', ['group: ${{ inputs.group }}', 'group: ${{ inputs.nonce }}']),
  mutation('a token that reads all', 'takes every permission', 'lint', ['permissions: {}', 'permissions: read-all']),
  mutation('a wider token', 'takes every permission', 'verify', ['attestations: read', 'attestations: write']),
  mutation('no permissions of the job', 'takes every permission', 'sbom', [
    '    permissions:\n      packages: read',
    '    env:\n      A: b',
  ]),
  mutation('no time-out', 'has one job', 'lint', ['    timeout-minutes: 30\n', '']),
  mutation('a longer time-out than that of the product', 'has one job', 'lint', ['minutes: 30', 'minutes: 90']),
  mutation('a runner image that moves', 'has one job', 'sign', ['runs-on: ubuntu-24.04', 'runs-on: ubuntu-latest']),
  mutation('a second job', 'has one job', 'sign', ['jobs:\n', 'jobs:\n  other:\n    steps: []\n']),
  mutation('an action by tag', 'pins every', 'scan', ['@e1165082ffb1fe366ebaf02d8526e7c4989ea9d2 #', '@v7.4.0 #']),
  mutation('an action by a short SHA', 'pins every', 'scan', ['@e1165082ffb1fe366ebaf02d8526e7c4989', '@e1165082']),
  mutation('a pin without its version', 'pins every', 'scan', [' # v7.4.0', '']),
  mutation('an action in quotes', 'pins every', 'scan', ['- name: grype\n', '- "uses": a/b@v1\n      - name: grype\n']),
  ...inBoth('an input inside a script', 'puts no expression', ['"$WANTED"', '"${{ inputs.commit }}"']),
  mutation('an input inside a JavaScript', 'puts no expression', 'lint', [
    'persist-credentials: false',
    'script: console.log("${{ inputs.key }}")',
  ]),
  mutation('scripts without pipefail', 'runs its scripts', 'sbom', ['    shell: bash\n', '    working-directory: .\n']),
  ...inBoth('scripts without pipefail', 'runs its scripts', ['    shell: bash\n', '    working-directory: .\n']),
  mutation('a verifier that cannot fail', 'swallows no failure', 'verify', [
    '> gh-attestation.out ||',
    '> gh-attestation.out || true ||',
  ]),
  mutation('a hash that may be nothing', 'swallows no failure', 'scan', [
    "| cut -d' ' -f1)",
    "| cut -d' ' -f1 || echo 0)",
  ]),
  mutation('a scanner that may fail', 'swallows no failure', 'scan', ['id: grype\n', 'continue-on-error: true\n']),
  mutation('a job that may fail', 'swallows no failure', 'attest', ['name: attest\n', 'continue-on-error: true\n']),
  mutation('lint errors in a green run', 'fails in the end', 'lint', [END_OF_LINT, 'echo']),
  ...inBoth('an end that looks at another step', 'fails in the end', ['id: build\n', 'id: image\n']),
  ...inBoth('a failed build in a green job', 'fails in the end', [END_OF_BUILD, 'echo']),
  mutation('a signing token beside linters', 'gives no token', 'lint', ['contents: read', 'id-token: write']),
  ...inBoth("a signing token beside the user's Dockerfile", 'gives no token', [OF_BUILD, 'id-token: write\n']),
  mutation('a checkout where it is signed', 'gives no token', 'sign', ['    steps:\n', `    steps:\n${CHECKOUT}`]),
  mutation('a build where it is signed', 'gives no token', 'sign', ['run: cosign', 'run: docker build . && cosign']),
  mutation('a token left in the workspace', 'checks out without', 'lint', ['credentials: false', 'credentials: true']),
  ...inBoth('a checkout as it comes', 'checks out without', ['          persist-credentials: false\n', '']),
  mutation('a checkout in a later stage', 'checks out only', 'sbom', ['    steps:\n', `    steps:\n${CHECKOUT}`]),
  ...inBoth('a commit compared with itself', 'checks out only', [
    'WANTED: ${{ inputs.commit }}',
    'WANTED: ${{ github.sha }}',
  ]),
  ...inBoth('a commit of its own choice', 'checks out only', [
    'persist-credentials: false\n',
    'persist-credentials: false\n          ref: main\n',
  ]),
  mutation('an artifact without its attempt', 'leaves one artifact', 'sign', ['-${{ github.run_attempt }}', '']),
  mutation('the wrong report of MegaLinter', 'leaves one artifact', 'lint', [REPORT, REPORT.replace('-', '')]),
  mutation('an artifact that may be empty', 'leaves one artifact', 'attest', ['found: error', 'found: warn']),
  mutation('an artifact after a failure', 'leaves one artifact', 'sign', [
    '- uses: actions/upload',
    '- if: ${{ !cancelled() }}\n        uses: actions/upload',
  ]),
  mutation('a stage.json of another stage', 'writes a stage.json', 'sbom', ['stage: "sbom"', 'stage: "scan"']),
  mutation('a stage.json of another version', 'writes a stage.json', 'sbom', ['schemaVersion: 1', 'schemaVersion: 2']),
  ...inBoth('a stage.json of another stage', 'writes a stage.json', [
    'stage: "build", commit: $commit, exitCode: 0',
    'stage: "sbom", commit: $commit, exitCode: 0',
  ]),
  mutation('a first line of another version', 'names the version', 'sbom', ['version 1.', 'version 2.']),
  mutation('a caller of another version', 'names the version', 'caller', ['version 1.', 'version 2.']),
  ...inBoth('a builder of another version', 'names the version', ['version 1.', 'version 2.']),
  ...inBoth('a secret in the build', "hands the repository's secrets", [
    'push: true',
    'secrets: ${{ secrets.SLSA_REGISTRY_PASSWORD }}',
  ]),
  mutation('a step that a cancel does not stop', 'runs nothing after', 'lint', ['!cancelled()', 'always()']),
  ...inBoth('a step for a cancel', 'runs nothing after', ['!cancelled()', 'cancelled()']),
  ...inBoth('metadata with provenance', "keeps buildx's provenance", ['METADATA_PROVENANCE: disabled', 'A: b']),
  ...inBoth('an action by tag', 'pins every', ['@dbcb813823bdd20940b903addbd779551569679f #', '@v4.6.0 #']),
  ...inBoth('a push that may fail', 'swallows no failure', ['id: result\n', 'continue-on-error: true\n']),
  ...inBoth('a wider token of the build', 'takes every permission', ['contents: read', 'contents: write']),
  ...inBoth('permissions of all jobs', 'takes every permission', ['permissions: {}', 'permissions: read-all']),

  ...inBoth('a fourth job', 'builds in three', ['\njobs:\n', '\njobs:\n  before:\n    runs-on: ubuntu-24.04\n']),
  ...inBoth('a job under another name', 'builds in three', ['\n  provenance:\n', '\n  sign:\n']),
  ...inBoth('a build that waits for no plan', 'builds in three', ['    needs: plan\n', '']),
  ...inBoth('provenance without the plan', 'builds in three', ['needs: [plan, build]', 'needs: build']),
  ...inBoth('a signing token where settings are read', 'gives jobs', [
    OF_PLAN,
    'permissions:\n      id-token: write\n    outputs:\n',
  ]),
  ...inBoth('attestations of the build', 'gives jobs', [OF_BUILD, 'attestations: write\n']),
  ...inBoth('the permissions that a job has by default', 'gives jobs', [OF_PLAN, 'outputs:\n']),
  ...inBoth('a checkout where it is signed', 'runs nothing of', [BESIDE_SIGNING, `${CHECKOUT}${BESIDE_SIGNING}`]),
  ...inBoth('a download where it is signed', 'runs nothing of', [
    BESIDE_SIGNING,
    `      - uses: actions/download-artifact@${'1'.repeat(40)} # v1.0.0\n${BESIDE_SIGNING}`,
  ]),
  ...inBoth("an action of the repository's own where it is signed", 'runs nothing of', [
    BESIDE_SIGNING,
    `      - uses: ./.github/actions/sign\n${BESIDE_SIGNING}`,
  ]),
  ...inBoth('a build where it is signed', 'runs nothing of', [
    BESIDE_SIGNING,
    `      - run: docker build .\n${BESIDE_SIGNING}`,
  ]),
  ...inBoth('a script of the repository where it is signed', 'runs nothing of', [
    BESIDE_SIGNING,
    `      - run: ./sign.sh\n${BESIDE_SIGNING}`,
  ]),
  ...inBoth('an address that is asked where it is signed', 'runs nothing of', [
    BESIDE_SIGNING,
    `      - run: curl https://example.com\n${BESIDE_SIGNING}`,
  ]),
  ...inBoth('a build by cache', 'reads and writes no shared', ['no-cache: true', 'no-cache: false']),
  ...inBoth('a cache of layers', 'reads and writes no shared', [
    'no-cache: true',
    'no-cache: true\n          cache-from: type=gha',
  ]),
  ...inBoth('layers left for others', 'reads and writes no shared', [
    'no-cache: true',
    'no-cache: true\n          cache-to: type=gha',
  ]),
  ...inBoth('a cached buildx', 'reads and writes no shared', ['cache-binary: false', 'cache-binary: true']),
  ...inBoth('a cache of Actions', 'reads and writes no shared', [
    CHECKOUT,
    `      - uses: actions/cache@${'1'.repeat(40)} # v1.0.0\n${CHECKOUT}`,
  ]),
  ...inBoth("buildx's own provenance", 'leaves no provenance', ['          provenance: false\n', '']),
  ...inBoth('a tag from the caller', 'lets no input', [
    'outputs.image }}:${{ needs.plan.outputs.tag }}',
    'outputs.image }}:${{ inputs.commit }}',
  ]),
  ...inBoth('a commit that is used', 'lets no input', [
    'jq --null-input --arg commit "$COMMIT"',
    'checkout "$COMMIT"; jq',
  ]),
  ...inBoth('an input of the event', 'lets no input', [
    'flags: ',
    'more: ${{ github.event.inputs.more }}\n          flags: ',
  ]),
  mutation('flags in the isolated builder', 'lets no input', 'builder', ['flags: "{}"', 'flags: ${{ inputs.flags }}']),
  mutation('flags beside the plan', 'lets no input', 'build', ['flags: ${{ inputs.flags }}', 'flags: "{}"']),
  ...inBoth('a variable of the repository', 'reads nothing else', [
    'platforms: ${{ needs.plan.outputs.platforms }}\n          build',
    'platforms: ${{ vars.PLATFORMS }}\n          build',
  ]),
  ...inBoth('the environment of the workflow', 'reads nothing else', [
    'permissions: {}',
    'permissions: {}\nenv:\n  A: b',
  ]),
  ...inBoth('the environment of a job', 'reads nothing else', [
    '    needs: plan\n',
    '    needs: plan\n    env:\n      A: b\n',
  ]),
  ...inBoth("the commit's message", 'reads nothing else', [
    'visibility: ${{ github.event.repository.visibility }}',
    'visibility: ${{ github.event.head_commit.message }}',
  ]),
  ...inBoth('the whole of GitHub', 'reads nothing else', [
    'visibility: ${{ github.event.repository.visibility }}',
    'visibility: ${{ toJSON(github) }}',
  ]),
  ...inBoth('machines of anybody', 'signs only where', [OTHER_MACHINES, OTHER_MACHINES.replace('!=', '==')]),
  mutation('another plan action', 'runs only the plan', 'builder', ['slsa-builder/plan@', 'other/plan@']),
  mutation('a plan program without a hash check', 'runs only the plan', 'build', ['sha256sum .github', 'ls .github']),
  ...inBoth('a runner image that moves', 'gives each job', ['ubuntu-24.04', 'ubuntu-latest']),
  ...inBoth("a runner of the caller's", 'gives each job', ['ubuntu-24.04', '${{ inputs.commit }}']),
  ...inBoth('a job without an end', 'gives each job', ['    timeout-minutes: 10\n', '']),
  ...inBoth('a build in a container', 'gives each job', [
    '    needs: plan\n',
    '    needs: plan\n    container: alpine\n',
  ]),
  ...inBoth('a build behind an environment', 'gives each job', [
    '    needs: plan\n',
    '    needs: plan\n    environment: x\n',
  ]),
  ...inBoth('provenance whatever happened', 'gives each job', [
    '    needs: [plan',
    '    if: ${{ !cancelled() }}\n    needs: [plan',
  ]),
  ...inBoth('an artifact without its attempt', 'leaves a report', ['-${{ github.run_attempt }}', '']),
  ...inBoth('an artifact of a build that succeeded', 'leaves a report', [
    " && steps.result.outputs.failed == 'true'",
    '',
  ]),
  ...inBoth('an artifact without provenance', 'leaves a report', ['            provenance.json\n', '']),
  ...inBoth('an artifact that may be empty', 'leaves a report', ['found: error', 'found: warn']),
  ...inBoth('provenance of another digest', 'attests the digest', [
    'subject-digest: ${{ needs.build.outputs.digest }}',
    `subject-digest: sha256:${'0'.repeat(64)}`,
  ]),
  ...inBoth('a predicate of its own', 'attests the digest', [
    'push-to-registry: true',
    'push-to-registry: true\n          predicate-path: predicate.json',
  ]),
  ...inBoth('an authority that was not asked for', 'attests the digest', [
    'id: cosign\n        if: ${{ needs.plan.outputs.signing == ',
    'id: cosign\n        if: ${{ needs.plan.outputs.signing != ',
  ]),
  ...inBoth('a tag in place of the digest', 'attests the digest', [
    'SUBJECT: ${{ needs.plan.outputs.image }}@${{ needs.build.outputs.digest }}',
    'SUBJECT: ${{ needs.plan.outputs.image }}:${{ needs.plan.outputs.tag }}',
  ]),
  ...inBoth('a log that was not asked for', 'attests the digest', [ATTEST_IF, ATTEST_IF.replace('==', '!=')]),
  ...inBoth('a token in the build', "hands GitHub's own", ['push: true', 'github-token: ${{ github.token }}']),
  mutation('a builder that is dispatched', 'can only be called', 'builder', [
    'on:\n',
    'on:\n  workflow_dispatch: {}\n',
  ]),
  mutation('a builder with a tag', 'can only be called', 'builder', [
    '    secrets:\n',
    '      tag:\n        type: string\n    secrets:\n',
  ]),
  mutation('a builder that asks for more', 'can only be called', 'builder', [
    '    secrets:\n',
    '    secrets:\n      NPM_TOKEN:\n        required: false\n',
  ]),

  mutation('a start by every push', 'starts by dispatch', 'caller', ['on:\n', 'on:\n  push:\n']),
  mutation('a builder at a branch', 'calls a builder', 'caller', [`@${'0'.repeat(40)}`, '@main']),
  mutation('a builder at a short SHA', 'calls a builder', 'caller', [`@${'0'.repeat(40)}`, '@0000000']),
  mutation("the repository's own workflow", 'calls a builder', 'caller', [
    'uses: example-org/slsa-builder/',
    'uses: ./',
  ]),
  mutation('a job beside the builder', 'calls a builder', 'caller', [
    '\njobs:\n',
    '\njobs:\n  before:\n    runs-on: x\n',
  ]),
  mutation('a matrix of builders', 'calls a builder', 'caller', ['    name: builder\n', '    strategy: {}\n']),
  mutation('a frozen permission that melts', 'takes every permission', 'caller', ['contents: read', 'contents: write']),
  mutation('a permission that the builder asks for', 'takes every permission', 'caller', [
    '      attestations: write',
    '      #',
  ]),
  mutation('another input for the builder', 'passes its builder the commit', 'caller', [
    '    with:\n',
    '    with:\n      tag: x\n',
  ]),
  mutation('another commit for the builder', 'passes its builder the commit', 'caller', [
    'commit: ${{ inputs.commit }}',
    'commit: ${{ github.sha }}',
  ]),
  mutation('every secret for the builder', 'passes its builder one', 'caller', [
    '    secrets:\n      S',
    '    secrets: inherit\n    x:\n      S',
  ]),
  mutation('a second secret for the builder', 'passes its builder one', 'caller', [
    '    secrets:\n',
    '    secrets:\n      A: ${{ secrets.A }}\n',
  ]),
];

const ruleOf = ({ rule }: Mutation): Rule => {
  const found = RULES.find(({ name }) => name.startsWith(rule));
  if (found === undefined) throw new Error(`No rule begins with "${rule}"`);
  return found;
};

describe('T5, T36, T32: a file that breaks a rule', () => {
  it.each(mutations)('is found out in $file: $what', (broken) => {
    const text = TEXTS[broken.file];
    expect({ [broken.from]: text.includes(broken.from) }).toEqual({ [broken.from]: true });
    const file = parseStageFile(
      broken.file,
      text.replace(broken.from, () => broken.to),
    );
    const rule = ruleOf(broken);
    expect(rule.of).toContain(broken.file);
    expect(rule.violations(file)).not.toEqual([]);
  });

  it('exists for every rule, and for each builder where the rule is about builders', () => {
    const broken = new Set(mutations.map((each) => `${ruleOf(each).name} (${each.file})`));
    const missing = RULES.flatMap((rule) => {
      const files = rule.of === BUILDING ? BUILDING : rule.of;
      const names = files.map((file) => `${rule.name} (${file})`).filter((name) => !broken.has(name));
      return rule.of === BUILDING || names.length === files.length ? names : [];
    });
    expect(missing).toEqual([]);
  });
});
