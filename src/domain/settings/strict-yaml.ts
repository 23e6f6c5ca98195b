/** A YAML file of ours → its value by a strict schema, or *every* mistake in it with line, column and the nearest valid word. */
import { distance } from 'fastest-levenshtein';
import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import type { z } from 'zod';
import { plainLine } from '../report/plain-text.ts';

/** Far more than any real file; parsing YAML costs more than linear time for hostile ones. */
export const MAX_YAML_BYTES = 64 * 1024;
const MAX_MISTAKES = 50;
const MAX_SHOWN_VALUE = 60;

export interface YamlMistake {
  /** 1-based, as editors and annotations count. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export type YamlReading<T> =
  | { readonly kind: 'read'; readonly value: T }
  | { readonly kind: 'mistakes'; readonly mistakes: readonly YamlMistake[] };

/** A key that the format has, and that is of no use where it stands. */
export interface RefusedKey {
  readonly path: readonly string[];
  /** Goes on after the key's name: "is …". */
  readonly why: string;
}

export interface YamlFormat<S extends z.ZodType> {
  readonly schema: S;
  /** What its keys are called in a message: "a setting". */
  readonly noun: string;
  readonly refused: readonly RefusedKey[];
}

export function readYaml<S extends z.ZodType>(text: string, format: YamlFormat<S>): YamlReading<z.output<S>> {
  if (new TextEncoder().encode(text).length > MAX_YAML_BYTES) {
    return mistakes([at1(`The file is larger than ${MAX_YAML_BYTES / 1024} KB, which no file of this kind needs.`)]);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, schema: 'core', uniqueKeys: true, merge: false });
  const syntax = [...document.errors, ...document.warnings].slice(0, MAX_MISTAKES).map((error) => ({
    line: error.linePos?.[0].line ?? 1,
    column: error.linePos?.[0].col ?? 1,
    message: `This is not YAML as it is read here: ${plainLine(error.message.split('\n')[0] ?? '', 200)}`,
  }));
  if (syntax.length > 0) return mistakes(syntax);
  const value = toPlain(document);
  if (!value.ok) return mistakes([at1('YAML aliases (`*name`) are not read here: write the value out.')]);
  return check(value.value ?? {}, format, new Positions(document, lines));
}

const mistakes = (list: readonly YamlMistake[]): { kind: 'mistakes'; mistakes: readonly YamlMistake[] } => ({
  kind: 'mistakes',
  mistakes: list,
});
const at1 = (message: string): YamlMistake => ({ line: 1, column: 1, message });

function toPlain(document: Document): { ok: true; value: unknown } | { ok: false } {
  try {
    const value: unknown = document.toJS({ maxAliasCount: 0 });
    return { ok: true, value };
  } catch {
    return { ok: false };
  }
}

function check<S extends z.ZodType>(
  value: unknown,
  format: YamlFormat<S>,
  positions: Positions,
): YamlReading<z.output<S>> {
  const parsed = format.schema.safeParse(value);
  const issues = parsed.success ? [] : firstOfEachPath(parsed.error.issues);
  const found = issues.flatMap((issue) => describeIssue(issue, { value, format, positions }));
  const refused = format.refused
    .filter(({ path }) => hasEffect(valueAt(value, path)))
    .map(({ path, why }) => ({
      ...positions.ofKey(path.slice(0, -1), path.at(-1) ?? ''),
      message: `\`${path.join('.')}\` ${why}.`,
    }));
  const all = [...found, ...refused].toSorted((a, b) => a.line - b.line || a.column - b.column).slice(0, MAX_MISTAKES);
  return parsed.success && all.length === 0 ? { kind: 'read', value: parsed.data } : mistakes(all);
}

/** A value that is of the wrong kind often breaks more rules than one: the first says it. */
const firstOfEachPath = (issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue[] =>
  [...new Map(issues.toReversed().map((issue) => [JSON.stringify(issue.path), issue])).values()].toReversed();

const hasEffect = (value: unknown): boolean =>
  value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);

type Path = readonly PropertyKey[];

interface Reading {
  readonly value: unknown;
  readonly format: YamlFormat<z.ZodType>;
  readonly positions: Positions;
}

function describeIssue(issue: z.core.$ZodIssue, { value, format, positions }: Reading): YamlMistake[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      ...positions.ofKey(issue.path, key),
      message: `\`${plainLine(key, MAX_SHOWN_VALUE)}\` is not ${format.noun}.${didYouMean(key, keysAt(format.schema, issue.path))}`,
    }));
  }
  const key = nameOf(issue.path);
  const found = shown(valueAt(value, issue.path));
  return [{ ...positions.ofValue(issue.path), message: `\`${key}: ${found}\`: ${expectation(issue, found)}` }];
}

/** `trusted_bots[0]`: a number alone would name nothing. */
function nameOf(path: Path): string {
  const last = path.at(-1);
  if (last === undefined) return 'the file';
  return typeof last === 'number' ? `${String(path.at(-2) ?? 'the file')}[${last}]` : String(last);
}

function expectation(issue: z.core.$ZodIssue, found: string): string {
  if (issue.code === 'invalid_value') {
    const choices = issue.values.map(String);
    return `not one of ${choices.join(', ')}.${didYouMean(found, choices)}`;
  }
  if (issue.code === 'invalid_type') return `expected ${article(issue.expected)}.`;
  if (issue.code === 'too_big') return `at most ${issue.maximum} allowed.`;
  if (issue.code === 'too_small' && issue.origin === 'string' && issue.minimum === 1) return 'this must not be empty.';
  if (issue.code === 'too_small') return `at least ${issue.minimum} needed.`;
  // What is wrong with a name is said one level down.
  if (issue.code === 'invalid_key') return `${issue.issues[0]?.message ?? issue.message}.`;
  return `${issue.message}.`;
}

const KINDS: Readonly<Record<string, string>> = {
  object: 'a group of settings',
  record: 'a group of names and values',
  array: 'a list',
  string: 'a text',
  boolean: 'true or false',
  number: 'a number',
  int: 'a whole number',
};
const article = (kind: string): string => KINDS[kind] ?? kind;

function shown(value: unknown): string {
  if (value === undefined || value === null) return '(nothing)';
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return plainLine(String(value), MAX_SHOWN_VALUE).replaceAll('`', "'");
  }
  return Array.isArray(value) ? '(a list)' : '(a group)';
}

/** Suggests only what is near enough to have been meant: within a third of the word's length. */
function didYouMean(word: string, choices: readonly string[]): string {
  const bounded = word.slice(0, MAX_SHOWN_VALUE).toLowerCase();
  const [nearest] = choices
    .map((choice) => ({ choice, steps: distance(bounded, choice.toLowerCase()) }))
    .toSorted((a, b) => a.steps - b.steps);
  const isNear = nearest !== undefined && nearest.steps <= Math.max(1, Math.floor(nearest.choice.length / 3));
  return isNear ? ` Did you mean \`${nearest.choice}\`?` : '';
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (current, key) =>
      typeof current === 'object' && current !== null && Object.hasOwn(current, key)
        ? (current as Readonly<Record<PropertyKey, unknown>>)[key]
        : undefined,
    value,
  );
}

/** The keys that the schema knows at a path: what a misspelt key is compared with. */
function keysAt(root: z.core.$ZodType, path: Path): string[] {
  let schema: z.core.$ZodType | undefined = root;
  for (const key of path) schema = childOf(unwrap(schema), key);
  const at = unwrap(schema);
  if (at?._zod.def.type === 'object') return Object.keys((at as z.ZodObject).shape);
  if (at?._zod.def.type === 'record') return keysOfRecord(at as z.ZodRecord);
  return [];
}

const keysOfRecord = ({ keyType }: z.ZodRecord): string[] =>
  keyType._zod.def.type === 'enum' ? (keyType as unknown as z.ZodEnum).options.map(String) : [];

function childOf(schema: z.core.$ZodType | undefined, key: PropertyKey): z.core.$ZodType | undefined {
  if (schema?._zod.def.type === 'object') return (schema as z.ZodObject<Record<string, z.ZodType>>).shape[String(key)];
  if (schema?._zod.def.type === 'array') return (schema as z.ZodArray).element;
  if (schema?._zod.def.type === 'record') return (schema as z.ZodRecord).valueType;
  return undefined;
}

function unwrap(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  return schema?._zod.def.type === 'optional' ? unwrap((schema as z.ZodOptional).unwrap()) : schema;
}

/** Where a key or a value stands in the file. */
class Positions {
  private readonly document: Document;
  private readonly lines: LineCounter;

  constructor(document: Document, lines: LineCounter) {
    this.document = document;
    this.lines = lines;
  }

  ofValue(path: Path): { line: number; column: number } {
    for (let length = path.length; length >= 0; length -= 1) {
      const node: unknown = length === 0 ? this.document.contents : this.document.getIn(path.slice(0, length), true);
      if (isNode(node)) return this.ofNode(node);
    }
    return { line: 1, column: 1 };
  }

  ofKey(path: Path, key: string): { line: number; column: number } {
    const map: unknown = path.length === 0 ? this.document.contents : this.document.getIn(path, true);
    const pair = isMap(map)
      ? map.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
      : undefined;
    return pair !== undefined && isNode(pair.key) ? this.ofNode(pair.key) : this.ofValue(path);
  }

  private ofNode(node: Node): { line: number; column: number } {
    const { line, col } = this.lines.linePos(node.range?.[0] ?? 0);
    return { line, column: col };
  }
}
