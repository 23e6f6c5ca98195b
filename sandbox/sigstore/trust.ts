/** The stand-in's trust root, and what a verifier of the stage does with it: exact identity, exact issuer. */
import { createHash } from 'node:crypto';
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { ISSUER, type Sigstore } from './sigstore.ts';

/** As `trusted_root.json` is written. Source: sigstore/protobuf-specs, `sigstore_trustroot.proto`. */
export function trustedRootJson({ authorities: { ca, ctLog, log } }: Sigstore): unknown {
  const validFor = { start: new Date(Date.now() - 3_600_000).toISOString() };
  const key = (publicKey: Buffer): object => ({
    rawBytes: publicKey.toString('base64'),
    keyDetails: 'PKIX_ECDSA_P256_SHA_256',
    validFor,
  });
  const logId = (bytes: Buffer): object => ({ keyId: bytes.toString('base64') });
  return {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    certificateAuthorities: [
      {
        subject: { organization: 'sigstore.mock', commonName: 'sigstore' },
        uri: 'https://fulcio.sigstore.dev',
        certChain: { certificates: [{ rawBytes: ca.rootCertificate.toString('base64') }] },
        validFor,
      },
    ],
    timestampAuthorities: [],
    tlogs: [
      {
        baseUrl: 'https://rekor.sigstore.dev',
        hashAlgorithm: 'SHA2_256',
        publicKey: key(log.publicKey),
        logId: logId(createHash('sha256').update(log.publicKey).digest()),
      },
    ],
    ctlogs: [
      {
        baseUrl: 'https://ctfe.sigstore.dev',
        hashAlgorithm: 'SHA2_256',
        publicKey: key(ctLog.publicKey),
        logId: logId(Buffer.from(ctLog.logID)),
      },
    ],
  };
}

/** @throws Error where the signature does not hold, or is somebody else's. */
export function verifyBundle(bundle: unknown, root: unknown, identity: string): void {
  const material = toTrustMaterial(TrustedRoot.fromJSON(root));
  const verifier = new Verifier(material, { tlogThreshold: 1, ctlogThreshold: 1, timestampThreshold: 1 });
  // A string would be taken for an unanchored pattern.
  const exact = new RegExp(`^${RegExp.escape(identity)}$`);
  verifier.verify(toSignedEntity(bundleFromJSON(bundle)), {
    subjectAlternativeName: exact as unknown as string,
    extensions: { issuer: ISSUER },
  });
}
