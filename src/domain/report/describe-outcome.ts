/** A stage's outcome in a few words: the same on the check run and on the terminal. */
import { shortDigest } from '../git.ts';
import { countOf } from '../run/verdict.ts';
import { SEVERITIES, type SeverityCounts } from '../scan/scan-result.ts';
import type { StageOutcome, StageOutcomes, StageResults } from '../stage/stage-outcome.ts';
import type { Stage } from '../stage/stage-table.ts';

const DESCRIPTIONS: { readonly [S in Stage]: (result: StageResults[S]) => string } = {
  lint: ({ errors, warnings, files, linters }) => {
    const noted = warnings === 0 ? '' : `, ${countOf(warnings, 'warning')}`;
    return `${countOf(errors, 'error')}${noted} in ${countOf(files, 'file')} (${countOf(linters, 'linter')})`;
  },
  build: describeBuild,
  sbom: ({ components, specVersion }) => `${countOf(components, 'component')} (CycloneDX ${specVersion})`,
  scan: ({ counts }) => describeCounts(counts),
  sign: ({ logIndex }) => (logIndex === null ? 'signed' : `signed, log index ${logIndex}`),
  attest: ({ logIndex }) => (logIndex === null ? 'SBOM attested' : `SBOM attested, log index ${logIndex}`),
  verify: (result) =>
    result.kind === 'verified'
      ? `${countOf(result.signatures, 'signature')} and ${countOf(result.attestations, 'attestation')} verified by the stage`
      : `rejected: ${result.reason}`,
};

export function describeOutcome<S extends Stage>(stage: S, outcome: NonNullable<StageOutcomes[S]>): string {
  const known: StageOutcome<S> = outcome;
  if (known.kind === 'errored') return known.problem.title ?? `no result: ${known.problem.message}`;
  if (known.kind === 'cancelled') return `cancelled by ${known.by}`;
  return DESCRIPTIONS[stage](known.result);
}

function describeBuild(result: StageResults['build']): string {
  switch (result.kind) {
    case 'built':
      return shortDigest(result.digest);
    case 'not_pushed':
      return `${shortDigest(result.digest)}, not pushed`;
    case 'failed':
      return `failed with exit code ${result.exitCode}`;
  }
}

function describeCounts(counts: SeverityCounts): string {
  const found = SEVERITIES.filter((severity) => counts[severity] > 0).map(
    (severity) => `${counts[severity]} ${severity}`,
  );
  return found.length === 0 ? 'no known vulnerability' : found.join(', ');
}
