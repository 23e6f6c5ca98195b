/**
 * What is built, decided where it is built: from the settings at the commit and from nothing else. The builder's plan job runs
 * this very code (stages/builder/plan/), so the App and the builder cannot differ but by their versions.
 */
import { CommitSha, GitRef } from '../git.ts';
import type { Repository } from '../repository.ts';
import { imageOf } from '../run/plan-image.ts';
import { signingOf } from '../run/plan-signing.ts';
import { readSettings } from '../settings/read-settings.ts';
import { Image, SETTINGS_PATH } from '../settings/settings-schema.ts';

export interface BuildFacts {
  /** The settings file's text at the commit; null where there is none. */
  readonly settings: string | null;
  /** Image settings of the command line, as JSON; `{}` where an isolated builder builds. */
  readonly flags: string;
  /** `owner/name` */
  readonly repository: string;
  readonly ref: string;
  readonly sha: string;
  readonly defaultBranch: string;
  readonly visibility: Repository['visibility'];
}

export type BuildPlan =
  | { readonly kind: 'planned'; readonly outputs: BuildOutputs }
  /** Each with its place in the settings file, where it has one. */
  | { readonly kind: 'refused'; readonly mistakes: readonly BuildMistake[] };

export interface BuildMistake {
  readonly line: number | null;
  readonly message: string;
}

/** As the plan job hands them on: texts, in the form that the inputs of docker/build-push-action have. */
export const BUILD_OUTPUTS = [
  'image',
  'registry',
  'tag',
  'dockerfile',
  'context',
  'target',
  'platforms',
  'build_args',
  'signing',
  'filled',
] as const;
export type BuildOutputs = Readonly<Record<(typeof BUILD_OUTPUTS)[number], string>>;

export function planBuild(facts: BuildFacts): BuildPlan {
  const reading = readSettings(facts.settings ?? '');
  if (reading.kind === 'mistakes') return { kind: 'refused', mistakes: reading.mistakes };
  const flags = Image.safeParse(parsed(facts.flags));
  if (!flags.success) return refused('The flags are not image settings as JSON.');
  const { registry, name, tag, dockerfile, context } = flags.data;
  const [owner = '', repositoryName = ''] = facts.repository.split('/');
  const { visibility, defaultBranch } = facts;
  const at = {
    head: reading.settings,
    // What a pull request's run is at; nothing that is planned for it depends on which of the two.
    ref: GitRef.parse(facts.ref.replace(/^(refs\/pull\/\d+\/)merge$/, '$1head')),
    sha: CommitSha.parse(facts.sha),
    repository: { owner, name: repositoryName, visibility, defaultBranch },
  };
  const image = imageOf(at, {
    registry,
    imageName: name,
    imageTag: tag,
    dockerfilePath: dockerfile,
    buildContext: context,
  });
  const texts = {
    image: image.name,
    registry: image.name.slice(0, image.name.indexOf('/')),
    tag: image.tag,
    dockerfile: image.dockerfile,
    context: image.context,
    target: image.target,
    platforms: image.platforms.join(','),
    build_args: Object.entries(image.buildArgs).map(buildArgument).join('\n'),
    signing: signingOf(at).mode,
  };
  const filled = Object.entries(texts).flatMap(([output, text]) => (text === '' ? [] : [output]));
  return { kind: 'planned', outputs: { ...texts, filled: filled.join(' ') } };
}

/** One field of CSV: as such docker/build-push-action reads each line of that input (docker/actions-toolkit `src/util.ts`, `getList`). */
const buildArgument = ([name, value]: readonly [string, string]): string =>
  `"${`${name}=${value.toWellFormed()}`.replaceAll('"', '""')}"`;

const refused = (message: string): BuildPlan => ({
  kind: 'refused',
  mistakes: [{ line: null, message: `${message} (${SETTINGS_PATH})` }],
});

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}
