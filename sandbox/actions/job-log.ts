/** What a job prints, in Actions' own markers: a group for each step, and an error where one failed. */

interface Step {
  readonly name: string;
  readonly conclusion: string;
}

const EXIT_CODE_1 = '##[error]Process completed with exit code 1.';

export const passedStep = (name: string, ...lines: readonly string[]): string =>
  [`##[group]Run ${name}`, '##[endgroup]', ...lines].join('\n');

export const failedStep = (name: string, ...lines: readonly string[]): string =>
  [passedStep(name, ...lines), EXIT_CODE_1].join('\n');

/** For jobs that say nothing themselves; null where nothing has run. */
export const toldBySteps = (steps: readonly Step[]): string | null =>
  steps.length === 0
    ? null
    : steps.map(({ name, conclusion }) => (conclusion === 'failure' ? failedStep(name) : passedStep(name))).join('\n');

/** Each line of a job's log begins with its time, to seven digits. Source: docs, "Using workflow run logs". */
export function stamped(log: string): string {
  const time = new Date().toISOString().replace('Z', '0000Z');
  return log
    .split('\n')
    .map((line) => `${time} ${line}\n`)
    .join('');
}
