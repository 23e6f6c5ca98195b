/** `list-presets` and `inspect preset NAME`: the reference's words and order, with this system's stage names beside them. */
import { PresetName, PRESETS, SEVERITY_THRESHOLDS, type Preset } from '../domain/settings/presets.ts';
import { STAGE_TABLE } from '../domain/stage/stage-table.ts';
import { UsageError } from './usage-error.ts';

const workflowsOf = ({ stages }: Preset): string[] => stages.map((stage) => STAGE_TABLE[stage].referenceName);

export function listPresets(): string[] {
  const presets = Object.values(PRESETS).flatMap((preset) => [
    `  ${preset.name}`,
    `    Description: ${preset.description}`,
    `    Workflows: ${workflowsOf(preset).join(', ')}`,
    '',
  ]);
  return ['', 'Available Presets:', '', ...presets];
}

/** @throws UsageError where there is no such preset. */
export function inspectPreset(name: string): string[] {
  const known = PresetName.safeParse(name);
  if (!known.success) throw new UsageError(`Unknown preset: ${name}. There are ${Object.keys(PRESETS).join(', ')}.`);
  const preset = PRESETS[known.data];
  return [
    '',
    `Preset: ${preset.name}`,
    '',
    `  Display Name: ${preset.displayName}`,
    `  Description: ${preset.description}`,
    '  Workflows:',
    ...preset.stages.map((stage) => `    - ${STAGE_TABLE[stage].referenceName}  (${STAGE_TABLE[stage].file})`),
    `  Fail on Lint Errors: ${yesNo(preset.failOnLintErrors)}`,
    `  Fail on Vulnerabilities: ${yesNo(preset.failOnVulnerabilities)}`,
    `  Vulnerability Severity: ${severities(preset)}`,
    '',
  ];
}

const yesNo = (value: boolean): string => (value ? 'True' : 'False');

/** The reference lists the severities that fail a run; here a threshold names the mildest of them. */
const severities = ({ vulnerabilityThreshold }: Preset): string =>
  SEVERITY_THRESHOLDS.slice(0, SEVERITY_THRESHOLDS.indexOf(vulnerabilityThreshold) + 1)
    .toReversed()
    .map((severity) => severity.toUpperCase())
    .join(',');
