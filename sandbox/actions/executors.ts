/** The stages, done for real where a fresh machine can: each leaves the artifact that its stage file promises. */
import { identityUri, type Sigstore, type WorkflowIdentity } from '../sigstore/sigstore.ts';
import { trustedRootJson, verifyBundle } from '../sigstore/trust.ts';
import { OciImage } from '../registry/oci-client.ts';
import { createHash } from 'node:crypto';
import { unzipSync } from 'fflate';
import { z } from 'zod';
import { runUrl } from '../github/representations.ts';
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

export function realExecutors({ sigstore, baseUrl }: ExecutorParts): Executors {
  const identity = (job: StageJob, file = job.run.file): WorkflowIdentity => ({
    repository: `${job.repository.owner.login}/${job.repository.name}`,
    repositoryId: job.repository.id,
    owner: job.repository.owner.login,
    ownerId: job.repository.owner.id,
    file,
    ref: job.run.ref,
    sha: job.run.headSha,
    runUrl: runUrl(baseUrl(), job.repository, job.run),
  });

  const attach = async (job: StageJob, predicateType: string, predicate: unknown): Promise<string> => {
    const { image = '', digest = '' } = job.inputs;
    const subject = [{ name: image, digest: { sha256: digest.replace('sha256:', '') } }];
    const statement = { _type: 'https://in-toto.io/Statement/v1', subject, predicateType, predicate };
    const bundle = await sigstore.sign(statement, identity(job));
    await new OciImage(image).attach(digest, bundle);
    return JSON.stringify(bundle);
  };

  return {
    async lint(job) {
      const moved = refuseAnotherCommit(job);
      if (moved !== null) return moved;
      await job.repository.git.checkOut(job.run.headSha, job.folder);
      const report = await lintFolder(job.folder);
      return {
        conclusion: report.exitCode === 0 ? 'success' : 'failure',
        steps: [{ name: 'MegaLinter', conclusion: report.exitCode === 0 ? 'success' : 'failure' }],
        artifact: new Map([
          [
            'stage.json',
            stageJson(job, { exitCode: report.exitCode, tool: { name: 'sandbox-linters', version: '1' } }),
          ],
          ['megalinter-reports/mega-linter-report.json', JSON.stringify(report.megalinter)],
          ['megalinter-reports/megalinter-report.sarif', JSON.stringify(report.sarif)],
        ]),
      };
    },

    async build(job) {
      const moved = refuseAnotherCommit(job);
      if (moved !== null) return moved;
      await job.repository.git.checkOut(job.run.headSha, job.folder);
      const built = await buildImage(job.folder, job.inputs);
      const exitCode = built.kind === 'built' ? 0 : 1;
      const metadata = built.kind === 'built' ? built.metadata : {};
      return {
        conclusion: exitCode === 0 ? 'success' : 'failure',
        steps: [{ name: 'Build and push', conclusion: exitCode === 0 ? 'success' : 'failure' }],
        artifact: new Map([
          ['stage.json', stageJson(job, { exitCode, tool: { name: 'sandbox-build', version: '1' } })],
          ['buildx-metadata.json', JSON.stringify(metadata)],
        ]),
      };
    },

    async sbom(job) {
      const { image = '', digest = '' } = job.inputs;
      const document = JSON.stringify(await inventory(image, digest));
      const report = {
        exitCode: 0,
        subject: digest,
        sbomSha256: sha256(document),
        tool: { name: 'sandbox-inventory', version: '1' },
      };
      return passed(job, report, [['sbom.cdx.json', document]]);
    },

    async scan(job) {
      const { digest = '', sbom_sha256: sbomSha256 = '' } = job.inputs;
      const report = await scanComponents(fetchSbom(job));
      return passed(
        job,
        { exitCode: 0, subject: digest, sbomSha256, tool: { name: 'sandbox-advisories', version: '1' } },
        [['grype.json', JSON.stringify(report)]],
      );
    },

    async sign(job) {
      const bundle = await attach(job, SIGNATURE, {});
      const report = { exitCode: 0, subject: job.inputs['digest'], tool: { name: 'sandbox-sigstore', version: '1' } };
      return passed(job, report, [['signature.sigstore.json', bundle]]);
    },

    async attest(job) {
      const bundle = await attach(job, CYCLONEDX, JSON.parse(fetchSbom(job)));
      const { digest, sbom_sha256: sbomSha256 } = job.inputs;
      const report = { exitCode: 0, subject: digest, sbomSha256, tool: { name: 'sandbox-sigstore', version: '1' } };
      return passed(job, report, [['attestation.sigstore.json', bundle]]);
    },

    async verify(job) {
      const { image = '', digest = '', sign_file: signFile = '', attest_file: attestFile = '' } = job.inputs;
      const root = trustedRootJson(sigstore);
      const statements = (await new OciImage(image).bundles(digest)).map((bundle) => ({
        bundle,
        statement: statementOf(bundle),
      }));
      const verified = (predicateType: string, file: string): Statement[] =>
        statements
          .filter(({ statement }) => statement.predicateType === predicateType)
          .filter(({ bundle }) => holds(bundle, root, identityUri(identity(job, file))))
          .map(({ statement }) => statement);
      const signatures = verified(SIGNATURE, signFile).flatMap(({ subject }) =>
        subject.map((each) => ({ critical: { image: { 'docker-manifest-digest': `sha256:${each.digest.sha256}` } } })),
      );
      const attestations = verified(CYCLONEDX, attestFile).map(({ predicateType, subject }) => ({
        predicateType,
        subjects: subject.map((each) => `sha256:${each.digest.sha256}`),
      }));
      const exitCode = signatures.length > 0 && attestations.length > 0 ? 0 : 1;
      return {
        ...passed(job, { exitCode, subject: digest, tool: { name: 'sigstore-js', version: '1' } }, [
          ['cosign-verify.json', JSON.stringify(signatures)],
          ['attestation-verify.json', JSON.stringify(attestations)],
        ]),
        conclusion: exitCode === 0 ? 'success' : 'failure',
      };
    },
  };
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
