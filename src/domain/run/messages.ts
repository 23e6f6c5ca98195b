/** Names and payloads of the signals and queries that workflows understand: the contract between rooms. */
import type { CommitSha, GitRef } from '../git.ts';
import type { Repository } from '../repository.ts';
import type { Stage } from '../stage/stage-table.ts';
import type { Command } from '../command/command-grammar.ts';
import type { RefIntent } from './coordination.ts';
import type { RerunMode } from './trigger.ts';

export const TASK_QUEUE = 'slsa-pipeline-tasks';

export const WORKFLOWS = {
  refCoordinator: 'refCoordinator',
  slsaBuildPipeline: 'slsaBuildPipeline',
  command: 'command',
  welcome: 'welcome',
  maintenance: 'maintenance',
  repairLedger: 'repairLedger',
} as const;

export const SIGNALS = {
  /** → coordinator: RefIntent */
  intent: 'intent',
  /** → coordinator: ForkNews */
  forkNews: 'forkNews',
  /** → pipeline: StageNews */
  stageCompleted: 'stageCompleted',
  /** → pipeline: StopAsked */
  supersede: 'supersede',
  cancel: 'cancel',
  /** → pipeline: look at your stages now, since somebody asks how far they are */
  look: 'look',
  /** → ledger: what a run has used */
  settle: 'settle',
} as const;

export const UPDATES = {
  /** → ledger: Reservation → Reserved */
  reserve: 'reserve',
} as const;

export const QUERIES = {
  /** → string, as the reference's `get_progress` */
  getProgress: 'getProgress',
  /** → RunDocument */
  getRun: 'getRun',
} as const;

/** "Look at your stage again": a hint, since a webhook's word is not believed. */
export interface StageNews {
  readonly stage: Stage;
  readonly actionsRunId: number;
  readonly attempt: number;
}

/** "The check of a fork's commit has moved": which attempt follows it, the ref's coordinator knows. */
export interface ForkNews {
  readonly sha: CommitSha;
  readonly actionsRunId: number;
  readonly attempt: number;
}

export interface StopAsked {
  /** The newer commit, or the person. */
  readonly by: string;
}

/** A person asked for something: a comment with commands, or a press of Re-run or of a button of ours. */
export interface CommandRequest {
  readonly repository: Repository;
  readonly user: { readonly id: number; readonly login: string };
  readonly delivery: string | null;
  readonly timing: RefIntent['timing'];
  readonly subject:
    | {
        readonly kind: 'comment';
        readonly commentId: number;
        readonly pullRequest: number;
        readonly commands: readonly Command[];
      }
    | {
        readonly kind: 'press';
        readonly ref: GitRef;
        readonly sha: CommitSha;
        readonly mode: RerunMode;
        /** With repairs of lint, whatever the settings say. */
        readonly fix?: true;
        /** The check that was pressed; absent where it was a whole suite. */
        readonly check?: PressedCheck;
      }
    | { readonly kind: 'button'; readonly name: 'explain' | 'set_up'; readonly check: PressedCheck };
}

export interface PressedCheck {
  readonly id: number;
  /** Its `external_id`: the run that it shows. */
  readonly workflowId: string;
}

/** The App was installed on repositories: each gets a first check. */
export interface WelcomeRequest {
  readonly installationId: number;
  readonly owner: { readonly id: number; readonly login: string };
  readonly repositories: readonly { readonly id: number; readonly name: string }[];
  readonly user: CommandRequest['user'];
  readonly delivery: string | null;
  readonly timing: RefIntent['timing'];
}
