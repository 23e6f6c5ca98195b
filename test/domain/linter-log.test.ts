/** Linters that write no SARIF tell in words of their own: places where there are some, whole files where there are none. */
import { describe, expect, it } from '@jest/globals';
import { readLinterLog } from '../../src/domain/lint/read-linter-log.ts';

const linter = (name: string, files: string[] = []) => ({ name: name.toUpperCase(), linter_name: name, files });

describe("a linter's own words", () => {
  it.each([
    [
      'src/a.py:3:5: E711 Comparison to `None`',
      { file: 'src/a.py', line: 3, rule: 'E711', message: 'Comparison to `None`' },
    ],
    [
      'README.md:4 error MD040/fenced-code-language Fenced code blocks',
      { file: 'README.md', line: 4, rule: 'MD040/fenced-code-language', message: 'Fenced code blocks' },
    ],
    [
      'run.sh:2:1: warning: Double quote to prevent globbing. [SC2086]',
      { file: 'run.sh', line: 2, rule: 'SC2086', message: 'warning: Double quote to prevent globbing.' },
    ],
    ['a.yml:1:1: [error] wrong indentation (indentation)', { file: 'a.yml', line: 1, rule: 'indentation' }],
    ['Dockerfile:3 DL3025 warning: Use arguments JSON notation', { file: 'Dockerfile', line: 3, rule: 'DL3025' }],
    ['\u001b[31msrc/a.css:7:2: Unexpected hex\u001b[0m', { file: 'src/a.css', line: 7, message: 'Unexpected hex' }],
  ])('%j is a finding with its place', (line, finding) => {
    expect(readLinterLog(linter('tool'), `Linting 3 files\n${line}\n\n2 errors`)).toEqual([
      expect.objectContaining({ linter: 'tool', ...finding }),
    ]);
  });

  it('about whole files are taken for files that were linted, each once', () => {
    const log =
      '[warn] src/a.json\nwould reformat b.py\n[warn] Code style issues found\n[warn] src/a.json\nreformat c.py';
    expect(readLinterLog(linter('prettier', ['src/a.json', 'b.py']), log)).toEqual([
      { linter: 'prettier', rule: '', file: 'src/a.json', line: null, message: 'is not as prettier would write it' },
      expect.objectContaining({ file: 'b.py', line: null }),
    ]);
  });

  it('that only list what is looked at are no finding', () => {
    expect(readLinterLog(linter('markdownlint', ['a.md', 'b.md']), 'Finding: a.md b.md\nLinting: 2 files\n')).toEqual(
      [],
    );
    const log = 'Finding: a.md\na.md:1 MD041 First line\n';
    expect(readLinterLog(linter('markdownlint', ['a.md']), log)).toHaveLength(1);
  });

  it.each(['', 'Error: cannot find module', 'at line 3: something: else', `${'x'.repeat(1_000_000)}:1: y`])(
    'without a place are none: %#',
    (log) => {
      expect(readLinterLog(linter('tool', ['a']), log)).toEqual([]);
    },
  );
});
