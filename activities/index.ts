/** All activities of the worker, under the names that Temporal knows them by. */
import type { GitHub } from '../src/adapters/github/github.ts';
import type { McpSettings } from '../src/adapters/mcp/repository-tools.ts';
import type { RunWatch } from '../src/adapters/temporal/run-watch.ts';
import { createEvidenceActivities, type EvidenceActivities, type EvidenceParts } from './assess-evidence.ts';
import { createCommandActivities, type CommandActivities, type Coordinators } from './answer-command.ts';
import { createAskModelActivities, type AskModelActivities, type Ledgers, type ModelParts } from './ask-model.ts';
import { createFindRepairActivities, type FindRepairActivities } from './find-repairs.ts';
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
import { createProposeRepairActivities, type ProposeRepairActivities } from './propose-repair.ts';
import { createProveRepairActivities, type ProveRepairActivities } from './prove-repair.ts';
import { createPushRepairActivities, type PushRepairActivities } from './push-repair.ts';
import { recentBytes } from './recent-bytes.ts';
import { RepairMaterial } from './repair-material.ts';
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
  FindRepairActivities &
  AskModelActivities &
  PushRepairActivities &
  ProveRepairActivities &
  ProposeRepairActivities &
  TellingActivities &
  WelcomeActivities &
  CommandActivities;

/** Who repairs, and how far. */
export interface RepairParts extends ModelParts {
  readonly mcp: McpSettings;
}

export function createActivities(
  github: GitHub,
  temporal: RunArchive & Coordinators & Runs & Ledgers & { readonly runs: RunWatch },
  facts: WorkerFacts & { readonly evidence: EvidenceParts; readonly repair: RepairParts },
  tally = NO_TALLY,
): Activities {
  const recent = recentBytes();
  const material = new RepairMaterial(github, recent);
  const { mcp } = facts.repair;
  return {
    ...createFindRepairActivities(material),
    ...createAskModelActivities(material, facts.repair, temporal),
    ...createPushRepairActivities(github, material, mcp),
    ...createProveRepairActivities(material),
    ...createProposeRepairActivities({ github, mcp }),
    ...createStageActivities(github, facts, recent),
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
