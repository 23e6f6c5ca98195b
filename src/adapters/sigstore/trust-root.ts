/** Trust roots: read, checked and kept apart. What a root does not know is untrusted; a stale one says so. */
import { createHash } from 'node:crypto';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toTrustMaterial, Verifier, type TrustMaterial } from '@sigstore/verify';
import type { RootFacts } from '../../domain/evidence/assessment.ts';
import type { RootName } from '../../domain/evidence/verified-bundle.ts';

export class TrustRootError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TrustRootError';
  }
}

export interface TrustRootSource {
  readonly name: RootName;
  /** A `trusted_root.json`. Source: sigstore/protobuf-specs, `sigstore_trustroot.proto`. */
  readonly json: string;
  /** ISO date from which it is. */
  readonly asOf: string;
}

export interface TrustRoot {
  readonly facts: RootFacts;
  /** DER of every certificate that may issue for signers. */
  readonly issuers: readonly Buffer[];
  readonly material: TrustMaterial;
  readonly verifier: Verifier;
}

const DAY_MS = 24 * 3_600_000;

/** @throws TrustRootError that names the root and what is wrong with it */
export function loadTrustRoot({ name, json, asOf }: TrustRootSource, maxAgeDays: number, now: Date): TrustRoot {
  const root = parse(name, json);
  requireStarts(name, root);
  const material = materialOf(name, root);
  // An instance that keeps a log shows it in its root; one that keeps none is trusted by its time-stamps.
  const logs = root.tlogs.length > 0 ? 1 : 0;
  const certificates = root.ctlogs.length > 0 ? 1 : 0;
  if (logs === 0 && root.timestampAuthorities.length === 0) {
    throw new TrustRootError(
      `Trust root ${name} has neither a log nor a time-stamp authority: no signature could be dated.`,
    );
  }
  return {
    facts: {
      name,
      sha256: createHash('sha256').update(json).digest('hex'),
      asOf,
      // A date that cannot be read makes it no younger.
      isStale: !(now.getTime() - Date.parse(asOf) <= maxAgeDays * DAY_MS),
    },
    issuers: material.certificateAuthorities.flatMap(({ certChain }) => certChain.map(({ subject }) => subject)),
    material,
    verifier: new Verifier(material, { tlogThreshold: logs, ctlogThreshold: certificates, timestampThreshold: 1 }),
  };
}

function parse(name: RootName, json: string): TrustedRoot {
  try {
    return TrustedRoot.fromJSON(JSON.parse(json));
  } catch (error) {
    const why = error instanceof Error ? error.message : 'it cannot be read';
    throw new TrustRootError(`Trust root ${name} is not a trusted_root.json: ${why}`);
  }
}

function materialOf(name: RootName, root: TrustedRoot): TrustMaterial {
  try {
    return toTrustMaterial(root);
  } catch (error) {
    const why = error instanceof Error ? error.message : 'it cannot be read';
    throw new TrustRootError(`Trust root ${name} has a key or a certificate that cannot be read: ${why}`);
  }
}

/** The library takes a missing start for the beginning of time: a key would then vouch for what was signed before it was made. */
function requireStarts(
  name: RootName,
  { certificateAuthorities, timestampAuthorities, tlogs, ctlogs }: TrustedRoot,
): void {
  if (certificateAuthorities.length === 0)
    throw new TrustRootError(`Trust root ${name} names no certificate authority.`);
  const spans = [
    ...[...certificateAuthorities, ...timestampAuthorities].map(({ uri, validFor }) => ({ uri, validFor })),
    ...[...tlogs, ...ctlogs].map(({ baseUrl, publicKey }) => ({ uri: baseUrl, validFor: publicKey?.validFor })),
  ];
  const open = spans.find(({ validFor }) => validFor?.start === undefined);
  if (open !== undefined) {
    throw new TrustRootError(
      `Trust root ${name}: ${open.uri} has no start of its validity, so it would count for all of the past.`,
    );
  }
}
