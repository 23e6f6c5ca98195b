/** A run on the terminal: the same document as the check run's, as lines. Pure. */
import { shortRef, shortSha } from '../../domain/git.ts';
import { describeOutcome } from '../../domain/report/describe-outcome.ts';
import { duration, durationBetween } from '../../domain/report/durations.ts';
import { plainLine } from '../../domain/report/plain-text.ts';
import { fullName } from '../../domain/repository.ts';
import type { RunDocument, StageProgress } from '../../domain/run/run-document.ts';
import type { Stage } from '../../domain/stage/stage-table.ts';

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** The two branches that run at once are drawn as branches. */
const BRANCH: Partial<Readonly<Record<Stage, string>>> = { sbom: '├ ', scan: '│ ', sign: '└ ' };

export function runFrame(document: RunDocument, tick: number, nowMs: number): string[] {
  const spinner = SPINNER[tick % SPINNER.length] ?? '';
  const waiting = document.stages.filter((each) => mark(document, each) === '·');
  const shown = document.stages.filter((each) => !waiting.includes(each));
  return [
    headline(document),
    ...inColumns(shown.map((each) => stageCells(document, each, { spinner, nowMs }))),
    ...(waiting.length === 0 ? [] : [`  · ${waiting.map(({ stage }) => stage).join(' · ')}`]),
    ...decisionLines(document),
    ...verdictLines(document),
  ];
}

export function headline({ request, plan }: RunDocument): string {
  const preset = plan === null ? '' : `   preset ${plan.preset}`;
  return `slsa-pipeline  ${fullName(request.repository)} @ ${shortRef(request.ref)} ${shortSha(request.sha)}${preset}   attempt ${request.attempt}`;
}

interface Look {
  readonly spinner: string;
  readonly nowMs: number;
}

interface Cells {
  readonly name: string;
  readonly text: string;
  readonly took: string;
}

const MAX_TEXT = 90;

function stageCells(document: RunDocument, progress: StageProgress, { spinner, nowMs }: Look): Cells {
  const { stage } = progress;
  const outcome = document.outcomes[stage];
  const sign = mark(document, progress);
  const since = progress.since === null ? 0 : Math.max(0, nowMs - Date.parse(progress.since));
  const text = outcome === undefined ? `${activity(progress)} ${duration(since)}` : describeOutcome(stage, outcome);
  return {
    name: `${BRANCH[stage] ?? ''}${sign === '…' ? spinner : sign} ${stage}`,
    text: `${plainLine(text, MAX_TEXT)}${progress.state === 'kept' ? ' (kept)' : ''}`,
    took: outcome?.run == null ? '' : durationBetween(outcome.run.startedAt, outcome.run.endedAt),
  };
}

/** What is known for certain: that Actions was told, and whether a look has seen it work. */
const WORDS = {
  waiting: 'waits',
  queued: 'dispatched',
  running: 'running',
  pausing: 'waits to be tried again',
  ended: 'ended',
  kept: 'kept',
} as const;

const activity = ({ state, retry }: StageProgress): string =>
  retry === undefined ? WORDS[state] : `${WORDS[state]}, attempt ${retry.attempt} of ${retry.of}`;

function inColumns(cells: readonly Cells[]): string[] {
  const width = Math.max(0, ...cells.map(({ text }) => text.length));
  return cells.map(({ name, text, took }) => `  ${name.padEnd(12)}${text.padEnd(width)}${took.padStart(12)}`.trimEnd());
}

function mark(document: RunDocument, { stage, state }: StageProgress): '✔' | '✘' | '!' | '·' | '…' {
  const outcome = document.outcomes[stage];
  if (outcome?.kind === 'errored' || outcome?.kind === 'cancelled') return '!';
  if (outcome !== undefined) return isGood(document, stage) ? '✔' : '✘';
  if (document.phase === 'ended' || state === 'waiting') return '·';
  return '…';
}

/** A finished stage whose gate stopped the run is shown as what it is: the decisions name it. */
function isGood(document: RunDocument, stage: Stage): boolean {
  const outcome = document.outcomes[stage];
  if (outcome?.kind !== 'finished') return false;
  if (stage === 'lint')
    return document.outcomes.lint?.kind === 'finished' && document.outcomes.lint.result.errors === 0;
  return !document.decisions.some(
    ({ kind, reason }) => kind === 'gate_stopped' && reason.toLowerCase().startsWith(`${stage} `),
  );
}

const decisionLines = ({ decisions }: RunDocument): string[] =>
  decisions.map(
    ({ reason }, index) =>
      `${index === 0 ? 'decisions' : ' '.repeat(9)}  ${plainLine(reason.replaceAll('`', '"'), 140)}`,
  );

function verdictLines({ verdict }: RunDocument): string[] {
  if (verdict === null) return [];
  const next = verdict.next === '' ? [] : [`           ${plainLine(verdict.next.replaceAll('`', '"'), 160)}`];
  return [`verdict    ${verdict.kind}: ${plainLine(verdict.title, 140)}`, ...next];
}

/** What has changed between two looks, a line an event: for pipes. */
export function runEvents(before: RunDocument | null, after: RunDocument): string[] {
  const newDecisions = after.decisions.slice(before?.decisions.length ?? 0);
  return [
    ...(before === null ? [headline(after)] : []),
    ...after.stages.filter((progress) => hasMoved(before, progress)).map((progress) => stageEvent(after, progress)),
    ...newDecisions.map(({ reason }) => `decision: ${plainLine(reason, 200)}`),
    ...(before?.verdict == null ? verdictEvent(after) : []),
  ];
}

function hasMoved(before: RunDocument | null, { stage, state }: StageProgress): boolean {
  return state !== 'waiting' && before?.stages.find((each) => each.stage === stage)?.state !== state;
}

function stageEvent({ outcomes }: RunDocument, { stage, state }: StageProgress): string {
  const outcome = outcomes[stage];
  return `${stage}: ${WORDS[state]}${outcome === undefined ? '' : `, ${plainLine(describeOutcome(stage, outcome), 200)}`}`;
}

const verdictEvent = ({ verdict }: RunDocument): string[] =>
  verdict === null ? [] : [`verdict: ${verdict.kind}, ${plainLine(verdict.title, 200)}`];
