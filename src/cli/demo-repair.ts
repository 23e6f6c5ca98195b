/** Who repairs in the sandbox: its own Claude, and the embedded MCP server, by the product's own ways. */
import type { RepairParts } from '../../activities/index.ts';
import type { Sandbox } from '../../sandbox/box.ts';
import { claude } from '../adapters/claude/claude.ts';
import { Secret } from '../domain/secret.ts';
import { EMBEDDED, githubHost } from './repair-parts.ts';

export const sandboxRepair = ({ url, claude: server }: Sandbox): RepairParts => ({
  claude: claude({
    apiKey: new Secret(server.apiKey),
    baseUrl: server.url,
    model: 'claude-sonnet-5-5',
    fetch: globalThis.fetch,
  }),
  limits: { runsAnHour: 1000, tokensADay: 100_000_000 },
  mcp: { choice: EMBEDDED, host: githubHost(url) },
});
