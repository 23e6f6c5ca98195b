/** INIT: reads the settings, makes the plan, and decides whether this run is wanted at all. */
import { shortRef } from '../../src/domain/git.ts';
import { decision, type Decision } from '../../src/domain/run/decision.ts';
import type { Plan } from '../../src/domain/run/plan.ts';
import { keptOutcomes } from '../../src/domain/run/resume.ts';
import { stageOfRerun } from '../../src/domain/run/trigger.ts';
import { countOf, verdict } from '../../src/domain/run/verdict.ts';
import { COMMIT_ITSELF, SETTINGS_PATH } from '../../src/domain/settings/settings-schema.ts';
import { STAGE_TABLE, STAGES, type Stage } from '../../src/domain/stage/stage-table.ts';
import type { LoadedSettings } from '../../activities/read-run-inputs.ts';
import { again, patiently } from '../activity-calls.ts';
import type { Run } from '../run.ts';

export async function init(run: Run): Promise<void> {
  const loaded = await patiently(() => again.loadSettings(run.request));
  run.isSearchable = loaded.isSearchable;
  const plan = planOrEnd(run, loaded);
  if (plan === null) return;
  run.startPlan(plan);
  // A fork's check is one run of Actions: it is read anew as a whole.
  if (plan.forkCheck === undefined) await keepEarlierOutcomes(run);
}

function aboutStageFiles({ changedStageFiles, driftedStageFiles }: LoadedSettings): Decision[] {
  const listed = (files: readonly string[]): string => files.map((file) => `\`${file}\``).join(', ');
  const changed = `This pull request changes the pipeline itself: review ${listed(changedStageFiles)}.`;
  const drifted = `Not the stage files that this App renders: ${listed(driftedStageFiles)}. \`slsa-pipeline init\` writes them anew.`;
  return [
    ...(changedStageFiles.length === 0 ? [] : [decision('pipeline_changed_by_pull_request', changed)]),
    ...(driftedStageFiles.length === 0 ? [] : [decision('stage_files_differ', drifted)]),
  ];
}

/** The plan, or null where the run has ended here. */
function planOrEnd(run: Run, loaded: LoadedSettings): Plan | null {
  const { planning } = loaded;
  switch (planning.kind) {
    case 'planned':
      run.decide(...planning.decisions, ...aboutStageFiles(loaded));
      return planning.plan;
    case 'not_wanted':
      run.decide(decision('run_not_wanted', `No run is wanted here: ${planning.reason}.`));
      run.conclude(verdict('not_wanted', `No run wanted: ${planning.reason}`));
      return null;
    case 'flags_refused': {
      const flags = planning.flags.join(', ');
      run.decide(decision('flags_refused', `${flags}: an isolated builder builds what the settings say.`));
      const next = `Put it in \`${SETTINGS_PATH}\` of the commit: an isolated builder takes nothing from the command line.`;
      run.conclude(verdict('action_required', `${flags} differs from the settings`, next));
      return null;
    }
    case 'never_set_up':
      run.conclude(verdict('never_set_up', 'Not set up yet', SET_UP));
      return null;
    case 'mistakes':
      run.conclude(
        verdict(
          'action_required',
          `${countOf(planning.mistakes.length, 'mistake')} in ${SETTINGS_PATH} of ${planning.where}`,
          'Correct the lines below, then push.',
        ),
        { mistakes: planning.mistakes, mistakesAreHere: planning.where === COMMIT_ITSELF },
      );
      return null;
    case 'settings_removed':
      run.conclude(
        verdict(
          'failure',
          `${SETTINGS_PATH} is missing on ${shortRef(run.request.ref)}`,
          `Merge \`${planning.base}\` into this branch.`,
        ),
      );
      return null;
    case 'organisation_missing': {
      const next = `Add \`${SETTINGS_PATH}\` to \`${planning.repository}\`, and install this App there too; or remove \`extends\`.`;
      run.conclude(
        verdict('action_required', `extends: org, and ${planning.repository} has no settings to read`, next),
      );
      return null;
    }
    case 'fork_gone':
      run.conclude(verdict('cancelled', 'Its pull request is closed', 'Open it again, and it is looked at.'));
      return null;
  }
}

const SET_UP = `Add \`${SETTINGS_PATH}\` (it may be empty) and the workflow files that \`slsa-pipeline init\` writes to the default branch.`;

const notPartOfThis = (stage: Stage): Decision =>
  decision('stage_not_needed', `${STAGE_TABLE[stage].title} was asked for, and is not a stage of this run.`);

async function keepEarlierOutcomes(run: Run): Promise<void> {
  const { resumes, sha } = run.request;
  if (resumes === null) return;
  const previous = await again.readPreviousRun(resumes);
  if (previous === null) {
    run.decide(
      decision(
        'stage_not_needed',
        'Nothing is kept of the earlier attempt: its history has expired, so this is a full run.',
      ),
    );
    return;
  }
  const from = stageOfRerun(run.request.triggers);
  const kept = keptOutcomes(previous, { sha, plan: run.plan, from });
  if (from !== null && !run.plan.stages.includes(from)) run.decide(notPartOfThis(from));
  for (const stage of STAGES) {
    const outcome = kept[stage];
    if (outcome === undefined) continue;
    run.stageEnded(stage, outcome, 'kept');
    run.decide(
      decision(
        'stage_kept',
        `${STAGE_TABLE[stage].title} is kept from attempt ${previous.attempt}: same commit, same image settings.`,
      ),
    );
  }
}
