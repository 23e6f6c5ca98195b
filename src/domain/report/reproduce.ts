/** The commands that show on one's own machine what a stage has seen: by the same tools, of the same image. */
import { equivalentCommands } from '../evidence/describe-assessment.ts';
import { fullName } from '../repository.ts';
import type { Plan } from '../run/plan.ts';
import type { RunDocument } from '../run/run-document.ts';
import type { Stage } from '../stage/stage-table.ts';
import { shellWord } from './shell-word.ts';

/** Of the stage file `00-megalinter.yml`; a test holds the two together. */
export const MEGALINTER_VERSION = 'v9.3.0';

type Reproduce = (plan: Plan, document: RunDocument) => string[];

const REPRODUCE: Readonly<Record<Stage, Reproduce>> = {
  lint: () => [`docker run --rm -v "$PWD:/tmp/lint:rw" oxsecurity/megalinter:${MEGALINTER_VERSION}`],
  build: ({ image }) => [buildCommand(image)],
  sbom: (_plan, document) => withImage(document, (image) => [`syft ${image} -o cyclonedx-json=sbom.cdx.json`]),
  scan: ({ gates }, document) => withImage(document, (image) => [`grype ${image} --fail-on ${gates.threshold}`]),
  sign: (_plan, document) => byEvidence(document),
  attest: (_plan, document) => byEvidence(document),
  verify: (_plan, document) => byEvidence(document),
};

/** Empty where there is nothing yet to look at. */
export const reproduce = (stage: Stage, document: RunDocument): string[] =>
  document.plan === null ? [] : REPRODUCE[stage](document.plan, document);

function buildCommand({ dockerfile, context, target, platforms, buildArgs }: Plan['image']): string {
  const args = Object.entries(buildArgs).map(([name, value]) => `--build-arg ${shellWord(`${name}=${value}`)}`);
  const stage = target === '' ? [] : [`--target ${shellWord(target)}`];
  const platform = `--platform ${shellWord(platforms.join(','))}`;
  return [
    'docker buildx build',
    platform,
    `--file ${shellWord(dockerfile)}`,
    ...stage,
    ...args,
    shellWord(context),
  ].join(' ');
}

function withImage({ outcomes: { build }, plan }: RunDocument, command: (image: string) => string[]): string[] {
  if (build?.kind !== 'finished' || build.result.kind !== 'built' || plan === null) return [];
  return command(shellWord(`${plan.image.name}@${build.result.digest}`));
}

const byEvidence = ({ evidence, request }: RunDocument): string[] =>
  evidence?.kind === 'assessed' ? equivalentCommands(evidence.assessment, fullName(request.repository)) : [];
