/** All activities of the worker, under the names that Temporal knows them by. */
import type { GitHub } from '../src/adapters/github/github.ts';
import { createEvidenceActivities, type EvidenceActivities, type EvidenceParts } from './assess-evidence.ts';
import { createCommandActivities, type CommandActivities, type Coordinators } from './answer-command.ts';
import { createStageActivities, type FollowStage } from './follow-stage.ts';
import {
  createRunInputActivities,
  type RunArchive,
  type RunInputActivities,
  type WorkerFacts,
} from './read-run-inputs.ts';
import { createReportActivities, type ReportActivities } from './report-run.ts';
import type { Stage, StageActivity } from '../src/domain/stage/stage-table.ts';

export type Activities = Record<StageActivity, FollowStage<Stage>> &
  RunInputActivities &
  ReportActivities &
  EvidenceActivities &
  CommandActivities;

export function createActivities(
  github: GitHub,
  temporal: RunArchive & Coordinators,
  facts: WorkerFacts & { readonly evidence: EvidenceParts },
): Activities {
  return {
    ...createStageActivities(github),
    ...createRunInputActivities(github, temporal, facts),
    ...createReportActivities(github),
    ...createEvidenceActivities(github, facts.evidence),
    ...createCommandActivities(github, temporal),
  };
}
