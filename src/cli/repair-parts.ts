/** Who repairs: the model, the MCP server and their limits, as the environment names them. */
import type { RepairParts } from '../../activities/index.ts';
import { claude } from '../adapters/claude/claude.ts';
import type { McpServerChoice } from '../adapters/mcp/repository-tools.ts';
import { MAIN_PROGRAM } from '../adapters/program-files.ts';
import type { Environment } from './environment.ts';
import { UsageError } from './usage-error.ts';

export function repairParts(environment: Environment): RepairParts {
  const { ANTHROPIC_API_KEY: apiKey, ANTHROPIC_BASE_URL: baseUrl, ANTHROPIC_MODEL: model } = environment;
  return {
    claude: apiKey === undefined ? null : claude({ apiKey, baseUrl, model, fetch: globalThis.fetch }),
    limits: { runsAnHour: environment.REPAIR_RUNS_AN_HOUR, tokensADay: environment.REPAIR_TOKENS_A_DAY },
    mcp: { choice: mcpServer(environment.MCP_SERVER), host: githubHost(environment.GITHUB_API_URL) },
  };
}

/** The one of this program, in a process of its own. */
export const EMBEDDED: McpServerChoice = { kind: 'embedded', command: [process.execPath, MAIN_PROGRAM, 'mcp'] };

function mcpServer(given: string | undefined): McpServerChoice {
  if (given === undefined) return EMBEDDED;
  if (given === 'none') return { kind: 'none' };
  if (/^https?:\/\//.test(given)) return { kind: 'http', url: safeAddress(given) };
  return { kind: 'command', command: given.split(' ').filter((word) => word !== '') };
}

/** A token goes there: in the clear only where it does not leave this machine. */
function safeAddress(given: string): string {
  const url = URL.canParse(given) ? new URL(given) : null;
  const isSafe = url?.protocol === 'https:' || ['127.0.0.1', 'localhost', '[::1]'].includes(url?.hostname ?? '');
  if (!isSafe) throw new UsageError('MCP_SERVER: this address would be given a token in the clear. Use https://.');
  return given;
}

/** As MCP servers are told: `https://github.com`, or the host of a GHES. */
export function githubHost(apiUrl: string): string {
  const { origin, hostname } = new URL(apiUrl);
  return hostname === 'api.github.com' ? 'https://github.com' : origin;
}
