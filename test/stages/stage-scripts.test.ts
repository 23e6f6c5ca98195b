/**
 * The scripts of the stage files, run by bash in an empty folder: with the shell that Actions would use, the environment
 * that the file wires up, and no other tool than stubs of cosign, gh, curl and docker beside the real jq and sha256sum.
 * Those of the build are the isolated builder's; what its plan decides is plan-step.test.ts.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PROVENANCE_PREDICATE, readBuild } from '../../src/domain/build/build-result.ts';
import type { Signing } from '../../src/domain/build/builder.ts';
import { CYCLONEDX_PREDICATE, readVerify, SIGNATURE_PREDICATE } from '../../src/domain/signature/signature-result.ts';
import { Fixes } from '../../src/domain/repair/fixes.ts';
import { readStageReport, type Reading, type StageReport } from '../../src/domain/stage/stage-report.ts';
import { STAGES, type Stage } from '../../src/domain/stage/stage-table.ts';
import {
  bundleOf,
  BUILDX_METADATA_JSON,
  COMMIT,
  cosignVerifyOutput,
  describeWithTools,
  DIGEST,
  expectation,
  findTool,
  ghVerifyOutput,
  GRYPE_JSON,
  IMAGE,
  MANIFEST,
  megaLinterReport,
  OTHER_COMMIT,
  OTHER_DIGEST,
  readStageFile,
  reportFilesIn,
  SBOM,
  sha256,
  shellOf,
  stepNamed,
  stepTitle,
  TAG,
  type FileName,
  type Step,
} from './stage-files.ts';

/** What a script may find beside the stubs; anything else it calls is missing, and says so. */
const REAL_TOOLS = ['bash', 'jq', 'sha256sum', 'cut', 'cp', 'cat', 'rm', 'touch'] as const;
const realTools = Object.fromEntries(REAL_TOOLS.map((name) => [name, findTool(name)]));

/** An answer of a stub: to the call whose arguments contain `to`, else to any. */
interface Answer {
  readonly to?: string;
  readonly stdout?: string;
  readonly exit?: number;
  /** The file that the argument behind `--bundle` names gets this. */
  readonly bundle?: string;
}

interface Scene {
  /** What each expression of the step's environment stands for; the usual values where it is not named. */
  readonly context?: Readonly<Record<string, string>>;
  /** Files that earlier steps left. */
  readonly files?: Readonly<Record<string, string>>;
  readonly stubs?: Readonly<Record<string, readonly Answer[]>>;
  /** What the runner says of itself, where it is not the usual. */
  readonly runner?: Readonly<Record<string, string>>;
}

interface Ended {
  readonly status: number;
  /** What it printed: annotations among it. */
  readonly says: string;
  /** What it wrote for later steps. */
  readonly output: string;
  /** Every call of a stub: its name, then its arguments. */
  readonly calls: readonly (readonly string[])[];
}

const USUAL: Readonly<Record<string, string>> = {
  'inputs.commit': COMMIT,
  'inputs.image': IMAGE,
  'inputs.digest': DIGEST,
  'inputs.signing': 'public_log',
  'inputs.sign_file': '04-sign-image.yml',
  'inputs.attest_file': '05-attest-sbom.yml',
  'inputs.sbom_sha256': sha256(SBOM),
  'github.token': 'ghs_x',
  'needs.plan.outputs.filled': 'image registry tag dockerfile context platforms signing filled',
  'needs.plan.outputs.image': IMAGE,
  'needs.plan.outputs.registry': 'ghcr.io',
  'needs.plan.outputs.tag': TAG,
  'needs.plan.outputs.dockerfile': 'Dockerfile',
  'needs.plan.outputs.context': '.',
  'needs.plan.outputs.target': '',
  'needs.plan.outputs.platforms': 'linux/amd64',
  'needs.plan.outputs.build_args': '',
  'needs.plan.outputs.signing': 'public_log',
  'needs.build.outputs.digest': DIGEST,
  'needs.build.outputs.buildx': 'v0.36.1',
  'github.repository': 'acme/app',
  'github.ref': 'refs/heads/main',
  'github.event.repository.default_branch': 'main',
  'github.event.repository.visibility': 'public',
  'steps.megalinter.outcome': 'success',
  'steps.build.outcome': 'success',
  'steps.build.outputs.digest': DIGEST,
  'steps.github.outputs.bundle-path': '',
  'steps.attest.outputs.bundle-path': 'runner-temp/attestation.json',
  'steps.verify.outputs.status': '0',
  "inputs.signing == 'public_log' && github.event.repository.visibility != 'public'": 'false',
};

let folder: string;
/** Where the scripts run, as in the workspace of a job. */
let workspace: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stage-scripts-'));
  workspace = join(folder, 'workspace');
  mkdirSync(join(folder, 'bin'));
  mkdirSync(workspace);
  for (const [name, path] of Object.entries(realTools)) {
    if (path !== null) symlinkSync(path, join(folder, 'bin', name));
  }
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** The file whose scripts these are: of the build, the builder's. */
const fileOf = (stage: Stage): FileName => (stage === 'build' ? 'builder' : stage);

function runStep(stage: Stage, name: string, scene: Scene = {}): Ended {
  const file = readStageFile(fileOf(stage));
  const { job, step } = stepNamed(file, name);
  for (const [path, text] of Object.entries(scene.files ?? {})) write(join(workspace, path), text);
  for (const [tool, answers] of Object.entries(scene.stubs ?? {}))
    write(join(folder, 'bin', tool), stub(tool, answers));
  const script = join(folder, 'script.sh');
  write(script, step.run ?? '');
  const [shell, ...options] = shellOf(file.workflow, job, step);
  const { status, stdout, error } = spawnSync(join(folder, 'bin', shell!), [...options, script], {
    cwd: workspace,
    encoding: 'utf8',
    env: { ...runnerEnvironment(), ...scene.runner, ...environmentOf(step, scene.context ?? {}) },
  });
  if (error !== undefined) throw error;
  const output = textOf(join(folder, 'output'));
  return { status: status ?? -1, says: stdout, output, calls: callsOf(join(folder, 'calls')) };
}

const runnerEnvironment = (): Record<string, string> => ({
  PATH: join(folder, 'bin'),
  HOME: folder,
  GITHUB_SHA: COMMIT,
  GITHUB_REF: 'refs/heads/main',
  GITHUB_REPOSITORY: 'acme/app',
  GITHUB_SERVER_URL: 'https://github.com',
  GITHUB_WORKFLOW_REF: 'acme/app/.github/workflows/01-build-image.yml@refs/heads/main',
  GITHUB_RUN_ID: '77',
  GITHUB_RUN_ATTEMPT: '2',
  ACTIONS_ID_TOKEN_REQUEST_URL: 'https://tokens.example/job?api-version=2.0',
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token',
  RUNNER_TEMP: join(folder, 'temp'),
  GITHUB_OUTPUT: join(folder, 'output'),
});

/** The step's `env:` with its expressions filled in; an expression that the tests do not know is an error. */
function environmentOf(step: Step, context: Readonly<Record<string, string>>): Record<string, string> {
  const known: Readonly<Record<string, string>> = { ...USUAL, ...context };
  const fill = (text: string): string =>
    text.replaceAll(/\$\{\{ (.*?) \}\}/g, (_, expression: string) => {
      const value = known[expression];
      if (value === undefined) throw new Error(`"${stepTitle(step)}" uses ${expression}, unknown to this test`);
      return value;
    });
  return Object.fromEntries(Object.entries(step.env).map(([name, text]) => [name, fill(text)]));
}

/** Arguments end with a line of their own, NUL-free, so that line breaks within them are seen. */
function stub(tool: string, answers: readonly Answer[]): string {
  const branches = answers.map(({ to = '', stdout = '', exit = 0, bundle }, index) => {
    const answer = join(folder, `${tool}-${index}`);
    write(answer, stdout);
    if (bundle !== undefined) write(`${answer}-bundle`, bundle);
    const leave = bundle === undefined ? '' : `cp '${answer}-bundle' "$bundle"; `;
    return `*'${to}'*) ${leave}cat '${answer}'; exit ${exit} ;;`;
  });
  return [
    `#!${realTools['bash'] ?? 'bash'}`,
    `{ printf '%s\\0' '${tool}' "$@"; printf '\\1'; } >> '${join(folder, 'calls')}'`,
    'all="$*"; bundle=',
    'while [ $# -gt 0 ]; do if [ "$1" = --bundle ]; then bundle=$2; fi; shift; done',
    `case "$all" in`,
    ...branches,
    'esac',
    'exit 64',
  ].join('\n');
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { force: true });
  writeFileSync(path, text);
  chmodSync(path, 0o755);
}

const textOf = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');

const callsOf = (path: string): string[][] =>
  textOf(path)
    .split('\u0001')
    .filter((call) => call !== '')
    .map((call) => call.split('\0').slice(0, -1));

const stageJson = (stage: Stage): Reading<StageReport> =>
  readStageReport(reportFilesIn(workspace, stage), expectation(stage));

const reportExists = (): boolean => existsSync(join(workspace, 'stage.json'));

const BUILDX: Scene['stubs'] = {
  docker: [{ to: 'buildx version', stdout: 'github.com/docker/buildx v0.36.1 1a2b3c\n' }],
};
const PROVENANCE_BUNDLE = bundleOf(PROVENANCE_PREDICATE, DIGEST);
const MEGALINTER = 'megalinter-reports/mega-linter-report.json';
const ATTESTATION = { 'runner-temp/attestation.json': bundleOf(CYCLONEDX_PREDICATE, DIGEST) };
const SIGNATURE = { 'signature.sigstore.json': bundleOf(SIGNATURE_PREDICATE, DIGEST) };

/** What stage 06 has fetched before it verifies. */
const FETCHED = { 'manifest.json': MANIFEST, 'trusted_root.jsonl': '{}\n', [`${DIGEST}.jsonl`]: '{}\n' };

/** What each "Write stage.json" needs to succeed. */
const USUAL_SCENES: Readonly<Record<Stage, Scene>> = {
  lint: { files: { [MEGALINTER]: megaLinterReport(0) } },
  build: {
    stubs: BUILDX,
    files: { 'runner-temp/attestation.json': PROVENANCE_BUNDLE, 'buildx-metadata.json': BUILDX_METADATA_JSON },
  },
  sbom: { files: { 'sbom.cdx.json': SBOM } },
  scan: { files: { 'sbom/sbom.cdx.json': SBOM, 'grype.json': GRYPE_JSON } },
  sign: { files: SIGNATURE },
  attest: { files: { 'sbom/sbom.cdx.json': SBOM, ...ATTESTATION } },
  verify: {
    files: FETCHED,
    stubs: {
      cosign: [{ to: 'verify', stdout: cosignVerifyOutput(DIGEST) }],
      gh: [{ to: 'cyclonedx', stdout: ghVerifyOutput(CYCLONEDX_PREDICATE, DIGEST) }],
    },
  },
};

/** The step that writes stage.json. */
const writerOf = (stage: Stage): string =>
  stage === 'verify' ? 'Verify signature and attestation' : 'Write stage.json';

const runWriter = (stage: Stage, scene: Scene = {}): Ended =>
  runStep(stage, writerOf(stage), { ...USUAL_SCENES[stage], ...scene });

describeWithTools(realTools)('the scripts of the stage files', () => {
  describe.each(STAGES)('of %s', (stage) => {
    it('write a stage.json that the product accepts', () => {
      const { status } = runWriter(stage);
      expect(status).toBe(0);
      expect(stageJson(stage)).toMatchObject({ kind: 'read', result: { stage, commit: COMMIT, exitCode: 0 } });
    });

    it('write a stage.json of another commit so that the product refuses it', () => {
      runWriter(stage, { context: { 'inputs.commit': OTHER_COMMIT } });
      expect(stageJson(stage)).toMatchObject({ kind: 'unusable', problem: { code: 'wrong_subject' } });
    });

    it.each([
      '$(touch pwned)',
      '`touch pwned`',
      '"; touch pwned; "',
      "'; touch pwned; '",
      'a\ntouch pwned',
      '${IFS}* \\ %s -n',
      '"}\u0007\u001b[31m',
    ])('T5, T26: take %j for what it is, in every input', (value) => {
      const context = Object.fromEntries(
        Object.keys(USUAL)
          .filter((expression) => /^(inputs|needs\.plan)\./.test(expression))
          .map((expression) => [expression, value]),
      );
      for (const step of readStageFile(fileOf(stage)).steps.filter(({ run }) => run !== undefined)) {
        const isWriter = step.name === writerOf(stage);
        const signing = isWriter ? { 'inputs.signing': 'public_log', 'needs.plan.outputs.signing': 'none' } : {};
        runStep(stage, stepTitle(step), { ...USUAL_SCENES[stage], context: { ...context, ...signing } });
      }
      expect(existsSync(join(workspace, 'pwned'))).toBe(false);
      const report: unknown = JSON.parse(textOf(join(workspace, 'stage.json')));
      expect(report).toMatchObject({ stage, commit: value });
    });
  });

  describe.each(['lint', 'build'] as const)('that bind %s to its commit', (stage) => {
    it('go on at the commit', () => {
      expect(runStep(stage, 'Refuse any other commit').status).toBe(0);
    });

    it.each([OTHER_COMMIT, '', COMMIT.slice(0, 12), `${COMMIT}\n`])('refuse %j', (commit) => {
      expect(runStep(stage, 'Refuse any other commit', { context: { 'inputs.commit': commit } }).status).not.toBe(0);
    });
  });

  describe.each(['sbom', 'sign', 'attest', 'verify'] as const)('that find the registry of %s', (stage) => {
    const find = (image: string): Ended => runStep(stage, 'Find the registry', { context: { 'inputs.image': image } });

    it.each([
      ['ghcr.io/acme/app', 'host=ghcr.io\n'],
      ['registry.example:5000/acme/app', 'host=registry.example:5000\n'],
    ])('read it off %s', (image, output) => {
      expect(find(image)).toMatchObject({ status: 0, output });
    });

    it.each(['ghcr.io\nhost=evil.example/acme/app', 'ghcr.io\n\nhost<<E\nevil.example\nE/acme/app'])(
      'let no image write an output of its own: %j',
      (image) => {
        const { output } = find(image);
        expect(output.split('\n').filter((line) => line !== '').length).toBeLessThan(2);
      },
    );
  });

  describe.each(['scan', 'attest'] as const)('that bind %s to its SBOM', (stage) => {
    it('go on with the one that was asked for', () => {
      expect(runStep(stage, 'Refuse another SBOM', { files: { 'sbom/sbom.cdx.json': SBOM } }).status).toBe(0);
    });

    it('refuse another', () => {
      expect(runStep(stage, 'Refuse another SBOM', { files: { 'sbom/sbom.cdx.json': `${SBOM} ` } }).status).toBe(1);
    });

    it.each([sha256(SBOM), ''])('refuse to go on without one, even where %j was asked for', (hash) => {
      const { status } = runStep(stage, 'Refuse another SBOM', { context: { 'inputs.sbom_sha256': hash } });
      expect(status).not.toBe(0);
    });
  });
});

describeWithTools(realTools)('the report of lint', () => {
  const outcome = (value: string): Scene => ({ context: { 'steps.megalinter.outcome': value } });

  it('has exit code 1 where MegaLinter found errors', () => {
    const { status } = runWriter('lint', { ...outcome('failure'), files: { [MEGALINTER]: megaLinterReport(2) } });
    expect(status).toBe(0);
    expect(stageJson('lint')).toMatchObject({ kind: 'read', result: { exitCode: 1 } });
  });

  it.each([
    ['absent', {}],
    ['empty', { [MEGALINTER]: '' }],
  ])("is not written where MegaLinter's own is %s", (_, files) => {
    expect(runWriter('lint', { files }).status).not.toBe(0);
    expect(reportExists()).toBe(false);
  });

  it.each(['skipped', 'cancelled', ''])('is not written where MegaLinter was %s', (value) => {
    expect(runWriter('lint', outcome(value)).status).not.toBe(0);
    expect(reportExists()).toBe(false);
  });

  it.each([
    ['success', 0],
    ['failure', 1],
    ['', 1],
  ])('is followed by the end of the job: %s', (value, status) => {
    expect(runStep('lint', 'Say how lint ended', outcome(value)).status).toBe(status);
  });
});

const fixTools = Object.fromEntries(
  ['git', 'mkdir', 'basename', 'head', 'wc', 'base64'].map((name) => [name, findTool(name)]),
);

describeWithTools({ ...realTools, ...fixTools })('what lint keeps beside its report', () => {
  beforeEach(() => {
    for (const [name, path] of Object.entries(fixTools)) symlinkSync(path ?? '', join(folder, 'bin', name));
  });

  const kept = (name: string): unknown => JSON.parse(textOf(join(workspace, name)));
  const git = (...args: string[]): void => {
    const { status, stderr } = spawnSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
      cwd: workspace,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
  };
  const LOGS = 'megalinter-reports/linters_logs';

  it('A14, A15: is what linters printed of errors and warnings, by their keys, cut where it is long', () => {
    const files = {
      [`${LOGS}/JSON_PRETTIER-WARNING.log`]: '[warn] "a.json"\n',
      [`${LOGS}/SPELL_CSPELL-ERROR.log`]: 'x'.repeat(300_000),
      [`${LOGS}/PYTHON_RUFF-SUCCESS.log`]: 'all good\n',
    };
    expect(runStep('lint', 'Keep what linters printed', { files }).status).toBe(0);
    expect(kept('linter-logs.json')).toEqual({
      JSON_PRETTIER: '[warn] "a.json"\n',
      SPELL_CSPELL: 'x'.repeat(200_000),
    });
  });

  it('is nothing where no linter found anything', () => {
    expect(runStep('lint', 'Keep what linters printed').status).toBe(0);
    expect(kept('linter-logs.json')).toEqual({});
  });

  it('is each source that the fixers changed, with its digest, in a form that the product reads', () => {
    const before = { 'a b.js': 'var a;\n', 'é.md': '# A\n', 'same.js': 'x\n', 'megalinter-reports/r.json': '{}' };
    for (const [path, text] of Object.entries(before)) write(join(workspace, path), text);
    symlinkSync('same.js', join(workspace, 'link.js'));
    git('init', '--quiet');
    git('add', '.');
    git('commit', '--quiet', '-m', 'a');
    const after = {
      'a b.js': 'let a;\r\n',
      'é.md': '# A\n\nB',
      'megalinter-reports/r.json': '{"a":1}',
      'new.js': 'n\n',
    };
    rmSync(join(workspace, 'link.js'));
    symlinkSync('a b.js', join(workspace, 'link.js'));
    expect(runStep('lint', 'Keep what the fixers changed', { files: after }).status).toBe(0);
    const { files, left } = Fixes.parse(kept('fixes.json'));
    const texts = files.map(({ path, content, sha256: digest }) => {
      const text = Buffer.from(content, 'base64').toString('utf8');
      expect(digest).toBe(sha256(text));
      return [path, text];
    });
    expect(Object.fromEntries(texts)).toEqual({ 'a b.js': 'let a;\r\n', 'é.md': '# A\n\nB' });
    expect(left).toBe(0);
  });

  it('leaves a source out that is too large, and counts it', () => {
    write(join(workspace, 'a.js'), 'a');
    git('init', '--quiet');
    git('add', '.');
    git('commit', '--quiet', '-m', 'a');
    expect(runStep('lint', 'Keep what the fixers changed', { files: { 'a.js': 'a'.repeat(2_000_001) } }).status).toBe(
      0,
    );
    expect(kept('fixes.json')).toEqual({ schemaVersion: 1, files: [], left: 1 });
  });

  it('leaves out what is too much in all, and counts it', () => {
    const names = ['a.js', 'b.js', 'c.js', 'd.js', 'e.js', 'f.js'];
    for (const name of names) write(join(workspace, name), 'a\n');
    git('init', '--quiet');
    git('add', '.');
    git('commit', '--quiet', '-m', 'a');
    const files = Object.fromEntries(names.map((name) => [name, 'b'.repeat(1_900_000)]));
    expect(runStep('lint', 'Keep what the fixers changed', { files }).status).toBe(0);
    expect(kept('fixes.json')).toMatchObject({ left: 2, files: { length: 4 } });
  });
});

/** The values that a script wrote for others, each under its name. */
const outputsIn = (output: string): Record<string, string> =>
  Object.fromEntries(
    output
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );

const readsAs = (signing: Signing, conclusion = 'success'): unknown =>
  readBuild(reportFilesIn(workspace, 'build'), expectation('build', { build: { tag: TAG, signing } }), conclusion);

const builtBy = (signing: Signing): unknown => ({
  kind: 'read',
  result: {
    kind: 'built',
    image: `${IMAGE}:${TAG}`,
    digest: DIGEST,
    warnings: 0,
    signing,
    provenanceSha256: sha256(textOf(join(workspace, 'provenance.json'))),
  },
});

const filesLeft = (): string[] =>
  ['stage.json', 'buildx-metadata.json', 'provenance.json'].filter((name) => existsSync(join(workspace, name)));

describeWithTools(realTools)('the plan that the build goes by', () => {
  const ALWAYS = ['image', 'registry', 'tag', 'dockerfile', 'context', 'platforms', 'signing'];
  const withheld = (name: string, filled = USUAL['needs.plan.outputs.filled']!): Scene => ({
    context: {
      'needs.plan.outputs.target': 'release',
      'needs.plan.outputs.build_args': 'A=1\nB=2',
      'needs.plan.outputs.filled': filled,
      [`needs.plan.outputs.${name}`]: '',
    },
  });

  it('is good without target and build arguments, which need not be', () => {
    expect(runStep('build', 'Refuse a plan with gaps')).toMatchObject({ status: 0, says: '' });
  });

  it('is good with several lines of build arguments', () => {
    const filled = `${ALWAYS.join(' ')} target build_args`;
    const context = { ...withheld('x', filled).context, 'needs.plan.outputs.build_args': 'A=\nB=* $(touch pwned)' };
    expect(runStep('build', 'Refuse a plan with gaps', { context }).status).toBe(0);
    expect(existsSync(join(workspace, 'pwned'))).toBe(false);
  });

  it.each([...ALWAYS, 'target', 'build_args', 'filled'])(
    'is refused where GitHub withheld %s, which holds a secret',
    (name) => {
      const filled = name === 'filled' ? '' : [...ALWAYS, 'target', 'build_args'].join(' ');
      const { status, says } = runStep('build', 'Refuse a plan with gaps', withheld(name, filled));
      expect(status).toBe(1);
      expect(says).toMatch(new RegExp(`^::error::GitHub withheld ${name} of the plan: .* Write another value\\.\n$`));
    },
  );

  it('is refused where GitHub withheld all of it', () => {
    const context = Object.fromEntries(Object.keys(USUAL).map((name) => [name, '']));
    expect(runStep('build', 'Refuse a plan with gaps', { context }).status).toBe(1);
  });
});

describeWithTools(realTools)('the result of the build', () => {
  const ended = (outcome: string, digest = ''): Scene => ({
    stubs: BUILDX,
    context: { 'steps.build.outcome': outcome, 'steps.build.outputs.digest': digest },
  });
  const writeResult = (outcome: string, digest = ''): Ended =>
    runStep('build', 'Write the result', ended(outcome, digest));

  it('A5: names the digest and the version of buildx, and hands on no metadata', () => {
    const { status, output } = writeResult('success', DIGEST);
    expect(status).toBe(0);
    expect(outputsIn(output)).toEqual({ digest: DIGEST, buildx: 'v0.36.1' });
    expect(filesLeft()).toEqual([]);
  });

  it('is a report where the image did not build', () => {
    const { status, output } = writeResult('failure');
    expect({ status, outputs: outputsIn(output) }).toEqual({ status: 0, outputs: { failed: 'true' } });
    expect(filesLeft()).toEqual(['stage.json', 'buildx-metadata.json']);
    expect(readsAs('public_log', 'failure')).toEqual({ kind: 'read', result: { kind: 'failed', exitCode: 1 } });
    expect(stageJson('build')).toMatchObject({ result: { tool: { name: 'buildx', version: 'v0.36.1' } } });
  });

  it.each(['skipped', 'cancelled', ''])('is none where the build was %j', (outcome) => {
    expect(writeResult(outcome, DIGEST)).toMatchObject({ status: 1, output: '' });
    expect(filesLeft()).toEqual([]);
  });

  it.each(['success', 'failure'])('is none where buildx cannot say its version: %s', (outcome) => {
    const scene = { ...ended(outcome, DIGEST), stubs: { docker: [{ exit: 1 }] } };
    const { status, output } = runStep('build', 'Write the result', scene);
    expect(status).not.toBe(0);
    expect(output).toBe('');
    expect(filesLeft()).toEqual([]);
  });

  it.each([
    ['success', 0],
    ['failure', 1],
    ['cancelled', 1],
    ['skipped', 1],
    ['', 1],
  ])('is followed by the end of the job: %j', (outcome, status) => {
    expect(runStep('build', 'Say how the build ended', ended(outcome)).status).toBe(status);
  });
});

describeWithTools(realTools)('A4: the job that signs the build, before it signs', () => {
  const HOSTED = { runner_group_id: 0, runner_group_name: 'GitHub Actions' };
  const done = { status: 'completed', conclusion: 'success', ...HOSTED };
  const JOBS = [
    { name: 'builder / plan', ...done },
    { name: 'builder / build', ...done },
    { name: 'builder / provenance', status: 'in_progress', conclusion: null, ...HOSTED },
  ];
  const look = (jobs: readonly object[], answer: Partial<Answer> = {}): Ended =>
    runStep('build', "Refuse machines that are not GitHub's", {
      stubs: { gh: [{ stdout: JSON.stringify({ total_count: jobs.length, jobs }), ...answer }] },
    });

  it("goes on where all jobs before it ran on GitHub's, and asks for no more than this attempt's", () => {
    const { status, says, calls } = look(JOBS);
    expect({ status, says }).toEqual({ status: 0, says: '' });
    expect(calls).toEqual([['gh', 'api', 'repos/acme/app/actions/runs/77/attempts/2/jobs?per_page=100']]);
  });

  it('does not count jobs that were skipped, which no machine took', () => {
    const skipped = {
      name: 'x',
      status: 'completed',
      conclusion: 'skipped',
      runner_group_id: null,
      runner_group_name: null,
    };
    expect(look([...JOBS, skipped]).status).toBe(0);
  });

  it.each([
    ['a group of its own', { runner_group_id: 1, runner_group_name: 'Default' }],
    ['a group by the name of GitHub', { runner_group_id: 7, runner_group_name: 'GitHub Actions' }],
    ['a group of another name', { runner_group_id: 0, runner_group_name: 'Default' }],
    ['no group', { runner_group_id: null, runner_group_name: null }],
  ])('refuses where the build ran in %s', (_, group) => {
    const { status, says } = look(JOBS.map((job) => (job.name === 'builder / build' ? { ...job, ...group } : job)));
    expect(status).toBe(1);
    expect(says).toContain("::error::Not every job ran on a machine of GitHub's (builder / build)");
  });

  it.each([
    ['fewer jobs are known than ran', JOBS.slice(1)],
    ['none is known', []],
  ])('refuses where %s', (_, jobs) => {
    expect(look(jobs)).toMatchObject({ status: 1, says: expect.stringContaining('fewer are known than ran') });
  });

  it.each([
    ['gh may not ask', { exit: 4 }],
    ['gh answers something else', { stdout: '[]' }],
    ['gh answers nothing', { stdout: '' }],
  ])('refuses where %s', (_, answer) => {
    expect(look(JOBS, answer).status).not.toBe(0);
  });
});

describeWithTools(realTools)('the job that signs the build', () => {
  const refuse = (context: Readonly<Record<string, string>> = {}): Ended =>
    runStep('build', 'Refuse a result with gaps', { context });

  it.each(['public_log', 'github', 'none'])('goes on with a digest and a way to sign: %s', (signing) => {
    expect(refuse({ 'needs.plan.outputs.signing': signing })).toMatchObject({ status: 0, says: '' });
    expect(JSON.parse(textOf(join(workspace, 'buildx-metadata.json')))).toEqual({
      'containerimage.digest': DIGEST,
      'containerimage.descriptor': { digest: DIGEST },
      'image.name': `${IMAGE}:${TAG}`,
    });
  });

  it.each(['', 'null', DIGEST.toUpperCase(), DIGEST.slice(0, -1), `${DIGEST}0`, `${DIGEST}\n`, `x\n${DIGEST}`])(
    'refuses the digest %j',
    (digest) => {
      expect(refuse({ 'needs.build.outputs.digest': digest })).toMatchObject({
        status: 1,
        says: expect.stringContaining('::error::The build named no digest'),
      });
    },
  );

  it.each(['', 'NONE', 'keyless', 'public_log none'])('refuses to sign by %j', (signing) => {
    expect(refuse({ 'needs.plan.outputs.signing': signing })).toMatchObject({
      status: 1,
      says: '::error::Not a way to sign that this builder knows.\n',
    });
    expect(filesLeft()).toEqual([]);
  });
});

/** What GitHub says of a job, as its token does: base64url without padding, between two dots. */
const tokenAnswer = (claims: unknown): string => {
  const [head, payload] = [{ alg: 'RS256' }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  return JSON.stringify({ count: 1, value: `${head}.${payload}.signature` });
};

describeWithTools(realTools)('provenance by the public log', () => {
  const BUILDER_REF = `acme/slsa-builder/.github/workflows/build-image.yml@${'5'.repeat(40)}`;
  const claimsOf = (ref: string, more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
    repository: 'acme/app',
    repository_id: '1001',
    repository_owner_id: '2002',
    repository_visibility: 'private',
    ref,
    sha: COMMIT,
    event_name: 'workflow_dispatch',
    workflow_ref: `acme/app/.github/workflows/01-build-image.yml@${ref}`,
    job_workflow_ref: BUILDER_REF,
    run_id: '77',
    run_attempt: '2',
    runner_environment: 'github-hosted',
    actor: 'alice',
    ...more,
  });
  const attest = (claims: unknown, cosign: Answer = { bundle: PROVENANCE_BUNDLE }): Ended =>
    runStep('build', 'Attest by the public log', {
      stubs: { curl: [{ stdout: tokenAnswer(claims) }], cosign: [cosign] },
      context: { 'needs.plan.outputs.image': IMAGE },
    });
  const predicate = (): unknown => JSON.parse(textOf(join(workspace, 'predicate.json')));

  it("asks for the job's own claims, then attests the digest", () => {
    const { status, calls } = attest(claimsOf('refs/heads/main'));
    expect(status).toBe(0);
    expect(calls).toEqual([
      [
        ...['curl', '--fail', '--silent', '--show-error', '--max-time', '30'],
        ...['--header', 'Authorization: bearer request-token'],
        'https://tokens.example/job?api-version=2.0&audience=slsa-builder',
      ],
      [
        ...['cosign', 'attest', '--yes', '--type', 'slsaprovenance1', '--predicate', 'predicate.json'],
        ...['--bundle', 'provenance.sigstore.json', `${IMAGE}@${DIGEST}`],
      ],
    ]);
  });

  it.each([
    'refs/heads/main',
    'refs/tags/v1@2',
    'refs/heads/a@b@c',
    'refs/heads/größe/日本',
    'refs/heads/"$(touch pwned)"',
  ])('has the predicate that actions/attest would write, at %s', (ref) => {
    attest(claimsOf(ref));
    expect(predicate()).toEqual({
      buildDefinition: {
        buildType: 'https://actions.github.io/buildtypes/workflow/v1',
        externalParameters: {
          workflow: { ref, repository: 'https://github.com/acme/app', path: '.github/workflows/01-build-image.yml' },
        },
        internalParameters: {
          github: {
            event_name: 'workflow_dispatch',
            repository_id: '1001',
            repository_owner_id: '2002',
            runner_environment: 'github-hosted',
          },
        },
        resolvedDependencies: [{ uri: `git+https://github.com/acme/app@${ref}`, digest: { gitCommit: COMMIT } }],
      },
      runDetails: {
        builder: { id: `https://github.com/${BUILDER_REF}` },
        metadata: { invocationId: 'https://github.com/acme/app/actions/runs/77/attempts/2' },
      },
    });
  });

  it.each([0, 1, 2])('reads claims of any length, without padding: %d more', (length) => {
    // Both characters that base64url writes in its own way are among it.
    expect(attest(claimsOf('refs/heads/main', { actor: `???>>>~~~${'x'.repeat(length)}` })).status).toBe(0);
    expect(predicate()).toMatchObject({ runDetails: { builder: { id: `https://github.com/${BUILDER_REF}` } } });
  });

  it('becomes the provenance of the report', () => {
    attest(claimsOf('refs/heads/main'));
    const context = { 'steps.attest.outputs.bundle-path': '' };
    expect(runWriter('build', { files: { 'buildx-metadata.json': BUILDX_METADATA_JSON }, context }).status).toBe(0);
    expect(readsAs('public_log')).toEqual(builtBy('public_log'));
    expect(textOf(join(workspace, 'provenance.json'))).toBe(PROVENANCE_BUNDLE);
  });

  it.each<[string, NonNullable<Scene['stubs']>]>([
    ['GitHub gives no token', { curl: [{ exit: 22 }] }],
    ['GitHub answers nothing', { curl: [{}] }],
    ['GitHub answers something else', { curl: [{ stdout: '{}' }] }],
    ['the token has no claims', { curl: [{ stdout: '{"value": "opaque"}' }] }],
    ['the claims are none', { curl: [{ stdout: tokenAnswer({}) }] }],
    ['the claims are empty', { curl: [{ stdout: '{"value": "a..c"}' }] }],
    ['the claims are not JSON', { curl: [{ stdout: '{"value": "a.bm90IEpTT04.c"}' }] }],
    ['curl is not there', {}],
  ])('is not asked of cosign where %s', (_, stubs) => {
    const { status, calls } = runStep('build', 'Attest by the public log', {
      stubs: { ...stubs, cosign: [{ bundle: PROVENANCE_BUNDLE }] },
    });
    expect(status).not.toBe(0);
    expect(calls.filter(([tool]) => tool === 'cosign')).toEqual([]);
  });

  it.each([
    ['fails', { exit: 1 }],
    ['is killed', { exit: 137, bundle: PROVENANCE_BUNDLE }],
  ])('fails where cosign %s', (_, answer: Answer) => {
    expect(attest(claimsOf('refs/heads/main'), answer).status).toBe(answer.exit);
  });

  it.each([
    ['no bundle', {}],
    ['an empty bundle', { bundle: '' }],
  ])('is not reported where cosign left %s', (_, answer: Answer) => {
    expect(attest(claimsOf('refs/heads/main'), answer).status).toBe(0);
    const context = { 'steps.attest.outputs.bundle-path': '' };
    expect(runWriter('build', { files: {}, context }).status).not.toBe(0);
    expect(reportExists()).toBe(false);
  });
});

describeWithTools(realTools)('the report of build', () => {
  const signedBy = (signing: string, more: Readonly<Record<string, string>> = {}): Scene => ({
    context: { 'needs.plan.outputs.signing': signing, ...more },
  });

  it.each(['public_log', 'github'] as const)('comes with the bundle of actions/attest: by %s', (signing) => {
    expect(runWriter('build', signedBy(signing)).status).toBe(0);
    expect(textOf(join(workspace, 'provenance.json'))).toBe(PROVENANCE_BUNDLE);
    expect(readsAs(signing)).toEqual(builtBy(signing));
    expect(stageJson('build')).toMatchObject({ result: { exitCode: 0, tool: { name: 'buildx', version: 'v0.36.1' } } });
  });

  it.each(['refs/heads/main', 'refs/heads/a@b', 'refs/tags/v1'])(
    'comes with a statement that nobody signed where nothing is: at %s',
    (ref) => {
      const workflowRef = `acme/app/.github/workflows/01-build-image.yml@${ref}`;
      const runner = { GITHUB_REF: ref, GITHUB_WORKFLOW_REF: workflowRef };
      const none = signedBy('none', { 'steps.attest.outputs.bundle-path': '' });
      expect(runWriter('build', { ...none, runner }).status).toBe(0);
      expect(readsAs('none')).toEqual(builtBy('none'));
      const repository = 'https://github.com/acme/app';
      expect(JSON.parse(textOf(join(workspace, 'provenance.json')))).toEqual({
        _type: 'https://in-toto.io/Statement/v1',
        subject: [{ name: IMAGE, digest: { sha256: DIGEST.replace('sha256:', '') } }],
        predicateType: PROVENANCE_PREDICATE,
        predicate: {
          buildDefinition: {
            buildType: 'https://actions.github.io/buildtypes/workflow/v1',
            externalParameters: { workflow: { ref, repository, path: '.github/workflows/01-build-image.yml' } },
            resolvedDependencies: [{ uri: `git+${repository}@${ref}`, digest: { gitCommit: COMMIT } }],
          },
          runDetails: {
            builder: { id: `https://github.com/${workflowRef}` },
            metadata: { invocationId: `${repository}/actions/runs/77/attempts/2` },
          },
        },
      });
    },
  );

  it('is refused where it was signed in another way than the App planned', () => {
    runWriter('build', signedBy('github'));
    expect(readsAs('public_log')).toMatchObject({ kind: 'unusable', problem: { code: 'wrong_subject' } });
    runWriter('build', signedBy('none'));
    expect(readsAs('public_log')).toMatchObject({ kind: 'unusable', problem: { code: 'wrong_subject' } });
  });

  it('is refused where its provenance is of another image', () => {
    const bundle = bundleOf(PROVENANCE_PREDICATE, OTHER_DIGEST);
    const files = { ...USUAL_SCENES.build.files, 'runner-temp/attestation.json': bundle };
    expect(runWriter('build', { files }).status).toBe(0);
    expect(readsAs('public_log')).toMatchObject({ kind: 'unusable', problem: { code: 'wrong_subject' } });
  });

  it.each<[string, Scene]>([
    ['no path, and cosign left nothing', signedBy('github', { 'steps.attest.outputs.bundle-path': '' })],
    ['a path where nothing is', signedBy('github', { 'steps.attest.outputs.bundle-path': 'runner-temp/nothing' })],
    ['an empty file', { files: { 'runner-temp/attestation.json': '' } }],
  ])('is not written where the bundle is %s', (_, scene) => {
    expect(runWriter('build', scene).status).not.toBe(0);
    expect(reportExists()).toBe(false);
  });
});

describeWithTools(realTools)('the report of sbom', () => {
  it("holds the hash of the file's bytes", () => {
    runWriter('sbom');
    expect(stageJson('sbom')).toMatchObject({ result: { subject: DIGEST, sbomSha256: sha256(SBOM) } });
  });

  it.each([
    ['absent', {}],
    ['empty', { 'sbom.cdx.json': '' }],
  ])('is not written where the SBOM is %s', (_, files) => {
    expect(runWriter('sbom', { files }).status).not.toBe(0);
    expect(reportExists()).toBe(false);
  });
});

describeWithTools(realTools)('the report of scan', () => {
  it("holds grype's version and the SBOM that was asked for", () => {
    runWriter('scan');
    expect(stageJson('scan')).toMatchObject({
      result: { sbomSha256: sha256(SBOM), tool: { name: 'grype', version: '0.110.0' } },
    });
  });

  it.each([
    ['absent', {}],
    ['empty', { 'grype.json': '' }],
    ['cut off', { 'grype.json': GRYPE_JSON.slice(0, -20) }],
    ['not an object', { 'grype.json': '[]' }],
  ])("is not written where grype's own is %s", (_, files) => {
    expect(runWriter('scan', { files }).status).not.toBe(0);
    expect(reportExists()).toBe(false);
  });
});

describeWithTools(realTools)('the report of sign', () => {
  const byGitHub = (path: string): Scene => ({
    context: { 'inputs.signing': 'github', 'steps.github.outputs.bundle-path': path },
  });

  it('comes after cosign was asked for the digest, and left its bundle', () => {
    const stubs = { cosign: [{ to: 'sign', bundle: SIGNATURE['signature.sigstore.json'] }] };
    const { status, calls } = runStep('sign', 'Sign by the public log', { stubs });
    expect(status).toBe(0);
    expect(calls).toEqual([['cosign', 'sign', '--yes', '--bundle', 'signature.sigstore.json', `${IMAGE}@${DIGEST}`]]);
    expect(runWriter('sign', { files: {} }).status).toBe(0);
    expect(stageJson('sign')).toMatchObject({
      result: { subject: DIGEST, tool: { name: 'cosign', version: 'v3.1.3' } },
    });
  });

  it('comes with the bundle of actions/attest, and names it, where GitHub signs', () => {
    const bundle = bundleOf(SIGNATURE_PREDICATE, DIGEST);
    const path = 'runner-temp/attestation.json';
    expect(runWriter('sign', { ...byGitHub(path), files: { [path]: bundle } }).status).toBe(0);
    expect(textOf(join(workspace, 'signature.sigstore.json'))).toBe(bundle);
    expect(stageJson('sign')).toMatchObject({ result: { tool: { name: 'actions/attest' } } });
  });

  it('is not reached where cosign fails', () => {
    expect(runStep('sign', 'Sign by the public log', { stubs: { cosign: [{ exit: 1 }] } }).status).toBe(1);
  });

  it.each([
    ['the public log', {}],
    ['GitHub, without a path', byGitHub('')],
    ['GitHub, at a path where nothing is', byGitHub('runner-temp/attestation.json')],
    ['a word that is unknown here', { context: { 'inputs.signing': 'none' } }],
  ])('is not written where there is no bundle: %s', (_, scene: Scene) => {
    expect(runWriter('sign', { files: {}, ...scene }).status).not.toBe(0);
    expect(reportExists()).toBe(false);
  });
});

describeWithTools(realTools)('the report of attest', () => {
  it('comes with the bundle, and names image and SBOM', () => {
    runWriter('attest');
    expect(textOf(join(workspace, 'attestation.sigstore.json'))).toBe(ATTESTATION['runner-temp/attestation.json']);
    expect(stageJson('attest')).toMatchObject({ result: { subject: DIGEST, sbomSha256: sha256(SBOM) } });
  });

  it.each([
    ['no path, and none of cosign', { context: { 'steps.attest.outputs.bundle-path': '' } }],
    ['no file', { files: {} }],
    ['an empty file', { files: { 'runner-temp/attestation.json': '' } }],
  ])('is not written where the bundle is %s', (_, scene: Scene) => {
    expect(runWriter('attest', scene).status).not.toBe(0);
    expect(reportExists()).toBe(false);
  });
});

describeWithTools(realTools)('A9: what stage 06 fetches before it verifies', () => {
  const MANIFEST_OF: Answer = { to: 'imagetools inspect --raw', stdout: MANIFEST };
  const ALL = { docker: [MANIFEST_OF], gh: [{ to: 'attestation', stdout: '{}\n' }], cosign: [{ to: 'initialize' }] };
  const fetchAll = (stubs: Scene['stubs'], context = {}): Ended =>
    runStep('verify', 'Fetch what is verified', { stubs: { ...ALL, ...stubs }, context });

  it("is the image's manifest, the roots, and what GitHub keeps of it", () => {
    const { status, calls } = fetchAll({});
    expect(status).toBe(0);
    expect(calls).toEqual([
      ['docker', 'buildx', 'imagetools', 'inspect', '--raw', `${IMAGE}@${DIGEST}`],
      ['gh', 'attestation', 'trusted-root'],
      ['gh', 'attestation', 'download', `oci://${IMAGE}@${DIGEST}`, '--repo', 'acme/app'],
      ['cosign', 'initialize'],
    ]);
    expect(textOf(join(workspace, 'manifest.json'))).toBe(MANIFEST);
  });

  it('is nothing of cosign where GitHub signs', () => {
    const { calls } = fetchAll({}, { 'inputs.signing': 'github' });
    expect(calls.map(([name]) => name)).toEqual(['docker', 'gh', 'gh']);
  });

  it.each<[string, Scene['stubs']]>([
    ['the registry does not answer', { docker: [{ exit: 1 }] }],
    ['the registry gives another manifest', { docker: [{ ...MANIFEST_OF, stdout: 'another' }] }],
    ['the roots cannot be had', { gh: [{ to: 'trusted-root', exit: 1 }, { to: 'download' }] }],
    [
      'GitHub does not answer',
      {
        gh: [
          { to: 'trusted-root', stdout: '{}' },
          { to: 'download', exit: 1 },
        ],
      },
    ],
    ["cosign's root cannot be had", { cosign: [{ exit: 1 }] }],
  ])('leaves no verdict where %s', (_, stubs) => {
    expect(fetchAll(stubs).status).not.toBe(0);
    expect(reportExists()).toBe(false);
  });
});

describeWithTools(realTools)('the report of verify', () => {
  const SIGN_IDENTITY = 'https://github.com/acme/app/.github/workflows/04-sign-image.yml@refs/heads/main';
  const ATTEST_IDENTITY = 'https://github.com/acme/app/.github/workflows/05-attest-sbom.yml@refs/heads/main';
  const signature = (digest: string): Answer => ({ to: 'verify', stdout: cosignVerifyOutput(digest) });
  const ghSignature = (digest: string): Answer => ({
    to: SIGNATURE_PREDICATE,
    stdout: ghVerifyOutput(SIGNATURE_PREDICATE, digest),
  });
  const attestation = (digest: string): Answer => ({
    to: 'cyclonedx',
    stdout: ghVerifyOutput(CYCLONEDX_PREDICATE, digest),
  });
  const NO: Answer = { exit: 1 };

  /** Runs both steps, and reads the result as the product does: with the conclusion that Actions would show. */
  function verify(scene: Scene): { ended: Ended; reading: unknown } {
    const ended = runWriter('verify', scene);
    const status = /^status=(\d+)$/m.exec(ended.output)?.[1] ?? '';
    const last = runStep('verify', 'Say how verification ended', {
      context: { 'steps.verify.outputs.status': status },
    });
    const conclusion = ended.status === 0 && last.status === 0 ? 'success' : 'failure';
    return { ended, reading: readVerify(reportFilesIn(workspace, 'verify'), expectation('verify'), conclusion) };
  }

  const github = { 'inputs.signing': 'github' };
  const VERIFIED = { kind: 'read', result: { kind: 'verified', signatures: 1, attestations: 1 } };

  it('asks cosign and gh for one identity each, whole, and one digest', () => {
    const { ended, reading } = verify({});
    expect(reading).toEqual(VERIFIED);
    expect(ended.calls).toEqual([
      [
        ...['cosign', 'verify', '--certificate-identity', SIGN_IDENTITY],
        ...['--certificate-oidc-issuer', 'https://token.actions.githubusercontent.com', `${IMAGE}@${DIGEST}`],
      ],
      [
        ...['gh', 'attestation', 'verify', 'manifest.json', '--bundle', `${DIGEST}.jsonl`],
        ...['--custom-trusted-root', 'trusted_root.jsonl', '--repo', 'acme/app', '--cert-identity', ATTEST_IDENTITY],
        ...['--predicate-type', CYCLONEDX_PREDICATE, '--format', 'json'],
      ],
    ]);
  });

  it('asks gh twice where GitHub signs', () => {
    const { ended, reading } = verify({ context: github, stubs: { gh: [ghSignature(DIGEST), attestation(DIGEST)] } });
    expect(reading).toEqual(VERIFIED);
    expect(ended.calls.map((call) => [call[0], call[call.indexOf('--cert-identity') + 1]])).toEqual([
      ['gh', SIGN_IDENTITY],
      ['gh', ATTEST_IDENTITY],
    ]);
  });

  it.each([
    ['cosign finds none', {}, { cosign: [NO], gh: [attestation(DIGEST)] }],
    ['cosign ends with its code for no match', {}, { cosign: [{ exit: 12 }], gh: [attestation(DIGEST)] }],
    ['cosign finds that of another image', {}, { cosign: [signature(OTHER_DIGEST)], gh: [attestation(DIGEST)] }],
    ['gh finds none', github, { gh: [{ to: SIGNATURE_PREDICATE, exit: 1 }, attestation(DIGEST)] }],
    ['gh finds that of another image', github, { gh: [ghSignature(OTHER_DIGEST), attestation(DIGEST)] }],
  ])('rejects the signature where %s', (_, context, stubs) => {
    expect(verify({ context, stubs }).reading).toMatchObject({
      kind: 'read',
      result: { kind: 'rejected', reason: expect.stringContaining('signature') },
    });
  });

  const BY_COSIGN = { "inputs.signing == 'public_log' && github.event.repository.visibility != 'public'": 'true' };
  const envelope = (digest: string): Answer => ({
    to: 'verify-attestation',
    stdout: `${JSON.stringify({ payload: Buffer.from(JSON.stringify({ predicateType: CYCLONEDX_PREDICATE, subject: [{ digest: { sha256: digest.replace('sha256:', '') } }] })).toString('base64') })}\n`,
  });

  it('A3: asks cosign for both where a private repository signed by the public log', () => {
    const stubs = { cosign: [envelope(DIGEST), signature(DIGEST)] };
    const { ended, reading } = verify({ context: BY_COSIGN, stubs });
    expect(reading).toEqual(VERIFIED);
    expect(ended.calls.map((call) => call.slice(0, 2))).toEqual([
      ['cosign', 'verify'],
      ['cosign', 'verify-attestation'],
    ]);
    expect(ended.calls[1]).toContain(ATTEST_IDENTITY);
  });

  it.each([
    ['finds none', { to: 'verify-attestation', exit: 1 }],
    ['finds that of another image', envelope(OTHER_DIGEST)],
    ['says nothing and calls that a success', { to: 'verify-attestation' }],
  ])('A3: rejects the attestation where cosign %s', (_, answer: Answer) => {
    const { reading } = verify({ context: BY_COSIGN, stubs: { cosign: [answer, signature(DIGEST)] } });
    expect(reading).toMatchObject({ result: { kind: 'rejected', reason: expect.stringContaining('attestation') } });
  });

  it('rejects the attestation where GitHub keeps none', () => {
    const files = { ...FETCHED, [`${DIGEST}.jsonl`]: '' };
    const { reading } = verify({ files, stubs: { cosign: [signature(DIGEST)], gh: [attestation(DIGEST)] } });
    expect(reading).toMatchObject({ result: { kind: 'rejected', reason: expect.stringContaining('attestation') } });
  });

  it.each([
    ['gh finds none', {}, { cosign: [signature(DIGEST)], gh: [NO] }],
    ['gh finds that of another image', {}, { cosign: [signature(DIGEST)], gh: [attestation(OTHER_DIGEST)] }],
    ['gh finds none, and signed itself', github, { gh: [ghSignature(DIGEST), { to: 'cyclonedx', exit: 1 }] }],
  ])('rejects the attestation where %s', (_, context, stubs) => {
    expect(verify({ context, stubs }).reading).toMatchObject({
      kind: 'read',
      result: { kind: 'rejected', reason: expect.stringContaining('attestation') },
    });
  });

  // gh 2.66 ended with 0 where it had found nothing (cli/cli#10418).
  it.each([
    ['the signature', github, { gh: [{ to: SIGNATURE_PREDICATE }, attestation(DIGEST)] }],
    ['the attestation', {}, { cosign: [signature(DIGEST)], gh: [{ to: 'cyclonedx' }] }],
  ])('rejects %s, and does not end well, where gh says nothing and calls that a success', (what, context, stubs) => {
    const { ended, reading } = verify({ context, stubs });
    expect(ended).toMatchObject({ status: 0, output: 'status=1\n' });
    expect(reading).toMatchObject({ result: { kind: 'rejected', reason: expect.stringContaining(what.slice(4)) } });
  });

  it('never says verified where cosign failed, whatever it printed', () => {
    const stubs = { cosign: [{ ...signature(DIGEST), exit: 1 }], gh: [attestation(DIGEST)] };
    expect(verify({ stubs }).reading).toMatchObject({ kind: 'unusable', problem: { code: 'report_contradicts' } });
  });

  it.each([
    ['cosign was killed', {}, { cosign: [{ exit: 137 }], gh: [attestation(DIGEST)] }],
    ['cosign was killed and gh found nothing', {}, { cosign: [{ exit: 137 }], gh: [NO] }],
    ['cosign is not there', {}, { gh: [attestation(DIGEST)] }],
    ['gh may not ask', {}, { cosign: [signature(DIGEST)], gh: [{ exit: 4 }] }],
    ['gh printed something else', {}, { cosign: [signature(DIGEST)], gh: [{ stdout: 'not JSON' }] }],
    [
      'gh printed something else of a signature',
      github,
      { gh: [{ to: SIGNATURE_PREDICATE, stdout: 'not JSON' }, attestation(DIGEST)] },
    ],
  ])('is not written where %s: a crash is not a rejection', (_, context, stubs) => {
    const { ended } = verify({ context, stubs });
    expect(ended.status).not.toBe(0);
    expect(reportExists()).toBe(false);
  });

  it.each([
    ['0', 0],
    ['1', 1],
    ['', 1],
  ])('is followed by the end of the job: status %j', (status, ended) => {
    const context = { 'steps.verify.outputs.status': status };
    expect(runStep('verify', 'Say how verification ended', { context }).status).toBe(ended);
  });
});
