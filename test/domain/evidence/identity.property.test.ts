/** No near miss is ever the same: whole strings are compared, and never a pattern, a prefix or a spelling. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Sigstore } from '../../../sandbox/sigstore/sigstore.ts';
import { judgeAttestation, type AttestationExpectation } from '../../../src/domain/evidence/judge-attestation.ts';
import { judgeProvenance, type ProvenanceExpectation } from '../../../src/domain/evidence/judge-provenance.ts';
import { defaultPolicy, TrustPolicy } from '../../../src/domain/evidence/trust-map.ts';
import type { VerifiedBundle } from '../../../src/domain/evidence/verified-bundle.ts';
import { Digest } from '../../../src/domain/git.ts';
import {
  BUILDER_CLAIMS,
  bytesOf,
  embeddedRoot,
  EXPECTED,
  OWN_CLAIMS,
  POLICY,
  sandboxRoot,
  signProvenance,
  startSigstore,
  verifiedBytes,
  withValue,
} from '../../evidence-fixtures.ts';
import { describeWithSharedData, sharedDataPath } from '../../shared-data.ts';

/** Letters that look alike and are others. */
const LOOK_ALIKE: Readonly<Record<string, string>> = {
  a: '\u0430',
  c: '\u0441',
  e: '\u0435',
  i: '\u0456',
  o: '\u043e',
  p: '\u0440',
  s: '\u0455',
  x: '\u0445',
  '/': '\u2044',
  '.': '\u2024',
  '-': '\u2010',
  ':': '\u02d0',
  '0': '\u041e',
  '1': 'l',
};
const AFFIXES = [
  '/',
  '\n',
  '\r\n',
  ' ',
  '\t',
  '\0',
  '.git',
  '-evil',
  '.attacker.yml',
  '@refs/heads/main',
  '#',
  '?',
  '%00',
  '\u200b',
  '\ufeff',
  '..',
  '/../x',
  '*',
  '$',
  '|',
];

/** What somebody who wants to be taken for `text` would write instead; never `text` itself. */
function nearMisses(text: string): fc.Arbitrary<string> {
  const at = fc.nat({ max: Math.max(0, text.length - 1) });
  const splice = (index: number, length: number, by: string): string =>
    text.slice(0, index) + by + text.slice(index + length);
  const character = fc.string({ unit: 'binary', minLength: 1, maxLength: 1 });
  const digit = (index: number): string => ((Number(text[index]) + 1) % 10).toString();
  return fc
    .oneof(
      fc.tuple(at, character).map(([index, by]) => splice(index, 0, by)),
      at.map((index) => splice(index, 1, '')),
      fc.tuple(at, character).map(([index, by]) => splice(index, 1, by)),
      at.map((index) => splice(index, 1, '.')),
      at.map((index) => splice(index, 1, text[index]!.toUpperCase())),
      at.map((index) => splice(index, 1, text[index]!.toLowerCase())),
      at.map((index) => splice(index, 1, LOOK_ALIKE[text[index]!] ?? '\uff0f')),
      at.map((index) => splice(index, 1, `%${text.charCodeAt(index).toString(16)}`)),
      at.map((index) => splice(index, 1, `${text[index]!}\u0301`)),
      at.map((index) => (/\d/.test(text[index]!) ? splice(index, 1, digit(index)) : splice(index, 1, '0'))),
      fc.constantFrom(...AFFIXES).map((affix) => text + affix),
      fc.constantFrom(...AFFIXES).map((affix) => affix + text),
      at.map((index) => text.slice(0, index)),
      at.map((index) => text.slice(index + 1)),
      fc.constantFrom(
        `${text}${text}`,
        text.toUpperCase(),
        ` ${text} `,
        encodeURIComponent(text),
        text.normalize('NFD'),
        `0${text}`,
      ),
    )
    .filter((miss) => miss !== text);
}

type Path = readonly (string | number)[];
const at = (json: unknown, path: Path): string =>
  String(path.reduce((value, key) => (value as Record<string, unknown>)[key], json));

const WORKFLOW = ['statement', 'predicate', 'buildDefinition', 'externalParameters', 'workflow'] as const;

/** Every string that decides, in certificate and statement. */
const DECIDING: readonly Path[] = [
  ['signer'],
  ['root'],
  ['claims', 'issuer'],
  ['claims', 'buildSignerUri'],
  ['claims', 'buildSignerDigest'],
  ['claims', 'runnerEnvironment'],
  ['claims', 'sourceRepositoryUri'],
  ['claims', 'sourceRepositoryDigest'],
  ['claims', 'sourceRepositoryRef'],
  ['claims', 'sourceRepositoryId'],
  ['claims', 'sourceOwnerId'],
  ['claims', 'buildConfigUri'],
  ['claims', 'buildTrigger'],
  ['claims', 'runInvocationUri'],
  ['statement', 'predicateType'],
  ['statement', 'subjects', 0],
  ['statement', 'predicate', 'buildDefinition', 'buildType'],
  [...WORKFLOW, 'ref'],
  [...WORKFLOW, 'repository'],
  [...WORKFLOW, 'path'],
  ['statement', 'predicate', 'buildDefinition', 'resolvedDependencies', 0, 'digest', 'gitCommit'],
  ['statement', 'predicate', 'runDetails', 'builder', 'id'],
  ['statement', 'predicate', 'runDetails', 'metadata', 'invocationId'],
];

/** Every string that is expected of provenance; each has to be the very one, too. */
const EXPECTATIONS: readonly Path[] = [
  ['server'],
  ['issuer'],
  ['repository', 'fullName'],
  ['repository', 'id'],
  ['repository', 'ownerId'],
  ['commit'],
  ['ref'],
  ['workflowPath'],
  ['digest'],
  ['root'],
];

/** A near miss of what is expected there; of a digest only its hash can be missed, since its type holds the rest. */
const missesOf = (expected: ProvenanceExpectation, path: Path): fc.Arbitrary<string> =>
  path[0] === 'digest'
    ? nearMisses(expected.digest.replace('sha256:', '')).map((miss) => `sha256:${miss}`)
    : nearMisses(at(expected, path));

let sigstore: Sigstore;
let byBuilder: VerifiedBundle;
let byOwnWorkflow: VerifiedBundle;
beforeAll(async () => {
  sigstore = await startSigstore();
  const roots = [sandboxRoot('public_good', sigstore.publicGood)];
  byBuilder = verifiedBytes(bytesOf(await signProvenance(sigstore.publicGood, BUILDER_CLAIMS)), roots);
  byOwnWorkflow = verifiedBytes(bytesOf(await signProvenance(sigstore.publicGood, OWN_CLAIMS)), roots);
});
afterAll(() => sigstore.stop());

/** Refused, or worth nothing above L1. */
const isWorthless = (bundle: VerifiedBundle, expected: ProvenanceExpectation, policy = POLICY): boolean => {
  const { refused, level } = judgeProvenance(bundle, expected, policy);
  return refused !== null || level <= 1;
};

const RUNS = { numRuns: 150 };

describe('T33: a near miss in what the bundle says', () => {
  it.each(DECIDING.map((path) => ({ path })))('at $path never passes', ({ path }) => {
    for (const bundle of [byBuilder, byOwnWorkflow]) {
      expect(isWorthless(bundle, EXPECTED)).toBe(false);
      fc.assert(
        fc.property(nearMisses(at(bundle, path)), (miss) => isWorthless(withValue(bundle, path, miss), EXPECTED)),
        RUNS,
      );
    }
  });

  it('is not helped by missing twice in the same way', () => {
    // Signer and claim agree with each other, and with nobody's expectation.
    fc.assert(
      fc.property(nearMisses(byBuilder.signer), (miss) => {
        const renamed = withValue(withValue(byBuilder, ['signer'], miss), ['claims', 'buildSignerUri'], miss);
        const consistent = withValue(renamed, ['statement', 'predicate', 'runDetails', 'builder', 'id'], miss);
        return isWorthless(consistent, EXPECTED);
      }),
      RUNS,
    );
  });
});

describe('T33: a near miss in what is expected', () => {
  it.each(EXPECTATIONS.map((path) => ({ path })))('at $path never passes', ({ path }) => {
    for (const bundle of [byBuilder, byOwnWorkflow]) {
      fc.assert(
        fc.property(missesOf(EXPECTED, path), (miss) => isWorthless(bundle, withValue(EXPECTED, path, miss))),
        RUNS,
      );
    }
  });

  it('in the number of the run or of the attempt never passes', () => {
    fc.assert(
      fc.property(fc.constantFrom('id', 'attempt'), fc.nat(), (key, number) => {
        const run = { id: 7_000_000_001, attempt: 1, [key]: number };
        fc.pre(run.id !== 7_000_000_001 || run.attempt !== 1);
        return isWorthless(byBuilder, { ...EXPECTED, run });
      }),
      RUNS,
    );
  });

  it('in the trust map never makes a builder trusted', () => {
    const [builder] = POLICY.builders;
    if (builder === undefined) throw new Error('the policy has a builder');
    const { workflow, commits } = builder;
    fc.assert(
      fc.property(nearMisses(workflow), (miss) =>
        // As the schema would refuse most of these, the map is made by hand.
        isWorthless(byBuilder, EXPECTED, { ...POLICY, builders: [{ ...builder, workflow: miss }] }),
      ),
      RUNS,
    );
    fc.assert(
      fc.property(nearMisses(commits[0]!), (miss) =>
        isWorthless(byBuilder, EXPECTED, { ...POLICY, builders: [{ ...builder, commits: [miss] }] }),
      ),
      RUNS,
    );
  });

  it('is no pattern: what would match everything matches nothing', () => {
    for (const pattern of ['.*', '*', '**', '', '^https://', 'https://github.com/acme/app', '(?:)', '%']) {
      for (const path of EXPECTATIONS) expect(isWorthless(byBuilder, withValue(EXPECTED, path, pattern))).toBe(true);
      expect(
        isWorthless(byBuilder, EXPECTED, {
          ...TrustPolicy.parse({}),
          builders: [{ workflow: pattern, commits: [pattern], level: 3, roots: ['public_good'] }],
        }),
      ).toBe(true);
    }
  });
});

/** Real certificates of Fulcio and of GitHub, and the words that belong to them. */
describeWithSharedData('real bundles of shared data, with their own identity and with near misses of it', () => {
  const realBundle = (file: string): VerifiedBundle =>
    verifiedBytes(readFileSync(sharedDataPath(file)), [embeddedRoot('public_good'), embeddedRoot('github')]);

  const DEMO = '06-verify-signatures/gh-cli/github_provenance_demo-0.0.12-py3-none-any-bundle.jsonl';
  const EXPECTED_OF_DEMO: ProvenanceExpectation = {
    server: 'https://github.com',
    issuer: 'https://token.actions.githubusercontent.com',
    digest: Digest.parse('sha256:ae57936def59bc4c75edd3a837d89bcefc6d3a5e31d55a6fa7a71624f92c3c3b'),
    repository: { fullName: 'actions/attest-demo', id: '763287532', ownerId: '44036562' },
    commit: 'a6c23b9806c593664f68637c8f9d45dfcf98b2db',
    ref: 'refs/heads/main',
    workflowPath: '.github/workflows/build-python.yml',
    run: { id: 8_788_389_601, attempt: 1 },
    root: 'github',
  };

  it("GitHub's own demo is L2 of its own workflow, by its own words", () => {
    expect(judgeProvenance(realBundle(DEMO), EXPECTED_OF_DEMO, defaultPolicy(null))).toMatchObject({
      standing: 'own_workflow',
      level: 2,
      refused: null,
    });
  });

  it.each(EXPECTATIONS.map((path) => ({ path })))('and nothing with another $path', ({ path }) => {
    const bundle = realBundle(DEMO);
    fc.assert(
      fc.property(missesOf(EXPECTED_OF_DEMO, path), (miss) =>
        isWorthless(bundle, withValue(EXPECTED_OF_DEMO, path, miss), defaultPolicy(null)),
      ),
      RUNS,
    );
  });

  it("provenance of another issuer, an enterprise's own, is no more than L1, though its signer has the right words", () => {
    const bundle = realBundle('06-verify-signatures/gh-cli/custom-issuer.sigstore.json');
    const expected: ProvenanceExpectation = {
      server: 'https://github.com',
      issuer: 'https://token.actions.githubusercontent.com',
      digest: Digest.parse(`sha256:${bundle.statement.subjects[0]!}`),
      repository: { fullName: 'too-legit/attest', id: '851894824', ownerId: '180348046' },
      commit: '283bf967fa3c591925dd25e6a6e8e781542117bf',
      ref: 'refs/heads/main',
      workflowPath: '.github/workflows/integration.yml',
      run: { id: 10_818_226_125, attempt: 1 },
      root: 'public_good',
    };
    expect(judgeProvenance(bundle, expected, defaultPolicy(null))).toMatchObject({ level: 1, refused: null });
    const issuer = `${expected.issuer}/hammer-time`;
    expect(judgeProvenance(bundle, { ...expected, issuer }, defaultPolicy(null))).toMatchObject({
      level: 2,
      refused: null,
    });
  });

  it('a push in an internal repository passes where no run is asked for, and not for one of its 41 files alone', () => {
    const bundle = realBundle('05-attest-sbom/bundles/chainloop-slsa_provenance.sigstore.json');
    expect(bundle.statement.subjects).toHaveLength(41);
    const expected: ProvenanceExpectation = {
      ...EXPECTED_OF_DEMO,
      digest: Digest.parse(`sha256:${bundle.statement.subjects[0]!}`),
      repository: { fullName: 'chainloop-dev/platform-website', id: '950081236', ownerId: '106605426' },
      commit: '437ebdc3d6275e9c60a6f0f836ab7daa4fd8aaa1',
      workflowPath: '.github/workflows/deploy.yml',
      run: null,
    };
    expect(judgeProvenance(bundle, expected, defaultPolicy(null)).refused).toMatchObject({ id: 'subject' });
    const alone = withValue(bundle, ['statement', 'subjects'], [bundle.statement.subjects[0]]);
    expect(judgeProvenance(alone, expected, defaultPolicy(null))).toMatchObject({ level: 2, refused: null });
  });

  it.each([1, 2, 3])("docker's image signature %i is its builder's, and not the caller's own file's", (number) => {
    const bundle = realBundle(`04-sign-image/bundles/image-signature-${number}.sigstore.json`);
    const expected: AttestationExpectation = {
      server: 'https://github.com',
      issuer: 'https://token.actions.githubusercontent.com',
      digest: Digest.parse(`sha256:${bundle.statement.subjects[0]!}`),
      repository: { fullName: 'docker/github-builder-test', id: '1040594287', ownerId: '5429470' },
      file: 'build.yml',
      ref: 'refs/heads/main',
      run: { id: number === 3 ? 18_973_147_870 : 18_972_375_162, attempt: 1 },
      root: 'public_good',
      predicateType: 'https://sigstore.dev/cosign/sign/v1',
    };
    // All holds but the signer: it is a reusable workflow of another repository.
    const { checks, refused } = judgeAttestation(bundle, expected);
    expect(refused).toMatchObject({
      id: 'signer',
      found:
        'https://github.com/docker/github-builder-experimental/.github/workflows/build.yml@refs/heads/build-reusable-workflow',
    });
    expect(checks.filter(({ state }) => state === 'not_met').map(({ id }) => id)).toEqual(['signer', 'signer']);
  });
});
