/** What a run is held to: the settings of each of its triggers, the strictest of them, and the operator's floor under all. */
import { z } from 'zod';
import type { Floor } from '../evidence/trust-map.ts';
import { isTag, shortRef } from '../git.ts';
import { settingsFor, type Occasion } from '../settings/effective-settings.ts';
import { PRESETS, PresetName, SEVERITY_THRESHOLDS, SeverityThreshold } from '../settings/presets.ts';
import type { Exception, SettingsFile } from '../settings/settings-schema.ts';
import { STAGES, type Stage } from '../stage/stage-table.ts';
import { decision, type Decision } from './decision.ts';
import type { PlanContext } from './plan.ts';
import type { RunFlags } from './trigger.ts';

export const Gates = z.object({
  failOnLintErrors: z.boolean(),
  failOnVulnerabilities: z.boolean(),
  threshold: SeverityThreshold,
  maxFindings: z.number().int().nonnegative(),
});
export type Gates = z.infer<typeof Gates>;

/** What a trigger is for, once it is wanted. */
export type Purpose =
  /** A commit that was pushed, or named on the command line: the settings are its own. */
  | { readonly kind: 'own' }
  /** What would be merged: gates and ways are those of the branch that it asks for. */
  | { readonly kind: 'pull_request' | 'merge_group'; readonly baseRef: string };

export interface Asked {
  readonly preset: PresetName;
  readonly stages: readonly Stage[];
  readonly gates: Gates;
  /** Those that name the stage files and the way of a repair. */
  readonly settings: SettingsFile;
  /** What everybody who asks accepts. */
  readonly exceptions: readonly Exception[];
  readonly decisions: readonly Decision[];
}

/**
 * A pull request is gated by its base branch, so that it cannot weaken its own gate; where one run serves several triggers,
 * none loosens what another is held to.
 */
export function askedFor(context: PlanContext, purposes: readonly Purpose[], flags: RunFlags): Asked {
  const all = purposes.map((purpose) => askedBy(purpose, context, flags));
  const whole = all.find((_, index) => purposes[index]?.kind !== 'pull_request');
  const judging = all.find((_, index) => purposes[index]?.kind !== 'own') ?? whole;
  const [first] = all;
  if (judging === undefined || first === undefined)
    throw new Error('A plan is made for what is wanted, and something is');
  const { gates, raised } = overFloor(
    all.slice(1).reduce((strict, each) => strictest(strict, each.gates), first.gates),
    context.floor,
  );
  const needed = context.floor.requireLint ? ['lint'] : [];
  const stages = STAGES.filter((stage) => needed.includes(stage) || all.some((each) => each.stages.includes(stage)));
  return {
    preset: (whole ?? judging).preset,
    stages,
    gates,
    settings: judging.settings,
    exceptions: first.exceptions.filter((exception) => all.every((each) => accepts(each, exception))),
    decisions: [...all.flatMap((each) => each.decisions), ...raised],
  };
}

const accepts = ({ exceptions }: Asked, exception: Exception): boolean =>
  exceptions.some((each) => JSON.stringify(each) === JSON.stringify(exception));

function askedBy(purpose: Purpose, context: PlanContext, flags: RunFlags): Asked {
  const { kind } = purpose;
  if (kind === 'own') return askedWith(context.head, occasionOf(context), flags);
  const occasion = { event: kind, ref: purpose.baseRef };
  return askedWith(context.bases.get(purpose.baseRef) ?? {}, occasion, {});
}

const occasionOf = ({ ref }: PlanContext): Occasion => ({ event: isTag(ref) ? 'tag' : 'push', ref: shortRef(ref) });

function askedWith(written: SettingsFile, occasion: Occasion, flags: RunFlags): Asked {
  const { settings, rule, presetForEvent } = settingsFor(written, occasion);
  const preset = PresetName.safeParse(flags.preset).data ?? settings.preset ?? 'standard';
  const forPull = PRESETS[presetForEvent ?? 'minimal'].stages;
  const text = `Rule ${rule} of the settings holds here: \`${occasion.event}\` of \`${occasion.ref}\`.`;
  return {
    preset,
    stages: occasion.event === 'pull_request' ? forPull : PRESETS[preset].stages,
    gates: gatesOf(flags, settings, preset),
    settings,
    exceptions: settings.exceptions ?? [],
    decisions: rule === null ? [] : [decision('rule_applied', text)],
  };
}

function gatesOf(flags: RunFlags, settings: SettingsFile, name: PresetName): Gates {
  const preset = PRESETS[name];
  return {
    failOnLintErrors: settings.fail_on_lint_errors ?? preset.failOnLintErrors,
    failOnVulnerabilities: settings.fail_on_vulnerabilities ?? preset.failOnVulnerabilities,
    threshold:
      SeverityThreshold.safeParse(flags.severity).data ??
      settings.vulnerability_threshold ??
      preset.vulnerabilityThreshold,
    maxFindings: flags.maxFindings ?? settings.max_findings ?? 0,
  };
}

const strictest = (a: Gates, b: Gates): Gates => ({
  failOnLintErrors: a.failOnLintErrors || b.failOnLintErrors,
  failOnVulnerabilities: a.failOnVulnerabilities || b.failOnVulnerabilities,
  threshold: SEVERITY_THRESHOLDS[Math.max(rank(a), rank(b))] ?? a.threshold,
  maxFindings: Math.min(a.maxFindings, b.maxFindings),
});

const rank = ({ threshold }: Pick<Gates, 'threshold'>): number => SEVERITY_THRESHOLDS.indexOf(threshold);

/** The operator's word comes last, whatever the settings and the command line say. */
function overFloor(asked: Gates, floor: Floor): { gates: Gates; raised: Decision[] } {
  const gates = strictest(asked, floor.gates);
  const changed = (Object.keys(gates) as (keyof Gates)[]).filter((key) => gates[key] !== asked[key]);
  const text = `The operator of this App asks for more than the settings: ${changed.map((key) => `${WORDS[key]} ${gates[key]}`).join(', ')}.`;
  return { gates, raised: changed.length === 0 ? [] : [decision('floor_applied', text)] };
}

const WORDS: Readonly<Record<keyof Gates, string>> = {
  failOnLintErrors: '`fail_on_lint_errors`',
  failOnVulnerabilities: '`fail_on_vulnerabilities`',
  threshold: '`vulnerability_threshold`',
  maxFindings: '`max_findings`',
};

/** True where `later` is held to something that `earlier` was not. */
export const isStricter = (later: Gates, earlier: Gates): boolean =>
  (later.failOnLintErrors && !earlier.failOnLintErrors) ||
  (later.failOnVulnerabilities && !earlier.failOnVulnerabilities) ||
  rank(later) > rank(earlier) ||
  later.maxFindings < earlier.maxFindings;
