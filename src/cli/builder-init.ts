/**
 * `builder init`: writes the isolated builder into a checkout of its own repository. The workflow names the plan action by the
 * commit that holds it, so there are two commits: the plan first, the workflow after it. Git itself is left to the person: a
 * checkout's settings can make git run anything.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CommitSha } from '../domain/git.ts';
import { renderBuilder } from '../domain/stage/render-stage-files.ts';
import { refuseLink } from './refuse-link.ts';
import { readStageSources } from './stage-sources.ts';
import { UsageError } from './usage-error.ts';

const WORKFLOW = '.github/workflows/build-image.yml';
const FULL_NAME = /^([\w.-]+)\/([\w.-]+)$/;

export interface BuilderInitOptions {
  /** The commit that holds the plan as this version renders it; absent before there is one. */
  readonly plan?: string;
}

/** @param repository `owner/name` on GitHub @throws UsageError */
export function builderInit(folder: string, repository: string, options: BuilderInitOptions): readonly string[] {
  const [, owner, name] = FULL_NAME.exec(repository) ?? [];
  if (owner === undefined || name === undefined)
    throw new UsageError(`"${repository}" is no repository: name it as owner/name.`);
  if (!existsSync(join(folder, '.git'))) throw new UsageError(`${folder} is no git checkout: run this where .git is.`);
  const sources = readStageSources();
  const plan = new Map([
    ['plan/action.yml', sources.plan.action],
    ['plan/plan.mjs', sources.plan.program],
  ]);
  for (const path of ['plan', ...plan.keys(), '.github', '.github/workflows', WORKFLOW]) refuseLink(folder, path);
  const differing = [...plan].filter(([path, text]) => textOf(join(folder, path)) !== text);
  if (options.plan === undefined) {
    for (const [path, text] of differing) write(join(folder, path), text);
    return [
      ...differing.map(([path]) => `written  ${path}`),
      `The plan is as this version renders it. Commit and push it, then: slsa-pipeline builder init ${repository} --plan <that commit>`,
    ];
  }
  const commit = CommitSha.safeParse(options.plan);
  if (!commit.success) throw new UsageError(`--plan: "${options.plan}" is no full commit SHA.`);
  if (differing.length > 0)
    throw new UsageError(
      'plan/ is not as this version renders it: run this without --plan first, and commit what it writes.',
    );
  write(join(folder, WORKFLOW), renderBuilder(sources, { owner, name, commit: commit.data }));
  return [
    `written  ${WORKFLOW}, with the plan of ${commit.data}`,
    'Commit and push it. With the full SHA of that commit:',
    `  for the worker:      BUILDER_WORKFLOW=${repository}/${WORKFLOW}@<that commit>`,
    `  in each repository:  slsa-pipeline init --builder ${repository}/${WORKFLOW}@<that commit>`,
  ];
}

const textOf = (path: string): string | null => (existsSync(path) ? readFileSync(path, 'utf8') : null);

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
