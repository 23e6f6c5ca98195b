/**
 * The stage files themselves, run by act on this machine; 01 as a repository has it that builds for itself, since its jobs
 * are the isolated builder's. Third-party actions are stubs that write what the real ones
 * write, so what is shown here is the files' own part: their order, conditions, wiring and scripts, and that the product
 * reads the artifacts they leave. That the real tools behave as their stubs do is not shown here.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { devNull, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { z } from 'zod';
import { PROVENANCE, PROVENANCE_PREDICATE } from '../../src/domain/build/build-result.ts';
import type { Signing } from '../../src/domain/build/builder.ts';
import { CommitSha } from '../../src/domain/git.ts';
import { CYCLONEDX_PREDICATE, SIGNATURE_PREDICATE } from '../../src/domain/signature/signature-result.ts';
import { SETTINGS_PATH } from '../../src/domain/settings/settings-schema.ts';
import { readStageResult } from '../../src/domain/stage/stage-outcome.ts';
import type { Reading, StageExpectation } from '../../src/domain/stage/stage-report.ts';
import { ownPlanFiles, renderForkCheck } from '../../src/domain/stage/render-stage-files.ts';
import { FORK_CHECK_FILE } from '../../src/domain/fork/fork-check.ts';
import { STAGE_TABLE, STAGES, type Stage } from '../../src/domain/stage/stage-table.ts';
import {
  BUILDER,
  bundleOf,
  BUILDX_METADATA_JSON,
  CALLING_FILES,
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
  OWN_FILES,
  SOURCES,
  readStageFile,
  reportFilesIn,
  SARIF,
  SBOM,
  sha256,
  STAGES_FOLDER,
  TAG,
} from './stage-files.ts';

const act = findTool('act', { variable: 'ACT_PATH', otherwise: '/tmp/gobin/act' });
const actionlint = findTool('actionlint', { variable: 'ACTIONLINT_PATH', otherwise: '/tmp/gobin/actionlint' });
const zizmor = findTool('zizmor', { variable: 'ZIZMOR_PATH' });

/** What a stub is told to do: files by the name that the stub copies, and `<action>.exit` for its exit code. */
type Answers = Readonly<Record<string, string>>;

interface Run {
  /** As GitHub would conclude: a failure where one job failed. */
  readonly conclusion: string;
  /** How each job ended that ran. */
  readonly jobs: Readonly<Record<string, string>>;
  /** The steps of the file that ran, in their order. */
  readonly steps: readonly { readonly name: string; readonly result: string }[];
  /** What the run's annotations say. */
  readonly errors: readonly string[];
  /** Names of the artifacts that it left. */
  readonly artifacts: readonly string[];
  readonly runId: string;
}

/** A script for each action, in place of it. `WITH_*` are its inputs, `$ANSWERS` the folder of answers. */
const ACTIONS: Readonly<Record<string, string>> = {
  'oxsecurity/megalinter': `
    # The real one is a container that sees the workspace as /github/workspace.
    reports="\${REPORT_OUTPUT_FOLDER/#\\/github\\/workspace/$GITHUB_WORKSPACE}"
    mkdir -p "$reports"
    report() { if [ "$1" = true ] && [ -e "$ANSWERS/$2" ]; then cp "$ANSWERS/$2" "$reports/$3"; fi; }
    report "$JSON_REPORTER" mega-linter-report.json "$JSON_REPORTER_FILE_NAME"
    report "$SARIF_REPORTER" megalinter.sarif "$SARIF_REPORTER_FILE_NAME"`,
  'docker/setup-buildx-action': '',
  'docker/login-action': '',
  'docker/build-push-action': `
    if [ -e "$ANSWERS/buildx-metadata.json" ]; then
      echo "digest=$(jq --raw-output '."containerimage.digest" // ""' "$ANSWERS/buildx-metadata.json")" >> "$GITHUB_OUTPUT"
    fi`,
  'anchore/sbom-action': `
    [ "$WITH_FORMAT" = cyclonedx-json ]
    cp "$ANSWERS/sbom.cdx.json" "$WITH_OUTPUT_FILE"`,
  'anchore/scan-action': `
    [ -s "$WITH_SBOM" ]
    [ "$WITH_OUTPUT_FORMAT" = json ]
    if [ -e "$ANSWERS/grype.json" ]; then cp "$ANSWERS/grype.json" "$WITH_OUTPUT_FILE"; fi`,
  'sigstore/cosign-installer': '',
  'actions/attest': `
    if [ -n "$WITH_SBOM_PATH" ]; then [ -s "$WITH_SBOM_PATH" ]; fi
    bundle="$RUNNER_TEMP/attestation/attestation.json"
    mkdir -p "\${bundle%/*}"
    echo "bundle-path=$bundle" >> "$GITHUB_OUTPUT"
    if [ -e "$ANSWERS/bundle.json" ]; then cp "$ANSWERS/bundle.json" "$bundle"; fi`,
  'actions/upload-artifact': `
    # As the real one does, without patterns: paths are kept below their deepest common folder, here the workspace.
    target="$ARTIFACTS/$GITHUB_RUN_ID/$WITH_NAME"
    [ ! -e "$target" ]
    found=
    while IFS= read -r path; do
      if [ -n "$path" ] && [ -e "$path" ]; then mkdir -p "$target/$(dirname "$path")"; cp "$path" "$target/$path"; found=1; fi
    done <<< "$WITH_PATH"
    [ -n "$found" ] || [ "$WITH_IF_NO_FILES_FOUND" != error ]`,
  'actions/download-artifact': `
    mkdir -p "$WITH_PATH"
    cp -r "$ARTIFACTS/$WITH_RUN_ID/$WITH_NAME/." "$WITH_PATH"`,
};

/** The runners of the jobs before the signing job. */
const JOBS = ['plan', 'build', 'provenance'].map((name) => ({
  name,
  status: name === 'provenance' ? 'in_progress' : 'completed',
  conclusion: name === 'provenance' ? null : 'success',
  runner_group_id: 0,
  runner_group_name: 'GitHub Actions',
}));

/** Stubs of the tools that the scripts call themselves. */
const TOOLS: Readonly<Record<string, string>> = {
  cosign: `
    case "$1" in
      initialize) exit 0 ;;
      sign | attest) while [ $# -gt 0 ]; do if [ "$1" = --bundle ]; then cp "$ANSWERS/bundle.json" "$2"; fi; shift; done ;;
      verify) cat "$ANSWERS/cosign-verify.json" ;;
    esac`,
  gh: `
    case "$*" in
      'attestation trusted-root') echo '{}'; exit 0 ;;
      'attestation download'*) echo '{}' > "${DIGEST}.jsonl"; exit 0 ;;
      'api '*) cat "$ANSWERS/jobs.json" 2> /dev/null || echo '${JSON.stringify({ jobs: JOBS })}' ;;
      *${CYCLONEDX_PREDICATE}*) cat "$ANSWERS/gh-attestation.json" ;;
      *${SIGNATURE_PREDICATE}*) cat "$ANSWERS/gh-signature.json" ;;
    esac`,
  docker: `
    case "$*" in
      'buildx version') echo "github.com/docker/buildx v0.36.1 1a2b3c" ;;
      *'imagetools inspect --raw'*) printf '%s' '${MANIFEST}' ;;
    esac`,
  curl: 'cat "$ANSWERS/token.json"',
};

const variable = (input: string): string => `WITH_${input.toUpperCase().replaceAll('-', '_')}`;

/** Every input that the stage files give to an action. */
const inputsOf = (action: string): string[] => [
  ...new Set(
    STAGES.flatMap((stage) => readStageFile(stage).steps)
      .filter((step) => step.uses?.startsWith(`${action}@`))
      .flatMap((step) => Object.keys(step.with)),
  ),
];

const endAsTold = (name: string): string => `exit "$(cat "$ANSWERS/${name}.exit" 2>/dev/null || echo 0)"`;

/** A composite action that keeps what it was given, does its part, and ends as it was told. */
function stubAction(action: string, script: string): string {
  const inputs = inputsOf(action);
  const name = action.slice(action.indexOf('/') + 1);
  const keep = inputs.map((input) => `printf '%s' "$${variable(input)}" > "$GIVEN/${name}/${input}"`);
  const run = [`mkdir -p "$GIVEN/${name}"`, ...keep, script, endAsTold(name)];
  return stringify({
    name: `stub of ${action}`,
    inputs: Object.fromEntries(inputs.map((input) => [input, { required: false }])),
    outputs: {
      digest: { value: '${{ steps.stub.outputs.digest }}' },
      'bundle-path': { value: '${{ steps.stub.outputs.bundle-path }}' },
    },
    runs: {
      using: 'composite',
      steps: [
        {
          id: 'stub',
          shell: 'bash',
          env: Object.fromEntries(inputs.map((input) => [variable(input), `\${{ inputs.${input} }}`])),
          run: run.join('\n'),
        },
      ],
    },
  });
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** Nothing of the machine's own: neither its settings nor, inside a git hook, the repository that is being committed to. */
const GIT_ENVIRONMENT = {
  PATH: process.env['PATH'] ?? '',
  GIT_CONFIG_GLOBAL: devNull,
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Alice',
  GIT_AUTHOR_EMAIL: 'alice@example.com',
  GIT_COMMITTER_NAME: 'Alice',
  GIT_COMMITTER_EMAIL: 'alice@example.com',
};

interface Repository {
  readonly folder: string;
  readonly head: CommitSha;
}

/** A clone of acme/app with the stage files in their place. */
function makeRepository(folder: string, files: Readonly<Record<string, string>>): Repository {
  for (const [path, text] of Object.entries(files)) write(join(folder, path), text);
  for (const stage of STAGES) write(join(folder, '.github/workflows', STAGE_TABLE[stage].file), OWN_FILES[stage]);
  for (const [path, text] of ownPlanFiles(SOURCES)) write(join(folder, path), text);
  const run = (...args: string[]): string =>
    execFileSync('git', args, { cwd: folder, encoding: 'utf8', env: GIT_ENVIRONMENT });
  run('init', '--quiet', '--initial-branch', 'main');
  run('remote', 'add', 'origin', 'https://github.com/acme/app.git');
  run('add', '--all', '--force');
  run('commit', '--quiet', '--message', 'Everything');
  return { folder, head: CommitSha.parse(run('rev-parse', 'HEAD').trim()) };
}

/** One line of `act --json`. */
const ActLine = z.object({
  jobID: z.string().optional(),
  stage: z.string().optional(),
  step: z.string().optional(),
  stepID: z.array(z.string()).optional(),
  stepResult: z.string().optional(),
  jobResult: z.string().optional(),
  command: z.string().optional(),
  arg: z.string().optional(),
});

const SETTINGS = `image:
  tag: ${TAG}
  platforms: [linux/amd64, linux/arm64]
  build_args: { VERSION: ${TAG}, CHANNEL: stable }
`;

let root: string;
let repository: Repository;
/** Anew for each test. */
let scene: string;
let runs: number;

interface RunOptions {
  readonly answers?: Answers;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly repository?: Repository;
  readonly attempt?: number;
  readonly visibility?: 'public' | 'private' | 'internal';
}

/** What the product would send, beside key, nonce and commit. */
const USUAL_INPUTS: Readonly<Record<Stage, Readonly<Record<string, string>>>> = {
  lint: {},
  build: { flags: '{}' },
  sbom: { image: IMAGE, digest: DIGEST },
  scan: { digest: DIGEST, sbom_run_id: '1', sbom_artifact: 'slsa-sbom-1', sbom_sha256: sha256(SBOM) },
  sign: { image: IMAGE, digest: DIGEST, signing: 'public_log' },
  attest: {
    ...{ image: IMAGE, digest: DIGEST, signing: 'public_log' },
    ...{ sbom_run_id: '1', sbom_artifact: 'slsa-sbom-1', sbom_sha256: sha256(SBOM) },
  },
  verify: {
    ...{ image: IMAGE, digest: DIGEST, signing: 'public_log' },
    ...{ sign_file: STAGE_TABLE.sign.file, attest_file: STAGE_TABLE.attest.file },
  },
};

const USUAL_ANSWERS: Readonly<Record<Stage, Answers>> = {
  lint: { 'mega-linter-report.json': megaLinterReport(0), 'megalinter.sarif': SARIF },
  build: { 'buildx-metadata.json': BUILDX_METADATA_JSON, 'bundle.json': bundleOf(PROVENANCE_PREDICATE, DIGEST) },
  sbom: { 'sbom.cdx.json': SBOM },
  scan: { 'grype.json': GRYPE_JSON },
  sign: { 'bundle.json': bundleOf(SIGNATURE_PREDICATE, DIGEST) },
  attest: { 'bundle.json': bundleOf(CYCLONEDX_PREDICATE, DIGEST) },
  verify: {
    'cosign-verify.json': cosignVerifyOutput(DIGEST),
    'gh-signature.json': ghVerifyOutput(SIGNATURE_PREDICATE, DIGEST),
    'gh-attestation.json': ghVerifyOutput(CYCLONEDX_PREDICATE, DIGEST),
  },
};

/** 02 to 06 may run at a later commit than the one they are about; 00 and 01 may not. */
const commitOf = (stage: Stage, at: Repository): CommitSha => (STAGE_TABLE[stage].bindsCommit ? at.head : OTHER_COMMIT);

function runStage(stage: Stage, options: RunOptions = {}): Run {
  const at = options.repository ?? repository;
  runs += 1;
  const runId = String(runs);
  const answers = join(scene, `answers-${runId}`);
  mkdirSync(answers);
  for (const [name, text] of Object.entries(options.answers ?? USUAL_ANSWERS[stage])) write(join(answers, name), text);
  const event = join(scene, `event-${runId}.json`);
  const inputs = {
    key: `slsa-run:1/${stage}`,
    nonce: 'n',
    group: 'g',
    commit: commitOf(stage, at),
    ...USUAL_INPUTS[stage],
  };
  const facts = { default_branch: 'main', visibility: options.visibility ?? 'private' };
  write(event, JSON.stringify({ inputs: { ...inputs, ...options.inputs }, repository: facts }));
  const { stdout, error } = spawnSync(
    act!,
    [
      ...['workflow_dispatch', '--json', '--eventpath', event, '--no-cache-server'],
      ...['--workflows', join('.github/workflows', STAGE_TABLE[stage].file)],
      ...['--platform', 'ubuntu-24.04=-self-hosted', '--action-cache-path', join(root, 'cache')],
      ...['--actor', 'alice', '--secret', 'GITHUB_TOKEN=ghs_token'],
      ...['--var', 'SLSA_REGISTRY_USERNAME=robot', '--secret', 'SLSA_REGISTRY_PASSWORD=hunter2'],
      ...['--env', `GITHUB_RUN_ID=${runId}`, '--env', `GITHUB_RUN_ATTEMPT=${options.attempt ?? 1}`],
      ...['--env', `GITHUB_WORKFLOW_REF=acme/app/.github/workflows/${STAGE_TABLE[stage].file}@refs/heads/main`],
      ...[
        '--env',
        'ACTIONS_ID_TOKEN_REQUEST_URL=https://tokens.example/?v=2',
        '--env',
        'ACTIONS_ID_TOKEN_REQUEST_TOKEN=t',
      ],
      ...localRepositories(stage),
    ],
    { cwd: at.folder, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, env: environment(answers) },
  );
  if (error !== undefined) throw error;
  return { ...toRun(stdout), artifacts: namesIn(join(scene, 'artifacts', runId)), runId };
}

const environment = (answers: string): Record<string, string> => ({
  ...GIT_ENVIRONMENT,
  PATH: [join(root, 'bin'), process.env['PATH'] ?? ''].join(delimiter),
  HOME: join(root, 'home'),
  ANSWERS: answers,
  GIVEN: join(scene, 'given'),
  ARTIFACTS: join(scene, 'artifacts'),
});

/** Each action of the stage is replaced, under the very pin that the file names; act itself does the checkout. */
function localRepositories(stage: Stage): string[] {
  const pins = readStageFile(stage).steps.flatMap(({ uses }) => (uses === undefined ? [] : [uses]));
  return pins
    .filter((pin) => !pin.startsWith('actions/checkout@') && !pin.startsWith('./'))
    .flatMap((pin) => ['--local-repository', `${pin}=${join(root, 'actions', pin.slice(0, pin.indexOf('@')))}`]);
}

function toRun(stdout: string): Pick<Run, 'conclusion' | 'jobs' | 'steps' | 'errors'> {
  const lines = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => ActLine.parse(JSON.parse(line)));
  const ended = lines.flatMap(({ jobID, jobResult }) => (jobResult === undefined ? [] : [[jobID ?? '?', jobResult]]));
  const results = ended.map(([, result]) => result);
  return {
    conclusion: results.find((result) => result !== 'success') ?? results[0] ?? `none: ${stdout.slice(-2000)}`,
    jobs: Object.fromEntries(ended) as Record<string, string>,
    steps: lines.flatMap(({ stage, step, stepID, stepResult }) =>
      stage === 'Main' && stepID?.length === 1 && step !== undefined && stepResult !== undefined
        ? [{ name: step, result: stepResult }]
        : [],
    ),
    errors: lines.flatMap(({ command, arg }) => (command === 'error' && arg !== undefined ? [arg] : [])),
  };
}

const namesIn = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : []);

const artifactFolder = ({ runId }: Run, name: string): string => join(scene, 'artifacts', runId, name);

/** The run's artifact as the product reads it. */
function readingOf(stage: Stage, run: Run, more: Partial<StageExpectation> = {}): Reading<unknown> {
  const folder = artifactFolder(run, `slsa-${stage}-1`);
  const expected = expectation(stage, { commit: commitOf(stage, repository), ...more });
  return readStageResult(stage, reportFilesIn(folder, stage), expected, run.conclusion);
}

/** The step that the product would name as the one that failed. */
const failedStep = ({ steps }: Run): string | undefined => steps.find(({ result }) => result === 'failure')?.name;

const given = (action: string, input: string): string => readFileSync(join(scene, 'given', action, input), 'utf8');

/** As if stage 02 had run before, as run 0. */
function leaveSbom(text: string = SBOM): { sbom_run_id: string } {
  write(join(scene, 'artifacts', '0', 'slsa-sbom-1', 'sbom.cdx.json'), text);
  return { sbom_run_id: '0' };
}

const tools = Object.fromEntries(['git', 'bash', 'jq', 'sha256sum'].map((name) => [name, findTool(name)]));

describeWithTools({ act, ...tools })('a stage file, run by act', () => {
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'stage-act-'));
    mkdirSync(join(root, 'home'));
    for (const [action, script] of Object.entries(ACTIONS)) {
      write(join(root, 'actions', action, 'action.yml'), stubAction(action, script));
    }
    for (const [name, script] of Object.entries(TOOLS)) {
      const path = join(root, 'bin', name);
      write(path, `#!/usr/bin/env bash\nset -e\n${script}\n${endAsTold(name)}\n`);
      chmodSync(path, 0o755);
    }
    repository = makeRepository(join(root, 'app'), {
      Dockerfile: 'FROM scratch\nCOPY . .\n',
      [SETTINGS_PATH]: SETTINGS,
    });
  });

  afterAll(() => {
    rmSync(root, { recursive: true, force: true });
  });

  beforeEach(() => {
    scene = mkdtempSync(join(root, 'scene-'));
    runs = 0;
  });

  afterEach(() => {
    rmSync(scene, { recursive: true, force: true });
  });

  describe('of lint', () => {
    it('leaves a clean report', () => {
      const run = runStage('lint');
      expect(run).toMatchObject({ conclusion: 'success', artifacts: ['slsa-lint-1'] });
      expect(readingOf('lint', run)).toMatchObject({
        kind: 'read',
        result: { linters: 2, errors: 0, findingsFrom: 'sarif' },
      });
    });

    it('names its artifact by the attempt', () => {
      expect(runStage('lint', { attempt: 2 }).artifacts).toEqual(['slsa-lint-2']);
    });

    it('fails with a report where MegaLinter found errors', () => {
      const answers = { 'mega-linter-report.json': megaLinterReport(3), 'megalinter.exit': '1' };
      const run = runStage('lint', { answers });
      expect(run).toMatchObject({
        conclusion: 'failure',
        artifacts: ['slsa-lint-1'],
        errors: ['MegaLinter found errors: see its step above.'],
      });
      expect(readingOf('lint', run)).toMatchObject({
        kind: 'read',
        result: { errors: 3, failedLinters: [{ linter: 'DOCKERFILE_HADOLINT', errors: 3 }], findingsFrom: 'no_sarif' },
      });
    });

    it('leaves nothing where MegaLinter crashed', () => {
      const run = runStage('lint', { answers: { 'megalinter.exit': '1' } });
      expect(run).toMatchObject({ conclusion: 'failure', artifacts: [] });
    });

    it.each([0, 3])('takes no report that was committed for its own: one of %d errors', (errors) => {
      const poisoned = makeRepository(join(scene, 'poisoned'), {
        'megalinter-reports/mega-linter-report.json': megaLinterReport(errors),
      });
      const run = runStage('lint', { answers: { 'megalinter.exit': '1' }, repository: poisoned });
      expect(run).toMatchObject({ conclusion: 'failure', artifacts: [] });
    });
  });

  describe('of build', () => {
    const ALL_WELL = { plan: 'success', build: 'success', provenance: 'success' };
    /** The same repository with other settings: at another commit. */
    const withSettings = (settings: string): Repository =>
      makeRepository(join(scene, 'other-settings'), { Dockerfile: 'FROM scratch\n', [SETTINGS_PATH]: settings });
    const built = (run: Run, signing: Signing, at: Repository = repository): unknown => {
      const provenance = readFileSync(join(artifactFolder(run, 'slsa-build-1'), PROVENANCE), 'utf8');
      const build = { kind: 'built', image: `${IMAGE}:${TAG}`, digest: DIGEST, warnings: 0, signing };
      const reading = readingOf('build', run, { commit: at.head, build: { tag: TAG, signing } });
      expect(reading).toEqual({ kind: 'read', result: { ...build, provenanceSha256: sha256(provenance) } });
      return JSON.parse(provenance);
    };
    const wasAttested = (): boolean => existsSync(join(scene, 'given', 'attest'));

    it('leaves signed provenance of the image that was pushed, where the repository is public', () => {
      const run = runStage('build', { visibility: 'public' });
      expect(run).toMatchObject({ conclusion: 'success', jobs: ALL_WELL, artifacts: ['slsa-build-1'], errors: [] });
      built(run, 'public_log');
      expect([given('attest', 'subject-name'), given('attest', 'subject-digest')]).toEqual([IMAGE, DIGEST]);
    });

    it.each(['private', 'internal'] as const)('leaves a claim that nobody signed, where it is %s', (visibility) => {
      const run = runStage('build', { visibility });
      expect(run).toMatchObject({ conclusion: 'success', jobs: ALL_WELL, artifacts: ['slsa-build-1'], errors: [] });
      expect(built(run, 'none')).toMatchObject({
        subject: [{ name: IMAGE, digest: { sha256: DIGEST.replace('sha256:', '') } }],
        predicate: {
          buildDefinition: {
            externalParameters: { workflow: { ref: 'refs/heads/main', path: '.github/workflows/01-build-image.yml' } },
            resolvedDependencies: [{ digest: { gitCommit: repository.head } }],
          },
          runDetails: {
            metadata: { invocationId: `https://github.com/acme/app/actions/runs/${run.runId}/attempts/1` },
          },
        },
      });
      expect(wasAttested()).toBe(false);
    });

    it("signs by GitHub's authority where a private repository asks for it", () => {
      const at = withSettings(`${SETTINGS}signing: github\n`);
      const run = runStage('build', { repository: at });
      expect(run).toMatchObject({ conclusion: 'success', jobs: ALL_WELL });
      built(run, 'github', at);
      expect(wasAttested()).toBe(true);
    });

    it('signs by the public log, through cosign, where a private repository asks for it', () => {
      const at = withSettings(`${SETTINGS}signing: public_log\n`);
      const claims = {
        repository: 'acme/app',
        ref: 'refs/heads/main',
        workflow_ref: 'acme/app/.github/workflows/w.yml@refs/heads/main',
      };
      const token = JSON.stringify({ value: `h.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.s` });
      const run = runStage('build', { repository: at, answers: { ...USUAL_ANSWERS.build, 'token.json': token } });
      expect(run).toMatchObject({ conclusion: 'success', jobs: ALL_WELL });
      built(run, 'public_log', at);
      expect(wasAttested()).toBe(false);
    });

    it('builds by the settings at the commit', () => {
      runStage('build');
      const asked = Object.fromEntries(
        ['tags', 'platforms', 'build-args', 'context', 'file', 'target', 'push', 'no-cache', 'provenance'].map(
          (input) => [input, given('build-push-action', input)],
        ),
      );
      expect(asked).toEqual({
        ...{ tags: `${IMAGE}:${TAG}`, platforms: 'linux/amd64,linux/arm64' },
        ...{ 'build-args': `"VERSION=${TAG}"\n"CHANNEL=stable"`, context: './.', file: './Dockerfile', target: '' },
        ...{ push: 'true', 'no-cache': 'true', provenance: 'false' },
      });
    });

    it("builds by the command line's flags, which the repository's own build takes", () => {
      const flags = JSON.stringify({ tag: '2.0.0', dockerfile: 'docker/Dockerfile' });
      expect(runStage('build', { inputs: { flags } })).toMatchObject({ conclusion: 'success' });
      expect(given('build-push-action', 'tags')).toBe(`${IMAGE}:2.0.0`);
      expect(given('build-push-action', 'file')).toBe('./docker/Dockerfile');
    });

    it('hands settings on as they are, whatever they hold', () => {
      const build_args = { A: '$(touch pwned) `touch pwned`', B: '"; touch pwned; "', C: '%s \\ # $GITHUB_TOKEN' };
      const context = 'a b/c@d+e';
      const at = withSettings(JSON.stringify({ image: { build_args, context } }));
      expect(runStage('build', { repository: at }).jobs).toEqual(ALL_WELL);
      const lines = Object.entries(build_args).map(([name, value]) => `"${`${name}=${value}`.replaceAll('"', '""')}"`);
      expect(given('build-push-action', 'build-args')).toBe(lines.join('\n'));
      expect(given('build-push-action', 'context')).toBe(`./${context}`);
    });

    it('logs in to GitHub by its own token, and to any other registry by the secrets of the repository', () => {
      const login = (): string[] => ['registry', 'username', 'password'].map((input) => given('login-action', input));
      runStage('build');
      expect(login()).toEqual(['ghcr.io', 'alice', 'ghs_token']);
      runStage('build', { inputs: { flags: JSON.stringify({ registry: 'registry.example:5000' }) } });
      expect(login()).toEqual(['registry.example:5000', 'robot', 'hunter2']);
    });

    it('fails with a report where the image did not build, and signs nothing', () => {
      const run = runStage('build', { answers: { 'build-push-action.exit': '1' }, visibility: 'public' });
      expect(run).toMatchObject({ conclusion: 'failure', artifacts: ['slsa-build-1'] });
      expect(run.jobs).toMatchObject({ plan: 'success', build: 'failure' });
      expect(run.errors).toContain('The image did not build: see the step above.');
      expect(readingOf('build', run)).toEqual({ kind: 'read', result: { kind: 'failed', exitCode: 1 } });
      expect(wasAttested()).toBe(false);
    });

    it('names its artifact by the attempt', () => {
      expect(runStage('build', { attempt: 2 }).artifacts).toEqual(['slsa-build-2']);
      const failed = runStage('build', { attempt: 3, answers: { 'build-push-action.exit': '1' } });
      expect(failed.artifacts).toEqual(['slsa-build-3']);
    });

    it.each([
      ['has a mistake', 'image: { tag: "a b" }\n', '`tag: a b`: a tag is made of'],
      ['is no YAML', 'image: [\n', 'This is not YAML as it is read here'],
    ])('builds nothing where the settings file %s, and says so', (_, settings, message) => {
      const run = runStage('build', { repository: withSettings(settings) });
      expect(run).toMatchObject({ conclusion: 'failure', artifacts: [] });
      expect(run.errors.join('\n')).toContain(message);
      expect(run.jobs).toMatchObject({ plan: 'failure' });
      expect(failedStep(run)).toBe('Plan');
    });

    it.each<[string, Answers, string]>([
      ['the login failed', { 'login-action.exit': '1' }, 'docker/login-action'],
      ['the build said nothing of its image', { 'buildx-metadata.json': '' }, 'Refuse a result with gaps'],
      ['the build named no digest', { 'buildx-metadata.json': '{}' }, 'Refuse a result with gaps'],
      [
        "a job ran on a machine of the repository's own",
        {
          'jobs.json': JSON.stringify({
            jobs: JOBS.map((job) => ({ ...job, runner_group_id: job.name === 'build' ? 1 : 0 })),
          }),
        },
        "Refuse machines that are not GitHub's",
      ],
      ['attesting failed', { 'attest.exit': '1' }, 'Attest'],
      ['attesting left nothing', { 'bundle.json': '' }, 'Write stage.json'],
    ])('leaves nothing where %s, and says where it failed', (_, answers, step) => {
      const run = runStage('build', { answers: { ...USUAL_ANSWERS.build, ...answers }, visibility: 'public' });
      expect(run).toMatchObject({ conclusion: 'failure', artifacts: [] });
      expect(failedStep(run)).toContain(step);
    });
  });

  it.each(['lint', 'build'] as const)('of %s refuses any other commit before it checks one out', (stage) => {
    const run = runStage(stage, { inputs: { commit: OTHER_COMMIT } });
    expect(run).toMatchObject({ conclusion: 'failure', artifacts: [] });
    expect(failedStep(run)).toBe('Refuse any other commit');
    expect(run.steps.map(({ name }) => name)).not.toContainEqual(expect.stringContaining('actions/checkout'));
    expect(run.errors[0]).toContain(`This run is at ${repository.head}`);
  });

  describe('of sbom', () => {
    it('leaves the inventory of the digest', () => {
      const run = runStage('sbom');
      expect(run).toMatchObject({ conclusion: 'success', artifacts: ['slsa-sbom-1'] });
      expect(readingOf('sbom', run)).toEqual({
        kind: 'read',
        result: { specVersion: '1.6', components: 1, sha256: sha256(SBOM) },
      });
      expect(given('sbom-action', 'image')).toBe(`${IMAGE}@${DIGEST}`);
    });

    it('leaves nothing where syft failed', () => {
      const run = runStage('sbom', { answers: { ...USUAL_ANSWERS.sbom, 'sbom-action.exit': '1' } });
      expect(run).toMatchObject({ conclusion: 'failure', artifacts: [] });
      expect(failedStep(run)).toBe('syft');
    });

    it('leaves an inventory of another image for the product to refuse', () => {
      const run = runStage('sbom', { answers: { 'sbom.cdx.json': SBOM.replace(DIGEST, OTHER_DIGEST) } });
      expect(readingOf('sbom', run)).toMatchObject({ kind: 'unusable', problem: { code: 'wrong_subject' } });
    });

    it('hands its artifact to scan and attest', () => {
      const { runId } = runStage('sbom');
      for (const stage of ['scan', 'attest'] as const) {
        const run = runStage(stage, { inputs: { sbom_run_id: runId } });
        expect(readingOf(stage, run)).toMatchObject({ kind: 'read', result: { sbomSha256: sha256(SBOM) } });
      }
    });
  });

  describe('of scan', () => {
    it('leaves what grype found, and ends well however bad that is', () => {
      const run = runStage('scan', { inputs: leaveSbom() });
      expect(run).toMatchObject({ conclusion: 'success', artifacts: ['slsa-scan-1'] });
      expect(readingOf('scan', run)).toMatchObject({
        kind: 'read',
        result: { matches: 1, counts: { high: 1 }, sbomSha256: sha256(SBOM) },
      });
    });

    it.each([
      ['grype crashed', { 'scan-action.exit': '1' }, 'grype'],
      ['grype crashed and left half a report', { 'grype.json': '{', 'scan-action.exit': '1' }, 'grype'],
      ['grype left no report', {}, 'Write stage.json'],
    ])('leaves nothing where %s', (_, answers: Answers, step) => {
      const run = runStage('scan', { answers, inputs: leaveSbom() });
      expect(run).toMatchObject({ conclusion: 'failure', artifacts: [] });
      expect(failedStep(run)).toBe(step);
    });

    it.each([
      ['is another', `${SBOM} `, 'Refuse another SBOM'],
      ['is not there', null, 'actions/download-artifact'],
    ])('scans nothing where the SBOM %s', (_, text, step) => {
      const run = runStage('scan', { inputs: text === null ? {} : leaveSbom(text) });
      expect(run).toMatchObject({ conclusion: 'failure', artifacts: [] });
      expect(failedStep(run)).toContain(step);
    });
  });

  describe('of sign', () => {
    it.each([
      ['public_log', 'cosign'],
      ['github', 'actions/attest'],
    ])('leaves a bundle: by %s', (signing, tool) => {
      const run = runStage('sign', { inputs: { signing } });
      expect(run).toMatchObject({ conclusion: 'success', artifacts: ['slsa-sign-1'] });
      expect(readingOf('sign', run)).toMatchObject({ kind: 'read', result: { digest: DIGEST, logIndex: '658949562' } });
      const report: unknown = JSON.parse(readFileSync(join(artifactFolder(run, 'slsa-sign-1'), 'stage.json'), 'utf8'));
      expect(report).toMatchObject({ tool: { name: tool } });
    });

    it.each([
      ['public_log', { 'cosign.exit': '1' }, 'Sign by the public log'],
      ['github', { 'attest.exit': '1' }, "Sign by GitHub's authority"],
      ['another_way', {}, 'Write stage.json'],
    ])('leaves nothing where it could not sign: by %s', (signing, more: Answers, step) => {
      const run = runStage('sign', { inputs: { signing }, answers: { ...USUAL_ANSWERS.sign, ...more } });
      expect(run).toMatchObject({ conclusion: 'failure', artifacts: [] });
      expect(failedStep(run)).toBe(step);
    });
  });

  describe('of attest', () => {
    it('leaves the attestation of that very SBOM', () => {
      const run = runStage('attest', { inputs: leaveSbom(), visibility: 'public' });
      expect(run).toMatchObject({ conclusion: 'success', artifacts: ['slsa-attest-1'] });
      expect(readingOf('attest', run)).toMatchObject({
        kind: 'read',
        result: { digest: DIGEST, sbomSha256: sha256(SBOM) },
      });
      expect([given('attest', 'subject-name'), given('attest', 'subject-digest')]).toEqual([IMAGE, DIGEST]);
    });

    it('attests nothing where the SBOM is another', () => {
      const run = runStage('attest', { inputs: leaveSbom(`${SBOM} `) });
      expect(run).toMatchObject({ conclusion: 'failure', artifacts: [] });
      expect(failedStep(run)).toBe('Refuse another SBOM');
    });

    it('leaves nothing where it could not attest', () => {
      const run = runStage('attest', { inputs: leaveSbom(), answers: { 'attest.exit': '1' }, visibility: 'public' });
      expect(run).toMatchObject({ conclusion: 'failure', artifacts: [] });
      expect(failedStep(run)).toBe('Attest');
    });
  });

  describe('of verify', () => {
    it.each(['public_log', 'github'])('verifies both: by %s', (signing) => {
      const run = runStage('verify', { inputs: { signing }, visibility: signing === 'github' ? 'private' : 'public' });
      expect(run).toMatchObject({ conclusion: 'success', artifacts: ['slsa-verify-1'] });
      expect(readingOf('verify', run)).toEqual({
        kind: 'read',
        result: { kind: 'verified', signatures: 1, attestations: 1 },
      });
    });

    it.each([
      ['the signature', { 'cosign-verify.json': '', 'cosign.exit': '1' }, 'signature'],
      ['the attestation', { 'gh-attestation.json': '', 'gh.exit': '1' }, 'attestation'],
    ])('fails with a report where %s does not hold', (_, more: Answers, reason) => {
      const run = runStage('verify', { answers: { ...USUAL_ANSWERS.verify, ...more }, visibility: 'public' });
      expect(run).toMatchObject({ conclusion: 'failure', artifacts: ['slsa-verify-1'] });
      expect(failedStep(run)).toBe('Say how verification ended');
      expect(readingOf('verify', run)).toMatchObject({
        kind: 'read',
        result: { kind: 'rejected', reason: expect.stringContaining(reason) },
      });
    });

    it('leaves nothing where a verifier was killed', () => {
      const run = runStage('verify', {
        answers: { ...USUAL_ANSWERS.verify, 'cosign.exit': '137' },
        visibility: 'public',
      });
      expect(run).toMatchObject({ conclusion: 'failure', artifacts: [] });
      expect(failedStep(run)).toBe('Verify signature and attestation');
    });
  });
});

describe('the stubs', () => {
  it('stand for every action that the stage files use, but for the checkout, and for no other', () => {
    const pins = STAGES.flatMap((stage) => readStageFile(stage).steps).flatMap(({ uses }) => uses ?? []);
    const actions = new Set(pins.filter((pin) => !pin.startsWith('./')).map((pin) => pin.slice(0, pin.indexOf('@'))));
    expect([...Object.keys(ACTIONS), 'actions/checkout'].toSorted()).toEqual([...actions].toSorted());
  });
});

/** As they are shipped, the builder, and as two kinds of repositories get them, each in a folder. */
function everyFile(folder: string): string[] {
  for (const [name, files] of Object.entries({ calling: CALLING_FILES, own: OWN_FILES })) {
    for (const stage of STAGES) write(join(folder, name, '.github/workflows', STAGE_TABLE[stage].file), files[stage]);
    write(
      join(folder, name, '.github/workflows', FORK_CHECK_FILE),
      renderForkCheck(SOURCES, name === 'calling' ? BUILDER : null),
    );
  }
  const workflows = ['calling', 'own'].map((name) => join(folder, name, '.github/workflows'));
  return [STAGES_FOLDER, join(STAGES_FOLDER, 'builder'), ...workflows].flatMap((each) =>
    readdirSync(each)
      .filter((file) => file.endsWith('.yml'))
      // Without the builder's steps it is no workflow yet.
      .filter((file) => each !== STAGES_FOLDER || file !== FORK_CHECK_FILE)
      .map((file) => join(each, file)),
  );
}

describe('the files, shipped and rendered', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'stage-files-'));
  });

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('are all looked at', () => {
    expect(everyFile(folder)).toHaveLength(3 * STAGES.length + 1 + 2);
  });

  describeWithTools({ actionlint })('by actionlint', () => {
    it('are valid and sound', () => {
      const { status, stdout, stderr } = spawnSync(actionlint!, ['-no-color', ...everyFile(folder)], {
        encoding: 'utf8',
      });
      expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
    });
  });

  describeWithTools({ zizmor })('by zizmor', () => {
    it('have none of the faults it knows', () => {
      const args = ['--offline', '--no-progress', '--format', 'json', ...everyFile(folder)];
      const { status, stdout } = spawnSync(zizmor!, args, { encoding: 'utf8' });
      expect({ status, findings: JSON.parse(stdout) as unknown }).toEqual({ status: 0, findings: [] });
    });
  });
});
