/** Which image a run builds: flags of the command line over the settings, and the settings over what a repository has. */
import { shortRef, type CommitSha, type GitRef } from '../git.ts';
import { fullName, type Repository } from '../repository.ts';
import type { Plan, PlanContext } from './plan.ts';
import type { RunFlags } from './trigger.ts';

/** The flags of the image, under the settings' names. */
export const imageFlagsOf = (flags: RunFlags): Record<string, string> =>
  Object.fromEntries(
    Object.entries({
      registry: flags.registry,
      name: flags.imageName,
      tag: flags.imageTag,
      dockerfile: flags.dockerfilePath,
      context: flags.buildContext,
    }).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );

/** Names of the flags that ask for something else than the settings do. */
export function imageChangedBy(context: PlanContext, flags: RunFlags): string[] {
  const bySettings = JSON.stringify(imageOf(context, {}));
  const names = {
    registry: '--registry',
    imageName: '--image-name',
    imageTag: '--image-tag',
    dockerfilePath: '--dockerfile-path',
    buildContext: '--build-context',
  } as const;
  return (Object.keys(names) as (keyof typeof names)[])
    .filter((name) => flags[name] !== undefined)
    .filter((name) => JSON.stringify(imageOf(context, { [name]: flags[name] })) !== bySettings)
    .map((name) => names[name]);
}

/** What the image depends on; the builder knows no more. */
export type ImageContext = Pick<PlanContext, 'head' | 'ref' | 'sha'> & {
  readonly repository: Pick<Repository, 'owner' | 'name'>;
};

/** Flags win over the settings, and the settings over what a repository has anyway. */
export function imageOf({ repository, head, ref, sha }: ImageContext, flags: RunFlags): Plan['image'] {
  const defaults = {
    registry: 'ghcr.io',
    name: fullName(repository).toLowerCase(),
    tag: '{ref}-{sha7}',
    dockerfile: 'Dockerfile',
    context: '.',
  };
  const image = {
    target: '',
    platforms: ['linux/amd64'],
    build_args: {},
    ...defaults,
    ...withoutGaps(head.image ?? {}),
    ...imageFlagsOf(flags),
  };
  return {
    name: `${image.registry}/${image.name}`,
    tag: expandTag(image.tag, ref, sha),
    dockerfile: image.dockerfile,
    context: image.context,
    target: image.target,
    platforms: image.platforms,
    buildArgs: image.build_args,
  };
}

type WithoutGaps<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

const withoutGaps = <T extends object>(values: T): WithoutGaps<T> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as WithoutGaps<T>;

const expandTag = (template: string, ref: GitRef, sha: CommitSha): string =>
  template
    .replaceAll('{ref}', slug(shortRef(ref)))
    .replaceAll('{sha7}', sha.slice(0, 7))
    .replaceAll('{sha}', sha)
    .slice(0, MAX_TAG);

/** OCI distribution specification: a tag has at most 128 characters of `[A-Za-z0-9_.-]`, the first no `.` or `-`. */
const MAX_TAG = 128;
const slug = (ref: string): string =>
  ref
    .replace(/[^A-Za-z0-9_.-]+/g, '-')
    .replace(/^[.-]+/, '')
    .slice(0, 80) || 'ref';
