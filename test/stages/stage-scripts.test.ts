/**
 * The scripts of the stage files, run by bash in an empty folder: with the shell that Actions would use, the environment
 * that the file wires up, and no other tool than stubs of cosign, gh and docker beside the real jq and sha256sum.
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
import { readBuild } from '../../src/domain/build/build-result.ts';
import { CYCLONEDX_PREDICATE, readVerify, SIGNATURE_PREDICATE } from '../../src/domain/signature/signature-result.ts';
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
}

interface Ended {
  readonly status: number;
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
  'steps.megalinter.outcome': 'success',
  'steps.build.outcome': 'success',
  'steps.build.outputs.metadata': BUILDX_METADATA_JSON,
  'steps.github.outputs.bundle-path': '',
  'steps.attest.outputs.bundle-path': 'runner-temp/attestation.json',
  'steps.verify.outputs.status': '0',
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

function runStep(stage: Stage, name: string, scene: Scene = {}): Ended {
  const file = readStageFile(stage);
  const job = Object.values(file.workflow.jobs)[0]!;
  const step = stepNamed(file, name);
  for (const [path, text] of Object.entries(scene.files ?? {})) write(join(workspace, path), text);
  for (const [tool, answers] of Object.entries(scene.stubs ?? {}))
    write(join(folder, 'bin', tool), stub(tool, answers));
  const script = join(folder, 'script.sh');
  write(script, step.run ?? '');
  const [shell, ...options] = shellOf(file.workflow, job, step);
  const { status, error } = spawnSync(join(folder, 'bin', shell!), [...options, script], {
    cwd: workspace,
    env: { ...runnerEnvironment(), ...environmentOf(step, scene.context ?? {}) },
  });
  if (error !== undefined) throw error;
  return { status: status ?? -1, output: textOf(join(folder, 'output')), calls: callsOf(join(folder, 'calls')) };
}

const runnerEnvironment = (): Record<string, string> => ({
  PATH: join(folder, 'bin'),
  HOME: folder,
  GITHUB_SHA: COMMIT,
  GITHUB_REF: 'refs/heads/main',
  GITHUB_REPOSITORY: 'acme/app',
  GITHUB_SERVER_URL: 'https://github.com',
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
const MEGALINTER = 'megalinter-reports/mega-linter-report.json';
const ATTESTATION = { 'runner-temp/attestation.json': bundleOf(CYCLONEDX_PREDICATE, DIGEST) };
const SIGNATURE = { 'signature.sigstore.json': bundleOf(SIGNATURE_PREDICATE, DIGEST) };

/** What each "Write stage.json" needs to succeed. */
const USUAL_SCENES: Readonly<Record<Stage, Scene>> = {
  lint: { files: { [MEGALINTER]: megaLinterReport(0) } },
  build: { stubs: BUILDX },
  sbom: { files: { 'sbom.cdx.json': SBOM } },
  scan: { files: { 'sbom/sbom.cdx.json': SBOM, 'grype.json': GRYPE_JSON } },
  sign: { files: SIGNATURE },
  attest: { files: { 'sbom/sbom.cdx.json': SBOM, ...ATTESTATION } },
  verify: {
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
    ])('take %j for what it is, in every input', (value) => {
      const context = Object.fromEntries(
        Object.keys(USUAL).flatMap((expression) => (expression.startsWith('inputs.') ? [[expression, value]] : [])),
      );
      for (const step of readStageFile(stage).steps.filter(({ run }) => run !== undefined)) {
        const signing = step.name === writerOf(stage) ? { 'inputs.signing': 'public_log' } : {};
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

  describe.each(['build', 'sbom', 'sign', 'attest', 'verify'] as const)('that find the registry of %s', (stage) => {
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

describeWithTools(realTools)('the report of build', () => {
  const built = (conclusion: string): unknown =>
    readBuild(reportFilesIn(workspace, 'build'), expectation('build'), conclusion);
  const outcome = (value: string): Scene => ({ context: { 'steps.build.outcome': value } });

  it('names the image that was pushed', () => {
    runWriter('build');
    expect(built('success')).toEqual({
      kind: 'read',
      result: { kind: 'built', image: `${IMAGE}:1.0.0`, digest: DIGEST, warnings: 0 },
    });
    expect(stageJson('build')).toMatchObject({ result: { tool: { name: 'buildx', version: 'v0.36.1' } } });
  });

  it.each([
    ['quotes and expansions', { 'buildx.build.ref': "\"'`$(touch pwned)`'" }],
    ['backslashes and percent signs', { 'buildx.build.ref': String.raw`%s\n\0` }],
  ])("keeps buildx's metadata byte for byte, with %s", (_, more) => {
    const metadata = JSON.stringify({ ...(JSON.parse(BUILDX_METADATA_JSON) as object), ...more });
    runWriter('build', { context: { 'steps.build.outputs.metadata': metadata } });
    expect(textOf(join(workspace, 'buildx-metadata.json'))).toBe(metadata);
  });

  it('says that the image did not build', () => {
    const { status } = runWriter('build', {
      context: { ...outcome('failure').context, 'steps.build.outputs.metadata': '' },
    });
    expect(status).toBe(0);
    expect(built('failure')).toEqual({ kind: 'read', result: { kind: 'failed', exitCode: 1 } });
  });

  it.each(['skipped', 'cancelled', ''])('is not written where the build was %s', (value) => {
    expect(runWriter('build', outcome(value)).status).not.toBe(0);
    expect(reportExists()).toBe(false);
  });

  it('is not written where the build succeeded without metadata', () => {
    expect(runWriter('build', { context: { 'steps.build.outputs.metadata': '' } }).status).not.toBe(0);
    expect(reportExists()).toBe(false);
  });

  it('is not written where buildx cannot say its version', () => {
    expect(runWriter('build', { stubs: { docker: [{ exit: 1 }] } }).status).not.toBe(0);
    expect(reportExists()).toBe(false);
  });

  it.each([
    ['success', 0],
    ['failure', 1],
    ['', 1],
  ])('is followed by the end of the job: %s', (value, status) => {
    expect(runStep('build', 'Say how the build ended', outcome(value)).status).toBe(status);
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
      result: { subject: DIGEST, tool: { name: 'cosign', version: 'v3.0.6' } },
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
    ['no path', { context: { 'steps.attest.outputs.bundle-path': '' } }],
    ['no file', { files: {} }],
    ['an empty file', { files: { 'runner-temp/attestation.json': '' } }],
  ])('is not written where the bundle is %s', (_, scene: Scene) => {
    expect(runWriter('attest', scene).status).not.toBe(0);
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
    const subject = `oci://${IMAGE}@${DIGEST}`;
    expect(ended.calls).toEqual([
      [
        ...['cosign', 'verify', '--certificate-identity', SIGN_IDENTITY],
        ...['--certificate-oidc-issuer', 'https://token.actions.githubusercontent.com', `${IMAGE}@${DIGEST}`],
      ],
      [
        ...['gh', 'attestation', 'verify', subject, '--repo', 'acme/app', '--cert-identity', ATTEST_IDENTITY],
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
