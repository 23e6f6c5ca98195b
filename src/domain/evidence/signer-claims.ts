/**
 * What a certificate says of the job that asked for it. Fulcio copies these from GitHub's OIDC token, so they are the
 * platform's words and not the repository's. Source: sigstore/fulcio, `docs/oid-info.md`.
 */

/** Numbers under 1.3.6.1.4.1.57264.1; each value is a DER UTF8String. The older ones, 1 to 6, hold raw text. */
export const CLAIM_NUMBERS = {
  issuer: 8,
  buildSignerUri: 9,
  buildSignerDigest: 10,
  runnerEnvironment: 11,
  sourceRepositoryUri: 12,
  sourceRepositoryDigest: 13,
  sourceRepositoryRef: 14,
  sourceRepositoryId: 15,
  sourceOwnerUri: 16,
  sourceOwnerId: 17,
  buildConfigUri: 18,
  buildConfigDigest: 19,
  buildTrigger: 20,
  runInvocationUri: 21,
  visibility: 22,
} as const;
export type ClaimName = keyof typeof CLAIM_NUMBERS;

/** Where an older claim stands beside its successor, both say the same or the certificate is refused. */
export const OLDER_CLAIMS = {
  issuer: 1,
  buildTrigger: 2,
  sourceRepositoryDigest: 3,
  sourceRepositoryRef: 6,
} as const satisfies Partial<Record<ClaimName, number>>;

/** Null where the certificate has no such claim. */
export type SignerClaims = Readonly<Record<ClaimName, string | null>>;
