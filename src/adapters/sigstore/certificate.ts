/** The leaf certificate's identity and claims, read strictly: what cannot be read in exactly one way is refused. */
import type { X509Certificate } from '@sigstore/core';
import { CLAIM_NUMBERS, OLDER_CLAIMS, type ClaimName, type SignerClaims } from '../../domain/evidence/signer-claims.ts';

type Asn1 = X509Certificate['root'];

const FULCIO = '1.3.6.1.4.1.57264.1';
const SUBJECT_ALT_NAME = '2.5.29.17';
/** GeneralName's choices [1] rfc822Name and [6] uniformResourceIdentifier, and how they are written here. RFC 5280, 4.2.1.6. */
const NAME_KINDS: Readonly<Record<number, string>> = { 1: 'mailto:', 6: '' };
const UTF8_STRING_TAG = 0x0c;

export class CertificateError extends Error {}

export interface SignerIdentity {
  readonly signer: string;
  readonly claims: SignerClaims;
  /** Hex. */
  readonly serial: string;
}

/** @throws CertificateError */
export function readIdentity(certificate: X509Certificate): SignerIdentity {
  const extensions = extensionsByOid(certificate);
  return {
    signer: onlyName(extensions.get(SUBJECT_ALT_NAME)),
    claims: readClaims(extensions),
    serial: certificate.serialNumber.toString('hex'),
  };
}

function extensionsByOid({ extensions }: X509Certificate): Map<string, Asn1> {
  const found = new Map<string, Asn1>();
  for (const extension of extensions) {
    const oid = extension.subs[0]?.toOID() ?? '';
    // Two of one kind could be read in two ways. Source: RFC 5280, 4.2.
    if (found.has(oid)) throw new CertificateError(`the certificate has the extension ${oid} twice`);
    const value = extension.subs.at(-1);
    if (value !== undefined) found.set(oid, value);
  }
  return found;
}

/** Workflows sign by address and people by mail; whoever signs otherwise is nobody that could be expected here. */
function onlyName(value: Asn1 | undefined): string {
  const names = value?.subs[0]?.subs ?? [];
  const [name] = names;
  const kind = name === undefined || name.tag.isUniversal() ? undefined : NAME_KINDS[name.tag.number];
  if (name === undefined || kind === undefined || names.length !== 1) {
    throw new CertificateError('the certificate names not exactly one signer by address or mail');
  }
  return `${kind}${utf8(name.value)}`;
}

function readClaims(extensions: ReadonlyMap<string, Asn1>): SignerClaims {
  const entries = Object.entries(CLAIM_NUMBERS).map(([name, number]) => {
    const older = OLDER_CLAIMS[name as keyof typeof OLDER_CLAIMS] as number | undefined;
    const claim = derText(extensions.get(`${FULCIO}.${number}`));
    const before = older === undefined ? null : rawText(extensions.get(`${FULCIO}.${older}`));
    if (claim !== null && before !== null && claim !== before) {
      throw new CertificateError(`the certificate contradicts itself about ${name}: ${claim} and ${before}`);
    }
    return [name, claim] as const;
  });
  // One entry a key, as made above: `fromEntries` forgets the keys' names.
  return Object.fromEntries(entries) as Record<ClaimName, string | null>;
}

/** DER UTF8String, and nothing after it. */
function derText(value: Asn1 | undefined): string | null {
  if (value === undefined) return null;
  const [text, ...rest] = value.subs;
  if (text === undefined || rest.length > 0 || text.tag.number !== UTF8_STRING_TAG || !text.tag.isUniversal()) {
    throw new CertificateError('a claim of the certificate is not written as text');
  }
  return utf8(text.value);
}

const rawText = (value: Asn1 | undefined): string | null => (value === undefined ? null : utf8(value.value));

function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new CertificateError('a name in the certificate is not UTF-8');
  }
}
