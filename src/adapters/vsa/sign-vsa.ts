/** The operator's key, and what it signs: DSSE over a verification summary. Source: secure-systems-lab/dsse, "protocol.md". */
import { createHash, createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto';
import type { VsaStatement } from '../../domain/evidence/vsa.ts';

export class VsaKeyError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'VsaKeyError';
  }
}

export interface DsseEnvelope {
  readonly payloadType: 'application/vnd.in-toto+json';
  /** Base64. */
  readonly payload: string;
  readonly signatures: readonly [{ readonly keyid: string; readonly sig: string }];
}

export interface VsaSigner {
  /** SPKI PEM: published, so that others can verify. */
  readonly publicKey: string;
  /** SHA-256 of the public key's DER, in hex. */
  readonly keyId: string;
  sign(statement: VsaStatement): DsseEnvelope;
}

/** @throws VsaKeyError where it is no ECDSA P-256 private key in PEM */
export function vsaSigner(pem: string): VsaSigner {
  const key = readKey(pem);
  const publicKey = createPublicKey(key);
  const keyId = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
  return {
    keyId,
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    sign(statement) {
      const payloadType = 'application/vnd.in-toto+json';
      const payload = Buffer.from(JSON.stringify(statement));
      const sig = sign('sha256', preAuthentication(payloadType, payload), key).toString('base64');
      return { payloadType, payload: payload.toString('base64'), signatures: [{ keyid: keyId, sig }] };
    },
  };
}

function readKey(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw new VsaKeyError(
      'The VSA key is not a private key in PEM: `openssl ecparam -name prime256v1 -genkey -noout` makes one.',
    );
  }
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new VsaKeyError(
      'The VSA key is not ECDSA P-256: `openssl ecparam -name prime256v1 -genkey -noout` makes one.',
    );
  }
  return key;
}

const preAuthentication = (type: string, payload: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload]);
