/**
 * GitHub's public OpenAPI description as a judge of recorded calls: what was sent, and what the stand-in answered.
 *
 * The whole document is one schema for ajv, so that its `$ref`s stay as they are; an operation is compiled when it is
 * first asked for.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import { z } from 'zod';
import type { RecordedCall } from '../../sandbox/github/http.ts';

/** That one file: the package's own index would read all of its 385 MB. */
const FILE = fileURLToPath(
  new URL('../../node_modules/@octokit/openapi/generated/api.github.com.json', import.meta.url),
);

const Parameter = z.object({ name: z.string(), in: z.string(), 'x-multi-segment': z.boolean().optional() });
const Content = z.record(z.string(), z.unknown());
const Body = z.object({ required: z.boolean().optional(), content: Content });
const Answer = z.object({ content: Content.optional() });
const Operation = z.object({
  parameters: z.array(z.unknown()).default([]),
  requestBody: Body.optional(),
  responses: z.record(z.string(), z.unknown()),
});

type Pointer = readonly string[];

interface Found {
  readonly at: Pointer;
  readonly operation: z.infer<typeof Operation>;
}

const ID = 'github';

/** Described as a date-time, but meant as a range of them ("Understanding the search syntax"): any text is taken. */
const RANGES = ['created'];
const BASIC_ERROR: Pointer = ['components', 'schemas', 'basic-error'];

export class GitHubDescription {
  private readonly document: unknown;
  private readonly paths: readonly string[];
  private readonly ajv = new Ajv({
    strict: false,
    validateSchema: false,
    validateFormats: true,
    coerceTypes: false,
    logger: false,
  });
  private readonly compiled = new Map<string, ValidateFunction>();

  private constructor(document: Record<string, unknown>) {
    this.document = document;
    this.paths = Object.keys(z.record(z.string(), z.unknown()).parse(document['paths']));
    formats.default(this.ajv);
    this.ajv.addSchema(document, ID);
  }

  static read(): GitHubDescription {
    const { paths, components } = z
      .object({ paths: z.unknown(), components: z.unknown() })
      .parse(JSON.parse(readFileSync(FILE, 'utf8')));
    return new GitHubDescription({ paths: withNulls(paths), components: withNulls(components) });
  }

  /** The path of the description that a request's path is one of; the one with fewest placeholders where several are. */
  pathOf(method: string, path: string): string | null {
    const candidates = this.paths.filter((template) => this.matches(template, path) && this.find(method, template));
    const placeholders = (template: string): number => template.split('{').length;
    return candidates.toSorted((a, b) => placeholders(a) - placeholders(b))[0] ?? null;
  }

  /** What is wrong with what was sent. */
  requestProblems(call: RecordedCall): string[] {
    const found = this.operationOf(call);
    if (found === null) return [`${nameOf(call)} is not in the description`];
    return [...this.queryProblems(call, found), ...this.bodyProblems(call, found)].map(
      (problem) => `${nameOf(call)} sent ${problem}`,
    );
  }

  /** What is wrong with what was answered. */
  responseProblems(call: RecordedCall): string[] {
    const found = this.operationOf(call);
    if (found === null) return [`${nameOf(call)} is not in the description`];
    return this.answerProblems(call, found).map((problem) => `${nameOf(call)} answered ${call.status}: ${problem}`);
  }

  private queryProblems({ query }: RecordedCall, { at, operation }: Found): string[] {
    const known = operation.parameters.map((_, index) => this.resolve([...at, 'parameters', String(index)]));
    return Object.entries(query).flatMap(([name, text]) => {
      const pointer = known.find((each) => {
        const parameter = Parameter.parse(this.get(each));
        return parameter.in === 'query' && parameter.name === name;
      });
      if (pointer !== undefined && RANGES.includes(name)) return [];
      if (pointer === undefined) return [`a query parameter "${name}" that is not in the description`];
      // A number in a query is text: either reading may be the meant one.
      const readings = /^\d+$/.test(text) ? [Number(text), text] : [text];
      const problems = readings.map((value) => this.problems([...pointer, 'schema'], value));
      return problems.some((each) => each.length === 0) ? [] : (problems[0] ?? []).map((each) => `${name}: ${each}`);
    });
  }

  private bodyProblems({ requestBody }: RecordedCall, { at, operation }: Found): string[] {
    const described = operation.requestBody;
    if (described === undefined) return requestBody === null ? [] : ['a body, where there is none'];
    if (requestBody === null) return described.required === true ? ['no body'] : [];
    return this.problems([...at, 'requestBody', 'content', 'application/json', 'schema'], requestBody);
  }

  private answerProblems(call: RecordedCall, { at, operation }: Found): string[] {
    const { method, status, contentType, responseBody } = call;
    // Every read may be conditional ("Best practices for using the REST API"): few operations say so.
    if (status === 304 && method === 'GET') return responseBody === undefined ? [] : ['a body, where there is none'];
    if (operation.responses[status] === undefined) {
      // Every operation may be refused: what is not described for one still has the form of all refusals.
      return status >= 400 ? this.problems(BASIC_ERROR, responseBody) : ['a status that is not in the description'];
    }
    const pointer = this.resolve([...at, 'responses', String(status)]);
    const { content = {} } = Answer.parse(this.get(pointer));
    if (Object.keys(content).length === 0) return responseBody === undefined ? [] : ['a body, where there is none'];
    const type = contentType.split(';')[0] ?? '';
    if (content[type] === undefined) return [`${type}, which is not in the description`];
    return this.problems([...pointer, 'content', type, 'schema'], responseBody);
  }

  private operationOf({ method, path }: RecordedCall): Found | null {
    const template = this.pathOf(method, path);
    return template === null ? null : this.find(method, template);
  }

  private find(method: string, template: string): Found | null {
    const at = ['paths', template, method.toLowerCase()];
    const raw = this.get(at);
    return raw === undefined ? null : { at, operation: Operation.parse(raw) };
  }

  private matches(template: string, path: string): boolean {
    const wanted = template.split('/');
    const given = path.split('/');
    const hasLength = wanted.length === given.length || (given.length > wanted.length && this.isLong(template));
    return hasLength && wanted.every((part, index) => part.startsWith('{') || part === given[index]);
  }

  /** Whether the last placeholder takes the rest of the path. */
  private isLong(template: string): boolean {
    const operations = z.record(z.string(), z.unknown()).parse(this.get(['paths', template]));
    return Object.keys(operations)
      .flatMap((method) => this.find(method, template)?.operation.parameters ?? [])
      .some((parameter) => Parameter.safeParse(parameter).data?.['x-multi-segment'] === true);
  }

  private problems(pointer: Pointer, value: unknown): string[] {
    const address = `${ID}#/${pointer.map(escape).join('/')}`;
    const validate = this.compiled.get(address) ?? this.ajv.compile({ $ref: address });
    this.compiled.set(address, validate);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(({ instancePath, message = '' }) => `${instancePath || '/'} ${message}`);
  }

  private resolve(pointer: Pointer): Pointer {
    const reference = z.object({ $ref: z.string() }).safeParse(this.get(pointer));
    return reference.success ? reference.data.$ref.replace('#/', '').split('/') : pointer;
  }

  private get(pointer: Pointer): unknown {
    return pointer.reduce<unknown>(
      (value, key) =>
        isRecord(value) ? value[key] : Array.isArray(value) ? (value as unknown[])[Number(key)] : undefined,
      this.document,
    );
  }
}

const nameOf = ({ method, path }: RecordedCall): string => `${method} ${path}`;

const escape = (key: string): string => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'));

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** OpenAPI 3.0's `nullable` in JSON Schema's words: ajv takes it beside a `type` only, and GitHub writes it beside anything. */
function withNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withNulls);
  if (!isRecord(value)) return value;
  const { nullable, ...rest } = value;
  const entries = Object.entries(nullable === true ? rest : value).map(([key, each]) => [key, withNulls(each)]);
  const schema: unknown = Object.fromEntries(entries);
  return nullable === true ? { anyOf: [{ type: 'null' }, schema] } : schema;
}
