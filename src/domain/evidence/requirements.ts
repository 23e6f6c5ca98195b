/** The rows that people read: each requirement of the Build track, its state and the evidence for it. */
import { brokenOf, type Check, type CheckId } from './checks.ts';
import type { BuildJudgement, Evidence, FoundBundle } from './assessment.ts';
import { ABOUT_THE_SIGNER } from './judge-provenance.ts';
import type { Level } from './trust-map.ts';

export interface Requirement {
  readonly title: string;
  /** The first level that asks for it; null for what is beside the Build track. */
  readonly level: Level | null;
  readonly state: 'met' | 'not_met' | 'not_assessed';
  /** A sentence without a full stop. */
  readonly reason: string;
}

export interface StageChecks {
  readonly signature: Check | null;
  readonly sbom: Check | null;
}

export function requirements(evidence: Evidence, build: BuildJudgement, stages: StageChecks): Requirement[] {
  const isRefused = build.refused !== null;
  const rows = [exists(evidence, build), distributed(evidence), authentic(evidence, build), hosted(build)];
  const strict = [unforgeable(build), isolated(build)];
  const track = [...rows, ...strict].map((row) =>
    isRefused && row.state === 'met' && row.level !== 1
      ? { ...row, state: 'not_met' as const, reason: doubt(build) }
      : row,
  );
  return [...track, ...besides(evidence, stages)];
}

const doubt = ({ refused }: BuildJudgement): string => (refused === null ? '' : `refused: ${brokenOf(refused)}`);

const row = (title: string, level: Level | null, state: Requirement['state'], reason: string): Requirement => ({
  title,
  level,
  state,
  reason,
});

function exists({ build }: Evidence, { standing, refused }: BuildJudgement): Requirement {
  const title = 'Provenance exists';
  if (build.kind === 'none' || standing === 'none')
    return row(title, 1, 'not_met', 'the build left none that can be read');
  if (refused?.id === 'predicate_type') return row(title, 1, 'not_met', brokenOf(refused));
  const sha256 = build.kind === 'unsigned' ? build.sha256 : receiptOf(build.verification);
  return row(title, 1, 'met', `sha256:${sha256.slice(0, 12)}…${build.kind === 'unsigned' ? ', unsigned' : ''}`);
}

const receiptOf = (verification: FoundBundle['verification']): string =>
  verification.kind === 'verified' ? verification.bundle.receipt.bundleSha256 : verification.rejection.bundleSha256;

/** Consumers have to get at it. An artifact of Actions is kept for 30 days, which is no distribution. */
function distributed({ build, found, looked }: Evidence): Requirement {
  const title = 'Provenance is distributed';
  const own = build.kind === 'bundle' && build.verification.kind === 'verified' ? build.verification.bundle : null;
  const places = found.filter(
    ({ place, verification }) =>
      place !== 'file' &&
      own !== null &&
      verification.kind === 'verified' &&
      verification.bundle.receipt.signatureSha256 === own.receipt.signatureSha256,
  );
  const names = [...new Set(places.map(({ place }) => (place === 'attestations' ? 'GitHub' : 'the registry')))];
  if (names.length > 0) return row(title, 1, 'met', `kept by ${names.join(' and ')}`);
  const couldLook = looked.attestations === 'read' || looked.registry === 'read';
  if (own !== null && couldLook) return row(title, 1, 'not_met', 'found only in the artifact of its run');
  return row(
    title,
    1,
    'not_assessed',
    own === null ? 'unsigned, it stays with its run' : 'nowhere was looked, or nowhere could be',
  );
}

const WHO_SIGNED: readonly CheckId[] = ABOUT_THE_SIGNER.filter((id) => id !== 'runner');

function authentic({ build }: Evidence, judged: BuildJudgement): Requirement {
  const title = 'Provenance is authentic';
  if (build.kind !== 'bundle') return row(title, 2, 'not_met', 'nobody signed it');
  const { verification } = build;
  if (verification.kind === 'rejected') return row(title, 2, 'not_met', verification.rejection.reason);
  const { signer, receipt } = verification.bundle;
  const where = receipt.logIndex === null ? `signed ${receipt.signedAt ?? ''}` : `log index ${receipt.logIndex}`;
  if (judged.standing === 'unknown_signer')
    return row(title, 2, 'not_met', `signed by ${signer}, which nobody here trusts`);
  // The right name is not enough: whoever issued it, and the commit that it stood at, belong to the signer.
  const doubtful = judged.checks.find(({ id, state }) => state === 'not_met' && WHO_SIGNED.includes(id));
  if (doubtful !== undefined) return row(title, 2, 'not_met', `signed by ${signer}, but ${brokenOf(doubtful)}`);
  return row(title, 2, 'met', `signed by ${signer.replace(/^https:\/\//, '')}, ${where}`);
}

function hosted({ checks, standing }: BuildJudgement): Requirement {
  const title = 'The build is hosted';
  if (standing === 'unsigned' || standing === 'none')
    return row(title, 2, 'not_met', 'only a signature could tell where it ran');
  const runner = checks.find(({ id }) => id === 'runner');
  const machines = checks.find(({ id }) => id === 'machines');
  if (runner?.state !== 'met') return row(title, 2, 'not_met', `runner: ${runner?.found ?? '(nothing)'}`);
  if (machines?.state === 'not_met') return row(title, 2, 'not_met', machines.found);
  const jobs = machines?.state === 'met' ? ', and for every other job by the API' : '';
  return row(title, 2, 'met', `GitHub-hosted runner, by the certificate${jobs}`);
}

function unforgeable(build: BuildJudgement): Requirement {
  const { level, checks } = build;
  const title = 'Provenance is unforgeable';
  if (level < 3) return row(title, 3, 'not_met', whyNotIsolated(build));
  const parameters = checks.find(({ id }) => id === 'parameters');
  if (parameters?.state !== 'met') return row(title, 3, 'not_met', 'an external parameter is not as expected');
  return row(title, 3, 'met', 'the job that signed ran no step of this repository; all 3 external parameters match');
}

function isolated(build: BuildJudgement): Requirement {
  const title = 'The build is isolated';
  if (build.level < 3) return row(title, 3, 'not_met', whyNotIsolated(build));
  return row(title, 3, 'met', 'built by a builder of the trust map, on a fresh machine, without a shared cache');
}

const WHY_NOT = {
  trusted_builder: 'the trust map holds this builder for less than L3',
  own_workflow: "built by the repository's own workflow, which its writers can change",
  unknown_signer: 'the builder is not in the trust map',
  unsigned: 'without a signature the builder is anybody',
  none: 'without provenance the builder is anybody',
} as const;

const LOWERING: readonly CheckId[] = [...ABOUT_THE_SIGNER, 'machines'];

/** A builder of the trust map may have been let down by the machine that it ran on: then that is why. */
function whyNotIsolated({ standing, checks }: BuildJudgement): string {
  const lowering = checks.find(({ id, state }) => state === 'not_met' && LOWERING.includes(id));
  const isTrusted = standing === 'trusted_builder' && lowering !== undefined;
  return isTrusted ? brokenOf(lowering) : WHY_NOT[standing];
}

function besides({ signature, sbom }: Evidence, checks: StageChecks): Requirement[] {
  const rowFor = (title: string, refused: Check | null): Requirement =>
    refused === null
      ? row(title, null, 'met', "by this repository's own stage file, in this run")
      : row(title, null, 'not_met', `${brokenOf(refused)}: expected ${refused.expected}, found ${refused.found}`);
  return [
    ...(signature === null ? [] : [rowFor('The image is signed', checks.signature)]),
    ...(sbom === null ? [] : [rowFor('The scanned SBOM is attested', checks.sbom)]),
  ];
}
