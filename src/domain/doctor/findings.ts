/** What the doctor makes of what it saw: pure, one function a question, each with what to do. */
import { FORK_CHECK_FILE } from '../fork/fork-check.ts';
import { STAGE_TABLE, STAGES } from '../stage/stage-table.ts';
import { NEEDED_EVENTS, NEEDED_PERMISSIONS } from './needs.ts';

export interface Finding {
  readonly about: string;
  readonly state:
    | 'ok'
    | 'warning'
    | 'fault'
    /** It could not be looked at, which is not the same as in order. */
    | 'unknown';
  readonly says: string;
  /** Empty where there is nothing to do. */
  readonly next: string;
}

const finding =
  (state: Finding['state']) =>
  (about: string, says: string, next = ''): Finding => ({ about, state, says, next });
export const ok = finding('ok');
export const warning = finding('warning');
export const fault = finding('fault');
export const unknown = finding('unknown');

const RANK = ['', 'read', 'write', 'admin'];
const rank = (level: string | undefined): number => RANK.indexOf(level ?? '');

export function judgePermissions(about: string, granted: Readonly<Record<string, string>>, next: string): Finding {
  const missing = Object.entries(NEEDED_PERMISSIONS).filter(([name, level]) => rank(granted[name]) < rank(level));
  if (missing.length === 0) return ok(about, 'every permission that app.yml names');
  const list = missing.map(
    ([name, level]) => `${name}: ${level}${granted[name] === undefined ? '' : ` (has ${granted[name]})`}`,
  );
  return fault(about, `lacks ${list.join(', ')}`, next);
}

/** More than is needed is a key that opens more than it has to. */
export function judgeExcess(about: string, granted: Readonly<Record<string, string>>): Finding[] {
  const more = Object.entries(granted).filter(([name, level]) => rank(level) > rank(NEEDED_PERMISSIONS[name]));
  if (more.length === 0) return [];
  const list = more.map(([name, level]) => `${name}: ${level}`).join(', ');
  return [warning(about, `has more than it needs: ${list}`, 'Take it away in the settings of the App.')];
}

export function judgeEvents(events: readonly string[]): Finding {
  const missing = NEEDED_EVENTS.filter((name) => !events.includes(name));
  if (missing.length === 0) return ok('events', 'every event that app.yml names');
  return fault(
    'events',
    `not subscribed to ${missing.join(', ')}`,
    'Subscribe to them in the settings of the App, "Permissions & events".',
  );
}

/** An App's key signs the time, and GitHub takes a minute's difference at most. Source: docs, "Generating a JWT for a GitHub App". */
const MAX_SKEW_SECONDS = 30;

export function judgeClock(skewSeconds: number | null): Finding {
  if (skewSeconds === null) return unknown('clock', 'GitHub did not say what time it is');
  const off = Math.abs(Math.round(skewSeconds));
  if (off <= MAX_SKEW_SECONDS) return ok('clock', `within ${MAX_SKEW_SECONDS} s of GitHub's`);
  const which = skewSeconds > 0 ? 'ahead of' : 'behind';
  return fault('clock', `${off} s ${which} GitHub's`, 'Set it by NTP: beyond a minute GitHub refuses the App.');
}

export interface Hook {
  readonly url: string | null;
  readonly contentType: string | null;
  readonly hasSecret: boolean;
  readonly isInsecure: boolean;
}

export function judgeHook({ url, contentType, hasSecret, isInsecure }: Hook, path: string): Finding[] {
  const settings = 'Set it in the settings of the App, "Webhook".';
  if (url === null || url === '') return [fault('webhook', 'the App has no webhook address', settings)];
  return [
    url.endsWith(path)
      ? ok('webhook', `goes to ${url}`)
      : warning('webhook', `goes to ${url}, which does not end with ${path}`, settings),
    ...(contentType === 'json'
      ? []
      : [fault('webhook', `is sent as ${contentType ?? 'form'}`, 'Choose the content type application/json.')]),
    ...(hasSecret
      ? []
      : [fault('webhook', 'has no secret: anybody could forge events', 'Set the one of WEBHOOK_SECRET.')]),
    ...(isInsecure
      ? [warning('webhook', 'does not verify the certificate of this service', 'Switch SSL verification on.')]
      : []),
  ];
}

export function judgeDeliveries(failed: number): Finding {
  if (failed === 0) return ok('deliveries', 'none has failed within the last three days');
  return warning(
    'deliveries',
    `${failed} failed within the last three days`,
    'A worker asks GitHub for them again every five minutes; if they stay, is this service reachable from GitHub?',
  );
}

/** @param drifted stage files by how they stand in the repository */
export function judgeStageFiles(states: ReadonlyMap<string, string>, drifted: readonly string[]): Finding[] {
  const files = STAGES.map((stage) => STAGE_TABLE[stage].file);
  const missing = files.filter((file) => !states.has(file));
  const disabled = files.filter((file) => states.get(file)?.startsWith('disabled') === true);
  return [
    ...(missing.length === 0
      ? []
      : [
          fault(
            'stage files',
            `not on the default branch: ${missing.join(', ')}`,
            'Run `slsa-pipeline init` in a checkout, then merge what it writes.',
          ),
        ]),
    ...(disabled.length === 0
      ? []
      : [
          fault(
            'stage files',
            `switched off in Actions: ${disabled.join(', ')}`,
            'Enable them on the page "Actions" of the repository.',
          ),
        ]),
    ...(drifted.length === 0
      ? []
      : [
          warning(
            'stage files',
            `differ from what this App renders: ${drifted.join(', ')}`,
            'Run `slsa-pipeline init` in a checkout, then merge what it writes.',
          ),
        ]),
    ...(states.has(FORK_CHECK_FILE)
      ? []
      : [
          warning(
            'fork check',
            `${FORK_CHECK_FILE} is not on the default branch: pull requests from forks have no check`,
            'Run `slsa-pipeline init` in a checkout, then merge what it writes.',
          ),
        ]),
    ...(missing.length + disabled.length + drifted.length === 0
      ? [ok('stage files', 'all seven, as this App renders them')]
      : []),
  ];
}

export interface RequiredCheck {
  readonly context: string;
  /** Null where any App may set it. */
  readonly appId: number | null;
}

/** Source: REST, "Get rules for a branch", `required_status_checks`. */
export function judgeRequiredChecks(
  required: readonly RequiredCheck[],
  { name, appId }: { name: string; appId: number },
): Finding {
  const own = required.filter(({ context }) => context === name);
  const how = `Require the check "${name}" from this App in a ruleset of the branch.`;
  if (own.length === 0)
    return warning('branch rules', `no rule requires the check "${name}": what is red can be merged`, how);
  if (own.some((each) => each.appId === appId)) return ok('branch rules', `"${name}" of this App is required`);
  return warning('branch rules', `"${name}" is required from anybody: whoever can write checks can pass it`, how);
}
