/**
 * `node release/slim.ts [FOLDER]`: removes from an installation what no process loads there, after `npm prune --omit=dev`.
 * The Dockerfile runs it. What stays is told, so that a test can hold it to a size.
 */
import { existsSync, globSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

interface Rule {
  readonly why: string;
  /** Paths in the installation that go. */
  readonly remove: (root: string) => readonly string[];
}

/** Source: @temporalio/core-bridge, `common.js`, `getPrebuiltTargetName`. */
const TARGET: Readonly<Record<string, string>> = {
  'linux-x64': 'x86_64-unknown-linux-gnu',
  'linux-arm64': 'aarch64-unknown-linux-gnu',
  'darwin-x64': 'x86_64-apple-darwin',
  'darwin-arm64': 'aarch64-apple-darwin',
};

const BRIDGE = 'node_modules/@temporalio/core-bridge';

const RULES: readonly Rule[] = [
  {
    why: "native libraries of other platforms than this one's",
    remove: (root) => {
      const own = TARGET[`${process.platform}-${process.arch}`];
      if (own === undefined) return [];
      const folder = join(root, BRIDGE, 'releases');
      return readdirSync(folder)
        .filter((name) => name !== own)
        .map((name) => join(folder, name));
    },
  },
  {
    why: 'Rust sources: the library beside them is built',
    remove: (root) =>
      ['sdk-core', 'src', 'bridge-macros', 'Cargo.lock', 'Cargo.toml'].map((name) => join(root, BRIDGE, name)),
  },
  {
    why: 'types, sources in TypeScript and source maps: Node loads none of them from node_modules',
    remove: (root) => globSync('node_modules/**/*.{ts,mts,cts,map}', { cwd: root }).map((path) => join(root, path)),
  },
  {
    why: 'documents, except licences',
    remove: (root) =>
      globSync('node_modules/**/{README,CHANGELOG,HISTORY}*.md', { cwd: root }).map((path) => join(root, path)),
  },
];

function bytesIn(path: string): number {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.size;
  return readdirSync(path).reduce((sum, name) => sum + bytesIn(join(path, name)), 0);
}

const megabytes = (bytes: number): string => `${(bytes / 1_000_000).toFixed(1)} MB`;

function slim(root: string): void {
  if (!existsSync(join(root, BRIDGE))) throw new Error(`${root} holds no installation of this program.`);
  for (const { why, remove } of RULES) {
    const paths = remove(root);
    const bytes = paths.reduce((sum, path) => sum + bytesIn(path), 0);
    for (const path of paths) rmSync(path, { recursive: true, force: true });
    process.stdout.write(`removed ${megabytes(bytes).padStart(9)}  ${why}\n`);
  }
  process.stdout.write(`left    ${megabytes(bytesIn(root)).padStart(9)}\n`);
}

slim(process.argv[2] ?? '.');
