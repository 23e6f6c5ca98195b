/** What a pull request on the settings would change, once it is merged: in gates and ways, not in lines. */
import { branchRef } from '../git.ts';
import type { SettingsFile } from '../settings/settings-schema.ts';
import { decision, type Decision } from './decision.ts';
import { resolvePlan, type Plan, type PlanContext } from './plan.ts';

const MAX_EXCEPTIONS = 5;

/** @param context of the pull request's run: its head and its base */
export function settingsEffect(context: PlanContext, baseRef: string): Decision {
  const after = planOfPush(context, baseRef, context.head);
  const base = context.bases.get(baseRef) ?? {};
  const before = planOfPush(context, baseRef, base);
  const changes = changesOf(before, after);
  const told = changes.length === 0 ? [] : [`After merge, on \`${baseRef}\`: ${changes.join('; ')}.`];
  const text = [...told, ...others(context.head, base)].join(' ');
  return decision('settings_change', text === '' ? UNTOLD : text);
}

/** Never "nothing": what is not told here may count elsewhere. */
const UNTOLD = 'It changes the settings, and other settings or the operator of this App hold what it changes.';

function changesOf(before: Plan | null, after: Plan | null): string[] {
  if (before === null || after === null) {
    if (before === after) return [];
    return [after === null ? 'pushes would not be run any more' : 'pushes would be run'];
  }
  return ROWS.flatMap(([name, read]) => {
    const [from, to] = [read(before), read(after)];
    return from === to ? [] : [`\`${name}\` ${from} → ${to}`];
  });
}

/** Keys whose effect is not told in a row above: on pull requests, other branches, events or the build. */
function others(head: SettingsFile, base: SettingsFile): string[] {
  const keys = [...new Set([...Object.keys(head), ...Object.keys(base)])] as (keyof SettingsFile)[];
  const changed = keys.filter((key) => !TOLD.includes(key) && JSON.stringify(head[key]) !== JSON.stringify(base[key]));
  if (changed.length > 0)
    return [`It changes ${changed.map((key) => `\`${key}\``).join(', ')} too: review what that means.`];
  return JSON.stringify(head) === JSON.stringify(base) ? ['The settings would say the same, in other words.'] : [];
}

/** Their whole effect is in the rows. */
const TOLD: readonly (keyof SettingsFile)[] = [
  'preset',
  'fail_on_lint_errors',
  'fail_on_vulnerabilities',
  'vulnerability_threshold',
  'max_findings',
  'signing',
  'auto_fix_lint',
  'update_commit_status',
];

/** As if the settings stood on the branch, and somebody pushed to it. */
function planOfPush(context: PlanContext, baseRef: string, settings: PlanContext['head']): Plan | null {
  const planning = resolvePlan({
    ...context,
    ref: branchRef(baseRef),
    triggers: [{ kind: 'push', actor: 'whoever merges' }],
    head: settings,
    bases: new Map(),
    changedPaths: null,
  });
  return planning.kind === 'planned' ? planning.plan : null;
}

const yesNo = (is: boolean): string => (is ? 'on' : 'off');

/** The tag is another for every commit, so the image is compared without it. */
const ROWS: readonly (readonly [string, (plan: Plan) => string])[] = [
  ['preset', ({ preset }) => preset],
  ['stages', ({ stages }) => stages.join(', ')],
  ['fail_on_lint_errors', ({ gates }) => yesNo(gates.failOnLintErrors)],
  ['fail_on_vulnerabilities', ({ gates }) => yesNo(gates.failOnVulnerabilities)],
  ['vulnerability_threshold', ({ gates }) => gates.threshold],
  ['max_findings', ({ gates }) => String(gates.maxFindings)],
  ['exceptions', ({ exceptions = [] }) => listed(exceptions.map(({ id, until }) => `${id} until ${until}`))],
  ['image', ({ image }) => image.name],
  ['dockerfile', ({ image }) => image.dockerfile],
  ['signing', ({ signing }) => signing],
  ['auto_fix_lint', ({ autoFixLint }) => yesNo(autoFixLint)],
  ['update_commit_status', ({ updateCommitStatus }) => yesNo(updateCommitStatus)],
];

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  const left = names.length - MAX_EXCEPTIONS;
  return `${names.slice(0, MAX_EXCEPTIONS).join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
}
