/**
 * MCP over a child process's stdio. The child leads a group of its own, so that nothing it starts outlives it; what it prints is
 * bounded; and it gets the environment that it is given and no more (threats T12, T28; fault F35).
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { ReadBuffer, serializeMessage } from '@modelcontextprotocol/sdk/shared/stdio.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';

/** Answers of these tools have a few kilobytes. */
const MAX_PENDING_BYTES = 4 * 1024 * 1024;
const GRACE_MS = 1000;

export interface McpCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

type Child = ChildProcessByStdio<Writable, Readable, null>;

export class ProcessTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  private readonly command: McpCommand;
  private readonly pending = new ReadBuffer({ maxBufferSize: MAX_PENDING_BYTES });
  private child: Child | null = null;
  private gone: Promise<void> = Promise.resolve();

  constructor(command: McpCommand) {
    this.command = command;
  }

  async start(): Promise<void> {
    const { program, args, env } = this.command;
    // What it logs is nobody's to read here: it may speak of anything.
    const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'ignore'], detached: true });
    this.child = child;
    // Not `close`, which waits for whoever else holds its output.
    this.gone = new Promise((resolve) => child.once('exit', () => resolve()));
    child.once('exit', () => this.onclose?.());
    child.stdin.on('error', (error) => this.onerror?.(error));
    child.stdout.on('data', (chunk: Buffer) => this.take(chunk));
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) => {
        // It never ran, so nothing of it will end.
        this.child = null;
        reject(error);
      });
    });
  }

  /** A server that prints what is no message has lost the thread: nothing after it is believed. */
  private take(chunk: Buffer): void {
    try {
      this.pending.append(chunk);
      for (let message = this.pending.readMessage(); message !== null; message = this.pending.readMessage())
        this.onmessage?.(message);
    } catch {
      this.onerror?.(new Error('it printed what is no MCP message'));
      this.kill('SIGKILL');
    }
  }

  send(message: JSONRPCMessage): Promise<void> {
    const { child } = this;
    if (child?.exitCode !== null || !child.stdin.writable) return Promise.reject(new Error('the MCP server has ended'));
    return new Promise((resolve, reject) => {
      child.stdin.write(serializeMessage(message), (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Ends with the whole group, and is done once the child is gone. */
  async close(): Promise<void> {
    if (this.child === null) return;
    this.child.stdin.end();
    const timer = setTimeout(() => this.kill('SIGKILL'), GRACE_MS);
    await this.gone;
    clearTimeout(timer);
    // What it has started may still be there.
    this.kill('SIGKILL');
    this.child.stdout.destroy();
  }

  private kill(signal: NodeJS.Signals): void {
    const pid = this.child?.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // Gone already.
    }
  }
}
