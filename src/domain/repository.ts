/** Which repository, and as whom the App acts there. */
import { z } from 'zod';

/**
 * Repositories are told apart by their numeric ids, which survive a rename and are never given to another; names are
 * for addresses and for people.
 */
export const Repository = z.object({
  id: z.number().int().positive(),
  owner: z.string().regex(/^[A-Za-z0-9_.-]{1,100}$/),
  ownerId: z.number().int().positive(),
  name: z.string().regex(/^[A-Za-z0-9_.-]{1,100}$/),
  defaultBranch: z.string().min(1).max(250),
  visibility: z.enum(['public', 'private', 'internal']),
  /** Null where a plain token is used instead of an App, and where an event did not name it: then it is looked up. */
  installationId: z.number().int().positive().nullable(),
});
export type Repository = z.infer<typeof Repository>;

export const fullName = (repository: Pick<Repository, 'owner' | 'name'>): string =>
  `${repository.owner}/${repository.name}`;
