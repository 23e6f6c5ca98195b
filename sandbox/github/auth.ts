/** App JWTs and installation tokens, as GitHub checks them: narrowed, expiring, and refused when they may not. */
import { createPublicKey, randomBytes, verify } from 'node:crypto';
import { z } from 'zod';
import { ApiError, type Call } from './http.ts';
import type { User, World } from './world.ts';

export interface Grant {
  readonly repositoryIds: readonly number[] | null;
  readonly permissions: Readonly<Record<string, string>>;
  readonly expiresAt: number;
  readonly actor: User;
  readonly isApp: boolean;
}

/** What the App was granted at installation: app.yml's permissions. */
export const GRANTED: Readonly<Record<string, string>> = {
  actions: 'write',
  attestations: 'read',
  checks: 'write',
  contents: 'write',
  issues: 'write',
  merge_queues: 'read',
  metadata: 'read',
  pull_requests: 'write',
  statuses: 'write',
};

/** What the App does not have at all is below every level; levels that GitHub does not know are above all. */
const LEVELS = ['', 'read', 'write'];
const rank = (level: string): number => (LEVELS.includes(level) ? LEVELS.indexOf(level) : LEVELS.length);

export class Auth {
  private readonly grants = new Map<string, Grant>();
  private readonly world: World;
  /** Tests shorten it. */
  tokenLifetimeMs = 3_600_000;

  constructor(world: World) {
    this.world = world;
  }

  /** A token that a person made: everything the person may do. */
  personalToken(user: User): string {
    const token = `ghp_${randomBytes(18).toString('hex')}`;
    this.grants.set(token, {
      repositoryIds: null,
      permissions: GRANTED,
      expiresAt: Infinity,
      actor: user,
      isApp: false,
    });
    return token;
  }

  requireApp(call: Call): void {
    const jwt = /^bearer (.+)$/i.exec(call.headers.authorization ?? '')?.[1] ?? '';
    const [header = '', payload = '', signature = ''] = jwt.split('.');
    const key = createPublicKey(this.world.app.publicKey);
    const isSigned = verify(
      'RSA-SHA256',
      Buffer.from(`${header}.${payload}`),
      key,
      Buffer.from(signature, 'base64url'),
    );
    const claims = Claims.safeParse(parse(payload));
    const now = Date.now() / 1000;
    const isValid =
      claims.success &&
      String(claims.data.iss) === String(this.world.app.id) &&
      claims.data.exp > now &&
      claims.data.exp <= now + 660;
    if (!isSigned || !isValid) throw new ApiError(401, 'A JSON web token could not be decoded');
  }

  mint(request: unknown): { token: string; grant: Grant } {
    const { data: wanted } = MintRequest.safeParse(request ?? {});
    if (wanted === undefined) throw new ApiError(422, 'Invalid request.');
    const permissions = { metadata: 'read', ...(wanted.permissions ?? GRANTED) };
    for (const [name, level] of Object.entries(permissions)) {
      const granted = GRANTED[name];
      if (granted === undefined || rank(level) > rank(granted)) {
        throw new ApiError(422, 'The permissions requested are not granted to this installation.');
      }
    }
    const token = `ghs_${this.world.app.id}_${randomBytes(120).toString('base64url')}.${randomBytes(80).toString('base64url')}`;
    const grant = {
      repositoryIds: this.repositoriesWanted(wanted),
      permissions,
      expiresAt: Date.now() + this.tokenLifetimeMs,
      actor: this.world.app.bot,
      isApp: true,
    };
    this.grants.set(token, grant);
    return { token, grant };
  }

  /** Ids of the repositories that a token is narrowed to; null where it is not. */
  private repositoriesWanted({
    repository_ids: ids,
    repositories: names,
  }: z.infer<typeof MintRequest>): number[] | null {
    if (ids === undefined && names === undefined) return null;
    const all = [...this.world.repositories.values()];
    const found = [
      ...(ids ?? []).map((id) => this.world.repositories.get(id)),
      ...(names ?? []).map((name) => all.find((each) => each.name === name)),
    ];
    const known = found.filter((repository) => repository !== undefined);
    if (known.length === found.length) return known.map(({ id }) => id);
    throw new ApiError(
      422,
      'There is at least one repository that does not exist or is not accessible to the parent installation.',
    );
  }

  /**
   * @param permission a permission, at a level (`issues:write`); where any of several will do, they stand with a bar
   *   between them.
   * @throws ApiError as GitHub would refuse.
   */
  require(call: Call, repositoryId: number, permission: string): Grant {
    const accepted = permission.split('|').map((each) => each.split(':'));
    const grant = this.grantOf(call);
    if (grant.repositoryIds !== null && !grant.repositoryIds.includes(repositoryId))
      throw new ApiError(404, 'Not Found');
    const isHeld = accepted.some(([name = '', level = 'read']) => rank(grant.permissions[name] ?? '') >= rank(level));
    if (isHeld) return grant;
    const header = accepted.map(([name, level = 'read']) => `${name}=${level}`).join('; ');
    throw new ApiError(403, 'Resource not accessible by integration', {
      headers: { 'x-accepted-github-permissions': header },
    });
  }

  /** A token that its holder has no use for any more. */
  revoke(call: Call): void {
    this.grantOf(call);
    this.grants.delete(tokenOf(call) ?? '');
  }

  grantOf(call: Call): Grant {
    const token = tokenOf(call);
    const grant = token === undefined ? undefined : this.grants.get(token);
    if (grant === undefined || grant.expiresAt < Date.now()) throw new ApiError(401, 'Bad credentials');
    return grant;
  }
}

const tokenOf = ({ headers }: Call): string | undefined =>
  /^(?:token|bearer) (.+)$/i.exec(headers.authorization ?? '')?.[1];

const Claims = z.object({ iss: z.union([z.string(), z.number()]), exp: z.number() });
const MintRequest = z.object({
  repositories: z.array(z.string()).optional(),
  repository_ids: z.array(z.number()).optional(),
  permissions: z.record(z.string(), z.string()).optional(),
});

function parse(base64url: string): unknown {
  try {
    return JSON.parse(Buffer.from(base64url, 'base64url').toString('utf8'));
  } catch {
    return null;
  }
}
