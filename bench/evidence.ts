/** What verification costs: one bundle once everything is warm, and a hundred of one image, as anybody could store them. */
import { Sigstore } from '../sandbox/sigstore/sigstore.ts';
import { trustedRootJson } from '../sandbox/sigstore/trust.ts';
import type { JobClaims } from '../sandbox/sigstore/claims.ts';
import { provenanceOf, statementAbout } from '../sandbox/sigstore/provenance.ts';
import { loadTrustRoot } from '../src/adapters/sigstore/trust-root.ts';
import { verifyBundle } from '../src/adapters/sigstore/verify-bundle.ts';
import { atMost, exactly, type Row } from './rows.ts';

const CLAIMS: JobClaims = {
  iss: 'https://token.actions.githubusercontent.com',
  event_name: 'workflow_dispatch',
  sha: 'a'.repeat(40),
  ref: 'refs/heads/main',
  repository: 'acme/app',
  repository_id: '1',
  repository_owner: 'acme',
  repository_owner_id: '2',
  repository_visibility: 'public',
  workflow: 'SLSA 01 build',
  workflow_ref: 'acme/app/.github/workflows/01-build-image.yml@refs/heads/main',
  workflow_sha: 'a'.repeat(40),
  job_workflow_ref: `acme-platform/slsa-builder/.github/workflows/build-image.yml@${'b'.repeat(40)}`,
  job_workflow_sha: 'b'.repeat(40),
  runner_environment: 'github-hosted',
  run_id: '3',
  run_attempt: '1',
};

const BUNDLES = 100;
const WARM_UP = 10;

export async function evidence(): Promise<readonly Row[]> {
  const sigstore = await Sigstore.start();
  const now = new Date();
  const json = JSON.stringify(trustedRootJson(sigstore.publicGood));
  const root = loadTrustRoot({ name: 'public_good', json, asOf: now.toISOString() }, 1, now);
  const subject = { name: 'ghcr.io/acme/app', digest: `sha256:${'c'.repeat(64)}` };
  const bundles = await Promise.all(
    Array.from({ length: BUNDLES }, async (_, index) => {
      const claims = { ...CLAIMS, run_id: String(index + 1) };
      const bundle = await sigstore.publicGood.sign(statementAbout(subject, provenanceOf(claims)), claims);
      return Buffer.from(JSON.stringify(bundle));
    }),
  );
  await sigstore.stop();
  for (const bytes of bundles.slice(0, WARM_UP)) verifyBundle(bytes, [root]);
  const before = process.memoryUsage().rss;
  const started = performance.now();
  const times = bundles.map((bytes) => {
    const from = performance.now();
    const { kind } = verifyBundle(bytes, [root]);
    return { kind, took: performance.now() - from };
  });
  const all = performance.now() - started;
  const sorted = times.map(({ took }) => took).toSorted((a, b) => a - b);
  return [
    exactly('bundles that verified', times.filter(({ kind }) => kind === 'verified').length, BUNDLES),
    atMost('one bundle, warm: p50', sorted[BUNDLES / 2] ?? 0, 50, ' ms'),
    atMost('one bundle, warm: the slowest', sorted.at(-1) ?? 0, 50, ' ms'),
    atMost('a hundred bundles of one digest', all, 2000, ' ms'),
    atMost('memory that they added', (process.memoryUsage().rss - before) / 2 ** 20, 100, ' MB'),
  ];
}
