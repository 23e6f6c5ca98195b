/** Commits and files. */
import type { ChangedFile, CommitInfo, TreeEntry } from '../git-store.ts';
import type { RepositoryRecord, World } from '../world.ts';
import { encodePath, nodeId, type Json } from './json.ts';
import { apiUrl, webUrl } from './repositories.ts';

/** Larger files have no content in JSON. Source: REST reference, "Get repository content". */
const MAX_INLINE_BYTES = 1024 * 1024;

/** The authors here are git's only: no account has their address, so both users are null. */
export function commitJson(commit: CommitInfo, repository: RepositoryRecord, world: World): Json {
  const api = apiUrl(repository, world);
  const web = webUrl(repository, world);
  const { sha, tree, message, author, committer } = commit;
  return {
    sha,
    node_id: nodeId('Commit', sha),
    commit: {
      url: `${api}/git/commits/${sha}`,
      message,
      author,
      committer,
      tree: { sha: tree, url: `${api}/git/trees/${tree}` },
      comment_count: 0,
      verification: { verified: false, reason: 'unsigned', payload: null, signature: null, verified_at: null },
    },
    url: `${api}/commits/${sha}`,
    html_url: `${web}/commit/${sha}`,
    comments_url: `${api}/commits/${sha}/comments`,
    author: null,
    committer: null,
    parents: commit.parents.map((parent) => ({
      sha: parent,
      url: `${api}/commits/${parent}`,
      html_url: `${web}/commit/${parent}`,
    })),
  };
}

export interface Compared {
  readonly base: CommitInfo;
  readonly head: CommitInfo;
  readonly mergeBase: CommitInfo;
  readonly ahead: number;
  readonly behind: number;
  readonly files: readonly ChangedFile[];
}

const EMPTY_BLOB = 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391';

/** Lines and blobs of the files are not counted here; nobody asks for them. */
export function comparisonJson(
  { base, head, mergeBase, ahead, behind, files }: Compared,
  repository: RepositoryRecord,
  world: World,
): Json {
  const api = apiUrl(repository, world);
  const web = webUrl(repository, world);
  const range = `${base.sha}...${head.sha}`;
  const status = ahead > 0 && behind > 0 ? 'diverged' : ahead > 0 ? 'ahead' : behind > 0 ? 'behind' : 'identical';
  return {
    url: `${api}/compare/${range}`,
    html_url: `${web}/compare/${range}`,
    permalink_url: `${web}/compare/${range}`,
    diff_url: `${web}/compare/${range}.diff`,
    patch_url: `${web}/compare/${range}.patch`,
    base_commit: commitJson(base, repository, world),
    merge_base_commit: commitJson(mergeBase, repository, world),
    status,
    ahead_by: ahead,
    behind_by: behind,
    total_commits: ahead,
    commits: ahead === 0 ? [] : [commitJson(head, repository, world)],
    files: files.map(({ filename, status: how, previous }) => ({
      sha: EMPTY_BLOB,
      filename,
      status: how,
      additions: 0,
      deletions: 0,
      changes: 0,
      blob_url: `${web}/blob/${head.sha}/${encodePath(filename)}`,
      raw_url: `${web}/raw/${head.sha}/${encodePath(filename)}`,
      contents_url: `${api}/contents/${encodePath(filename)}?ref=${head.sha}`,
      ...(previous === null ? {} : { previous_filename: previous }),
    })),
  };
}

/** A commit as runs carry it. */
export const simpleCommitJson = ({ sha, tree, message, author, committer }: CommitInfo): Json => ({
  id: sha,
  tree_id: tree,
  message,
  timestamp: committer.date,
  author: { name: author.name, email: author.email },
  committer: { name: committer.name, email: committer.email },
});

/** What was asked for: a path, at a ref. */
export interface Place {
  readonly path: string;
  readonly ref: string;
}

export const directoryJson = (
  entries: readonly TreeEntry[],
  { path, ref }: Place,
  repository: RepositoryRecord,
  world: World,
): Json[] =>
  entries.map((entry) => {
    const place = { path: path === '' ? entry.name : `${path}/${entry.name}`, ref };
    return entryJson(entry, place, repository, world);
  });

export function fileJson(
  { entry, bytes }: { entry: TreeEntry; bytes: Buffer },
  place: Place,
  repository: RepositoryRecord,
  world: World,
): Json {
  const isInline = bytes.length <= MAX_INLINE_BYTES;
  return {
    ...entryJson(entry, place, repository, world),
    content: isInline ? wrapped(bytes.toString('base64')) : '',
    encoding: isInline ? 'base64' : 'none',
  };
}

/** What writing a file answers: the file, and the commit that holds it. */
export async function fileCommitJson(
  { path, ref, commit }: Place & { readonly commit: string },
  repository: RepositoryRecord,
  world: World,
): Promise<Json> {
  const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
  const entries = (await repository.git.directory(commit, folder)) ?? [];
  const entry = entries.find(({ name }) => name === path.slice(path.lastIndexOf('/') + 1));
  const whole = commitJson(await repository.git.commit(commit), repository, world);
  const { sha, node_id, url, html_url, parents } = whole;
  return {
    content: entry === undefined ? null : entryJson(entry, { path, ref }, repository, world),
    commit: { ...(whole['commit'] as Json), sha, node_id, url, html_url, parents },
  };
}

function entryJson(entry: TreeEntry, { path, ref }: Place, repository: RepositoryRecord, world: World): Json {
  const isTree = entry.type === 'tree';
  const web = webUrl(repository, world);
  const self = `${apiUrl(repository, world)}/contents/${encodePath(path)}?ref=${encodeURIComponent(ref)}`;
  const git = `${apiUrl(repository, world)}/git/${isTree ? 'trees' : 'blobs'}/${entry.sha}`;
  const html = `${web}/${isTree ? 'tree' : 'blob'}/${encodePath(ref)}/${encodePath(path)}`;
  return {
    name: entry.name,
    path,
    sha: entry.sha,
    size: entry.size,
    url: self,
    html_url: html,
    git_url: git,
    download_url: isTree ? null : `${web}/raw/${encodePath(ref)}/${encodePath(path)}`,
    type: typeOf(entry),
    _links: { self, git, html },
  };
}

/** Submodules are listed as files: GitHub keeps that for those who do not know them. */
const typeOf = ({ type, mode }: TreeEntry): string =>
  type === 'tree' ? 'dir' : mode === '120000' ? 'symlink' : 'file';

/** GitHub breaks base64 into lines of 60. */
const wrapped = (base64: string): string => base64.replace(/.{1,60}/g, '$&\n');
