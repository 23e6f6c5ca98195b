/**
 * The four tools of GitHub's own MCP server that repairs need, by its names and arguments (github/github-mcp-server,
 * pkg/github/repositories.go), and better in three places: a branch may begin at a commit, a file keeps its
 * mode, and who knows where the branch stands need not have it looked up.
 */
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import type { RepositoryWriting } from '../adapters/github/repository-writing.ts';

const owner = z.string().describe('Repository owner');
const repo = z.string().describe('Repository name');

const CreateBranch = {
  owner,
  repo,
  branch: z.string().describe('Name for new branch'),
  from_branch: z.string().optional().describe('Source branch, or a commit (defaults to repo default)'),
};

const PushFiles = {
  owner,
  repo,
  branch: z.string().describe('Branch to push to'),
  files: z
    .array(
      z.object({
        path: z.string().describe('Path to the file'),
        content: z.string().describe('File content'),
        mode: z.enum(['100644', '100755']).optional().describe('Git mode of the file (defaults to 100644)'),
      }),
    )
    .describe('Files to push'),
  message: z.string().describe('Commit message'),
  expected_head: z
    .object({ commit: z.string(), tree: z.string() })
    .optional()
    .describe('Where the branch stands: the push is refused where it does not'),
};

const GetFileContents = {
  owner,
  repo,
  path: z.string().describe('Path to file'),
  ref: z.string().optional().describe('Git ref such as refs/heads/{branch}'),
  sha: z.string().optional().describe('Commit SHA; used instead of ref'),
};

const CreatePullRequest = {
  owner,
  repo,
  title: z.string().describe('PR title'),
  head: z.string().describe('Branch containing changes'),
  base: z.string().describe('Branch to merge into'),
  body: z.string().optional().describe('PR description'),
  draft: z.boolean().optional().describe('Create as draft PR'),
};

export type ToolName = 'create_branch' | 'push_files' | 'get_file_contents' | 'create_pull_request';
export const TOOL_NAMES: readonly ToolName[] = [
  'create_branch',
  'push_files',
  'get_file_contents',
  'create_pull_request',
];

type Repositories = (owner: string, repo: string) => RepositoryWriting;

/** Only those that are asked for: what is not there cannot be called. */
export function registerTools(server: McpServer, repositories: Repositories, wanted: readonly string[]): void {
  const register: Readonly<Record<ToolName, () => void>> = {
    create_branch: () =>
      void server.registerTool(
        'create_branch',
        { description: 'Create a new branch in a GitHub repository', inputSchema: CreateBranch },
        ({ owner: by, repo: name, branch, from_branch: from }) =>
          told(() => repositories(by, name).createBranch(branch, from ?? null)),
      ),
    push_files: () =>
      void server.registerTool(
        'push_files',
        { description: 'Push multiple files to a GitHub repository in a single commit', inputSchema: PushFiles },
        ({ owner: by, repo: name, expected_head: head = null, ...push }) =>
          told(() => repositories(by, name).pushFiles({ ...push, head })),
      ),
    get_file_contents: () =>
      void server.registerTool(
        'get_file_contents',
        { description: 'Get the contents of a file from a GitHub repository', inputSchema: GetFileContents },
        ({ owner: by, repo: name, path, ref, sha }) =>
          told(() => repositories(by, name).fileAt(path, sha ?? ref ?? null)),
      ),
    create_pull_request: () =>
      void server.registerTool(
        'create_pull_request',
        { description: 'Create a new pull request in a GitHub repository', inputSchema: CreatePullRequest },
        ({ owner: by, repo: name, body = '', draft = false, ...pull }) =>
          told(() => repositories(by, name).openPull({ ...pull, body, draft })),
      ),
  };
  for (const name of TOOL_NAMES) if (wanted.includes(name)) register[name]();
}

/** A refusal is a result too, as the GitHub server tells it. */
async function told(work: () => Promise<unknown>): Promise<CallToolResult> {
  try {
    return { content: [{ type: 'text', text: JSON.stringify(await work()) }] };
  } catch (error) {
    const text = error instanceof Error ? error.message : 'the call failed';
    return { content: [{ type: 'text', text }], isError: true };
  }
}
