/** What a webhook asks for, once it is understood: the only thing that intake hands on. */
import type { RefIntent } from '../domain/run/coordination.ts';
import type { GitRef } from '../domain/git.ts';
import type { CommandRequest, ForkNews, StageNews, WelcomeRequest } from '../domain/run/messages.ts';

export type Intent =
  | { readonly kind: 'ref'; readonly intent: RefIntent }
  | { readonly kind: 'stage_news'; readonly runWorkflowId: string; readonly news: StageNews }
  | { readonly kind: 'fork_news'; readonly repositoryId: number; readonly ref: GitRef; readonly news: ForkNews }
  | { readonly kind: 'command'; readonly id: string; readonly request: CommandRequest }
  | { readonly kind: 'welcome'; readonly id: string; readonly request: WelcomeRequest }
  | { readonly kind: 'ignored'; readonly why: string };

export const ignored = (why: string): Intent => ({ kind: 'ignored', why });
