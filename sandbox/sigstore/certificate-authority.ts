/**
 * A certificate authority under a name of its own. The stand-in's has one fixed name, and verifiers that are given both trust
 * roots tell them apart by it. Sources: cli/cli v2.102.0 `pkg/cmd/attestation/verification/sigstore.go` (`chooseVerifier`);
 * extensions as @sigstore/mock 0.12 `src/fulcio/ca.ts` writes them.
 */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { createRequire } from 'node:module';
import type * as X509 from '@peculiar/x509';
import { OctetString, Utf8String } from 'asn1js';

// Its ES module is loaded before the polyfill that it wants.
const x509 = createRequire(import.meta.url)('@peculiar/x509') as typeof X509;

const SIGNED_CERTIFICATE_TIMESTAMPS = '1.3.6.1.4.1.11129.2.4.2';
const MINUTE_MS = 60_000;
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-384' };

/** What the stand-in asks of an authority, and what it hands it. */
export interface CertificateRequest {
  readonly publicKey: Buffer;
  readonly subjectAltName: string;
  readonly extensions?: readonly { readonly oid: string; readonly value: string; readonly legacy?: boolean }[];
}

export interface CertificateLog {
  log: (certificate: ArrayBuffer, issuer: ArrayBuffer) => Promise<ArrayBuffer>;
}

export class CertificateAuthority {
  readonly rootCertificate: Buffer;
  private readonly name: string;
  private readonly keys: webcrypto.CryptoKeyPair;
  /** The CT log; null for GitHub's authority, which has none. */
  log: CertificateLog | null;
  now = (): Date => new Date();

  private constructor(name: string, root: Buffer, keys: webcrypto.CryptoKeyPair, log: CertificateLog | null) {
    this.name = name;
    this.rootCertificate = root;
    this.keys = keys;
    this.log = log;
  }

  /** @param name as a distinguished name; @param log where certificates are logged, if anywhere */
  static async create(name: string, log: CertificateLog | null): Promise<CertificateAuthority> {
    const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-384' }, true, ['sign', 'verify']);
    const root = await x509.X509CertificateGenerator.createSelfSigned(
      {
        serialNumber: '01',
        name,
        notBefore: new Date(Date.now() - MINUTE_MS),
        notAfter: new Date(Date.now() + 365 * 24 * 60 * MINUTE_MS),
        signingAlgorithm: SIGNATURE,
        keys,
        extensions: [
          new x509.BasicConstraintsExtension(true, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.keyCertSign, true),
          await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
        ],
      },
      webcrypto,
    );
    return new CertificateAuthority(name, Buffer.from(root.rawData), keys, log);
  }

  async issueCertificate({ publicKey, subjectAltName, extensions = [] }: CertificateRequest): Promise<Buffer> {
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
    const key = await webcrypto.subtle.importKey('spki', publicKey, algorithm, true, ['verify']);
    const now = this.now();
    const wanted = {
      serialNumber: '11182004',
      notBefore: now,
      notAfter: new Date(now.getTime() + 10 * MINUTE_MS),
      issuer: this.name,
      publicKey: key,
      signingAlgorithm: SIGNATURE,
      signingKey: this.keys.privateKey,
      extensions: [
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.codeSigning]),
        new x509.SubjectAlternativeNameExtension([{ type: 'url', value: subjectAltName }], true),
        await x509.SubjectKeyIdentifierExtension.create(key),
        await x509.AuthorityKeyIdentifierExtension.create(this.keys.publicKey),
        ...extensions.map(
          ({ oid, value, legacy }) =>
            new x509.Extension(
              oid,
              false,
              legacy === true ? Buffer.from(value) : new Utf8String({ value }).toBER(false),
            ),
        ),
      ],
    };
    const certificate = await x509.X509CertificateGenerator.create(wanted, webcrypto);
    if (this.log === null) return Buffer.from(certificate.rawData);
    const timestamp = Buffer.from(await this.log.log(certificate.rawData, await this.issuerId()));
    const list = Buffer.concat([Buffer.from([0, timestamp.length]), timestamp]);
    const logged = new x509.Extension(
      SIGNED_CERTIFICATE_TIMESTAMPS,
      false,
      new OctetString({ valueHex: list }).toBER(false),
    );
    const again = { ...wanted, extensions: [...wanted.extensions, logged] };
    return Buffer.from((await x509.X509CertificateGenerator.create(again, webcrypto)).rawData);
  }

  private async issuerId(): Promise<ArrayBuffer> {
    return webcrypto.subtle.digest('SHA-256', await webcrypto.subtle.exportKey('spki', this.keys.publicKey));
  }
}
