/**
 * One bit, anywhere in a bundle. Whatever is altered, the bundle is rejected, or what is judged of it stays the same: the
 * table of fields that nobody signed says why each of them decides nothing.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { provenanceOf, statementAbout } from '../../../sandbox/sigstore/provenance.ts';
import type { Sigstore } from '../../../sandbox/sigstore/sigstore.ts';
import type { TrustRoot } from '../../../src/adapters/sigstore/trust-root.ts';
import { verifyBundle } from '../../../src/adapters/sigstore/verify-bundle.ts';
import {
  BUILDER_CLAIMS,
  bytesOf,
  embeddedRoot,
  IMAGE,
  judgedContent,
  OTHER_HEX,
  sandboxRoot,
  signProvenance,
  startSigstore,
  verifiedBytes,
  withValue,
} from '../../evidence-fixtures.ts';
import { describeWithSharedData, sharedDataPath } from '../../shared-data.ts';

type Path = readonly (string | number)[];

const INSTANCES = ['publicGood', 'github'] as const;
type Instance = (typeof INSTANCES)[number];

const turned = (text: string, byte: number): string => {
  const bytes = Buffer.from(text, 'base64');
  bytes[byte] = (bytes[byte] ?? 0) ^ 1;
  return bytes.toString('base64');
};

interface Unsigned {
  readonly path: string;
  /** Why it decides nothing. */
  readonly why: string;
  /** An alteration that still verifies: without one the row would excuse what needs no excuse. */
  readonly alter: (text: string) => string;
  /** In which instance's bundles it stands. */
  readonly of: readonly Instance[];
}

/** Fields that no signature covers, whole or in part. */
const UNSIGNED: readonly Unsigned[] = [
  {
    path: 'mediaType',
    why: 'a version of the format: whichever is named, the same proofs are asked for',
    alter: (text) => text.replace('v0.3', 'v0.7'),
    of: ['publicGood', 'github'],
  },
  {
    path: 'dsseEnvelope.signatures.0.keyid',
    why: 'a hint: the key is that of the certificate',
    alter: () => 'another key',
    of: ['publicGood', 'github'],
  },
  {
    path: 'verificationMaterial.certificate.rawBytes',
    why: 'the tags of the outermost wrapping: the CA signed what is wrapped',
    alter: (text) => turned(text, 0),
    of: ['publicGood', 'github'],
  },
  {
    path: 'verificationMaterial.tlogEntries.0.inclusionProof.rootHash',
    why: 'a copy: the root hash that counts is signed in the checkpoint',
    alter: (text) => turned(text, 0),
    of: ['publicGood'],
  },
  {
    path: 'verificationMaterial.tlogEntries.0.inclusionProof.treeSize',
    why: 'a copy: the tree size that counts is signed in the checkpoint',
    alter: () => '7',
    of: ['publicGood'],
  },
  {
    path: 'verificationMaterial.tlogEntries.0.inclusionProof.checkpoint.envelope',
    why: "other witnesses' signatures beside the log's, of which nothing is asked",
    alter: (text) => `${text}\u2014 witness.example AAAAAAAA\n`,
    of: ['publicGood'],
  },
  {
    path: 'verificationMaterial.timestampVerificationData.rfc3161Timestamps.0.signedTimestamp',
    why: 'the wrapping of the token: status, versions, certificates that are sent along; time and imprint are signed',
    // PKIStatus: "granted" becomes "granted with modifications".
    alter: (text) => turned(text, 8),
    of: ['github'],
  },
];
const UNSIGNED_PATHS: readonly string[] = UNSIGNED.map(({ path }) => path);

interface Leaf {
  readonly path: Path;
  readonly text: string;
}

function leavesOf(value: unknown, path: Path = []): Leaf[] {
  if (typeof value === 'string') return [{ path, text: value }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) =>
    leavesOf(each, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}

const isBase64 = ({ path }: Leaf): boolean =>
  /^(rawBytes|keyId|signedEntryTimestamp|rootHash|canonicalizedBody|payload|sig|signedTimestamp)$/.test(
    String(path.at(-1)),
  ) || path.at(-2) === 'hashes';

/** Evenly over the whole, both ends included, so that every part of a certificate and of a token has its turn. */
const positionsIn = (length: number, most: number): number[] => {
  const count = Math.min(length, most);
  const spread = Array.from({ length: count }, (_, index) =>
    Math.floor((index * (length - 1)) / Math.max(1, count - 1)),
  );
  return [...new Set(spread)];
};

/** The same text with one bit of what it holds turned, at many places; which of the eight bits goes round. */
function alteredTexts(leaf: Leaf, most: number): string[] {
  const bytes = Buffer.from(leaf.text, isBase64(leaf) ? 'base64' : 'utf8');
  // Real proofs have dozens of hashes: a few places in each will do.
  const places = positionsIn(bytes.length, isBase64(leaf) ? Math.min(most, Math.ceil(bytes.length / 16)) : most);
  return places.map((position, index) => {
    const copy = Buffer.from(bytes);
    // Of letters only low bits, so that they stay letters.
    const bit = isBase64(leaf) ? index % 8 : index % 3;
    copy[position] = (copy[position] ?? 0) ^ (1 << bit);
    return copy.toString(isBase64(leaf) ? 'base64' : 'utf8');
  });
}

interface Survivor {
  readonly path: string;
  readonly isSame: boolean;
}

/** Every alteration that still verifies, and whether what is judged stayed the same. */
function survivorsOf(json: unknown, root: TrustRoot, most: number): { tried: number; survivors: Survivor[] } {
  const judged = judgedContent(verifiedBytes(bytesOf(json), [root]));
  const attempts = leavesOf(json).flatMap((leaf) =>
    alteredTexts(leaf, most).map((text) => ({ path: leaf.path, altered: withValue(json, leaf.path, text) })),
  );
  const survivors = attempts.flatMap(({ path, altered }) => {
    const verification = verifyBundle(bytesOf(altered), [root]);
    if (verification.kind === 'rejected') return [];
    const isSame = JSON.stringify(judgedContent(verification.bundle)) === JSON.stringify(judged);
    return [{ path: path.join('.'), isSame }];
  });
  return { tried: attempts.length, survivors };
}

/** Fields without which a bundle must not verify. */
const REQUIRED_OF_ALL = [
  'verificationMaterial.certificate',
  'dsseEnvelope',
  'dsseEnvelope.payload',
  'dsseEnvelope.signatures',
];
const REQUIRED_OF_THE_LOG = [
  'canonicalizedBody',
  'inclusionProof',
  'inclusionProof.checkpoint',
  'logId',
  'kindVersion',
];

const without = (json: unknown, path: string): unknown => withValue(json, path.split('.'), undefined);

/** `most`: how many places of one field are altered. */
function expectOnlyHarmless(json: unknown, root: TrustRoot, most: number): void {
  const { tried, survivors } = survivorsOf(json, root, most);
  expect(tried).toBeGreaterThan(2 * most);
  expect(survivors.filter(({ isSame }) => !isSame)).toEqual([]);
  expect([...new Set(survivors.map(({ path }) => path))].filter((path) => !UNSIGNED_PATHS.includes(path))).toEqual([]);
}

let sigstore: Sigstore;
const roots = new Map<Instance, TrustRoot>();
const bundles = new Map<Instance, unknown>();
const rootOf = (instance: Instance): TrustRoot => roots.get(instance)!;
const bundleOf = (instance: Instance): unknown => bundles.get(instance);

beforeAll(async () => {
  sigstore = await startSigstore();
  for (const instance of INSTANCES) {
    roots.set(instance, sandboxRoot(instance === 'github' ? 'github' : 'public_good', sigstore[instance]));
    bundles.set(instance, await signProvenance(sigstore[instance], BUILDER_CLAIMS));
  }
});
afterAll(() => sigstore.stop());

describe.each(INSTANCES)('a bundle of the stand-in (%s), altered', (instance) => {
  it('in one bit anywhere is rejected, or says the very same', () => {
    expectOnlyHarmless(bundleOf(instance), rootOf(instance), 48);
  });

  it.each(UNSIGNED.filter(({ of }) => of.includes(instance)))(
    'at $path says the very same: $why',
    ({ path, alter }) => {
      const json = bundleOf(instance);
      const keys = path.split('.').map((key) => (/^\d+$/.test(key) ? Number(key) : key));
      const old = keys.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], json);
      const altered = withValue(json, keys, alter(typeof old === 'string' ? old : ''));
      expect(altered).not.toEqual(json);
      const [before, after] = [json, altered].map((each) => verifiedBytes(bytesOf(each), [rootOf(instance)]));
      expect(judgedContent(after!)).toEqual(judgedContent(before!));
    },
  );

  const statement = statementAbout(IMAGE, provenanceOf(BUILDER_CLAIMS));
  const TAMPERED: readonly (readonly [what: string, path: Path, value: unknown])[] = [
    ['of another image', ['subject', 0, 'digest', 'sha256'], OTHER_HEX],
    ['of one more image', ['subject', 1], { name: 'evil', digest: { sha256: OTHER_HEX } }],
    ['of another kind', ['predicateType'], 'https://slsa.dev/provenance/v2'],
    ['with another builder', ['predicate', 'runDetails', 'builder', 'id'], 'https://github.com/evil/builder'],
    ['with one more parameter', ['predicate', 'buildDefinition', 'externalParameters', 'inputs'], { flags: '-x' }],
  ];
  it.each(TAMPERED)('with the statement %s under the old signature is rejected', (_, path, value) => {
    const payload = bytesOf(withValue(statement, path, value)).toString('base64');
    const altered = withValue(bundleOf(instance), ['dsseEnvelope', 'payload'], payload);
    expect(verifyBundle(bytesOf(altered), [rootOf(instance)])).toMatchObject({
      rejection: { code: instance === 'github' ? 'bad_signature' : 'bad_log_entry' },
    });
  });

  it('with the same statement written with a blank more is rejected', () => {
    const payload = Buffer.from(`${JSON.stringify(statement)} `).toString('base64');
    const altered = withValue(bundleOf(instance), ['dsseEnvelope', 'payload'], payload);
    expect(verifyBundle(bytesOf(altered), [rootOf(instance)]).kind).toBe('rejected');
  });

  it.each(REQUIRED_OF_ALL)('without %s is rejected', (path) => {
    expect(verifyBundle(bytesOf(without(bundleOf(instance), path)), [rootOf(instance)]).kind).toBe('rejected');
  });
});

describe("a log entry of the stand-in's bundle", () => {
  it.each(REQUIRED_OF_THE_LOG)('without its %s is rejected', (field) => {
    const altered = without(bundleOf('publicGood'), `verificationMaterial.tlogEntries.0.${field}`);
    expect(verifyBundle(bytesOf(altered), [rootOf('publicGood')]).kind).toBe('rejected');
  });

  it('with a proof of a deeper tree than its checkpoint signs is rejected', () => {
    const hashes = [Buffer.alloc(32).toString('base64')];
    const path = ['verificationMaterial', 'tlogEntries', 0, 'inclusionProof', 'hashes'];
    expect(
      verifyBundle(bytesOf(withValue(bundleOf('publicGood'), path, hashes)), [rootOf('publicGood')]),
    ).toMatchObject({
      rejection: { code: 'bad_log_entry', reason: 'invalid hash count' },
    });
  });
});

/** A proof of many hashes, a certificate of Fulcio, tokens of two authorities: more than the stand-ins make. */
const REAL = [
  { file: '04-sign-image/bundles/image-signature-1.sigstore.json', root: 'public_good' },
  { file: '06-verify-signatures/gh-cli/github_provenance_demo-0.0.12-py3-none-any-bundle.jsonl', root: 'github' },
] as const;

describeWithSharedData('a real bundle, altered', () => {
  const jsonOf = (file: string): unknown => JSON.parse(readFileSync(sharedDataPath(file), 'utf8'));

  it.each(REAL)('($root) in one bit anywhere is rejected, or says the very same', ({ file, root }) => {
    expectOnlyHarmless(jsonOf(file), embeddedRoot(root), 6);
  });

  // Rekor signs its time in the promise; without one, the number beside the entry is anybody's.
  const [{ file }] = REAL;
  const ENTRY = ['verificationMaterial', 'tlogEntries', 0] as const;
  const promiseless = (): unknown => withValue(jsonOf(file), [...ENTRY, 'inclusionPromise'], undefined);

  it('is dated by the authority where its log entry carries no promise, whatever time is written there', () => {
    const forged = withValue(promiseless(), [...ENTRY, 'integratedTime'], '1000000000');
    const { receipt } = verifiedBytes(bytesOf(forged), [embeddedRoot('public_good')]);
    expect(receipt.signedAt).toMatch(/^2025-10-31T12:23:0/);
  });

  it('names no place in the log that nobody signed', () => {
    const forged = withValue(promiseless(), [...ENTRY, 'logIndex'], '7');
    expect(verifiedBytes(bytesOf(forged), [embeddedRoot('public_good')]).receipt.logIndex).toBeNull();
  });
});
