/** actions/checkout: the commit in the workspace, as a git repository of depth one. Source: actions/checkout `git-source-provider.ts`. */
import { execFile } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { failed, isOn, linesOf, type ActionCall, type ActionDouble, type ActionEnd } from './action.ts';

const run = promisify(execFile);

export const checkout: ActionDouble = {
  name: 'actions/checkout',
  commit: '3d3c42e5aac5ba805825da76410c181273ba90b1',
  version: 'v7.0.1',
  inputs: {
    repository: null,
    ref: null,
    token: null,
    'ssh-key': null,
    'ssh-known-hosts': null,
    'ssh-strict': 'true',
    'ssh-user': 'git',
    'persist-credentials': 'true',
    path: null,
    clean: 'true',
    filter: null,
    'sparse-checkout': null,
    'sparse-checkout-cone-mode': 'true',
    'fetch-depth': '1',
    'fetch-tags': 'false',
    'show-progress': 'true',
    lfs: 'false',
    submodules: 'false',
    'set-safe-directory': 'true',
    'github-server-url': null,
    'allow-unsafe-pr-checkout': 'false',
  },
  run: checkOut,
  post: () => undefined,
};

async function checkOut(call: ActionCall): Promise<ActionEnd> {
  const { input, facts, machine } = call;
  const { repository, run: actionsRun } = facts;
  if (repository.visibility !== 'public' && (facts.permissions['contents'] ?? 'none') === 'none')
    return failed("fatal: could not read Username for 'https://github.com': terminal prompts disabled");
  const wanted = input('ref') === '' ? actionsRun.checkedOut.sha : input('ref');
  const commit = await repository.git.commitOf(wanted);
  if (commit === null) return failed(`A branch or tag with the name '${wanted}' could not be found`);
  const folder = join(machine.folders.workspace, input('path'));
  machine.makeFolder(folder);
  // What another step left there goes first.
  if (isOn(input('clean')))
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
  call.log(`Syncing repository: ${repository.owner.login}/${repository.name}`);
  await git(folder, 'init', '--quiet');
  await git(folder, 'remote', 'add', 'origin', `https://github.com/${repository.owner.login}/${repository.name}`);
  await git(
    folder,
    '-c',
    'protocol.version=2',
    'fetch',
    '--quiet',
    '--no-tags',
    '--depth=1',
    repository.git.dir,
    commit,
  );
  const sparse = linesOf(input('sparse-checkout'));
  if (sparse.length > 0) {
    const mode = isOn(input('sparse-checkout-cone-mode')) ? '--cone' : '--no-cone';
    await git(folder, 'sparse-checkout', 'set', mode, ...sparse);
  }
  await git(folder, 'checkout', '--quiet', '--force', '--detach', commit);
  if (isOn(input('persist-credentials'))) {
    const header = `AUTHORIZATION: basic ${Buffer.from(`x-access-token:${facts.token}`).toString('base64')}`;
    await git(folder, 'config', 'http.https://github.com/.extraheader', header);
  }
  machine.giveToRunner(folder);
  call.log(commit);
  return { outputs: { ref: input('ref'), commit } };
}

/** Nothing of this machine's own configuration: the workspace is the job's. */
const git = (cwd: string, ...args: readonly string[]): Promise<unknown> =>
  run('git', ['-c', 'safe.directory=*', '-c', 'advice.detachedHead=false', ...args], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', GIT_CONFIG_NOSYSTEM: '1' },
  });
