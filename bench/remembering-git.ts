/**
 * A repository that reads git once and then remembers, until the next commit: else the sandbox's fifty git processes a run
 * are most of what a pipeline seems to cost.
 */
import { GitStore } from '../sandbox/github/git-store.ts';
import type { RepositoryRecord } from '../sandbox/github/world.ts';

class RememberingGit extends GitStore {
  private readonly texts = new Map<string, Promise<string>>();
  private readonly files = new Map<string, Promise<Buffer | null>>();

  override git(...args: string[]): Promise<string> {
    return remembered(this.texts, args.join('\0'), () => super.git(...args));
  }

  override file(commit: string, path: string): Promise<Buffer | null> {
    return remembered(this.files, `${commit}\0${path}`, () => super.file(commit, path));
  }

  override async commitFiles(...args: Parameters<GitStore['commitFiles']>): Promise<string> {
    const sha = await new GitStore(this.dir).commitFiles(...args);
    this.texts.clear();
    this.files.clear();
    return sha;
  }
}

function remembered<T>(known: Map<string, Promise<T>>, key: string, read: () => Promise<T>): Promise<T> {
  const found = known.get(key) ?? read();
  known.set(key, found);
  return found;
}

/** Of a repository that is only written through `commitFiles` from now on. */
export const rememberGit = (repository: RepositoryRecord): RepositoryRecord =>
  Object.assign(repository, { git: new RememberingGit(repository.git.dir) });
