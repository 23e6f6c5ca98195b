/**
 * The only failures that activities throw: a closed list, each retryable or not by its type, each with a message that
 * says what to do. Everything expected is a value instead.
 */
import { ApplicationFailure } from '@temporalio/common';
import { ClaudeFault } from '../src/adapters/claude/claude.ts';
import { GitHubFault, type GitHubFaultKind } from '../src/adapters/github/github-fault.ts';

export const FAILURE_TYPES = {
  GitHubUnavailable: { retryable: true },
  GitHubRefused: { retryable: false },
  GitHubUnreadable: { retryable: true },
  /** A key that is being rotated comes back; an App that was removed ends at the call's deadline. */
  AccessLost: { retryable: true },
  ModelUnavailable: { retryable: true },
  ModelRefused: { retryable: false },
} as const;
export type FailureType = keyof typeof FAILURE_TYPES;

const failure = (type: FailureType, message: string): ApplicationFailure =>
  ApplicationFailure.create({ type, message, nonRetryable: !FAILURE_TYPES[type].retryable });

/** A long wait is no failure: the workflow sleeps on it, and no slot is held. */
export type Answer<T> =
  | { readonly kind: 'answered'; readonly value: T }
  | { readonly kind: 'rate_limited'; readonly untilEpochSeconds: number };

/** Runs an effect on GitHub: a rate limit becomes a value, every other fault a failure of the closed list. */
export async function answer<T>(effect: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { kind: 'answered', value: await effect() };
  } catch (error) {
    if ((error instanceof GitHubFault || error instanceof ClaudeFault) && error.kind === 'rate_limited') {
      return { kind: 'rate_limited', untilEpochSeconds: error.untilEpochSeconds ?? 0 };
    }
    throw toFailure(error);
  }
}

const FAILURE_OF_FAULT: Readonly<Record<GitHubFaultKind, FailureType>> = {
  unauthorized: 'AccessLost',
  gone: 'GitHubRefused',
  unavailable: 'GitHubUnavailable',
  rate_limited: 'GitHubUnavailable',
  unreadable: 'GitHubUnreadable',
  forbidden: 'GitHubRefused',
  not_found: 'GitHubRefused',
  conflict: 'GitHubRefused',
  unprocessable: 'GitHubRefused',
};

const ADVICE: Readonly<Record<FailureType, string>> = {
  AccessLost: '. Is the App still installed here, and its key in order?',
  GitHubRefused: ". Compare the App's granted permissions with app.yml.",
  GitHubUnavailable: '',
  ModelUnavailable: '',
  ModelRefused: '',
  GitHubUnreadable: '',
};

/** Cancellation and our own failures pass; a fault of GitHub becomes one of the list; a bug stays what it is. */
export function toFailure(error: unknown): Error {
  if (error instanceof ClaudeFault)
    return failure(error.kind === 'refused' ? 'ModelRefused' : 'ModelUnavailable', error.message);
  if (error instanceof GitHubFault) {
    const type = FAILURE_OF_FAULT[error.kind];
    // What is gone is nobody's grant to give.
    return failure(type, `${error.message}${error.kind === 'gone' ? '' : ADVICE[type]}`);
  }
  return error instanceof Error ? error : new Error('An activity threw no error');
}
