/** The API surface that the product uses: each row answers what the real one answers, errors included. */
import type { Route } from './http.ts';
import { actionsRoutes } from './routes-actions.ts';
import { appRoutes } from './routes-app.ts';
import { artifactRoutes } from './routes-artifacts.ts';
import { attestationRoutes } from './routes-attestations.ts';
import { contentRoutes } from './routes-contents.ts';
import { conversationRoutes } from './routes-conversations.ts';
import { deliveryRoutes } from './routes-deliveries.ts';
import { gitRoutes } from './routes-git.ts';
import { issueRoutes } from './routes-issues.ts';
import { proposalRoutes } from './routes-proposals.ts';
import { reportRoutes } from './routes-reports.ts';
import type { Stage } from './scoped.ts';

export function githubRoutes(stage: Stage): Route[] {
  return [
    ...appRoutes(stage),
    ...contentRoutes(stage),
    ...reportRoutes(stage),
    ...actionsRoutes(stage),
    ...artifactRoutes(stage),
    ...attestationRoutes(stage),
    ...conversationRoutes(stage),
    ...issueRoutes(stage),
    ...deliveryRoutes(stage),
    ...proposalRoutes(stage),
    ...gitRoutes(stage),
  ];
}
