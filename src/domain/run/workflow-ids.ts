/**
 * Temporal workflow ids, and the way from a stage run's title back to its pipeline.
 *
 * Ids are made of numeric repository ids and full refs, so that a renamed repository keeps its coordinator. Refs hold no
 * blank (git-check-ref-format), so a blank separates them from what follows.
 */
import { CommitSha, GitRef } from '../git.ts';
import { STAGES, type Stage } from '../stage/stage-table.ts';

export const coordinatorId = (repositoryId: number, ref: GitRef): string => `slsa-ref:${repositoryId}:${ref}`;

export interface RunKey {
  readonly repositoryId: number;
  readonly ref: GitRef;
  readonly sha: CommitSha;
  readonly attempt: number;
}

export const runId = (key: RunKey): string => `slsa-run:${key.repositoryId}:${key.ref}:${key.sha}:${key.attempt}`;

/** Reads an id of `runId`, such as a check run's `external_id`; null for anything else. */
export function parseRunId(id: string): RunKey | null {
  const match = /^slsa-run:([1-9]\d{0,15}):(refs\/[^ ]{1,400}):([0-9a-f]{40}):([1-9]\d{0,5})$/.exec(id);
  const ref = GitRef.safeParse(match?.[2]);
  const sha = CommitSha.safeParse(match?.[3]);
  if (match === null || !ref.success || !sha.success) return null;
  return { repositoryId: Number(match[1]), ref: ref.data, sha: sha.data, attempt: Number(match[4]) };
}

/** What a stage run belongs to, as its title tells: the run and the stage. */
export const stageKey = (runWorkflowId: string, stage: Stage): string => `${runWorkflowId}/${stage}`;

/** 128 random bits: what makes one dispatch of a stage tell apart from another, and from anybody else's. */
const NONCE = /^[0-9a-f]{32}$/;

/** The title that a stage run shows: the stage files write `run-name: slsa <key> <nonce>`. */
export const stageRunTitle = (key: string, nonce: string): string => `slsa ${key} ${nonce}`;

export interface StageRunTitle {
  readonly runWorkflowId: string;
  readonly stage: Stage;
  readonly nonce: string;
}

/**
 * Which pipeline a stage run's title speaks of. Anybody who may dispatch can write such a title, so it is a hint to look,
 * never a reason to believe.
 */
export function parseStageRunTitle(title: string): StageRunTitle | null {
  const [word, key, nonce, ...rest] = title.split(' ');
  if (word !== 'slsa' || key === undefined || nonce === undefined || rest.length > 0 || !NONCE.test(nonce)) return null;
  const slash = key.lastIndexOf('/');
  const stage = STAGES.find((each) => each === key.slice(slash + 1));
  const runWorkflowId = key.slice(0, slash);
  return stage === undefined || parseRunId(runWorkflowId) === null ? null : { runWorkflowId, stage, nonce };
}

export const commandId = (subject: string): string => `slsa-command:${subject}`;

export const welcomeId = (delivery: string): string => `slsa-welcome:${delivery}`;

export const ledgerId = (installation: string): string => `slsa-repairs:${installation}`;
