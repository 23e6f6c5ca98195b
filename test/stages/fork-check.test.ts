/**
 * The check of pull requests from forks, as a repository gets it: the rules that keep the fork's code away from tokens and
 * from reports, each broken on purpose as well, and its scripts, run by bash, whose reports the product's own readers take.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  FORK_CHECK_MINUTES,
  FORK_JOBS,
  FORK_STAGES,
  forkRunTitle,
  parseForkRunTitle,
  type ForkStage,
} from '../../src/domain/fork/fork-check.ts';
import { renderForkCheck } from '../../src/domain/stage/render-stage-files.ts';
import { artifactName } from '../../src/domain/stage/stage-artifact.ts';
import { readStageResult } from '../../src/domain/stage/stage-outcome.ts';
import {
  COMMIT,
  describeWithTools,
  DIGEST,
  expectation,
  findTool,
  GRYPE_JSON,
  megaLinterReport,
  parseStageFile,
  reportFilesIn,
  SARIF,
  SBOM,
  sha256,
  shellOf,
  SOURCES,
  stepNamed,
  stepTitle,
  type StageFile,
  type Step,
} from './stage-files.ts';

const TEXT = renderForkCheck(SOURCES, null);
const fileOf = (text: string): StageFile => parseStageFile('lint', text);
const FILE = fileOf(TEXT);

const uses = (step: Step, action: string): boolean => step.uses?.startsWith(`${action}@`) ?? false;
const stepsOf = (file: StageFile, job: string): readonly Step[] => file.workflow.jobs[job]?.steps ?? [];
const uploadsOf = (file: StageFile, job: string): string[] =>
  stepsOf(file, job).flatMap((step) => (uses(step, 'actions/upload-artifact') ? [step.with['name'] ?? ''] : []));

interface Rule {
  readonly name: string;
  readonly violations: (file: StageFile) => readonly string[];
  /** A change of the text that breaks it. */
  readonly broken: readonly [from: string, to: string];
}

const OWN_CODE = ['lint', 'build'];

const MATERIAL = ['${{ steps.keep.outputs.material }}', '${{ steps.result.outputs.material }}'];

const RULES: readonly Rule[] = [
  {
    name: 'starts by pull_request only, which gives a fork a read-only token and no secret',
    violations: ({ workflow }) => (Object.keys(workflow.on).join() === 'pull_request' ? [] : ['another event']),
    broken: ['  pull_request:\n', '  pull_request_target:\n'],
  },
  {
    name: 'is titled as the App looks for it',
    violations: ({ workflow }) => {
      const said = (workflow['run-name'] ?? '')
        .replace('${{ github.event.pull_request.number }}', '7')
        .replace('${{ github.event.pull_request.head.sha }}', COMMIT)
        .replace('${{ github.event.pull_request.base.ref }}', 'main');
      return said === forkRunTitle(7, COMMIT, 'main') ? [] : [said];
    },
    broken: ['run-name: slsa fork ', 'run-name: slsa '],
  },
  {
    name: 'gives no job more than to read the contents, and the report nothing at all',
    violations: ({ workflow }) => [
      ...(JSON.stringify(workflow.permissions) === '{}' ? [] : ['the workflow has permissions']),
      ...Object.entries(workflow.jobs).flatMap(([name, { permissions }]) =>
        JSON.stringify(permissions) === (name === 'report' ? '{}' : '{"contents":"read"}') ? [] : [name],
      ),
    ],
    broken: ['      contents: read # to check the commit out', '      contents: write # to check the commit out'],
  },
  {
    name: 'names no secret and no token',
    violations: ({ text }) => text.match(/secrets\s*[.[]|github\.token|GITHUB_TOKEN/g) ?? [],
    broken: ['github-token: ""', 'github-token: ${{ github.token }}'],
  },
  {
    name: 'pins every action by a full commit SHA and says its version',
    violations: ({ text }) =>
      text
        .split('\n')
        .filter((line) => /^\s*(- )?uses:/.test(line) && !line.includes(' ./.github/slsa-plan '))
        .filter((line) => !/uses: [\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line)),
    broken: ['docker/setup-buildx-action@37fe631027851001ddb9b187196cc803df7f5f0e', 'docker/setup-buildx-action@v4'],
  },
  {
    name: 'puts no expression into a script',
    violations: ({ steps }) => steps.filter(({ run }) => run?.includes('${{') === true).map(stepTitle),
    broken: ['echo "::error::The image did not build', 'echo "${{ github.head_ref }}::error::The image did not build'],
  },
  {
    name: 'checks out without a token, the base for the settings and the very commit for the rest',
    violations: ({ workflow }) =>
      Object.entries(workflow.jobs).flatMap(([name, { steps }]) =>
        steps
          .filter((step) => uses(step, 'actions/checkout'))
          .filter(
            (step) =>
              step.with['persist-credentials'] !== 'false' ||
              step.with['ref'] !== `\${{ github.event.pull_request.${name === 'plan' ? 'base' : 'head'}.sha }}`,
          )
          .map(() => name),
      ),
    broken: ['ref: ${{ github.event.pull_request.base.sha }}', 'ref: ${{ github.event.pull_request.head.sha }}'],
  },
  {
    name: "lets no job that runs the fork's code upload what the App reads",
    violations: (file) => [
      ...OWN_CODE.flatMap((job) => uploadsOf(file, job)).filter((name) => !MATERIAL.includes(name)),
      ...(file.text.match(/material=(?!fork-(lint|image)-\$ATTEMPT")\S*/g) ?? []),
    ],
    broken: ['material=fork-image-$ATTEMPT', 'material=slsa-scan-$ATTEMPT'],
  },
  {
    name: 'lets what it builds lie where the settings say, and behind no link',
    violations: (file) => {
      const titles = stepsOf(file, 'build').map(stepTitle);
      const [refused, built] = [titles.indexOf('Refuse a path that leads outside'), titles.indexOf('Build')];
      return refused >= 0 && refused < built ? [] : ['it builds without having looked'];
    },
    broken: ['Refuse a path that leads outside', 'Look at the paths'],
  },
  {
    name: "lets linters work on a copy, since what is written into a checkout's own .git is carried out by its last step",
    violations: ({ steps }) => {
      const script = steps.find(({ name }) => name === 'MegaLinter')?.run ?? '';
      return script.includes('cp --archive source lint\n') && !script.includes('--volume "$GITHUB_WORKSPACE/source')
        ? []
        : ['it mounts the checkout'];
    },
    broken: ['--volume "$GITHUB_WORKSPACE/lint:', '--volume "$GITHUB_WORKSPACE/source:'],
  },
  {
    name: "runs nothing of the repository's in the job that reports",
    violations: (file) =>
      stepsOf(file, 'report').flatMap((step) => [
        ...(uses(step, 'actions/checkout') ? ['it checks out'] : []),
        ...(/\b(docker|npm|npx|node|python3?|make|source|eval|sh -c)\b/.test(step.run ?? '') ? [stepTitle(step)] : []),
      ]),
    broken: [
      '    steps:\n      - if: ${{ needs.lint.outputs.material',
      '    steps:\n      - uses: actions/checkout@x\n      - if: ${{ needs.lint.outputs.material',
    ],
  },
  {
    name: 'leaves a report for each stage, under the name that the App reads',
    violations: (file) => {
      const wanted = FORK_STAGES.map((stage) => `${artifactName(stage, 1).slice(0, -1)}\${{ github.run_attempt }}`);
      const found = uploadsOf(file, 'report');
      return JSON.stringify(found) === JSON.stringify(wanted) ? [] : found;
    },
    broken: ['name: slsa-scan-${{ github.run_attempt }}', 'name: slsa-scan'],
  },
  {
    name: "hands MegaLinter's container nothing of the runner's: no token, no file commands, no docker socket",
    violations: ({ steps }) => {
      const script = steps.find(({ name }) => name === 'MegaLinter');
      const mounts = script?.run?.match(/--volume "[^"]+"/g) ?? [];
      return [
        ...(script?.uses === undefined ? [] : ['it is an action']),
        ...mounts.filter(
          (mount) => !/^--volume "\$(GITHUB_WORKSPACE\/lint|RUNNER_TEMP\/reports):\/[\w/]+"$/.test(mount),
        ),
        ...(mounts.length === 2 ? [] : ['another number of mounts']),
        ...(script?.run?.match(/--privileged|docker\.sock|--env-file|--network|--env [A-Z_]+(?!\S*=)(?=\s)/g) ?? []),
      ];
    },
    broken: ['--env APPLY_FIXES=none', '--env ACTIONS_RUNTIME_TOKEN'],
  },
  {
    name: 'pushes no image, and takes no cache',
    violations: ({ steps }) =>
      steps
        .filter((step) => uses(step, 'docker/build-push-action'))
        .flatMap((step) => [
          ...(step.with['push'] === 'false' ? [] : ['it pushes']),
          ...(step.with['outputs']?.startsWith('type=oci,') === true ? [] : ['its output']),
          ...(step.with['no-cache'] === 'true' ? [] : ['its cache']),
        ]),
    broken: ['push: false', 'push: true'],
  },
  {
    name: 'ends each job by itself within what the App waits',
    violations: ({ workflow }) =>
      Object.entries(FORK_CHECK_MINUTES)
        .filter(([job, minutes]) => workflow.jobs[job]?.['timeout-minutes'] !== minutes)
        .map(([job]) => job),
    broken: ['timeout-minutes: 20', 'timeout-minutes: 21'],
  },
  {
    name: 'swallows no failure but those of its two tools, which it tells in the end',
    violations: ({ steps }) => [
      ...steps.filter((step) => /\|\|\s*(true|:)|set \+e|2>\s*\/dev\/null/.test(step.run ?? '')).map(stepTitle),
      ...steps
        .filter((step) => step['continue-on-error'] !== undefined && !['MegaLinter', 'Build'].includes(step.name ?? ''))
        .map(stepTitle),
    ],
    broken: ['      - name: Report lint\n', '      - name: Report lint\n        continue-on-error: true\n'],
  },
  {
    name: 'runs its scripts so that a failure inside a pipe counts',
    violations: ({ workflow }) =>
      Object.values(workflow.jobs).flatMap((job) =>
        job.steps
          .filter((step) => step.run !== undefined && !shellOf(workflow, job, step).includes('pipefail'))
          .map(stepTitle),
      ),
    broken: ['defaults:\n  run:\n    shell: bash\n', ''],
  },
];

describe('fork-check.yml', () => {
  it.each(RULES)('$name', ({ violations }) => {
    expect(violations(FILE)).toEqual([]);
  });

  it.each(RULES)('would be caught where it did not keep: $name', ({ violations, broken: [from, to] }) => {
    expect(TEXT).toContain(from);
    expect(violations(fileOf(TEXT.replace(from, () => to)))).not.toEqual([]);
  });

  it("reads the settings by the builder's own step", () => {
    const { uses: action, ...own } = stepNamed(FILE, 'Plan', 'plan').step;
    const { uses: ofBuilder, ...builder } = stepNamed(parseStageFile('builder', SOURCES.builder), 'Plan', 'plan').step;
    expect(own).toEqual(builder);
    expect([action, ofBuilder]).toEqual(['./.github/slsa-plan', expect.stringContaining('/plan@')]);
  });

  it('has the jobs that speak for its stages', () => {
    for (const stage of FORK_STAGES) expect(Object.keys(FILE.workflow.jobs)).toContain(FORK_JOBS[stage]);
  });

  it.each([
    'slsa fork 7',
    `slsa fork 0 ${COMMIT} main`,
    `slsa fork 7 ${COMMIT}`,
    `slsa fork -1 ${COMMIT} main`,
    'slsa fork 7 abc main',
  ])('is not recognised by the title %j', (title) => {
    expect(parseForkRunTitle(title)).toBeNull();
  });
});

const TOOLS = Object.fromEntries(
  ['bash', 'jq', 'sha256sum', 'cut', 'cp', 'mv', 'mkdir', 'realpath'].map((name) => [name, findTool(name)]),
);

describeWithTools(TOOLS)('the scripts of fork-check.yml', () => {
  let folder: string;
  let workspace: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fork-check-'));
    workspace = join(folder, 'workspace');
    for (const name of ['bin', 'workspace', 'temp']) mkdirSync(join(folder, name));
    for (const [name, path] of Object.entries(TOOLS)) if (path !== null) symlinkSync(path, join(folder, 'bin', name));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const CONTEXT: Readonly<Record<string, string>> = {
    'github.event.pull_request.head.sha': COMMIT,
    'needs.lint.outputs.outcome': 'success',
    'needs.build.outputs.outcome': 'success',
    'needs.build.outputs.digest': DIGEST,
    'needs.build.outputs.buildx': 'v0.36.1',
    'steps.syft.outputs.cmd': 'syft',
    'github.run_attempt': '2',
    'needs.plan.outputs.context': 'app',
    'needs.plan.outputs.dockerfile': 'app/Dockerfile',
    'needs.plan.outputs.platforms': 'linux/arm64,linux/amd64',
  };

  function run(
    title: string,
    context: Readonly<Record<string, string>> = {},
  ): { status: number; says: string; output: string } {
    const { job, step } = stepNamed(FILE, title);
    const [shell = 'bash', ...flags] = shellOf(FILE.workflow, job, step);
    const known = { ...CONTEXT, ...context };
    const env = Object.entries(step.env).map(([name, text]) => [
      name,
      text.replace(/\$\{\{ (\S+) \}\}/g, (_, expression: string) => known[expression] ?? `unknown ${expression}`),
    ]);
    const script = join(folder, 'script.sh');
    const output = join(folder, 'output');
    writeFileSync(script, step.run ?? '');
    writeFileSync(output, '');
    const ended = spawnSync(shell, [...flags, script], {
      cwd: workspace,
      encoding: 'utf8',
      env: {
        ...Object.fromEntries(env),
        PATH: join(folder, 'bin'),
        RUNNER_TEMP: join(folder, 'temp'),
        GITHUB_WORKSPACE: workspace,
        GITHUB_OUTPUT: output,
      },
    });
    return { status: ended.status ?? -1, says: `${ended.stdout}${ended.stderr}`, output: readFileSync(output, 'utf8') };
  }

  const put = (path: string, text: string): void => {
    mkdirSync(join(workspace, path, '..'), { recursive: true });
    writeFileSync(join(workspace, path), text);
  };

  const readingOf = (stage: ForkStage, conclusion = 'success') =>
    readStageResult(
      stage,
      reportFilesIn(join(workspace, stage), stage),
      expectation(stage, { ...(stage === 'build' ? { isPushed: false } : {}) }),
      conclusion,
    );

  it.each([
    ['success', 0, 0],
    ['failure', 1, 2],
  ])('report lint that ended in %s', (outcome, exitCode, errors) => {
    put('lint/megalinter-reports/mega-linter-report.json', megaLinterReport(errors));
    put('lint/megalinter-reports/megalinter-report.sarif', SARIF);
    expect(run('Report lint', { 'needs.lint.outputs.outcome': outcome })).toMatchObject({ status: 0 });
    const reading = readingOf('lint', exitCode === 0 ? 'success' : 'failure');
    expect(reading).toMatchObject({ kind: 'read', result: { errors } });
  });

  it('report no lint that never started', () => {
    mkdirSync(join(workspace, 'lint'));
    expect(run('Report lint', { 'needs.lint.outputs.outcome': '' })).toMatchObject({ status: 1 });
  });

  it('report an image by its digest, and a build that failed', () => {
    expect(run('Report the build')).toMatchObject({ status: 0, output: 'image=true\n' });
    expect(readingOf('build')).toEqual({ kind: 'read', result: { kind: 'not_pushed', digest: DIGEST } });
    rmSync(join(workspace, 'build'), { recursive: true });
    expect(run('Report the build', { 'needs.build.outputs.outcome': 'failure' })).toMatchObject({
      status: 0,
      output: '',
    });
    expect(readingOf('build', 'failure')).toEqual({ kind: 'read', result: { kind: 'failed', exitCode: 1 } });
  });

  it.each(['', 'sha256:abc', `${DIGEST}\nimage=true`])('report no image whose digest is %j', (digest) => {
    expect(run('Report the build', { 'needs.build.outputs.digest': digest })).toMatchObject({ status: 1 });
  });

  it('report the SBOM of that image, and the scan of that SBOM', () => {
    // syft's stand-in writes what `--output cyclonedx-json@1.6=FILE` asks for.
    const syft = join(folder, 'bin', 'syft');
    writeFileSync(
      syft,
      `#!${TOOLS['bash'] ?? ''}\n[ "$2" = oci-archive:image/image.tar ] || exit 3\nprintf '%s' "$SBOM" > "\${4#*=}"\n`,
    );
    chmodSync(syft, 0o755);
    const { step } = stepNamed(FILE, 'Report the SBOM');
    step.env['SBOM'] = SBOM;
    expect(run('Report the SBOM')).toMatchObject({ status: 0 });
    expect(readingOf('sbom')).toMatchObject({ kind: 'read', result: { sha256: sha256(SBOM), components: 1 } });
    put('grype.json', GRYPE_JSON);
    expect(run('Report the scan')).toMatchObject({ status: 0 });
    expect(readingOf('scan')).toMatchObject({ kind: 'read', result: { counts: { high: 1 } } });
  });

  it('report no scan without a report', () => {
    put('sbom/sbom.cdx.json', SBOM);
    writeFileSync(join(workspace, 'grype.json'), '');
    expect(run('Report the scan')).toMatchObject({ status: 1 });
  });

  it('build one platform, at the places that the settings name', () => {
    put('app/Dockerfile', 'FROM scratch\n');
    expect(run('Refuse a path that leads outside')).toMatchObject({ status: 0, output: 'platform=linux/arm64\n' });
    expect(run('Refuse a path that leads outside', { 'needs.plan.outputs.context': '.' })).toMatchObject({ status: 0 });
  });

  it.each([
    ['the context', 'app', '/proc/self'],
    ['the context, by a way within', 'app', '.git'],
    ['the Dockerfile', 'app/Dockerfile', '/proc/self/environ'],
  ])('build nothing where %s is a link', (_, path, target) => {
    mkdirSync(join(workspace, path, '..'), { recursive: true });
    symlinkSync(target, join(workspace, path));
    const ended = run('Refuse a path that leads outside');
    expect(ended).toMatchObject({ status: 1 });
    expect(ended.says).toContain('link');
  });

  it("keep MegaLinter's reports, and no link that stands in a report's place", () => {
    const reports = join(folder, 'temp', 'reports');
    mkdirSync(reports);
    writeFileSync(join(folder, 'temp', 'secret'), 'a secret of the runner');
    writeFileSync(join(reports, 'mega-linter-report.json'), '{}');
    symlinkSync(join(folder, 'temp', 'secret'), join(reports, 'megalinter-report.sarif'));
    expect(run('Keep what it left')).toMatchObject({ status: 0, output: 'material=fork-lint-2\n' });
    expect(reportFilesIn(join(workspace, 'material'), 'lint').size).toBe(0);
    expect(readFileSync(join(workspace, 'material', 'mega-linter-report.json'), 'utf8')).toBe('{}');
    expect(() => readFileSync(join(workspace, 'material', 'megalinter-report.sarif'))).toThrow(/ENOENT/);
  });
});
