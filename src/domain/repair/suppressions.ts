/** Words by which a linter is told to look away: no repair brings any, nor widens one that is there. */

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
  'global ',
  'globals ',
  'exported ',
  'isort: off',
  'allow(',
  'expect(clippy',
  'pragma warning',
  'pragma: allowlist',
  'clang-format off',
  'cppcheck-suppress',
  'csharpier-ignore',
  'luacheck:',
  'stylua: ignore',
  'no critic',
  'revive:disable',
  'tflint-ignore',
  'ignore_for_file',
  'do not edit',
  'code generated',
  'zizmor: ignore',
  'robocop:',
  'textlint-disable',
  'suppressmessage',
  '-*- coding',
];

/** As tools read them: white space and its lack around a colon are one. */
const plain = (line: string): string =>
  line
    .toLowerCase()
    .replace(/\s{0,9}([:=])\s{0,9}/g, '$1')
    .replace(/\s{1,200}/g, ' ');
const MARKERS = SUPPRESSIONS.map((marker) => [marker, plain(marker)] as const);

/** A marker may stay where it was, with all that follows it: to look away from more is to look away. */
export function suppressionsIn(added: readonly string[], removed: readonly string[]): string[] {
  const tails = (lines: readonly string[], marker: string): string[] =>
    lines.map(plain).flatMap((line) => {
      const at = line.indexOf(marker);
      return at < 0 ? [] : [line.slice(at).trim()];
    });
  const isNew = (marker: string): boolean => {
    const left = tails(removed, marker);
    return tails(added, marker).some((tail) => {
      const at = left.indexOf(tail);
      if (at >= 0) left.splice(at, 1);
      return at < 0;
    });
  };
  return MARKERS.filter(([, normal]) => isNew(normal)).map(([marker]) => marker);
}
