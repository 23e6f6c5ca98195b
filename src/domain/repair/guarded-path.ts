/** Files that no repair touches, whoever asks for it: they decide about builds, people and tools, or are nobody's to edit. */

interface Kept {
  readonly why: string;
  readonly is: (path: string, name: string) => boolean;
}

const LOCK_FILES: ReadonlySet<string> = new Set([
  'package-lock.json',
  'npm-shrinkwrap.json',
  'yarn.lock',
  'pnpm-lock.yaml',
  'bun.lock',
  'bun.lockb',
  'deno.lock',
  'poetry.lock',
  'pipfile.lock',
  'uv.lock',
  'cargo.lock',
  'gemfile.lock',
  'composer.lock',
  'go.sum',
  'gradle.lockfile',
  'packages.lock.json',
  'flake.lock',
  'mix.lock',
]);

/** Read by agents as instructions. Source: the tools' own documentation, October 2026. */
const AGENT_FILES: ReadonlySet<string> = new Set([
  'claude.md',
  'claude.local.md',
  'agents.md',
  'gemini.md',
  'copilot-instructions.md',
  'llms.txt',
  '.cursorrules',
  '.windsurfrules',
  '.clinerules',
  '.mcp.json',
  'mcp.json',
]);
const AGENT_FOLDERS = ['.claude', '.cursor', '.windsurf', '.aider', '.continue', '.gemini', '.codex', '.roo'];

/** Settings of linters and builds that are no dotfiles, and lists of what is installed: an edit there can make a finding vanish everywhere. */
const TOOL_FILES: ReadonlySet<string> = new Set([
  'pyproject.toml',
  'setup.cfg',
  'setup.py',
  'tox.ini',
  'mypy.ini',
  'pytest.ini',
  'pyrightconfig.json',
  'noxfile.py',
  'requirements.txt',
  'pipfile',
  'tsconfig.json',
  'jsconfig.json',
  'biome.json',
  'biome.jsonc',
  'deno.json',
  'deno.jsonc',
  'tslint.json',
  'dprint.json',
  'lerna.json',
  'nx.json',
  'turbo.json',
  'babel.config.js',
  'jest.config.js',
  'phpstan.neon',
  'phpcs.xml',
  'psalm.xml',
  'phpunit.xml',
  'checkstyle.xml',
  'pom.xml',
  'build.gradle',
  'build.gradle.kts',
  'settings.gradle',
  'go.mod',
  'cargo.toml',
  'gemfile',
  'rakefile',
  'composer.json',
  'cspell.json',
  'lychee.toml',
  'clippy.toml',
  'rustfmt.toml',
  'jenkinsfile',
  'azure-pipelines.yml',
  'bitbucket-pipelines.yml',
  'cloudbuild.yaml',
  'codecov.yml',
  'renovate.json',
  'agent.md',
]);

const GENERATED_FOLDERS = ['node_modules', 'vendor', 'third_party', 'dist', 'megalinter-reports'];

const BINARY =
  /\.(png|jpe?g|gif|webp|ico|pdf|zip|gz|tgz|bz2|xz|7z|jar|war|class|exe|dll|so|dylib|a|o|wasm|woff2?|ttf|otf|eot|mp[34]|mov|sqlite|db|pyc)$/;

const parts = (path: string): string[] => path.split('/');

const KEPT: readonly Kept[] = [
  { why: 'it is no path within the repository', is: (path) => !isWithin(path) },
  { why: 'workflows and settings under .github/ are for people', is: (path) => parts(path)[0] === '.github' },
  { why: "it is git's own", is: (path) => parts(path).some((part) => part.startsWith('.git') && part !== '.github') },
  { why: 'it says who owns the code', is: (_, name) => name === 'codeowners' },
  { why: 'it is a lock file', is: (_, name) => LOCK_FILES.has(name) || /\.(lock|lockb|sum|lock\.hcl)$/.test(name) },
  {
    why: 'agents read it as instructions',
    is: (path, name) => AGENT_FILES.has(name) || parts(path).some((part) => AGENT_FOLDERS.includes(part)),
  },
  {
    why: 'it decides what tools do, or what is installed',
    is: (path, name) =>
      TOOL_FILES.has(name) ||
      name.startsWith('.') ||
      parts(path).some((part) => part.startsWith('.') && part !== '.github'),
  },
  {
    why: 'it decides what the linters look for',
    is: (_, name) =>
      /^(\.?(mega-?linter|eslint|prettier|stylelint|markdownlint|yamllint|hadolint|shellcheck|flake8|ruff|pylint)[\w.-]*)$/.test(
        name,
      ),
  },
  {
    why: 'it is generated, or nobody here wrote it',
    is: (path, name) =>
      parts(path).some((part) => GENERATED_FOLDERS.includes(part)) ||
      /\.(min\.(js|css)|map|pb\.go|g\.dart)$/.test(name),
  },
  { why: 'it is binary', is: (_, name) => BINARY.test(name) },
];

/** Null where a repair may touch it. Case is looked through: file systems differ. */
export function whyKept(path: string): string | null {
  const lower = path.toLowerCase();
  const name = parts(lower).at(-1) ?? '';
  return KEPT.find(({ is }) => is(lower, name))?.why ?? null;
}

const isWithin = (path: string): boolean =>
  path !== '' &&
  !path.startsWith('/') &&
  !path.includes('\\') &&
  !path.includes('\0') &&
  !parts(path).some((part) => part === '' || part === '.' || part === '..');
