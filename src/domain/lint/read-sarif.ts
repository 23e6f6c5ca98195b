/** SARIF as linters write it → findings. Source: SARIF 2.1.0, 3.27 "result object". */
import { z } from 'zod';
import { plainLine } from '../report/plain-text.ts';
import { parseJson } from '../stage/stage-report.ts';
import { artifactPath } from './artifact-path.ts';
import type { LintFinding } from './lint-result.ts';

export const MAX_MESSAGE = 160;

const SarifLocation = z.object({
  physicalLocation: z
    .object({
      artifactLocation: z.object({ uri: z.string().nullish() }).nullish(),
      region: z.object({ startLine: z.number().int().positive().nullish() }).nullish(),
    })
    .nullish(),
});

const SarifResult = z.object({
  ruleId: z.string().nullish(),
  level: z.string().nullish(),
  message: z.object({ text: z.string().nullish() }).nullish(),
  locations: z.array(SarifLocation).nullish(),
  suppressions: z.array(z.unknown()).nullish(),
});

const SarifRule = z.object({
  id: z.string(),
  defaultConfiguration: z.object({ level: z.string().nullish() }).nullish(),
});

const SarifRun = z.object({
  /** Which of MegaLinter's linters wrote it. */
  properties: z.object({ megalinter: z.object({ linterKey: z.string().nullish() }).nullish() }).nullish(),
  tool: z.object({ driver: z.object({ name: z.string(), rules: z.array(SarifRule).nullish() }) }),
  results: z.array(SarifResult).nullish(),
});
type SarifRun = z.infer<typeof SarifRun>;

/** A file without any run is no evidence: somebody's linter could not write, which is not the same as clean. */
const Sarif = z.object({ runs: z.array(SarifRun).min(1) });

export interface SarifFindings {
  /** All that are not suppressed, errors first. */
  readonly findings: readonly LintFinding[];
  /** Keys of the linters that have some here (`PYTHON_RUFF`). */
  readonly linterKeys: ReadonlySet<string>;
}

/** Null where the file is not SARIF. */
export function readSarif(text: string): SarifFindings | null {
  const json = parseJson(text);
  const parsed = json.ok ? Sarif.safeParse(json.value) : null;
  if (!parsed?.success) return null;
  const runs = parsed.data.runs.map((run) => ({ key: keyOf(run), ranked: findingsOf(run) }));
  return {
    findings: runs
      .flatMap(({ ranked }) => ranked)
      .toSorted((a, b) => a.rank - b.rank)
      .map(({ finding }) => finding),
    linterKeys: new Set(runs.flatMap(({ key, ranked }) => (key === null || ranked.length === 0 ? [] : [key]))),
  };
}

/** Older versions of MegaLinter write it into the tool's name alone. */
function keyOf({ properties, tool }: SarifRun): string | null {
  const named = / \(MegaLinter ([A-Z0-9_]{1,80})\)/.exec(tool.driver.name.slice(0, 200))?.[1];
  return properties?.megalinter?.linterKey ?? named ?? null;
}

/** All unsuppressed findings of a SARIF file, errors first; null where the file is not SARIF. */
export const parseSarif = (text: string): readonly LintFinding[] | null => readSarif(text)?.findings ?? null;

interface RankedFinding {
  readonly rank: number;
  readonly finding: LintFinding;
}

function findingsOf(run: SarifRun): RankedFinding[] {
  // A report that MegaLinter linted itself grows " (MegaLinter …)" once a cycle.
  const linter = plainLine(run.tool.driver.name.slice(0, 200).replace(/( \(MegaLinter [^)]*\))+$/, ''), 60);
  const levels = new Map((run.tool.driver.rules ?? []).map((rule) => [rule.id, rule.defaultConfiguration?.level]));
  const results = run.results ?? [];
  return results
    .filter(({ suppressions }) => (suppressions ?? []).length === 0)
    .map((result) => rank(linter, { ...result, level: result.level ?? levels.get(result.ruleId ?? '') ?? 'warning' }));
}

/** SARIF 2.1.0, 3.27.10: without a level of its own a result has its rule's, and `warning` where that has none. */
type LevelledResult = z.infer<typeof SarifResult> & { readonly level: string };

function rank(linter: string, { ruleId, level, message, locations }: LevelledResult): RankedFinding {
  const finding = {
    linter,
    rule: plainLine(ruleId ?? '', 80),
    message: plainLine(message?.text ?? '', MAX_MESSAGE),
    ...placeOf(locations?.[0]?.physicalLocation),
  };
  return { rank: SEVERITY_ORDER.indexOf(level), finding };
}

const placeOf = (place: z.infer<typeof SarifLocation>['physicalLocation']): Pick<LintFinding, 'file' | 'line'> => ({
  file: plainLine(artifactPath(place?.artifactLocation?.uri ?? ''), 200),
  line: place?.region?.startLine ?? null,
});

/** Levels that SARIF does not name come first (indexOf gives -1): an unknown severity is not a mild one. */
const SEVERITY_ORDER = ['error', 'warning', 'note', 'none'];
