/** Comments and reactions. */
import type { CommentRecord, ReactionRecord, RepositoryRecord, World } from '../world.ts';
import { appJson, associationOf, userJson } from './accounts.ts';
import { nodeId, wholeSeconds, type Json } from './json.ts';
import { apiUrl, webUrl } from './repositories.ts';

export const commentJson = (comment: CommentRecord, repository: RepositoryRecord, world: World): Json => ({
  id: comment.id,
  node_id: nodeId('IssueComment', comment.id),
  url: `${apiUrl(repository, world)}/issues/comments/${comment.id}`,
  html_url: `${webUrl(repository, world)}/issues/${comment.issueNumber}#issuecomment-${comment.id}`,
  issue_url: `${apiUrl(repository, world)}/issues/${comment.issueNumber}`,
  user: userJson(comment.user, world),
  body: comment.body,
  author_association: associationOf(comment.user, repository),
  performed_via_github_app: comment.user.id === world.app.bot.id ? appJson(world) : null,
  created_at: wholeSeconds(comment.createdAt),
  updated_at: wholeSeconds(comment.updatedAt),
});

export const reactionJson = (reaction: ReactionRecord, world: World): Json => ({
  id: reaction.id,
  node_id: nodeId('Reaction', reaction.id),
  user: userJson(reaction.user, world),
  content: reaction.content,
  created_at: wholeSeconds(reaction.createdAt),
});
