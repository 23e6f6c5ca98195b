/**
 * `.github/slsa-pipeline.yml`: every key, its grammar and what happens without it. Everything is optional; an empty file
 * means preset `standard`. Keys are strict, so that a misspelt gate is a mistake and not an open gate.
 */
import { z } from 'zod';
import { SIGNING_MODES } from '../build/builder.ts';
import { STAGES } from '../stage/stage-table.ts';
import { PresetName, SeverityThreshold } from './presets.ts';
import type { RefusedKey } from './strict-yaml.ts';

export const SETTINGS_PATH = '.github/slsa-pipeline.yml';

/** Where mistakes are, if not in another branch's file or an organisation's. */
export const COMMIT_ITSELF = 'this commit';

const MAX_PATTERNS = 50;
const MAX_TIMEOUT_MINUTES = 360;

/** A glob over branch or tag names: bounded, since it comes from a repository and is matched on every push. */
const RefPattern = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^\s()!|[\]{}\\]+$/, 'a ref pattern is made of names, *, ** and ?, without blanks or brackets');

const RefPatterns = z.array(RefPattern).max(MAX_PATTERNS);

const isInsideRepository = (path: string): boolean =>
  !path.startsWith('/') && !path.includes('\\') && !path.split('/').includes('..');

const RepositoryPath = z
  .string()
  .min(1)
  .max(300)
  .regex(/^[A-Za-z0-9_./ @+-]+$/, 'a path has letters, digits, blanks and . / _ - @ +')
  .refine(isInsideRepository, 'a path is relative and stays inside the repository');

export const Image = z.strictObject({
  registry: z
    .string()
    .max(200)
    .regex(/^[a-z0-9.-]+(:\d{1,5})?$/, 'a registry is a host name, such as ghcr.io')
    .optional(),
  name: z
    .string()
    .max(200)
    .regex(/^[a-z0-9]+(?:(?:[._]|__|-+|\/)[a-z0-9]+)*$/, 'an image name is lower case, such as acme/app')
    .optional(),
  tag: z
    .string()
    .max(128)
    .regex(
      /^(?:[A-Za-z0-9_.-]|\{ref\}|\{sha7\}|\{sha\})+$/,
      'a tag is made of letters, digits, _ . - and {ref}, {sha7}, {sha}',
    )
    .optional(),
  target: z
    .string()
    .max(100)
    .regex(/^[A-Za-z0-9_.-]*$/, 'a build stage is a name without blanks')
    .optional(),
  dockerfile: RepositoryPath.optional(),
  context: RepositoryPath.optional(),
  platforms: z
    .array(z.string().regex(/^[a-z0-9]+\/[a-z0-9]+(\/v\d)?$/, 'a platform is written linux/amd64'))
    .min(1)
    .max(10)
    .optional(),
  build_args: z
    .record(
      z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/, 'a build argument is a name of letters, digits and _'),
      z
        .string()
        .max(1000)
        .regex(/^[^\r\n]*$/, 'a build argument is one line')
        // docker/build-push-action trims each value, so a trailing blank would be lost without a message.
        .regex(/(^|\S)$/, 'a build argument does not end in blanks'),
    )
    .optional(),
  secrets: z
    .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/, 'a secret is named as in the repository settings'))
    .optional(),
});

const StageSettings = z.strictObject({
  workflow: z
    .string()
    .max(100)
    .regex(/^[A-Za-z0-9_.-]+\.ya?ml$/, 'a workflow is the name of a file in .github/workflows')
    .optional(),
  timeout_minutes: z.number().int().min(1).max(MAX_TIMEOUT_MINUTES).optional(),
});

/**
 * Gates and ways: what a rule may set. What is built, and where it is signed, is literal: the isolated builder reads it at
 * the commit, and knows neither rules nor organisations.
 */
const GATES = {
  preset: PresetName.optional().describe('Stages and gates: minimal, standard (default) or skip_linting.'),
  auto_fix_lint: z.boolean().optional().describe('Propose repairs of lint errors. Default: true.'),
  after_auto_fix: z
    .enum(['build', 'stop'])
    .optional()
    .describe('Build this commit all the same, or stop until the repair is merged. Default: build.'),
  fail_on_lint_errors: z.boolean().optional().describe('Default: as the preset says.'),
  fail_on_vulnerabilities: z.boolean().optional().describe('Default: true.'),
  vulnerability_threshold: SeverityThreshold.optional().describe(
    'Findings as bad or worse count. Default: as the preset says.',
  ),
  max_findings: z.number().int().min(0).max(100_000).optional().describe('So many of them are tolerated. Default: 0.'),
  update_commit_status: z.boolean().optional().describe('Set the commit status `slsa/build-level`. Default: true.'),
};

export const EVENTS = ['push', 'tag', 'pull_request', 'merge_group'] as const;

const Rule = z
  .strictObject({ refs: RefPatterns.optional(), event: z.enum(EVENTS).optional(), ...GATES })
  .refine(({ refs, event }) => refs !== undefined || event !== undefined, 'a rule names `refs`, an `event`, or both');
export type Rule = z.infer<typeof Rule>;

export const VulnerabilityId = z
  .string()
  .regex(/^(CVE-\d{4}-\d{4,19}|GHSA(-[23456789cfghjmpqrvwx]{4}){3})$/, 'an id is a CVE or a GHSA');

export const Exception = z.strictObject({
  id: VulnerabilityId,
  /** A package URL, with or without its version: `pkg:npm/lodash`. Absent: wherever it is found. */
  package: z
    .string()
    .max(300)
    .regex(/^pkg:[a-z0-9.+-]+\/[^\s]+$/, 'a package is written as a package URL, such as pkg:npm/lodash')
    .optional(),
  /** The last day, in UTC. */
  until: z.iso.date('a date is written 2026-12-31, and there is such a day'),
  reason: z.string().min(1).max(500),
});
export type Exception = z.infer<typeof Exception>;

export const SettingsFile = z.strictObject({
  version: z.literal(1).optional().describe('Of this format.'),
  extends: z.literal('org').optional().describe("Over the organisation's defaults, in its repository `.github`."),
  ...GATES,
  image: Image.optional().describe(
    'What is built, and what it is called: literal, the builder reads it at the commit.',
  ),
  signing: z.enum(SIGNING_MODES).optional().describe('Default: public_log for public repositories, else none.'),
  on: z
    .strictObject({
      push: z
        .strictObject({
          branches: RefPatterns.optional(),
          tags: RefPatterns.optional(),
          ignore_paths: z.array(z.string().max(300)).max(MAX_PATTERNS).optional(),
        })
        .optional(),
      pull_request: z.strictObject({ branches: RefPatterns.optional(), drafts: z.boolean().optional() }).optional(),
      merge_group: z.boolean().optional(),
    })
    .optional()
    .describe('What starts a run, besides pushes to the default branch.'),
  stages: z
    .partialRecord(z.enum(STAGES), StageSettings)
    .optional()
    .describe('Names and time limits of the stage workflows.'),
  rules: z
    .array(Rule)
    .max(MAX_PATTERNS)
    .optional()
    .describe('The first that matches ref and event holds over the rest.'),
  release_branches: RefPatterns.optional().describe('Signed, and tracked by issues, like the default branch.'),
  trusted_bots: z
    .array(z.number().int().positive())
    .max(MAX_PATTERNS)
    .optional()
    .describe('Numeric ids of bots whose pull requests are run.'),
  exceptions: z.array(Exception).max(500).optional().describe('Vulnerabilities accepted until a day.'),
});
export type SettingsFile = z.infer<typeof SettingsFile>;

const refused = (why: string, ...paths: readonly (readonly string[])[]): RefusedKey[] =>
  paths.map((path) => ({ path, why }));

/** A setting without effect is worse than none, since somebody relies on it. */
export const NOT_YET_EFFECTIVE = refused(
  'is part of the format, but this version does not act on it yet: remove it for now',
  ['image', 'secrets'],
);

/** What an organisation cannot give to its repositories. */
export const NOT_FOR_ORGANISATIONS = refused(
  "shapes the build or its signature, and is read in each repository's own file only",
  ['image'],
  ['signing'],
  ['release_branches'],
).concat(refused('leads nowhere from here: this is the file that others extend', ['extends']));
