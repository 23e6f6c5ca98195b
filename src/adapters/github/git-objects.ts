/** Git's own arithmetic: what a file or a folder is called by its contents. Source: git, "Git Internals - Git Objects". */
import { createHash } from 'node:crypto';

export interface TreeEntry {
  readonly path: string;
  /** As the API writes it: `100644`, `040000`. */
  readonly mode: string;
  readonly type: 'blob' | 'tree' | 'commit';
  readonly sha: string;
  readonly bytes: number;
}

const nameOf = (type: 'blob' | 'tree', bytes: Buffer): string =>
  createHash('sha1').update(`${type} ${bytes.length}\0`).update(bytes).digest('hex');

export const blobSha = (bytes: Buffer): string => nameOf('blob', bytes);

/**
 * The name of the whole tree once these files have other contents: a commit that has it holds exactly these changes, with every
 * path, mode and byte beside them as it was.
 *
 * @param entries the whole tree, folders included.
 * @throws Error where a changed path is no file of the tree.
 */
export function treeShaAfter(entries: readonly TreeEntry[], changes: ReadonlyMap<string, string>): string {
  const byFolder = Map.groupBy(entries, ({ path }) => path.slice(0, Math.max(0, path.lastIndexOf('/'))));
  const touched = new Set(['', ...[...changes.keys()].flatMap(foldersOf)]);
  const missing = [...changes.keys()].find(
    (path) => !entries.some((entry) => entry.path === path && entry.type === 'blob'),
  );
  if (missing !== undefined) throw new Error(`${missing} is no file of this tree`);
  const shaOf = (folder: string): string => {
    const own = (byFolder.get(folder) ?? []).map((entry) => {
      if (entry.type === 'tree') return touched.has(entry.path) ? { ...entry, sha: shaOf(entry.path) } : entry;
      return { ...entry, sha: changes.get(entry.path) ?? entry.sha };
    });
    return nameOf('tree', Buffer.concat(own.toSorted(inGitsOrder).map(recordOf)));
  };
  return shaOf('');
}

const foldersOf = (path: string): string[] => {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
};

const lastName = ({ path }: TreeEntry): string => path.slice(path.lastIndexOf('/') + 1);

/** By bytes, and a folder as if its name ended with a slash. */
const inGitsOrder = (a: TreeEntry, b: TreeEntry): number => Buffer.compare(sortKey(a), sortKey(b));
const sortKey = (entry: TreeEntry): Buffer =>
  Buffer.from(entry.type === 'tree' ? `${lastName(entry)}/` : lastName(entry));

const recordOf = (entry: TreeEntry): Buffer =>
  Buffer.concat([Buffer.from(`${entry.mode.replace(/^0/, '')} ${lastName(entry)}\0`), Buffer.from(entry.sha, 'hex')]);
