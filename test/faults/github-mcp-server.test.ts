/**
 * GitHub's own MCP server, where it is on this machine (`github-mcp-server` on PATH, and leave to listen on port 80 of a loopback
 * address, since it drops ports). It makes plain files of executable ones and knows no commits: both are noticed, and done by REST.
 */
import { connect, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { RepositoryRecord } from '../../sandbox/github/world.ts';
import { StageSet } from '../e2e/stage-set.ts';
import { describeWithTools, findTool } from '../stages/stage-files.ts';

const HOST = '127.0.0.2';
const CODE = 'var port = 1;\nif (port == 2) port = 3;\nexport { port };\n';
const program = findTool('github-mcp-server');

describeWithTools({ 'github-mcp-server': program })('the MCP server of GitHub', () => {
  let set: StageSet;
  let door: Server;

  beforeAll(async () => {
    set = await StageSet.open({
      kind: true,
      scripts: { lint: { kind: 'tiny' } },
      mcp: { choice: { kind: 'command', command: [program ?? '', 'stdio'] }, host: `http://${HOST}` },
    });
    const port = Number(new URL(set.sandbox.url).port);
    door = createServer((socket) =>
      socket
        .pipe(connect(port, '127.0.0.1'))
        .pipe(socket)
        .on('error', () => undefined),
    );
    await new Promise<void>((resolve, reject) => door.once('error', reject).listen(80, HOST, resolve));
  });
  afterAll(async () => {
    door.close();
    await set.close();
  });

  async function repaired(name: string, mode: string): Promise<{ repository: RepositoryRecord; summary: string }> {
    const repository = await set.repository(name, 'preset: standard\nafter_auto_fix: stop\n');
    const { git } = repository;
    const { url } = set.sandbox.webhooks.options;
    set.sandbox.webhooks.options.url = null;
    await set.sandbox.push(repository, 'main', new Map([['run.js', CODE]]));
    const env = { GIT_INDEX_FILE: `${git.dir}/index-mode` };
    const run = (...args: string[]): Promise<string> => git.gitWithInput(Buffer.alloc(0), args, env);
    await run('read-tree', 'refs/heads/main');
    await run('update-index', '--cacheinfo', `${mode},${await git.blobOf('refs/heads/main', 'run.js')},run.js`);
    const tree = (await run('write-tree')).trim();
    const sha = (await git.git('commit-tree', tree, '-p', 'refs/heads/main', '-m', 'Mode')).trim();
    await git.git('update-ref', 'refs/heads/main', sha);
    await set.sandbox.webhooks.settle();
    set.sandbox.webhooks.options.url = url;
    await set.sandbox.announcePushes('acme', name);
    const { summary } = await set.check(repository, set.idOf(repository, 'refs/heads/main', sha), 60_000);
    return { repository, summary };
  }

  const proposed = ({ git, pulls }: RepositoryRecord): Promise<string> =>
    git.git('ls-tree', `refs/heads/${pulls[0]?.headRef}`, 'run.js');

  it('writes a repair of plain files', async () => {
    const { repository, summary } = await repaired('plain', '100644');
    expect(await proposed(repository)).toMatch(/^100644 /);
    expect(summary).toContain('repairs 2 of 2 findings');
    expect(summary).not.toContain('by REST');
  });

  it('takes the mode of an executable one: then REST writes it, and the check says so', async () => {
    const { repository, summary } = await repaired('executable', '100755');
    expect(await proposed(repository)).toMatch(/^100755 /);
    expect(summary).toContain('what the MCP server pushed is not what it was given');
  });
});
