/** The edges of looking at evidence: what is gone is unknown, what was changed is refused, what cannot be read is retried. */
import { describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { zipSync } from 'fflate';
import { createEvidenceActivities, type EvidenceAnswer, type EvidenceInput } from '../../activities/assess-evidence.ts';
import type { Answer } from '../../activities/failures.ts';
import type { GitHub, RepositoryApi } from '../../src/adapters/github/github.ts';
import { readEnvironment } from '../../src/cli/environment.ts';
import { evidencePartsFor } from '../../src/cli/evidence.ts';
import { CommitSha, Digest, GitRef } from '../../src/domain/git.ts';

const DIGEST = Digest.parse(`sha256:${'a'.repeat(64)}`);
const INPUT: EvidenceInput = {
  repository: {
    id: 1,
    owner: 'acme',
    ownerId: 2,
    name: 'app',
    defaultBranch: 'main',
    visibility: 'public',
    installationId: 3,
  },
  commit: CommitSha.parse('c'.repeat(40)),
  ref: GitRef.parse('refs/heads/main'),
  image: { name: 'registry.example/acme/app', digest: DIGEST },
  signing: 'public_log',
  hasBuilder: false,
  build: {
    run: {
      actionsRunId: 9,
      attempt: 1,
      url: '',
      conclusion: 'success',
      startedAt: '',
      endedAt: '',
      artifact: { id: 5, name: 'slsa-build-1' },
    },
    stageFile: '01-build-image.yml',
    sha256: 'f'.repeat(64),
  },
  signature: null,
  attestation: null,
};

interface World {
  readonly location?: string | null;
  readonly reply?: () => Promise<Response>;
}

async function look({ location = 'https://api.github.com/blob', reply }: World): Promise<Answer<EvidenceAnswer>> {
  const archive = zipSync({ 'provenance.json': new TextEncoder().encode('{}') });
  const api = {
    actions: { artifactLocation: () => Promise.resolve(location), machinesOf: () => Promise.resolve([]) },
    attestations: { bundlesOf: () => Promise.resolve({ kind: 'read', bundles: [] }) },
  } as unknown as RepositoryApi;
  const github: GitHub = {
    identity: () => Promise.reject(new Error('not asked for')),
    repository: () => api,
    organisation: () => api.contents,
    deliveries: null,
    lendToken: () => Promise.reject(new Error('not asked for')),
    archives: {
      baseUrl: 'https://api.github.com',
      fetch: reply ?? (() => Promise.resolve(new Response(new Uint8Array(archive)))),
    },
  };
  const activities = createEvidenceActivities(github, await evidencePartsFor(readEnvironment({})));
  return new MockActivityEnvironment().run(() => activities.assessEvidence(INPUT));
}

describe('evidence', () => {
  it('that has expired is unknown, and says how to get it anew', async () => {
    await expect(look({ location: null })).rejects.toMatchObject({
      type: 'GitHubRefused',
      message: expect.stringContaining('/slsa rerun all'),
    });
  });

  it('that cannot be fetched is asked for again', async () => {
    const reply = (): Promise<Response> => Promise.resolve(new Response('', { status: 503 }));
    await expect(look({ reply })).rejects.toMatchObject({ type: 'GitHubUnavailable' });
  });

  it('whose bytes are others than were collected is refused', async () => {
    const answer = await look({});
    expect(answer).toMatchObject({
      kind: 'answered',
      value: {
        assessment: {
          result: 'failed',
          level: 0,
          failing: { id: 'signature', found: 'the artifact has other bytes than this run collected' },
        },
      },
    });
  });

  it('in an archive that is no zip is refused as well', async () => {
    const reply = (): Promise<Response> => Promise.resolve(new Response('nonsense'));
    expect(await look({ reply })).toMatchObject({ value: { assessment: { result: 'failed' } } });
  });
});
