/** All activities of the worker, under the names that Temporal knows them by. */
import type { GitHub } from '../src/adapters/github/github.ts';
import type { RunWatch } from '../src/adapters/temporal/run-watch.ts';
import { createEvidenceActivities, type EvidenceActivities, type EvidenceParts } from './assess-evidence.ts';
import { createCommandActivities, type CommandActivities, type Coordinators } from './answer-command.ts';
import { createLocateActivities, type LocateActivities } from './locate-findings.ts';
import { createForkActivities, type ForkActivities } from './follow-fork-check.ts';
import { createStageActivities, type FollowStage } from './follow-stage.ts';
import {
  createRunInputActivities,
  type RunArchive,
  type RunInputActivities,
  type WorkerFacts,
} from './read-run-inputs.ts';
import { createMaintenanceActivities, type MaintenanceActivities } from './keep-house.ts';
import { createProposalActivities, type ProposalActivities } from './propose-settings.ts';
import { createReportActivities, type ReportActivities } from './report-run.ts';
import { NO_TALLY } from './tally.ts';
import { createTellingActivities, type Runs, type TellingActivities } from './tell-run.ts';
import { createWelcomeActivities, type WelcomeActivities } from './welcome-repository.ts';
import { createIssueActivities, type IssueActivities } from './track-issues.ts';
import type { Stage, StageActivity } from '../src/domain/stage/stage-table.ts';

export type Activities = Record<StageActivity, FollowStage<Stage>> &
  RunInputActivities &
  ReportActivities &
  EvidenceActivities &
  IssueActivities &
  MaintenanceActivities &
  ForkActivities &
  LocateActivities &
  ProposalActivities &
  TellingActivities &
  WelcomeActivities &
  CommandActivities;

export function createActivities(
  github: GitHub,
  temporal: RunArchive & Coordinators & Runs & { readonly runs: RunWatch },
  facts: WorkerFacts & { readonly evidence: EvidenceParts },
  tally = NO_TALLY,
): Activities {
  return {
    ...createStageActivities(github, facts),
    ...createForkActivities(github, facts),
    ...createLocateActivities(github),
    ...createRunInputActivities(github, temporal, facts),
    ...createReportActivities(github, tally),
    ...createEvidenceActivities(github, facts.evidence),
    ...createIssueActivities(github),
    ...createMaintenanceActivities(github, temporal.runs, tally),
    ...createCommandActivities(github, temporal),
    ...createProposalActivities(github),
    ...createTellingActivities(github, temporal),
    ...createWelcomeActivities(github),
  };
}
