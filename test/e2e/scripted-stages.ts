/** Stages that end as a test wants, at once: the artifact's form is the real one, its contents are made up. */
import { createHash } from 'node:crypto';
import { OciImage } from '../../sandbox/registry/oci-client.ts';
import { claimsOf } from '../../sandbox/sigstore/claims.ts';
import { provenanceOf, statementAbout } from '../../sandbox/sigstore/provenance.ts';
import type { StageEnd, StageJob, StageScript, StageScripts } from '../../sandbox/actions/scripts.ts';
import type { Services, Signing } from '../../sandbox/actions/services.ts';
import { signAs, storeAttestation } from '../../sandbox/actions/signing.ts';
import { planBuild, type BuildOutputs } from '../../src/domain/build/build-plan.ts';
import { SETTINGS_PATH } from '../../src/domain/settings/settings-schema.ts';
import { tinyLint } from './tiny-linter.ts';
import type { Stage } from '../../src/domain/stage/stage-table.ts';

export type Script =
  | { readonly kind: 'good' }
  | { readonly kind: 'lint_errors'; readonly count: number }
  /** The files themselves are looked at, by a linter of two rules with a fixer. */
  | { readonly kind: 'tiny' }
  | { readonly kind: 'build_fails'; readonly log?: string }
  | { readonly kind: 'vulnerable'; readonly severities: readonly string[] }
  /** The job fails and leaves nothing. */
  | { readonly kind: 'crash' }
  /** The job says success and leaves nothing. */
  | { readonly kind: 'no_artifact' }
  | {
      readonly kind: 'artifact';
      readonly files: (job: StageJob) => ReadonlyMap<string, Buffer | string>;
      readonly conclusion?: 'success' | 'failure';
    }
  /** As Actions itself may end it: without jobs, without a word, with a log of its own. */
  | ({ readonly kind: 'ends' } & Pick<StageEnd, 'conclusion' | 'log' | 'annotations' | 'jobs' | 'silent'>)
  /** So many times, for each repository; then it is good. */
  | { readonly kind: 'first'; readonly times: number; readonly script: Script }
  /** Goes on until it is cancelled. */
  | { readonly kind: 'endless' }
  | { readonly kind: 'slow'; readonly milliseconds: number };

export type Scripts = Partial<Record<Stage, Script>>;

/** The scripts may be changed while the sandbox runs: they are read when a job starts. Stages of `runner` are carried out. */
export function scripted(
  scripts: Scripts,
  services: Services,
  { runner = [] }: { readonly runner?: readonly Stage[] } = {},
): StageScripts {
  const known = new Map<Stage, StageScript>();
  return ({ stage }) => {
    if (runner.includes(stage)) return null;
    const script = known.get(stage) ?? executor(stage, scripts, services);
    known.set(stage, script);
    return script;
  };
}

function executor(stage: Stage, scripts: Scripts, services: Services): StageScript {
  const seen = new Map<string, number>();
  const goodArtifact = (job: StageJob, script: Script): Promise<Map<string, string>> =>
    artifactOf(job, script, services);
  return async (job) => {
    const script = current(scripts[stage] ?? { kind: 'good' }, job, seen);
    if (job.stage === 'lint' || job.stage === 'build') {
      if (job.run.headSha !== job.inputs['commit']) return end('failure', null);
    }
    switch (script.kind) {
      case 'ends':
        return {
          steps: script.jobs === 'none' ? [] : [{ name: 'the tool', conclusion: 'failure' }],
          artifact: null,
          ...script,
        };
      case 'first':
        throw new Error('It was unfolded above');
      case 'tiny':
        return tinyLint(job);
      case 'crash':
        return end('failure', null);
      case 'no_artifact':
        return end('success', null);
      case 'artifact':
        return end(script.conclusion ?? 'success', script.files(job));
      case 'endless':
        return new Promise(() => undefined);
      case 'slow':
        await new Promise((resolve) => setTimeout(resolve, script.milliseconds));
        return end('success', await goodArtifact(job, { kind: 'good' }));
      case 'build_fails': {
        const { log } = script;
        return { ...end('failure', await goodArtifact(job, script)), ...(log === undefined ? {} : { log }) };
      }
      case 'lint_errors':
        return end('failure', await goodArtifact(job, script));
      case 'good':
      case 'vulnerable':
        return end('success', await goodArtifact(job, script));
    }
  };
}

function current(script: Script, { repository }: StageJob, seen: Map<string, number>): Script {
  if (script.kind !== 'first') return script;
  const times = seen.get(repository.name) ?? 0;
  seen.set(repository.name, times + 1);
  return times < script.times ? script.script : { kind: 'good' };
}

const end = (conclusion: StageEnd['conclusion'], artifact: StageEnd['artifact']): StageEnd => ({
  conclusion,
  artifact,
  steps: [{ name: 'the tool', conclusion }],
});

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export const digestOf = (job: StageJob): string => `sha256:${sha256(`image of ${job.inputs['commit']}`)}`;

/** Signatures are real: the App verifies them. */
async function artifactOf(job: StageJob, script: Script, services: Services): Promise<Map<string, string>> {
  const { inputs } = job;
  const report = (more: object): [string, string] => [
    'stage.json',
    JSON.stringify({
      schemaVersion: 1,
      stage: job.stage,
      commit: inputs['commit'],
      exitCode: 0,
      tool: { name: 'scripted', version: '1' },
      ...more,
    }),
  ];
  const subject = inputs['digest'];
  const sbom = JSON.stringify({
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    components: [{ name: 'lodash', version: '4.17.20' }],
  });
  switch (job.stage) {
    case 'lint':
      return lintArtifact(report, script.kind === 'lint_errors' ? script.count : 0);
    case 'build': {
      if (script.kind === 'build_fails') return new Map([report({ exitCode: 1 }), ['buildx-metadata.json', '{}']]);
      const plan = await planOf(job);
      const digest = digestOf(job);
      const metadata = {
        'containerimage.digest': digest,
        'containerimage.descriptor': { digest },
        'image.name': `${plan.image}:${plan.tag}`,
      };
      return new Map([
        report({ signing: plan.signing }),
        ['buildx-metadata.json', JSON.stringify(metadata)],
        ['provenance.json', await provenance(job, services, { plan, digest })],
      ]);
    }
    case 'sbom':
      return new Map([report({ subject, sbomSha256: sha256(sbom) }), ['sbom.cdx.json', sbom]]);
    case 'scan':
      return new Map([
        report({ subject, sbomSha256: inputs['sbom_sha256'] }),
        ['grype.json', grype(script.kind === 'vulnerable' ? script.severities : [])],
      ]);
    case 'sign':
      return new Map([
        report({ subject }),
        ['signature.sigstore.json', await attach(job, services, { predicateType: SIGNATURE, predicate: {} })],
      ]);
    case 'attest':
      return new Map([
        report({ subject, sbomSha256: inputs['sbom_sha256'] }),
        [
          'attestation.sigstore.json',
          await attach(job, services, { predicateType: CYCLONEDX, predicate: JSON.parse(sbom) as unknown }),
        ],
      ]);
    case 'verify':
      return new Map([
        report({ subject }),
        ['cosign-verify.json', JSON.stringify([{ critical: { image: { 'docker-manifest-digest': subject } } }])],
        [
          'attestation-verify.json',
          JSON.stringify([{ predicateType: 'https://cyclonedx.org/bom', subjects: [subject] }]),
        ],
      ]);
  }
}

const SIGNATURE = 'https://sigstore.dev/cosign/sign/v1';
const CYCLONEDX = 'https://cyclonedx.org/bom';

async function planOf({ repository, run, inputs }: StageJob): Promise<BuildOutputs> {
  const settings = (await repository.git.file(run.headSha, SETTINGS_PATH))?.toString('utf8') ?? null;
  const { visibility, defaultBranch, owner, name } = repository;
  const plan = planBuild({
    settings,
    flags: inputs['flags'] ?? '{}',
    repository: `${owner.login}/${name}`,
    ref: run.ref,
    sha: run.headSha,
    defaultBranch,
    visibility,
  });
  if (plan.kind === 'refused') throw new Error(plan.mistakes.map(({ message }) => message).join('\n'));
  return plan.outputs;
}

async function provenance(
  job: StageJob,
  services: Services,
  { plan: { image, signing }, digest }: { readonly plan: BuildOutputs; readonly digest: string },
): Promise<string> {
  const statement = statementAbout({ name: image, digest }, provenanceOf(claimsOf(job)));
  if (signing === 'none') return JSON.stringify(statement);
  const instance = signing === 'github' ? 'github' : 'publicGood';
  return signAndStore(job, services, { image, digest }, { statement, instance });
}

/** Signs a statement about the image as this very run, and stores it beside the image; the bundle as text. */
function attach(
  job: StageJob,
  services: Services,
  claim: { readonly predicateType: string; readonly predicate: unknown },
): Promise<string> {
  const { image = '', digest = '', signing } = job.inputs;
  const instance = signing === 'github' ? 'github' : 'publicGood';
  return signAndStore(
    job,
    services,
    { image, digest },
    { statement: statementAbout({ name: image, digest }, claim), instance },
  );
}

async function signAndStore(
  job: StageJob,
  services: Services,
  { image, digest }: { readonly image: string; readonly digest: string },
  signing: Pick<Signing, 'statement' | 'instance'>,
): Promise<string> {
  const signed = await signAs(job, services, signing);
  await new OciImage(image, services.registry.credentials).attach(digest, signed.bundle);
  storeAttestation(job, services, { digest, signed });
  return JSON.stringify(signed.bundle);
}

function lintArtifact(report: (more: object) => [string, string], count: number): Map<string, string> {
  const status = count === 0 ? 'success' : 'error';
  const code = count === 0 ? 0 : 1;
  const linters = [{ name: 'PYTHON_RUFF', status, return_code: code, total_number_errors: count, files_number: 3 }];
  return new Map([
    report({ exitCode: code }),
    ['megalinter-reports/mega-linter-report.json', JSON.stringify({ linters, status, return_code: code })],
  ]);
}

const grype = (severities: readonly string[]): string =>
  JSON.stringify({
    matches: severities.map((severity, index) => ({
      vulnerability: { id: `CVE-2026-${1000 + index}`, severity, fix: { versions: ['2.0.0'], state: 'fixed' } },
      artifact: { name: 'lodash', version: '1.0.0' },
    })),
  });
