/** The words for an assessment: for every standing, level and refusal, what people read and what they are told to do. */
import { describe, expect, it } from '@jest/globals';
import type { Assessment } from '../../src/domain/evidence/assessment.ts';
import { CHECKS, type Check, type CheckId } from '../../src/domain/evidence/checks.ts';
import {
  equivalentCommands,
  failingLines,
  levelLine,
  nextLevelLine,
  receiptLine,
  rehearsalLine,
  requirementTable,
  shortfall,
} from '../../src/domain/evidence/describe-assessment.ts';
import { judgeEvidence } from '../../src/domain/run/verdict.ts';
import { assessed, assessmentOf } from '../assessment-fixture.ts';
import { DIGEST, IMAGE } from '../evidence-fixtures.ts';

const broken = (id: CheckId, more: Partial<Check> = {}): Check => ({
  id,
  state: 'not_met',
  expected: 'this',
  found: 'that',
  ...more,
});
const refused = (id: CheckId, about = 'provenance'): Partial<Assessment> => ({
  result: 'failed',
  level: 0,
  failing: { ...broken(id), about },
});

const SIGNER = 'https://github.com/acme/app/.github/workflows/01-build-image.yml@refs/heads/main';
const PROVENANCE = {
  bundleSha256: 'b'.repeat(64),
  signatureSha256: 'c'.repeat(64),
  certificateSerial: '7f01',
  logIndex: '42',
  signedAt: '2026-11-23T14:00:00.000Z',
  signer: SIGNER,
  root: 'public_good',
} as const;

describe('the level in a line', () => {
  it.each<[string, Partial<Assessment>, string]>([
    ['Build L3 verified', { level: 3, standing: 'trusted_builder' }, ''],
    [
      'Build L2 verified',
      { level: 2, standing: 'trusted_builder' },
      'For L3: the operator reviews this builder and raises its level in the trust map.',
    ],
    [
      'Build L1 verified',
      { level: 1, standing: 'trusted_builder' },
      'For L3: the operator reviews this builder and raises its level in the trust map.',
    ],
    [
      "Build L2: built by the repository's own workflow",
      { level: 2, standing: 'own_workflow' },
      'For L3: let an isolated builder build (docs/slsa.md, "The builder repository in five steps").',
    ],
    [
      'Build L1: signed by a builder that is not trusted here',
      { level: 1, standing: 'unknown_signer', checks: [broken('signer')] },
      'For L2 and more: render the stage files anew (`slsa-pipeline init`), so that a known builder builds.',
    ],
    [
      'Build L1: provenance is unsigned',
      { level: 1, standing: 'unsigned' },
      'For L2: set `signing: public_log` (or `github`, with Enterprise Cloud) in the settings.',
    ],
    [
      'L0: no provenance',
      { level: 0, standing: 'none' },
      'For L1: let stage 01 of this App build, which writes provenance.',
    ],
  ])('%s', (line, more, next) => {
    const assessment = assessmentOf({ expectedLevel: 3, ...more });
    expect(levelLine(assessment)).toBe(line);
    expect(nextLevelLine(assessment)).toBe(next);
    expect(shortfall(assessment)).toBe(`${line}, where L3 is expected`);
  });

  // The builder is trusted: to say that it is not would send the operator to the trust map, where nothing is wrong.
  it.each<[Assessment['standing'], CheckId, string, string]>([
    [
      'trusted_builder',
      'runner',
      'Build L1: it did not run on a GitHub-hosted runner',
      'Take self-hosted runners away from this workflow.',
    ],
    [
      'own_workflow',
      'runner',
      'Build L1: it did not run on a GitHub-hosted runner',
      'Take self-hosted runners away from this workflow.',
    ],
    [
      'trusted_builder',
      'signer_digest',
      'Build L1: its builder stood at another commit',
      'Add the commit to the trust map, if it was reviewed.',
    ],
    [
      'trusted_builder',
      'issuer',
      'Build L1: GitHub Actions did not identify its signer',
      'Only signatures of GitHub Actions count here.',
    ],
  ])('says of a known signer (%s) what took its level away: %s', (standing, id, line, next) => {
    const assessment = assessmentOf({ result: 'lower', level: 1, standing, checks: [broken(id)] });
    expect(levelLine(assessment)).toBe(line);
    expect(nextLevelLine(assessment)).toBe(next);
  });

  it.each(Object.entries(CHECKS))(
    'of what is refused for its %s says what is wrong, and what to do',
    (id, [, wrong, next]) => {
      const assessment = assessmentOf(refused(id as CheckId));
      expect(levelLine(assessment)).toBe(`Evidence refused, provenance: ${wrong}`);
      expect(nextLevelLine(assessment)).toBe(next);
      expect(levelLine(assessment)).not.toMatch(/L[1-3]/);
    },
  );

  it.each(['signature', 'SBOM attestation', 'build run'])('names what was refused: %s', (about) => {
    expect(levelLine(assessmentOf(refused('sbom', about)))).toMatch(new RegExp(`^Evidence refused, ${about}: `));
  });

  it('never speaks of a level where something is refused, whatever else there is', () => {
    for (const standing of ['trusted_builder', 'own_workflow', 'unknown_signer', 'unsigned', 'none'] as const)
      expect(levelLine(assessmentOf({ ...refused('commit'), standing, level: 3 }))).toBe(
        'Evidence refused, provenance: it is for another commit',
      );
    expect(levelLine(assessmentOf({ result: 'failed', level: 3 }))).toBe('Evidence refused');
  });

  it('and the other fit a commit status of 140 characters, with what is said beside them', () => {
    const lines = Object.keys(CHECKS).map((id) => shortfall(assessmentOf(refused(id as CheckId, 'SBOM attestation'))));
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(140);
  });
});

describe('what it means for the run', () => {
  const judged = (more: Partial<Assessment>, when: 'after_build' | 'whole' = 'whole', verifies = true): unknown =>
    judgeEvidence({ verifies }, assessed({ expectedLevel: 3, ...more }), when);
  const LOWER = { result: 'lower', level: 2, standing: 'own_workflow' } as const;
  const SHORTFALL = "Build L2: built by the repository's own workflow, where L3 is expected";

  it('is nothing to say where the level is reached', () => {
    expect(judged({})).toMatchObject({ kind: 'pass' });
  });

  it('is a failure where a run that verifies reaches less, and only then', () => {
    expect(judged(LOWER)).toMatchObject({ kind: 'stop', verdict: { kind: 'failure', title: SHORTFALL } });
    expect(judged(LOWER, 'whole', false)).toEqual({ kind: 'tolerated', reason: SHORTFALL });
    expect(judged(LOWER, 'after_build')).toEqual({ kind: 'tolerated', reason: SHORTFALL });
  });

  it.each(['after_build', 'whole'] as const)('is a failure wherever something is refused: %s', (when) => {
    for (const verifies of [true, false])
      expect(judged(refused('repository'), when, verifies)).toMatchObject({
        kind: 'stop',
        verdict: {
          kind: 'failure',
          title: 'Evidence refused, provenance: it is for another repository',
          next: 'Compare the repository names: a near name is another repository.',
        },
      });
  });

  it('is no result, neither a pass nor a failure, where nobody looked', () => {
    expect(judgeEvidence({ verifies: true }, null, 'whole')).toMatchObject({
      kind: 'stop',
      verdict: { kind: 'no_result', title: 'Not your fault: the evidence was not assessed' },
    });
  });
});

describe('every check', () => {
  it.each(Object.entries(CHECKS))(
    '%s has a title, a fault without a capital or a full stop, and a next step with one',
    (_, [title, wrong, next]) => {
      expect(title).toMatch(/^[A-Z][^.]*$/);
      expect(wrong).toMatch(/^(it|its|nobody|another|the|GitHub) ?[^.]*$/);
      expect(next).toMatch(/^[A-Z].*\.$/);
    },
  );
});

describe('the table of requirements', () => {
  it('says of each its level, its state in words, and the evidence as inert text', () => {
    const rows = requirementTable(
      assessmentOf({
        requirements: [
          { title: 'Provenance exists', level: 1, state: 'met', reason: 'sha256:b…' },
          { title: 'The build is isolated', level: 3, state: 'not_met', reason: '| <img src=x> @kim `x`' },
          { title: 'The image is signed', level: null, state: 'not_assessed', reason: '' },
        ],
      }),
    );
    expect(rows).toEqual([
      '| requirement | | evidence |',
      '| --- | --- | --- |',
      '| Provenance exists (L1) | met | sha256:b… |',
      '| The build is isolated (L3) | **not met** | &#124; &#60;img src=x&#62; &#64;&#8203;kim &#96;x&#96; |',
      '| The image is signed | not assessed |  |',
    ]);
  });
});

describe('expected and found', () => {
  it('are two lines of code, that hold what they hold', () => {
    const failing = { ...broken('commit', { expected: '4f2a', found: '`a` | \u001b[31mb' }), about: 'provenance' };
    expect(failingLines(assessmentOf({ result: 'failed', failing }))).toEqual([
      'Expected: `4f2a`',
      '',
      'Found: `` `a` \\| b ``',
    ]);
    expect(failingLines(assessmentOf())).toEqual([]);
  });
});

describe('the receipt', () => {
  it('says who assessed with which trust map, by whose certificate, what was set aside, and what is stale', () => {
    const root = { name: 'public_good', sha256: '', asOf: '2026-01-01', isStale: true };
    const line = receiptLine(
      assessmentOf({
        provenance: PROVENANCE,
        setAside: { count: 7, examples: ['registry: it is not JSON', 'attestations: @kim'] },
        roots: [root, { ...root, name: 'github', isStale: false }],
        trustMapDigest: 'd'.repeat(64),
      }),
    );
    expect(line).toBe(
      'Assessed by `urn:test@0`, trust map `dddddddddddd`. Certificate `7f01`, root `public_good`.' +
        ' Set aside: 7 (registry: it is not JSON; attestations: &#64;&#8203;kim).' +
        ' Stale trust root: public_good is of 2026-01-01; `slsa-pipeline trust refresh` fetches newer ones.',
    );
    expect(receiptLine(assessmentOf())).toBe('Assessed by `urn:test@0`, trust map `000000000000`.');
  });
});

describe('the same question by other tools', () => {
  const commands = (more: Partial<Assessment>): string[] =>
    equivalentCommands(assessmentOf({ subject: IMAGE, provenance: PROVENANCE, ...more }), 'acme/app');
  const OWN = `slsa-pipeline verify ghcr.io/acme/app@${DIGEST} --repo acme/app`;

  it.each(['own_workflow', 'trusted_builder'] as const)('names the exact signer: %s', (standing) => {
    expect(commands({ standing })).toEqual([
      OWN,
      `gh attestation verify oci://ghcr.io/acme/app@${DIGEST} --repo acme/app --cert-identity ${SIGNER} --deny-self-hosted-runners`,
      `cosign verify-attestation --type slsaprovenance1 --certificate-identity ${SIGNER} --certificate-oidc-issuer https://token.actions.githubusercontent.com ghcr.io/acme/app@${DIGEST}`,
    ]);
  });

  // cosign, told to expect a stranger, says yes to the stranger.
  it.each<[string, Partial<Assessment>]>([
    ['a signer that nobody here trusts', { standing: 'unknown_signer' }],
    ['nobody', { standing: 'unsigned', provenance: null }],
    ['no one at all', { standing: 'none', provenance: null }],
  ])('is our own alone, where it was signed by %s', (_, more) => {
    expect(commands(more)).toEqual([OWN]);
  });

  it.each(['$(id)', '`id`', 'a;id', 'a|id', 'a&&id', "a'b", 'a"b', 'a>b', 'ä'])(
    'is one word to a shell, whatever the ref: %s',
    (ref) => {
      const signer = `https://github.com/acme/app/.github/workflows/01-build-image.yml@refs/heads/${ref}`;
      const [, gh = '', cosign = ''] = commands({ standing: 'own_workflow', provenance: { ...PROVENANCE, signer } });
      const quoted = `'${signer.replaceAll("'", `'\\''`)}'`;
      expect(gh).toContain(` --cert-identity ${quoted} `);
      expect(cosign).toContain(` --certificate-identity ${quoted} `);
    },
  );
});

describe('a rehearsal', () => {
  it.each([
    [
      3,
      'Level after the merge would be Build L3, if the build there verifies. Nothing of a pull request is signed, on purpose: there is no evidence yet to check.',
    ],
    [
      2,
      'Level after the merge would be Build L2, if the build there verifies. Nothing of a pull request is signed, on purpose: there is no evidence yet to check.',
    ],
    [1, 'Level after the merge would be Build L1: nothing is signed there (`signing: none`).'],
  ] as const)('promises L%d only as what would be', (level, line) => {
    expect(rehearsalLine(level)).toBe(line);
  });
});
