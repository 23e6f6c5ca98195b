/** From where a scanner found a package in the image to the line of the repository's file that names it. */

/** Files that name packages with their versions, as syft's catalogers read them. Source: anchore/syft, "Supported Ecosystems". */
const MANIFESTS: ReadonlySet<string> = new Set([
  'package-lock.json',
  'yarn.lock',
  'pnpm-lock.yaml',
  'requirements.txt',
  'poetry.lock',
  'Pipfile.lock',
  'uv.lock',
  'go.mod',
  'Cargo.lock',
  'Gemfile.lock',
  'composer.lock',
  'gradle.lockfile',
  'packages.lock.json',
]);

/**
 * Maps the path of an installed package to the lock files that can name it. syft reports installed packages of an image and
 * ignores lock files there (anchore/syft `internal/task/package_tasks.go`: `InstalledTag` with `ImageTag`; run with 1.18.1).
 */
const INSTALLED: readonly { readonly at: RegExp; readonly manifests: readonly string[] }[] = [
  { at: /^(.*?)node_modules\/.*package\.json$/, manifests: ['package-lock.json', 'yarn.lock', 'pnpm-lock.yaml'] },
  // The path of a Python environment does not tell the folder of its requirements.
  { at: /^()(?:.*\/)?(?:site|dist)-packages\//, manifests: ['requirements.txt', 'poetry.lock', 'uv.lock'] },
];

/** How deep below the image's own folders a file is looked for: each place costs a request. */
const MAX_DEPTH = 3;

/**
 * Paths in the repository that a path in the image may have come from, the longest first: an image copies the repository to
 * a folder of its own choice. Nothing for files that a person does not edit.
 */
export function candidatePaths(location: string): string[] {
  const parts = location.split('/').filter((part) => part !== '' && part !== '.' && part !== '..');
  const path = parts.join('/');
  for (const { at, manifests } of INSTALLED) {
    const folder = at.exec(path)?.[1];
    if (folder !== undefined) return manifests.flatMap((name) => placesOf(`${folder}${name}`.split('/')));
  }
  return MANIFESTS.has(parts.at(-1) ?? '') ? placesOf(parts) : [];
}

function placesOf(parts: readonly string[]): string[] {
  return Array.from({ length: Math.min(parts.length, MAX_DEPTH) }, (_, depth) =>
    parts.slice(-depth - 1).join('/'),
  ).reverse();
}

/** Between a package's name and its version in a lock file there are a line or two. */
const NEAR = 2;

/**
 * The line, from 1, that names a package: with its version on it or right below, else the first that names it at all; null
 * where none does.
 */
export function lineNaming(
  text: string,
  { name, version }: { readonly name: string; readonly version: string },
): number | null {
  const lines = text.split('\n');
  const naming = lines.flatMap((line, index) => (hasWord(line, name) ? [index] : []));
  const isVersioned = (index: number): boolean =>
    version !== '' && lines.slice(index, index + 1 + NEAR).some((line) => hasWord(line, version));
  const found = naming.find(isVersioned) ?? naming[0];
  return found === undefined ? null : found + 1;
}

/** By hand, since names are anybody's: none of them becomes a pattern. */
function hasWord(line: string, word: string): boolean {
  for (let at = line.indexOf(word); at >= 0 && word !== ''; at = line.indexOf(word, at + 1)) {
    if (!isOfWord(line[at - 1]) && !isOfWord(line[at + word.length])) return true;
  }
  return false;
}

const isOfWord = (character: string | undefined): boolean =>
  character !== undefined && /[A-Za-z0-9_.-]/.test(character);
