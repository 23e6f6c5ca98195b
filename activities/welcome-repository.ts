/** What a repository needs to be known by, where an event names it only: its default branch, and the commit there. */
import type { GitHub } from '../src/adapters/github/github.ts';
import { branchRef, type CommitSha, type GitRef } from '../src/domain/git.ts';
import { Repository } from '../src/domain/repository.ts';
import { answer, type Answer } from './failures.ts';

export interface NamedRepository {
  readonly id: number;
  readonly name: string;
  readonly owner: { readonly id: number; readonly login: string };
  readonly installationId: number;
}

export interface DefaultTip {
  readonly repository: Repository;
  readonly ref: GitRef;
  readonly tip: CommitSha;
}

export interface WelcomeActivities {
  /** Null where there is nothing to look at: it is gone, or empty. */
  findDefaultTip(named: NamedRepository): Promise<Answer<DefaultTip | null>>;
}

export const createWelcomeActivities = (github: GitHub): WelcomeActivities => ({
  findDefaultTip: ({ id, name, owner, installationId }) =>
    answer(async () => {
      const known = { id, name, owner: owner.login, ownerId: owner.id, installationId };
      // Only the address counts for the first question.
      const facts = await github
        .repository({ ...known, defaultBranch: 'HEAD', visibility: 'private' })
        .contents.facts();
      if (facts === null) return null;
      const repository = Repository.parse({ ...known, ...facts });
      const ref = branchRef(repository.defaultBranch);
      const tip = await github.repository(repository).contents.commitAt(ref);
      return tip === null ? null : { repository, ref, tip };
    }),
});
