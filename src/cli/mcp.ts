/** `mcp`: the embedded MCP server. Started by the worker with a token that is lent to it; anybody else may start it with theirs. */
import { Secret } from '../domain/secret.ts';
import { serveMcp } from '../mcp-server/serve-mcp.ts';
import { UsageError } from './usage-error.ts';
import { VERSION } from './version.ts';

/** By the names that GitHub's own MCP server reads, so that one can stand in for the other. */
export async function mcp(env: NodeJS.ProcessEnv): Promise<void> {
  const {
    GITHUB_PERSONAL_ACCESS_TOKEN: token = '',
    GITHUB_HOST: host = 'https://github.com',
    GITHUB_TOOLS: tools,
  } = env;
  if (token === '') throw new UsageError('GITHUB_PERSONAL_ACCESS_TOKEN is not set: the token that the tools act with.');
  if (!URL.canParse(host)) throw new UsageError(`GITHUB_HOST: ${host} is no address, such as https://github.com.`);
  const wanted = tools === undefined || tools === '' ? null : tools.split(',');
  await serveMcp({ token: new Secret(token), host, tools: wanted, version: VERSION });
}
