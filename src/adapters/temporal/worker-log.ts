/** What Temporal's worker says, in the words of our log: which run of which repository, which activity, and why. */
import type { ActivityInboundCallsInterceptor, ActivityInterceptors, LogLevel } from '@temporalio/worker';
import type { Logger } from 'pino';
import { z } from 'zod';

/** pino has no word of its own for these: the same names, in lower case. */
const METHOD = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

export function writeToLog(log: Logger, entry: { level: LogLevel; message: string; meta?: unknown }): void {
  log[METHOD[entry.level]](fieldsOf(entry.meta), entry.message);
}

/** Source: @temporalio/worker, `activityLogAttributes` and `workflowLogAttributes`; all of it is optional elsewhere. */
const Meta = z.object({
  workflowId: z.string().optional(),
  workflowType: z.string().optional(),
  activityType: z.string().optional(),
  attempt: z.number().optional(),
  repository: z.string().optional(),
  durationMs: z.number().optional(),
  error: z.unknown().optional(),
  /** The native part names a run by Temporal's own id, and writes failures out as text. */
  run_id: z.string().optional(),
  failure: z.string().optional(),
});

type Fields = Readonly<Record<string, string | number>>;

/** Task tokens and ids of attempts are left out: they name nothing that a person could look up. */
function fieldsOf(meta: unknown): Fields {
  const parsed = Meta.safeParse(meta);
  if (!parsed.success) return {};
  const { workflowId, workflowType, activityType, attempt, repository, durationMs } = parsed.data;
  const { error, failure, run_id: temporalRun } = parsed.data;
  const named = { run: workflowId, workflow: workflowType, activity: activityType, repository, temporalRun };
  const known = Object.entries({ ...named, attempt, durationMs, cause: causeOf(error ?? failure) }).filter(
    ([, value]) => value !== undefined,
  );
  return Object.fromEntries(known) as Fields;
}

/** Messages of an error and of its causes, outermost first: `JSON.stringify` of an Error keeps none of them. */
function causeOf(error: unknown): string | undefined {
  if (typeof error === 'string') return error.slice(0, MAX_TEXT);
  const messages: string[] = [];
  for (let each = error; each instanceof Error && messages.length < MAX_CAUSES; each = each.cause)
    messages.push(each.message);
  const said = messages.filter((message) => message !== '').join(': ');
  return said === '' ? undefined : said;
}

const MAX_CAUSES = 5;
const MAX_TEXT = 1000;

/** Names the repository in each line about an activity: its id alone, which the run's id holds, tells an operator little. */
export function repositoryInLog(): ActivityInterceptors {
  let repository: string | null = null;
  return {
    inbound: {
      execute(input, next) {
        repository = repositoryIn(input.args[0]);
        return next(input);
      },
    } satisfies ActivityInboundCallsInterceptor,
    outbound: {
      getLogAttributes: (input, next) => ({ ...next(input), ...(repository === null ? {} : { repository }) }),
    },
  };
}

const Named = z.object({ owner: z.string(), name: z.string() });
const Input = z.union([
  z.object({ repository: Named }),
  z.object({ request: z.object({ repository: Named }) }).transform(({ request }) => request),
]);

function repositoryIn(input: unknown): string | null {
  const parsed = Input.safeParse(input);
  return parsed.success ? `${parsed.data.repository.owner}/${parsed.data.repository.name}` : null;
}
