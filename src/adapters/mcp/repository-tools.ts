/** The MCP client of repairs: two tools, of one repository that this code names and no model does, each with a deadline (threat T13). */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { CallToolResultSchema, ErrorCode, McpError } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { ProcessTransport } from './process-transport.ts';

export type McpServerChoice =
  /** Our own, as a child process. */
  | { readonly kind: 'embedded'; readonly command: readonly string[] }
  /** GitHub's, or another that has its tools: a command that is started, or an address. */
  | { readonly kind: 'command'; readonly command: readonly string[] }
  | { readonly kind: 'http'; readonly url: string }
  | { readonly kind: 'none' };

export interface McpSettings {
  readonly choice: McpServerChoice;
  /** As GITHUB_HOST is written. */
  readonly host: string;
  /** For each answer; half a minute where it is not said. */
  readonly timeoutMs?: number;
}

/** Why a call did not do what it was asked to, for people: the caller does it by REST then. */
export class McpFault extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'McpFault';
  }
}

export interface McpFile {
  readonly path: string;
  readonly content: string;
  readonly mode: string;
}

export interface RepositoryTools {
  createBranch(branch: string, from: string): Promise<void>;
  pushFiles(push: McpPush): Promise<void>;
}

export interface McpPush {
  readonly branch: string;
  readonly message: string;
  readonly files: readonly McpFile[];
  /** Where the branch stands, for servers that take our word for it. */
  readonly head: { readonly commit: string; readonly tree: string };
}

const TOOLS = ['create_branch', 'push_files'] as const;
const TIMEOUT_MS = 30_000;

/** Runs some work with the server's tools, and lets the server go whatever came of it. @throws McpFault */
export async function withRepositoryTools(
  { choice, host, timeoutMs: timeout = TIMEOUT_MS }: McpSettings,
  { token, owner, name }: { readonly token: string; readonly owner: string; readonly name: string },
  work: (tools: RepositoryTools) => Promise<void>,
): Promise<void> {
  const transport = transportOf(choice, { token, host });
  if (transport === null) throw new McpFault('no MCP server is set');
  const client = new Client({ name: 'slsa-pipeline', version: '1' });
  const fail = new Promise<never>((_resolve, reject) => {
    client.onerror = () => reject(new McpFault('the MCP server printed what is no answer'));
    client.onclose = () => reject(new McpFault('the MCP server has ended'));
  });
  fail.catch(() => undefined);
  try {
    await Promise.race([client.connect(transport, { timeout }), fail]);
    const knows = await Promise.race([requireTools(client, timeout), fail]);
    await Promise.race([work(toolsOf(client, { owner, repo: name, knows, timeout })), fail]);
  } catch (error) {
    if (error instanceof McpFault) throw error;
    throw new McpFault(whatWentWrong(error));
  } finally {
    await transport.close();
  }
}

const REQUEST_TIMEOUT: number = ErrorCode.RequestTimeout;

/** In words of ours: a server's own may be long, and may hold the token that it was given. */
function whatWentWrong(error: unknown): string {
  if (error instanceof McpError && error.code === REQUEST_TIMEOUT) return 'the MCP server did not answer in time';
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
    return 'the MCP server is not on this machine';
  return 'the MCP server did not answer as it should';
}

function transportOf(choice: McpServerChoice, { token, host }: { token: string; host: string }): Transport | null {
  switch (choice.kind) {
    case 'none':
      return null;
    case 'http': {
      const headers = { authorization: `Bearer ${token}`, 'x-mcp-tools': TOOLS.join(',') };
      // The SDK's own class differs from its interface in an optional field only (exactOptionalPropertyTypes).
      return new StreamableHTTPClientTransport(new URL(choice.url), { requestInit: { headers } });
    }
    case 'embedded':
    case 'command': {
      const [program = '', ...args] = choice.command;
      return new ProcessTransport({ program, args, env: environmentFor(token, host) });
    }
  }
}

/** Exactly this, since a child process may print whatever it finds. */
const environmentFor = (token: string, host: string): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '',
  HOME: process.env['HOME'] ?? '/',
  GITHUB_PERSONAL_ACCESS_TOKEN: token,
  GITHUB_HOST: host,
  GITHUB_TOOLS: TOOLS.join(','),
});

const PushSchema = z.object({
  properties: z.looseObject({
    files: z.object({ items: z.object({ properties: z.record(z.string(), z.unknown()) }) }),
    expected_head: z.unknown(),
  }),
});

/** What its `push_files` knows beyond GitHub's own server. */
interface Knows {
  /** Files keep their modes; GitHub's own makes plain files of them. */
  readonly mode: boolean;
  readonly head: boolean;
}

async function requireTools(client: Client, timeout: number): Promise<Knows> {
  const { tools } = await client.listTools(undefined, { timeout });
  const missing = TOOLS.find((name) => !tools.some((tool) => tool.name === name));
  if (missing !== undefined) throw new McpFault(`the MCP server has no tool ${missing}`);
  const schema = PushSchema.safeParse(tools.find(({ name }) => name === 'push_files')?.inputSchema);
  if (!schema.success) return { mode: false, head: false };
  const { files, expected_head: head } = schema.data.properties;
  return { mode: Object.hasOwn(files.items.properties, 'mode'), head: head !== undefined };
}

interface Pinned {
  readonly owner: string;
  readonly repo: string;
  readonly knows: Knows;
  readonly timeout: number;
}

function toolsOf(client: Client, { owner, repo, knows, timeout }: Pinned): RepositoryTools {
  const call = async (name: (typeof TOOLS)[number], given: Readonly<Record<string, unknown>>): Promise<void> => {
    const params = { name, arguments: { owner, repo, ...given } };
    const result = await client.callTool(params, CallToolResultSchema, { timeout });
    if (result.isError === true) throw new McpFault(`${name} was refused by the MCP server`);
  };
  return {
    createBranch: (branch, from) => call('create_branch', { branch, from_branch: from }),
    pushFiles: ({ branch, message, files, head }) =>
      call('push_files', {
        branch,
        message,
        files: files.map(({ path, content, mode }) => ({ path, content, ...(knows.mode ? { mode } : {}) })),
        ...(knows.head ? { expected_head: head } : {}),
      }),
  };
}
