/**
 * The states that a failure adds before the run's end. The gate's decision and the check's text are their work so far;
 * issues are opened here once the run knows how to (issue "every ending is honest").
 */
import { decision } from '../../src/domain/run/decision.ts';
import type { Run } from '../run.ts';

const noted =
  (state: string, what: string) =>
  (run: Run): Promise<void> => {
    run.decide(decision('state_injected', `${state} was entered: ${what}.`));
    return Promise.resolve();
  };

export const buildFailure = noted('BUILD_FAILURE', 'there is no image, so nothing after the build can run');
export const vulnerabilityRemediation = noted('VULNERABILITY_REMEDIATION', 'the scan found what the gate names');
export const verifyFailure = noted('VERIFY_FAILURE', 'the evidence does not hold, or is worth less than was expected');
