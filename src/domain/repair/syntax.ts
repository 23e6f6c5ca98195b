/** Whether a change breaks a file's syntax, for languages with a parser at hand; of others nothing is said. */
import type { Parser } from '@lezer/common';
import { parser as css } from '@lezer/css';
import { parser as javascript } from '@lezer/javascript';
import { parser as python } from '@lezer/python';
import { parseAllDocuments } from 'yaml';

type Errors = (text: string) => number;

/** These parsers go on after an error and mark it. Source: lezer.codemirror.net, "Error recovery". */
const marked =
  (parser: Parser): Errors =>
  (text) => {
    let errors = 0;
    parser.parse(text).iterate({
      enter: ({ type }) => {
        if (type.isError) errors += 1;
      },
    });
    return errors;
  };

const json: Errors = (text) => {
  try {
    JSON.parse(text);
    return 0;
  } catch {
    return 1;
  }
};

const yaml: Errors = (text) =>
  parseAllDocuments(text, { uniqueKeys: false }).reduce((sum, { errors }) => sum + errors.length, 0);

const PARSERS: Readonly<Record<string, Errors>> = {
  json,
  yml: yaml,
  yaml,
  js: marked(javascript.configure({ dialect: 'jsx' })),
  mjs: marked(javascript),
  cjs: marked(javascript),
  jsx: marked(javascript.configure({ dialect: 'jsx' })),
  ts: marked(javascript.configure({ dialect: 'ts' })),
  mts: marked(javascript.configure({ dialect: 'ts' })),
  cts: marked(javascript.configure({ dialect: 'ts' })),
  tsx: marked(javascript.configure({ dialect: 'ts jsx' })),
  py: marked(python),
  css: marked(css),
};

/** More than it had: a file that was broken before may be repaired step by step. */
export function hasMoreSyntaxErrors({
  path,
  before,
  after,
}: {
  readonly path: string;
  readonly before: string;
  readonly after: string;
}): boolean {
  const ending = /\.([a-z]{1,4})$/.exec(path.toLowerCase())?.[1] ?? '';
  const errors = Object.hasOwn(PARSERS, ending) ? PARSERS[ending] : undefined;
  return errors !== undefined && errors(after) > errors(before);
}
