/**
 * The only failures that activities throw: a closed list, each retryable or not by its type, each with a message that
 * says what to do. Everything expected is a value instead.
 */
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { GitHubFault } from '../src/adapters/github/github-fault.ts';

export const FAILURE_TYPES = {
  GitHubUnavailable: { retryable: true },
  GitHubRefused: { retryable: false },
  GitHubUnreadable: { retryable: true },
  AccessLost: { retryable: false },
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
    if (error instanceof GitHubFault && error.kind === 'rate_limited') {
      return { kind: 'rate_limited', untilEpochSeconds: error.untilEpochSeconds ?? 0 };
    }
    throw toFailure(error);
  }
}

export function toFailure(error: unknown): Error {
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error;
  if (!(error instanceof GitHubFault)) return error instanceof Error ? error : new Error('An activity threw no error');
  switch (error.kind) {
    case 'unauthorized':
    case 'gone':
      return failure('AccessLost', `${error.message}. Is the App still installed here, and its key in order?`);
    case 'unavailable':
    case 'rate_limited':
      return failure('GitHubUnavailable', error.message);
    case 'unreadable':
      return failure('GitHubUnreadable', error.message);
    case 'forbidden':
    case 'not_found':
    case 'conflict':
    case 'unprocessable':
      return failure('GitHubRefused', `${error.message}. Compare the App's granted permissions with app.yml.`);
  }
}
