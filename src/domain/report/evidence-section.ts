/** What the check says of the level: requirements, the way to the next one, and how to ask somebody else. */
import {
  equivalentCommands,
  failingLines,
  nextLevelLine,
  receiptLine,
  rehearsalLine,
  requirementTable,
  SLSA_VERSION,
} from '../evidence/describe-assessment.ts';
import { fullName } from '../repository.ts';
import type { RunDocument } from '../run/run-document.ts';
import { codeBlock, markedCode } from './plain-text.ts';

export function levelClaim({ evidence, plan }: RunDocument): string {
  if (plan?.forkCheck !== undefined) return 'Checked, not attested: every stage passed';
  if (evidence?.kind !== 'assessed') return 'Every stage passed';
  const { level } = evidence.assessment;
  return level === 0
    ? 'Every stage passed, without provenance'
    : `SLSA v${SLSA_VERSION} Build L${level}, computed from evidence`;
}

/** A lint error or a finding comes first where it decided; otherwise the level is what people came for. */
export function isAboutEvidence({ verdict, evidence }: RunDocument): boolean {
  if (verdict?.kind === 'success') return true;
  return evidence?.kind === 'assessed' && evidence.assessment.failing !== null;
}

/** Each requirement with what proves or breaks it, and the way to the next level. */
export function evidenceSection({ evidence, plan, verdict }: RunDocument): string[] {
  if (verdict === null) return [];
  const rehearsal = plan?.levelAfterMerge == null ? [] : [rehearsalLine(plan.levelAfterMerge), ''];
  if (evidence?.kind !== 'assessed') return rehearsal;
  const { assessment } = evidence;
  const next = nextLevelLine(assessment);
  return [
    ...requirementTable(assessment),
    '',
    ...(assessment.failing === null ? [] : [...failingLines(assessment), '']),
    // A pull request is not signed on purpose: what it may look forward to says more.
    ...(next === '' || verdict.next === next || rehearsal.length > 0 ? [] : [markedCode(next), '']),
    ...rehearsal,
  ];
}

/** For whoever does not want to trust this App: the same question by other tools, and the signed summary. */
export function proofLines({ evidence, request, verdict }: RunDocument): string[] {
  if (evidence?.kind !== 'assessed' || verdict === null) return [];
  const { assessment, vsa } = evidence;
  const commands = equivalentCommands(assessment, fullName(request.repository));
  return [
    '<details><summary>Check it yourself</summary>',
    '',
    ...codeBlock(commands),
    '',
    receiptLine(assessment),
    ...(vsa === null
      ? []
      : [
          '',
          'Verification summary (DSSE, signed by the operator of this App). It is about the level alone: what lint and scan found is in this check.',
          '',
          ...codeBlock([vsa]),
        ]),
    '',
    '</details>',
    '',
  ];
}
