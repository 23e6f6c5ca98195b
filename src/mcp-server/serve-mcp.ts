/** `slsa-pipeline mcp`: the embedded MCP server, over stdio, with a token that was lent to it. */
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { repositoryWriting } from '../adapters/github/repository-writing.ts';
import { Secret } from '../domain/secret.ts';
import { registerTools, TOOL_NAMES } from './tools.ts';

export interface McpServing {
  readonly token: Secret;
  /** As GITHUB_HOST names it: `https://github.com`, or a GHES host. */
  readonly host: string;
  /** Null: all of them. */
  readonly tools: readonly string[] | null;
  readonly version: string;
}

/** Ends with its client. */
export async function serveMcp({ token, host, tools, version }: McpServing): Promise<void> {
  const server = new McpServer({ name: 'slsa-pipeline', version });
  const endpoint = { baseUrl: apiOf(host), fetch: globalThis.fetch };
  registerTools(server, (owner, name) => repositoryWriting(token, endpoint, { owner, name }), tools ?? TOOL_NAMES);
  const ended = new Promise<void>((resolve) => {
    server.server.onclose = resolve;
    process.stdin.once('end', resolve);
  });
  await server.connect(new StdioServerTransport());
  await ended;
}

/** Source: github-mcp-server, pkg/utils/api.go: github.com has a host of its own, every other server a path. */
const apiOf = (host: string): string =>
  new URL(host).hostname === 'github.com' ? 'https://api.github.com' : `${host.replace(/\/$/, '')}/api/v3`;
