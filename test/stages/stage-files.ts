/**
 * What the tests of the stage files share: the files themselves, parsed; the way Actions runs their scripts; sample
 * reports as the real tools write them; and tools that are used where the machine has them.
 */
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import { readStageSources } from '../../src/cli/stage-sources.ts';
import { BuilderWorkflow } from '../../src/domain/build/builder.ts';
import { CommitSha, Digest } from '../../src/domain/git.ts';
import { SIGNATURE_PREDICATE } from '../../src/domain/signature/signature-result.ts';
import { renderStageFiles } from '../../src/domain/stage/render-stage-files.ts';
import { FILES_OF_STAGE } from '../../src/domain/stage/stage-artifact.ts';
import type { ReportFile, StageExpectation } from '../../src/domain/stage/stage-report.ts';
import { STAGES, type Stage } from '../../src/domain/stage/stage-table.ts';

export const STAGES_FOLDER = fileURLToPath(new URL('../../stages/', import.meta.url));

export const SOURCES = readStageSources();
export const BUILDER = BuilderWorkflow.parse(`acme/slsa-builder/.github/workflows/build-image.yml@${'5'.repeat(40)}`);

/** As a repository gets them that builds for itself. */
export const OWN_FILES = renderStageFiles(SOURCES, { builder: null, timeoutMinutes: {} });
/** As a repository gets them whose operator has a builder. */
export const CALLING_FILES = renderStageFiles(SOURCES, { builder: BUILDER, timeoutMinutes: {} });

/**
 * Each file that somebody runs, under a name: a stage's, of which 01 is the one with jobs of its own; 01 as it is shipped,
 * the caller of a builder; and that builder.
 */
export const FILES = [...STAGES, 'caller', 'builder'] as const;
export type FileName = (typeof FILES)[number];

export const TEXTS: Readonly<Record<FileName, string>> = {
  ...OWN_FILES,
  caller: SOURCES.stages.build,
  builder: SOURCES.builder,
};

const stageOf = (name: FileName): Stage => (name === 'caller' || name === 'builder' ? 'build' : name);

// The files, parsed. The schema says how GitHub writes a workflow, not how ours must be: that is stage-rules.test.ts.

const Text = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const Texts = z.record(z.string(), Text);
const Defaults = z.object({ run: z.object({ shell: z.string().optional() }).optional() }).optional();

const Step = z.object({
  name: z.string().optional(),
  id: z.string().optional(),
  if: Text.optional(),
  uses: z.string().optional(),
  with: Texts.default({}),
  env: Texts.default({}),
  run: z.string().optional(),
  shell: z.string().optional(),
  'working-directory': z.string().optional(),
  'continue-on-error': z.unknown().optional(),
});
export type Step = z.infer<typeof Step>;

const Job = z.object({
  needs: z.union([z.string().transform((job) => [job]), z.array(z.string())]).default([]),
  'runs-on': z.unknown().optional(),
  'timeout-minutes': z.unknown().optional(),
  'continue-on-error': z.unknown().optional(),
  permissions: z.unknown().optional(),
  env: Texts.default({}),
  outputs: Texts.default({}),
  defaults: Defaults,
  // Those of a job that is a whole workflow of somebody else's.
  uses: z.string().optional(),
  with: Texts.default({}),
  secrets: z.unknown().optional(),
  steps: z.array(Step).default([]),
});
export type Job = z.infer<typeof Job>;

const Input = z.object({ required: z.boolean().optional(), type: z.string().optional(), default: Text.optional() });
const Inputs = z.record(z.string(), Input).default({});

const Workflow = z.object({
  name: z.string(),
  'run-name': z.string().optional(),
  on: z.looseObject({
    workflow_dispatch: z.object({ inputs: Inputs }).optional(),
    workflow_call: z.object({ inputs: Inputs, secrets: z.record(z.string(), z.unknown()).default({}) }).optional(),
  }),
  env: Texts.default({}),
  permissions: z.unknown().optional(),
  concurrency: z.object({ group: z.string(), 'cancel-in-progress': z.unknown().optional() }).optional(),
  defaults: Defaults,
  jobs: z.record(z.string(), Job),
});
export type Workflow = z.infer<typeof Workflow>;

export interface StageFile {
  readonly name: FileName;
  readonly stage: Stage;
  readonly text: string;
  readonly workflow: Workflow;
  /** Of all its jobs, in their order. */
  readonly steps: readonly Step[];
}

export function parseStageFile(name: FileName, text: string): StageFile {
  const workflow = Workflow.parse(parse(text));
  const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);
  return { name, stage: stageOf(name), text, workflow, steps };
}

export const readStageFile = (name: FileName): StageFile => parseStageFile(name, TEXTS[name]);

/** How a step is called in a message: by its name, or by what it uses. */
export const stepTitle = (step: Step): string => step.name ?? step.uses ?? step.run ?? '?';

export interface StepOfJob {
  readonly job: Job;
  readonly step: Step;
}

/** By its title, which may be shortened, and where one title is that of several steps, in the job of that name. */
export function stepNamed(file: StageFile, title: string, jobName?: string): StepOfJob {
  const jobs = Object.entries(file.workflow.jobs).filter(([name]) => jobName === undefined || name === jobName);
  const found = jobs.flatMap(([, job]) =>
    job.steps.filter((step) => stepTitle(step).startsWith(title)).map((step) => ({ job, step })),
  );
  const [only] = found;
  if (only === undefined || found.length > 1) throw new Error(`${file.name} has ${found.length} steps "${title}"`);
  return only;
}

/**
 * The command that Actions runs a script with. Only where `shell: bash` is written down does a failure within a pipe
 * count. Source: docs.github.com, "Workflow syntax", `jobs.<job_id>.steps[*].shell`.
 */
export function shellOf(workflow: Workflow, job: Job, step: Step): readonly string[] {
  const shell = step.shell ?? job.defaults?.run?.shell ?? workflow.defaults?.run?.shell;
  if (shell === undefined) return ['bash', '-e'];
  if (shell === 'bash') return ['bash', '--noprofile', '--norc', '-eo', 'pipefail'];
  throw new Error(`Not a shell that these tests know: ${shell}`);
}

// Reports, as the product gets to see them.

export const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The files of a folder that the product would read of this stage's artifact. */
export function reportFilesIn(folder: string, stage: Stage): Map<string, ReportFile> {
  const files = new Map<string, ReportFile>();
  for (const name of FILES_OF_STAGE[stage]) {
    const path = join(folder, name);
    if (!existsSync(path)) continue;
    const bytes = readFileSync(path);
    files.set(name, { text: bytes.toString('utf8'), bytes: bytes.length, sha256: sha256(bytes) });
  }
  return files;
}

export const COMMIT = CommitSha.parse('3f786850e387550fdab836ed7e6dc881de23001b');
export const OTHER_COMMIT = CommitSha.parse('89e6c98d92887913cadf06b2adb97f26cde4849b');
export const IMAGE = 'ghcr.io/acme/app';
export const TAG = '1.0.0';
/** What the registry answers with; its digest is that of these bytes. */
export const MANIFEST = 'the image';
export const DIGEST = Digest.parse(`sha256:${sha256(MANIFEST)}`);
export const OTHER_DIGEST = Digest.parse(`sha256:${sha256('another image')}`);

export const expectation = (stage: Stage, more: Partial<StageExpectation> = {}): StageExpectation => ({
  stage,
  commit: COMMIT,
  digest: stage === 'lint' || stage === 'build' ? null : DIGEST,
  sbomSha256: stage === 'scan' || stage === 'attest' ? sha256(SBOM) : null,
  imageName: IMAGE,
  ...(stage === 'build' ? { build: { tag: TAG, signing: 'public_log' as const } } : {}),
  ...more,
});

/** MegaLinter's JSON report in simple mode, reduced to what its JsonReporter writes of two linters. */
export const megaLinterReport = (errors: number): string =>
  JSON.stringify({
    linters: [
      { descriptor_id: 'BASH', name: 'BASH_SHELLCHECK', status: 'success', total_number_errors: 0, files_number: 3 },
      {
        descriptor_id: 'DOCKERFILE',
        name: 'DOCKERFILE_HADOLINT',
        status: errors > 0 ? 'error' : 'success',
        total_number_errors: errors,
        files_number: 1,
      },
    ],
    return_code: errors > 0 ? 1 : 0,
    status: errors > 0 ? 'error' : 'success',
  });

export const SARIF = JSON.stringify({
  version: '2.1.0',
  runs: [{ tool: { driver: { name: 'Hadolint (MegaLinter DOCKERFILE_HADOLINT)' } }, results: [] }],
});

/** `docker buildx build --metadata-file` of an image that was pushed. */
export const BUILDX_METADATA_JSON = JSON.stringify({
  'buildx.build.ref': 'builder-1/builder-10/ufo2jxxrfy4',
  'containerimage.descriptor': {
    mediaType: 'application/vnd.oci.image.index.v1+json',
    digest: DIGEST,
    size: 856,
  },
  'containerimage.digest': DIGEST,
  'image.name': `${IMAGE}:${TAG}`,
});

export const SBOM = JSON.stringify({
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  serialNumber: 'urn:uuid:0ff5e1d5-6b5c-4c0e-8d9b-6d6f0b1f7c11',
  metadata: { component: { type: 'container', name: IMAGE, version: DIGEST } },
  components: [{ type: 'library', name: 'lodash', version: '4.17.15', purl: 'pkg:npm/lodash@4.17.15' }],
});

export const GRYPE_JSON = JSON.stringify({
  matches: [
    {
      vulnerability: { id: 'GHSA-p6mc-m468-83gw', severity: 'High', fix: { versions: ['4.17.19'], state: 'fixed' } },
      artifact: { name: 'lodash', version: '4.17.15', purl: 'pkg:npm/lodash@4.17.15' },
    },
  ],
  descriptor: { name: 'grype', version: '0.110.0', db: { built: '2026-11-20T00:00:00Z' } },
});

export const statementOf = (predicateType: string, digest: string): Record<string, unknown> => ({
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name: IMAGE, digest: { sha256: digest.replace('sha256:', '') } }],
  predicateType,
  predicate: {},
});

/** A Sigstore bundle v0.3 in shape only: its signature is no signature, which is not what these tests are about. */
export const bundleOf = (predicateType: string, digest: string): string =>
  JSON.stringify({
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: { certificate: { rawBytes: 'AA==' }, tlogEntries: [{ logIndex: '658949562' }] },
    dsseEnvelope: {
      payloadType: 'application/vnd.in-toto+json',
      payload: Buffer.from(JSON.stringify(statementOf(predicateType, digest))).toString('base64'),
      signatures: [{ sig: 'AA==' }],
    },
  });

/** What `cosign verify` prints on its standard output. */
export const cosignVerifyOutput = (digest: string): string =>
  JSON.stringify([
    {
      critical: {
        identity: { 'docker-reference': IMAGE },
        image: { 'docker-manifest-digest': digest },
        type: SIGNATURE_PREDICATE,
      },
      optional: null,
    },
  ]);

/** What `gh attestation verify --format json` prints. */
export const ghVerifyOutput = (predicateType: string, digest: string): string =>
  JSON.stringify([
    { attestation: { bundle: {} }, verificationResult: { statement: statementOf(predicateType, digest) } },
  ]);

// Tools that a machine may lack.

export interface ToolPlaces {
  /** The environment variable that names it. */
  readonly variable?: string;
  /** Where a `go install` may have been asked to put it. */
  readonly otherwise?: string;
}

/** Where a tool is, or null: as its variable says, on PATH, or at its last resort. */
export function findTool(name: string, { variable, otherwise }: ToolPlaces = {}): string | null {
  const named = variable === undefined ? undefined : process.env[variable];
  if (named !== undefined && named !== '') return isExecutable(named) ? named : null;
  const onPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name));
  return [...onPath, ...(otherwise === undefined ? [] : [otherwise])].find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** A group of tests that need these tools: skipped, by name, where one is missing. */
export function describeWithTools(tools: Readonly<Record<string, string | null>>): typeof describe.skip {
  const missing = Object.entries(tools).flatMap(([name, path]) => (path === null ? [name] : []));
  if (missing.length === 0) return describe;
  return ((name: string, tests: () => void) => {
    describe.skip(`${name} (skipped: ${missing.join(' and ')} not found on this machine)`, tests);
  }) as typeof describe.skip;
}
