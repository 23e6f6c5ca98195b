/** A route of a repository, behind the permission that GitHub asks for; and bodies, refused as GitHub refuses them. */
import type { z } from 'zod';
import type { ActionsEngine } from '../actions/engine.ts';
import type { Auth } from './auth.ts';
import { ApiError, notFound, type Answer, type Call, type Handler } from './http.ts';
import { findRepository, type RepositoryRecord, type World } from './world.ts';

export interface Stage {
  readonly world: World;
  readonly auth: Auth;
  readonly engine: ActionsEngine;
}

export type Scoped = (call: Call, repository: RepositoryRecord) => Answer | Promise<Answer>;

export function scoped({ world, auth }: Stage, permission: string, handler: Scoped): Handler {
  return (call) => {
    const repository = findRepository(world, call.params['owner'] ?? '', call.params['repo'] ?? '');
    auth.grantOf(call);
    if (repository === null) throw notFound();
    auth.require(call, repository.id, permission);
    return handler(call, repository);
  };
}

export const R = '/repos/:owner/:repo';

export function parseBody<S extends z.ZodType>(schema: S, call: Call): z.output<S> {
  const parsed = schema.safeParse(call.body);
  if (!parsed.success) throw new ApiError(422, `Validation Failed: ${parsed.error.issues[0]?.message ?? ''}`);
  return parsed.data;
}
