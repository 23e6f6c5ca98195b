/** What a pull request on the settings would change, once it is merged: in gates and ways, not in lines. */
import { branchRef } from '../git.ts';
import { decision, type Decision } from './decision.ts';
import { resolvePlan, type Plan, type PlanContext } from './plan.ts';

const MAX_EXCEPTIONS = 5;

/** @param context of the pull request's run: its head and its base */
export function settingsEffect(context: PlanContext, baseRef: string): Decision {
  const after = planOfPush(context, baseRef, context.head);
  const before = planOfPush(context, baseRef, context.base ?? {});
  if (before === null || after === null) {
    const text = after === null ? 'pushes would not be run any more' : 'pushes would be run';
    return decision(
      'settings_change',
      before === after ? unchanged(baseRef) : `After merge, on \`${baseRef}\`: ${text}.`,
    );
  }
  const changes = ROWS.flatMap(([name, read]) => {
    const [from, to] = [read(before), read(after)];
    return from === to ? [] : [`\`${name}\` ${from} → ${to}`];
  });
  const text = changes.length === 0 ? unchanged(baseRef) : `After merge, on \`${baseRef}\`: ${changes.join('; ')}.`;
  return decision('settings_change', text);
}

const unchanged = (baseRef: string): string =>
  `This pull request changes the settings, and nothing of what a push to \`${baseRef}\` is held to.`;

/** As if the settings stood on the branch, and somebody pushed to it. */
function planOfPush(context: PlanContext, baseRef: string, settings: PlanContext['head']): Plan | null {
  const planning = resolvePlan({
    ...context,
    ref: branchRef(baseRef),
    triggers: [{ kind: 'push', actor: 'whoever merges' }],
    head: settings,
    base: null,
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
