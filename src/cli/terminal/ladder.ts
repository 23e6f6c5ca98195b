/** An assessment on a terminal: the level first, then the rungs, then each check in its order. */
import type { Assessment } from '../../domain/evidence/assessment.ts';
import { nextOf, titleOf, type Check } from '../../domain/evidence/checks.ts';
import { levelLine, nextLevelLine } from '../../domain/evidence/describe-assessment.ts';
import { plainLine } from '../../domain/report/plain-text.ts';

export interface LadderContext {
  readonly repository: string;
  readonly commands: readonly string[];
}

const MARK = { met: '✔', not_met: '✘', not_assessed: '·' } as const;
const WORDS = { met: 'met', not_met: 'not met', not_assessed: 'not assessed' } as const;
const MAX_LINE = 400;

/** What stands in it may be anybody's words: plain lines, without escape sequences. */
export function ladder(assessment: Assessment, { repository, commands }: LadderContext): string[] {
  const { subject, expectedLevel, setAside, roots } = assessment;
  const next = nextLevelLine(assessment);
  return [
    `${subject.name}@${subject.digest}, for ${repository}`,
    `${levelLine(assessment)} (asked for: L${expectedLevel})`,
    '',
    ...assessment.requirements.map(({ title, level, state, reason }) => {
      const name = `${title}${level === null ? '' : ` (L${level})`}`;
      return `  ${MARK[state]} ${name.padEnd(34)} ${WORDS[state].padEnd(13)} ${reason}`;
    }),
    '',
    ...checkLines(assessment),
    ...(setAside.count === 0
      ? []
      : [`Set aside: ${setAside.count}`, ...setAside.examples.map((each) => `  ${each}`), '']),
    ...(next === '' ? [] : [next, '']),
    ...roots
      .filter(({ isStale }) => isStale)
      .map(({ name, asOf }) => `Trust root ${name} is of ${asOf}: run \`slsa-pipeline trust refresh\`.`),
    ...(commands.length === 0 ? [] : ['The same question, asked of other tools:']),
    ...commands.map((command) => `  ${command}`),
  ].map((line) => plainKeepingIndent(line));
}

function checkLines({ checks, provenance }: Assessment): string[] {
  if (checks.length === 0) return [];
  const about =
    provenance === null ? '' : `, bundle sha256:${provenance.bundleSha256.slice(0, 12)}…, root ${provenance.root}`;
  return [`Checks of the provenance${about}`, ...checks.flatMap(oneCheck), ''];
}

function oneCheck(check: Check): string[] {
  const head = `  ${MARK[check.state]} ${titleOf(check)}${check.state === 'not_assessed' ? ' (not asked)' : ''}`;
  if (check.state !== 'not_met') return [head];
  return [
    head,
    `      expected  ${check.expected}`,
    `      found     ${check.found}`,
    `      next      ${nextOf(check)}`,
  ];
}

function plainKeepingIndent(line: string): string {
  const indent = /^ */.exec(line)?.[0] ?? '';
  return `${indent}${plainLine(line, MAX_LINE)}`;
}
