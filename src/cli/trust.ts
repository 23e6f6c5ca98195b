/** `trust check` and `trust refresh`: what is trusted here, and newer roots. */
import { refreshTrustRoots } from '../adapters/sigstore/root-files.ts';
import type { TrustRoot } from '../adapters/sigstore/trust-root.ts';
import type { TrustMap } from '../domain/evidence/trust-map.ts';
import { cacheFolder } from './cache-folder.ts';
import type { Environment } from './environment.ts';
import { trustMapFor, trustRootsFor } from './evidence.ts';

/** @throws UsageError with every mistake, and where it stands */
export async function checkTrust(environment: Environment, file: string | undefined): Promise<string[]> {
  const trust = await trustMapFor(file === undefined ? environment : { ...environment, TRUST_POLICY: file });
  return describeTrust(trust, trustRootsFor(trust.policy));
}

function describeTrust({ policy, digest }: TrustMap, roots: readonly TrustRoot[]): string[] {
  const unknown = policy.builders.flatMap(({ workflow, roots: names }) =>
    names
      .filter((name) => !roots.some(({ facts }) => facts.name === name))
      .map((name) => `${workflow}: no root is named ${name}`),
  );
  const builders = policy.builders.flatMap(({ workflow, commits, level, roots: names }) => [
    `  L${level}  ${workflow}  (${names.join(', ')})`,
    ...commits.map((commit) => `      @${commit}`),
  ]);
  return [
    `Trust map ${digest.slice(0, 12)}`,
    '',
    'Builders',
    ...(builders.length === 0 ? ['  none: every repository builds for itself, Build L2 at best'] : builders),
    '',
    'Minimum levels',
    ...(policy.minimum.length === 0
      ? ['  none']
      : policy.minimum.map(({ repositories, level }) => `  L${level}  ${repositories}`)),
    '',
    'Trust roots',
    ...roots.map(
      ({ facts }) =>
        `  ${facts.name.padEnd(14)} of ${facts.asOf}  sha256:${facts.sha256.slice(0, 12)}…${facts.isStale ? '  STALE' : ''}`,
    ),
    ...(unknown.length === 0 ? [] : ['', 'Look at this', ...unknown.map((line) => `  ${line}`)]),
  ];
}

export async function refreshTrust(): Promise<{ readonly lines: string[]; readonly isWhole: boolean }> {
  const refreshed = await refreshTrustRoots(cacheFolder(process.env), new Date());
  const lines = refreshed.map(({ name, problem }) =>
    problem === null
      ? `${name}: fetched, and verified by TUF`
      : `${name}: not fetched (${problem}). The one at hand stays in use.`,
  );
  return { lines, isWhole: refreshed.every(({ problem }) => problem === null) };
}
