/** A bundle whose signature was checked: what is known of it now, and what is still only claimed. */
import type { SignerClaims } from './signer-claims.ts';

/** Which trust root vouched; a name of the operator's own trust map, or one of the two that are built in. */
export type RootName = string;
export const PUBLIC_GOOD = 'public_good';
export const GITHUB = 'github';

/** Where people can look each thing up by themselves. */
export interface BundleReceipt {
  /** SHA-256 of the bundle's bytes as found. */
  readonly bundleSha256: string;
  /** SHA-256 of the signature itself: the same attestation has it wherever it is kept. */
  readonly signatureSha256: string;
  readonly certificateSerial: string;
  /** In the transparency log; null where the root keeps none. */
  readonly logIndex: string | null;
  /** When it was signed, by the log's or the time-stamp authority's clock; ISO. */
  readonly signedAt: string | null;
}

/** An in-toto statement; its predicate is the signer's word, of whatever shape. */
export interface Statement {
  readonly predicateType: string;
  /** SHA-256 of each subject, in hex; null for one without. */
  readonly subjects: readonly (string | null)[];
  readonly predicate: unknown;
}

export interface VerifiedBundle {
  readonly root: RootName;
  /** The certificate's one URI subject: who signed. */
  readonly signer: string;
  readonly claims: SignerClaims;
  readonly statement: Statement;
  readonly receipt: BundleReceipt;
}

/** Why a bundle is worth nothing, by cause. */
export type RejectionCode =
  | 'not_a_bundle'
  | 'too_large'
  | 'untrusted_certificate'
  | 'bad_signature'
  | 'bad_log_entry'
  | 'bad_timestamp'
  | 'bad_certificate'
  | 'not_a_statement';

export interface RejectedBundle {
  readonly code: RejectionCode;
  /** A sentence without a full stop. */
  readonly reason: string;
  readonly bundleSha256: string;
}

export type BundleVerification =
  | { readonly kind: 'verified'; readonly bundle: VerifiedBundle }
  | { readonly kind: 'rejected'; readonly rejection: RejectedBundle };
