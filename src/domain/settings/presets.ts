/** The three golden paths, with the values of the reference system (ortelius-slsa-pipeline 1.0.1, `presets.py`). */
import { z } from 'zod';
import type { Stage } from '../stage/stage-table.ts';

export const PresetName = z.enum(['minimal', 'standard', 'skip_linting']);
export type PresetName = z.infer<typeof PresetName>;

/** Severities that a gate can be set to, the worst first. */
export const SEVERITY_THRESHOLDS = ['critical', 'high', 'medium', 'low'] as const;
export const SeverityThreshold = z.enum(SEVERITY_THRESHOLDS);
export type SeverityThreshold = z.infer<typeof SeverityThreshold>;

export interface Preset {
  readonly name: PresetName;
  readonly displayName: string;
  readonly description: string;
  readonly stages: readonly Stage[];
  readonly failOnLintErrors: boolean;
  readonly failOnVulnerabilities: boolean;
  readonly vulnerabilityThreshold: SeverityThreshold;
}

export const PRESETS: Readonly<Record<PresetName, Preset>> = {
  minimal: {
    name: 'minimal',
    displayName: 'Minimal Pipeline',
    description: 'Fast feedback for development: lint, build, SBOM and scan',
    stages: ['lint', 'build', 'sbom', 'scan'],
    failOnLintErrors: false,
    failOnVulnerabilities: true,
    vulnerabilityThreshold: 'critical',
  },
  standard: {
    name: 'standard',
    displayName: 'Standard Pipeline',
    description: 'Production: all seven stages, strict gates, signed and verified',
    stages: ['lint', 'build', 'sbom', 'scan', 'sign', 'attest', 'verify'],
    failOnLintErrors: true,
    failOnVulnerabilities: true,
    vulnerabilityThreshold: 'high',
  },
  skip_linting: {
    name: 'skip_linting',
    displayName: 'Skip Linting Pipeline',
    description: 'Hotfix: the production pipeline without the lint stage',
    stages: ['build', 'sbom', 'scan', 'sign', 'attest', 'verify'],
    failOnLintErrors: false,
    failOnVulnerabilities: true,
    vulnerabilityThreshold: 'high',
  },
};
