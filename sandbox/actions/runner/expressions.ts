/** Values of `${{ … }}` expressions, by GitHub's own evaluator. */
import {
  data,
  Evaluator,
  isBasicExpression,
  isMapping,
  isScalar,
  isSequence,
  Lexer,
  Parser,
  type Data,
  type FunctionDefinition,
  type TemplateToken,
} from './github-parser.ts';

type Value = Data.ExpressionData;

/** What an expression may name: contexts as plain JSON, and how its job or those before it went. */
export interface Scope {
  readonly contexts: Readonly<Record<string, unknown>>;
  readonly status: 'success' | 'failure' | 'cancelled' | 'skipped';
}

/** A template's value as text. Source: docs, "Evaluate expressions in workflows and actions", type conversion to a string. */
export function textOf(token: TemplateToken | undefined, scope: Scope): string {
  if (token === undefined) return '';
  if (isBasicExpression(token)) return evaluate(token.expression, scope).coerceString();
  return isScalar(token) ? token.toString() : JSON.stringify(plainOf(token, scope));
}

/** A default of an action's input: a text, which may be one expression. */
export function defaultOf(text: string, scope: Scope): string {
  const [, expression] = /^\$\{\{(.+)\}\}$/s.exec(text) ?? [];
  return expression === undefined ? text : evaluate(expression.trim(), scope).coerceString();
}

/** A mapping's values as texts, by key. */
export function textsOf(token: TemplateToken | undefined, scope: Scope): Record<string, string> {
  if (token === undefined || !isMapping(token)) return {};
  return Object.fromEntries(
    Array.from({ length: token.count }, (_, index) => token.get(index)).map(({ key, value }) => [
      textOf(key, scope),
      textOf(value, scope),
    ]),
  );
}

/** Whether a condition holds: what an expression makes of it is falsy or not, as GitHub counts it. */
export const holds = (expression: string, scope: Scope): boolean => isTruthy(evaluate(expression, scope));

export function isTrue(token: TemplateToken | undefined, scope: Scope): boolean {
  return textOf(token, scope) === 'true';
}

export function numberOf(token: TemplateToken | undefined, scope: Scope): number | null {
  const text = textOf(token, scope);
  return text === '' ? null : Number(text);
}

function plainOf(token: TemplateToken, scope: Scope): unknown {
  if (isMapping(token)) return textsOf(token, scope);
  if (isSequence(token)) return Array.from({ length: token.count }, (_, index) => plainOf(token.get(index), scope));
  return textOf(token, scope);
}

function evaluate(expression: string, { contexts, status }: Scope): Value {
  const functions = statusFunctions(status);
  const { tokens } = new Lexer(expression).lex();
  const tree = new Parser(tokens, Object.keys(contexts), [...functions.values()]).parse();
  return new Evaluator(tree, wrapped(contexts) as Data.Dictionary, functions).evaluate();
}

/** Source: docs, "Status check functions". */
function statusFunctions(status: Scope['status']): Map<string, FunctionDefinition> {
  const answers: Readonly<Record<string, boolean>> = {
    success: status === 'success',
    failure: status === 'failure',
    cancelled: status === 'cancelled',
    always: true,
  };
  return new Map(
    Object.entries(answers).map(([name, answer]) => [
      name,
      { name, minArgs: 0, maxArgs: 0, call: () => new data.BooleanData(answer) },
    ]),
  );
}

function wrapped(value: unknown): Value {
  if (value === null || value === undefined) return new data.Null();
  if (typeof value === 'string') return new data.StringData(value);
  if (typeof value === 'number') return new data.NumberData(value);
  if (typeof value === 'boolean') return new data.BooleanData(value);
  if (Array.isArray(value)) return new data.Array(...value.map(wrapped));
  return new data.Dictionary(...Object.entries(value).map(([key, each]) => ({ key, value: wrapped(each) })));
}

/** Source: actions/runner `src/Sdk/DTExpressions2/Expressions2/EvaluationResult.cs`, `IsFalsy`. */
function isTruthy(value: Value): boolean {
  if (value instanceof data.BooleanData) return value.value;
  if (value instanceof data.Null) return false;
  if (value instanceof data.NumberData) return value.value !== 0 && !Number.isNaN(value.value);
  if (value instanceof data.StringData) return value.value !== '';
  return true;
}
