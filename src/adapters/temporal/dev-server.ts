/** A Temporal server of our own, for `dev`, `demo` and tests: a child process that ends with us. */
import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { searchAttributeArguments } from './search-attributes.ts';

export interface DevServerOptions {
  readonly binary: string;
  /** True where the web UI is served too. */
  readonly ui?: boolean;
  /** A file keeps the state over a restart. */
  readonly databaseFile?: string;
  /** Default: any free port. */
  readonly port?: number;
  /** `--dynamic-config-value` pairs: tests make the server's limits reachable. */
  readonly dynamicConfig?: readonly string[];
  /** Beside `default`: runs in one are unseen in another. */
  readonly namespaces?: readonly string[];
}

export interface DevServer {
  readonly address: string;
  /** Null where no UI is served. */
  readonly uiUrl: string | null;
  readonly pid: number;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

const START_TIMEOUT_MS = 20_000;

/**
 * A port that was free can be taken by another process before the server binds it: one of ours, or one of those that the server
 * chooses for its own services, where it panics. Source: temporalio/cli `internal/devserver`, `MustGetFreePort`.
 */
const MAX_STARTS = 5;
const PORT_TAKEN = /address already in use|^panic: /m;

/** @throws Error with the server's own last lines, where it does not come up. */
export async function startDevServer(options: DevServerOptions): Promise<DevServer> {
  for (let start = 1; ; start += 1) {
    const [port, uiPort] = await freePorts();
    const ports = { port: options.port ?? port, uiPort: options.ui === true ? uiPort : null };
    try {
      return await startOn(ports, options);
    } catch (error) {
      const isTaken = error instanceof Error && PORT_TAKEN.test(error.message);
      if (!isTaken || options.port !== undefined || start === MAX_STARTS) throw error;
    }
  }
}

interface Ports {
  readonly port: number;
  readonly uiPort: number | null;
}

async function startOn(ports: Ports, options: DevServerOptions): Promise<DevServer> {
  const child = spawn(options.binary, serverArguments(ports, options), { stdio: ['ignore', 'pipe', 'pipe'] });
  // The server does not notice that its parent has ended.
  const endWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithUs);
  child.once('exit', () => process.removeListener('exit', endWithUs));
  try {
    await untilServing(child, ports.port);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return {
    address: `127.0.0.1:${ports.port}`,
    uiUrl: ports.uiPort === null ? null : `http://127.0.0.1:${ports.uiPort}`,
    pid: child.pid ?? 0,
    stop: (signal = 'SIGTERM') => stop(child, signal),
  };
}

/**
 * A server polls each of its shards for tasks at most 20 times a second, and this one has a single shard: every step of every
 * run waited 40 ms for that, and a step takes 7 ms without it (measured, docs/adr/0004).
 * Source: temporalio/temporal `common/dynamicconfig/constants.go`, `TransferProcessorMaxPollRPS` and its siblings.
 */
const PACE = ['transfer', 'timer', 'visibility'].map((queue) => `history.${queue}ProcessorMaxPollRPS=2000`);

function serverArguments({ port, uiPort }: Ports, options: DevServerOptions): string[] {
  const { databaseFile, dynamicConfig = [], namespaces = [] } = options;
  const ui = uiPort === null ? ['--headless'] : ['--ui-port', String(uiPort), '--ui-disable-news-fetch'];
  // Without these pragmas a file database has a tenth of the throughput (measured, docs/adr/0004).
  const pragmas = ['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL'];
  const database = databaseFile === undefined ? [] : ['--db-filename', databaseFile, ...pragmas];
  const dynamic = [...PACE, ...dynamicConfig].flatMap((pair) => ['--dynamic-config-value', pair]);
  return [
    'server',
    'start-dev',
    '--ip',
    '127.0.0.1',
    '--port',
    String(port),
    '--log-level',
    'error',
    ...searchAttributeArguments(),
    ...namespaces.flatMap((name) => ['--namespace', name]),
    ...ui,
    ...database,
    ...dynamic,
  ];
}

export async function freePort(): Promise<number> {
  const [port] = await freePorts();
  return port;
}

/** Both are held until both are known, so that they differ. */
async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()] as const;
  const ports = await Promise.all(
    servers.map(async (server) => {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(0, '127.0.0.1', resolve);
      });
      return (server.address() as AddressInfo).port;
    }),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  const [first = 0, second = 0] = ports;
  return [first, second];
}

/**
 * Resolves when this child serves on the port. The child itself says so: a port that accepts connections may be another
 * process's, which took it in the meantime. Source: temporal CLI `commands.server.go`, which prints "Server: HOST:PORT"
 * once the server has started.
 */
function untilServing(child: ChildProcessByStdio<null, Readable, Readable>, port: number): Promise<void> {
  let output = '';
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(timer);
      reject(new Error(`The Temporal server did not start: ${why}\n${lastWords(output)}`.trim()));
    };
    const timer = setTimeout(
      () => fail(`it did not say that it serves within ${START_TIMEOUT_MS / 1000} s`),
      START_TIMEOUT_MS,
    );
    // Read on after the start too: a pipe that is full would stop the server.
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output = `${output}${chunk.toString()}`.slice(-MAX_OUTPUT);
        if (!new RegExp(`Server:\\s+\\S+:${port}\\b`).test(output)) return;
        clearTimeout(timer);
        resolve();
      });
    }
    child.once('error', ({ message }) => fail(message));
    child.once('exit', (code, signal) => fail(`it ended with ${signal ?? `exit code ${code}`}`));
  });
}

const MAX_OUTPUT = 20_000;

/** What it died of stands above the stack of a panic. */
function lastWords(output: string): string {
  const panic = /^panic: .*(?:\n.*){0,3}/m.exec(output);
  return (panic?.[0] ?? output.trim()).slice(-1000);
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(timer);
}
