/** A workflow file as far as a dispatch looks at it, and what GitHub refuses of one. */
import { z } from 'zod';
import { ApiError } from '../github/http.ts';

export const WorkflowFile = z.object({
  name: z.string().optional(),
  'run-name': z.string().optional(),
  on: z.record(z.string(), z.unknown()),
  concurrency: z.object({ group: z.string() }).optional(),
  jobs: z.record(z.string(), z.object({ name: z.string().optional(), uses: z.string().optional() })).default({}),
});
export type WorkflowFile = z.infer<typeof WorkflowFile>;
const DispatchTrigger = z.object({
  inputs: z
    .record(z.string(), z.object({ required: z.boolean().optional(), default: z.string().optional() }))
    .optional(),
});

/** Characters of all inputs together. Source: GitHub docs, "Workflow syntax", `on.workflow_dispatch.inputs`. */
const MAX_INPUTS = 65_535;

export function checkInputs(file: WorkflowFile, given: Readonly<Record<string, string>>): Record<string, string> {
  if (!Object.hasOwn(file.on, 'workflow_dispatch')) {
    throw new ApiError(422, "Workflow does not have 'workflow_dispatch' trigger");
  }
  const declared = DispatchTrigger.parse(file.on['workflow_dispatch'] ?? {}).inputs ?? {};
  if (JSON.stringify(given).length > MAX_INPUTS) throw new ApiError(422, 'inputs are too large.');
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(declared, name));
  if (unknown.length > 0) throw new ApiError(422, `Unexpected inputs provided: ${JSON.stringify(unknown)}`);
  if (Object.keys(declared).length > 25) throw new ApiError(422, 'you may only define up to 25 `inputs`');
  const missing = Object.entries(declared).find(
    ([name, { required }]) => required === true && given[name] === undefined,
  );
  if (missing !== undefined) throw new ApiError(422, `Required input '${missing[0]}' not provided`);
  return Object.fromEntries(
    Object.entries(declared).map(([name, input]) => [name, given[name] ?? input.default ?? '']),
  );
}

/** The only expressions that run-name and concurrency of our files use. */
export const evaluate = (template: string, inputs: Readonly<Record<string, string>>): string =>
  template.replace(/\$\{\{ inputs\.(\w+) \}\}/g, (_, name: string) => inputs[name] ?? '');

/** The reusable workflow that its job calls; null where it has jobs of its own. */
export const calledBy = ({ jobs }: WorkflowFile): string | null =>
  Object.values(jobs).find(({ uses }) => uses !== undefined)?.uses ?? null;
