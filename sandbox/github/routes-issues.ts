/** Issues: their numbers are shared with pull requests, and so is their list. */
import { z } from 'zod';
import { ApiError, created, notFound, ok, type Answer, type Call, type Route } from './http.ts';
import { issueJson, pullAsIssueJson } from './representations/issues.ts';
import type { Json } from './representations/json.ts';
import { invalid, pageOf, parseBody, R, scoped, type Scoped, type Stage } from './scoped.ts';
import { nextNumber, type IssueRecord, type PullRecord, type RepositoryRecord, type World } from './world.ts';

const MAX_BODY = 65_536;
const MAX_TITLE = 256;

/** By name, or as the object that GitHub answers with. */
const Label = z.union([z.string(), z.object({ name: z.string() }).transform(({ name }) => name)]);
const NewIssue = z.object({
  title: z.string().min(1),
  body: z.string().nullish(),
  labels: z.array(Label).default([]),
});
const IssueChange = z.object({
  title: z.string().min(1).optional(),
  body: z.string().nullish(),
  state: z.enum(['open', 'closed']).optional(),
  state_reason: z.enum(['completed', 'not_planned', 'duplicate', 'reopened']).nullish(),
  labels: z.array(Label).optional(),
});

function requireSize({ title, body }: { title?: string | undefined; body?: string | null | undefined }): void {
  const problem =
    (title?.length ?? 0) > MAX_TITLE
      ? { field: 'title', message: `title is too long (maximum is ${MAX_TITLE} characters)` }
      : { field: 'body', message: `body is too long (maximum is ${MAX_BODY} characters)` };
  if ((title?.length ?? 0) > MAX_TITLE || (body?.length ?? 0) > MAX_BODY)
    throw invalid({ resource: 'Issue', code: 'custom', ...problem });
}

type Numbered = { readonly issue: IssueRecord } | { readonly pull: PullRecord };

/** Every pull request is an issue as well. */
const allOf = ({ issues, pulls }: RepositoryRecord): Numbered[] => [
  ...issues.map((issue) => ({ issue })),
  ...pulls.map((pull) => ({ pull })),
];

const numberOf = (item: Numbered): number => ('issue' in item ? item.issue.number : item.pull.number);

function find({ params }: Call, repository: RepositoryRecord): Numbered {
  const found = allOf(repository).find((item) => numberOf(item) === Number(params['number']));
  if (found === undefined) throw notFound();
  return found;
}

const numberedJson = (item: Numbered, repository: RepositoryRecord, world: World): Json =>
  'issue' in item ? issueJson(item.issue, repository, world) : pullAsIssueJson(item.pull, repository, world);

export function issueRoutes(stage: Stage): Route[] {
  const { world } = stage;
  const ONE = `${R}/issues/:number`;
  return [
    { method: 'GET', path: `${R}/issues`, handler: scoped(stage, 'issues', list(stage)) },
    { method: 'POST', path: `${R}/issues`, handler: scoped(stage, 'issues:write', create(stage)) },
    {
      method: 'GET',
      path: ONE,
      handler: scoped(stage, 'issues', (call, repository) =>
        ok(numberedJson(find(call, repository), repository, world)),
      ),
    },
    { method: 'PATCH', path: ONE, handler: scoped(stage, 'issues:write', change(stage)) },
  ];
}

const list =
  ({ world }: Stage): Scoped =>
  (call, repository): Answer => {
    const known = ['state', 'creator', 'labels', 'sort', 'direction', 'page', 'per_page'];
    const unknown = [...call.query.keys()].find((name) => !known.includes(name));
    if (unknown !== undefined) throw new ApiError(501, `The sandbox does not know how to list issues by ${unknown}`);
    const found = allOf(repository).filter(isWanted(call)).toSorted(inOrder(call));
    const { items, headers } = pageOf(call, found);
    const shown = items.map((item) => numberedJson(item, repository, world));
    return ok(shown, headers);
  };

function isWanted({ query }: Call): (item: Numbered) => boolean {
  const state = query.get('state') ?? 'open';
  const creator = query.get('creator');
  const labels = (query.get('labels') ?? '').split(',').filter((label) => label !== '');
  return (item) => {
    const { state: found } = 'issue' in item ? item.issue : item.pull;
    const { login } = 'issue' in item ? item.issue.creator : item.pull.author;
    const own = 'issue' in item ? item.issue.labels : [];
    return (
      (state === 'all' || state === found) &&
      (creator === null || creator === login) &&
      labels.every((label) => own.includes(label))
    );
  };
}

function inOrder({ query }: Call): (a: Numbered, b: Numbered) => number {
  const sign = query.get('direction') === 'asc' ? 1 : -1;
  const key = (item: Numbered): string => {
    if ('pull' in item) return item.pull.createdAt;
    return query.get('sort') === 'updated' ? item.issue.updatedAt : item.issue.createdAt;
  };
  return (a, b) => sign * (key(a).localeCompare(key(b)) || numberOf(a) - numberOf(b));
}

const create =
  ({ world, auth }: Stage): Scoped =>
  (call, repository) => {
    const { title, body, labels } = parseBody(NewIssue, call);
    requireSize({ title, body });
    const now = new Date().toISOString();
    const issue: IssueRecord = {
      id: world.nextId(),
      number: nextNumber(repository),
      title,
      body: body ?? '',
      labels,
      state: 'open',
      stateReason: null,
      creator: auth.grantOf(call).actor,
      createdAt: now,
      updatedAt: now,
      closedAt: null,
    };
    repository.issues.push(issue);
    return created(issueJson(issue, repository, world));
  };

const change =
  ({ world }: Stage): Scoped =>
  (call, repository) => {
    const found = find(call, repository);
    if ('pull' in found) throw new ApiError(501, 'The sandbox does not know how to change a pull request as an issue');
    const { issue } = found;
    const asked = parseBody(IssueChange, call);
    requireSize(asked);
    const now = new Date().toISOString();
    const { title = issue.title, body, labels = issue.labels, state = issue.state, state_reason: reason } = asked;
    const isMoved = state !== issue.state;
    Object.assign(issue, { title, labels, state, updatedAt: now, ...(body === undefined ? {} : { body: body ?? '' }) });
    if (isMoved) {
      const stateReason = reason ?? (state === 'closed' ? 'completed' : 'reopened');
      Object.assign(issue, { stateReason, closedAt: state === 'closed' ? now : null });
    }
    return ok(issueJson(issue, repository, world));
  };
