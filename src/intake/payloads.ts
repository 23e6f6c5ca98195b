/**
 * The fields of GitHub's webhooks that are used, and no others: payloads differ between servers and years, and a third of
 * GitHub's own examples fail its own schemas. Source: docs.github.com, "Webhook events and payloads".
 */
import { z } from 'zod';
import { CommitSha } from '../domain/git.ts';
import type { Repository } from '../domain/repository.ts';

const id = z.number().int().positive();
const Login = z.string().min(1).max(100);

export const Common = z.object({
  repository: z.object({
    id,
    name: z.string(),
    owner: z.object({ id, login: z.string() }),
    default_branch: z.string(),
    private: z.boolean().optional(),
    visibility: z.enum(['public', 'private', 'internal']).optional(),
  }),
  /** Of id 0 now and then (runs-on#509): then it is looked up. Without any, it is no delivery of an App. */
  installation: z.object({ id: z.number().int().nonnegative() }),
  sender: z.object({ id, login: Login, type: z.string().optional() }),
});
export type Common = z.infer<typeof Common>;

export const repositoryOf = ({ repository, installation }: Common): Repository => ({
  id: repository.id,
  owner: repository.owner.login,
  ownerId: repository.owner.id,
  name: repository.name,
  defaultBranch: repository.default_branch,
  visibility: repository.visibility ?? (repository.private === false ? 'public' : 'private'),
  installationId: installation.id === 0 ? null : installation.id,
});

export const Push = Common.extend({
  ref: z.string(),
  before: CommitSha,
  after: CommitSha,
  deleted: z.boolean().nullish(),
  /** Of an annotated tag, `after` is the tag object; the commit stands here. */
  head_commit: z.object({ id: CommitSha, message: z.string().nullish() }).nullish(),
  forced: z.boolean().nullish(),
});

export const PullRequest = Common.extend({
  action: z.string(),
  pull_request: z.object({
    number: id,
    draft: z.boolean().nullish(),
    user: z.object({ id, type: z.string().nullish() }).nullish(),
    head: z.object({ ref: z.string(), sha: CommitSha, repo: z.object({ id }).nullable() }),
    base: z.object({ ref: z.string(), sha: CommitSha, repo: z.object({ id }) }),
  }),
});

/** Source: docs, webhook "merge_group". */
export const MergeGroup = Common.extend({
  action: z.string(),
  merge_group: z.object({ head_sha: CommitSha, head_ref: z.string(), base_ref: z.string(), base_sha: CommitSha }),
});

export const WorkflowRun = z.object({
  action: z.string(),
  repository: z.object({ id }),
  workflow_run: z.object({
    id,
    run_attempt: id.nullish(),
    display_title: z.string().nullish(),
    event: z.string().nullish(),
    path: z.string().nullish(),
    head_branch: z.string().nullish(),
    head_repository: z.object({ id }).nullish(),
  }),
});

export const CheckRun = Common.extend({
  action: z.string(),
  check_run: z.object({
    id,
    external_id: z.string().nullish(),
    conclusion: z.string().nullish(),
    app: z.object({ id }).nullish(),
  }),
  /** Of a button of ours. */
  requested_action: z.object({ identifier: z.string() }).nullish(),
});

export const CheckSuite = Common.extend({
  action: z.string(),
  check_suite: z.object({
    id,
    head_sha: CommitSha,
    head_branch: z.string().nullable(),
    app: z.object({ id }).nullish(),
  }),
});

export const IssueComment = Common.extend({
  action: z.string(),
  issue: z.object({ number: id, pull_request: z.object({}).nullish() }),
  comment: z.object({
    id,
    body: z.string(),
    user: z.object({ id, login: Login, type: z.string().nullish() }).nullable(),
    performed_via_github_app: z.object({ id: z.number() }).nullish(),
  }),
});

const Installed = z.array(z.object({ id, name: z.string() }));

/** Both events of an installation: one brings all of its repositories, the other those that were added. */
export const Installation = z.object({
  action: z.string(),
  installation: z.object({ id, account: z.object({ id, login: Login }) }),
  repositories: Installed.nullish(),
  repositories_added: Installed.nullish(),
  sender: z.object({ id, login: Login }),
});
