/**
 * A repair, from findings to a pull request: the linters' own fixers first, the model for what they leave, and nothing proposed that
 * the same linters have not confirmed. Two rounds at most, each on a throw-away branch.
 */
import { ActivityFailure } from '@temporalio/workflow';
import { shortSha, type CommitSha } from '../src/domain/git.ts';
import { besideOf, fixBranch, fixMessage, tryBranch } from '../src/domain/repair/fix-branches.ts';
import { judgeProof, type Proof } from '../src/domain/repair/proof.ts';
import type { RepairOutcome } from '../src/domain/repair/repair-outcome.ts';
import type { RepairScope } from '../src/domain/repair/repair-scope.ts';
import type { RepairRound, RepairSource } from '../src/domain/repair/repair-source.ts';
import type { ModelEdit } from '../src/domain/repair/structured-edit.ts';
import { decision } from '../src/domain/run/decision.ts';
import { describeOutcome } from '../src/domain/report/describe-outcome.ts';
import type { StageOutcome } from '../src/domain/stage/stage-outcome.ts';
import type { OpenRepair } from '../activities/propose-repair.ts';
import type { Pushed } from '../activities/push-repair.ts';
import { again, brief, patiently, whateverComes } from './activity-calls.ts';
import { followLintAside } from './follow-stage.ts';
import { ModelTalk } from './model-talk.ts';
import type { Run } from './run.ts';

const ROUNDS = 2;

/** Why there is no repair, as the end of "No repair was proposed: ". */
class Nothing extends Error {}

type PushedCommit = Extract<Pushed, { kind: 'pushed' }>;

interface Tried {
  readonly pushed: PushedCommit;
  readonly url: string;
  readonly proof: Proof;
}

export class Repair {
  private readonly run: Run;
  private readonly model: ModelTalk;
  private readonly notes: string[] = [];
  /** Throw-away branches that were made, with our commits on them. */
  private readonly branches = new Map<string, CommitSha[]>();

  constructor(run: Run) {
    this.run = run;
    this.model = new ModelTalk(run);
  }

  async propose(): Promise<RepairOutcome> {
    try {
      const { repository, ref, sha } = this.run.request;
      const older = await patiently(() => again.openRepairs({ repository, ref }));
      const own = fixBranch(ref, sha);
      const known = older.find(({ branch }) => branch === own || branch === besideOf(own));
      if (known !== undefined) return { kind: 'already_proposed', pullRequest: known.pullRequest, url: known.url };
      return await this.prove(older);
    } catch (error) {
      if (error instanceof Nothing) return this.nothing(error.message);
      if (error instanceof ActivityFailure && !isCancelled(error))
        return this.nothing(error.cause?.message ?? 'GitHub did not answer');
      throw error;
    } finally {
      await this.model.settle();
      await this.tidyUp();
    }
  }

  /** Why it took too long, say: what was learnt so far is told all the same. */
  nothing(reason: string): RepairOutcome {
    const notes = [...this.notes, ...this.model.notes].slice(0, 20);
    return { kind: 'nothing_proposed', reason: reason.replace(/\.$/, ''), use: this.model.use, notes };
  }

  private async prove(older: readonly OpenRepair[]): Promise<RepairOutcome> {
    const { source, scope } = await this.source();
    let round: RepairRound = await this.firstRound(source);
    for (let number = 1; ; number += 1) {
      const tried = await this.try(round, number);
      const judged = judgeProof(tried.proof);
      if (judged.kind === 'proven') return this.open(tried, scope, older);
      if (judged.kind === 'failed') throw new Nothing(judged.why);
      if (number === ROUNDS)
        throw new Nothing('after the second round the linters still found what was to be repaired');
      round = await this.nextRound(round, tried, judged);
    }
  }

  /** Which files, and what the fixers made of them. */
  private async source(): Promise<{ source: RepairSource; scope: RepairScope }> {
    const { repository, ref, sha } = this.run.request;
    const lint = artifactOf(this.run.outcomes.lint);
    if (lint === null) throw new Nothing('the report of the linters is not there any more');
    const found = await patiently(() => again.getFilesWithLintErrors({ repository, commit: sha, lint }));
    if (found.kind === 'none') throw new Nothing(found.why);
    if (found.scope.files.length === 0) throw new Nothing(whyNoFile(found.scope));
    const fixes = await this.letFixersWork();
    return { source: { repository, ref, commit: sha, lint, fixes, files: found.scope.files }, scope: found.scope };
  }

  /** Id of the artifact with the fixers' sources; null where they did not run. */
  private async letFixersWork(): Promise<number | null> {
    const { repository, ref, sha } = this.run.request;
    const outcome = await followLintAside(this.run, { ref, commit: sha, inputs: { fix: 'true' } });
    const fixes = artifactOf(outcome);
    if (fixes === null) {
      this.notes.push(`The linters' own fixers did not run: ${describeOutcome('lint', outcome)}.`);
      return null;
    }
    const found = await patiently(() => again.readFixes({ repository, fixes }));
    if (found.kind === 'found') return fixes;
    this.notes.push(`What the linters' own fixers left is not used: ${found.why}.`);
    return null;
  }

  private async firstRound(source: RepairSource): Promise<RepairRound> {
    const paths = source.files.map(({ path }) => path);
    return { source, paths, edits: await this.model.editsFor(source, paths, {}) };
  }

  /** What failed goes back once, with the linters' words; what did not get better is dropped, or left as the fixers made it. */
  private async nextRound(
    { source, paths, edits }: RepairRound,
    { pushed, proof }: Tried,
    { ask, drop }: { readonly ask: readonly string[]; readonly drop: readonly string[] },
  ): Promise<RepairRound> {
    const refuted = proof.files.filter(({ path }) => ask.includes(path)).map(({ path, refuted: why }) => [path, why]);
    const second: ModelEdit[] =
      ask.length === 0
        ? []
        : await this.model.editsFor(source, ask, Object.fromEntries(refuted) as Record<string, string[]>);
    const isDropped = (path: string): boolean =>
      drop.includes(path) && pushed.files.every((file) => file.path !== path || file.claims.length === 0);
    if (drop.length > 0)
      this.notes.push(`Left out after the first round, since they did not get better: ${drop.join(', ')}.`);
    return {
      source,
      paths: paths.filter((path) => !isDropped(path)),
      edits: [...edits.filter(({ path }) => !ask.includes(path) && !drop.includes(path)), ...second],
    };
  }

  private async try(round: RepairRound, number: number): Promise<Tried> {
    const { repository, ref, sha } = this.run.request;
    const branch = tryBranch(this.run.request, number);
    this.branches.set(branch, [sha]);
    const { isNew, detour } = await patiently(() => again.mcpCreateBranch({ repository, branch, ref, at: sha }));
    if (detour !== null) this.noteDetour(detour);
    const message = `${fixMessage(sha)}\n\nMade by the linters' own fixers${round.edits.length === 0 ? '' : ' and by a model'}, and linted again before it was proposed.`;
    const pushed = await patiently(() => again.mcpPushFiles({ round, branch, isNew, message }));
    if (pushed.kind === 'none') throw new Nothing(pushed.why);
    this.notes.push(...pushed.refused.filter((why) => !this.notes.includes(why)));
    if (pushed.kind === 'nothing') throw new Nothing(whyNothing(pushed.refused, this.model.notes));
    if (pushed.detour !== null) this.noteDetour(pushed.detour);
    this.branches.set(pushed.branch, [...(this.branches.get(pushed.branch) ?? [sha]), pushed.commit]);
    const outcome = await followLintAside(this.run, {
      ref: pushed.ref,
      commit: pushed.commit,
      inputs: {},
    });
    const after = artifactOf(outcome);
    if (after === null || outcome.run === null)
      throw new Nothing(`the repair could not be linted (${describeOutcome('lint', outcome)})`);
    const proven = await patiently(() => again.compareLint({ source: round.source, after, files: pushed.files }));
    if (proven.kind === 'none') throw new Nothing(proven.why);
    return { pushed, url: outcome.run.url, proof: proven.proof };
  }

  private async open(
    { pushed, url, proof }: Tried,
    scope: RepairScope,
    older: readonly OpenRepair[],
  ): Promise<RepairOutcome> {
    const { repository, ref, sha } = this.run.request;
    const notes = [...this.notes, ...this.model.notes].slice(0, 20);
    const { use, left } = this.model;
    const words = {
      ref,
      sha,
      proof,
      runs: { before: this.run.outcomes.lint?.run?.url ?? '', after: url },
      changed: { files: pushed.files.length, lines: pushed.files.reduce((sum, { lines }) => sum + lines, 0) },
      left,
      leftAlone: scope.left,
      // A model whose edits are not in it has no part in it.
      use: pushed.files.some(({ claims }) => claims.length > 0) ? use : null,
      notes,
    };
    const opened = await patiently(() =>
      again.createPullRequestWithFixes({ repository, commit: pushed.commit, tried: pushed.branch, words, older }),
    );
    if (opened.kind === 'none') throw new Nothing(opened.why);
    const { before, after } = proof;
    const { diffDigest, files } = pushed;
    const { pullRequest, url: address } = opened;
    this.run.decide(
      decision(
        'repair_proposed',
        `Pull request #${pullRequest}: tree of \`${shortSha(pushed.commit)}\`, linted; difference \`${diffDigest.slice(0, 19)}\`.`,
      ),
    );
    return { kind: 'proposed', pullRequest, url: address, before, after, files: files.length, diffDigest, use, notes };
  }

  private noteDetour(why: string): void {
    const note = `Branch and files were written by REST: ${why}.`;
    if (!this.notes.includes(note)) this.notes.push(note);
  }

  /** Throw-away branches go, whatever came of them; one that holds somebody's commit stays. */
  private async tidyUp(): Promise<void> {
    const { repository, sha } = this.run.request;
    const ignoreFailure = (error: unknown): void => {
      if (!(error instanceof ActivityFailure)) throw error;
    };
    // One try each: nobody is kept waiting for it, and a limit that is not over is nobody's to sit out here.
    const gone = [...this.branches].map(([branch, ours]) =>
      whateverComes(() => brief.deleteTryBranch({ repository, branch, base: sha, ours })).then(
        () => undefined,
        ignoreFailure,
      ),
    );
    await Promise.all(gone);
  }
}

const isCancelled = (error: ActivityFailure): boolean => error.cause?.name === 'CancelledFailure';

const artifactOf = (outcome: StageOutcome | undefined): number | null =>
  outcome?.kind === 'finished' ? (outcome.run.artifact?.id ?? null) : null;

const whyNoFile = ({ left }: RepairScope): string =>
  left.length === 0
    ? 'the linters do not say where their errors are'
    : left.map(({ why, findings }) => `${findings} left: ${why}`).join('; ');

function whyNothing(refused: readonly string[], notes: readonly string[]): string {
  if (refused.length > 0) return `nothing of it may be proposed (${refused[0] ?? ''})`;
  return notes.length === 0
    ? 'neither the fixers nor the model changed anything'
    : `the fixers changed nothing. ${notes.join(' ')}`;
}
