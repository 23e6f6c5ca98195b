/** A Temporal server of our own, for `dev`, `demo` and tests: a child process that ends with us. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, connect as connectSocket, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { searchAttributeArguments } from './search-attributes.ts';

export interface DevServerOptions {
  readonly binary: string;
  /** The web UI is served only where a port is given. */
  readonly uiPort?: number;
  /** A file keeps the state over a restart. */
  readonly databaseFile?: string;
  readonly port?: number;
  /** `--dynamic-config-value` pairs: tests make the server's limits reachable. */
  readonly dynamicConfig?: readonly string[];
  /** Beside `default`: runs in one are unseen in another. */
  readonly namespaces?: readonly string[];
}

export interface DevServer {
  readonly address: string;
  readonly pid: number;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

const START_TIMEOUT_MS = 20_000;

/** @throws Error with the server's own last lines, where it does not come up. */
export async function startDevServer(options: DevServerOptions): Promise<DevServer> {
  const port = options.port ?? (await freePort());
  const child = spawn(options.binary, serverArguments(options, port), { stdio: ['ignore', 'pipe', 'pipe'] });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output.push(chunk.toString());
      if (output.length > 50) output.shift();
    });
  }
  const endWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithUs);
  child.once('exit', () => process.removeListener('exit', endWithUs));
  try {
    await untilListening(port, child);
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`The Temporal server did not start:\n${output.join('').slice(-1000)}`, { cause: error });
  }
  return { address: `127.0.0.1:${port}`, pid: child.pid ?? 0, stop: (signal = 'SIGTERM') => stop(child, signal) };
}

function serverArguments(options: DevServerOptions, port: number): string[] {
  const { uiPort, databaseFile, dynamicConfig = [], namespaces = [] } = options;
  const ui = uiPort === undefined ? ['--headless'] : ['--ui-port', String(uiPort), '--ui-disable-news-fetch'];
  // Without these pragmas a file database has a tenth of the throughput (measured, docs/adr/0004).
  const pragmas = ['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL'];
  const database = databaseFile === undefined ? [] : ['--db-filename', databaseFile, ...pragmas];
  const dynamic = dynamicConfig.flatMap((pair) => ['--dynamic-config-value', pair]);
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
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A client's first failed connect costs a second of back-off, so the port is watched instead. */
async function untilListening(port: number, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`it ended with exit code ${child.exitCode}`);
    if (await accepts(port)) return;
    await delay(25);
  }
  throw new Error(`nothing listened on port ${port} after ${START_TIMEOUT_MS / 1000} s`);
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connectSocket({ port, host: '127.0.0.1' });
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(timer);
}
