/** Git's own objects, as "Git database" shows them. */
import type { CommitInfo } from '../git-store.ts';
import type { RepositoryRecord, World } from '../world.ts';
import { nodeId, type Json } from './json.ts';
import { apiUrl, webUrl } from './repositories.ts';

/** Lines of `git ls-tree --long`. */
export const treeJson = (
  sha: string,
  lines: readonly string[],
  truncated: boolean,
  { repository, world }: { readonly repository: RepositoryRecord; readonly world: World },
): Json => {
  const api = `${apiUrl(repository, world)}/git`;
  return {
    sha,
    url: `${api}/trees/${sha}`,
    tree: lines.map((line) => {
      const [info = '', path = ''] = line.split('\t');
      const [mode = '', type = '', entry = '', size = ''] = info.split(/ +/);
      const sized = type === 'blob' ? { size: Number.parseInt(size, 10) || 0 } : {};
      const kind = type === 'tree' ? 'trees' : 'blobs';
      return {
        path,
        mode,
        type,
        sha: entry,
        ...sized,
        ...(type === 'commit' ? {} : { url: `${api}/${kind}/${entry}` }),
      };
    }),
    truncated,
  };
};

export function gitCommitJson(commit: CommitInfo, repository: RepositoryRecord, world: World): Json {
  const { sha, tree, message, author, committer, parents } = commit;
  const api = apiUrl(repository, world);
  const web = webUrl(repository, world);
  const addresses = (of: string): Json => ({ url: `${api}/git/commits/${of}`, html_url: `${web}/commit/${of}` });
  return {
    sha,
    node_id: nodeId('Commit', sha),
    ...addresses(sha),
    author,
    committer,
    message,
    tree: { sha: tree, url: `${api}/git/trees/${tree}` },
    parents: parents.map((parent) => ({ sha: parent, ...addresses(parent) })),
    verification: { verified: false, reason: 'unsigned', payload: null, signature: null, verified_at: null },
  };
}

export function refJson(ref: string, sha: string, repository: RepositoryRecord, world: World): Json {
  const api = apiUrl(repository, world);
  const object = { type: 'commit', sha, url: `${api}/git/commits/${sha}` };
  return { ref, node_id: nodeId('Ref', ref), url: `${api}/git/${ref}`, object };
}
