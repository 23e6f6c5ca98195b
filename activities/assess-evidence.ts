/** Looks at everything that could prove where an image came from, and lets the domain judge it. */
import type { FoundBundle, Looked } from '../src/domain/evidence/assessment.ts';
import {
  assess,
  expectedLevelOf,
  type Assessment,
  type BuildEvidence,
  type RootFacts,
  type SbomEvidence,
  type StageEvidence,
} from '../src/domain/evidence/assessment.ts';
import type { AttestationExpectation } from '../src/domain/evidence/judge-attestation.ts';
import type { JobMachine } from '../src/domain/evidence/machines.ts';
import type { ProvenanceExpectation } from '../src/domain/evidence/judge-provenance.ts';
import type { TrustMap } from '../src/domain/evidence/trust-map.ts';
import {
  GITHUB,
  PUBLIC_GOOD,
  type BundleVerification,
  type RejectedBundle,
} from '../src/domain/evidence/verified-bundle.ts';
import { vsaStatement } from '../src/domain/evidence/vsa.ts';
import { ArchiveError, fetchArchive, readEntryBytes } from '../src/adapters/github/artifact-archive.ts';
import type { GitHub, RepositoryApi } from '../src/adapters/github/github.ts';
import { GitHubFault } from '../src/adapters/github/github-fault.ts';
import { RegistryError, type Registry } from '../src/adapters/registry/oci-registry.ts';
import { canonicalSha256 } from '../src/adapters/sigstore/canonical-json.ts';
import type { TrustRoot } from '../src/adapters/sigstore/trust-root.ts';
import { readStatement, verifyBundle } from '../src/adapters/sigstore/verify-bundle.ts';
import type { DsseEnvelope, VsaSigner } from '../src/adapters/vsa/sign-vsa.ts';
import { PROVENANCE } from '../src/domain/build/build-result.ts';
import type { Signing } from '../src/domain/build/builder.ts';
import type { CommitSha, Digest, GitRef } from '../src/domain/git.ts';
import { fullName, type Repository } from '../src/domain/repository.ts';
import {
  ATTESTATION_BUNDLE,
  CYCLONEDX_PREDICATE,
  SIGNATURE_BUNDLE,
  SIGNATURE_PREDICATE,
} from '../src/domain/signature/signature-result.ts';
import type { StageRun } from '../src/domain/stage/stage-outcome.ts';
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { answer, type Answer } from './failures.ts';

/** A file of a stage's artifact, held to the hash that the run has known since it was collected. */
export interface ArtifactFile {
  readonly run: StageRun;
  readonly stageFile: string;
  readonly sha256: string;
}

export interface EvidenceInput {
  readonly repository: Repository;
  readonly commit: CommitSha;
  readonly ref: GitRef;
  readonly image: { readonly name: string; readonly digest: Digest };
  readonly signing: Signing;
  readonly hasBuilder: boolean;
  readonly build: ArtifactFile;
  /** Null before those stages, and where they are not part of the run. */
  readonly signature: ArtifactFile | null;
  readonly attestation: (ArtifactFile & { readonly scannedSha256: string | null }) | null;
}

export interface EvidenceAnswer {
  readonly assessment: Assessment;
  /** Null where the operator has given no key. */
  readonly vsa: DsseEnvelope | null;
}

export interface EvidenceActivities {
  assessEvidence(input: EvidenceInput): Promise<Answer<EvidenceAnswer>>;
}

/** What the operator trusts, and as whom this App vouches. */
export interface EvidenceParts {
  readonly trust: TrustMap;
  readonly roots: readonly TrustRoot[];
  readonly registry: Registry;
  /** `https://github.com`: identities begin so. */
  readonly server: string;
  /** Of GitHub's OIDC tokens. */
  readonly issuer: string;
  readonly verifier: { readonly id: string; readonly version: string };
  readonly vsa: VsaSigner | null;
}

/** A run asks twice, some minutes apart. */
const MAX_REMEMBERED = 1000;

export function createEvidenceActivities(github: GitHub, parts: EvidenceParts): EvidenceActivities {
  const machines = new LRUCache<string, readonly JobMachine[]>({ max: MAX_REMEMBERED });
  return {
    assessEvidence: (input) =>
      answer(async () => {
        const api = github.repository(input.repository);
        const assessment = await assessWith({ github, api, parts, input, machines });
        const vsa = parts.vsa?.sign(vsaStatement(assessment, new Date().toISOString())) ?? null;
        return { assessment, vsa };
      }),
  };
}

interface Looking {
  readonly github: GitHub;
  readonly api: RepositoryApi;
  readonly parts: EvidenceParts;
  readonly input: EvidenceInput;
  readonly machines: LRUCache<string, readonly JobMachine[]>;
}

async function assessWith(looking: Looking): Promise<Assessment> {
  const { parts, input } = looking;
  const elsewhere = await lookElsewhere(looking);
  return assess({
    subject: input.image,
    expected: expectationOf(looking),
    expectedLevel: expectedLevelOf(input, parts.trust, fullName(input.repository)),
    trust: parts.trust,
    build: await buildEvidence(looking),
    conclusion: input.build.run.conclusion,
    machines: await machinesOf(looking),
    ...elsewhere,
    signature: await signatureEvidence(looking),
    sbom: await sbomEvidence(looking),
    verifier: parts.verifier,
    roots: parts.roots.map(({ facts }): RootFacts => facts),
  });
}

/** Caches the machines of ended attempts, which no longer change. */
async function machinesOf({ api, machines, input }: Looking): Promise<readonly JobMachine[]> {
  const { actionsRunId, attempt } = input.build.run;
  const key = `${input.repository.id}/${actionsRunId}/${attempt}`;
  const known = machines.get(key) ?? (await api.actions.machinesOf(actionsRunId, attempt));
  machines.set(key, known);
  return known;
}

const rootOf = (signing: Signing): string => (signing === 'github' ? GITHUB : PUBLIC_GOOD);

function identityOf({
  parts,
  input,
}: Looking): Pick<AttestationExpectation, 'server' | 'issuer' | 'digest' | 'repository'> {
  const { id, ownerId } = input.repository;
  return {
    server: parts.server,
    issuer: parts.issuer,
    digest: input.image.digest,
    repository: { fullName: fullName(input.repository), id: String(id), ownerId: String(ownerId) },
  };
}

/** Nothing of this comes from the artifact: it is the event's, the request's and the API's. */
function expectationOf(looking: Looking): ProvenanceExpectation {
  const { commit, ref, build, signing } = looking.input;
  return {
    ...identityOf(looking),
    commit,
    ref,
    workflowPath: `.github/workflows/${build.stageFile}`,
    run: { id: build.run.actionsRunId, attempt: build.run.attempt },
    root: rootOf(signing),
  };
}

async function buildEvidence(looking: Looking): Promise<BuildEvidence> {
  const { input } = looking;
  const bytes = await fileOf(looking, input.build, PROVENANCE);
  if (input.signing !== 'none') return { kind: 'bundle', verification: verifyCollected(looking, bytes) };
  return { kind: 'unsigned', statement: bytes === null ? null : readStatement(bytes), sha256: input.build.sha256 };
}

/** Null stands for bytes that are not those which the run collected: then somebody has been at the artifact. */
const verifyCollected = ({ parts }: Looking, bytes: Uint8Array | null): BundleVerification =>
  bytes === null
    ? unreadable('the artifact has other bytes than this run collected')
    : verifyBundle(bytes, parts.roots);

async function signatureEvidence(looking: Looking): Promise<StageEvidence | null> {
  const { signature } = looking.input;
  if (signature === null) return null;
  const bytes = await fileOf(looking, signature, SIGNATURE_BUNDLE);
  return {
    verification: verifyCollected(looking, bytes),
    expected: stageExpectation(looking, signature, SIGNATURE_PREDICATE),
  };
}

async function sbomEvidence(looking: Looking): Promise<SbomEvidence | null> {
  const { attestation } = looking.input;
  if (attestation === null) return null;
  const verification = verifyCollected(looking, await fileOf(looking, attestation, ATTESTATION_BUNDLE));
  return {
    verification,
    expected: stageExpectation(looking, attestation, CYCLONEDX_PREDICATE),
    attestedSha256: verification.kind === 'verified' ? canonicalSha256(verification.bundle.statement.predicate) : null,
    scannedSha256: attestation.scannedSha256,
  };
}

function stageExpectation(looking: Looking, file: ArtifactFile, predicateType: string): AttestationExpectation {
  const { ref, signing } = looking.input;
  return {
    ...identityOf(looking),
    file: file.stageFile,
    ref,
    run: { id: file.run.actionsRunId, attempt: file.run.attempt },
    root: rootOf(signing),
    predicateType,
  };
}

/**
 * The bytes that the run collected, and no others; null where they differ.
 *
 * @throws GitHubFault where they cannot be had: an artifact lives for 30 days, and a kept outcome may be older
 */
async function fileOf(looking: Looking, { run, sha256 }: ArtifactFile, name: string): Promise<Uint8Array | null> {
  const { github, api } = looking;
  const address = run.artifact === null ? null : await api.actions.artifactLocation(run.artifact.id);
  if (address === null) throw new GitHubFault('gone', `${name} has expired with its artifact: comment /slsa rerun all`);
  try {
    const bytes = await readEntryBytes(await fetchArchive(github.archives, address, null), name);
    return bytes !== null && sha256Of(bytes) === sha256 ? bytes : null;
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    const isPassing = error.fault === 'unavailable' || error.fault === 'expired_address';
    if (isPassing) throw new GitHubFault('unavailable', `${name} could not be fetched: ${error.message}`);
    return null;
  }
}

interface Elsewhere {
  readonly found: FoundBundle[];
  readonly looked: { readonly attestations: Looked; readonly registry: Looked };
}

/** What GitHub and the registry keep for this digest. Where nothing is signed there is nothing to look for. */
async function lookElsewhere(looking: Looking): Promise<Elsewhere> {
  const { input, api, parts } = looking;
  if (input.signing === 'none') return { found: [], looked: { attestations: 'not_asked', registry: 'not_asked' } };
  const { name, digest } = input.image;
  const stored = await api.attestations.bundlesOf(digest);
  const beside = await parts.registry.bundlesOf(name, digest).catch(nullIfClosed);
  const found: FoundBundle[] = [];
  for (const each of stored.kind === 'read' ? stored.bundles : []) {
    const verification = each.kind === 'bytes' ? await verifyApart(each.bytes, parts) : unreadable(each.reason);
    found.push({ place: 'attestations', verification });
  }
  for (const bytes of beside ?? []) found.push({ place: 'registry', verification: await verifyApart(bytes, parts) });
  return {
    found,
    looked: {
      attestations: stored.kind === 'read' ? 'read' : 'not_available',
      registry: beside === null ? 'not_available' : 'read',
    },
  };
}

/** Anybody may have stored dozens: between two of them heartbeats and other runs have their turn. */
async function verifyApart(bytes: Uint8Array, { roots }: EvidenceParts): Promise<BundleVerification> {
  await new Promise((turn) => setImmediate(turn));
  return verifyBundle(bytes, roots);
}

/** The registry is a second place to look, and optional: what it does not show blocks nothing. */
const nullIfClosed = (error: unknown): null => {
  if (error instanceof RegistryError) return null;
  throw error;
};

const unreadable = (reason: string): BundleVerification => {
  const rejection: RejectedBundle = { code: 'not_a_bundle', reason, bundleSha256: '' };
  return { kind: 'rejected', rejection };
};

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
