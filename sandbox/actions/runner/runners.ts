/** Returns the runner that takes a job. Self-hosted runners match by label too. Source: docs, "Choosing the runner for a job". */
import type { RunnerRecord } from '../../github/actions-records.ts';
import type { RepositoryRecord, World } from '../../github/world.ts';

/** Labels of machines that GitHub offers. */
const HOSTED = /^(ubuntu-(latest|22\.04|24\.04)|windows-(latest|2022|2025)|macos-(latest|14|15))$/;

/**
 * A repository's own machine takes a job before GitHub's does, where both have its label: GitHub looks at labels only.
 * @throws Error where no machine would ever take it
 */
export function runnerFor(
  { labels, job }: { readonly labels: readonly string[]; readonly job: string },
  { selfHosted }: RepositoryRecord,
  world: World,
): RunnerRecord {
  const own = selfHosted.find(
    (each) => labels.every((label) => each.labels.includes(label)) && each.jobs?.includes(job) !== false,
  );
  const id = world.nextId();
  if (own !== undefined) return { id, name: own.name, groupId: 1, groupName: 'Default', environment: 'self-hosted' };
  if (!labels.every((label) => HOSTED.test(label))) throw new Error(`No runner has the labels ${labels.join(', ')}`);
  return hostedRunner(id);
}

export const hostedRunner = (id: number): RunnerRecord => ({
  id,
  name: `GitHub Actions ${1_000_000_000 + id}`,
  groupId: 0,
  groupName: 'GitHub Actions',
  environment: 'github-hosted',
});
