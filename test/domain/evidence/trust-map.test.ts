/** The operator's trust map: exact commits of exact workflows, and every mistake with its place. */
import { describe, expect, it } from '@jest/globals';
import {
  defaultPolicy,
  minimumLevel,
  trustedLevel,
  trustedSigners,
  type TrustPolicy,
} from '../../../src/domain/evidence/trust-map.ts';
import { readTrustPolicy } from '../../../src/domain/evidence/read-trust-policy.ts';
import { BUILDER, BUILDER_COMMIT, BUILDER_FILE, EXPECTED, OTHER_COMMIT } from '../../evidence-fixtures.ts';

const { server } = EXPECTED;
const signerAt = (commit: string, file = BUILDER_FILE): string => `${server}/${file}@${commit}`;

function policyOf(text: string): TrustPolicy {
  const reading = readTrustPolicy(text);
  if (reading.kind === 'mistakes') throw new Error(reading.mistakes.map(({ message }) => message).join('; '));
  return reading.policy;
}

describe('without a policy file', () => {
  it("trusts the operator's one builder at its one commit, at L3, under both authorities", () => {
    expect(defaultPolicy(BUILDER)).toEqual({
      builders: [{ workflow: BUILDER_FILE, commits: [BUILDER_COMMIT], level: 3, roots: ['public_good', 'github'] }],
      roots: {},
      minimum: [],
      floor: [],
    });
  });

  it('trusts nobody where there is no builder, and asks for no level', () => {
    expect(defaultPolicy(null)).toEqual({ builders: [], roots: {}, minimum: [], floor: [] });
    expect(
      trustedLevel(defaultPolicy(null), server, { signer: signerAt(BUILDER_COMMIT), root: 'public_good' }),
    ).toBeNull();
    expect(minimumLevel(defaultPolicy(null), 'acme/app')).toBe(0);
  });
});

describe('a policy file', () => {
  const NEWER = '1234567890abcdef1234567890abcdef12345678';
  const ROTATION = `
version: 1
builders:
  - workflow: ${BUILDER_FILE}
    commits:
      - ${BUILDER_COMMIT}
      - ${NEWER}
    level: 3
  - workflow: docker/github-builder/.github/workflows/build.yml
    commits: [${OTHER_COMMIT.replace(/^0/, 'a')}]
    level: 2
    roots: [public_good]
roots:
  company: /etc/slsa/company-root.json
minimum:
  - repositories: acme/*
    level: 2
  - repositories: acme/app
    level: 3
`;

  it('lets several commits of a builder stand while it rotates, and no other', () => {
    const policy = policyOf(ROTATION);
    const levelAt = (commit: string): number | null =>
      trustedLevel(policy, server, { signer: signerAt(commit), root: 'github' });
    expect([BUILDER_COMMIT, NEWER, OTHER_COMMIT, 'refs/heads/main', ''].map(levelAt)).toEqual([3, 3, null, null, null]);
  });

  it('holds a builder for what it says, under the authorities that it names', () => {
    const policy = policyOf(ROTATION);
    const signer = `${server}/docker/github-builder/.github/workflows/build.yml@a${'0'.repeat(39)}`;
    const roots = ['public_good', 'github', 'company', ''];
    expect(roots.map((root) => trustedLevel(policy, server, { signer, root }))).toEqual([2, null, null, null]);
  });

  it('names every signer that it trusts', () => {
    expect(trustedSigners(policyOf(ROTATION), server)).toHaveLength(3);
    expect(trustedSigners(policyOf(ROTATION), server)).toContain(signerAt(NEWER));
  });

  it('takes the lowest of two words about one builder', () => {
    const twice = `builders:\n${[3, 1].map((level) => `  - {workflow: ${BUILDER_FILE}, commits: [${BUILDER_COMMIT}], level: ${level}}\n`).join('')}`;
    expect(trustedLevel(policyOf(twice), server, { signer: signerAt(BUILDER_COMMIT), root: 'github' })).toBe(1);
  });

  it.each([
    ['acme/app', 3],
    ['acme/other', 2],
    ['acme/app-evil', 2],
    ['acme', 0],
    ['evil/acme/app', 0],
    ['other/app', 0],
    ['', 0],
  ])('asks %s for L%i at least, the highest of its rules', (repository, level) => {
    expect(minimumLevel(policyOf(ROTATION), repository)).toBe(level);
  });

  it("knows roots of the operator's own, by name and file", () => {
    expect(policyOf(ROTATION).roots).toEqual({ company: '/etc/slsa/company-root.json' });
    const own = policyOf(
      `builders: [{workflow: ${BUILDER_FILE}, commits: [${BUILDER_COMMIT}], level: 3, roots: [company]}]`,
    );
    const roots = ['company', 'public_good'];
    const signer = signerAt(BUILDER_COMMIT);
    expect(roots.map((root) => trustedLevel(own, server, { signer, root }))).toEqual([3, null]);
  });

  it('that is empty asks for nothing and trusts nobody', () => {
    expect(policyOf('')).toEqual({ builders: [], roots: {}, minimum: [], floor: [] });
  });
});

describe('a mistake in it', () => {
  const builder = (workflow: string, rest = `commits: [${BUILDER_COMMIT}], level: 3`): string =>
    `builders:\n  - { workflow: ${workflow}, ${rest} }\n`;

  it.each<[string, string, number, number, RegExp]>([
    ['an unknown key', 'bilders: []\n', 1, 1, /bilders.*builders/s],
    ['a short commit', builder(BUILDER_FILE, 'commits: [c0ffee0], level: 3'), 2, 84, /40 lower-case hex digits/],
    ['a commit in capitals', builder(BUILDER_FILE, `commits: [${'A'.repeat(40)}], level: 3`), 2, 84, /40 lower-case/],
    ['a branch for a commit', builder(BUILDER_FILE, 'commits: [main], level: 3'), 2, 84, /40 lower-case hex digits/],
    ['no commit', builder(BUILDER_FILE, 'commits: [], level: 3'), 2, 83, /at least 1/],
    [
      'level 4, which SLSA has not',
      builder(BUILDER_FILE, `commits: [${BUILDER_COMMIT}], level: 4`),
      2,
      134,
      /level: 4/,
    ],
    ['a builder with its commit', builder(BUILDER), 2, 17, /without its commit/],
    ['a builder with its server', builder(`https://github.com/${BUILDER_FILE}`), 2, 17, /owner\/repository/],
    ['a pattern for a builder', builder('"acme/*/.github/workflows/build.yml"'), 2, 17, /owner\/repository/],
    ['a level of 0 as a minimum', 'minimum:\n  - repositories: acme/*\n    level: 0\n', 3, 12, /level: 0/],
    ['a pattern that is none', 'minimum:\n  - repositories: "acme/(a|b)"\n    level: 1\n', 2, 19, /names, \* and \?/],
    ['a root in capitals', 'roots:\n  Company: root.json\n', 2, 12, /Company/],
    ['no YAML', 'builders: [\n', 2, 1, /YAML/],
    ['an alias', 'roots: &a {x: y}\nminimum: *a\n', 1, 1, /aliases/],
  ])('%s is named at its line and column', (_, text, line, column, message) => {
    const reading = readTrustPolicy(text);
    expect(reading).toMatchObject({ kind: 'mistakes' });
    const mistakes = reading.kind === 'mistakes' ? reading.mistakes : [];
    expect(mistakes).toContainEqual({ line, column, message: expect.stringMatching(message) });
  });

  it('never hides another: all are named at once', () => {
    const reading = readTrustPolicy('bilders: []\nminimum:\n  - repositories: acme/*\n    level: 9\nversion: 2\n');
    expect(reading.kind === 'mistakes' && reading.mistakes.map(({ line }) => line)).toEqual([1, 4, 5]);
  });
});

describe('a mistake of a name or a level', () => {
  it.each([
    ['roots: { Corporate: root.json }\n', /a trust root is named in lower case, such as public_good/],
    ['minimum: [{ repositories: acme\/*, level: 4 }]\n', /not one of 1, 2, 3/],
  ])('is said in the words of the format: %j', (text, words) => {
    const reading = readTrustPolicy(text);
    expect(reading.kind === 'mistakes' ? reading.mistakes.map(({ message }) => message).join('\n') : '').toMatch(words);
  });
});
