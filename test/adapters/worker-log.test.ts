/** What Temporal's worker says becomes a line that an operator can act on. */
import { expect, it } from '@jest/globals';
import { writeToLog } from '../../src/adapters/temporal/worker-log.ts';
import { createLogger } from '../../src/cli/logging.ts';

function lineOf(level: 'WARN' | 'ERROR', message: string, meta: unknown): unknown {
  let written = '';
  writeToLog(createLogger('trace', [], { write: (line) => (written += line) }), { level, message, meta });
  return JSON.parse(written, (key, value: unknown) => (key === 'time' ? undefined : value));
}

it('a failed activity is told with its run, its repository and the causes of its error', () => {
  const error = new Error('The report could not be read', { cause: new Error('GitHub answered 502') });
  const meta = {
    workflowId: 'slsa-run:1:refs/heads/main:abc:1',
    workflowType: 'slsaBuildPipeline',
    activityType: 'runMegalinter',
    attempt: 2,
    repository: 'acme/app',
    taskToken: 'CiQw',
    durationMs: 12,
    error,
  };
  expect(lineOf('WARN', 'Activity failed', meta)).toEqual({
    level: 'warn',
    run: 'slsa-run:1:refs/heads/main:abc:1',
    workflow: 'slsaBuildPipeline',
    activity: 'runMegalinter',
    attempt: 2,
    repository: 'acme/app',
    durationMs: 12,
    cause: 'The report could not be read: GitHub answered 502',
    msg: 'Activity failed',
  });
});

it('what the native part writes keeps the id of the run and its failure, within a bound', () => {
  const meta = { sdkComponent: 'core', target: 'temporalio_sdk_core', run_id: '01a2', failure: 'x'.repeat(5000) };
  expect(lineOf('WARN', 'Failing workflow task', meta)).toEqual({
    level: 'warn',
    temporalRun: '01a2',
    cause: 'x'.repeat(1000),
    msg: 'Failing workflow task',
  });
});

it.each([[undefined], [null], ['text'], [{ error: 'text' }], [{ attempt: 'many' }]])(
  'meta of another form, %j, costs nothing but its fields',
  (meta) => {
    expect(lineOf('ERROR', 'Something', meta)).toMatchObject({ level: 'error', msg: 'Something' });
  },
);
