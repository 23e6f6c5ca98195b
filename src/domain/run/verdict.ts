/**
 * How a run ended, and the one table from there to what GitHub shows.
 *
 * A verdict is computed from the outcomes of the *required* stages: an absent one is no result, never a pass. `neutral`
 * and `skipped` satisfy a required check on GitHub, so no fault ever maps to them.
 */
import { z } from 'zod';
import type { TerminalState } from '../graph/graph.ts';
import { levelLine, nextLevelLine, shortfall } from '../evidence/describe-assessment.ts';
import { describeRepair, type RepairOutcome } from '../repair/repair-outcome.ts';
import type { RunEvidence } from '../evidence/run-evidence.ts';
import { findingsAtOrOver, isAtOrOver, type ScanResult } from '../scan/scan-result.ts';
import type { StageOutcome, StageOutcomes } from '../stage/stage-outcome.ts';
import { STAGE_TABLE, type Stage } from '../stage/stage-table.ts';
import type { Problem } from '../problem.ts';
import type { Gates } from './plan-gates.ts';
import type { ForkCheck, Plan } from './plan.ts';

export const VERDICT_KINDS = [
  'success',
  'failure',
  'action_required',
  'no_result',
  'superseded',
  'cancelled',
  'not_wanted',
  'never_set_up',
] as const;

export const Verdict = z.object({
  kind: z.enum(VERDICT_KINDS),
  /** The check's title: what is so, and what to do, in a line. */
  title: z.string(),
  /** What a person does next; empty where there is nothing to do. */
  next: z.string(),
});
export type Verdict = z.infer<typeof Verdict>;
export type VerdictKind = Verdict['kind'];

export interface VerdictRow {
  readonly conclusion: 'success' | 'failure' | 'action_required' | 'timed_out' | 'cancelled' | 'skipped' | 'neutral';
  /** Null where no commit status is set at all. Before there is a plan, none is set whatever the verdict. */
  readonly status: 'success' | 'failure' | 'error' | null;
  readonly end: TerminalState;
}

export const VERDICT_TABLE: Readonly<Record<VerdictKind, VerdictRow>> = {
  success: { conclusion: 'success', status: 'success', end: 'DONE' },
  failure: { conclusion: 'failure', status: 'failure', end: 'FAILED' },
  action_required: { conclusion: 'action_required', status: 'error', end: 'FAILED' },
  no_result: { conclusion: 'timed_out', status: 'error', end: 'FAILED' },
  // A status that was pending must not stay so: a branch rule would wait for it for ever.
  superseded: { conclusion: 'cancelled', status: 'error', end: 'STOPPED' },
  cancelled: { conclusion: 'cancelled', status: 'error', end: 'STOPPED' },
  not_wanted: { conclusion: 'skipped', status: null, end: 'STOPPED' },
  never_set_up: { conclusion: 'neutral', status: null, end: 'STOPPED' },
};

export const verdict = (kind: VerdictKind, title: string, next = ''): Verdict => ({ kind, title, next });

/** What a stage's outcome means for the run: whether it may go on, and if not, why. */
export type GateJudgement =
  | { readonly kind: 'pass' }
  | { readonly kind: 'tolerated'; readonly reason: string }
  | { readonly kind: 'stop'; readonly verdict: Verdict };

const PASS: GateJudgement = { kind: 'pass' };
const stop = (kind: VerdictKind, title: string, next: string): GateJudgement => ({
  kind: 'stop',
  verdict: verdict(kind, title, next),
});

type Judge<S extends Stage> = (outcome: Extract<StageOutcome<S>, { kind: 'finished' }>, gates: Gates) => GateJudgement;

const JUDGES: { readonly [S in Stage]: Judge<S> } = {
  lint: ({ result }, gates) => {
    if (result.errors === 0) return PASS;
    const what = `${countOf(result.errors, 'lint error')} in ${countOf(result.failedLinters.length, 'linter')}`;
    if (!gates.failOnLintErrors) return { kind: 'tolerated', reason: `${what}, and \`fail_on_lint_errors\` is off` };
    return stop('failure', what, 'Repair what the linters name, then push.');
  },
  build: ({ result }) =>
    result.kind === 'failed'
      ? stop('failure', `The image did not build (exit code ${result.exitCode})`, 'Open the build log, repair, push.')
      : PASS,
  sbom: () => PASS,
  scan: ({ result }, gates) => {
    const findings = findingsAtOrOver(result.counts, gates.threshold);
    if (findings <= gates.maxFindings) {
      return findings === 0
        ? PASS
        : {
            kind: 'tolerated',
            reason: `${findings} at or over \`${gates.threshold}\`, \`max_findings\` allows ${gates.maxFindings}`,
          };
    }
    const what = `${countOf(findings, 'finding')} at or over ${gates.threshold}`;
    if (!gates.failOnVulnerabilities)
      return { kind: 'tolerated', reason: `${what}, and \`fail_on_vulnerabilities\` is off` };
    const fixes = result.worst.filter((each) => each.fixedIn !== null);
    const [first] = fixes;
    const title = first === undefined ? what : `${what} · fix: upgrade ${first.package} to ${first.fixedIn}`;
    return stop('failure', title, whatToDo(result, gates));
  },
  sign: () => PASS,
  attest: () => PASS,
  // A second opinion, by the repository's own file: where it differs, the App's assessment holds, and the run says so.
  verify: ({ result }) =>
    result.kind === 'verified'
      ? PASS
      : { kind: 'tolerated', reason: `stage 06 rejects (${result.reason}); the App's own assessment decides` },
};

/** An upgrade where there is one; else, or until then, a maintainer's word. */
function whatToDo({ worst }: ScanResult, { threshold }: Gates): string {
  const counted = worst.filter(({ severity }) => isAtOrOver(severity, threshold));
  const [first] = counted;
  const example = first === undefined ? '<CVE or GHSA>' : first.id;
  const accept = `\`/slsa accept ${example} until <date> <reason>\``;
  return counted.some(({ fixedIn }) => fixedIn !== null)
    ? `Upgrade as below, then push; or a maintainer accepts a finding until a day: ${accept}.`
    : `There is no version with a fix yet. A maintainer may accept a finding until a day: ${accept}.`;
}

/** The first required stage that does not pass; null where none is to blame. Lint errors whose repair is open are not. */
export const stageThatStopped = ({
  plan,
  outcomes,
  repair,
}: {
  readonly plan: Pick<Plan, 'stages' | 'gates'> | null;
  readonly outcomes: StageOutcomes;
  readonly repair?: RepairOutcome;
}): Stage | null =>
  plan?.stages.find(
    (stage) =>
      outcomes[stage] !== undefined &&
      judge(stage, outcomes[stage], plan.gates).kind === 'stop' &&
      !(stage === 'lint' && isProposed(repair)),
  ) ?? null;

type Proposed = Exclude<RepairOutcome, { kind: 'nothing_proposed' }>;

const isProposed = (repair: RepairOutcome | null | undefined): repair is Proposed =>
  repair != null && repair.kind !== 'nothing_proposed';

/** Judges one outcome by the plan's gates. */
export function judge<S extends Stage>(stage: S, outcome: StageOutcome<S> | undefined, gates: Gates): GateJudgement {
  if (outcome === undefined) return withoutResult(stage, null);
  if (outcome.kind === 'errored') return withoutResult(stage, outcome.problem);
  if (outcome.kind === 'cancelled') {
    return stop(
      'cancelled',
      `${STAGE_TABLE[stage].title} was cancelled by ${outcome.by}`,
      'Comment `/slsa rerun failed` to go on.',
    );
  }
  return JUDGES[stage](outcome, gates);
}

function withoutResult(stage: Stage, found: Problem | null): GateJudgement {
  const { title } = STAGE_TABLE[stage];
  if (found === null)
    return stop('no_result', `Not your fault: ${title} gave no result`, 'Comment `/slsa rerun failed`.');
  if (found.code === 'commit_moved') return stop('superseded', firstSentence(found.message), found.next);
  const kinds = { repository: 'failure', person: 'action_required', nobody_here: 'no_result' } as const;
  const prefix = found.blame === 'nobody_here' ? 'Not your fault: ' : '';
  return stop(kinds[found.blame], `${prefix}${found.title ?? firstSentence(found.message)}`, found.next);
}

const firstSentence = (text: string): string => text.replace(/\.$/, '');

/**
 * The verdict of a run that went all its way: the first required stage that does not pass decides; success only where
 * every required stage finished and passed.
 */
export function verdictOf(
  plan: VerdictPlan,
  outcomes: StageOutcomes,
  evidence: RunEvidence | null,
  repair: RepairOutcome | null = null,
): Verdict {
  if (!isProposed(repair)) return verdictOfStages(plan, plan.stages, { outcomes, evidence });
  if (plan.afterAutoFix === 'stop') return toBeMerged(repair, outcomes);
  // Its own lint is judged by the repair; everything else as ever.
  const others = plan.stages.filter((stage) => stage !== 'lint');
  const found = verdictOfStages(plan, others, { outcomes, evidence });
  const isStrict = judge('lint', outcomes.lint, plan.gates).kind === 'stop';
  return found.kind === 'success' && isStrict ? toBeMerged(repair, outcomes) : found;
}

/** Errors remain in the commit, so it never passes by its repair alone. */
function toBeMerged(repair: Proposed, { lint }: StageOutcomes): Verdict {
  const errors = lint?.kind === 'finished' ? lint.result.errors : 0;
  const { pullRequest } = repair;
  const next = `Read pull request #${pullRequest}, then merge it. ${describeRepair(repair)}`;
  return verdict('action_required', `${countOf(errors, 'lint error')} · merge #${pullRequest}`, next);
}

type VerdictPlan = Pick<Plan, 'stages' | 'gates' | 'verifies' | 'levelAfterMerge' | 'forkCheck' | 'afterAutoFix'>;

function verdictOfStages(
  plan: VerdictPlan,
  stages: readonly Stage[],
  { outcomes, evidence }: { readonly outcomes: StageOutcomes; readonly evidence: RunEvidence | null },
): Verdict {
  for (const stage of stages) {
    const judged = judge(stage, outcomes[stage], plan.gates);
    if (judged.kind === 'stop') return judged.verdict;
    const vouched =
      stage === 'build' && plan.forkCheck === undefined ? judgeEvidence(plan, evidence, 'after_build') : PASS;
    if (vouched.kind === 'stop') return vouched.verdict;
  }
  const findings =
    outcomes.scan?.kind === 'finished' ? findingsAtOrOver(outcomes.scan.result.counts, plan.gates.threshold) : 0;
  const found = `${countOf(findings, 'finding')} at or over ${plan.gates.threshold}`;
  if (plan.forkCheck !== undefined) return verdictOfForkCheck(plan.forkCheck, found);
  const judged = judgeEvidence(plan, evidence, 'whole');
  if (judged.kind === 'stop') return judged.verdict;
  return verdict('success', `${levelOf(plan, evidence)} · ${found}`);
}

/** Whose code it is, in a check's title. */
const CHECKED = { fork: 'Checked, not attested (fork)', bot: 'Checked, not attested (bot)' } as const;

/** Passed is not enough: whoever wrote the code could have made its own check pass, so a person has to have looked at it. */
const verdictOfForkCheck = ({ of, approvedBy, commit }: ForkCheck, found: string): Verdict =>
  approvedBy === null
    ? verdict('action_required', `${CHECKED[of]} · ${found} · needs an approval`, howToApprove(commit))
    : verdict('success', `${CHECKED[of]} · ${found} · approved by ${approvedBy}`);

const howToApprove = (commit: string): string =>
  `Somebody with write access reads the change, then comments \`/slsa approve ${commit.slice(0, 12)}\`: it counts for that very commit, and nothing is dispatched, signed or attested by it.`;

function levelOf({ levelAfterMerge }: Pick<Plan, 'levelAfterMerge'>, evidence: RunEvidence | null): string {
  if (evidence?.kind !== 'assessed') return 'Level unknown';
  // Nothing of a pull request is signed, on purpose: its title tells what the merge will promise.
  const isRehearsal = levelAfterMerge !== null && evidence.assessment.standing === 'unsigned';
  return isRehearsal ? `Passed, level after the merge would be L${levelAfterMerge}` : levelLine(evidence.assessment);
}

/**
 * What the evidence means for the run. A level under the expected one fails a run that verifies; what is refused fails
 * every run; what could not be looked at is no result.
 */
export function judgeEvidence(
  { verifies }: Pick<Plan, 'verifies'>,
  evidence: RunEvidence | null,
  when: 'after_build' | 'whole',
): GateJudgement {
  if (evidence === null) return stop('no_result', 'Not your fault: the evidence was not assessed', RERUN_FAILED);
  if (evidence.kind === 'unknown') {
    const { message, next } = evidence.problem;
    return stop('no_result', `Not your fault: ${firstSentence(message)}`, next);
  }
  const { assessment } = evidence;
  if (assessment.result === 'failed') return stop('failure', levelLine(assessment), nextLevelLine(assessment));
  if (assessment.result === 'met') return PASS;
  if (verifies && when === 'whole') return stop('failure', shortfall(assessment), nextLevelLine(assessment));
  return { kind: 'tolerated', reason: shortfall(assessment) };
}

const RERUN_FAILED = 'Comment `/slsa rerun failed`.';

export const countOf = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
