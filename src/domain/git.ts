/** Git's own words: commits and refs, as GitHub writes them. */
import { z } from 'zod';

/** A full commit SHA-1 as GitHub writes it: 40 lower-case hex digits. */
export const CommitSha = z
  .string()
  .regex(/^[0-9a-f]{40}$/, 'a commit is written as 40 lower-case hex digits')
  .brand<'CommitSha'>();
export type CommitSha = z.infer<typeof CommitSha>;

/** Seven digits are what GitHub's own pages show. */
export const shortSha = (sha: CommitSha): string => sha.slice(0, 7);

const MAX_REF_LENGTH = 400;

/**
 * A full ref name (`refs/heads/…`, `refs/tags/…`, `refs/pull/N/head`) that git itself would accept.
 *
 * Source: git-check-ref-format(1). The rule matters beyond tidiness: a ref is part of Temporal ids, run titles and
 * dispatch inputs, and the blank that it cannot contain is what separates it there.
 */
export const GitRef = z
  .string()
  .max(MAX_REF_LENGTH)
  .refine(isWellFormedRef, 'not a full ref name that git accepts (refs/heads/main, refs/tags/v1)')
  .brand<'GitRef'>();
export type GitRef = z.infer<typeof GitRef>;

function isWellFormedRef(ref: string): boolean {
  const isFull = /^refs\/(heads|tags)\/.+/.test(ref) || /^refs\/pull\/\d+\/head$/.test(ref);

  const hasForbidden = /[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|\/$|\.$/.test(ref);
  const hasBadPart = ref.split('/').some((part) => part.startsWith('.') || part.endsWith('.lock'));
  return isFull && !hasForbidden && !hasBadPart;
}

/** `refs/heads/release/1.0` is `release/1.0`, `refs/tags/v1` is `v1`, `refs/pull/7/head` is `pull/7/head`. */
export const shortRef = (ref: GitRef): string => ref.replace(/^refs\/(heads\/|tags\/)?/, '');

export const isTag = (ref: GitRef): boolean => ref.startsWith('refs/tags/');
export const branchRef = (branch: string): GitRef => GitRef.parse(`refs/heads/${branch}`);

/** An OCI content digest. Only SHA-256 is accepted: it is what registries, cosign and in-toto statements share. */
export const Digest = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, 'a digest is written as sha256: and 64 lower-case hex digits')
  .brand<'Digest'>();
export type Digest = z.infer<typeof Digest>;

export const shortDigest = (digest: Digest): string => `${digest.slice(0, 'sha256:'.length + 12)}…`;
