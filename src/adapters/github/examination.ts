/** What the doctor asks GitHub: about the App, its webhook, and one repository. */
import { z } from 'zod';
import type { Hook, RequiredCheck } from '../../domain/doctor/findings.ts';
import type { Repository } from '../../domain/repository.ts';
import { parseReply, repositoryCall, type Line, type Reply } from './github-client.ts';
import type { AppCall } from './tokens.ts';

const App = z.object({
  id: z.number(),
  slug: z.string(),
  permissions: z.record(z.string(), z.string()),
  events: z.array(z.string()),
});
const HookConfig = z.object({
  url: z.string().nullish(),
  content_type: z.string().nullish(),
  secret: z.string().nullish(),
  insecure_ssl: z.union([z.string(), z.number()]).nullish(),
});
const Installation = z.object({
  id: z.number(),
  permissions: z.record(z.string(), z.string()),
  suspended_at: z.string().nullish(),
});
const Workflows = z.object({ workflows: z.array(z.object({ path: z.string(), state: z.string() })) });
const Rules = z.array(
  z.object({
    type: z.string(),
    parameters: z
      .object({
        required_status_checks: z
          .array(z.object({ context: z.string(), integration_id: z.number().nullish() }))
          .optional(),
      })
      .nullish(),
  }),
);

export interface AppExamination {
  readonly id: number;
  readonly slug: string;
  readonly permissions: Readonly<Record<string, string>>;
  readonly events: readonly string[];
  /** Ours minus GitHub's; null where it named no time. */
  readonly skewSeconds: number | null;
}

export async function examineApp(call: AppCall): Promise<AppExamination> {
  const route = 'GET /app';
  const reply = await call(route, {});
  return { ...parseReply(App, reply, route), skewSeconds: skewOf(reply) };
}

function skewOf({ headers }: Reply): number | null {
  const date = Date.parse(String(headers['date'] ?? ''));
  return Number.isNaN(date) ? null : (Date.now() - date) / 1000;
}

export async function examineHook(call: AppCall): Promise<Hook> {
  const route = 'GET /app/hook/config';
  const {
    url,
    content_type: contentType,
    secret,
    insecure_ssl: insecure,
  } = parseReply(HookConfig, await call(route, {}), route);
  return {
    url: url ?? null,
    contentType: contentType ?? null,
    hasSecret: secret != null && secret !== '',
    isInsecure: String(insecure ?? '0') === '1',
  };
}

export interface InstallationExamination {
  readonly permissions: Readonly<Record<string, string>>;
  readonly isSuspended: boolean;
}

export async function examineInstallation(
  call: AppCall,
  { owner, name }: Repository,
): Promise<InstallationExamination> {
  const route = 'GET /repos/{owner}/{repo}/installation';
  const { permissions, suspended_at: at } = parseReply(Installation, await call(route, { owner, repo: name }), route);
  return { permissions, isSuspended: at != null };
}

export interface RepositoryExamination {
  /** Workflow files of Actions by name, with their states. */
  readonly workflows: ReadonlyMap<string, string>;
  readonly requiredChecks: readonly RequiredCheck[];
}

export async function examineRepository(line: Line, repository: Repository): Promise<RepositoryExamination> {
  const call = repositoryCall(line, repository);
  const listing = 'GET /repos/{owner}/{repo}/actions/workflows';
  const { workflows } = parseReply(
    Workflows,
    await call({ route: listing, permissions: 'dispatch', params: { per_page: 100 } }),
    listing,
  );
  const ruling = 'GET /repos/{owner}/{repo}/rules/branches/{branch}';
  const params = { branch: repository.defaultBranch, per_page: 100 };
  const rules = parseReply(Rules, await call({ route: ruling, permissions: 'read', params }), ruling);
  return {
    workflows: new Map(workflows.map(({ path, state }) => [path.replace(/^\.github\/workflows\//, ''), state])),
    requiredChecks: rules
      .filter(({ type }) => type === 'required_status_checks')
      .flatMap(({ parameters }) => parameters?.required_status_checks ?? [])
      .map(({ context, integration_id: appId }) => ({ context, appId: appId ?? null })),
  };
}
