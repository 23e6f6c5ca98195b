/** Faults that the demo can play: what a stage run meets, and what must be said of it. */
import type { Stage } from '../src/domain/stage/stage-table.ts';
import type { StageEnd, StageScripts } from './actions/scripts.ts';

export interface Scenario {
  readonly story: string;
  readonly stage: Stage;
  /** How the n-th run of the stage ends, counted from 1; null leaves it to itself. */
  readonly end: (nth: number) => StageEnd | null;
  /** The verdict of the run that meets it. */
  readonly verdict: 'success' | 'no_result' | 'failure';
}

const failed = (step: string, log: readonly string[], more: Partial<StageEnd> = {}): StageEnd => ({
  conclusion: 'failure',
  artifact: null,
  steps: [{ name: step, conclusion: 'failure' }],
  log: log.join('\n'),
  ...more,
});

const DATABASE_IS_GONE = failed('grype', [
  '##[group]Run anchore/scan-action',
  '##[endgroup]',
  '1 error occurred:',
  '\t* failed to load vulnerability db: unable to update vulnerability db: Get "https://grype.anchore.io/databases/v6/latest.json": dial tcp: lookup grype.anchore.io: no such host',
  '##[error]Process completed with exit code 1.',
]);

const RUNNER_IS_LOST = failed('Run syft', ['##[group]Run anchore/sbom-action', '##[endgroup]'], {
  annotations: [{ level: 'failure', message: 'The hosted runner lost communication with the server.' }],
});

const REGISTRY_IS_DOWN: StageEnd = failed('Log in', [
  '##[error]Error response from daemon: Get "https://ghcr.io/v2/": received unexpected HTTP status: 503 Service Unavailable',
]);

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'scanner-crash': {
    story: 'The scanner cannot load its database, each time. The reference counts that as zero findings, and is green.',
    stage: 'scan',
    end: () => DATABASE_IS_GONE,
    verdict: 'no_result',
  },
  'scanner-recovers': {
    story:
      'The scanner cannot load its database once: a fault of infrastructure, which the next attempt does not meet.',
    stage: 'scan',
    end: (nth) => (nth === 1 ? DATABASE_IS_GONE : null),
    verdict: 'success',
  },
  'runner-lost': {
    story: 'The machine that takes the inventory is lost, twice.',
    stage: 'sbom',
    end: (nth) => (nth <= 2 ? RUNNER_IS_LOST : null),
    verdict: 'success',
  },
  'registry-down': {
    story: 'The registry does not answer the build, once.',
    stage: 'build',
    end: (nth) => (nth === 1 ? REGISTRY_IS_DOWN : null),
    verdict: 'success',
  },
};

/** Scripts of the stage that the scenario of the moment is about; everything else is the runner's. */
export function scenarioScripts(current: () => Scenario | null): StageScripts {
  const runs = new Map<string, number>();
  return ({ stage, inputs }) => {
    const scenario = current();
    if (scenario?.stage !== stage) return null;
    const key = inputs['commit'] ?? '';
    const nth = (runs.get(key) ?? 0) + 1;
    runs.set(key, nth);
    const end = scenario.end(nth);
    return end === null ? null : () => Promise.resolve(end);
  };
}
