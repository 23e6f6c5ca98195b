/** Bundles and trust roots of people who mean harm: each is named, none of them throws, and none costs more than a glance. */
import { generateKeyPairSync, sign, X509Certificate as NodeCertificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bundleToJSON } from '@sigstore/bundle';
import { X509Certificate } from '@sigstore/core';
import { DSSEBundleBuilder, TSAWitness, type Signer } from '@sigstore/sign';
import fc from 'fast-check';
import { provenanceOf, statementAbout } from '../../../sandbox/sigstore/provenance.ts';
import type { Sigstore, SigstoreInstance } from '../../../sandbox/sigstore/sigstore.ts';
import { trustedRootJson } from '../../../sandbox/sigstore/trust.ts';
import { CertificateError, readIdentity } from '../../../src/adapters/sigstore/certificate.ts';
import { loadTrustRoot, TrustRootError, type TrustRoot } from '../../../src/adapters/sigstore/trust-root.ts';
import { MAX_BUNDLE_BYTES, verifyBundle } from '../../../src/adapters/sigstore/verify-bundle.ts';
import type { BundleVerification } from '../../../src/domain/evidence/verified-bundle.ts';
import {
  bytesOf,
  HEX,
  IMAGE,
  OTHER_HEX,
  OWN_CLAIMS,
  sandboxRoot,
  signProvenance,
  startSigstore,
  verifiedBytes,
  withValue,
} from '../../evidence-fixtures.ts';
import { describeWithSharedData, sharedDataPath } from '../../shared-data.ts';

let sigstore: Sigstore;
/** A third instance, as staging is one: it signs just as well, and no root here knows it. */
let staging: Sigstore;
let publicGood: TrustRoot;
let github: TrustRoot;
let logged: unknown;
let stamped: unknown;

beforeAll(async () => {
  sigstore = await startSigstore();
  staging = await startSigstore();
  publicGood = sandboxRoot('public_good', sigstore.publicGood);
  github = sandboxRoot('github', sigstore.github);
  logged = await signProvenance(sigstore.publicGood, OWN_CLAIMS);
  stamped = await signProvenance(sigstore.github, OWN_CLAIMS);
});
afterAll(() => Promise.all([sigstore.stop(), staging.stop()]));

const both = (): readonly TrustRoot[] => [publicGood, github];
const verify = (json: unknown, roots: readonly TrustRoot[] = both()): BundleVerification =>
  verifyBundle(bytesOf(json), roots);

const MATERIAL = 'verificationMaterial';
const ENTRY = [MATERIAL, 'tlogEntries', 0] as const;
const CERTIFICATE = [MATERIAL, 'certificate', 'rawBytes'] as const;
const STAMPS = [MATERIAL, 'timestampVerificationData', 'rfc3161Timestamps'] as const;

function valueAt(json: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce((at, key) => (at as Record<string, unknown>)[key], json);
}
const payloadOf = (value: unknown): string => bytesOf(value).toString('base64');

const STATEMENT = statementAbout(IMAGE, provenanceOf(OWN_CLAIMS));
const subjects = (count: number): object =>
  withValue(STATEMENT, ['subject'], Array(count).fill({ name: 'app', digest: { sha256: HEX } }));

/** DER that is well formed and no certificate. */
const SEQUENCE_OF_NOTHING = Buffer.from([0x30, 0x00]).toString('base64');

describe('bytes that are no bundle', () => {
  it.each<[string, Uint8Array]>([
    ['nothing', Buffer.from('')],
    ['words', Buffer.from('not json')],
    ['half of a bundle', Buffer.from('{"mediaType":"application/vnd.dev.sigst')],
    ['no text', Buffer.from([0xff, 0xfe, 0x00, 0x01])],
    ['a number', Buffer.from('7')],
    ['null', Buffer.from('null')],
    ['a list', Buffer.from('[]')],
    ['an empty object', Buffer.from('{}')],
    ['lists in lists', Buffer.from('['.repeat(100_000) + ']'.repeat(100_000))],
    ['objects in objects', Buffer.from(`${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`)],
    ['a prototype', Buffer.from('{"__proto__":{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}}')],
  ])('%s', (_, bytes) => {
    expect(verifyBundle(bytes, both())).toMatchObject({ kind: 'rejected', rejection: { code: 'not_a_bundle' } });
  });

  it('100 MB are named by their size, and never read', () => {
    // Were they read, this would be a bundle.
    const padding = Buffer.alloc(100 * 1024 * 1024, ' ');
    expect(verifyBundle(Buffer.concat([bytesOf(logged), padding]), both())).toMatchObject({
      rejection: { code: 'too_large', reason: `the bundle has more than ${MAX_BUNDLE_BYTES} bytes` },
    });
  });

  it('the largest bundle that is read still verifies', () => {
    const padding = Buffer.alloc(MAX_BUNDLE_BYTES - bytesOf(logged).length, ' ');
    expect(verifyBundle(Buffer.concat([bytesOf(logged), padding]), both()).kind).toBe('verified');
  });
});

describe('a bundle of another shape', () => {
  const ALTERED: readonly (readonly [what: string, code: string, alter: (bundle: unknown) => unknown])[] = [
    [
      'two signatures',
      'not_a_bundle',
      (bundle) => {
        const [one] = valueAt(bundle, ['dsseEnvelope', 'signatures']) as unknown[];
        return withValue(bundle, ['dsseEnvelope', 'signatures'], [one, one]);
      },
    ],
    ['no signature', 'not_a_bundle', (bundle) => withValue(bundle, ['dsseEnvelope', 'signatures'], [])],
    [
      'another payload type',
      'not_a_statement',
      (bundle) => withValue(bundle, ['dsseEnvelope', 'payloadType'], 'application/vnd.in-toto+json; charset=utf-8'),
    ],
    [
      'a payload that is no statement',
      'not_a_statement',
      (bundle) => withValue(bundle, ['dsseEnvelope', 'payload'], payloadOf({ hello: 'world' })),
    ],
    [
      'a statement about nothing',
      'not_a_statement',
      (bundle) => withValue(bundle, ['dsseEnvelope', 'payload'], payloadOf(subjects(0))),
    ],
    [
      'a statement about 2000 images',
      'not_a_statement',
      (bundle) => withValue(bundle, ['dsseEnvelope', 'payload'], payloadOf(subjects(2000))),
    ],
    ['no certificate', 'not_a_bundle', (bundle) => withValue(bundle, [MATERIAL, 'certificate'], undefined)],
    ['an empty certificate', 'not_a_bundle', (bundle) => withValue(bundle, CERTIFICATE, '')],
    ['a certificate that is none', 'bad_certificate', (bundle) => withValue(bundle, CERTIFICATE, SEQUENCE_OF_NOTHING)],
    ['a certificate of text', 'bad_certificate', (bundle) => withValue(bundle, CERTIFICATE, payloadOf('certificate'))],
    [
      'a public key for a certificate',
      'bad_certificate',
      (bundle) =>
        withValue(withValue(bundle, [MATERIAL, 'certificate'], undefined), [MATERIAL, 'publicKey'], { hint: 'key' }),
    ],
    [
      'a chain of two certificates in the format that has one',
      'not_a_bundle',
      (bundle) => {
        const rawBytes = valueAt(bundle, CERTIFICATE);
        const chain = { certificates: [{ rawBytes }, { rawBytes }] };
        return withValue(
          withValue(bundle, [MATERIAL, 'certificate'], undefined),
          [MATERIAL, 'x509CertificateChain'],
          chain,
        );
      },
    ],
    [
      'signed bytes for a statement',
      'not_a_statement',
      (bundle) =>
        withValue(withValue(bundle, ['dsseEnvelope'], undefined), ['messageSignature'], {
          messageDigest: { algorithm: 'SHA2_256', digest: Buffer.from(HEX, 'hex').toString('base64') },
          signature: valueAt(bundle, ['dsseEnvelope', 'signatures', 0, 'sig']),
        }),
    ],
  ];

  it.each(ALTERED)('%s: %s', (_, code, alter) => {
    for (const bundle of [logged, stamped]) {
      expect(verify(alter(bundle))).toMatchObject({ kind: 'rejected', rejection: { code } });
    }
  });

  it('really signed about 0 or 2000 images is refused all the same, and about 1024 is read', async () => {
    const codes = await Promise.all(
      [0, 1024, 2000].map(async (count) => {
        const answer = verify(await sigstore.github.sign(subjects(count), OWN_CLAIMS));
        return answer.kind === 'rejected' ? answer.rejection.code : answer.bundle.statement.subjects.length;
      }),
    );
    expect(codes).toEqual(['not_a_statement', 1024, 'not_a_statement']);
  });
});

/** What a verifier has to do for one proof, somebody could ask for a hundred thousand times. */
describe('a bundle that asks for endless work', () => {
  const GLANCE_MS = 5000;
  const TWO_BYTES_EACH = Buffer.from('3000'.repeat(3_000_000), 'hex');
  const sequence = (content: Buffer): Buffer => {
    const head = Buffer.from([0x30, 0x83, 0, 0, 0]);
    head.writeUIntBE(content.length, 2, 3);
    return Buffer.concat([head, content]);
  };

  it.each<[string, () => unknown]>([
    ['20 000 log entries', () => withValue(logged, [MATERIAL, 'tlogEntries'], Array(20_000).fill(minimalEntry()))],
    ['10 000 time-stamps', () => withValue(stamped, STAMPS, Array(10_000).fill(valueAt(stamped, [...STAMPS, 0])))],
    [
      'a certificate of three million parts',
      () => withValue(logged, CERTIFICATE, sequence(TWO_BYTES_EACH).toString('base64')),
    ],
    [
      'a time-stamp of three million parts',
      () => withValue(stamped, [...STAMPS, 0, 'signedTimestamp'], sequence(TWO_BYTES_EACH).toString('base64')),
    ],
    [
      'a checkpoint with 100 000 signatures',
      () => {
        const path = [...ENTRY, 'inclusionProof', 'checkpoint', 'envelope'];
        const [note, signatures] = String(valueAt(logged, path)).split('\n\n') as [string, string];
        const [, name, text] = signatures.trimEnd().split(' ') as [string, string, string];
        const forged = Buffer.from(text, 'base64').fill(1, 20).toString('base64');
        return withValue(logged, path, `${note}\n\n${`\u2014 ${name} ${forged}\n`.repeat(100_000)}`);
      },
    ],
  ])('%s: refused at a glance', (_, craft) => {
    const bytes = bytesOf(craft());
    expect(bytes.length).toBeLessThan(MAX_BUNDLE_BYTES);
    const from = performance.now();
    const answer = verifyBundle(bytes, both());
    expect(performance.now() - from).toBeLessThan(GLANCE_MS);
    expect(answer).toMatchObject({ kind: 'rejected', rejection: { code: 'too_large' } });
  });

  let count = 0;
  const minimalEntry = (): object => ({
    ...(valueAt(logged, ENTRY) as object),
    canonicalizedBody: 'e30=',
    integratedTime: String((count += 1)),
  });
});

describe('T35: a log entry', () => {
  it('twice counts for nothing', () => {
    const entry = valueAt(logged, ENTRY);
    expect(verify(withValue(logged, [MATERIAL, 'tlogEntries'], [entry, entry]))).toMatchObject({
      rejection: { code: 'bad_timestamp', reason: 'duplicate timestamp' },
    });
  });

  it('T35: of another signature proves nothing', async () => {
    const other = await signProvenance(sigstore.publicGood, OWN_CLAIMS);
    expect(verify(withValue(logged, ENTRY, valueAt(other, ENTRY)))).toMatchObject({
      rejection: { code: 'bad_log_entry' },
    });
    // The time-stamp of GitHub's instance is bound to its signature just so.
    const otherStamped = await signProvenance(sigstore.github, OWN_CLAIMS);
    expect(verify(withValue(stamped, STAMPS, valueAt(otherStamped, STAMPS)), [github])).toMatchObject({
      rejection: { code: 'bad_timestamp' },
    });
  });

  it.each([
    ['application/vnd.dev.sigstore.bundle+json;version=0.1', 'bad_log_entry'],
    ['application/vnd.dev.sigstore.bundle+json;version=0.2', 'not_a_bundle'],
    ['application/vnd.dev.sigstore.bundle.v0.3+json', 'not_a_bundle'],
  ])('that only promises is refused in %s', (mediaType, code) => {
    const promise = withValue(logged, [...ENTRY, 'inclusionProof'], undefined);
    expect(verify({ ...(promise as object), mediaType })).toMatchObject({ rejection: { code } });
  });

  it('that is missing is missed, where the root keeps a log', () => {
    expect(verify(withValue(logged, [MATERIAL, 'tlogEntries'], []), [publicGood]).kind).toBe('rejected');
    // Nor does a time-stamp of another instance stand in for it.
    const mixed = withValue(withValue(logged, [MATERIAL, 'tlogEntries'], []), STAMPS, valueAt(stamped, STAMPS));
    expect(verify(mixed).kind).toBe('rejected');
  });

  it("of one instance is no help to a signature under the other's certificate", () => {
    const mixed = withValue(stamped, [MATERIAL, 'tlogEntries'], [valueAt(logged, ENTRY)]);
    expect(verify(mixed).kind).toBe('rejected');
  });
});

/** Really signed and really stamped, under a certificate with just these extensions. */
async function signWith(
  instance: SigstoreInstance,
  extensions: readonly { oid: string; value: string; legacy?: boolean }[],
): Promise<unknown> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const der = await instance.authorities.ca.issueCertificate({
    publicKey: publicKey.export({ format: 'der', type: 'spki' }),
    subjectAltName: 'https://github.com/acme/app/.github/workflows/01-build-image.yml@refs/heads/main',
    extensions,
  });
  const signer: Signer = {
    sign: (data) =>
      Promise.resolve({
        signature: sign('sha256', data, privateKey),
        key: { $case: 'x509Certificate', certificate: new NodeCertificate(der).toString() },
      }),
  };
  const { url } = instance as unknown as { readonly url: string };
  const builder = new DSSEBundleBuilder({ signer, witnesses: [new TSAWitness({ tsaBaseURL: url })] });
  return bundleToJSON(await builder.create({ data: bytesOf(STATEMENT), type: 'application/vnd.in-toto+json' }));
}

describe('a certificate', () => {
  const OID = '1.3.6.1.4.1.57264.1';
  const ISSUER_CLAIM = { oid: `${OID}.8`, value: OWN_CLAIMS.iss };

  it('with extensions of its own making is read, as long as they can be read in one way only', async () => {
    const bundle = verifiedBytes(bytesOf(await signWith(sigstore.github, [ISSUER_CLAIM])), [github]);
    expect(bundle.claims).toMatchObject({ issuer: OWN_CLAIMS.iss, sourceRepositoryUri: null });
  });

  it.each([
    ['the same claim twice', [ISSUER_CLAIM, { ...ISSUER_CLAIM, value: 'https://evil.example' }], `${OID}.8 twice`],
    ['the same claim twice in the same words', [ISSUER_CLAIM, ISSUER_CLAIM], `${OID}.8 twice`],
    [
      'an older claim that says otherwise',
      [ISSUER_CLAIM, { oid: `${OID}.1`, value: 'https://evil.example', legacy: true }],
      'contradicts itself about issuer',
    ],
    ['a claim that is not written as text', [{ oid: `${OID}.15`, value: 'raw', legacy: true }], 'not written as text'],
  ])('with %s is refused, although its signature holds', async (_, extensions, reason) => {
    expect(verify(await signWith(sigstore.github, extensions), [github])).toMatchObject({
      rejection: { code: 'bad_certificate', reason: expect.stringContaining(reason) },
    });
  });

  it('whose ten minutes are over is refused, unless the time-stamp falls within them', async () => {
    const { ca } = sigstore.github.authorities;
    const { now } = ca;
    ca.now = () => new Date(Date.now() - 3_600_000);
    try {
      const expired = await signProvenance(sigstore.github, OWN_CLAIMS);
      expect(verify(expired, [github])).toMatchObject({ rejection: { code: 'untrusted_certificate' } });
      expect(verify(withValue(expired, STAMPS, []), [github])).toMatchObject({ rejection: { code: 'bad_timestamp' } });
    } finally {
      ca.now = now;
    }
  });

  it('that no CT log has seen is refused, where the root keeps one', async () => {
    const { ca } = sigstore.publicGood.authorities;
    const { log } = ca;
    ca.log = null;
    try {
      const unseen = await signProvenance(sigstore.publicGood, OWN_CLAIMS);
      expect(verify(unseen, [publicGood])).toMatchObject({
        rejection: { code: 'untrusted_certificate', reason: 'expected 1 SCTs, got 0' },
      });
    } finally {
      ca.log = log;
    }
  });

  it('without any time-stamp is refused even while it is still valid', () => {
    expect(verify(withValue(stamped, STAMPS, []), [github])).toMatchObject({ rejection: { code: 'bad_timestamp' } });
  });

  /** The same certificate as it would be with another GeneralName: RFC 5280, 4.2.1.6. */
  const named = (tag: number): X509Certificate => {
    const der = Buffer.from(String(valueAt(logged, CERTIFICATE)), 'base64');
    const at = der.indexOf('https://github.com/acme/app/.github/workflows/');
    expect(der[at - 2]).toBe(0x86);
    der[at - 2] = tag;
    return X509Certificate.parse(der);
  };

  it.each([
    [0x86, 'a URI', 'https://github.com/acme/app/.github/workflows/01-build-image.yml@refs/heads/main'],
    [0x81, 'a mail address', 'mailto:https://github.com/acme/app/.github/workflows/01-build-image.yml@refs/heads/main'],
  ])('(%i) names its signer by %s, and the two are never the same words', (tag, _, signer) => {
    expect(readIdentity(named(tag)).signer).toBe(signer);
  });

  it.each([
    [0x80, 'another name'],
    [0x82, 'a domain'],
    [0x87, 'an IP address'],
    [0x88, 'an OID'],
    [0x16, 'a bare string'],
  ])('(%i) that names its signer by %s is refused', (tag) => {
    expect(() => readIdentity(named(tag))).toThrow(CertificateError);
  });

  it('with two names, or with none, is refused', () => {
    const twice = named(0x86);
    const names = twice.extensions.find(({ subs }) => subs[0]?.toOID() === '2.5.29.17')!.subs.at(-1)!.subs[0]!.subs;
    names.push(names[0]!);
    expect(() => readIdentity(twice)).toThrow('not exactly one signer');
    names.length = 0;
    expect(() => readIdentity(twice)).toThrow('not exactly one signer');
  });
});

describeWithSharedData("a certificate of Fulcio's with an otherName (shared data)", () => {
  it('names nobody that could be expected here', () => {
    const file = sharedDataPath('06-verify-signatures/sigstore-go/othername.sigstore.json');
    const bundle: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const der = Buffer.from(String(valueAt(bundle, CERTIFICATE)), 'base64');
    expect(() => readIdentity(X509Certificate.parse(der))).toThrow('not exactly one signer by address or mail');
  });
});

describe('a trust root', () => {
  type Json = Record<string, unknown>;
  const good = (): Json => trustedRootJson(sigstore.publicGood) as Json;
  const stampedRoot = (): Json => trustedRootJson(sigstore.github) as Json;
  const load = (json: unknown, asOf = '2026-10-23', now = new Date('2026-11-01')): TrustRoot =>
    loadTrustRoot({ name: 'custom', json: typeof json === 'string' ? json : JSON.stringify(json), asOf }, 180, now);

  it.each<[string, () => unknown, string]>([
    ['words', () => 'no json', 'custom is not a trusted_root.json'],
    ['an empty object', () => ({}), 'custom names no certificate authority'],
    ['without a CA', () => ({ ...good(), certificateAuthorities: [] }), 'custom names no certificate authority'],
    ['with neither log nor time-stamp authority', () => ({ ...good(), tlogs: [] }), 'neither a log nor a time-stamp'],
    [
      'whose CA has no start of its validity',
      () => withValue(good(), ['certificateAuthorities', 0, 'validFor'], {}),
      'fulcio.sigstore.dev has no start of its validity',
    ],
    [
      'whose CA has no validity at all',
      () => withValue(good(), ['certificateAuthorities', 0, 'validFor'], undefined),
      'no start of its validity',
    ],
    [
      'whose log has no start of its validity',
      () => withValue(good(), ['tlogs', 0, 'publicKey', 'validFor'], { end: '2030-01-01T00:00:00Z' }),
      'rekor.sigstore.dev has no start of its validity',
    ],
    [
      'whose CT log has no start of its validity',
      () => withValue(good(), ['ctlogs', 0, 'publicKey', 'validFor'], undefined),
      'ctfe.sigstore.dev has no start of its validity',
    ],
    [
      'whose time-stamp authority has no start of its validity',
      () => withValue(stampedRoot(), ['timestampAuthorities', 0, 'validFor'], {}),
      'timestamp.githubapp.com has no start of its validity',
    ],
    ['whose log has no key', () => withValue(good(), ['tlogs', 0, 'publicKey'], undefined), 'custom'],
    ['whose CA has no chain', () => withValue(good(), ['certificateAuthorities', 0, 'certChain'], undefined), 'custom'],
    [
      'whose certificate is none',
      () => withValue(good(), ['certificateAuthorities', 0, 'certChain', 'certificates', 0, 'rawBytes'], 'aGVsbG8='),
      'custom',
    ],
    ["whose log's key is none", () => withValue(good(), ['tlogs', 0, 'publicKey', 'rawBytes'], 'aGVsbG8='), 'custom'],
  ])('%s is refused by name', (_, json, message) => {
    const attempt = (): TrustRoot => load(json());
    expect(attempt).toThrow(TrustRootError);
    expect(attempt).toThrow(message);
  });

  it.each([
    ['2026-10-23', '2026-11-01', false],
    ['2026-10-23', '2027-04-20', false],
    ['2026-10-23', '2027-04-22', true],
    ['some day', '2026-11-01', true],
    ['', '2026-11-01', true],
  ])('from %s, read on %s: stale is %s', (asOf, now, isStale) => {
    expect(load(good(), asOf, new Date(now)).facts.isStale).toBe(isStale);
  });

  it('that is stale still verifies what it knows, and says its age where it does not', () => {
    const stale = load(good(), '2026-01-01');
    expect(verify(logged, [stale]).kind).toBe('verified');
    // Issued under another name, as a successor's would be.
    const foreign = Buffer.from(String(valueAt(logged, CERTIFICATE)), 'base64');
    foreign[foreign.indexOf('sigstore')] = 'S'.charCodeAt(0);
    expect(verify(withValue(logged, CERTIFICATE, foreign.toString('base64')), [stale])).toMatchObject({
      rejection: { code: 'untrusted_certificate', reason: expect.stringContaining('custom as of 2026-01-01, stale') },
    });
  });

  it('of one instance takes nothing of the other, and both take each its own', () => {
    expect(verify(logged, [github]).kind).toBe('rejected');
    expect(verify(stamped, [publicGood]).kind).toBe('rejected');
    expect(verify(logged)).toMatchObject({ bundle: { root: 'public_good' } });
    expect(verify(stamped)).toMatchObject({ bundle: { root: 'github' } });
    expect(verify(logged, []).kind).toBe('rejected');
  });

  it('of staging, which nobody loaded, vouches for nothing', async () => {
    for (const instance of [staging.publicGood, staging.github]) {
      const verification = verify(await signProvenance(instance, OWN_CLAIMS));
      expect(verification.kind).toBe('rejected');
    }
    const ofStaging = await signProvenance(staging.publicGood, OWN_CLAIMS);
    expect(verify(ofStaging, [publicGood])).toMatchObject({ rejection: { code: 'untrusted_certificate' } });
    expect(verify(ofStaging, [sandboxRoot('staging', staging.publicGood)])).toMatchObject({
      bundle: { root: 'staging' },
    });
  });
});

describe('verifyBundle', () => {
  /** Every place of the bundle, leaves and branches. */
  function placesOf(value: unknown, path: (string | number)[] = []): (string | number)[][] {
    const deeper =
      typeof value === 'object' && value !== null
        ? Object.entries(value).flatMap(([key, each]) =>
            placesOf(each, [...path, Array.isArray(value) ? Number(key) : key]),
          )
        : [];
    return path.length === 0 ? deeper : [path, ...deeper];
  }

  const der = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('base64'));
  const anything = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    der,
    fc.constantFrom<unknown>(undefined, null, '', '0', '-1', '1e999', 'NaN', [], {}, SEQUENCE_OF_NOTHING, 'MAMCAQE='),
  );

  it('never throws, whatever stands where', () => {
    const places = [logged, stamped].map((bundle) => placesOf(bundle));
    fc.assert(
      fc.property(fc.nat({ max: 1 }), fc.nat(), anything, (which, place, value) => {
        const path = places[which]![place % places[which]!.length]!;
        const altered = withValue([logged, stamped][which], path, value);
        const answer = verify(altered);
        if (answer.kind === 'verified') expect(answer.bundle.statement.subjects).not.toContain(OTHER_HEX);
        else expect(answer.rejection.reason).not.toBe('');
      }),
      { numRuns: 600 },
    );
  });

  it('never throws at certificates and time-stamps of any DER', () => {
    const tag = fc.constantFrom(0x02, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x17, 0x18, 0x30, 0x31, 0xa0, 0xa3);
    const nested = fc.letrec<{ node: Buffer }>((tie) => ({
      node: fc
        .tuple(tag, fc.oneof({ maxDepth: 5 }, fc.uint8Array({ maxLength: 6 }), fc.array(tie('node'), { maxLength: 8 })))
        .map(([head, content]) => {
          const body = content instanceof Uint8Array ? Buffer.from(content) : Buffer.concat(content);
          const fits = body.length < 128 ? body : body.subarray(0, 127);
          return Buffer.concat([Buffer.from([head, fits.length]), fits]);
        }),
    })).node;
    fc.assert(
      fc.property(nested, (node) => {
        const raw = node.toString('base64');
        expect(verify(withValue(logged, CERTIFICATE, raw)).kind).toBe('rejected');
        expect(verify(withValue(stamped, [...STAMPS, 0, 'signedTimestamp'], raw)).kind).toBe('rejected');
      }),
      { numRuns: 150 },
    );
  });

  it('gives the hash of the bytes as found, whatever is wrong with them', () => {
    const bytes = Buffer.from('no bundle');
    const answer = verifyBundle(bytes, both());
    expect(answer).toMatchObject({ rejection: { bundleSha256: expect.stringMatching(/^[0-9a-f]{64}$/) } });
  });
});
