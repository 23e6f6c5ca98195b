/**
 * grype's JSON report → ScanResult.
 *
 * Source: anchore/grype `presenter/models`. Versions differ in what they leave out (0.7 has no `fix`, some matches have
 * no severity), so only what is needed is required.
 */
import { z } from 'zod';
import { plainLine } from '../report/plain-text.ts';
import { exceptionFor } from '../settings/exceptions.ts';
import type { Exception } from '../settings/settings-schema.ts';
import {
  contradiction,
  read,
  readJsonFile,
  readStageReport,
  unusable,
  type Reading,
  type ReportFiles,
  type StageExpectation,
} from '../stage/stage-report.ts';
import { SEVERITIES, type ScanResult, type Severity, type SeverityCounts, type Vulnerability } from './scan-result.ts';

export const GRYPE_REPORT = 'grype.json';

const MAX_WORST = 10;
/** As many as are shown. */
const MAX_ACCEPTED = 20;

const Match = z.object({
  vulnerability: z.object({
    id: z.string(),
    severity: z.string().nullish(),
    dataSource: z.string().nullish(),
    fix: z.object({ versions: z.array(z.string()).nullish(), state: z.string().nullish() }).nullish(),
  }),
  /** The same vulnerability under other names: a GHSA's CVE. */
  relatedVulnerabilities: z.array(z.object({ id: z.string() })).nullish(),
  artifact: z.object({
    name: z.string(),
    version: z.string().nullish(),
    purl: z.string().nullish(),
    locations: z.array(z.object({ path: z.string().nullish() })).nullish(),
  }),
});
type Match = z.infer<typeof Match>;

const GrypeJson = z.object({
  matches: z.array(Match),
  ignoredMatches: z.array(z.unknown()).nullish(),
  descriptor: z
    .object({
      db: z
        .object({ built: z.string().nullish(), status: z.object({ built: z.string().nullish() }).nullish() })
        .nullish(),
    })
    .nullish(),
});

export function readScan(files: ReportFiles, expected: StageExpectation, conclusion: string): Reading<ScanResult> {
  const stageReport = readStageReport(files, expected);
  if (stageReport.kind === 'unusable') return stageReport;
  const { exitCode } = stageReport.result;
  // The stage runs grype without a gate of its own, so anything but 0 is a scanner that did not finish.
  if (exitCode !== 0 || conclusion !== 'success') {
    const ended = `grype ended with exit code ${exitCode} and the stage run ${conclusion}`;
    return unusable(contradiction('scan', `${ended}: an unfinished scan is never counted as clean`));
  }
  return readGrype(files, stageReport.result.sbomSha256 ?? '', expected.exceptions ?? []);
}

export function readGrype(
  files: ReportFiles,
  sbomSha256: string,
  exceptions: readonly Exception[] = [],
): Reading<ScanResult> {
  const reading = readJsonFile(files, 'scan', GRYPE_REPORT, GrypeJson);
  if (reading.kind === 'unusable') return reading;
  const report = reading.result;
  const all = [...uniqueByIdAndPackage(report.matches).values()];
  const accepted = all.flatMap((match) => acceptedBy(match, exceptions));
  const unique = all.filter((match) => acceptedBy(match, exceptions).length === 0);
  return read({
    counts: countBySeverity(unique),
    matches: report.matches.length,
    ignored: report.ignoredMatches?.length ?? 0,
    worst: unique.toSorted(worstFirst).slice(0, MAX_WORST).map(toVulnerability),
    databaseBuilt: builtAt(report.descriptor?.db),
    sbomSha256,
    ...(accepted.length === 0 ? {} : { accepted: accepted.slice(0, MAX_ACCEPTED) }),
  });
}

type Accepted = NonNullable<ScanResult['accepted']>[number];

function acceptedBy(match: Match, exceptions: readonly Exception[]): Accepted[] {
  const ids = [match.vulnerability.id, ...(match.relatedVulnerabilities ?? []).map(({ id }) => id)];
  const { purl } = match.artifact;
  const found = exceptionFor({ ids, purl: isGiven(purl) ? purl : null }, exceptions);
  if (found === null) return [];
  const { id, severity, package: name, version } = toVulnerability(match);
  return [{ id, severity, package: name, version, until: found.until, reason: plainLine(found.reason, 200) }];
}

function builtAt(
  database:
    | { built?: string | null | undefined; status?: { built?: string | null | undefined } | null | undefined }
    | null
    | undefined,
): string | null {
  const built = database?.built ?? database?.status?.built ?? null;
  return built === null ? null : plainLine(built, 40);
}

function uniqueByIdAndPackage(matches: readonly Match[]): Map<string, Match> {
  const unique = new Map<string, Match>();
  for (const match of matches) {
    const { name, version, purl } = match.artifact;
    const key = JSON.stringify([match.vulnerability.id, isGiven(purl) ? purl : name, version ?? '']);
    const known = unique.get(key);
    if (known === undefined || worstFirst(match, known) < 0) unique.set(key, match);
  }
  return unique;
}

/** grype writes an empty purl where it knows none. */
const isGiven = (text: string | null | undefined): text is string => text != null && text !== '';

function severityOf(match: Match): Severity {
  const severity = match.vulnerability.severity?.toLowerCase() ?? 'unknown';
  return SEVERITIES.find((each) => each === severity) ?? 'unknown';
}

const worstFirst = (a: Match, b: Match): number =>
  SEVERITIES.indexOf(severityOf(a)) - SEVERITIES.indexOf(severityOf(b));

function countBySeverity(matches: readonly Match[]): SeverityCounts {
  const counts = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 };
  for (const match of matches) counts[severityOf(match)] += 1;
  return counts;
}

function toVulnerability(match: Match): Vulnerability {
  const { vulnerability, artifact } = match;
  const fixed = advisedFix(vulnerability.fix);
  const path = artifact.locations?.[0]?.path;
  return {
    id: plainLine(vulnerability.id, 60),
    severity: severityOf(match),
    package: plainLine(artifact.name, 100),
    version: plainLine(artifact.version ?? '', 60),
    fixedIn: fixed === undefined ? null : plainLine(fixed, 60),
    location: path == null ? null : plainLine(path, 160),
    url: advisoryUrl(vulnerability.dataSource),
  };
}

/** A version that the distributor will not ship is no advice. grype 0.7 names no state at all. */
function advisedFix(fix: Match['vulnerability']['fix']): string | undefined {
  const isRefused = fix?.state === 'wont-fix' || fix?.state === 'not-fixed';
  return isRefused ? undefined : fix?.versions?.[0];
}

/** Only an https address is kept: it becomes a link. */
function advisoryUrl(source: string | null | undefined): string | null {
  return source != null && /^https:\/\/[A-Za-z0-9.-]+\/[A-Za-z0-9/_.:#?=&-]*$/.test(source) && source.length < 200
    ? source
    : null;
}
