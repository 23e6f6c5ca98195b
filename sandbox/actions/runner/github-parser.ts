/**
 * GitHub's own parser of workflow files and evaluator of expressions, as it publishes them: npm `@actions/workflow-parser` and
 * `@actions/expressions`, built from github.com/actions/languageservices. What they refuse, GitHub refuses.
 */
import { registerHooks } from 'node:module';

import type { TemplateToken } from '@actions/workflow-parser/templates/tokens/template-token';

export type { TemplateToken } from '@actions/workflow-parser/templates/tokens/template-token';
export type { MappingToken } from '@actions/workflow-parser/templates/tokens/mapping-token';
export type { FunctionDefinition } from '@actions/expressions/funcs/info';
export type { data as Data } from '@actions/expressions';

// They import JSON without an import attribute, which Node refuses. Jest, which loads modules itself, takes it, and no hooks.
try {
  registerHooks({
    load: (url, context, nextLoad) =>
      nextLoad(url, url.endsWith('.min.json') ? { ...context, importAttributes: { type: 'json' } } : context),
  });
} catch (error) {
  // Jest's errors are of another realm, and so no `Error` of this one.
  if (!String(error).includes('in Jest')) throw error;
}

export const {
  parseWorkflow,
  convertWorkflowTemplate,
  NoOperationTraceWriter,
  isBasicExpression,
  isMapping,
  isScalar,
  isSequence,
  isString,
} = await import('@actions/workflow-parser');
/** The text of a scalar or of an expression; none of a list or mapping. */
export const textIn = (token: TemplateToken | undefined): string =>
  token !== undefined && isScalar(token) ? token.toString() : '';

export const { convertToIfCondition } = await import('@actions/workflow-parser/model/converter/if-condition');
export const { Lexer, Parser, Evaluator, data } = await import('@actions/expressions');
