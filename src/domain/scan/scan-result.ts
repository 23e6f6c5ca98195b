/** Known vulnerabilities in the image, and the gate over them. */
import { z } from 'zod';
import { SEVERITY_THRESHOLDS, type SeverityThreshold } from '../settings/presets.ts';

/** grype's severities, the worst first. One that is absent or unheard of is `unknown`: shown, never dropped. */
export const SEVERITIES = ['critical', 'high', 'medium', 'low', 'negligible', 'unknown'] as const;
export type Severity = (typeof SEVERITIES)[number];

const Counts = z.object({
  critical: z.number().int().nonnegative(),
  high: z.number().int().nonnegative(),
  medium: z.number().int().nonnegative(),
  low: z.number().int().nonnegative(),
  negligible: z.number().int().nonnegative(),
  unknown: z.number().int().nonnegative(),
});
export type SeverityCounts = z.infer<typeof Counts>;

export const Vulnerability = z.object({
  id: z.string(),
  severity: z.enum(SEVERITIES),
  package: z.string(),
  version: z.string(),
  fixedIn: z.string().nullable(),
  location: z.string().nullable(),
  url: z.string().nullable(),
});
export type Vulnerability = z.infer<typeof Vulnerability>;

/** A finding at the line of the repository's file that names its package. */
export interface PlacedFinding extends Pick<Vulnerability, 'id' | 'package'> {
  readonly path: string;
  readonly line: number;
}

export const ScanResult = z.object({
  /** Unique pairs of vulnerability and package: the same one in three paths counts once. */
  counts: Counts,
  /** As the tool listed them, for comparison with its own page. */
  matches: z.number().int().nonnegative(),
  ignored: z.number().int().nonnegative(),
  /** The worst ones, worst first, for the summary. */
  worst: z.array(Vulnerability),
  /** When the vulnerability database was made, as the report says. */
  databaseBuilt: z.string().nullable(),
  /** Findings that the settings accept for a while, counted nowhere else; the first of them. */
  accepted: z
    .array(
      Vulnerability.pick({ id: true, severity: true, package: true, version: true }).extend({
        until: z.string(),
        reason: z.string(),
      }),
    )
    .optional(),
  sbomSha256: z.string(),
});
export type ScanResult = z.infer<typeof ScanResult>;

/** How many findings are as bad as the threshold or worse. */
export function findingsAtOrOver(counts: SeverityCounts, threshold: SeverityThreshold): number {
  const included = SEVERITY_THRESHOLDS.slice(0, SEVERITY_THRESHOLDS.indexOf(threshold) + 1);
  return included.reduce((total, severity) => total + counts[severity], 0);
}

export const isAtOrOver = (severity: Severity, threshold: SeverityThreshold): boolean =>
  SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(threshold);
