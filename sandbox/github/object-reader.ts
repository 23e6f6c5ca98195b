/**
 * Reads objects of a repository through one `git cat-file --batch` that stays: a run of the pipeline reads a hundred of them,
 * and a process for each took half of the tests' processor time.
 * Source: git docs, "git-cat-file", BATCH OUTPUT.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

export interface GitObject {
  readonly sha: string;
  readonly type: string;
  readonly bytes: Buffer;
}

type Child = ChildProcessByStdio<Writable, Readable, null>;

interface Referenced {
  ref(): void;
  unref(): void;
}

interface Waiting {
  readonly resolve: (object: GitObject | null) => void;
  readonly reject: (error: Error) => void;
}

const FOUND = /^([0-9a-f]{40}) (\w+) (\d+)$/;

export class ObjectReader {
  private readonly dir: string;
  private readonly env: NodeJS.ProcessEnv;
  private child: Child | null = null;
  private readonly waiting: Waiting[] = [];
  private received: Buffer = Buffer.alloc(0);

  constructor(dir: string, env: NodeJS.ProcessEnv) {
    this.dir = dir;
    this.env = env;
  }

  /** @param revision as gitrevisions(7) has it; @returns null where it names nothing, or not one thing */
  read(revision: string): Promise<GitObject | null> {
    if (/[\n\0]/.test(revision) || revision === '') return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      const child = this.running();
      this.waiting.push({ resolve, reject });
      this.keepAlive(child);
      child.stdin.write(`${revision}\n`);
    });
  }

  close(): void {
    this.child?.kill();
    this.child = null;
  }

  private running(): Child {
    if (this.child !== null) return this.child;
    const child = spawn('git', ['cat-file', '--batch'], {
      cwd: this.dir,
      env: this.env,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    child.stdout.on('data', (chunk: Buffer) => this.take(chunk));
    child.stdin.on('error', () => undefined);
    child.once('close', () => this.ended(child));
    child.once('error', () => this.ended(child));
    this.child = child;
    return child;
  }

  /** While an answer is awaited, and not longer: a reader that nobody closed must not keep this process from ending. */
  private keepAlive(child: Child): void {
    // Node makes sockets of pipes, which their type does not say.
    for (const each of [child, child.stdin, child.stdout] as unknown as Referenced[]) {
      if (this.waiting.length > 0) each.ref();
      else each.unref();
    }
  }

  private ended(child: Child): void {
    if (this.child === child) this.child = null;
    this.received = Buffer.alloc(0);
    for (const { reject } of this.waiting.splice(0)) reject(new Error('git cat-file ended before it answered'));
  }

  private take(chunk: Buffer): void {
    this.received = this.received.length === 0 ? chunk : Buffer.concat([this.received, chunk]);
    for (let used = this.answerOne(); used > 0; used = this.answerOne()) this.received = this.received.subarray(used);
    if (this.child !== null) this.keepAlive(this.child);
  }

  /** @returns bytes of the answer that was handed on; 0 where none is whole yet */
  private answerOne(): number {
    const end = this.received.indexOf(0x0a);
    if (end === -1) return 0;
    const [, sha, type, size] = FOUND.exec(this.received.toString('utf8', 0, end)) ?? [];
    if (sha === undefined || type === undefined) {
      this.waiting.shift()?.resolve(null);
      return end + 1;
    }
    const from = end + 1;
    const to = from + Number(size);
    if (this.received.length < to + 1) return 0;
    this.waiting.shift()?.resolve({ sha, type, bytes: Buffer.from(this.received.subarray(from, to)) });
    return to + 1;
  }
}
