/** Ends of runs that tests and scenarios write themselves, where hundreds are needed or a machine has to fail. */
import type { Stage } from '../../src/domain/stage/stage-table.ts';
import type { ActionsRunRecord, JobAnnotation, JobStep } from '../github/actions-records.ts';
import type { PullRecord, RepositoryRecord } from '../github/world.ts';
import type { JobPlace } from './runner/job-facts.ts';

export interface StageJob extends JobPlace {
  readonly stage: Stage;
  readonly inputs: Readonly<Record<string, string>>;
  /** A folder of the job's own, empty at first. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

export interface StageEnd {
  readonly conclusion: 'success' | 'failure' | 'startup_failure' | 'timed_out';
  /** Files of the artifact; null where the job leaves none. */
  readonly artifact: ReadonlyMap<string, Buffer | string> | null;
  readonly steps: readonly JobStep[];
  /** What its job printed, line by line; where it says nothing, its steps are told. */
  readonly log?: string;
  /** What Actions itself writes on a job: a runner that was lost is told there, and nowhere else. */
  readonly annotations?: readonly JobAnnotation[];
  /** Actions ended the run before it had made any job. */
  readonly jobs?: 'none';
  /** No event tells that it has completed: seen of GitHub where a run cannot start. */
  readonly silent?: boolean;
}

export type StageScript = (job: StageJob) => Promise<StageEnd>;

/** Decided when a run starts; null leaves it to the runner, which carries out its file. */
export type StageScripts = (job: Pick<StageJob, 'stage' | 'repository' | 'inputs'>) => StageScript | null;

export interface ForkJob {
  readonly repository: RepositoryRecord;
  readonly pull: PullRecord;
  readonly run: ActionsRunRecord;
}

export type ForkScript = (job: ForkJob) => Promise<ScriptedEnd>;

/** A whole run as a script ends it. */
export interface ScriptedEnd {
  readonly conclusion: string;
  readonly jobs: readonly ScriptedJob[];
  /** Artifacts by name, each with its files. */
  readonly artifacts: ReadonlyMap<string, ReadonlyMap<string, Buffer | string>>;
  readonly silent?: boolean;
}

export interface ScriptedJob {
  readonly name: string;
  readonly conclusion: string;
  readonly steps: readonly JobStep[];
  readonly log: string | null;
  readonly annotations: readonly JobAnnotation[];
}

/**
 * A stage's end as its run's: the job that the end is about, those before it, and those after it, which are skipped where it
 * failed.
 *
 * @param names of the jobs that the file has, in their order
 */
export function runEnd(
  end: StageEnd,
  names: readonly string[],
  { stage, run }: Pick<StageJob, 'stage' | 'run'>,
): ScriptedEnd {
  const hasJobs = end.jobs !== 'none' && end.conclusion !== 'startup_failure';
  const main = Math.max(
    0,
    names.findIndex((name) => /(^| \/ )build$/.test(name)),
  );
  const jobs = names.map((name, index): ScriptedJob => {
    if (index < main) return { ...DONE, name };
    if (index > main)
      return end.conclusion === 'success' ? { ...DONE, name } : { ...DONE, name, conclusion: 'skipped', log: null };
    const log = end.log ?? toldBySteps(end.steps);
    return { name, conclusion: end.conclusion, steps: end.steps, log, annotations: end.annotations ?? [] };
  });
  const artifact = hasJobs ? end.artifact : null;
  return {
    conclusion: end.conclusion,
    jobs: hasJobs ? jobs : [],
    artifacts: new Map(artifact === null ? [] : [[`slsa-${stage}-${run.attempt}`, artifact]]),
    silent: end.silent === true,
  };
}

const DONE = { conclusion: 'success', steps: [], log: '##[group]Run it\n##[endgroup]', annotations: [] } as const;

/** What a script that throws makes of its job. */
export const crashed = (error: unknown): StageEnd => {
  const name = error instanceof Error ? error.message : 'crash';
  return {
    conclusion: 'failure',
    artifact: null,
    steps: [{ name, conclusion: 'failure' }],
    log: failedStep('the stage', `##[error]${name}`),
  };
};

const EXIT_CODE_1 = '##[error]Process completed with exit code 1.';

export const passedStep = (name: string, ...lines: readonly string[]): string =>
  [`##[group]Run ${name}`, '##[endgroup]', ...lines].join('\n');

export const failedStep = (name: string, ...lines: readonly string[]): string =>
  [passedStep(name, ...lines), EXIT_CODE_1].join('\n');

/** For jobs that say nothing themselves; null where nothing has run. */
const toldBySteps = (steps: readonly JobStep[]): string | null =>
  steps.length === 0
    ? null
    : steps.map(({ name, conclusion }) => (conclusion === 'failure' ? failedStep(name) : passedStep(name))).join('\n');
