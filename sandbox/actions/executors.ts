/** The stages, done for real where a fresh machine can: each leaves the artifact that its stage file promises. */
import { identityUri, type Sigstore, type WorkflowIdentity } from '../sigstore/sigstore.ts';
import { trustedRootJson, verifyBundle } from '../sigstore/trust.ts';
import { OciImage } from '../registry/oci-client.ts';
import { createHash } from 'node:crypto';
import { unzipSync } from 'fflate';
import { z } from 'zod';
import { runUrl } from '../github/representations/actions.ts';
import { buildImage } from './build-image.ts';
import type { Executors, StageEnd, StageJob } from './engine.ts';
import { inventory } from './inventory.ts';
import { lintFolder } from './lint.ts';
import { scanComponents } from './scan.ts';

export interface ExecutorParts {
  readonly sigstore: Sigstore;
  readonly baseUrl: () => string;
}

const CYCLONEDX = 'https://cyclonedx.org/bom';
const SIGNATURE = 'https://sigstore.dev/cosign/sign/v1';

export const realExecutors = (parts: ExecutorParts): Executors => ({
  lint,
  build,
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
  const report = await lintFolder(job.folder);
  const end = passed(job, { exitCode: report.exitCode, tool: { name: 'sandbox-linters', version: '1' } }, [
    ['megalinter-reports/mega-linter-report.json', JSON.stringify(report.megalinter)],
    ['megalinter-reports/megalinter-report.sarif', JSON.stringify(report.sarif)],
  ]);
  return { ...end, conclusion: report.exitCode === 0 ? 'success' : 'failure' };
}

async function build(job: StageJob): Promise<StageEnd> {
  const moved = refuseAnotherCommit(job);
  if (moved !== null) return moved;
  await job.repository.git.checkOut(job.run.headSha, job.folder);
  const built = await buildImage(job.folder, job.inputs);
  const isBuilt = built.kind === 'built';
  const end = passed(job, { exitCode: isBuilt ? 0 : 1, tool: { name: 'sandbox-build', version: '1' } }, [
    ['buildx-metadata.json', JSON.stringify(isBuilt ? built.metadata : {})],
  ]);
  return { ...end, conclusion: isBuilt ? 'success' : 'failure' };
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
  const root = trustedRootJson(parts.sigstore);
  const bundles = await new OciImage(image).bundles(digest);
  const found = bundles.map((bundle) => ({ bundle, statement: statementOf(bundle) }));
  const verified = (predicateType: string, file: string): Statement[] =>
    found
      .filter(({ statement }) => statement.predicateType === predicateType)
      .filter(({ bundle }) => holds(bundle, root, identityUri({ ...identityOf(job, parts), file })))
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
  return { ...end, conclusion: exitCode === 0 ? 'success' : 'failure' };
}

const identityOf = (job: StageJob, { baseUrl }: ExecutorParts): WorkflowIdentity => ({
  repository: `${job.repository.owner.login}/${job.repository.name}`,
  repositoryId: job.repository.id,
  owner: job.repository.owner.login,
  ownerId: job.repository.owner.id,
  file: job.run.file,
  ref: job.run.ref,
  sha: job.run.headSha,
  runUrl: runUrl(baseUrl(), job.repository, job.run),
});

/** Signs a statement about the image as this very run, and stores it beside the image; the bundle as text. */
async function attach(
  job: StageJob,
  parts: ExecutorParts,
  claim: { predicateType: string; predicate: unknown },
): Promise<string> {
  const { image = '', digest = '' } = job.inputs;
  const subject = [{ name: image, digest: { sha256: digest.replace('sha256:', '') } }];
  const statement = { _type: 'https://in-toto.io/Statement/v1', subject, ...claim };
  const bundle = await parts.sigstore.sign(statement, identityOf(job, parts));
  await new OciImage(image).attach(digest, bundle);
  return JSON.stringify(bundle);
}

/** The first step of stages 00 and 01: github.sha must be the commit that was asked for. */
function refuseAnotherCommit(job: StageJob): StageEnd | null {
  if (job.run.headSha === job.inputs['commit']) return null;
  return { conclusion: 'failure', artifact: null, steps: [{ name: 'Refuse any other commit', conclusion: 'failure' }] };
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

function holds(bundle: unknown, root: unknown, identity: string): boolean {
  try {
    verifyBundle(bundle, root, identity);
    return true;
  } catch {
    return false;
  }
}
