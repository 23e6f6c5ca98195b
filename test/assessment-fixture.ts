/** An assessment as a clean run of an isolated builder has it; tests change what they are about. */
import type { Assessment } from '../src/domain/evidence/assessment.ts';
import type { RunEvidence } from '../src/domain/evidence/run-evidence.ts';
import { Digest } from '../src/domain/git.ts';

export const assessmentOf = (more: Partial<Assessment> = {}): Assessment => ({
  schemaVersion: 1,
  subject: { name: 'ghcr.io/acme/app', digest: Digest.parse(`sha256:${'9c'.repeat(32)}`) },
  result: 'met',
  level: 3,
  expectedLevel: 3,
  standing: 'trusted_builder',
  requirements: [],
  failing: null,
  checks: [],
  provenance: null,
  inputs: [],
  setAside: { count: 0, examples: [] },
  verifier: { id: 'urn:test', version: '0' },
  trustMapDigest: '0'.repeat(64),
  roots: [],
  ...more,
});

export const assessed = (more: Partial<Assessment> = {}): RunEvidence => ({
  kind: 'assessed',
  assessment: assessmentOf(more),
  vsa: null,
});
