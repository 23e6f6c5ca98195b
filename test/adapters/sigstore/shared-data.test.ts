/**
 * Every signed bundle of `shared/data/04..06`, offline. Two answers are told apart for each: whether its cryptography holds
 * with a trust root (the library), and whether this product takes it for a statement about an image (`verifyBundle`).
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, it } from '@jest/globals';
import { bundleFromJSON } from '@sigstore/bundle';
import { toSignedEntity } from '@sigstore/verify';
import { loadTrustRoot, type TrustRoot } from '../../../src/adapters/sigstore/trust-root.ts';
import { verifyBundle } from '../../../src/adapters/sigstore/verify-bundle.ts';
import type { RejectionCode } from '../../../src/domain/evidence/verified-bundle.ts';
import { embeddedRoot, verifiedOf } from '../../evidence-fixtures.ts';
import { describeWithSharedData, sharedDataPath } from '../../shared-data.ts';

type RootKey = 'public_good' | 'github' | 'case';

interface Case {
  readonly file: string;
  /** The one root with which its cryptography holds, or none; `case` is the `trusted_root.json` that lies beside it. */
  readonly holds: readonly RootKey[];
  /** With that root, or with the one that it was made for: the signer that is named, or why it is refused. */
  readonly product: { readonly signer: string } | { readonly code: RejectionCode };
  /** Where the verdict is another one than the `observed_*` of the index, and only there. */
  readonly why?: string;
}

const DOCKER =
  'https://github.com/docker/github-builder-experimental/.github/workflows/build.yml@refs/heads/build-reusable-workflow';
const SIGSTORE_JS = 'https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main';
const BRIAN = 'mailto:brian@dehamer.com';

const BYTES = 'it signs bytes, and no statement about an image: cosign sign-blob makes such, our stages do not';
const PROMISE = 'the log only promised to keep it, and a promise can be broken unseen: an inclusion proof is required';
const GITHUB_ONLY = "observed with the public good's root; GitHub's own is the one that it was made for";

const signed = (file: string, signer: string, holds: RootKey = 'public_good'): Case => ({
  file,
  holds: [holds],
  product: { signer },
});
const refused = (file: string, code: RejectionCode, rest: { holds?: RootKey; why?: string } = {}): Case => ({
  file,
  holds: rest.holds === undefined ? [] : [rest.holds],
  product: { code },
  ...(rest.why === undefined ? {} : { why: rest.why }),
});
const ofBytes = (name: string, holds?: RootKey): Case =>
  refused(`06-verify-signatures/conformance/${name}/bundle.sigstore.json`, 'not_a_statement', {
    ...(holds === undefined ? {} : { holds, why: BYTES }),
  });

const CASES: readonly Case[] = [
  ...[1, 2, 3].map((number) => signed(`04-sign-image/bundles/image-signature-${number}.sigstore.json`, DOCKER)),
  {
    ...signed('05-attest-sbom/bundles/cosign-oci-attestation.sigstore.json', 'mailto:cody@soyland.com'),
    holds: ['public_good', 'case'],
  },
  {
    ...signed(
      '05-attest-sbom/bundles/chainloop-slsa_provenance.sigstore.json',
      'https://github.com/chainloop-dev/platform-website/.github/workflows/deploy.yml@refs/heads/main',
      'github',
    ),
    why: GITHUB_ONLY,
  },
  refused('05-attest-sbom/bundles/chainloop_attestation.sigstore.json', 'untrusted_certificate'),
  signed('06-verify-signatures/gh-cli/sigstore-js-2.1.0-bundle.json', SIGSTORE_JS),
  // gh refuses the version; here its number says nothing, and the inclusion proof that it carries is verified.
  signed('06-verify-signatures/gh-cli/sigstore-js-2.1.0-bundle-v0.1.json', SIGSTORE_JS),
  refused('06-verify-signatures/gh-cli/sigstoreBundle-invalid-signature.json', 'not_a_statement'),
  {
    ...signed(
      '06-verify-signatures/gh-cli/github_provenance_demo-0.0.12-py3-none-any-bundle.jsonl',
      'https://github.com/actions/attest-demo/.github/workflows/build-python.yml@refs/heads/main',
      'github',
    ),
    why: GITHUB_ONLY,
  },
  refused(
    '06-verify-signatures/gh-cli/github_provenance_demo-0.0.12-py3-none-any-bundle-missing-cert.jsonl',
    'not_a_bundle',
  ),
  signed(
    '06-verify-signatures/gh-cli/custom-issuer.sigstore.json',
    'https://github.com/too-legit/attest/.github/workflows/integration.yml@refs/heads/main',
  ),
  ofBytes('bundle-negative-log-index_fail'),
  ofBytes('checkpoint-wrong-roothash_fail'),
  refused('06-verify-signatures/conformance/dsse-invalid-sig_fail/bundle.sigstore.json', 'bad_log_entry'),
  refused('06-verify-signatures/conformance/dsse-mismatch-sig_fail/bundle.sigstore.json', 'bad_log_entry'),
  ofBytes('happy-path-v0.1', 'public_good'),
  ofBytes('inclusion-proof-corrupted-hash_fail'),
  ofBytes('integrated-time-in-future_fail'),
  refused(
    '06-verify-signatures/conformance/intoto-expired-certificate_fail/bundle.sigstore.json',
    'untrusted_certificate',
  ),
  refused('06-verify-signatures/conformance/intoto-missing-inclusion-proof_fail/bundle.sigstore.json', 'not_a_bundle'),
  // Only the case's own root has the wrong key of the CT log.
  refused('06-verify-signatures/conformance/invalid-ct-key_fail/bundle.sigstore.json', 'not_a_statement', {
    holds: 'public_good',
  }),
  ofBytes('managed-key-no-key_fail'),
  ofBytes('managed-key-wrong-key_fail'),
  ofBytes('message-digest-mismatch_fail'),
  ofBytes('rekor2-checkpoint-cosigned', 'case'),
  ofBytes('rekor2-checkpoint-missing-log-signature_fail'),
  ofBytes('rekor2-checkpoint-origin-not-first', 'case'),
  refused('06-verify-signatures/conformance/rekor2-dsse-invalid-sig_fail/bundle.sigstore.json', 'bad_log_entry'),
  refused('06-verify-signatures/conformance/rekor2-dsse-mismatch-sig_fail/bundle.sigstore.json', 'bad_log_entry'),
  ofBytes('rekor2-happy-path', 'case'),
  ofBytes('rekor2-timestamp-payload-mismatch_fail'),
  ofBytes('rekor2-timestamp-with-embedded-cert', 'case'),
  { ...ofBytes('trust-root-tlog-validity-end-inclusive', 'case'), holds: ['public_good', 'case'] },
  ofBytes('wrong-material_fail'),
  signed('06-verify-signatures/sigstore-go/sigstore.js@2.0.0-provenance.sigstore.json', SIGSTORE_JS),
  refused('06-verify-signatures/sigstore-go/dsse.sigstore.json', 'bad_log_entry', {
    holds: 'public_good',
    why: PROMISE,
  }),
  refused('06-verify-signatures/sigstore-go/dsse-2sigs.sigstore.json', 'not_a_bundle'),
  refused('06-verify-signatures/sigstore-go/othername.sigstore.json', 'not_a_statement'),
  ...['V01-dsse-no-proof', 'V01-full-cert-chain', 'V01-intoto-no-proof'].map((name) =>
    refused(`06-verify-signatures/sigstore-js/bundle${name}.sigstore`, 'bad_log_entry', {
      holds: 'public_good',
      why: PROMISE,
    }),
  ),
  ...['V01-dsse-with-proof', 'V01-intoto-with-proof', 'V02-dsse', 'V02-intoto', 'V03-dsse', 'V03-intoto'].map((name) =>
    signed(`06-verify-signatures/sigstore-js/bundle${name}.sigstore`, BRIAN),
  ),
];

/** Envelopes and look-alikes that are listed as signed things without being Sigstore bundles: none can name its signer. */
const ENVELOPES: readonly (readonly [file: string, code: RejectionCode, what: string])[] = [
  ['05-attest-sbom/dsse/alpine.att.json', 'not_a_bundle', 'an envelope signed with a key'],
  ['05-attest-sbom/dsse/alpine-tampered.att.json', 'not_a_bundle', 'an envelope with another payload'],
  ['05-attest-sbom/dsse/alpine.cdx.att.json', 'not_a_bundle', 'an envelope signed with a key'],
  ['05-attest-sbom/dsse/sbom-with-intoto-string.json', 'not_a_bundle', 'a plain SBOM'],
  ['05-attest-sbom/dsse/slsa-provenance-dsse-example-package.json', 'not_a_bundle', 'an envelope in cosign v2 storage'],
  ['05-attest-sbom/dsse/chainloop.attestation-dsse.json', 'not_a_bundle', 'an envelope'],
  ['05-attest-sbom/dsse/chainloop.attestation-dsse-invalidtype.json', 'not_a_bundle', 'an envelope of another type'],
  ['05-attest-sbom/dsse/chainloop.attestation-invalid-intoto.json', 'not_a_bundle', 'no statement'],
  ['05-attest-sbom/dsse/chainloop.attestation-bundle.json', 'untrusted_certificate', "a bundle of its maker's own CA"],
  ['06-verify-signatures/sigstore-js/statement.json', 'not_a_bundle', 'a statement that nobody signed'],
  ['04-sign-image/cosign-v2-layout/oci-att-manifest.json', 'not_a_bundle', "cosign v2's manifest"],
];

/** Everything else that the index lists is beside the bundles: artifacts, keys, roots, logs and words. */
const BESIDE =
  /\.(txt|pub|md)$|\/(identity|issuer|artifact)$|trusted[-_]root[^/]*\.json$|npm-keys\.json$|cosign-logs\//;

const OBSERVED = 'observed_sigstore_verify_js_4.1.3';
interface Listed {
  readonly file: string;
  readonly bundles?: readonly { readonly root: string; readonly [OBSERVED]: string }[];
}
const FOLDERS = ['04-sign-image', '05-attest-sbom', '06-verify-signatures'] as const;

function listed(): Listed[] {
  return FOLDERS.flatMap((folder) => {
    const { files } = JSON.parse(readFileSync(sharedDataPath(`${folder}/index.json`), 'utf8')) as { files: Listed[] };
    return files.map((each) => ({ ...each, file: `${folder}/${each.file}` }));
  });
}

const bytes = (file: string): Buffer => readFileSync(sharedDataPath(file));
const jsonOf = (file: string): unknown => JSON.parse(bytes(file).toString('utf8'));

const observedOf = (file: string): { root: string; verdict: string } => {
  const [bundle] = listed().find((each) => each.file === file)?.bundles ?? [];
  if (bundle === undefined) throw new Error(`the index lists no bundle in ${file}`);
  return { root: bundle.root, verdict: bundle[OBSERVED] };
};

/** The two embedded roots, and the case's own where the index names one. */
function rootsOf(file: string): Partial<Record<RootKey, TrustRoot>> {
  const { root } = observedOf(file);
  const own = root.startsWith('public-good')
    ? {}
    : {
        case: loadTrustRoot(
          { name: 'case', json: readFileSync(sharedDataPath(root), 'utf8'), asOf: '2026-10-23' },
          180,
          new Date('2026-10-23'),
        ),
      };
  return { public_good: embeddedRoot('public_good'), github: embeddedRoot('github'), ...own };
}

/** Conformance cases sign a file: the one beside them, or the default one of all cases. */
function artifactOf(file: string): Buffer {
  const beside = `${dirname(file)}/artifact`;
  return existsSync(sharedDataPath(beside)) ? bytes(beside) : bytes('06-verify-signatures/conformance/a.txt');
}

function cryptographyHolds(file: string, root: TrustRoot): boolean {
  try {
    const bundle = bundleFromJSON(jsonOf(file));
    const artifact = bundle.content.$case === 'messageSignature' ? artifactOf(file) : undefined;
    root.verifier.verify(toSignedEntity(bundle, artifact));
    return true;
  } catch {
    return false;
  }
}

const inFull = (root: TrustRoot | undefined): readonly TrustRoot[] => (root === undefined ? [] : [root]);

describeWithSharedData('shared data of stages 04 to 06, signed bundles', () => {
  it.each(CASES)('T35: $file: its cryptography holds with $holds, and with no other root', ({ file, holds }) => {
    const found = Object.entries(rootsOf(file)).filter(([, root]) => cryptographyHolds(file, root));
    expect(found.map(([name]) => name).sort()).toEqual([...holds].sort());
  });

  it.each(CASES)('T35: $file: the product answers $product', ({ file, holds, product }) => {
    const roots = rootsOf(file);
    const made = holds[0] ?? ('case' in roots ? 'case' : 'public_good');
    const verification = verifyBundle(bytes(file), inFull(roots[made]));
    expect(verification).toMatchObject(
      'signer' in product
        ? { kind: 'verified', bundle: { signer: product.signer, root: made } }
        : { kind: 'rejected', rejection: { code: product.code } },
    );
  });

  it.each(CASES)('$file: no root but its own takes it, alone or with others beside it', ({ file, holds, product }) => {
    const roots = rootsOf(file);
    const others = Object.entries(roots).filter(([name]) => !holds.includes(name as RootKey));
    for (const [, root] of others) expect(verifyBundle(bytes(file), [root]).kind).toBe('rejected');
    const together = verifyBundle(bytes(file), Object.values(roots));
    if ('code' in product) expect(together.kind).toBe('rejected');
    else expect(holds).toContain(verifiedOf(together).root);
  });

  // The index was observed with the public good's root, or with the case's own.
  it.each(CASES)('$file: agrees with what the index observed, or says why not', ({ file, holds, product, why }) => {
    const { root, verdict } = observedOf(file);
    const observedWith: RootKey = root.startsWith('public-good') ? 'public_good' : 'case';
    const wasValid = verdict === 'VALID';
    const isSame = holds.includes(observedWith) === wasValid && 'signer' in product === wasValid;
    expect({ verdict, isSame, why }).toEqual({ verdict, isSame: why === undefined, why });
  });

  it.each(ENVELOPES)('%s: %s, since it is %s', (file, code) => {
    const roots = [embeddedRoot('public_good'), embeddedRoot('github')];
    expect(verifyBundle(bytes(file), roots)).toMatchObject({ kind: 'rejected', rejection: { code } });
  });

  it("holds two bundles of private repositories, which GitHub's root verifies by its time-stamps alone", () => {
    const ofGitHub = CASES.filter(({ holds }) => holds.includes('github'));
    expect(ofGitHub).toHaveLength(2);
    for (const { file } of ofGitHub) {
      const github = verifyBundle(bytes(file), [embeddedRoot('github')]);
      expect(github).toMatchObject({
        kind: 'verified',
        bundle: { root: 'github', receipt: { logIndex: null, signedAt: expect.stringMatching(/^20\d\d-/) } },
      });
      expect(verifyBundle(bytes(file), [embeddedRoot('public_good')])).toMatchObject({
        rejection: { code: 'untrusted_certificate', reason: expect.stringContaining('public_good as of') },
      });
    }
  });

  it('knows every bundle of the three indexes', () => {
    const known = [...CASES.map(({ file }) => file), ...ENVELOPES.map(([file]) => file)].sort();
    const bundles = listed().filter(({ file, bundles: parts }) => parts !== undefined || !BESIDE.test(file));
    expect(known).toEqual(bundles.map(({ file }) => file).sort());
  });
});
