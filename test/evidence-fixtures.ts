/** One image, one commit, one run, and who may sign for it: what the tests of `evidence` build their attacks from. */
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { ISSUER, SERVER, type JobClaims } from '../sandbox/sigstore/claims.ts';
import { provenanceOf, statementAbout } from '../sandbox/sigstore/provenance.ts';
import { Sigstore, type SigstoreInstance } from '../sandbox/sigstore/sigstore.ts';
import { trustedRootJson } from '../sandbox/sigstore/trust.ts';
import { loadTrustRoot, type TrustRoot } from '../src/adapters/sigstore/trust-root.ts';
import { verifyBundle } from '../src/adapters/sigstore/verify-bundle.ts';
import { BuilderWorkflow } from '../src/domain/build/builder.ts';
import type { ProvenanceExpectation } from '../src/domain/evidence/judge-provenance.ts';
import { defaultPolicy } from '../src/domain/evidence/trust-map.ts';
import type { BundleVerification, RootName, VerifiedBundle } from '../src/domain/evidence/verified-bundle.ts';
import { Digest } from '../src/domain/git.ts';

export const COMMIT = '4f2a9c0de1b34567890abcdef1234567890abcde';
export const OTHER_COMMIT = '0'.repeat(40);
export const HEX = 'b09b9482c72371486bb2c1d2c2a2633ed1d0b8389e12c8d52b9e052725c0c83c';
export const OTHER_HEX = 'f'.repeat(64);
export const DIGEST = Digest.parse(`sha256:${HEX}`);
export const IMAGE = { name: 'ghcr.io/acme/app', digest: DIGEST };
export const REF = 'refs/heads/main';
export const PATH = '.github/workflows/01-build-image.yml';
export const RUN = { id: 7_000_000_001, attempt: 1 };

export const BUILDER_COMMIT = 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00';
export const BUILDER_FILE = 'acme-builders/builder/.github/workflows/build-image.yml';
export const BUILDER = BuilderWorkflow.parse(`${BUILDER_FILE}@${BUILDER_COMMIT}`);
export const POLICY = defaultPolicy(BUILDER);

/** What the event, the run request and the dispatch say: nothing of it comes from a bundle. */
export const EXPECTED: ProvenanceExpectation = {
  server: SERVER,
  issuer: ISSUER,
  digest: DIGEST,
  repository: { fullName: 'acme/app', id: '1296269', ownerId: '583231' },
  commit: COMMIT,
  ref: REF,
  workflowPath: PATH,
  run: RUN,
  root: 'public_good',
};

/** A job of the repository's own stage file. */
export const OWN_CLAIMS: JobClaims = {
  iss: ISSUER,
  event_name: 'workflow_dispatch',
  sha: COMMIT,
  ref: REF,
  repository: 'acme/app',
  repository_id: '1296269',
  repository_owner: 'acme',
  repository_owner_id: '583231',
  repository_visibility: 'public',
  workflow: '01 Build image',
  workflow_ref: `acme/app/${PATH}@${REF}`,
  workflow_sha: COMMIT,
  job_workflow_ref: `acme/app/${PATH}@${REF}`,
  job_workflow_sha: COMMIT,
  runner_environment: 'github-hosted',
  run_id: String(RUN.id),
  run_attempt: String(RUN.attempt),
};

/** The same run, where its stage file calls the isolated builder. */
export const BUILDER_CLAIMS: JobClaims = {
  ...OWN_CLAIMS,
  job_workflow_ref: BUILDER,
  job_workflow_sha: BUILDER_COMMIT,
};

export const bytesOf = (json: unknown): Buffer => Buffer.from(JSON.stringify(json));

/** The stand-ins. Tests compute for seconds between two signatures: a connection that idles must not be closed meanwhile. */
export async function startSigstore(): Promise<Sigstore> {
  const sigstore = await Sigstore.start();
  for (const instance of [sigstore.publicGood, sigstore.github]) {
    (instance as unknown as { readonly server: Server }).server.keepAliveTimeout = 0;
  }
  return sigstore;
}

/** Provenance as actions/attest writes it, really signed. */
export const signProvenance = (instance: SigstoreInstance, claims: JobClaims): Promise<unknown> =>
  instance.sign(statementAbout(IMAGE, provenanceOf(claims)), claims);

export const sandboxRoot = (name: RootName, instance: SigstoreInstance): TrustRoot => {
  const now = new Date();
  return loadTrustRoot({ name, json: JSON.stringify(trustedRootJson(instance)), asOf: now.toISOString() }, 180, now);
};

interface TrustIndex {
  readonly maxAgeDays: number;
  readonly roots: Readonly<Record<'public_good' | 'github', { readonly file: string; readonly asOf: string }>>;
}
const TRUST = new URL('../trust/', import.meta.url);
const textOf = (file: string): string => readFileSync(fileURLToPath(new URL(file, TRUST)), 'utf8');

/** The repository's own embedded root, on the day from which it is. */
export function embeddedRoot(name: 'public_good' | 'github'): TrustRoot {
  const { maxAgeDays, roots } = JSON.parse(textOf('index.json')) as TrustIndex;
  const { file, asOf } = roots[name];
  return loadTrustRoot({ name, json: textOf(file), asOf }, maxAgeDays, new Date(asOf));
}

export function verifiedOf(verification: BundleVerification): VerifiedBundle {
  if (verification.kind === 'rejected') throw new Error(`it should verify: ${verification.rejection.reason}`);
  return verification.bundle;
}

export const verifiedBytes = (bytes: Uint8Array, roots: readonly TrustRoot[]): VerifiedBundle =>
  verifiedOf(verifyBundle(bytes, roots));

/** What is judged of a bundle: everything but the hash of the bytes that it came in. */
export function judgedContent({ receipt, ...bundle }: VerifiedBundle): object {
  return { ...bundle, receipt: { ...receipt, bundleSha256: '(any)' } };
}

/** A copy in which the value at the path is another one; a path that leads nowhere is a mistake of the test. */
export function withValue<T>(json: T, path: readonly (string | number)[], value: unknown): T {
  const copy = structuredClone(json);
  const parent = path.slice(0, -1).reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], copy);
  const last = path.at(-1);
  if (last === undefined || typeof parent !== 'object' || parent === null) throw new Error(`no ${path.join('.')}`);
  (parent as Record<string, unknown>)[last] = value;
  return copy;
}
