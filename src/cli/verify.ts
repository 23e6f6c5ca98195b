/** `verify`: the same assessment as the App's, for any image, bundle or digest; offline where the bundle is at hand. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import type { EvidenceParts } from '../../activities/assess-evidence.ts';
import { RegistryError } from '../adapters/registry/oci-registry.ts';
import { fromFile } from '../adapters/sigstore/root-files.ts';
import { loadTrustRoot, TrustRootError, type TrustRoot } from '../adapters/sigstore/trust-root.ts';
import { MAX_BUNDLE_BYTES, verifyBundle } from '../adapters/sigstore/verify-bundle.ts';
import { builderParts, BuilderWorkflow } from '../domain/build/builder.ts';
import { assess, type Assessment, type FoundBundle, type FoundPlace } from '../domain/evidence/assessment.ts';
import { equivalentCommands } from '../domain/evidence/describe-assessment.ts';
import { judgeProvenance, type ProvenanceExpectation } from '../domain/evidence/judge-provenance.ts';
import { PROVENANCE_TYPE } from '../domain/evidence/slsa-provenance.ts';
import type { Level, TrustPolicy } from '../domain/evidence/trust-map.ts';
import type { BundleVerification } from '../domain/evidence/verified-bundle.ts';
import { CommitSha, Digest, GitRef } from '../domain/git.ts';
import { plainLine } from '../domain/report/plain-text.ts';
import type { Environment } from './environment.ts';
import { UsageError } from './usage-error.ts';
import { evidencePartsFor } from './evidence.ts';
import { ladder } from './terminal/ladder.ts';

export interface VerifyOptions {
  readonly repo: string;
  readonly level: string;
  readonly digest?: string;
  readonly sourceDigest?: string;
  readonly sourceRef?: string;
  readonly repoId?: string;
  readonly ownerId?: string;
  readonly signerWorkflow: string;
  readonly builder?: string;
  readonly trustedRoot?: readonly string[];
  readonly json: boolean;
}

const EXIT = { atLevel: 0, lower: 1, unknown: 3 } as const;

/** @throws UsageError */
export async function verify(subject: string, options: VerifyOptions, environment: Environment): Promise<number> {
  const wanted = levelOf(options.level);
  const parts = await partsFor(options, environment);
  const expectedOf = expectationFor(options, parts);
  const looked = await look(subject, options, { parts, environment }).catch(couldNotLook);
  if (typeof looked === 'string') {
    process.stderr.write(`${plainLine(looked, MAX_MESSAGE)}\n`);
    return EXIT.unknown;
  }
  const assessment = assessFound(looked, { expected: expectedOf(looked.digest), parts, wanted });
  // The others are asked about images: a file or a digest alone is nothing that they would find.
  const commands = looked.place === 'registry' ? equivalentCommands(assessment, options.repo) : [];
  const text = options.json ? [inertJson(assessment)] : ladder(assessment, { repository: options.repo, commands });
  process.stdout.write(`${[...text, ...(options.json ? [] : looked.notes)].join('\n')}\n`);
  return assessment.result === 'met' ? EXIT.atLevel : EXIT.lower;
}

const MAX_MESSAGE = 600;

/** JSON leaves C1 controls and direction marks as they are, and some terminals act on them: written out, they are the same. */
const inertJson = (value: unknown): string =>
  JSON.stringify(value).replace(
    /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

function levelOf(text: string): Level {
  const level = [1, 2, 3].find((each) => String(each) === text) as Level | undefined;
  if (level === undefined) throw new UsageError('--level: 1, 2 or 3. The Build track of SLSA v1.2 ends at L3.');
  return level;
}

async function partsFor(options: VerifyOptions, environment: Environment): Promise<EvidenceParts> {
  const parts = await evidencePartsFor(environment);
  const policy = withBuilder(parts.trust.policy, options.builder);
  return { ...parts, trust: { ...parts.trust, policy }, roots: rootsFor(options, parts.roots) };
}

function withBuilder(policy: TrustPolicy, text: string | undefined): TrustPolicy {
  if (text === undefined) return policy;
  const builder = BuilderWorkflow.safeParse(text);
  if (!builder.success) throw new UsageError(`--builder: ${builder.error.issues[0]?.message ?? 'not accepted'}.`);
  const { workflow, commit } = builderParts(builder.data);
  const roots = [...new Set(['public_good', 'github', ...Object.keys(policy.roots)])];
  return { ...policy, builders: [...policy.builders, { workflow, commits: [commit], level: 3, roots }] };
}

const OWN_ROOT_MAX_AGE_DAYS = 36_500;

/** `NAME=FILE` or `FILE`, which then stands for the public-good instance: nothing else is trusted any more. */
function rootsFor({ trustedRoot }: VerifyOptions, known: readonly TrustRoot[]): readonly TrustRoot[] {
  if (trustedRoot === undefined || trustedRoot.length === 0) return known;
  const now = new Date();
  try {
    return trustedRoot.map((text) => {
      const [, name = 'public_good', file = text] = /^([a-z][a-z0-9_]*)=(.+)$/.exec(text) ?? [];
      return loadTrustRoot(fromFile(name, file, now), OWN_ROOT_MAX_AGE_DAYS, now);
    });
  } catch (error) {
    if (error instanceof TrustRootError) throw new UsageError(`--trusted-root: ${error.message}`);
    throw error;
  }
}

/** Begins with a host, that is: a dot or a port, or `localhost`. `./bundle.json` and `acme/app` do not. */
const IMAGE = /^(localhost|[a-z0-9-]+(\.[a-z0-9-]+)+|[a-z0-9-]+(?=:))(:\d+)?\//;

interface Looked {
  readonly place: FoundPlace;
  readonly name: string;
  readonly digest: Digest;
  readonly bundles: readonly FoundBundle[];
  readonly notes: readonly string[];
}

interface With {
  readonly parts: EvidenceParts;
  readonly environment: Environment;
}

function look(subject: string, options: VerifyOptions, parts: With): Promise<Looked> {
  if (existsSync(subject) && statSync(subject).isFile()) return Promise.resolve(lookInFile(subject, options, parts));
  const digest = Digest.safeParse(subject);
  if (digest.success) return lookOnGitHub(digest.data, options, parts);
  if (!IMAGE.test(subject)) {
    throw new UsageError(`${subject} is no file, no digest (sha256:…) and no image (registry/name@sha256:…).`);
  }
  return lookInRegistry(subject, parts);
}

/** A file of one bundle, or of one a line. */
function lookInFile(file: string, options: VerifyOptions, { parts }: With): Looked {
  if (statSync(file).size > 4 * MAX_BUNDLE_BYTES) throw new UsageError(`${file} has more bytes than any bundle.`);
  const verifications = documentsIn(readFileSync(file)).map((bytes) => verifyBundle(bytes, parts.roots));
  const bundles = verifications.map((verification) => ({ place: 'file' as const, verification }));
  const given = options.digest === undefined ? null : digestOption(options.digest);
  const claimed = verifications.map(subjectOf).find((digest) => digest !== null) ?? null;
  const digest = given ?? claimed;
  if (digest === null) return { place: 'file', name: file, digest: NO_DIGEST, bundles, notes: [NO_IMAGE] };
  const notes =
    given === null ? [`No --digest was given: the bundle's own subject, ${digest}, was taken for the image.`] : [];
  return { place: 'file', name: file, digest, bundles, notes };
}

const NO_IMAGE = 'No bundle in it names an image by sha256: say with --digest which one it must be about.';

/** What cannot be named cannot be vouched for: nothing has this digest. */
const NO_DIGEST = Digest.parse(`sha256:${'0'.repeat(64)}`);

function documentsIn(bytes: Buffer): Buffer[] {
  const lines = bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const isOneALine = lines.length > 1 && lines.every((line) => line.startsWith('{') && line.trimEnd().endsWith('}'));
  return isOneALine ? lines.map((line) => Buffer.from(line)) : [bytes];
}

function subjectOf(verification: BundleVerification): Digest | null {
  const subjects = verification.kind === 'verified' ? verification.bundle.statement.subjects : [];
  return Digest.safeParse(`sha256:${subjects[0] ?? ''}`).data ?? null;
}

const digestOption = (text: string): Digest =>
  Digest.safeParse(text).data ?? usage('--digest: written sha256: and 64 hex digits.');
const usage = (message: string): never => {
  throw new UsageError(message);
};

async function lookOnGitHub(digest: Digest, options: VerifyOptions, { parts, environment }: With): Promise<Looked> {
  const { GITHUB_API_URL: baseUrl, GITHUB_TOKEN: token } = environment;
  const { readPublicAttestations } = await import('../adapters/github/public-attestations.ts');
  const stored = await readPublicAttestations({
    baseUrl,
    token: token?.reveal() ?? null,
    repository: options.repo,
    digest,
  });
  const bundles = stored.map((bytes) => ({
    place: 'attestations' as const,
    verification: verifyBundle(bytes, parts.roots),
  }));
  return { place: 'attestations', name: options.repo, digest, bundles, notes: [] };
}

async function lookInRegistry(image: string, { parts }: With): Promise<Looked> {
  const [, name, tag, at] = /^([^@]+?)(?::([\w.-]+))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(image) ?? [];
  if (name === undefined) return usage(`${image}: a digest is written sha256: and 64 hex digits.`);
  const digest = await parts.registry.digestOf({ name, reference: at ?? tag ?? 'latest' });
  const bundles = (await parts.registry.bundlesOf(name, digest)).map((bytes) => ({
    place: 'registry' as const,
    verification: verifyBundle(bytes, parts.roots),
  }));
  const notes = at === undefined ? ['', `The tag is at ${digest} now; a tag can be moved, a digest cannot.`] : [];
  return { place: 'registry', name, digest, bundles, notes };
}

function couldNotLook(error: unknown): string {
  if (error instanceof UsageError) throw error;
  const what = error instanceof RegistryError || error instanceof Error ? error.message : String(error);
  return `Could not find out: ${what}. This is neither a pass nor a failure.`;
}

/** Mistakes are told before anybody is asked. */
function expectationFor(options: VerifyOptions, parts: EvidenceParts): (digest: Digest) => ProvenanceExpectation {
  if (!/^[\w.-]+\/[\w.-]+$/.test(options.repo)) usage('--repo: written owner/name.');
  const commit = options.sourceDigest === undefined ? null : CommitSha.safeParse(options.sourceDigest).data;
  const ref = options.sourceRef === undefined ? null : GitRef.safeParse(options.sourceRef).data;
  const expected = {
    server: parts.server,
    issuer: parts.issuer,
    repository: { fullName: options.repo, id: options.repoId ?? null, ownerId: options.ownerId ?? null },
    commit: commit === undefined ? usage('--source-digest: a commit, 40 hex digits.') : commit,
    ref: ref === undefined ? usage('--source-ref: a full ref, such as refs/heads/main.') : ref,
    workflowPath: options.signerWorkflow,
    run: null,
    root: null,
  };
  return (digest) => ({ ...expected, digest });
}

interface Asked {
  readonly expected: ProvenanceExpectation;
  readonly parts: EvidenceParts;
  readonly wanted: Level;
}

/** The best provenance decides; all others are told, and count for nothing. */
function assessFound({ place, name, digest, bundles }: Looked, { expected, parts, wanted }: Asked): Assessment {
  const ranked = bundles
    .map((found) => ({ found, rank: rankOf(found.verification, expected, parts.trust.policy) }))
    .toSorted((a, b) => b.rank - a.rank);
  const [best] = ranked;
  return assess({
    subject: { name, digest },
    expected,
    expectedLevel: wanted,
    trust: parts.trust,
    build: best === undefined ? { kind: 'none' } : { kind: 'bundle', verification: best.found.verification },
    conclusion: null,
    machines: null,
    found: bundles,
    looked: {
      attestations: place === 'attestations' ? 'read' : 'not_asked',
      registry: place === 'registry' ? 'read' : 'not_asked',
    },
    signature: null,
    sbom: null,
    verifier: parts.verifier,
    roots: parts.roots.map(({ facts }) => facts),
  });
}

/** By level where nothing is refused; then provenance of something else; then what is no provenance, or does not hold. */
function rankOf(verification: BundleVerification, expected: ProvenanceExpectation, policy: TrustPolicy): number {
  if (verification.kind === 'rejected') return -3;
  if (verification.bundle.statement.predicateType !== PROVENANCE_TYPE) return -2;
  const { refused, level } = judgeProvenance(verification.bundle, expected, policy);
  return refused === null ? level : -1;
}
