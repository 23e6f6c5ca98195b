/**
 * A bundle's bytes → verified or rejected: signature, certificate chain, log entry, time. Whose it is and what it says is
 * left to the domain; this answers only whether anybody of a trust root stands behind it.
 */
import { createHash } from 'node:crypto';
import { bundleFromJSON, isBundleWithDsseEnvelope, type Bundle, type BundleWithDsseEnvelope } from '@sigstore/bundle';
import { X509Certificate } from '@sigstore/core';
import { toSignedEntity, VerificationError } from '@sigstore/verify';
import { z } from 'zod';
import type {
  BundleReceipt,
  BundleVerification,
  RejectionCode,
  Statement,
} from '../../domain/evidence/verified-bundle.ts';
import { plainLine } from '../../domain/report/plain-text.ts';
import { parseJson } from '../../domain/stage/stage-report.ts';
import { CertificateError, readIdentity } from './certificate.ts';
import type { TrustRoot } from './trust-root.ts';

/** actions/attest takes predicates of 16 MB; in base64, with the rest of a bundle round it, that is this. */
export const MAX_BUNDLE_BYTES = 24 * 1024 * 1024;
/** Each proof costs the library milliseconds, and each byte of DER an object: real ones are one or two, of a few KB. */
const MAX_PROOFS = 8;
const MAX_PROOF_BYTES = 64 * 1024;
const PAYLOAD_TYPE = 'application/vnd.in-toto+json';
const MAX_REASON = 300;

/** Never throws: a bundle is anybody's bytes, and what is wrong with it is an answer. */
export function verifyBundle(bytes: Uint8Array, roots: readonly TrustRoot[]): BundleVerification {
  const bundleSha256 = sha256(bytes);
  const read = readBundle(bytes);
  const answer = 'code' in read ? read : verify(read, roots, bundleSha256);
  if ('code' in answer) {
    return { kind: 'rejected', rejection: { ...answer, reason: plainLine(answer.reason, MAX_REASON), bundleSha256 } };
  }
  return answer;
}

interface Rejection {
  readonly code: RejectionCode;
  readonly reason: string;
}

const reject = (code: RejectionCode, reason: string): Rejection => ({ code, reason });
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'it cannot be read');

interface ReadBundle {
  readonly bundle: BundleWithDsseEnvelope;
  readonly certificate: X509Certificate;
  readonly issuer: Buffer;
  readonly statement: Statement;
  readonly signature: Buffer;
}

function readBundle(bytes: Uint8Array): ReadBundle | Rejection {
  if (bytes.length > MAX_BUNDLE_BYTES) return reject('too_large', `the bundle has more than ${MAX_BUNDLE_BYTES} bytes`);
  const json = parseJson(new TextDecoder().decode(bytes));
  if (!json.ok) return reject('not_a_bundle', 'it is not JSON');
  let bundle: Bundle;
  try {
    bundle = bundleFromJSON(json.value);
  } catch (error) {
    return reject('not_a_bundle', `it is not a Sigstore bundle: ${messageOf(error)}`);
  }
  if (!isBundleWithDsseEnvelope(bundle))
    return reject('not_a_statement', 'it signs bytes, and no statement about an image');
  return readParts(bundle);
}

function readParts(bundle: BundleWithDsseEnvelope): ReadBundle | Rejection {
  const { content, verificationMaterial } = bundle;
  const { dsseEnvelope } = content;
  const [signature, ...more] = dsseEnvelope.signatures;
  if (signature === undefined || more.length > 0)
    return reject('not_a_bundle', 'it does not have exactly one signature');
  if (dsseEnvelope.payloadType !== PAYLOAD_TYPE) {
    return reject('not_a_statement', `it signs ${dsseEnvelope.payloadType}, and no in-toto statement`);
  }
  const withoutProof = verificationMaterial.tlogEntries.some(({ inclusionProof }) => inclusionProof === undefined);
  if (withoutProof)
    return reject('bad_log_entry', 'its log entry has no inclusion proof: the log only promised to keep it');
  const statement = readStatement(dsseEnvelope.payload);
  if (statement === null) return reject('not_a_statement', 'what it signs is not an in-toto statement');
  const der = leafOf(bundle);
  if (der === null) return reject('bad_certificate', 'it carries no certificate, so nobody can be named as its signer');
  if (isOverlong(bundle, der))
    return reject('too_large', 'it carries more proofs, or larger ones, than a signature needs');
  try {
    const certificate = X509Certificate.parse(Buffer.from(der));
    // Read here: of what is no certificate its getters throw.
    return { bundle, statement, signature: signature.sig, certificate, issuer: certificate.issuer };
  } catch (error) {
    return reject('bad_certificate', `its certificate cannot be read: ${messageOf(error)}`);
  }
}

function isOverlong({ verificationMaterial }: BundleWithDsseEnvelope, leaf: Uint8Array): boolean {
  const { tlogEntries, timestampVerificationData } = verificationMaterial;
  const stamps = timestampVerificationData?.rfc3161Timestamps ?? [];
  const parts = [
    leaf,
    ...stamps.map(({ signedTimestamp }) => signedTimestamp),
    ...tlogEntries.map(({ inclusionProof }) => inclusionProof?.checkpoint?.envelope ?? ''),
  ];
  const counts = [tlogEntries.length, stamps.length];
  return counts.some((count) => count > MAX_PROOFS) || parts.some(({ length }) => length > MAX_PROOF_BYTES);
}

function leafOf({ verificationMaterial: { content } }: BundleWithDsseEnvelope): Uint8Array | null {
  if (content.$case === 'certificate') return content.certificate.rawBytes;
  if (content.$case === 'x509CertificateChain') return content.x509CertificateChain.certificates[0]?.rawBytes ?? null;
  return null;
}

const InTotoStatement = z.object({
  _type: z.enum(['https://in-toto.io/Statement/v1', 'https://in-toto.io/Statement/v0.1']),
  subject: z
    .array(z.object({ digest: z.record(z.string(), z.string()) }))
    .min(1)
    .max(1024),
  predicateType: z.string().min(1).max(500),
  predicate: z.unknown().optional(),
});

/** An in-toto statement's bytes, signed or not; null for anything else. */
export function readStatement(bytes: Uint8Array): Statement | null {
  const json = parseJson(new TextDecoder().decode(bytes));
  const parsed = json.ok ? InTotoStatement.safeParse(json.value) : null;
  if (parsed?.success !== true) return null;
  const { predicateType, subject, predicate } = parsed.data;
  return { predicateType, predicate, subjects: subject.map(({ digest }) => digest['sha256'] ?? null) };
}

/** Each root by itself, with its own thresholds: two weak halves must not make a whole. */
function verify(read: ReadBundle, roots: readonly TrustRoot[], bundleSha256: string): BundleVerification | Rejection {
  const candidates = roots.filter(({ issuers }) => issuers.some((subject) => subject.equals(read.issuer)));
  if (candidates.length === 0) return unknownIssuer(roots);
  const failures: Rejection[] = [];
  for (const root of candidates) {
    const failure = signatureFault(read, root);
    if (failure === null) return identified(read, root, bundleSha256);
    failures.push(failure);
  }
  return failures[0] ?? unknownIssuer(roots);
}

function unknownIssuer(roots: readonly TrustRoot[]): Rejection {
  const known = roots
    .map(({ facts }) => `${facts.name} as of ${facts.asOf}${facts.isStale ? ', stale' : ''}`)
    .join('; ');
  return reject('untrusted_certificate', `its certificate was issued by nobody that the trust roots know (${known})`);
}

const CODE_OF: readonly (readonly [prefix: string, code: RejectionCode])[] = [
  ['TLOG', 'bad_log_entry'],
  ['TIMESTAMP', 'bad_timestamp'],
  ['CERTIFICATE', 'untrusted_certificate'],
  ['SIGNATURE', 'bad_signature'],
];

/** The library throws other errors than its own on malformed input: any of them is a refusal. */
function signatureFault({ bundle }: ReadBundle, { verifier }: TrustRoot): Rejection | null {
  try {
    verifier.verify(toSignedEntity(bundle));
    return null;
  } catch (error) {
    const code = error instanceof VerificationError ? error.code : '';
    const known = CODE_OF.find(([prefix]) => code.startsWith(prefix));
    return reject(known?.[1] ?? 'bad_certificate', messageOf(error));
  }
}

function identified(read: ReadBundle, root: TrustRoot, bundleSha256: string): BundleVerification | Rejection {
  try {
    const { signer, claims, serial } = readIdentity(read.certificate);
    const receipt = { ...receiptOf(read), bundleSha256, certificateSerial: serial };
    return {
      kind: 'verified',
      bundle: { root: root.facts.name, signer, claims, statement: read.statement, receipt },
    };
  } catch (error) {
    if (error instanceof CertificateError) return reject('bad_certificate', error.message);
    return reject('bad_certificate', `its certificate cannot be read: ${messageOf(error)}`);
  }
}

function receiptOf({
  bundle,
  signature,
}: ReadBundle): Pick<BundleReceipt, 'signatureSha256' | 'logIndex' | 'signedAt'> {
  const [entry] = bundle.verificationMaterial.tlogEntries;
  // The log signs its time, and the place in all of its trees, in the promise alone; a proof covers the place in one tree.
  const isPromised = entry?.inclusionPromise !== undefined;
  const isPlaced = entry !== undefined && (isPromised || entry.logIndex === entry.inclusionProof?.logIndex);
  return {
    signatureSha256: sha256(signature),
    logIndex: isPlaced ? String(Number(entry.logIndex)) : null,
    signedAt: isPromised ? new Date(Number(entry.integratedTime) * 1000).toISOString() : stampedAt(bundle),
  };
}

/** The time-stamp was verified above; here it is only read. */
function stampedAt(bundle: BundleWithDsseEnvelope): string | null {
  const stamp = toSignedEntity(bundle).timestamps.find(({ $case }) => $case === 'timestamp-authority');
  return stamp?.$case === 'timestamp-authority' ? stamp.timestamp.signingTime.toISOString() : null;
}
