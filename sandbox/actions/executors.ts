/** The stages, done for real where a fresh machine can: each leaves the artifact that its stage file promises. */
import { claimsOf, signerUri, type JobClaims } from '../sigstore/claims.ts';
import { provenanceOf, statementAbout } from '../sigstore/provenance.ts';
import type { Sigstore, SigstoreInstance } from '../sigstore/sigstore.ts';
import { verifyBundle } from '../sigstore/trust.ts';
import { OciImage } from '../registry/oci-client.ts';
import { createHash } from 'node:crypto';
import { unzipSync } from 'fflate';
import { z } from 'zod';
import { buildImage } from './build-image.ts';
import type { Executors, StageEnd, StageJob } from './engine.ts';
import { inventory } from './inventory.ts';
import { failedStep, passedStep } from './job-log.ts';
import { fixFolder, lintFolder } from './lint.ts';
import { FIXES_FILE } from '../../src/domain/repair/fixes.ts';
import { planBuild, type BuildPlan } from './plan-job.ts';
import { scanComponents } from './scan.ts';

export interface ExecutorParts {
  readonly sigstore: Sigstore;
  readonly nextId: () => number;
  /** What an attacker changes of what is signed. */
  readonly attack?: Attack;
}

/** One signature, before it is made. */
export interface Signing {
  readonly stage: 'build' | 'sign' | 'attest';
  readonly claims: JobClaims;
  readonly statement: object;
  readonly instance: keyof Pick<Sigstore, 'publicGood' | 'github'>;
}

/** Changes what is about to be signed, or the bundle that came of it. */
export interface Attack {
  before?(signing: Signing): Signing;
  after?(bundle: unknown, signing: Signing): unknown;
}

export const CYCLONEDX = 'https://cyclonedx.org/bom';
export const SIGNATURE = 'https://sigstore.dev/cosign/sign/v1';

export const realExecutors = (parts: ExecutorParts): Executors => ({
  lint,
  build: (job) => build(job, parts),
  sbom,
  scan,
  sign: (job) => sign(job, parts),
  attest: (job) => attest(job, parts),
  verify: (job) => verify(job, parts),
});

async function lint(job: StageJob): Promise<StageEnd> {
  const moved = refuseAnotherCommit(job);
  if (moved !== null) return moved;
  await job.repository.git.checkOut(job.run.headSha, job.folder);
  const fixes = job.inputs['fix'] === 'true' ? await fixFolder(job.folder) : null;
  const report = await lintFolder(job.folder);
  const end = passed(job, { exitCode: report.exitCode, tool: { name: 'sandbox-linters', version: '1' } }, [
    ['megalinter-reports/mega-linter-report.json', JSON.stringify(report.megalinter)],
    ['megalinter-reports/megalinter-report.sarif', JSON.stringify(report.sarif)],
    ['megalinter-reports/linter-logs.json', JSON.stringify(report.logs)],
    ...(fixes === null ? [] : [[FIXES_FILE, JSON.stringify(fixes)] as const]),
  ]);
  if (report.exitCode === 0) return end;
  return failed(end, {
    tool: passedStep('oxsecurity/megalinter', ...report.output),
    verdict: 'Say how lint ended',
    error: 'MegaLinter found errors: see its step above.',
  });
}

async function build(job: StageJob, parts: ExecutorParts): Promise<StageEnd> {
  const moved = refuseAnotherCommit(job);
  if (moved !== null) return moved;
  await job.repository.git.checkOut(job.run.headSha, job.folder);
  const plan = await planBuild(job);
  const built = await buildImage(job.folder, { ...plan });
  const tool = { name: 'sandbox-build', version: '1' };
  if (built.kind === 'failed')
    return failed(passed(job, { exitCode: 1, tool }, [['buildx-metadata.json', '{}']]), {
      tool: passedStep('docker/build-push-action', ...built.log),
      verdict: 'Say how the build ended',
      error: 'The image did not build: see the step above.',
    });
  const provenance = await attestBuild(job, parts, { plan, digest: built.digest });
  return passed(job, { exitCode: 0, signing: plan.signing, tool }, [
    ['buildx-metadata.json', JSON.stringify(built.metadata)],
    ['provenance.json', provenance],
  ]);
}

/** The provenance job: it knows the digest that it was given, and who it is. */
export async function attestBuild(
  job: StageJob,
  parts: ExecutorParts,
  { plan, digest }: { plan: BuildPlan; digest: string },
): Promise<string> {
  const claims = claimsOf(job);
  const statement = statementAbout({ name: plan.image, digest }, provenanceOf(claims));
  if (plan.signing === 'none') return JSON.stringify(statement);
  const instance = plan.signing === 'github' ? 'github' : 'publicGood';
  return signAndStore(job, parts, { image: plan.image, digest }, { stage: 'build', claims, statement, instance });
}

async function sbom(job: StageJob): Promise<StageEnd> {
  const { image = '', digest = '' } = job.inputs;
  const document = JSON.stringify(await inventory(image, digest));
  const tool = { name: 'sandbox-inventory', version: '1' };
  const report = { exitCode: 0, subject: digest, sbomSha256: sha256(document), tool };
  return passed(job, report, [['sbom.cdx.json', document]]);
}

async function scan(job: StageJob): Promise<StageEnd> {
  const { digest = '', sbom_sha256: sbomSha256 = '' } = job.inputs;
  const found = await scanComponents(fetchSbom(job));
  const report = { exitCode: 0, subject: digest, sbomSha256, tool: { name: 'sandbox-advisories', version: '1' } };
  return passed(job, report, [['grype.json', JSON.stringify(found)]]);
}

async function sign(job: StageJob, parts: ExecutorParts): Promise<StageEnd> {
  const bundle = await attach(job, parts, { predicateType: SIGNATURE, predicate: {} });
  const report = { exitCode: 0, subject: job.inputs['digest'], tool: { name: 'sandbox-sigstore', version: '1' } };
  return passed(job, report, [['signature.sigstore.json', bundle]]);
}

async function attest(job: StageJob, parts: ExecutorParts): Promise<StageEnd> {
  const predicate: unknown = JSON.parse(fetchSbom(job));
  const bundle = await attach(job, parts, { predicateType: CYCLONEDX, predicate });
  const { digest, sbom_sha256: sbomSha256 } = job.inputs;
  const report = { exitCode: 0, subject: digest, sbomSha256, tool: { name: 'sandbox-sigstore', version: '1' } };
  return passed(job, report, [['attestation.sigstore.json', bundle]]);
}

async function verify(job: StageJob, parts: ExecutorParts): Promise<StageEnd> {
  const { image = '', digest = '', sign_file: signFile = '', attest_file: attestFile = '' } = job.inputs;
  const instance = parts.sigstore[instanceOf(job)];
  const bundles = await new OciImage(image).bundles(digest);
  const found = bundles.map((bundle) => ({ bundle, statement: statementOf(bundle) }));
  const verified = (predicateType: string, file: string): Statement[] =>
    found
      .filter(({ statement }) => statement.predicateType === predicateType)
      .filter(({ bundle }) => holds(bundle, instance, identityOf(job, file)))
      .map(({ statement }) => statement);
  const signatures = verified(SIGNATURE, signFile)
    .flatMap(digestsOf)
    .map((each) => ({ critical: { image: { 'docker-manifest-digest': each } } }));
  const attestations = verified(CYCLONEDX, attestFile).map((each) => ({
    predicateType: each.predicateType,
    subjects: digestsOf(each),
  }));
  const exitCode = signatures.length > 0 && attestations.length > 0 ? 0 : 1;
  const end = passed(job, { exitCode, subject: digest, tool: { name: 'sigstore-js', version: '1' } }, [
    ['cosign-verify.json', JSON.stringify(signatures)],
    ['attestation-verify.json', JSON.stringify(attestations)],
  ]);
  if (exitCode === 0) return end;
  return failed(end, {
    tool: passedStep(
      'Verify signature and attestation',
      ...(signatures.length > 0 ? [] : ['Error: no signatures found']),
      ...(attestations.length > 0 ? [] : ['Error: no attestations found']),
    ),
    verdict: 'Say how verification ended',
    error: 'A signature or attestation could not be verified: see the step above.',
  });
}

/** Who a stage file of this repository signs as, when it is dispatched as this run was. */
const identityOf = ({ repository, run }: StageJob, file: string): string =>
  signerUri({ job_workflow_ref: `${repository.owner.login}/${repository.name}/.github/workflows/${file}@${run.ref}` });

const instanceOf = ({ inputs }: StageJob): Signing['instance'] =>
  inputs['signing'] === 'github' ? 'github' : 'publicGood';

/** Signs a statement about the image as this very run, and stores it beside the image; the bundle as text. */
export async function attach(
  job: StageJob,
  parts: ExecutorParts,
  claim: { predicateType: string; predicate: unknown },
): Promise<string> {
  const { image = '', digest = '' } = job.inputs;
  const stage = job.stage === 'attest' ? 'attest' : 'sign';
  const statement = statementAbout({ name: image, digest }, claim);
  return signAndStore(
    job,
    parts,
    { image, digest },
    { stage, claims: claimsOf(job), statement, instance: instanceOf(job) },
  );
}

/** In the registry beside the image, and with GitHub. */
async function signAndStore(
  { repository }: StageJob,
  { sigstore, nextId, attack }: ExecutorParts,
  { image, digest }: { image: string; digest: string },
  planned: Signing,
): Promise<string> {
  const signing = attack?.before?.(planned) ?? planned;
  const signed = await sigstore[signing.instance].sign(signing.statement, signing.claims);
  const bundle = attack?.after === undefined ? signed : attack.after(signed, signing);
  await new OciImage(image).attach(digest, bundle);
  const { predicateType } = Statement.parse(signing.statement);
  repository.attestations.push({ id: nextId(), digest, predicateType, bundle, createdAt: new Date().toISOString() });
  return JSON.stringify(bundle);
}

/** The first step of stages 00 and 01: github.sha must be the commit that was asked for. */
function refuseAnotherCommit(job: StageJob): StageEnd | null {
  if (job.run.headSha === job.inputs['commit']) return null;
  const name = 'Refuse any other commit';
  const told = `##[error]This run is at ${job.run.headSha}, not at the commit it was dispatched for: the branch has moved.`;
  return {
    conclusion: 'failure',
    artifact: null,
    steps: [{ name, conclusion: 'failure' }],
    log: failedStep(name, told),
  };
}

export const stageJson = (job: StageJob, more: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ schemaVersion: 1, stage: job.stage, commit: job.inputs['commit'], ...more });

export const passed = (
  job: StageJob,
  report: Readonly<Record<string, unknown>>,
  files: readonly (readonly [string, string])[],
): StageEnd => ({
  conclusion: 'success',
  steps: [{ name: job.stage, conclusion: 'success' }],
  artifact: new Map([['stage.json', stageJson(job, report)], ...files]),
});

/** A tool's failure is a result: it is uploaded first, and the job fails by its last step. */
const failed = (end: StageEnd, told: { tool: string; verdict: string; error: string }): StageEnd => ({
  ...end,
  conclusion: 'failure',
  steps: [...end.steps, { name: told.verdict, conclusion: 'failure' }],
  log: [told.tool, failedStep(told.verdict, `##[error]${told.error}`)].join('\n'),
});

/** actions/download-artifact, and the check of its hash. */
function fetchSbom({ repository, inputs }: StageJob): string {
  const artifact = repository.artifacts.find(
    (each) => each.runId === Number(inputs['sbom_run_id']) && each.name === inputs['sbom_artifact'],
  );
  if (artifact === undefined) throw new Error('Unable to download artifact: not found');
  const file = unzipSync(new Uint8Array(artifact.zip))['sbom.cdx.json'];
  const text = Buffer.from(file ?? []).toString('utf8');
  if (sha256(text) !== inputs['sbom_sha256']) throw new Error("The SBOM's hash is not the one that was asked for");
  return text;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const Statement = z.object({
  predicateType: z.string(),
  subject: z.array(z.object({ digest: z.object({ sha256: z.string() }) })),
});
type Statement = z.infer<typeof Statement>;

const digestsOf = ({ subject }: Statement): string[] => subject.map(({ digest }) => `sha256:${digest.sha256}`);

function statementOf(bundle: unknown): Statement {
  const { dsseEnvelope } = z.object({ dsseEnvelope: z.object({ payload: z.string() }) }).parse(bundle);
  return Statement.parse(JSON.parse(Buffer.from(dsseEnvelope.payload, 'base64').toString('utf8')));
}

function holds(bundle: unknown, instance: SigstoreInstance, identity: string): boolean {
  try {
    verifyBundle(bundle, instance, identity);
    return true;
  } catch {
    return false;
  }
}
