/** Raw requests of the stand-in GitHub, with tokens of any kind: for what the product's own adapter never asks. */
import { createAppAuth } from '@octokit/auth-app';
import type { StageScript, StageScripts } from '../../sandbox/actions/scripts.ts';
import type { Sandbox } from '../../sandbox/box.ts';
import type { RepositoryRecord } from '../../sandbox/github/world.ts';
import type { Stage } from '../../src/domain/stage/stage-table.ts';
import type { Repository } from '../../src/domain/repository.ts';

const atOnce: StageScript = () =>
  Promise.resolve({
    conclusion: 'success',
    artifact: new Map([['stage.json', '{}']]),
    steps: [{ name: 'x', conclusion: 'success' }],
  });

/** Every stage succeeds at once. */
export const stubs: StageScripts = () => atOnce;

/** All but one. */
export const stubsBut =
  (stage: Stage, script: StageScript): StageScripts =>
  (job) =>
    job.stage === stage ? script : stubs(job);

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed where it is JSON, text else. */
  readonly body: unknown;
}

export interface Asked {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** @param what method and path, as in `GET /user`. */
export async function ask(box: Sandbox, what: string, { token, body, headers }: Asked = {}): Promise<Reply> {
  const [method = 'GET', path = ''] = what.split(' ');
  const reply = await fetch(path.startsWith('http') ? path : `${box.url}${path}`, {
    method,
    redirect: 'manual',
    headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await reply.text();
  const isJson = reply.headers.get('content-type')?.startsWith('application/json') === true;
  return { status: reply.status, headers: reply.headers, body: isJson ? JSON.parse(text) : text };
}

export async function appJwt({ app }: Sandbox, privateKey = app.privateKey): Promise<string> {
  const { token } = await createAppAuth({ appId: app.appId, privateKey })({ type: 'app' });
  return token;
}

export interface Narrowing {
  readonly repository_ids?: readonly number[];
  readonly repositories?: readonly string[];
  readonly permissions?: Readonly<Record<string, string>>;
}

export async function mint(box: Sandbox, narrowing: Narrowing = {}): Promise<Reply> {
  const path = `/app/installations/${box.world.installationId}/access_tokens`;
  return ask(box, `POST ${path}`, { token: await appJwt(box), body: narrowing });
}

/** An installation's token, narrowed as asked for. */
export async function tokenFor(box: Sandbox, narrowing: Narrowing = {}): Promise<string> {
  const { body } = await mint(box, narrowing);
  return (body as { token: string }).token;
}

export const pathOf = ({ owner, name }: RepositoryRecord): string => `/repos/${owner.login}/${name}`;

/** A repository as the product's domain has it. */
export const asDomain = (
  box: Sandbox,
  { id, name, owner, visibility, defaultBranch }: RepositoryRecord,
): Repository => ({
  id,
  name,
  owner: owner.login,
  ownerId: owner.id,
  visibility,
  defaultBranch,
  installationId: box.world.installationId,
});
