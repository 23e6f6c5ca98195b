/** The builder's plan job: what is built is read from the settings at the commit, and from nowhere else. */
import { parse } from 'yaml';
import { z } from 'zod';
import type { StageJob } from './engine.ts';

export interface BuildPlan {
  readonly image: string;
  readonly tag: string;
  readonly dockerfile: string;
  readonly context: string;
  readonly signing: 'github' | 'public_log' | 'none';
}

const Image = z.object({
  registry: z.string().default('ghcr.io'),
  name: z.string().optional(),
  tag: z.string().default('{ref}-{sha7}'),
  dockerfile: z.string().default('Dockerfile'),
  context: z.string().default('.'),
});
const Settings = z.object({
  image: z.record(z.string(), z.unknown()).optional(),
  signing: z.enum(['github', 'public_log', 'none']).optional(),
  release_branches: z.array(z.string()).optional(),
});

export async function planBuild({ repository, run, inputs }: StageJob): Promise<BuildPlan> {
  const text = await repository.git.file(run.headSha, '.github/slsa-pipeline.yml');
  const settings = Settings.parse(parse(text?.toString('utf8') ?? '') ?? {});
  const flags: unknown = JSON.parse(inputs['flags'] ?? '{}');
  const image = Image.parse({ ...settings.image, ...(flags as object) });
  const name = `${repository.owner.login}/${repository.name}`.toLowerCase();
  return {
    image: `${image.registry}/${image.name ?? name}`,
    tag: expand(image.tag, run),
    dockerfile: image.dockerfile,
    context: image.context,
    signing: isReleased(run.ref, repository.defaultBranch, settings.release_branches ?? [])
      ? signingOf(settings.signing, repository.visibility)
      : 'none',
  };
}

function expand(tag: string, { ref, headSha }: StageJob['run']): string {
  const short = ref.replace(/^refs\/(heads|tags)\//, '');
  const slug =
    short
      .replace(/[^A-Za-z0-9_.-]+/g, '-')
      .replace(/^[.-]+/, '')
      .slice(0, 80) || 'ref';
  return tag.replaceAll('{ref}', slug).replaceAll('{sha7}', headSha.slice(0, 7)).replaceAll('{sha}', headSha);
}

function signingOf(asked: BuildPlan['signing'] | undefined, visibility: string): BuildPlan['signing'] {
  if (asked === 'github' && visibility === 'public') return 'public_log';
  return asked ?? (visibility === 'public' ? 'public_log' : 'none');
}

/** The sandbox's fixtures name whole branches: patterns are tested where they are decided. */
const isReleased = (ref: string, defaultBranch: string, branches: readonly string[]): boolean =>
  ref.startsWith('refs/tags/') ||
  ref.startsWith('refs/heads/gh-readonly-queue/') ||
  [defaultBranch, ...branches].includes(ref.replace('refs/heads/', ''));
