/**
 * The assessment: from everything that was collected, what holds, at which level, and what is missing for the next one. A
 * document and not a boolean: for every requirement a state, a reason in a sentence, and where to look it up.
 * Source: SLSA v1.2, "Build: Requirements"; docs/slsa.md says which requirement is met by what.
 */
import type { Signing } from '../build/builder.ts';
import type { Digest } from '../git.ts';
import { firstFailing, same, stated, brokenOf, type Check } from './checks.ts';
import { judgeAttestation, type AttestationExpectation } from './judge-attestation.ts';
import { judgeClaim } from './judge-claim.ts';
import { judgeProvenance, type ProvenanceExpectation, type Standing } from './judge-provenance.ts';
import { machinesCheck, type JobMachine } from './machines.ts';
import { requirements, type Requirement } from './requirements.ts';
import { PROVENANCE_TYPE } from './slsa-provenance.ts';
import { higherLevel, lowerLevel, minimumLevel, type Level, type TrustMap } from './trust-map.ts';
import type { BundleReceipt, BundleVerification, RootName, Statement } from './verified-bundle.ts';

/** What the run's own build left as its provenance. */
export type BuildEvidence =
  | { readonly kind: 'none' }
  | { readonly kind: 'unsigned'; readonly statement: Statement | null; readonly sha256: string }
  | { readonly kind: 'bundle'; readonly verification: BundleVerification };

export type Place = 'attestations' | 'registry';

/** `file`: what somebody was handed by somebody, and no distribution. */
export type FoundPlace = Place | 'file';

/** A bundle that somebody keeps for this digest: anybody who may write there can have put it there. */
export interface FoundBundle {
  readonly place: FoundPlace;
  readonly verification: BundleVerification;
}

/** Whether a place could be read at all: one that could not blocks nothing. */
export type Looked = 'read' | 'not_available' | 'not_asked';

export interface StageEvidence {
  readonly verification: BundleVerification;
  readonly expected: AttestationExpectation;
}

export interface SbomEvidence extends StageEvidence {
  /** SHA-256 of the attested SBOM and of the scanned one, each in its RFC 8785 form; null where it has none. */
  readonly attestedSha256: string | null;
  readonly scannedSha256: string | null;
}

export interface Evidence {
  readonly subject: { readonly name: string; readonly digest: Digest };
  readonly expected: ProvenanceExpectation;
  readonly expectedLevel: Level;
  readonly trust: TrustMap;
  readonly build: BuildEvidence;
  /** Of the Actions run that built, by the API; null where no run is known. */
  readonly conclusion: string | null;
  /** The runners of all jobs of that run's attempt; null when no run is known. */
  readonly machines: readonly JobMachine[] | null;
  readonly found: readonly FoundBundle[];
  readonly looked: Readonly<Record<Place, Looked>>;
  /** Null where the stage is not part of it, or not run yet. */
  readonly signature: StageEvidence | null;
  readonly sbom: SbomEvidence | null;
  readonly verifier: { readonly id: string; readonly version: string };
  readonly roots: readonly RootFacts[];
}

export interface RootFacts {
  readonly name: RootName;
  readonly sha256: string;
  /** ISO date from which it was fetched or embedded. */
  readonly asOf: string;
  /** Older than it should be: newer signatures may look unknown. */
  readonly isStale: boolean;
}

export interface Failing extends Check {
  /** "provenance", "signature", "SBOM attestation": what the check looked at. */
  readonly about: string;
}

export interface Assessment {
  readonly schemaVersion: 1;
  readonly subject: Evidence['subject'];
  /** `lower`: everything that is there holds, and it is worth less than was expected. */
  readonly result: 'met' | 'lower' | 'failed';
  readonly level: Level;
  readonly expectedLevel: Level;
  readonly standing: Standing | 'unsigned' | 'none';
  readonly requirements: readonly Requirement[];
  readonly failing: Failing | null;
  /** Of the build's provenance, in order. */
  readonly checks: readonly Check[];
  readonly provenance: (BundleReceipt & { readonly signer: string; readonly root: RootName }) | null;
  /** SHA-256 of every attestation that was judged: the build's provenance, the signature, the SBOM attestation. */
  readonly inputs: readonly string[];
  /** Other bundles of this digest: verified, and never used for the level. */
  readonly setAside: { readonly count: number; readonly examples: readonly string[] };
  readonly verifier: Evidence['verifier'];
  readonly trustMapDigest: string;
  readonly roots: readonly RootFacts[];
}

/** What the configuration promises; a higher minimum of the trust map wins. */
export function expectedLevelOf(
  { signing, hasBuilder }: { readonly signing: Signing; readonly hasBuilder: boolean },
  trust: TrustMap,
  repository: string,
): Level {
  const promised = signing === 'none' ? 1 : hasBuilder ? 3 : 2;
  return higherLevel(promised, minimumLevel(trust.policy, repository));
}

/** How the build's own provenance was judged. */
export interface BuildJudgement {
  readonly standing: Assessment['standing'];
  readonly level: Level;
  readonly checks: readonly Check[];
  readonly refused: Check | null;
}

export function assess(evidence: Evidence): Assessment {
  const build = judgeBuild(evidence);
  const signature = evidence.signature === null ? null : judgeStage(evidence.signature);
  const sbom = evidence.sbom === null ? null : judgeSbom(evidence.sbom);
  const failing = firstOf([
    ['provenance', build.refused],
    ['build run', firstFailing([conclusionCheck(evidence)])],
    ['signature', signature],
    ['SBOM attestation', sbom],
  ]);
  const level = failing === null ? build.level : 0;
  const bundle = verifiedBuild(evidence);
  return {
    schemaVersion: 1,
    subject: evidence.subject,
    result: failing !== null ? 'failed' : level >= evidence.expectedLevel ? 'met' : 'lower',
    level,
    expectedLevel: evidence.expectedLevel,
    standing: build.standing,
    requirements: requirements(evidence, build, { signature, sbom }),
    failing,
    checks: build.checks,
    provenance: bundle === null ? null : { ...bundle.receipt, signer: bundle.signer, root: bundle.root },
    inputs: inputsOf(evidence),
    setAside: setAside(evidence),
    verifier: evidence.verifier,
    trustMapDigest: evidence.trust.digest,
    roots: evidence.roots,
  };
}

const firstOf = (judged: readonly (readonly [about: string, refused: Check | null])[]): Failing | null => {
  const found = judged.find(([, refused]) => refused !== null);
  return found?.[1] == null ? null : { ...found[1], about: found[0] };
};

/** SLSA does not ask for it; signed provenance has come from runs that failed (slsa.dev, 2026-05-15). */
const conclusionCheck = ({ conclusion }: Evidence): Check =>
  same('conclusion', conclusion === null ? null : 'success', conclusion);

function judgeBuild({ build, expected, trust, machines }: Evidence): BuildJudgement {
  if (build.kind === 'none') return { standing: 'none', level: 0, checks: [], refused: null };
  if (build.kind === 'unsigned') {
    if (build.statement === null) return { standing: 'none', level: 0, checks: [], refused: null };
    return { standing: 'unsigned', level: 1, ...judgeClaim(build.statement, expected) };
  }
  const { verification } = build;
  if (verification.kind === 'verified') {
    const judged = judgeProvenance(verification.bundle, expected, trust.policy);
    const check = machinesCheck(machines);
    const level = check.state === 'not_met' ? lowerLevel(judged.level, 1) : judged.level;
    return { ...judged, level, checks: [...judged.checks, check] };
  }
  const check = rejected(verification.rejection.reason);
  return { standing: 'none', level: 0, checks: [check], refused: check };
}

const rejected = (reason: string): Check => stated('signature', false, 'a signature that holds', reason);

function judgeStage({ verification, expected }: StageEvidence): Check | null {
  if (verification.kind === 'rejected') return rejected(verification.rejection.reason);
  return judgeAttestation(verification.bundle, expected).refused;
}

function judgeSbom(evidence: SbomEvidence): Check | null {
  const { attestedSha256, scannedSha256 } = evidence;
  const isSame = scannedSha256 !== null && attestedSha256 === scannedSha256;
  return (
    judgeStage(evidence) ??
    firstFailing([stated('sbom', isSame, scannedSha256 ?? '(no hash)', attestedSha256 ?? '(no hash)')])
  );
}

export const verifiedBuild = ({ build }: Pick<Evidence, 'build'>): VerifiedOf | null =>
  build.kind === 'bundle' && build.verification.kind === 'verified' ? build.verification.bundle : null;
type VerifiedOf = Extract<BundleVerification, { kind: 'verified' }>['bundle'];

function inputsOf({ build, signature, sbom }: Evidence): string[] {
  const unsigned = build.kind === 'unsigned' && build.statement !== null ? [build.sha256] : [];
  const judged = [build.kind === 'bundle' ? build : null, signature, sbom].flatMap((each) =>
    each === null ? [] : [sha256Of(each.verification)],
  );
  return [...unsigned, ...judged];
}

const sha256Of = (verification: BundleVerification): string =>
  verification.kind === 'verified' ? verification.bundle.receipt.bundleSha256 : verification.rejection.bundleSha256;

const MAX_EXAMPLES = 5;

/** The same image may have been built twice, and anybody may attest to it: normal, said, and never a failure. */
function setAside(evidence: Evidence): Assessment['setAside'] {
  const own = new Set(
    [evidence.build, evidence.signature, evidence.sbom]
      .map((each) => (each !== null && 'verification' in each ? each.verification : null))
      .flatMap((each) => (each?.kind === 'verified' ? each.bundle.receipt.signatureSha256 : [])),
  );
  const others = evidence.found.filter(
    ({ verification }) => verification.kind === 'rejected' || !own.has(verification.bundle.receipt.signatureSha256),
  );
  const reasons = others.map(({ place, verification }) => `${place}: ${whySetAside(verification, evidence)}`);
  return { count: others.length, examples: [...new Set(reasons)].slice(0, MAX_EXAMPLES) };
}

function whySetAside(verification: BundleVerification, { expected, trust }: Evidence): string {
  if (verification.kind === 'rejected') return verification.rejection.reason;
  const { statement } = verification.bundle;
  if (statement.predicateType !== PROVENANCE_TYPE) return `a statement of another kind (${statement.predicateType})`;
  const { refused } = judgeProvenance(verification.bundle, expected, trust.policy);
  return refused === null
    ? 'provenance of another signature of the same build'
    : `not of this build: ${brokenOf(refused)}`;
}
