/** One open issue for each thing that is wrong, whatever crashes: looked for first, then made, updated, opened again or closed. */
import { activityInfo } from '@temporalio/activity';
import type { GitHub, RepositoryApi } from '../src/adapters/github/github.ts';
import type { Issue } from '../src/adapters/github/issues.ts';
import type { GitHubIdentity } from '../src/adapters/github/tokens.ts';
import { composeBody, hasMarker, sectionsOf, type Sections } from '../src/domain/issue/issue-body.ts';
import type { IssueReport } from '../src/domain/issue/issue-report.ts';
import type { ResolvedIssue } from '../src/domain/issue/resolved-issues.ts';
import type { TrackedIssue } from '../src/domain/issue/tracked-issue.ts';
import type { Repository } from '../src/domain/repository.ts';
import { answer, type Answer } from './failures.ts';

export interface IssueInput {
  readonly repository: Repository;
  readonly report: IssueReport;
}

export interface ResolvedInput {
  readonly repository: Repository;
  readonly workflowId: string;
  readonly resolved: readonly ResolvedIssue[];
}

export interface IssueActivities {
  createFailureIssue(input: IssueInput): Promise<Answer<TrackedIssue>>;
  createVulnerabilityIssue(input: IssueInput): Promise<Answer<TrackedIssue>>;
  closeResolvedIssues(input: ResolvedInput): Promise<Answer<readonly TrackedIssue[]>>;
}

export function createIssueActivities(github: GitHub): IssueActivities {
  const track = ({ repository, report }: IssueInput): Promise<Answer<TrackedIssue>> =>
    answer(async () => upsert(github.repository(repository), await github.identity(), report));
  return {
    createFailureIssue: track,
    createVulnerabilityIssue: track,
    closeResolvedIssues: (input) =>
      answer(async () => closeAll(github.repository(input.repository), await github.identity(), input)),
  };
}

type By = Pick<GitHubIdentity, 'userId' | 'login'>;

const ours = async (
  api: RepositoryApi,
  { userId: id, login }: By,
  state: 'open' | 'closed',
): Promise<readonly Issue[]> => api.issues.createdBy({ id, login }, state);

/** The oldest is the one that people know. */
const withMarker = (issues: readonly Issue[], marker: string): Issue | undefined =>
  issues.filter(({ body }) => hasMarker(body ?? null, marker)).toSorted((a, b) => a.number - b.number)[0];

async function upsert(api: RepositoryApi, by: By, report: IssueReport): Promise<TrackedIssue> {
  const open = withMarker(await ours(api, by, 'open'), report.marker);
  if (open !== undefined) return tracked(await putSection(api, open, report), 'updated');
  const closed = withMarker(await ours(api, by, 'closed'), report.marker);
  if (closed === undefined) return create(api, by, report);
  // What is told there is over: only what this run found is said anew.
  const body = composeBody(report.marker, new Map([[report.ref, report.section]]), report.closing);
  // Somebody decided that this is not to be worked on: it is kept up to date, and stays closed.
  if (closed.state_reason === 'not_planned') {
    return tracked(await api.issues.update(closed.number, { title: report.title, body }), 'left_closed');
  }
  const again = { title: report.title, body, state: 'open', state_reason: 'reopened' } as const;
  return tracked(await api.issues.update(closed.number, again), 'reopened');
}

async function create(api: RepositoryApi, by: By, report: IssueReport): Promise<TrackedIssue> {
  const { title, label, marker, ref, section, closing } = report;
  const body = composeBody(marker, new Map([[ref, section]]), closing);
  const made = await api.issues.create({ title, body, labels: [label] });
  // Two branches of one image may have found nothing and made one each, a moment ago: the older one stays.
  const first = withMarker(await ours(api, by, 'open'), marker);
  if (first === undefined || first.number >= made.number)
    return tracked(await keepSection(api, made, report), 'opened');
  await api.issues.update(made.number, {
    state: 'closed',
    state_reason: 'not_planned',
    body: `Doubles #${first.number}.`,
  });
  return tracked(await putSection(api, first, report), 'updated');
}

/** Two branches that write at once would take each other's words back: each looks again whether its own are still there. */
const MAX_WRITES = 4;

async function putSection(api: RepositoryApi, issue: Issue, report: IssueReport): Promise<Issue> {
  return keepSection(api, await api.issues.update(issue.number, changed(issue, report)), report);
}

async function keepSection(api: RepositoryApi, written: Issue, report: IssueReport): Promise<Issue> {
  for (let writes = 1; writes < MAX_WRITES; writes += 1) {
    const now = await api.issues.read(written.number);
    if (hasSection(now, report)) return now;
    await api.issues.update(now.number, changed(now, report));
  }
  return written;
}

const hasSection = ({ body }: Issue, { ref, section }: IssueReport): boolean =>
  sectionsOf(body ?? '')
    .get(ref)
    ?.join('\n') === section.join('\n');

function changed(issue: Issue, { title, marker, ref, section, closing }: IssueReport): { title: string; body: string } {
  const sections: Sections = new Map([...sectionsOf(issue.body ?? ''), [ref, section]]);
  return { title, body: composeBody(marker, sections, closing) };
}

async function closeAll(api: RepositoryApi, by: By, input: ResolvedInput): Promise<TrackedIssue[]> {
  const open = await ours(api, by, 'open');
  const settled: TrackedIssue[] = [];
  for (const resolved of input.resolved) {
    const issue = withMarker(open, resolved.marker);
    if (issue !== undefined)
      settled.push(...(await settle(api, by, { issue, resolved, workflowId: input.workflowId })));
  }
  return settled;
}

interface Settling {
  readonly issue: Issue;
  readonly resolved: ResolvedIssue;
  readonly workflowId: string;
}

/** This ref's part goes; the issue closes with the last one. */
async function settle(api: RepositoryApi, by: By, { issue, resolved, workflowId }: Settling): Promise<TrackedIssue[]> {
  const sections = sectionsOf(issue.body ?? '');
  const wasNamed = sections.delete(resolved.ref);
  if (sections.size > 0) {
    if (!wasNamed) return [];
    const closing = issue.body?.split(/\r?\n/).at(-1) ?? '';
    return [
      tracked(
        await api.issues.update(issue.number, { body: composeBody(resolved.marker, sections, closing) }),
        'updated',
      ),
    ];
  }
  await sayOnce(api, by, { number: issue.number, marker: `closed-by:${workflowId}`, text: resolved.comment });
  return [tracked(await api.issues.update(issue.number, { state: 'closed', state_reason: 'completed' }), 'closed')];
}

interface Said {
  readonly number: number;
  readonly marker: string;
  readonly text: string;
}

/** A later try looks for what an earlier one may have said. */
async function sayOnce(api: RepositoryApi, { userId }: By, { number, marker, text }: Said): Promise<void> {
  const hidden = `<!-- slsa-pipeline:${marker} -->`;
  const earlier = activityInfo().attempt === 1 ? [] : await api.conversations.comments(number);
  const isSaid = earlier.some(({ body, user }) => user?.id === userId && body?.startsWith(hidden) === true);
  if (!isSaid) await api.conversations.createComment(number, `${hidden}\n${text}`);
}

const tracked = ({ number, html_url: url }: Issue, how: TrackedIssue['how']): TrackedIssue => ({ number, url, how });
