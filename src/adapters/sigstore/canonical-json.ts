/** The same JSON document has one hash, however it was written. Source: RFC 8785. */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';

/** SHA-256 in hex; null for what is no JSON value. */
export function canonicalSha256(value: unknown): string | null {
  const text = canonicalize(value);
  return text === undefined ? null : createHash('sha256').update(text).digest('hex');
}
