/** Check runs and commit statuses. */
import { z } from 'zod';
import type { CommitSha } from '../../domain/git.ts';
import type { Annotation } from '../../domain/report/annotations.ts';
import type { CheckReport } from '../../domain/report/check-report.ts';
import type { StatusReport } from '../../domain/report/status-report.ts';
import { parseReply, type RepositoryCall } from './github-client.ts';

const CheckRun = z.object({
  id: z.number().int().positive(),
  external_id: z.string().nullish(),
  status: z.string(),
  conclusion: z.string().nullish(),
  app: z.object({ id: z.number() }).nullish(),
});
export type CheckRun = z.infer<typeof CheckRun>;

const Status = z.object({
  context: z.string(),
  state: z.string(),
  creator: z.object({ id: z.number() }).nullish(),
});
export type Status = z.infer<typeof Status>;

const CheckOutput = z.object({ output: z.object({ annotations_count: z.number() }) });

const CheckText = z.object({ output: z.object({ title: z.string().nullish(), summary: z.string().nullish() }) });

const CheckRunList = z.object({ check_runs: z.array(CheckRun) });

export interface Reports {
  /** Our own App's check runs on a commit, the newest hundred. */
  checkRuns(sha: CommitSha, appId: number): Promise<readonly CheckRun[]>;
  /** Writes below the summary of a check, and leaves everything else of it as it is. */
  noteBelow(id: number, text: string): Promise<void>;
  /** How many annotations a check run has: GitHub adds, and never takes away. */
  annotationsCount(id: number): Promise<number>;
  createCheckRun(sha: CommitSha, externalId: string, report: CheckReport): Promise<number>;
  updateCheckRun(id: number, report: CheckReport): Promise<void>;
  setStatus(sha: CommitSha, report: StatusReport): Promise<void>;
  /** The newest status of this name, whoever set it; null where there is none. */
  latestStatus(sha: CommitSha, context: string): Promise<Status | null>;
}

/** Everybody can open pull requests with the same head, and each has a check there. */
const PAGE = 100;
const MAX_PAGES = 10;

export function reports(call: RepositoryCall): Reports {
  return {
    async checkRuns(sha, appId) {
      const route = 'GET /repos/{owner}/{repo}/commits/{ref}/check-runs';
      const found: z.infer<typeof CheckRunList>['check_runs'] = [];
      for (let page = 1; page <= MAX_PAGES; page += 1) {
        const params = { ref: sha, app_id: appId, filter: 'all', per_page: PAGE, page };
        const reply = await call({ route, permissions: 'read', params });
        const { check_runs: runs } = parseReply(CheckRunList, reply, route);
        found.push(...runs.filter((run) => run.app?.id === appId));
        if (runs.length < PAGE) break;
      }
      return found;
    },

    async noteBelow(id, text) {
      const reading = 'GET /repos/{owner}/{repo}/check-runs/{check_run_id}';
      const params = { check_run_id: id };
      const { output } = parseReply(CheckText, await call({ route: reading, permissions: 'report', params }), reading);
      const route = 'PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}';
      const { title, summary } = output;
      await call({
        route,
        permissions: 'report',
        params: { ...params, output: { title: title ?? '', summary: summary ?? '', text } },
      });
    },

    async annotationsCount(id) {
      const route = 'GET /repos/{owner}/{repo}/check-runs/{check_run_id}';
      const reply = await call({ route, permissions: 'read', params: { check_run_id: id } });
      return parseReply(CheckOutput, reply, route).output.annotations_count;
    },

    async createCheckRun(sha, externalId, report) {
      const route = 'POST /repos/{owner}/{repo}/check-runs';
      const params = { head_sha: sha, name: report.name, external_id: externalId, ...body(report) };
      const reply = await call({ route, permissions: 'report', params });
      return parseReply(z.object({ id: z.number() }), reply, route).id;
    },

    async updateCheckRun(id, report) {
      const route = 'PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}';
      await call({ route, permissions: 'report', params: { check_run_id: id, name: report.name, ...body(report) } });
    },

    async setStatus(sha, { state, context, description }) {
      const route = 'POST /repos/{owner}/{repo}/statuses/{sha}';
      await call({ route, permissions: 'report', params: { sha, state, context, description } });
    },

    async latestStatus(sha, context) {
      const route = 'GET /repos/{owner}/{repo}/commits/{ref}/statuses';
      const reply = await call({ route, permissions: 'report', params: { ref: sha, per_page: 100 } });
      // The newest first. Source: REST, "List commit statuses for a reference".
      return parseReply(z.array(Status), reply, route).find((each) => each.context === context) ?? null;
    },
  };
}

/** Setting a conclusion completes the check: so it is sent only with the last report. */
const body = ({ title, summary, text, status, conclusion, annotations = [], buttons = [] }: CheckReport): object => ({
  status,
  ...(conclusion === null ? {} : { conclusion }),
  output: {
    title,
    summary,
    ...(text === undefined ? {} : { text }),
    ...(annotations.length === 0 ? {} : { annotations: annotations.map(annotation) }),
  },
  ...(buttons.length === 0
    ? {}
    : { actions: buttons.map(({ name, label, description }) => ({ identifier: name, label, description })) }),
});

/** A column goes with one line only. Source: REST, "Create a check run", `annotations`. */
const annotation = ({ path, line, column, level, title, message }: Annotation): object => ({
  path,
  start_line: line,
  end_line: line,
  ...(column === null ? {} : { start_column: column, end_column: column }),
  annotation_level: level,
  title,
  message,
});
