/** What a change brings into a file that was not there: a repair of lint needs none of it. */
import type { ChangedLines } from './changed-lines.ts';

interface Foreign {
  readonly what: string;
  /** Each match is one thing that is counted: linear, since lines are anybody's. */
  readonly pattern: RegExp;
}

/** Comments that tell a linter to look away. Source: each tool's documentation on suppression. */
const SUPPRESSIONS: readonly string[] = [
  'eslint-disable',
  'eslint-enable',
  'eslint-env',
  'tslint:',
  'jshint ',
  'jscs:',
  'standard-disable',
  'biome-ignore',
  'oxlint-disable',
  'deno-lint-ignore',
  'prettier-ignore',
  'stylelint-disable',
  '@ts-ignore',
  '@ts-expect-error',
  '@ts-nocheck',
  'istanbul ignore',
  'c8 ignore',
  'v8 ignore',
  'noqa',
  'nosec',
  'nosemgrep',
  'nopep8',
  'type: ignore',
  'pyright: ',
  'pylint: ',
  'pylint:',
  'mypy: ',
  'flake8: ',
  'ruff: ',
  'fmt: off',
  'fmt: skip',
  'yapf: disable',
  'isort: skip',
  'isort:skip',
  'pragma: no cover',
  'bandit',
  'shellcheck disable',
  'shellcheck source',
  'hadolint ignore',
  'hadolint global',
  'yamllint disable',
  'yamllint disable-line',
  'markdownlint-disable',
  'markdownlint-capture',
  'markdownlint-configure-file',
  'mega-linter',
  'checkov:skip',
  'tfsec:',
  'trivy:',
  'kics-scan',
  'gitleaks:allow',
  'secretlint-disable',
  'cspell:',
  'spell-checker:',
  'rubocop:',
  'nolint',
  'lint:ignore',
  'golangci',
  'clippy::',
  'rustfmt::skip',
  'swiftlint:',
  'ktlint-disable',
  'detekt',
  '@suppress',
  'suppresswarnings',
  'checkstyle',
  'nopmd',
  'phpcs:',
  'phpstan-ignore',
  'psalm-suppress',
  'ansible-lint',
  'dotenv-linter:',
  'editorconfig-checker-disable',
  'jscpd:',
  'nosonar',
  'sqlfluff:',
  'sonar.',
];

/** Words end somewhere, quotes are any, and nothing here can be read in two ways: each is linear. */
const FOREIGN: readonly Foreign[] = [
  {
    what: 'an import',
    pattern:
      /\b(?:import|require|include|include_once|require_once|using|source|use|extern crate)\b(?=[\s('"<]|$)|^\s{0,40}(?:from)\s[\w.]{1,200}\simport\b|^\s{0,40}#include\b|^\s{0,40}@import\b/gim,
  },
  { what: 'an address', pattern: /\b(?:https?|wss?|ftp|file|data|ssh|git|tcp):(?:\/\/)?[^\s'"<>)]/gi },
  {
    what: 'a call that starts a process',
    pattern:
      /\b(?:exec|execa|execfile|execsync|spawn|spawnsync|fork|popen|system|shell_exec|passthru|subprocess|child_process|os\.exec\w{0,6}|runtime\.getruntime|processbuilder|eval|new function|__import__|compile)\b(?=[\s.(`'"]|$)|`[^`\n]{0,200}\$\(/gi,
  },
  {
    what: 'a call to the network',
    pattern:
      /\b(?:fetch|axios|xmlhttprequest|websocket|urlopen|urllib|requests|httpx|aiohttp|socket|net\.connect|dns\.|curl|wget|nc|netcat|telnet|invoke-webrequest|http\.get|https\.get|navigator\.sendbeacon)\b(?=[\s.(]|$)/gi,
  },
  {
    what: 'a call to the file system',
    pattern:
      /\b(?:readfile|readfilesync|writefile|writefilesync|appendfile|unlink|unlinksync|rmsync|rmdir|chmod|chown|symlink|open|fopen|file_get_contents|file_put_contents|shutil|pathlib|os\.remove|os\.path|rm -|mkdir|tempfile)\b(?=[\s.(]|$)/gi,
  },
  {
    what: 'a read of the environment',
    pattern:
      /\bprocess\.env\b|\bos\.environ\b|\bgetenv\b|\benviron\b|\bimport\.meta\.env\b|\bdeno\.env\b|\$\{?[A-Z][A-Z0-9_]{3,60}\}?|\$env:|\bsecrets\.\w/gm,
  },
  {
    what: 'what looks like a secret',
    pattern:
      /\b(?:ghp|gho|ghu|ghs|ghr|github_pat|sk-ant|sk|xox[abprs]|glpat|npm|pypi|AKIA|ASIA|AIza|ya29|eyJ)[-_A-Za-z0-9]{16,200}|-----BEGIN [A-Z ]{1,40}PRIVATE KEY|\b[A-Fa-f0-9]{40,128}\b/g,
  },
];

/** A line is looked at as far as a person would read it; a longer one is refused for that. */
const MAX_LINE = 2000;

/** Counted by what is written, so that a line that is only moved or indented brings nothing. */
export function whatIsBrought({ added, removed }: ChangedLines): string[] {
  const long = added.some((line) => line.length > MAX_LINE) && !removed.some((line) => line.length > MAX_LINE);
  const kinds = FOREIGN.filter((kind) => hasMore(matches(added, kind.pattern), matches(removed, kind.pattern)));
  return [
    ...(long ? [`brings in a line of more than ${MAX_LINE} characters`] : []),
    ...suppressionsIn(added, removed).map((marker) => `tells a linter to look away (\`${marker}\`)`),
    ...kinds.map(({ what }) => `brings in ${what}`),
  ];
}

function matches(lines: readonly string[], pattern: RegExp): string[] {
  return lines
    .flatMap((line) => line.slice(0, MAX_LINE).match(pattern) ?? [])
    .map((found) => found.trim().toLowerCase());
}

function hasMore(added: readonly string[], removed: readonly string[]): boolean {
  const left = new Map<string, number>();
  for (const found of removed) left.set(found, (left.get(found) ?? 0) + 1);
  return added.some((found) => {
    const count = left.get(found) ?? 0;
    left.set(found, count - 1);
    return count <= 0;
  });
}

function suppressionsIn(added: readonly string[], removed: readonly string[]): string[] {
  const count = (lines: readonly string[], marker: string): number =>
    lines.filter((line) => line.slice(0, MAX_LINE).toLowerCase().includes(marker)).length;
  return SUPPRESSIONS.filter((marker) => count(added, marker) > count(removed, marker));
}
