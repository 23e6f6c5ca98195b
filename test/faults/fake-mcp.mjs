/** An MCP server that goes wrong in the way that a file names; what it learns of itself it writes beside that file. */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [, , modeFile = ''] = process.argv;
const mode = readFileSync(modeFile, 'utf8').trim();
writeFileSync(`${modeFile}.env`, JSON.stringify(Object.keys(process.env).toSorted()));
const grandchild = spawn('sleep', ['300'], { stdio: 'ignore' });
writeFileSync(`${modeFile}.pids`, JSON.stringify([process.pid, grandchild.pid]));

if (mode === 'exits at once') process.exit(3);
if (mode === 'prints garbage') process.stdout.write('Listening on port 8080\nReady!\n');

const TOOLS = ['create_branch', 'push_files'].map((name) => ({
  name,
  inputSchema: { type: 'object', properties: {} },
}));
const say = (id, result) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`);
const text = (words, isError = false) => ({ content: [{ type: 'text', text: words }], isError });

const api = async (method, path, body) => {
  const reply = await fetch(`${process.env.GITHUB_HOST}/api/v3${path}`, {
    method,
    headers: { authorization: `Bearer ${process.env.GITHUB_PERSONAL_ACCESS_TOKEN}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return reply.json();
};

/** As GitHub's own server does where the branch is missing, and where it makes plain files of all. */
async function call({ name, arguments: given }) {
  if (mode === 'refuses every call') return text('failed to create branch: 403', true);
  if (mode === 'says it did, and did nothing') return text('{}');
  const repo = `/repos/${given.owner}/${given.repo}`;
  if (name === 'create_branch') {
    const from =
      mode === 'begins at another commit' ? `${await shaOf(repo, 'main')}~` : await shaOf(repo, given.from_branch);
    const sha = from.endsWith('~')
      ? (await api('GET', `${repo}/git/commits/${from.slice(0, -1)}`)).parents[0].sha
      : from;
    await api('POST', `${repo}/git/refs`, { ref: `refs/heads/${given.branch}`, sha });
    return text('{}');
  }
  if (mode === 'dies in the middle') process.exit(1);
  const head = await shaOf(repo, given.branch);
  const commit = await api('GET', `${repo}/git/commits/${head}`);
  const extra = mode === 'pushes more than it was given' ? [{ path: 'extra.txt', content: 'x' }] : [];
  const tree = [...given.files, ...extra].map(({ path, content }) => ({ path, content, mode: '100644', type: 'blob' }));
  const made = await api('POST', `${repo}/git/trees`, { base_tree: commit.tree.sha, tree });
  const { sha } = await api('POST', `${repo}/git/commits`, { message: given.message, tree: made.sha, parents: [head] });
  await api('PATCH', `${repo}/git/refs/heads/${given.branch}`, { sha, force: false });
  return text('{}');
}

const shaOf = async (repo, branch) => (await api('GET', `${repo}/git/ref/heads/${branch}`)).object.sha;

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined || mode === 'never answers') return;
  if (method === 'initialize')
    say(id, {
      protocolVersion: params.protocolVersion,
      capabilities: { tools: {} },
      serverInfo: { name: 'fake', version: '1' },
    });
  if (method === 'tools/list') say(id, { tools: mode === 'has no tools' ? [] : TOOLS });
  if (method === 'tools/call') void call(params).then((result) => say(id, result));
});
