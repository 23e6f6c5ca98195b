/** A route of a repository, behind the permission that GitHub asks for; and bodies, refused as GitHub refuses them. */
import type { PullRequestRuns } from '../actions/pull-request-runs.ts';
import type { z } from 'zod';
import type { ActionsEngine } from '../actions/engine.ts';
import type { Auth } from './auth.ts';
import type { Events } from './events.ts';
import { ApiError, notFound, type Answer, type Call, type FieldError, type Handler } from './http.ts';
import type { Webhooks } from './webhooks.ts';
import { findRepository, type RepositoryRecord, type World } from './world.ts';

export interface Stage {
  readonly world: World;
  readonly auth: Auth;
  readonly engine: ActionsEngine;
  readonly webhooks: Webhooks;
  readonly events: Events;
  readonly pullRuns: PullRequestRuns;
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
  if (!parsed.success) throw new ApiError(422, `Invalid request.\n\n${parsed.error.issues[0]?.message ?? ''}`);
  return parsed.data;
}

/** How GitHub refuses a field whose form is right. */
export const invalid = (error: FieldError): ApiError => new ApiError(422, 'Validation Failed', { errors: [error] });

const DEFAULT_PAGE = 30;
const MAX_PAGE = 100;

/** One page of a list, as `per_page` and `page` ask for it, and the addresses of the others. */
export function pageOf<T>(
  { query, path, baseUrl }: Call,
  all: readonly T[],
): { items: T[]; headers: Answer['headers'] } {
  const size = Math.min(MAX_PAGE, Math.max(1, Number(query.get('per_page') ?? DEFAULT_PAGE)));
  const page = Math.max(1, Number(query.get('page') ?? 1));
  const last = Math.max(1, Math.ceil(all.length / size));
  const links = [
    ...(page > 1 ? [['prev', page - 1] as const, ['first', 1] as const] : []),
    ...(page < last ? [['next', page + 1] as const, ['last', last] as const] : []),
  ].map(([name, number]) => {
    const to = new URLSearchParams([...query].filter(([key]) => key !== 'page'));
    to.set('page', String(number));
    return `<${baseUrl}${path}?${to.toString()}>; rel="${name}"`;
  });
  const items = all.slice((page - 1) * size, page * size);
  return { items, headers: links.length === 0 ? {} : { link: links.join(', ') } };
}
