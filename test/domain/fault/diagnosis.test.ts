/** Whose fault a failed stage is, by what GitHub and the log show. */
import { describe, expect, it } from '@jest/globals';
import { cancelledBy, diagnose, ranOutOfTime, type FailureFacts } from '../../../src/domain/fault/diagnosis.ts';
import { errorLine, logExcerpt, logLines } from '../../../src/domain/fault/log-excerpt.ts';
import { afterTries, retryOf } from '../../../src/domain/fault/retry.ts';
import { problem, type ProblemCode } from '../../../src/domain/problem.ts';
import type { StageOutcome } from '../../../src/domain/stage/stage-outcome.ts';

const job = {
  name: 'scan',
  conclusion: 'failure',
  url: 'https://github.com/j',
  steps: [{ name: 'grype', conclusion: 'failure' }],
};
const facts = (more: Partial<FailureFacts>): FailureFacts => ({
  stage: 'scan',
  conclusion: 'failure',
  jobs: [job],
  annotations: [],
  log: [],
  ...more,
});
const FAILED_RUN =
  'ERROR: failed to build: failed to solve: process "/bin/sh -c npm test" did not complete successfully: exit code: 1';

describe('a stage that left no result', () => {
  it.each<[string, Partial<FailureFacts>, string, RegExp]>([
    [
      'a runner was lost',
      { annotations: ['The hosted runner lost communication with the server.'] },
      'infrastructure',
      /^the runner was lost/,
    ],
    [
      'a runner was shut down',
      { annotations: ['The runner has received a shutdown signal.'] },
      'infrastructure',
      /shut down/,
    ],
    [
      'no job was made',
      { jobs: [], conclusion: 'startup_failure' },
      'infrastructure',
      /startup_failure before any step ran/,
    ],
    ['no step ran', { jobs: [{ ...job, steps: [] }] }, 'infrastructure', /before any step ran/],
    [
      'the database was out of reach',
      { log: ['1 error occurred:', '\t* failed to load vulnerability db: no such host'] },
      'infrastructure',
      /^the vulnerability database/,
    ],
    [
      'Sigstore did not answer',
      {
        stage: 'sign',
        log: ['error signing: getting signer: fulcio: POST https://fulcio.sigstore.dev: 503 Service Unavailable'],
      },
      'infrastructure',
      /^Sigstore did not answer/,
    ],
    [
      'a registry limits',
      { log: ['toomanyrequests: You have reached your pull rate limit.'] },
      'infrastructure',
      /^a registry limits requests/,
    ],
    [
      'a connection was reset',
      { log: ['read tcp 10.0.0.1:443: read: connection reset by peer'] },
      'infrastructure',
      /^a host could not be reached/,
    ],
    [
      'nothing explains it',
      { log: ['##[error]grype left no report: no result is never a clean result.'] },
      'unexplained',
      /step "grype" failed: Error: grype left no report/,
    ],
    ['its log is gone', { log: null }, 'unexplained', /its log could not be read/],
  ])('since %s is told by what shows it', (_name, more, kind, evidence) => {
    const found = diagnose(facts(more));
    expect(found.kind).toBe(kind);
    expect(found.evidence).toMatch(evidence);
  });
});

describe('a build that failed', () => {
  const build = (...log: string[]) => diagnose(facts({ stage: 'build', log }));

  it.each([
    [
      'ERROR: failed to solve: node:24: failed to resolve source metadata for docker.io/library/node:24: unexpected status from HEAD request to https://registry-1.docker.io: 503 Service Unavailable',
    ],
    ['ERROR: failed to solve: node:24: 429 Too Many Requests - toomanyrequests'],
  ])('since the registry did not answer is infrastructure: %s', (line) => {
    expect(build('#4 [internal] load metadata', `##[error]buildx failed with: ${line}`).kind).toBe('infrastructure');
  });

  it('F15: by a command of the Dockerfile is the repository’s, whatever that command printed', () => {
    const found = build(
      '#7 [3/4] RUN npm test',
      '#7 1.2 connect ECONNREFUSED 127.0.0.1:5432',
      `##[error]buildx failed with: ${FAILED_RUN}`,
    );
    expect(found.kind).toBe('own_code');
    expect(found.evidence).toMatch(
      /^the Dockerfile's own command "\/bin\/sh -c npm test" ended with exit code 1; perhaps since a host could not be reached/,
    );
  });

  it('by a Dockerfile that cannot be read has no excuse', () => {
    expect(build('ERROR: failed to solve: dockerfile parse error on line 3: unknown instruction: RUNN').kind).toBe(
      'unexplained',
    );
  });

  it('may print that a runner was lost: only Actions says so', () => {
    expect(build('#7 1.0 The hosted runner lost communication with the server', `##[error]${FAILED_RUN}`).kind).toBe(
      'own_code',
    );
  });
});

describe('a cancellation', () => {
  it('F17: names who did it, where Actions says so', () => {
    expect(cancelledBy(['The run was canceled by @kim.'])).toBe('kim');
    expect(cancelledBy(['The run was canceled by @dependabot[bot].'])).toBe('dependabot[bot]');
    expect(cancelledBy(['The run was canceled by @kim. [x](javascript:1)', 'nothing'])).toBeNull();
  });

  it('F19: of a job that ran out of time is told apart', () => {
    expect(ranOutOfTime(['The job has exceeded the maximum execution time of 1h0m0s'])).toBe(true);
    expect(ranOutOfTime(['The run was canceled by @kim.'])).toBe(false);
  });
});

describe('a log', () => {
  const at = (text: string): string => `2026-11-27T15:00:00.1234567Z ${text}`;

  it('is read without times, markers, colours and secrets, round its first error', () => {
    const lines = logLines(
      [
        ...Array.from({ length: 100 }, (_, n) => at(`line ${n}`)),
        at(`\u001b[31mred ghp_${'a'.repeat(36)}`),
        at('##[error]It broke'),
        at('after'),
      ].join('\r\n'),
    );
    const excerpt = logExcerpt(lines);
    expect(excerpt.at(-2)).toBe('Error: It broke');
    expect(excerpt).toContain('red [redacted]');
    expect(excerpt).toHaveLength(20);
    expect(excerpt.join('')).not.toMatch(/\d{4}-\d\d-\d\dT/);
  });

  it('tells more than an exit code, where it does', () => {
    expect(errorLine(['##[error]Process completed with exit code 1.', '##[error]No such file'])).toBe(
      'Error: No such file',
    );
    expect(errorLine(['##[error]Process completed with exit code 1.'])).toBe(
      'Error: Process completed with exit code 1.',
    );
    expect(errorLine(['fine'])).toBeNull();
  });
});

describe('another try', () => {
  const errored = (code: ProblemCode): StageOutcome => ({
    kind: 'errored',
    run: null,
    problem: { ...problem(code, 'nobody_here', 'Scan ended.', 'Look.'), title: 'Scan gave no result' },
    diagnosis: { kind: 'infrastructure', evidence: 'the runner was lost', step: null, url: null, log: [] },
  });

  it.each<[ProblemCode, boolean]>([
    ['never_ran', true],
    ['stage_crashed', true],
    ['infrastructure', true],
    ['artifact_missing', true],
    ['artifact_changed', false],
    ['report_unreadable', false],
    ['stage_file_refused', false],
    ['queued_too_long', false],
    ['wrong_subject', false],
  ])('F15: after %s is made: %s', (code, isMade) => {
    expect(retryOf(errored(code), 1, [60, 240]) !== null).toBe(isMade);
  });

  it('F15: comes after a minute, then after four, and then no more; and the last word says so', () => {
    const outcome = errored('infrastructure');
    expect(retryOf(outcome, 1, [60, 240])).toEqual({
      pauseSeconds: 60,
      attempt: 2,
      of: 3,
      because: 'infrastructure: the runner was lost',
    });
    expect(retryOf(outcome, 2, [60, 240])).toMatchObject({ pauseSeconds: 240, attempt: 3 });
    expect(retryOf(outcome, 3, [60, 240])).toBeNull();
    expect(afterTries(outcome, 3)).toMatchObject({
      problem: { title: 'Scan gave no result (retried twice)', message: 'Scan ended. It was retried twice: the same.' },
    });
    expect(afterTries(outcome, 1)).toBe(outcome);
  });
});
