/** The product as an operator starts it: a process of its own, whose memory can be read. */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { StageSet } from '../test/e2e/stage-set.ts';
import { round } from './rows.ts';

const MAIN = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 35_000;

export interface ProductProcess {
  readonly pid: number;
  stop(): Promise<void>;
}

/**
 * @param says what it writes when it is ready
 * @throws Error with its last words, where it does not come up.
 */
export async function startProduct(
  command: 'serve' | 'worker',
  says: string,
  environment: Readonly<Record<string, string>>,
): Promise<ProductProcess> {
  const env = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...environment };
  const child = spawn(process.execPath, [MAIN, command], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const endWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithUs);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  void ended.then(() => process.removeListener('exit', endWithUs));
  let heard = '';
  let isReady = false;
  child.stderr.on('data', (chunk: Buffer) => {
    if (!isReady) heard = `${heard}${chunk.toString()}`.slice(-10_000);
  });
  const deadline = Date.now() + START_LIMIT_MS;
  while (!heard.includes(says)) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`\`${command}\` did not come up:\n${heard}`);
    }
    await delay(25);
  }
  isReady = true;
  return {
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** @param nodeOptions for the process's Node, as an operator would set `NODE_OPTIONS` */
export async function startWorkerFor({ sandbox, temporal }: StageSet, nodeOptions = ''): Promise<ProductProcess> {
  const { appId, privateKey } = sandbox.app;
  return startProduct('worker', 'Worker is polling', {
    TEMPORAL_URL: temporal.address,
    ...(await sandbox.trustEnvironment()),
    GITHUB_API_URL: sandbox.url,
    APP_ID: String(appId),
    PRIVATE_KEY: privateKey.replaceAll('\n', '\\n'),
    NODE_OPTIONS: nodeOptions,
  });
}

export interface Memory {
  readonly residentMb: number;
  readonly peakMb: number;
}

/** Null where the system has no /proc. */
export async function memoryOf(pid: number): Promise<Memory | null> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => null);
  if (status === null) return null;
  const megabytes = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
  return { residentMb: megabytes('VmRSS'), peakMb: megabytes('VmHWM') };
}

/** Linux counts in hundredths for everybody, whatever its own clock does. */
const TICKS_A_SECOND = 100;

/** Seconds of processor that a process has had, as user and in the system; null where the system has no /proc. */
async function processorSecondsOf(pid: number): Promise<number | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (stat === null) return null;
  // Behind the name, which may hold blanks: state, ten more, then user and system time.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

/** Of each process, in order; what a load took is the difference of two. */
export const processorTimes = (pids: readonly number[]): Promise<(number | null)[]> =>
  Promise.all(pids.map(processorSecondsOf));

/** Milliseconds of processor a job, of each process; told as unknown where the system has no /proc. */
export function processorEach(
  before: readonly (number | null)[],
  after: readonly (number | null)[],
  jobs: number,
): string {
  const taken = after.map((seconds, index) => ((seconds ?? Number.NaN) - (before[index] ?? 0)) / jobs);
  if (taken.some(Number.isNaN)) return 'skipped: no /proc here';
  return `${taken.map((seconds) => round(seconds * 1000)).join(', ')} ms`;
}
