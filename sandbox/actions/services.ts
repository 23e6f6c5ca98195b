/** What jobs reach of the sandbox: GitHub's stores, the registry, the authorities that sign, and what an attacker changes. */
import type { World } from '../github/world.ts';
import type { Registry } from '../registry/registry.ts';
import type { JobClaims } from '../sigstore/claims.ts';
import type { Sigstore } from '../sigstore/sigstore.ts';

export interface Services {
  readonly world: World;
  readonly sigstore: Sigstore;
  readonly registry: Registry;
  readonly attack: Attack;
  /** The base address of the sandbox's GitHub API. */
  readonly apiUrl: () => string;
}

/** One signature, before it is made. */
export interface Signing {
  readonly stage: 'build' | 'sign' | 'attest';
  readonly claims: JobClaims;
  readonly statement: object;
  readonly instance: keyof Pick<Sigstore, 'publicGood' | 'github'>;
}

/** Changes what is about to be signed, or the bundle that came of it. */
export interface Attack {
  before?(signing: Signing): Signing;
  after?(bundle: unknown, signing: Signing): unknown;
}
