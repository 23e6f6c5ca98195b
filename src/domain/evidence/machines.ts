/**
 * The machines that a build's jobs ran on. A certificate tells where the job that signed ran, and nothing of those before it; and
 * whoever administers a repository can register a machine of his own under the label of GitHub's (slsa-framework/
 * slsa-github-generator#1868). Source: API, "List jobs for a workflow run attempt"; group 0 is GitHub's.
 */
import { stated, type Check } from './checks.ts';

export interface JobMachine {
  /** As GitHub shows it: `builder / build`. */
  readonly job: string;
  readonly conclusion: string | null;
  /** Null where no machine took the job, or the API does not say. */
  readonly groupId: number | null;
  readonly groupName: string | null;
}

const GITHUBS = { id: 0, name: 'GitHub Actions' } as const;
const MAX_NAMED = 3;

/** @param machines the runners of all jobs of the attempt; null when the API was not asked (provenance in a file) */
export function machinesCheck(machines: readonly JobMachine[] | null): Check {
  if (machines === null) return { id: 'machines', state: 'not_assessed', expected: '', found: '(not asked)' };
  const ran = machines.filter(({ conclusion }) => conclusion !== 'skipped');
  const others = ran.filter(({ groupId, groupName }) => groupId !== GITHUBS.id || groupName !== GITHUBS.name);
  const found = others
    .slice(0, MAX_NAMED)
    .map(({ job, groupName }) => `${job} on a runner of group ${groupName ?? 'unknown'}`)
    .join(', ');
  return stated('machines', ran.length > 0 && others.length === 0, GITHUBS.name, found || '(no job)');
}
