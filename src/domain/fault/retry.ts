/** Which ends of a stage are worth another dispatch, and how patiently. */
import { problem, type ProblemCode } from '../problem.ts';
import type { StageOutcome } from '../stage/stage-outcome.ts';

/**
 * Ends that another machine, or the same a minute later, may not meet. What was delivered whole and cannot be used would be
 * so again; what a person must decide is never retried; a lost dispatch has its own patience.
 */
const RETRIED: readonly ProblemCode[] = ['never_ran', 'stage_crashed', 'infrastructure', 'artifact_missing'];

export interface Retry {
  readonly pauseSeconds: number;
  /** The next one, counted from 1. */
  readonly attempt: number;
  readonly of: number;
  /** "infrastructure: the runner was lost": why the one before does not count. */
  readonly because: string;
}

/** @param pauses seconds before the second try, the third …; null where this end is the last word */
export function retryOf(outcome: StageOutcome, attempt: number, pauses: readonly number[]): Retry | null {
  const pauseSeconds = pauses[attempt - 1];
  if (pauseSeconds === undefined || outcome.kind !== 'errored' || !RETRIED.includes(outcome.problem.code)) return null;
  return { pauseSeconds, attempt: attempt + 1, of: pauses.length + 1, because: becauseOf(outcome) };
}

function becauseOf({ problem: { message }, diagnosis }: Extract<StageOutcome, { kind: 'errored' }>): string {
  if (diagnosis === undefined) return message.replace(/\.$/, '');
  return diagnosis.kind === 'infrastructure'
    ? `infrastructure: ${diagnosis.evidence}`
    : `no report: ${diagnosis.evidence}`;
}

/** The last word of a stage that was tried several times says so. */
export function afterTries<O extends StageOutcome>(outcome: O, tries: number): O {
  if (tries === 1 || outcome.kind !== 'errored') return outcome;
  const { code, blame, message, next, title } = outcome.problem;
  const told = { ...problem(code, blame, `${message} It was retried ${timesOf(tries - 1)}: the same.`, next) };
  return {
    ...outcome,
    problem: title === undefined ? told : { ...told, title: `${title} (retried ${timesOf(tries - 1)})` },
  };
}

const timesOf = (count: number): string => ['never', 'once', 'twice'][count] ?? `${count} times`;
