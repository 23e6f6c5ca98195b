/** Provenance that speaks of something else is refused by name; a signer who may not vouch lowers the level to L1. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { provenanceOf, statementAbout } from '../../../sandbox/sigstore/provenance.ts';
import type { JobClaims } from '../../../sandbox/sigstore/claims.ts';
import type { Sigstore } from '../../../sandbox/sigstore/sigstore.ts';
import type { TrustRoot } from '../../../src/adapters/sigstore/trust-root.ts';
import type { CheckId } from '../../../src/domain/evidence/checks.ts';
import {
  judgeProvenance,
  type ProvenanceExpectation,
  type ProvenanceJudgement,
} from '../../../src/domain/evidence/judge-provenance.ts';
import { defaultPolicy, TrustPolicy } from '../../../src/domain/evidence/trust-map.ts';
import type { VerifiedBundle } from '../../../src/domain/evidence/verified-bundle.ts';
import {
  BUILDER,
  BUILDER_CLAIMS,
  BUILDER_COMMIT,
  BUILDER_FILE,
  bytesOf,
  EXPECTED,
  IMAGE,
  OTHER_COMMIT,
  OTHER_HEX,
  OWN_CLAIMS,
  PATH,
  POLICY,
  sandboxRoot,
  signProvenance,
  startSigstore,
  verifiedBytes,
  withValue,
} from '../../evidence-fixtures.ts';

let sigstore: Sigstore;
let roots: readonly TrustRoot[];
let byBuilder: VerifiedBundle;
let byOwnWorkflow: VerifiedBundle;

const verified = (bundle: unknown): VerifiedBundle => verifiedBytes(bytesOf(bundle), roots);
const signedWith = async (claims: JobClaims, statement?: object): Promise<VerifiedBundle> =>
  verified(await sigstore.publicGood.sign(statement ?? statementAbout(IMAGE, provenanceOf(claims)), claims));

beforeAll(async () => {
  sigstore = await startSigstore();
  roots = [sandboxRoot('public_good', sigstore.publicGood), sandboxRoot('github', sigstore.github)];
  byBuilder = await signedWith(BUILDER_CLAIMS);
  byOwnWorkflow = await signedWith(OWN_CLAIMS);
});
afterAll(() => sigstore.stop());

const judge = (
  bundle: VerifiedBundle,
  expected: ProvenanceExpectation = EXPECTED,
  policy = POLICY,
): ProvenanceJudgement => judgeProvenance(bundle, expected, policy);

const failingIds = ({ checks }: ProvenanceJudgement): CheckId[] =>
  checks.filter(({ state }) => state === 'not_met').map(({ id }) => id);

describe('provenance of this very run', () => {
  it('by the isolated builder of the trust map is L3', () => {
    expect(judge(byBuilder)).toMatchObject({ standing: 'trusted_builder', level: 3, refused: null });
    expect(new Set(judge(byBuilder).checks.map(({ state }) => state))).toEqual(new Set(['met']));
  });

  it("by the repository's own stage file is L2", () => {
    expect(judge(byOwnWorkflow)).toMatchObject({ standing: 'own_workflow', level: 2, refused: null });
    expect(failingIds(judge(byOwnWorkflow))).toEqual([]);
  });

  it("of a private repository, with GitHub's root, is worth the same", async () => {
    const bundle = verified(await signProvenance(sigstore.github, BUILDER_CLAIMS));
    expect(judge(bundle, { ...EXPECTED, root: 'github' })).toMatchObject({ level: 3, refused: null });
  });

  it('by a builder that the map does not know is L1, however well it is signed', () => {
    expect(judge(byBuilder, EXPECTED, defaultPolicy(null))).toMatchObject({
      standing: 'unknown_signer',
      level: 1,
      refused: null,
    });
  });

  it.each([1, 2, 3] as const)('by a builder that the map holds for L%i is L%i', (level) => {
    const policy = TrustPolicy.parse({ builders: [{ workflow: BUILDER_FILE, commits: [BUILDER_COMMIT], level }] });
    expect(judge(byBuilder, EXPECTED, policy)).toMatchObject({ standing: 'trusted_builder', level });
  });

  it('names every check once, and compares all of them', () => {
    const ids = judge(byBuilder).checks.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toHaveLength(20);
  });
});

interface Attack {
  readonly what: string;
  readonly claims?: Partial<JobClaims>;
  readonly statement?: (good: object) => object;
  readonly outcome: { readonly refused: CheckId } | { readonly level: 1; readonly lowered: CheckId };
}

const refusedBy = (refused: CheckId): Attack['outcome'] => ({ refused });
const loweredBy = (lowered: CheckId): Attack['outcome'] => ({ level: 1, lowered });

const PREDICATE = ['predicate', 'buildDefinition'] as const;
const EXTERNAL = [...PREDICATE, 'externalParameters'] as const;
const second = { name: 'ghcr.io/acme/other', digest: { sha256: OTHER_HEX } };

/** Of evidence.md, "What must be refused": whatever the certificate and the statement can say. Its other half is in `hostile.test.ts`. */
const ATTACKS: readonly Attack[] = [
  {
    what: 'a repository of the same name, made anew',
    claims: { repository_id: '99999999' },
    outcome: refusedBy('repository_id'),
  },
  {
    what: 'an owner of the same name, made anew',
    claims: { repository_owner_id: '1' },
    outcome: refusedBy('owner_id'),
  },
  { what: 'a repository of a near name', claims: { repository: 'acme/app-evil' }, outcome: refusedBy('repository') },
  {
    what: 'a repository whose name ends as ours',
    claims: { repository: 'evil/acme/app' },
    outcome: refusedBy('repository'),
  },
  {
    what: 'a builder at a branch',
    claims: { job_workflow_ref: `${BUILDER_FILE}@refs/heads/main` },
    outcome: loweredBy('signer'),
  },
  {
    what: 'a builder at a tag',
    claims: { job_workflow_ref: `${BUILDER_FILE}@refs/tags/v1` },
    outcome: loweredBy('signer'),
  },
  {
    what: 'a builder at a commit that nobody reviewed',
    claims: { job_workflow_ref: `${BUILDER_FILE}@${OTHER_COMMIT}`, job_workflow_sha: OTHER_COMMIT },
    outcome: loweredBy('signer'),
  },
  {
    what: 'a branch of the builder that is named like its commit',
    claims: { job_workflow_sha: OTHER_COMMIT },
    outcome: loweredBy('signer_digest'),
  },
  {
    what: 'a builder of a near name',
    claims: { job_workflow_ref: BUILDER.replace('acme-builders/builder/', 'acme-builders/builder-evil/') },
    outcome: loweredBy('signer'),
  },
  {
    what: 'a builder whose file has a near name',
    claims: { job_workflow_ref: BUILDER.replace('build-image.yml', 'build-image.yml.attacker.yml') },
    outcome: loweredBy('signer'),
  },
  { what: 'a self-hosted runner', claims: { runner_environment: 'self-hosted' }, outcome: loweredBy('runner') },
  {
    what: 'another issuer',
    claims: { iss: 'https://token.actions.githubusercontent.com/evil' },
    outcome: loweredBy('issuer'),
  },
  { what: 'a pull request', claims: { event_name: 'pull_request' }, outcome: refusedBy('trigger') },
  { what: 'a pull request from a fork', claims: { event_name: 'pull_request_target' }, outcome: refusedBy('trigger') },
  { what: 'a push, where a run was dispatched', claims: { event_name: 'push' }, outcome: refusedBy('trigger') },
  { what: 'an older commit, replayed', claims: { sha: OTHER_COMMIT }, outcome: refusedBy('commit') },
  { what: 'another branch', claims: { ref: 'refs/heads/evil' }, outcome: refusedBy('ref') },
  { what: 'a tag of the same name', claims: { ref: 'refs/tags/main' }, outcome: refusedBy('ref') },
  {
    what: 'another file of the repository, which calls the builder as well',
    claims: { workflow_ref: 'acme/app/.github/workflows/evil.yml@refs/heads/main' },
    outcome: refusedBy('config'),
  },
  { what: 'another run', claims: { run_id: '7000000002' }, outcome: refusedBy('run') },
  { what: 'another attempt', claims: { run_attempt: '2' }, outcome: refusedBy('run') },
  {
    what: 'another image',
    statement: (good) => withValue(good, ['subject', 0, 'digest', 'sha256'], OTHER_HEX),
    outcome: refusedBy('subject'),
  },
  {
    what: 'another image too',
    statement: (good) => withValue(good, ['subject', 1], second),
    outcome: refusedBy('subject'),
  },
  {
    what: 'another image first',
    statement: (good) => withValue(good, ['subject'], [second, ...(good as { subject: object[] }).subject]),
    outcome: refusedBy('subject'),
  },
  {
    what: 'an image named by another hash',
    statement: (good) => withValue(good, ['subject', 0, 'digest'], { sha512: 'b'.repeat(128) }),
    outcome: refusedBy('subject'),
  },
  {
    what: 'the image with its hash in capitals',
    statement: (good) => withValue(good, ['subject', 0, 'digest', 'sha256'], IMAGE.digest.slice(7).toUpperCase()),
    outcome: refusedBy('subject'),
  },
  {
    what: 'provenance of an older format',
    statement: (good) => withValue(good, ['predicateType'], 'https://slsa.dev/provenance/v0.2'),
    outcome: refusedBy('predicate_type'),
  },
  {
    what: 'no provenance under its name',
    statement: (good) => withValue(good, ['predicate'], { builder: 'me' }),
    outcome: refusedBy('build_type'),
  },
  {
    what: 'a build of another type',
    statement: (good) =>
      withValue(good, [...PREDICATE, 'buildType'], 'https://actions.github.io/buildtypes/workflow/v2'),
    outcome: refusedBy('build_type'),
  },
  {
    what: 'a builder id that is not the signer',
    statement: (good) =>
      withValue(good, ['predicate', 'runDetails', 'builder', 'id'], `https://github.com/${BUILDER}x`),
    outcome: refusedBy('builder_id'),
  },
  {
    what: 'one more external parameter',
    statement: (good) => withValue(good, [...EXTERNAL, 'inputs'], { flags: '--build-arg EVIL=1' }),
    outcome: refusedBy('parameters'),
  },
  {
    what: 'one more external parameter under a name that objects hide',
    statement: (good) => {
      const text = JSON.stringify(good).replace(
        '"externalParameters":{',
        '"externalParameters":{"__proto__":{"evil":1},',
      );
      return JSON.parse(text) as object;
    },
    outcome: refusedBy('parameters'),
  },
  {
    what: 'one more part in the workflow parameter',
    statement: (good) => withValue(good, [...EXTERNAL, 'workflow', 'inputs'], {}),
    outcome: refusedBy('parameters'),
  },
  {
    what: 'another workflow in the parameter',
    statement: (good) => withValue(good, [...EXTERNAL, 'workflow', 'path'], `${PATH}.evil.yml`),
    outcome: refusedBy('parameters'),
  },
  {
    what: 'no workflow in the parameters',
    statement: (good) => withValue(good, EXTERNAL, {}),
    outcome: refusedBy('parameters'),
  },
  {
    what: 'materials without the commit',
    statement: (good) => withValue(good, [...PREDICATE, 'resolvedDependencies'], []),
    outcome: refusedBy('source'),
  },
  {
    what: 'materials of another commit',
    statement: (good) =>
      withValue(good, [...PREDICATE, 'resolvedDependencies', 0, 'digest', 'gitCommit'], OTHER_COMMIT),
    outcome: refusedBy('source'),
  },
  {
    what: 'another run in the statement than in the certificate',
    statement: (good) =>
      withValue(
        good,
        ['predicate', 'runDetails', 'metadata', 'invocationId'],
        'https://github.com/acme/app/actions/runs/1',
      ),
    outcome: refusedBy('invocation'),
  },
];

describe.each(ATTACKS)('really signed: $what', ({ claims, statement, outcome }) => {
  it(`is ${'refused' in outcome ? `refused by "${outcome.refused}"` : `no more than L1, by "${outcome.lowered}"`}`, async () => {
    const job = { ...BUILDER_CLAIMS, ...claims };
    // What the platform's own generator writes: nobody had to lie in the statement, unless the row says so.
    const truthful = statementAbout(IMAGE, provenanceOf(job));
    const judged = judge(await signedWith(job, statement?.(truthful) ?? truthful));
    if ('refused' in outcome) {
      expect(judged.refused).toMatchObject({ id: outcome.refused, state: 'not_met' });
      expect(judged.refused?.expected).not.toBe(judged.refused?.found);
    } else {
      expect(judged).toMatchObject({ level: 1, refused: null });
      expect(failingIds(judged)).toEqual([outcome.lowered]);
    }
  });
});

describe('what a bundle of the other authority is worth', () => {
  it('nothing, where the public good is required', async () => {
    const bundle = verified(await signProvenance(sigstore.github, BUILDER_CLAIMS));
    expect(judge(bundle).refused).toMatchObject({ id: 'root', expected: 'public_good', found: 'github' });
  });

  it('L1, where the map trusts the builder with the public good alone', async () => {
    const policy = TrustPolicy.parse({
      builders: [{ workflow: BUILDER_FILE, commits: [BUILDER_COMMIT], level: 3, roots: ['public_good'] }],
    });
    const bundle = verified(await signProvenance(sigstore.github, BUILDER_CLAIMS));
    expect(judge(bundle, { ...EXPECTED, root: null }, policy)).toMatchObject({ standing: 'unknown_signer', level: 1 });
    expect(judge(byBuilder, { ...EXPECTED, root: null }, policy)).toMatchObject({ level: 3 });
  });
});

describe('a certificate that says too little', () => {
  const LOWERS: readonly (keyof VerifiedBundle['claims'])[] = [
    'issuer',
    'buildSignerUri',
    'buildSignerDigest',
    'runnerEnvironment',
  ];
  const REFUSES: readonly (keyof VerifiedBundle['claims'])[] = [
    'sourceRepositoryUri',
    'sourceRepositoryDigest',
    'sourceRepositoryRef',
    'sourceRepositoryId',
    'sourceOwnerId',
    'buildConfigUri',
    'buildTrigger',
    'runInvocationUri',
  ];

  it.each(LOWERS)('without %s is no more than L1', (claim) => {
    expect(judge(withValue(byBuilder, ['claims', claim], null))).toMatchObject({ level: 1, refused: null });
  });
  it.each(REFUSES)('without %s is refused', (claim) => {
    expect(judge(withValue(byBuilder, ['claims', claim], null)).refused).not.toBeNull();
    expect(judge(withValue(byBuilder, ['claims', claim], '')).refused).not.toBeNull();
  });

  it('whose subject is the builder while its claims name another is no more than L1', () => {
    const evil = withValue(
      byBuilder,
      ['claims', 'buildSignerUri'],
      'https://github.com/evil/evil/.github/workflows/x.yml@v1',
    );
    expect(judge(evil)).toMatchObject({ level: 1 });
    expect(failingIds(judge(evil))).toEqual(['signer']);
  });
});

describe('what was not asked for', () => {
  const ASKED_NOTHING: ProvenanceExpectation = {
    ...EXPECTED,
    repository: { fullName: 'acme/app', id: null, ownerId: null },
    commit: null,
    ref: null,
    run: null,
    root: null,
  };

  it('is shown as not assessed, and the rest still compared', () => {
    const judged = judge(byBuilder, ASKED_NOTHING);
    expect(judged).toMatchObject({ level: 3, refused: null });
    const open = judged.checks.filter(({ state }) => state === 'not_assessed').map(({ id }) => id);
    expect(open).toEqual(['root', 'repository_id', 'owner_id', 'commit', 'ref', 'config', 'run']);
  });

  it.each(['workflow_dispatch', 'push', 'create', 'release'])('accepts provenance of a %s', async (event) => {
    expect(judge(await signedWith({ ...BUILDER_CLAIMS, event_name: event }), ASKED_NOTHING).refused).toBeNull();
  });
  it.each(['pull_request', 'repository_dispatch', 'workflow_run', 'schedule'])(
    'refuses that of a %s',
    async (event) => {
      expect(judge(await signedWith({ ...BUILDER_CLAIMS, event_name: event }), ASKED_NOTHING).refused).toMatchObject({
        id: 'trigger',
      });
    },
  );

  it('does not make a stranger of the own workflow at whatever ref, nor a friend of another file', async () => {
    const atTag = { ...OWN_CLAIMS, ref: 'refs/tags/v1', workflow_ref: `acme/app/${PATH}@refs/tags/v1` };
    const own = await signedWith({ ...atTag, job_workflow_ref: atTag.workflow_ref });
    expect(judge(own, ASKED_NOTHING)).toMatchObject({ standing: 'own_workflow', level: 2, refused: null });
    const other = await signedWith({ ...atTag, job_workflow_ref: 'acme/app/.github/workflows/evil.yml@refs/tags/v1' });
    expect(judge(other, ASKED_NOTHING)).toMatchObject({ standing: 'unknown_signer', level: 1 });
  });
});

describe('provenance of the old build type', () => {
  const old = (claims: JobClaims): Promise<VerifiedBundle> => {
    const typed = withValue(
      statementAbout(IMAGE, provenanceOf(claims)),
      [...PREDICATE, 'buildType'],
      'https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1',
    );
    const builder = 'https://github.com/actions/runner/github-hosted';
    return signedWith(claims, withValue(typed, ['predicate', 'runDetails', 'builder', 'id'], builder));
  };

  it('is never more than L2, whoever signed', async () => {
    expect(judge(await old(BUILDER_CLAIMS))).toMatchObject({ standing: 'trusted_builder', level: 2, refused: null });
    expect(judge(await old(OWN_CLAIMS))).toMatchObject({ level: 2, refused: null });
  });
});
