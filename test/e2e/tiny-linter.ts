/** A linter of two rules, one of which its fixer repairs: real reports of real files, at once. */
import { createHash } from 'node:crypto';
import type { StageEnd, StageJob } from '../../sandbox/actions/scripts.ts';
import { FIXES_FILE } from '../../src/domain/repair/fixes.ts';

interface Found {
  readonly file: string;
  readonly line: number;
  readonly rule: string;
  /** The line itself, as some linters repeat it. */
  readonly text: string;
}

const RULES: Readonly<Record<string, RegExp>> = { 'no-var': /\bvar /, eqeqeq: /[^=!]==[^=]/ };

export async function tinyLint({ inputs, repository: { git }, run }: StageJob): Promise<StageEnd> {
  const names = (await git.git('ls-tree', '-r', '--name-only', run.headSha))
    .split('\n')
    .filter((name) => name.endsWith('.js'));
  const sources = await Promise.all(
    names.map(async (name) => [name, (await git.file(run.headSha, name))?.toString() ?? ''] as const),
  );
  const isFixing = inputs['fix'] === 'true';
  const texts = sources.map(([name, text]) => [name, isFixing ? text.replaceAll(/\bvar /g, 'let ') : text] as const);
  const found = texts.flatMap(([file, text]) => findingsIn(file, text));
  const code = found.length === 0 ? 0 : 1;
  const status = code === 0 ? 'success' : 'error';
  const linters = [
    { name: 'JAVASCRIPT_ES', status, return_code: code, total_number_errors: found.length, files_number: names.length },
  ];
  const stage = {
    schemaVersion: 1,
    stage: 'lint',
    commit: inputs['commit'],
    exitCode: code,
    tool: { name: 'tiny', version: '1' },
  };
  const fixed = texts.filter(([name, text]) => sources.find(([each]) => each === name)?.[1] !== text);
  return {
    conclusion: code === 0 ? 'success' : 'failure',
    steps: [{ name: 'the linter', conclusion: status === 'success' ? 'success' : 'failure' }],
    artifact: new Map([
      ['stage.json', JSON.stringify(stage)],
      ['megalinter-reports/mega-linter-report.json', JSON.stringify({ linters, status, return_code: code })],
      ['megalinter-reports/megalinter-report.sarif', JSON.stringify({ version: '2.1.0', runs: [sarif(found)] })],
      ...(isFixing
        ? [[FIXES_FILE, JSON.stringify({ schemaVersion: 1, files: fixed.map(kept), left: 0 })] as const]
        : []),
    ]),
  };
}

const findingsIn = (file: string, text: string): Found[] =>
  text
    .split('\n')
    .flatMap((line, index) =>
      Object.entries(RULES).flatMap(([rule, pattern]) =>
        pattern.test(line) ? [{ file, line: index + 1, rule, text: line.trim() }] : [],
      ),
    );

const kept = ([path, text]: readonly [string, string]): object => ({
  path,
  sha256: createHash('sha256').update(text).digest('hex'),
  content: Buffer.from(text).toString('base64'),
});

const sarif = (found: readonly Found[]): object => ({
  tool: { driver: { name: 'eslint (MegaLinter JAVASCRIPT_ES)' } },
  results: found.map(({ file, line, rule, text }) => ({
    ruleId: rule,
    level: 'error',
    message: { text: `About ${rule}: ${text}` },
    locations: [{ physicalLocation: { artifactLocation: { uri: file }, region: { startLine: line } } }],
  })),
});
