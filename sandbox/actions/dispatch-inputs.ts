/** Inputs of a dispatch, held against what the file declares. Source: docs, "Workflow syntax", `on.workflow_dispatch.inputs`. */
import { ApiError } from '../github/http.ts';
import { isMapping, textIn } from './runner/github-parser.ts';
import { pairsOf, type Workflow } from './runner/workflow.ts';

/** Characters of all inputs together. */
const MAX_INPUTS = 65_535;
const MAX_DECLARED = 25;

/** @throws ApiError as GitHub answers */
export function dispatchInputs(
  { triggers }: Workflow,
  given: Readonly<Record<string, string>>,
): Record<string, string> {
  const trigger = new Map(pairsOf(triggers)).get('workflow_dispatch');
  if (trigger === undefined) throw new ApiError(422, "Workflow does not have 'workflow_dispatch' trigger");
  const declared = new Map(
    pairsOf(isMapping(trigger) ? trigger.find('inputs') : undefined).map(([name, token]) => [
      name,
      new Map(pairsOf(token).map(([key, value]) => [key, textIn(value)])),
    ]),
  );
  if (JSON.stringify(given).length > MAX_INPUTS) throw new ApiError(422, 'inputs are too large.');
  const unknown = Object.keys(given).filter((name) => !declared.has(name));
  if (unknown.length > 0) throw new ApiError(422, `Unexpected inputs provided: ${JSON.stringify(unknown)}`);
  if (declared.size > MAX_DECLARED) throw new ApiError(422, 'you may only define up to 25 `inputs`');
  const missing = [...declared].find(([name, input]) => input.get('required') === 'true' && given[name] === undefined);
  if (missing !== undefined) throw new ApiError(422, `Required input '${missing[0]}' not provided`);
  return Object.fromEntries([...declared].map(([name, input]) => [name, given[name] ?? input.get('default') ?? '']));
}
