/** Signing as a job of Actions, and where the bundles are kept. */
import { z } from 'zod';
import { STAGE_TABLE } from '../../src/domain/stage/stage-table.ts';
import { claimsOf } from '../sigstore/claims.ts';
import type { JobPlace } from './runner/job-facts.ts';
import type { Services, Signing } from './services.ts';

export interface Signed {
  readonly bundle: unknown;
  readonly predicateType: string;
}

/** Signs a statement as the job; an attacker may have his say. */
export async function signAs(
  place: JobPlace,
  { sigstore, attack }: Pick<Services, 'sigstore' | 'attack'>,
  { statement, instance }: Pick<Signing, 'statement' | 'instance'>,
): Promise<Signed> {
  const planned: Signing = { stage: stageOf(place), claims: claimsOf(place), statement, instance };
  const signing = attack.before?.(planned) ?? planned;
  const signed = await sigstore[signing.instance].sign(signing.statement, signing.claims);
  const bundle = attack.after === undefined ? signed : attack.after(signed, signing);
  return { bundle, predicateType: Statement.parse(signing.statement).predicateType };
}

/** With GitHub, where it is found by the digest of its subject. Source: API, "Create an attestation". */
export function storeAttestation(
  { repository }: Pick<JobPlace, 'repository'>,
  { world }: Pick<Services, 'world'>,
  { digest, signed: { bundle, predicateType } }: { readonly digest: string; readonly signed: Signed },
): number {
  const id = world.nextId();
  repository.attestations.push({ id, digest, predicateType, bundle, createdAt: new Date().toISOString() });
  return id;
}

const Statement = z.object({ predicateType: z.string() });

const stageOf = ({ run }: JobPlace): Signing['stage'] => {
  if (run.file === STAGE_TABLE.sign.file) return 'sign';
  return run.file === STAGE_TABLE.attest.file ? 'attest' : 'build';
};
