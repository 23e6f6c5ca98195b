/** fork-check.yml, done for real where a fresh machine can: lint, a build that is pushed nowhere, inventory and scan. */
import { createHash } from 'node:crypto';
import { parse } from 'yaml';
import { z } from 'zod';
import { Registry } from '../registry/registry.ts';
import { buildImage } from './build-image.ts';
import { inventory } from './inventory.ts';
import { failedStep, passedStep } from './job-log.ts';
import { lintFolder } from './lint.ts';
import type { ForkEnd, ForkJob } from './pull-request-runs.ts';
import { scanComponents } from './scan.ts';

const Settings = z
  .object({
    image: z.object({ dockerfile: z.string().default('Dockerfile'), context: z.string().default('.') }).optional(),
  })
  .nullable();

type Job = ForkEnd['jobs'][number];
type Artifacts = Map<string, ReadonlyMap<string, string>>;

export async function forkCheck({ repository, pull, run, folder }: ForkJob): Promise<ForkEnd> {
  await repository.git.checkOut(run.headSha, folder);
  const text = await repository.git.file(`refs/heads/${pull.baseRef}`, '.github/slsa-pipeline.yml');
  const settings = Settings.parse(parse(text?.toString('utf8') ?? ''));
  const artifacts: Artifacts = new Map();
  const report = (stage: string, more: object): [string, string] => [
    'stage.json',
    JSON.stringify({ schemaVersion: 1, stage, commit: run.headSha, ...more }),
  ];
  const nameOf = (stage: string): string => `slsa-${stage}-${run.attempt}`;
  const lint = await lintFolder(folder);
  artifacts.set(
    nameOf('lint'),
    new Map([
      report('lint', { exitCode: lint.exitCode, tool: { name: 'sandbox-linters', version: '1' } }),
      ['megalinter-reports/mega-linter-report.json', JSON.stringify(lint.megalinter)],
      ['megalinter-reports/megalinter-report.sarif', JSON.stringify(lint.sarif)],
    ]),
  );
  // The runner's own disk: what lies there is gone with the job.
  const disk = new Registry();
  await disk.listen();
  try {
    const image = `${disk.host}/fork`;
    const built = await buildImage(folder, { ...settings?.image, image, tag: 'fork' });
    const tool = { name: 'sandbox-build', version: '1' };
    if (built.kind === 'failed') {
      artifacts.set(nameOf('build'), new Map([report('build', { exitCode: 1, tool })]));
      return { jobs: [PLAN, lintJob(lint), failedJob('build', built.log), REPORT], artifacts };
    }
    const subject = built.digest;
    artifacts.set(nameOf('build'), new Map([report('build', { exitCode: 0, subject, tool })]));
    const sbom = JSON.stringify(await inventory(image, subject));
    const sbomSha256 = createHash('sha256').update(sbom).digest('hex');
    const found = JSON.stringify(await scanComponents(sbom));
    const counted = { exitCode: 0, subject, sbomSha256 };
    artifacts.set(
      nameOf('sbom'),
      new Map([
        report('sbom', { ...counted, tool: { name: 'sandbox-inventory', version: '1' } }),
        ['sbom.cdx.json', sbom],
      ]),
    );
    artifacts.set(
      nameOf('scan'),
      new Map([
        report('scan', { ...counted, tool: { name: 'sandbox-advisories', version: '1' } }),
        ['grype.json', found],
      ]),
    );
    return { jobs: [PLAN, lintJob(lint), passedJob('build'), REPORT], artifacts };
  } finally {
    await disk.close();
  }
}

const passedJob = (name: string): Job => ({
  name,
  conclusion: 'success',
  steps: [{ name, conclusion: 'success' }],
  log: passedStep(name),
});
const failedJob = (name: string, lines: readonly string[]): Job => ({
  name,
  conclusion: 'failure',
  steps: [{ name, conclusion: 'failure' }],
  log: failedStep(name, ...lines),
});

const PLAN = passedJob('plan');
const REPORT = passedJob('report');

const lintJob = ({ exitCode, output }: Awaited<ReturnType<typeof lintFolder>>): Job =>
  exitCode === 0 ? passedJob('lint') : failedJob('lint', output);
