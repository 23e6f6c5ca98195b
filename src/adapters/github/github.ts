/** GitHub as the activities see it: one object a repository, made of small groups of calls. */
import type { Repository } from '../../domain/repository.ts';
import { actions, actionsReader, type Actions, type ActionsReader } from './actions.ts';
import type { ArchiveSource } from './artifact-archive.ts';
import { attestations, type Attestations } from './attestations.ts';
import { contents, type Contents } from './contents.ts';
import { conversations, type Conversations } from './conversations.ts';
import { deliveries, type Deliveries } from './deliveries.ts';
import { fixPulls, type FixPulls } from './fix-pulls.ts';
import { gitData, type GitData } from './git-data.ts';
import { issues, type Issues } from './issues.ts';
import { repositoryCall } from './github-client.ts';
import { proposals, type Proposals } from './proposals.ts';
import { RateGate } from './rate-gate.ts';
import { reports, type Reports } from './reports.ts';
import type { Endpoint, GitHubIdentity, Tokens } from './tokens.ts';

export interface RepositoryApi {
  readonly contents: Contents;
  readonly reports: Reports;
  readonly actions: Actions;
  /** The same, by a token that can start nothing: for what nobody here vouches for. */
  readonly watch: ActionsReader;
  readonly conversations: Conversations;
  readonly issues: Issues;
  readonly attestations: Attestations;
  readonly proposals: Proposals;
  readonly git: GitData;
  readonly fixPulls: FixPulls;
}

export interface GitHub {
  identity(): Promise<GitHubIdentity>;
  repository(repository: Repository): RepositoryApi;
  /** The repository `.github` of the same owner, where its defaults lie; it need not be there, nor within our reach. */
  organisation(repository: Repository): Pick<Contents, 'fileAt'>;
  readonly archives: ArchiveSource;
  /** A token of its own for what another process writes to one repository: revoked afterwards, however it went. */
  lendToken<T>(repository: Repository, work: (token: string) => Promise<T>): Promise<T>;
  /** Null where a plain token is used: webhooks belong to Apps. */
  readonly deliveries: Deliveries | null;
}

export function createGitHub(tokens: Tokens, endpoint: Endpoint): GitHub {
  const gate = new RateGate();
  return {
    deliveries: tokens.asApp === null ? null : deliveries(tokens.asApp),
    identity: () => tokens.identity(),
    archives: endpoint,
    lendToken: ({ installationId, id, owner, name }, work) =>
      tokens.lend({ installationId, repositoryId: id, owner, name, permissions: 'propose' }, work),
    organisation: ({ owner, installationId }) =>
      contents(repositoryCall({ tokens, endpoint, gate }, { owner, name: '.github', id: null, installationId })),
    repository(repository) {
      const call = repositoryCall({ tokens, endpoint, gate }, repository);
      return {
        contents: contents(call),
        reports: reports(call),
        actions: actions(call),
        watch: actionsReader(call),
        conversations: conversations(call),
        issues: issues(call),
        attestations: attestations(call, endpoint),
        proposals: proposals(call),
        git: gitData(call),
        fixPulls: fixPulls(call, repository.id),
      };
    },
  };
}
