/** The stand-ins' trust roots, and what a verifier of the stage does with one: exact identity, exact issuer. */
import { createHash } from 'node:crypto';
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { ISSUER } from './claims.ts';
import type { SigstoreInstance } from './sigstore.ts';

const HOUR_MS = 3_600_000;

/** As `trusted_root.json` is written. Source: sigstore/protobuf-specs, `sigstore_trustroot.proto`. */
export function trustedRootJson({ authorities: { ca, ctLog, log, tsa } }: SigstoreInstance): unknown {
  const validFor = { start: new Date(Date.now() - HOUR_MS).toISOString() };
  const base64 = (bytes: Buffer): { rawBytes: string } => ({ rawBytes: bytes.toString('base64') });
  const key = (publicKey: Buffer): object => ({
    ...base64(publicKey),
    keyDetails: 'PKIX_ECDSA_P256_SHA_256',
    validFor,
  });
  const instance = (baseUrl: string, publicKey: Buffer, id: Buffer): object => ({
    baseUrl,
    hashAlgorithm: 'SHA2_256',
    publicKey: key(publicKey),
    logId: { keyId: id.toString('base64') },
  });
  const authority = (uri: string, certificates: Buffer[]): object => ({
    subject: { organization: 'sigstore.mock', commonName: 'sigstore' },
    uri,
    certChain: { certificates: certificates.map(base64) },
    validFor,
  });
  const sha256 = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();
  return {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    certificateAuthorities: [authority('https://fulcio.sigstore.dev', [ca.rootCertificate])],
    timestampAuthorities:
      tsa === undefined
        ? []
        : [authority('https://timestamp.githubapp.com', [tsa.intCertificate, tsa.rootCertificate])],
    tlogs: log === undefined ? [] : [instance('https://rekor.sigstore.dev', log.publicKey, sha256(log.publicKey))],
    ctlogs:
      ctLog === undefined ? [] : [instance('https://ctfe.sigstore.dev', ctLog.publicKey, Buffer.from(ctLog.logID))],
  };
}

/** @throws Error where the signature does not hold, or is somebody else's. */
export function verifyBundle(bundle: unknown, instance: SigstoreInstance, identity: string): void {
  const material = toTrustMaterial(TrustedRoot.fromJSON(trustedRootJson(instance)));
  const logs = instance.authorities.log === undefined ? 0 : 1;
  const verifier = new Verifier(material, { tlogThreshold: logs, ctlogThreshold: logs, timestampThreshold: 1 });
  // A string would be taken for an unanchored pattern.
  const exact = new RegExp(`^${RegExp.escape(identity)}$`);
  verifier.verify(toSignedEntity(bundleFromJSON(bundle)), {
    subjectAlternativeName: exact as unknown as string,
    extensions: { issuer: ISSUER },
  });
}
