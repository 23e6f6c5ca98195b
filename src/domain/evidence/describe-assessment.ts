/** The assessment in words: the level in a line, the table of requirements, and the way to the next level. */
import { codeSpan, inertMarkdown } from '../report/plain-text.ts';
import { shellWord } from '../report/shell-word.ts';
import type { Assessment } from './assessment.ts';
import { brokenOf, firstFailing, nextOf, type Check } from './checks.ts';
import type { Level } from './trust-map.ts';

/** Wording follows SLSA v1.2; its Build track ends at L3. */
export const SLSA_VERSION = '1.2';

/** "Build L3 verified": the title of the check and the words of the commit status. */
export function levelLine(assessment: Assessment): string {
  const { result, level, standing, failing } = assessment;
  if (result === 'failed' || failing !== null) {
    return failing === null ? 'Evidence refused' : `Evidence refused, ${failing.about}: ${brokenOf(failing)}`;
  }
  if (level === 0) return 'L0: no provenance';
  if (standing === 'unsigned') return 'Build L1: provenance is unsigned';
  if (standing === 'unknown_signer') return 'Build L1: signed by a builder that is not trusted here';
  const lowering = loweringCheck(assessment);
  if (lowering !== null) return `Build L${level}: ${brokenOf(lowering)}`;
  if (standing === 'own_workflow') return "Build L2: built by the repository's own workflow";
  return `Build L${level} verified`;
}

/** Where the signer is known, and its level counts for nothing all the same: on a runner of somebody's own, for one. */
const loweringCheck = ({ standing, failing, checks }: Assessment): Check | null =>
  failing === null && (standing === 'trusted_builder' || standing === 'own_workflow') ? firstFailing(checks) : null;

/** Why a level that was expected is not reached. */
export const shortfall = (assessment: Assessment): string =>
  `${levelLine(assessment)}, where L${assessment.expectedLevel} is expected`;

/** What a person does next; empty at the top. */
export function nextLevelLine(assessment: Assessment): string {
  const { level, standing } = assessment;
  const broken = assessment.failing ?? loweringCheck(assessment);
  if (broken !== null) return nextOf(broken);
  if (level >= 3) return '';
  return NEXT_LEVEL[standing];
}

const NEXT_LEVEL: Readonly<Record<Assessment['standing'], string>> = {
  none: 'For L1: let stage 01 of this App build, which writes provenance.',
  unsigned: 'For L2: set `signing: public_log` (or `github`, with Enterprise Cloud) in the settings.',
  unknown_signer:
    'For L2 and more: render the stage files anew (`slsa-pipeline init`), so that a known builder builds.',
  own_workflow: 'For L3: let an isolated builder build (docs/slsa.md, "The builder repository in five steps").',
  trusted_builder: 'For L3: the operator reviews this builder and raises its level in the trust map.',
};

export function requirementTable({ requirements }: Assessment): string[] {
  const rows = requirements.map(
    ({ title, level, state, reason }) =>
      `| ${title}${level === null ? '' : ` (L${level})`} | ${STATE_WORDS[state]} | ${inertMarkdown(reason, 400)} |`,
  );
  return ['| requirement | | evidence |', '| --- | --- | --- |', ...rows];
}

const STATE_WORDS = { met: 'met', not_met: '**not met**', not_assessed: 'not assessed' } as const;

/** Expected and found of the check that failed: the two lines that tell a developer what happened. */
export function failingLines({ failing }: Assessment): string[] {
  if (failing === null) return [];
  return [`Expected: ${codeSpan(failing.expected)}`, '', `Found: ${codeSpan(failing.found)}`];
}

export function receiptLine({ provenance, setAside, verifier, trustMapDigest, roots }: Assessment): string {
  const signed =
    provenance === null
      ? ''
      : ` Certificate ${codeSpan(provenance.certificateSerial)}, root ${codeSpan(provenance.root)}.`;
  const aside =
    setAside.count === 0
      ? ''
      : ` Set aside: ${setAside.count} (${setAside.examples.map((each) => inertMarkdown(each, 200)).join('; ')}).`;
  const stale = roots.filter(({ isStale }) => isStale).map(({ name, asOf }) => `${name} is of ${asOf}`);
  const warning =
    stale.length === 0
      ? ''
      : ` Stale trust root: ${stale.join(', ')}; \`slsa-pipeline trust refresh\` fetches newer ones.`;
  return `Assessed by ${codeSpan(`${verifier.id}@${verifier.version}`)}, trust map ${codeSpan(trustMapDigest.slice(0, 12))}.${signed}${aside}${warning}`;
}

/** The same question, asked of other tools. What they do not compare is said in docs/slsa.md. */
export function equivalentCommands({ subject, provenance, standing }: Assessment, repository: string): string[] {
  const image = `${subject.name}@${subject.digest}`;
  const own = `slsa-pipeline verify ${shellWord(image)} --repo ${repository}`;
  // The others know signed provenance only; and asked about a stranger, they would say yes.
  const isKnown = standing === 'trusted_builder' || standing === 'own_workflow';
  if (provenance === null || !isKnown) return [own];
  const identity = shellWord(provenance.signer);
  return [
    own,
    `gh attestation verify ${shellWord(`oci://${image}`)} --repo ${repository} --cert-identity ${identity} --deny-self-hosted-runners`,
    `cosign verify-attestation --type slsaprovenance1 --certificate-identity ${identity} --certificate-oidc-issuer https://token.actions.githubusercontent.com ${shellWord(image)}`,
  ];
}

/** What a pull request may look forward to: nothing of it is signed before the merge. */
export const rehearsalLine = (level: Level): string =>
  level >= 2
    ? `Level after the merge would be Build L${level}, if the build there verifies. Nothing of a pull request is signed, on purpose: there is no evidence yet to check.`
    : 'Level after the merge would be Build L1: nothing is signed there (`signing: none`).';
