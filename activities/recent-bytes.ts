/**
 * Bytes that were fetched a moment ago and never change: artifacts by id, blobs by hash. It saves requests within one repair and
 * decides nothing: a worker that does not have them asks GitHub again.
 */
import { LRUCache } from 'lru-cache';

const MAX_BYTES = 32 * 1024 * 1024;
const MAX_ENTRY_BYTES = 4 * 1024 * 1024;
const KEPT_MS = 15 * 60_000;

export interface RecentBytes {
  of(key: string, fetch: () => Promise<Buffer>): Promise<Buffer>;
  keep(key: string, bytes: Buffer): void;
}

export function recentBytes(): RecentBytes {
  const cache = new LRUCache<string, Buffer>({
    maxSize: MAX_BYTES,
    maxEntrySize: MAX_ENTRY_BYTES,
    sizeCalculation: (bytes) => Math.max(1, bytes.length),
    ttl: KEPT_MS,
  });
  const keep = (key: string, bytes: Buffer): void => void cache.set(key, bytes);
  return {
    keep,
    async of(key, fetch) {
      const known = cache.get(key);
      if (known !== undefined) return known;
      const bytes = await fetch();
      keep(key, bytes);
      return bytes;
    },
  };
}

export const artifactKey = (repositoryId: number, artifactId: number): string =>
  `artifact ${repositoryId} ${artifactId}`;
export const blobKey = (repositoryId: number, sha: string): string => `blob ${repositoryId} ${sha}`;
export const treeKey = (repositoryId: number, commit: string): string => `tree ${repositoryId} ${commit}`;
