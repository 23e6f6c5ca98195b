/** What an attacker could make of the evidence, each as a scenario: what is signed differs, everything else is as always. */
import type { Attack, Signing } from './actions/services.ts';
import type { JobClaims } from './sigstore/claims.ts';
import { provenanceOf } from './sigstore/provenance.ts';

export interface AttackScenario extends Attack {
  /** What the attacker did, in a sentence. */
  readonly story: string;
}

/** The attacker's own job, honest about itself: certificate and provenance agree. */
const asAnother =
  (change: (claims: JobClaims) => Partial<JobClaims>) =>
  (signing: Signing): Signing => {
    if (signing.stage !== 'build') return signing;
    const claims = { ...signing.claims, ...change(signing.claims) };
    return { ...signing, claims, statement: { ...signing.statement, ...provenanceOf(claims) } };
  };

const withStatement =
  (stage: Signing['stage'], change: (statement: Statement) => object) =>
  (signing: Signing): Signing =>
    signing.stage === stage ? { ...signing, statement: change(signing.statement as Statement) } : signing;

interface Statement {
  readonly subject: readonly { readonly name: string; readonly digest: { readonly sha256: string } }[];
  readonly predicate: Readonly<Record<string, unknown>>;
}

const FOREIGN = { name: 'ghcr.io/acme/other', digest: { sha256: 'e'.repeat(64) } };

export const ATTACKS: Readonly<Record<string, AttackScenario>> = {
  'other-repository': {
    story: 'Provenance of a repository with a near name, acme/app-evil, is put in place of this one.',
    before: asAnother(({ repository, workflow_ref: ref }) => ({
      repository: `${repository}-evil`,
      workflow_ref: ref.replace(repository, `${repository}-evil`),
    })),
  },
  'recycled-name': {
    story: 'The repository was deleted, and somebody else made one of the same name.',
    before: asAnother(() => ({ repository_id: '666' })),
  },
  'recycled-owner': {
    story: 'The owner was renamed, and somebody else took the old name.',
    before: asAnother(() => ({ repository_owner_id: '666' })),
  },
  'older-commit': {
    story: 'The good provenance of an older commit is replayed.',
    before: asAnother(() => ({ sha: '0123456789abcdef0123456789abcdef01234567' })),
  },
  'other-ref': {
    story: 'Provenance of a build of another branch is put in place of this one.',
    before: asAnother(({ workflow_ref: ref }) => ({
      ref: 'refs/heads/feature',
      workflow_ref: `${ref.split('@')[0] ?? ''}@refs/heads/feature`,
    })),
  },
  'other-run': {
    story: 'Somebody starts the build workflow by hand, and its provenance is put in place of this run.',
    before: asAnother(() => ({ run_id: '4242424242' })),
  },
  'builder-branch': {
    story: 'The builder is called by its branch: whoever can push there decides what it does.',
    before: asAnother(({ job_workflow_ref: ref }) => ({
      job_workflow_ref: `${ref.split('@')[0] ?? ''}@refs/heads/main`,
    })),
  },
  'unreviewed-builder': {
    story: 'The builder stands at a commit that nobody reviewed.',
    before: asAnother(({ job_workflow_ref: ref }) => ({
      job_workflow_ref: `${ref.split('@')[0] ?? ''}@${'b'.repeat(40)}`,
      job_workflow_sha: 'b'.repeat(40),
    })),
  },
  'self-hosted': {
    story: "The build ran on somebody's own machine.",
    before: asAnother(() => ({ runner_environment: 'self-hosted' })),
  },
  'pull-request': {
    story: 'A pull request started the build.',
    before: asAnother(() => ({ event_name: 'pull_request' })),
  },
  'other-image': {
    story: 'The provenance is good, and about another image.',
    before: withStatement('build', (statement) => ({ ...statement, subject: [FOREIGN] })),
  },
  'two-images': {
    story: 'The provenance speaks of this image and of a foreign one.',
    before: withStatement('build', (statement) => ({ ...statement, subject: [...statement.subject, FOREIGN] })),
  },
  'extra-parameter': {
    story: 'The build took an input that is not part of the commit.',
    before: withStatement('build', ({ predicate, ...statement }) => {
      const definition = predicate['buildDefinition'] as Readonly<Record<string, unknown>>;
      const externalParameters = { ...(definition['externalParameters'] as object), inputs: { debug: 'true' } };
      return { ...statement, predicate: { ...predicate, buildDefinition: { ...definition, externalParameters } } };
    }),
  },
  'false-builder-id': {
    story: 'The provenance claims another builder than the one that signed it.',
    before: withStatement('build', ({ predicate, ...statement }) => ({
      ...statement,
      predicate: {
        ...predicate,
        runDetails: { ...(predicate['runDetails'] as object), builder: { id: 'https://example.org/the-best-builder' } },
      },
    })),
  },
  'other-authority': {
    story: "It is signed by GitHub's own authority, where the public log is asked for.",
    before: (signing) => (signing.stage === 'build' ? { ...signing, instance: 'github' } : signing),
  },
  'altered-after-signing': {
    story: 'One byte of the provenance is changed after it was signed.',
    after: (bundle, { stage }) => (stage === 'build' ? altered(bundle) : bundle),
  },
  'other-sbom': {
    story: 'The SBOM that is attested is not the one that was scanned.',
    before: withStatement('attest', (statement) => ({
      ...statement,
      predicate: { ...statement.predicate, components: [] },
    })),
  },
  'foreign-signature': {
    story: 'Another workflow of the same repository signed the image.',
    before: (signing) =>
      signing.stage === 'sign'
        ? {
            ...signing,
            claims: {
              ...signing.claims,
              job_workflow_ref: signing.claims.job_workflow_ref.replace('04-sign-image', 'release'),
            },
          }
        : signing,
  },
};

function altered(bundle: unknown): unknown {
  const copy = structuredClone(bundle) as { dsseEnvelope: { payload: string } };
  const payload = Buffer.from(copy.dsseEnvelope.payload, 'base64').toString('utf8');
  copy.dsseEnvelope.payload = Buffer.from(payload.replace('github-hosted', 'github-hosteb')).toString('base64');
  return copy;
}
