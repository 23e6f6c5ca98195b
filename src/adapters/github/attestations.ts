/** Attestations that GitHub keeps for a digest. Anybody with write access can have stored one: nothing here is believed. */
import { z } from 'zod';
import type { Digest } from '../../domain/git.ts';
import { ArchiveError, fetchBounded, type ArchiveSource } from './artifact-archive.ts';
import { GitHubFault } from './github-fault.ts';
import { parseReply, type Reply, type RepositoryCall } from './github-client.ts';
import { inflateBlock } from './snappy.ts';

/** An image has a handful. Whoever stores hundreds for it hides nothing: the level comes from the run's own bundle. */
const PAGE_SIZE = 30;
const MAX_PAGES = 4;
/** actions/attest takes predicates of 16 MB. */
const MAX_BUNDLE_BYTES = 24 * 1024 * 1024;
const MAX_TOTAL_BYTES = 64 * 1024 * 1024;

/** The bundle itself, or where it is kept: newer API versions give the address only. */
const Attestation = z.object({ bundle: z.unknown().optional(), bundle_url: z.string().nullish() });
const AttestationList = z.object({ attestations: z.array(Attestation) });

/** A stored bundle that cannot be had: somebody may have stored nonsense, which must not hide the others. */
export type StoredBundle =
  { readonly kind: 'bytes'; readonly bytes: Uint8Array } | { readonly kind: 'unreadable'; readonly reason: string };

export type AttestationsReading =
  | { readonly kind: 'read'; readonly bundles: readonly StoredBundle[] }
  /** Not on this plan, this server, or not granted. */
  | { readonly kind: 'not_available' };

export interface Attestations {
  bundlesOf(digest: Digest): Promise<AttestationsReading>;
}

export function attestations(call: RepositoryCall, source: ArchiveSource): Attestations {
  return {
    async bundlesOf(digest) {
      const route = 'GET /repos/{owner}/{repo}/attestations/{subject_digest}';
      const listed: Listed[] = [];
      let after: string | null = null;
      for (let page = 1; page <= MAX_PAGES; page += 1) {
        const params: Readonly<Record<string, unknown>> = {
          subject_digest: digest,
          per_page: PAGE_SIZE,
          ...(after === null ? {} : { after }),
        };
        const reply: Reply | null | 'not_available' = await call({ route, permissions: 'attestations', params }).catch(
          nullIfNone,
        );
        if (reply === 'not_available') return { kind: 'not_available' };
        if (reply !== null) listed.push(...parseReply(AttestationList, reply, route).attestations);
        after = reply === null ? null : nextCursor(reply);
        if (after === null) break;
      }
      return { kind: 'read', bundles: await readAll(listed, source) };
    },
  };
}

/** Of the next page; the address in the header is not followed, since it could lead anywhere. Source: "Using pagination". */
function nextCursor({ headers }: Reply): string | null {
  const link = String(headers['link'] ?? '');
  const next = link.split(',').find((part) => part.includes('rel="next"'));
  const cursor = /[?&]after=([^&>]+)/.exec(next ?? '')?.[1];
  return cursor === undefined ? null : decodeURIComponent(cursor);
}

/** 404 says that there are none; a private repository without Enterprise Cloud, or without the grant, is refused. */
function nullIfNone(error: unknown): null | 'not_available' {
  if (error instanceof GitHubFault && error.kind === 'not_found') return null;
  if (error instanceof GitHubFault && ['forbidden', 'unprocessable', 'gone'].includes(error.kind))
    return 'not_available';
  throw error;
}

type Listed = z.infer<typeof Attestation>;

async function readAll(list: readonly Listed[], source: ArchiveSource): Promise<StoredBundle[]> {
  const bundles: StoredBundle[] = [];
  let left = MAX_TOTAL_BYTES;
  for (const each of list) {
    const stored = await readOne(each, source, Math.min(MAX_BUNDLE_BYTES, left));
    if (stored.kind === 'bytes') left -= stored.bytes.length;
    bundles.push(stored);
  }
  return bundles;
}

async function readOne(
  { bundle, bundle_url: address }: Listed,
  source: ArchiveSource,
  budget: number,
): Promise<StoredBundle> {
  if (bundle !== undefined && bundle !== null) return { kind: 'bytes', bytes: Buffer.from(JSON.stringify(bundle)) };
  if (address === undefined || address === null)
    return { kind: 'unreadable', reason: 'it has neither a bundle nor an address' };
  try {
    return inflate(await fetchBounded(source, address, budget), budget);
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    if (error.fault === 'unavailable') throw new GitHubFault('unavailable', 'the store of attestations did not answer');
    return { kind: 'unreadable', reason: error.message };
  }
}

/** A raw snappy block, or plain JSON. The length that a block declares is looked at before anything is inflated. */
export function inflate(bytes: Uint8Array, budget: number): StoredBundle {
  if (bytes[0] === OPENING_BRACE) return { kind: 'bytes', bytes };
  const content = inflateBlock(bytes, budget);
  if (content !== null) return { kind: 'bytes', bytes: content };
  return { kind: 'unreadable', reason: `it is not a snappy block, or one of more than ${budget} bytes` };
}

const OPENING_BRACE = 0x7b;
