/**
 * Whom the operator trusts to build, and how far. Exact commits of exact workflows: a movable ref would move the trust to
 * whoever can move it. Source: SLSA v1.2, "Verifying artifacts", step 1.4 (roots of trust).
 */
import { z } from 'zod';
import { BuilderWorkflow, builderParts } from '../build/builder.ts';
import { matchesRefPattern } from '../settings/ref-pattern.ts';
import { SeverityThreshold, SEVERITY_THRESHOLDS } from '../settings/presets.ts';
import { GITHUB, PUBLIC_GOOD, type RootName } from './verified-bundle.ts';

export const LEVELS = [0, 1, 2, 3] as const;
export type Level = (typeof LEVELS)[number];

export const lowerLevel = (a: Level, b: Level): Level => (a < b ? a : b);
export const higherLevel = (a: Level, b: Level): Level => (a > b ? a : b);

const TrustLevel = z.literal([1, 2, 3]);
const RootKey = z.string().regex(/^[a-z][a-z0-9_]{0,40}$/, 'a trust root is named in lower case, such as public_good');

const TrustedBuilder = z.strictObject({
  workflow: z
    .string()
    .max(400)
    .regex(
      /^[A-Za-z0-9_.-]+\/[A-Za-z0-9_.-]+\/\.github\/workflows\/[A-Za-z0-9_.-]+\.ya?ml$/,
      'a builder is written owner/repository/.github/workflows/file.yml, without its commit',
    ),
  commits: z
    .array(z.string().regex(/^[0-9a-f]{40}$/, 'a commit is written as 40 lower-case hex digits'))
    .min(1)
    .max(50),
  level: TrustLevel,
  roots: z.array(RootKey).min(1).max(10).default([PUBLIC_GOOD, GITHUB]),
});

const Minimum = z.strictObject({
  /** A pattern over `owner/name`. */
  repositories: z
    .string()
    .max(200)
    .regex(/^[A-Za-z0-9_.*?/-]+$/, 'a pattern is made of names, * and ?'),
  level: TrustLevel,
});

const RepositoryFloor = z.strictObject({
  /** A pattern over `owner/name`. */
  repositories: Minimum.shape.repositories,
  require_lint: z.literal(true).optional(),
  fail_on_lint_errors: z.literal(true).optional(),
  fail_on_vulnerabilities: z.literal(true).optional(),
  vulnerability_threshold: SeverityThreshold.optional(),
  max_findings: z.number().int().min(0).optional(),
  /** `false`: nobody accepts a vulnerability here. */
  exceptions: z.literal(false).optional(),
});

export const TrustPolicy = z.strictObject({
  version: z.literal(1).optional(),
  builders: z.array(TrustedBuilder).max(100).default([]),
  /** Name → file of a `trusted_root.json`: of an instance of one's own, or a newer one of a built-in root. */
  roots: z.record(RootKey, z.string().min(1).max(1000)).default({}),
  minimum: z.array(Minimum).max(200).default([]),
  floor: z.array(RepositoryFloor).max(200).default([]),
});
export type TrustPolicy = z.infer<typeof TrustPolicy>;

export interface TrustMap {
  readonly policy: TrustPolicy;
  /** SHA-256 of the policy file, or of what stands in for it: it is in every assessment. */
  readonly digest: string;
}

/** What holds without a policy file: the operator's one builder at its one commit, at L3; and nobody's without one. */
export function defaultPolicy(builder: BuilderWorkflow | null): TrustPolicy {
  if (builder === null) return TrustPolicy.parse({});
  const { workflow, commit } = builderParts(builder);
  return TrustPolicy.parse({ builders: [{ workflow, commits: [commit], level: 3 }] });
}

export interface SignerKey {
  /** As the certificate has it: `https://github.com/owner/repo/.github/workflows/file.yml@<commit>`. */
  readonly signer: string;
  readonly root: RootName;
}

/** The level that a signer vouches for; null for a signer that the map does not know. Whole strings, always. */
export function trustedLevel({ builders }: TrustPolicy, server: string, { signer, root }: SignerKey): Level | null {
  const levels = builders
    .filter(({ roots }) => roots.includes(root))
    .filter(({ workflow, commits }) => commits.some((commit) => signer === `${server}/${workflow}@${commit}`))
    .map(({ level }): Level => level);
  return levels.length === 0 ? null : levels.reduce(lowerLevel, 3);
}

/** Every identity that the map trusts, for messages. */
export const trustedSigners = ({ builders }: TrustPolicy, server: string): string[] =>
  builders.flatMap(({ workflow, commits }) => commits.map((commit) => `${server}/${workflow}@${commit}`));

/** GitHub's names are one name however they are written; a rename in case must not slip a repository out of a rule. */
const isFor = ({ repositories }: { readonly repositories: string }, repository: string): boolean =>
  matchesRefPattern(repository.toLowerCase(), repositories.toLowerCase());

/** The least that a repository must reach; 0 where no rule names it. */
export function minimumLevel({ minimum }: TrustPolicy, repository: string): Level {
  const wanted = minimum.filter((rule) => isFor(rule, repository)).map(({ level }): Level => level);
  return wanted.reduce(higherLevel, 0);
}

/** The gates that a repository's settings may tighten and never loosen. */
export interface Floor {
  readonly gates: {
    readonly failOnLintErrors: boolean;
    readonly failOnVulnerabilities: boolean;
    readonly threshold: SeverityThreshold;
    readonly maxFindings: number;
  };
  readonly requireLint: boolean;
  readonly allowsExceptions: boolean;
}

export const NO_FLOOR: Floor = {
  gates: { failOnLintErrors: false, failOnVulnerabilities: false, threshold: 'critical', maxFindings: Infinity },
  requireLint: false,
  allowsExceptions: true,
};

/** All that the policy asks of a repository: where several entries name it, the strictest word of each. */
export function floorFor({ floor }: TrustPolicy, repository: string): Floor {
  const rules = floor.filter((rule) => isFor(rule, repository));
  const ranks = rules.map((rule) => SEVERITY_THRESHOLDS.indexOf(rule.vulnerability_threshold ?? 'critical'));
  return {
    gates: {
      failOnLintErrors: rules.some((rule) => rule.fail_on_lint_errors),
      failOnVulnerabilities: rules.some((rule) => rule.fail_on_vulnerabilities),
      threshold: SEVERITY_THRESHOLDS[Math.max(0, ...ranks)] ?? 'critical',
      maxFindings: Math.min(Infinity, ...rules.flatMap((rule) => rule.max_findings ?? [])),
    },
    requireLint: rules.some((rule) => rule.require_lint),
    allowsExceptions: rules.every((rule) => rule.exceptions !== false),
  };
}
