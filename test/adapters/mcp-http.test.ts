/** An MCP server at an address, by the SDK's own server: found, asked for its tools, given the token, and let go. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { McpFault, withRepositoryTools } from '../../src/adapters/mcp/repository-tools.ts';
import { registerTools } from '../../src/mcp-server/tools.ts';

const calls: unknown[] = [];
const tokens = new Set<string | undefined>();
const writing = {
  createBranch: (...given: unknown[]) => (calls.push(['create_branch', ...given]), Promise.resolve({})),
  pushFiles: (given: unknown) => (calls.push(['push_files', given]), Promise.resolve({})),
  fileAt: () => Promise.reject(new Error('not asked for')),
  openPull: () => Promise.reject(new Error('not asked for')),
};
let http: Server;
let url = '';
const ALL = ['create_branch', 'push_files'];
let tools: readonly string[];

beforeAll(async () => {
  http = createServer((request, response) => {
    tokens.add(request.headers.authorization);
    const server = new McpServer({ name: 'test', version: '1' });
    registerTools(server, () => writing, tools);
    const transport = new StreamableHTTPServerTransport({});
    void server.connect(transport as Transport).then(() => transport.handleRequest(request, response));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`;
});
beforeEach(() => {
  tools = ALL;
  calls.splice(0);
  tokens.clear();
});
afterAll(() => {
  http.closeAllConnections();
  http.close();
});

const settings = () => ({ choice: { kind: 'http', url } as const, host: 'https://github.com', timeoutMs: 5000 });
const lent = { token: 'ghs_lent', owner: 'acme', name: 'app' };

describe('an MCP server at an address', () => {
  it('creates a branch and pushes files to the one repository, with the mode of each', async () => {
    const head = { commit: 'a'.repeat(40), tree: 'b'.repeat(40) };
    const push = { branch: 'x', message: 'm', files: [{ path: 'run.sh', content: 'x', mode: '100755' }], head };
    await withRepositoryTools(settings(), lent, async (server) => {
      await server.createBranch('x', 'main');
      await server.pushFiles(push);
    });
    expect(calls).toEqual([
      ['create_branch', 'x', 'main'],
      ['push_files', push],
    ]);
    expect([...tokens]).toEqual(['Bearer ghs_lent']);
  });

  it('without the tools that are needed is none', async () => {
    tools = ['create_branch'];
    const failed = await withRepositoryTools(settings(), lent, () => Promise.resolve()).catch(
      (error: unknown) => error,
    );
    expect(failed).toEqual(new McpFault('the MCP server has no tool push_files'));
  });

  it('that is not there is said, and its words are in no message', async () => {
    const gone = { ...settings(), choice: { kind: 'http', url: 'http://127.0.0.1:9/mcp' } as const };
    const failed = await withRepositoryTools(gone, lent, () => Promise.resolve()).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(McpFault);
    expect((failed as Error).message).not.toContain('ghs_lent');
  });
});
