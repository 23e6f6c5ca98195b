/**
 * Why a stage run left no result, or a build failed: what GitHub and the log show, told apart by who can make it right. A
 * fault of infrastructure is one only where something shows it; what cannot be explained is never held against the commit
 * either, but is not called by a name that nothing proves.
 */
import { z } from 'zod';
import { plainLine } from '../report/plain-text.ts';
import type { Stage } from '../stage/stage-table.ts';
import { errorLine, logExcerpt } from './log-excerpt.ts';

export const Diagnosis = z.object({
  kind: z.enum(['infrastructure', 'own_code', 'unexplained']),
  /** What shows it, in a line. */
  evidence: z.string(),
  /** The step that failed; null where none ran. */
  step: z.string().nullable(),
  /** Where its log is read. */
  url: z.string().nullable(),
  /** The log's lines round the error. */
  log: z.array(z.string()),
});
export type Diagnosis = z.infer<typeof Diagnosis>;

export interface JobFacts {
  readonly name: string;
  readonly conclusion: string | null;
  readonly url: string | null;
  readonly steps: readonly { readonly name: string; readonly conclusion: string | null }[];
}

export interface FailureFacts {
  readonly stage: Stage;
  readonly conclusion: string;
  readonly jobs: readonly JobFacts[];
  /** Messages that Actions itself has put on the failed job: a lost runner is told there and nowhere else. */
  readonly annotations: readonly string[];
  /** Of the failed job; null where it could not be read. */
  readonly log: readonly string[] | null;
}

export function diagnose(facts: FailureFacts): Diagnosis {
  const job = failedJob(facts.jobs);
  const step = job?.steps.find((each) => each.conclusion === 'failure')?.name ?? null;
  return {
    ...causeOf(facts, job, step),
    step,
    url: job?.url ?? null,
    log: logExcerpt(facts.log ?? []),
  };
}

type Cause = Pick<Diagnosis, 'kind' | 'evidence'>;

function causeOf(facts: FailureFacts, job: JobFacts | null, step: string | null): Cause {
  const runner = firstMatch(facts.annotations, RUNNER_SIGNS);
  if (runner !== null) return { kind: 'infrastructure', evidence: runner };
  if (job === null || job.steps.length === 0) {
    return { kind: 'infrastructure', evidence: `Actions ended it ${facts.conclusion} before any step ran` };
  }
  return causeInLog(facts) ?? { kind: 'unexplained', evidence: unexplained(facts.log, step) };
}

/** In a build's log only the builder's own words count: what a command of the Dockerfile prints may say anything. */
function causeInLog({ stage, log }: FailureFacts): Cause | null {
  const lines = log ?? [];
  const told = stage === 'build' ? lines.filter(isBuildersOwn) : lines;
  if (stage === 'build' && told.some((line) => OWN_PROCESS.test(line))) {
    return { kind: 'own_code', evidence: ownFailure(told, lines) };
  }
  const service = firstMatch(told, SERVICE_SIGNS);
  return service === null ? null : { kind: 'infrastructure', evidence: service };
}

/** The job that a person would open: the one that failed, else the one that was cut. */
export const failedJob = <J extends Pick<JobFacts, 'conclusion'>>(jobs: readonly J[]): J | null =>
  jobs.find(({ conclusion }) => conclusion === 'failure') ??
  jobs.find(({ conclusion }) => conclusion !== 'success' && conclusion !== 'skipped') ??
  null;

function unexplained(log: readonly string[] | null, step: string | null): string {
  const where = step === null ? 'its job ended without a failed step' : `its step "${plainLine(step, 80)}" failed`;
  if (log === null) return `${where}, and its log could not be read`;
  const said = errorLine(log);
  return said === null ? where : `${where}: ${said}`;
}

interface Sign {
  readonly pattern: RegExp;
  readonly means: string;
}

const MAX_EVIDENCE = 160;

function firstMatch(lines: readonly string[], signs: readonly Sign[]): string | null {
  for (const line of lines) {
    const text = plainLine(line.slice(0, 2000), 1000);
    const sign = signs.find(({ pattern }) => pattern.test(text));
    if (sign !== undefined) return `${sign.means} (${plainLine(text.replace(/^##\[error\]/, ''), MAX_EVIDENCE)})`;
  }
  return null;
}

/** What Actions writes on a job whose machine went away. */
const RUNNER_SIGNS: readonly Sign[] = [
  { pattern: /lost communication with the server/i, means: 'the runner was lost' },
  { pattern: /received a shutdown signal/i, means: 'the runner was shut down' },
  { pattern: /was not acquired by Runner|no runner (?:was )?available/i, means: 'no runner took the job' },
];

/** A service that a stage needs and that did not answer: not the repository's, and not the stage's own. */
const SERVICE_SIGNS: readonly Sign[] = [
  {
    pattern:
      /(?:failed to load|unable to (?:load|update|check for)|failed to update|could not (?:load|update)) (?:the )?vulnerability (?:db|database)/i,
    means: 'the vulnerability database could not be had',
  },
  {
    pattern:
      /(?:fulcio|rekor|sigstore|timestamp authority|\btuf\b).{0,120}(?:\b50[0234]\b|timeout|timed out|unavailable|refused|unreachable)/i,
    means: 'Sigstore did not answer',
  },
  { pattern: /toomanyrequests|\b429 Too Many Requests|rate limit exceeded/i, means: 'a registry limits requests' },
  {
    pattern: /\b(?:500 Internal Server Error|502 Bad Gateway|503 Service Unavailable|504 Gateway Time-?out)\b/i,
    means: 'a service answered with a fault of its own',
  },
  { pattern: /unexpected status(?: code)?.{0,200}\b50[0234]\b/i, means: 'a service answered with a fault of its own' },
  {
    pattern:
      /\b(?:ECONNRESET|ETIMEDOUT|ECONNREFUSED|EAI_AGAIN|ENOTFOUND)\b|connection reset by peer|TLS handshake timeout|\bi\/o timeout\b|no such host|Temporary failure in name resolution/,
    means: 'a host could not be reached',
  },
  {
    pattern: /Failed to (?:download action|download archive|resolve action download info)/i,
    means: 'GitHub did not hand out an action',
  },
];

/** `#12 3.4 text` is what a process of the Dockerfile printed: its words are the repository's, whatever they say. */
const isBuildersOwn = (line: string): boolean => !/^#\d+ (?:\d|\.)/.test(line) && !/^ ?\d+\.\d+ /.test(line);

/** BuildKit's words for a command of the Dockerfile that failed. Source: moby/buildkit, `solver/errdefs/exec.go`. */
const OWN_PROCESS = /process ".{0,1500}did not complete successfully: exit code: \d+/;

/** A host that a command of the Dockerfile could not reach is worth saying, and no excuse: the command decides what it needs. */
function ownFailure(told: readonly string[], all: readonly string[]): string {
  const line = told.find((each) => OWN_PROCESS.test(each)) ?? '';
  const exit = /process (".{0,1500}) did not complete successfully: exit code: (\d+)/.exec(line);
  const what = `the Dockerfile's own command ${plainLine(exit?.[1] ?? '', 120)} ended with exit code ${exit?.[2] ?? '?'}`;
  const hint = firstMatch(
    all.filter((each) => !isBuildersOwn(each)),
    SERVICE_SIGNS,
  );
  return hint === null ? what : `${what}; perhaps since ${hint}`;
}

/** Who cancelled a run, as Actions notes it on its jobs; null where it says nothing. */
export function cancelledBy(annotations: readonly string[]): string | null {
  for (const line of annotations) {
    const match = /^The run was cancell?ed by @([A-Za-z0-9-]{1,39}(?:\[bot\])?)\.?$/.exec(line.trim());
    if (match?.[1] !== undefined) return match[1];
  }
  return null;
}

/** A job that its own time-out ended reads as cancelled: only this tells. */
export const ranOutOfTime = (annotations: readonly string[]): boolean =>
  annotations.some((line) => /exceeded the maximum execution time/i.test(line.slice(0, 500)));
