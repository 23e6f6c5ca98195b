/** The operator's key: what it signs verifies with nothing but its public half, and no other key is taken. */
import { createHash, createPublicKey, generateKeyPairSync, verify, type KeyObject } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { vsaSigner, VsaKeyError, type DsseEnvelope } from '../../src/adapters/vsa/sign-vsa.ts';
import { vsaStatement } from '../../src/domain/evidence/vsa.ts';
import { assessmentOf } from '../assessment-fixture.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const pemOf = (key: KeyObject, type: 'pkcs8' | 'sec1' = 'pkcs8'): string =>
  key.export({ type, format: 'pem' }).toString();
const STATEMENT = vsaStatement(assessmentOf(), '2026-11-23T14:02:00.000Z');

/** As the protocol's text has it. Source: secure-systems-lab/dsse, "protocol.md". */
function holds({ payloadType, payload, signatures }: DsseEnvelope, publicKey: string): boolean {
  const body = Buffer.from(payload, 'base64');
  const signed = Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${body.length} `), body]);
  return verify('sha256', signed, createPublicKey(publicKey), Buffer.from(signatures[0].sig, 'base64'));
}

describe('a signed verification summary', () => {
  const signer = vsaSigner(pemOf(privateKey));
  const envelope = signer.sign(STATEMENT);

  it('verifies with the public key, over the pre-authentication encoding', () => {
    expect(holds(envelope, signer.publicKey)).toBe(true);
    expect(JSON.parse(Buffer.from(envelope.payload, 'base64').toString())).toEqual(STATEMENT);
  });

  it.each<[string, DsseEnvelope]>([
    ['payload', { ...envelope, payload: Buffer.from('{"_type":"other"}').toString('base64') }],
    ['payload type', { ...envelope, payloadType: 'application/json' as DsseEnvelope['payloadType'] }],
    [
      'signature',
      {
        ...envelope,
        signatures: vsaSigner(pemOf(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey)).sign(STATEMENT)
          .signatures,
      },
    ],
  ])('does not verify with another %s', (_, altered) => {
    expect(holds(altered, signer.publicKey)).toBe(false);
  });

  it('counts bytes and not characters', () => {
    const subject = { ...assessmentOf().subject, name: 'ghcr.io/acme/äpp-✔' };
    expect(holds(signer.sign(vsaStatement(assessmentOf({ subject }), 'now')), signer.publicKey)).toBe(true);
  });

  it("names its key by the hash of the public key's DER", () => {
    const der = createPublicKey(signer.publicKey).export({ type: 'spki', format: 'der' });
    expect(envelope.signatures[0].keyid).toBe(createHash('sha256').update(der).digest('hex'));
    expect(signer.keyId).toBe(envelope.signatures[0].keyid);
  });

  it('shows nothing of the private key', () => {
    expect(signer.publicKey).toMatch(/^-----BEGIN PUBLIC KEY-----\n[\s\S]+-----END PUBLIC KEY-----\n$/);
    expect(Object.keys(signer)).toEqual(['keyId', 'publicKey', 'sign']);
  });

  it("takes the key as openssl's own `ec` writes it, too", () => {
    expect(vsaSigner(pemOf(privateKey, 'sec1')).keyId).toBe(signer.keyId);
  });
});

describe('a key that is none', () => {
  const NOT_P256 = 'The VSA key is not ECDSA P-256: `openssl ecparam -name prime256v1 -genkey -noout` makes one.';
  const NO_KEY =
    'The VSA key is not a private key in PEM: `openssl ecparam -name prime256v1 -genkey -noout` makes one.';
  const publicHalf = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();
  const locked = privateKey
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' })
    .toString();

  it.each([
    ['RSA', pemOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey), NOT_P256],
    ['P-384', pemOf(generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).privateKey), NOT_P256],
    ['the curve of coins', pemOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey), NOT_P256],
    ['Ed25519', pemOf(generateKeyPairSync('ed25519').privateKey), NOT_P256],
    ['a public key', publicHalf, NO_KEY],
    ['a key under a passphrase', locked, NO_KEY],
    ['garbage', 'garbage', NO_KEY],
    ['half of a key', pemOf(privateKey).slice(0, 80), NO_KEY],
    ['nothing', '', NO_KEY],
  ])('is named, and not shown: %s', (_, pem, message) => {
    expect(() => vsaSigner(pem)).toThrow(new VsaKeyError(message));
  });
});
