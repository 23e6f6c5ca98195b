/**
 * The rules that every stage file keeps, read off the YAML. Each rule is broken here on purpose as well, by a mutated
 * copy of a file: a rule that cannot fail says nothing.
 */
import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { STAGE_REPORT_FILE } from '../../src/domain/stage/stage-report.ts';
import { STAGE_SCHEMA_VERSION, STAGE_TABLE, STAGES, type Stage } from '../../src/domain/stage/stage-table.ts';
import { FILES_OF_STAGE, parseStageFile, readStageFile, shellOf, stagePath } from './stage-files.ts';
import { stepTitle, type Job, type StageFile, type Step } from './stage-files.ts';

/** What the product sends to each stage (workflows/states/*.ts), beside key, nonce and commit. */
const INPUTS_SENT: Readonly<Record<Stage, readonly string[]>> = {
  lint: [],
  build: ['image', 'tag', 'dockerfile', 'context', 'target', 'platforms', 'build_args'],
  sbom: ['image', 'digest'],
  scan: ['digest', 'sbom_run_id', 'sbom_artifact', 'sbom_sha256'],
  sign: ['image', 'digest', 'signing'],
  attest: ['image', 'digest', 'signing', 'sbom_run_id', 'sbom_artifact', 'sbom_sha256'],
  verify: ['image', 'digest', 'signing', 'sign_file', 'attest_file'],
};

/** These two may be sent empty, which Actions refuses of an input that is required. */
const MAY_BE_EMPTY: readonly string[] = ['target', 'build_args'];

/** The least that each job can do its work with; a wider token is a change of this table, which a person reads. */
const PERMISSIONS: Readonly<Record<Stage, Readonly<Record<string, string>>>> = {
  lint: { contents: 'read' },
  build: { contents: 'read', packages: 'write' },
  sbom: { packages: 'read' },
  scan: { actions: 'read' },
  sign: { 'id-token': 'write', packages: 'write', attestations: 'write' },
  attest: { actions: 'read', 'id-token': 'write', packages: 'write', attestations: 'write' },
  verify: { packages: 'read', attestations: 'read' },
};

/** The two steps whose failure is a result: it is written into stage.json, then the job fails. */
const MAY_FAIL: Readonly<Partial<Record<Stage, string>>> = { lint: 'MegaLinter', build: 'Build and push' };

interface Rule {
  readonly name: string;
  /** What is wrong with the file, one sentence each. */
  readonly violations: (file: StageFile) => readonly string[];
}

const wants = (what: string, found: unknown, wanted: unknown): string[] =>
  JSON.stringify(found) === JSON.stringify(wanted)
    ? []
    : [`${what} is ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`];

const sorted = (record: unknown): unknown =>
  typeof record === 'object' && record !== null ? Object.fromEntries(Object.entries(record).toSorted()) : record;

const jobsOf = (file: StageFile): readonly Job[] => Object.values(file.workflow.jobs);

const uses = (step: Step, action: string): boolean => step.uses?.startsWith(`${action}@`) ?? false;

const runsShell = (step: Step): boolean => step.run !== undefined;

const isTrue = (value: unknown): boolean => value !== undefined && value !== false;

const RULES: readonly Rule[] = [
  {
    name: 'is titled by its key and nonce, so that the intake can tell which pipeline it belongs to',
    violations: ({ workflow }) => wants('run-name', workflow['run-name'], 'slsa ${{ inputs.key }} ${{ inputs.nonce }}'),
  },
  {
    name: 'starts by dispatch only',
    violations: ({ workflow }) => wants('on', Object.keys(workflow.on), ['workflow_dispatch']),
  },
  {
    name: 'requires key, nonce and commit',
    violations: ({ workflow }) =>
      ['key', 'nonce', 'commit'].flatMap((name) =>
        wants(`input ${name}`, workflow.on.workflow_dispatch.inputs[name]?.required, true),
      ),
  },
  {
    name: 'declares the inputs that the product sends, no other, and requires all that are never empty',
    violations: ({ stage, workflow }) => {
      const { inputs } = workflow.on.workflow_dispatch;
      const sent = ['key', 'nonce', 'commit', ...INPUTS_SENT[stage]];
      return [
        ...wants('the set of inputs', Object.keys(inputs).toSorted(), sent.toSorted()),
        ...Object.entries(inputs).flatMap(([name, { required, type }]) => [
          ...wants(`required of ${name}`, required, !MAY_BE_EMPTY.includes(name)),
          ...wants(`type of ${name}`, type, 'string'),
        ]),
      ];
    },
  },
  {
    name: 'lets the newest dispatch of its stage cancel an older one',
    violations: ({ workflow }) =>
      wants('concurrency', workflow.concurrency, { group: '${{ inputs.key }}', 'cancel-in-progress': true }),
  },
  {
    name: 'takes every permission away from the workflow, and gives its job the least',
    violations: (file) => [
      ...wants('permissions of the workflow', file.workflow.permissions, {}),
      ...jobsOf(file).flatMap(({ permissions }) =>
        wants('permissions of the job', sorted(permissions), sorted(PERMISSIONS[file.stage])),
      ),
    ],
  },
  {
    name: 'has one job, which ends by itself before the product gives up on it, on a fixed runner image',
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
    violations: ({ text, steps }) => {
      const lines = text.split('\n').filter((line) => /^\s*(- )?uses:/.test(line));
      const pinned = /^\s*(- )?uses: [\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/;
      return [
        ...lines.filter((line) => !pinned.test(line)).map((line) => `not pinned: ${line.trim()}`),
        ...wants('the number of uses', lines.length, steps.filter((step) => step.uses !== undefined).length),
      ];
    },
  },
  {
    name: 'puts no expression into a script: inputs reach it through its environment only',
    violations: ({ steps }) =>
      steps
        .filter((step) => [step.run, step.with['script']].some((script) => script?.includes('${{')))
        .map((step) => `"${stepTitle(step)}" has an expression in its script`),
  },
  {
    name: 'runs its scripts by `shell: bash`, since without it a failure inside a pipe counts for nothing',
    violations: ({ workflow }) =>
      Object.values(workflow.jobs).flatMap((job) =>
        job.steps
          .filter((step) => runsShell(step) && !shellOf(workflow, job, step).includes('pipefail'))
          .map((step) => `"${stepTitle(step)}" runs without pipefail`),
      ),
  },
  {
    name: 'swallows no failure',
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
    violations: ({ stage, steps }) => {
      if (MAY_FAIL[stage] === undefined) return [];
      const tolerated = steps.find((step) => step.name === MAY_FAIL[stage]);
      const last = steps.at(-1);
      const outcome = `\${{ steps.${tolerated?.id ?? '?'}.outcome }}`;
      const says = last?.env['OUTCOME'] === outcome && last.if === undefined && last.run?.includes('exit 1');
      return says === true ? [] : [`the last step does not fail by ${outcome}`];
    },
  },
  {
    name: 'gives no token that can sign to a job that runs what is in the repository',
    violations: (file) =>
      jobsOf(file)
        .filter(({ permissions }) => /id-token|write-all/.test(JSON.stringify(permissions ?? 'write-all')))
        .flatMap(({ steps }) => steps)
        .filter((step) => uses(step, 'actions/checkout') || /build-push|buildx|docker build/.test(stepCode(step)))
        .map((step) => `"${stepTitle(step)}" runs beside id-token: write`),
  },
  {
    name: 'checks out without leaving the token in the workspace',
    violations: ({ steps }) =>
      steps
        .filter((step) => uses(step, 'actions/checkout'))
        .flatMap((step) => wants('persist-credentials', step.with['persist-credentials'], 'false')),
  },
  {
    name: 'checks out only where its first step has refused any other commit',
    violations: ({ stage, steps }) => {
      const checksOut = steps.some((step) => uses(step, 'actions/checkout'));
      const [first] = steps;
      const refuses = first?.env['WANTED'] === '${{ inputs.commit }}' && first.run?.includes('$GITHUB_SHA');
      return [
        ...wants('checks out', checksOut, STAGE_TABLE[stage].bindsCommit),
        ...(checksOut && refuses !== true ? ['its first step refuses no other commit'] : []),
      ];
    },
  },
  {
    name: 'leaves one artifact, named by stage and attempt, with what the product reads and nothing else',
    violations: ({ stage, steps }) => {
      const uploads = steps.filter((step) => uses(step, 'actions/upload-artifact'));
      return [
        ...wants('the number of uploads', uploads.length, 1),
        ...uploads.flatMap((step) => [
          ...wants('name', step.with['name'], `slsa-${stage}-\${{ github.run_attempt }}`),
          ...wants('path', step.with['path']?.trim().split('\n'), FILES_OF_STAGE[stage]),
          ...wants('if-no-files-found', step.with['if-no-files-found'], 'error'),
          // A step that is not asked to run after a failure leaves nothing behind one.
          ...wants('if', step.if, undefined),
        ]),
      ];
    },
  },
  {
    name: 'writes a stage.json of its own name and of the version that the product reads',
    violations: ({ stage, text, steps }) => {
      const script = steps.find((step) => step.run?.includes(`> ${STAGE_REPORT_FILE}`))?.run ?? '';
      const wanted = `schemaVersion: ${STAGE_SCHEMA_VERSION}, stage: "${stage}", commit: $commit,`;
      return [
        ...(script.includes(wanted) ? [] : [`stage.json does not say ${wanted}`]),
        ...(text.split('\n')[0]?.endsWith(` Stage files version ${STAGE_SCHEMA_VERSION}.`) === true
          ? []
          : ['its first line names another version']),
      ];
    },
  },
  {
    name: "hands the repository's secrets to nobody but the registry's login",
    violations: ({ text, steps }) => {
      const inLogins = steps.filter((step) => uses(step, 'docker/login-action')).map((step) => JSON.stringify(step));
      const count = (where: string): number => where.split('secrets.').length - 1;
      return wants('secrets outside of the login', count(text) - count(inLogins.join('\n')), 0);
    },
  },
  {
    name: 'runs nothing after it was cancelled',
    violations: ({ steps }) =>
      steps
        .filter((step) => /always\(\)|(?<!!)cancelled\(\)/.test(step.if ?? ''))
        .map((step) => `"${stepTitle(step)}" runs after a cancel`),
  },
  {
    name: "keeps buildx's provenance out of a variable that an environment is too small for",
    violations: ({ steps }) =>
      steps
        .filter((step) => uses(step, 'docker/build-push-action'))
        .flatMap((step) => wants('BUILDX_METADATA_PROVENANCE', step.env['BUILDX_METADATA_PROVENANCE'], 'disabled')),
  },
];

const stepCode = (step: Step): string => `${step.uses ?? ''}\n${step.run ?? ''}`;

describe.each(STAGES)('the stage file of %s', (stage) => {
  const file = readStageFile(stage);

  it.each(RULES)('$name', ({ violations }) => {
    expect(violations(file)).toEqual([]);
  });
});

describe('the folder of stage files', () => {
  it('holds the seven files of the stage table and no other', () => {
    expect(readdirSync(dirname(stagePath('lint'))).toSorted()).toEqual(STAGES.map((each) => STAGE_TABLE[each].file));
  });

  it('pins an action to the same commit in all of them', () => {
    const pins = STAGES.flatMap((stage) =>
      readStageFile(stage).steps.flatMap(({ uses: pin }) => (pin === undefined ? [] : [pin])),
    );
    const actions = new Set(pins.map((pin) => pin.split('@')[0]));
    expect(new Set(pins).size).toBe(actions.size);
  });
});

interface Mutation {
  readonly what: string;
  /** The rule that must be broken by it, by the beginning of its name. */
  readonly rule: string;
  readonly stage: Stage;
  readonly from: string;
  readonly to: string;
}

const mutation = (what: string, rule: string, stage: Stage, change: readonly [from: string, to: string]): Mutation => ({
  what,
  rule,
  stage,
  from: change[0],
  to: change[1],
});

const CHECKOUT = '      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1\n';
const OPTIONAL = '        required: false\n        type: string\n        default: ""\n';
const REPORT = 'mega-linter-report.json\n            mega';
const END_OF_LINT = 'echo "::error::MegaLinter found errors: see its step above."\n            exit 1';

const mutations: readonly Mutation[] = [
  mutation('a title without the nonce', 'is titled', 'lint', [' ${{ inputs.nonce }}', '']),
  mutation('a start by every push', 'starts by dispatch', 'build', ['on:\n', 'on:\n  push:\n']),
  mutation('a key that may be left out', 'requires key', 'sbom', ['required: true', 'required: false']),
  mutation('an input of another name', 'declares the inputs', 'verify', ['      sign_file:\n', '      signer:\n']),
  mutation('a required input that is sent empty', 'declares the inputs', 'build', [
    OPTIONAL,
    '        required: true\n        type: string\n',
  ]),
  mutation('an input of another type', 'declares the inputs', 'sign', ['type: string', 'type: boolean']),
  mutation('an older run that goes on', 'lets the newest', 'scan', ['in-progress: true', 'in-progress: false']),
  mutation('a group by nonce', 'lets the newest', 'scan', ['group: ${{ inputs.key }}', 'group: ${{ inputs.nonce }}']),
  mutation('a token that reads all', 'takes every permission', 'lint', ['permissions: {}', 'permissions: read-all']),
  mutation('a wider token', 'takes every permission', 'verify', ['attestations: read', 'attestations: write']),
  mutation('no permissions of the job', 'takes every permission', 'sbom', [
    '    permissions:\n      packages: read',
    '    env:\n      A: b',
  ]),
  mutation('no time-out', 'has one job', 'build', ['    timeout-minutes: 60\n', '']),
  mutation('a longer time-out than that of the product', 'has one job', 'build', ['minutes: 60', 'minutes: 90']),
  mutation('a runner image that moves', 'has one job', 'sign', ['runs-on: ubuntu-24.04', 'runs-on: ubuntu-latest']),
  mutation('a second job', 'has one job', 'sign', ['jobs:\n', 'jobs:\n  other:\n    steps: []\n']),
  mutation('an action by tag', 'pins every', 'scan', ['@e1165082ffb1fe366ebaf02d8526e7c4989ea9d2 #', '@v7.4.0 #']),
  mutation('an action by a short SHA', 'pins every', 'scan', ['@e1165082ffb1fe366ebaf02d8526e7c4989', '@e1165082']),
  mutation('a pin without its version', 'pins every', 'scan', [' # v7.4.0', '']),
  mutation('an action in quotes', 'pins every', 'scan', ['- name: grype\n', '- "uses": a/b@v1\n      - name: grype\n']),
  mutation('an input inside a script', 'puts no expression', 'build', ['"$WANTED"', '"${{ inputs.commit }}"']),
  mutation('an input inside a JavaScript', 'puts no expression', 'lint', [
    'persist-credentials: false',
    'script: console.log("${{ inputs.key }}")',
  ]),
  mutation('scripts without pipefail', 'runs its scripts', 'sbom', ['    shell: bash\n', '    working-directory: .\n']),
  mutation('a verifier that cannot fail', 'swallows no failure', 'verify', [
    '> attestation.out ||',
    '> attestation.out || true ||',
  ]),
  mutation('a hash that may be nothing', 'swallows no failure', 'scan', [
    "| cut -d' ' -f1)",
    "| cut -d' ' -f1 || echo 0)",
  ]),
  mutation('a scanner that may fail', 'swallows no failure', 'scan', ['id: grype\n', 'continue-on-error: true\n']),
  mutation('a job that may fail', 'swallows no failure', 'attest', ['name: attest\n', 'continue-on-error: true\n']),
  mutation('lint errors in a green run', 'fails in the end', 'lint', [END_OF_LINT, 'echo']),
  mutation('an end that looks at another step', 'fails in the end', 'build', ['id: build\n', 'id: image\n']),
  mutation('a signing token beside linters', 'gives no token', 'lint', ['contents: read', 'id-token: write']),
  mutation("a signing token beside the user's Dockerfile", 'gives no token', 'build', [
    'contents: read',
    'id-token: write',
  ]),
  mutation('a checkout where it is signed', 'gives no token', 'sign', ['    steps:\n', `    steps:\n${CHECKOUT}`]),
  mutation('a build where it is signed', 'gives no token', 'sign', ['run: cosign', 'run: docker build . && cosign']),
  mutation('a token left in the workspace', 'checks out without', 'lint', ['credentials: false', 'credentials: true']),
  mutation('a checkout as it comes', 'checks out without', 'build', [
    'with:\n          persist-credentials: false\n',
    '',
  ]),
  mutation('a checkout in a later stage', 'checks out only', 'sbom', ['    steps:\n', `    steps:\n${CHECKOUT}`]),
  mutation('a commit compared with itself', 'checks out only', 'build', [
    'WANTED: ${{ inputs.commit }}',
    'WANTED: ${{ github.sha }}',
  ]),
  mutation('an artifact without its attempt', 'leaves one artifact', 'sign', ['-${{ github.run_attempt }}', '']),
  mutation('the wrong report of MegaLinter', 'leaves one artifact', 'lint', [REPORT, REPORT.replace('-', '')]),
  mutation('an artifact that may be empty', 'leaves one artifact', 'attest', ['found: error', 'found: warn']),
  mutation('an artifact after a failure', 'leaves one artifact', 'build', [
    '- uses: actions/upload',
    '- if: ${{ !cancelled() }}\n        uses: actions/upload',
  ]),
  mutation('a stage.json of another stage', 'writes a stage.json', 'sbom', ['stage: "sbom"', 'stage: "scan"']),
  mutation('a stage.json of another version', 'writes a stage.json', 'sbom', ['schemaVersion: 1', 'schemaVersion: 2']),
  mutation('a first line of another version', 'writes a stage.json', 'sbom', ['version 1.', 'version 2.']),
  mutation('a secret in the build', "hands the repository's secrets", 'build', [
    'push: true',
    'secrets: ${{ secrets.SLSA_REGISTRY_PASSWORD }}',
  ]),
  mutation('a step that a cancel does not stop', 'runs nothing after', 'lint', ['!cancelled()', 'always()']),
  mutation('a step for a cancel', 'runs nothing after', 'build', ['!cancelled()', 'cancelled()']),
  mutation('metadata with provenance', "keeps buildx's provenance", 'build', ['METADATA_PROVENANCE: disabled', 'A: b']),
];

const ruleOf = ({ rule }: Mutation): Rule => {
  const found = RULES.find(({ name }) => name.startsWith(rule));
  if (found === undefined) throw new Error(`No rule begins with "${rule}"`);
  return found;
};

describe('a stage file that breaks a rule', () => {
  it.each(mutations)('is found out in $stage: $what', (broken) => {
    const { text } = readStageFile(broken.stage);
    expect(text).toContain(broken.from);
    const file = parseStageFile(
      broken.stage,
      text.replace(broken.from, () => broken.to),
    );
    const { violations } = ruleOf(broken);
    expect(violations(file)).not.toEqual(violations(readStageFile(broken.stage)));
  });

  it('exists for every rule', () => {
    expect(new Set(mutations.map(ruleOf))).toEqual(new Set(RULES));
  });
});
