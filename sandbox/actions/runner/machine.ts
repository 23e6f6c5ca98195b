/**
 * The machine of one job: its folders, the user that scripts run as, and files that are another user's. On a hosted runner
 * scripts run as `runner`, while containers of actions run as root: what those leave, a script may read and not change.
 * Source: actions/runner `ContainerActionHandler.cs`, which passes no `--user`.
 */
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The user that scripts run as when this process is root. */
const RUNNER = { uid: 1001, gid: 1001 } as const;
const IS_ROOT = process.getuid?.() === 0;

/** Whether another user gets to a folder: every folder on the way has to let him through. */
const isOpen = (folder: string): boolean =>
  folder === '/' || ((statSync(folder).mode & 0o001) !== 0 && isOpen(dirname(folder)));

export interface Folders {
  readonly home: string;
  readonly workspace: string;
  readonly temp: string;
  /** What GITHUB_OUTPUT and its kin name. */
  readonly commands: string;
  readonly actions: string;
}

export interface Ended {
  readonly exitCode: number;
}

export class Machine {
  readonly folders: Folders;
  /** Whether scripts run as another user than what a container would: else what that leaves is read-only. */
  readonly hasOwnUser: boolean;
  private readonly root: string;

  /** @param root an empty folder of this job's; @param repository names the workspace, as GitHub does */
  constructor(root: string, repository: string) {
    this.root = root;
    this.folders = {
      home: join(root, 'home'),
      workspace: join(root, 'work', repository, repository),
      temp: join(root, 'work', '_temp'),
      commands: join(root, 'work', '_temp', '_runner_file_commands'),
      actions: join(root, 'work', '_actions'),
    };
    this.hasOwnUser = IS_ROOT && isOpen(dirname(root));
    for (const folder of Object.values<string>({ ...this.folders })) mkdirSync(folder, { recursive: true });
    chmodSync(root, 0o755);
    this.giveToRunner(root);
  }

  /** Makes a folder and its missing parents; the runner's user owns all of them. */
  makeFolder(path: string): void {
    const first = mkdirSync(path, { recursive: true });
    if (first !== undefined) this.giveToRunner(first);
  }

  /** What an action that runs on the machine itself has written, or what the runner has. */
  giveToRunner(path: string): void {
    if (this.hasOwnUser) eachIn(path, (each) => chownSync(each, RUNNER.uid, RUNNER.gid));
  }

  /** What a container has written: root's, or read-only where this process is not root itself. */
  giveToRoot(path: string): void {
    if (!this.hasOwnUser) eachIn(path, (each, isFolder) => chmodSync(each, isFolder ? 0o555 : 0o444));
  }

  /** Runs a program as the runner's user, and hands on what it prints line by line. @throws Error where it cannot start */
  run(command: readonly string[], env: NodeJS.ProcessEnv, options: RunOptions): Promise<Ended> {
    const [file = '', ...args] = command;
    return new Promise((resolve, reject) => {
      const child = spawn(file, args, {
        cwd: options.cwd,
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
        // A group of its own, so that what it started ends with it.
        detached: true,
        ...(this.hasOwnUser && options.as !== 'ourselves' ? RUNNER : {}),
      });
      const stop = (): void => {
        if (child.pid !== undefined) killGroup(child.pid);
      };
      options.signal.addEventListener('abort', stop, { once: true });
      const outputs = [new Lines(options.onLine), new Lines(options.onLine)];
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => outputs[0]?.take(chunk));
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => outputs[1]?.take(chunk));
      child.once('error', reject);
      child.once('close', (code, signal) => {
        options.signal.removeEventListener('abort', stop);
        for (const each of outputs) each.end();
        resolve({ exitCode: code ?? (signal === 'SIGKILL' ? 137 : 143) });
      });
    });
  }

  remove(): void {
    if (!this.hasOwnUser)
      eachIn(this.root, (each, isFolder) => chmodSync(each, isFolder ? 0o755 : 0o644), 'folders first');
    rmSync(this.root, { recursive: true, force: true, maxRetries: 3 });
  }
}

export interface RunOptions {
  readonly cwd: string;
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
  /** Programs that may lie where the runner's user does not get to: this process's own Node. */
  readonly as?: 'ourselves';
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** Links are left: what they lead to is somewhere else. */
function eachIn(path: string, change: (path: string, isFolder: boolean) => void, order?: 'folders first'): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined || stat.isSymbolicLink()) return;
  if (order === 'folders first') change(path, stat.isDirectory());
  if (stat.isDirectory()) for (const name of readdirSync(path)) eachIn(join(path, name), change, order);
  if (order === undefined) change(path, stat.isDirectory());
}

class Lines {
  private rest = '';
  private readonly onLine: (line: string) => void;

  constructor(onLine: (line: string) => void) {
    this.onLine = onLine;
  }

  take(chunk: string): void {
    const lines = `${this.rest}${chunk}`.split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) this.onLine(line.replace(/\r$/, ''));
  }

  end(): void {
    if (this.rest !== '') this.onLine(this.rest);
    this.rest = '';
  }
}
