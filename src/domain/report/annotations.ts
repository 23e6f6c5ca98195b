/** What the check says at the lines that it is about. */
import type { LintFinding } from '../lint/lint-result.ts';
import type { RunDocument } from '../run/run-document.ts';
import { isAtOrOver } from '../scan/scan-result.ts';
import { SETTINGS_PATH } from '../settings/settings-schema.ts';
import { plainLine } from './plain-text.ts';

/** As many as GitHub takes in one request, and as many as anybody reads. Source: REST, "Update a check run". */
export const MAX_ANNOTATIONS = 50;

export interface Annotation {
  readonly path: string;
  readonly line: number;
  readonly column: number | null;
  readonly level: 'failure' | 'warning';
  readonly title: string;
  readonly message: string;
}

/** Of a run that has ended; mistakes in the settings first, since there is nothing else then. */
export function annotationsOf(document: RunDocument): Annotation[] {
  if (document.verdict === null) return [];
  const all = [...ofMistakes(document), ...ofScan(document), ...ofLint(document)];
  return all.toSorted((a, b) => RANK[a.level] - RANK[b.level]).slice(0, MAX_ANNOTATIONS);
}

const RANK = { failure: 0, warning: 1 } as const;

/** Only in the commit's own file: the lines of another branch's are no lines of this one. */
function ofMistakes({ mistakes, mistakesAreHere }: RunDocument): Annotation[] {
  if (mistakesAreHere !== true) return [];
  return mistakes.map(({ line, column, message }) => ({
    path: SETTINGS_PATH,
    line,
    column,
    level: 'failure',
    title: 'A mistake in the settings',
    message,
  }));
}

function ofLint({ outcomes: { lint }, plan }: RunDocument): Annotation[] {
  if (lint?.kind !== 'finished' || plan === null) return [];
  const level = plan.gates.failOnLintErrors ? 'failure' : 'warning';
  return lint.result.findings.filter(isAnnotatable).map((finding) => annotate(finding, level));
}

/** What there is to do stands at the line where it is done. */
function ofScan({ outcomes: { scan }, plan, places = [] }: RunDocument): Annotation[] {
  if (scan?.kind !== 'finished' || plan === null) return [];
  const { gates } = plan;
  return places.flatMap(({ id, package: name, path, line }) => {
    const found = scan.result.worst.find((each) => each.id === id && each.package === name);
    if (found === undefined || !isAtOrOver(found.severity, gates.threshold)) return [];
    const fix = found.fixedIn === null ? 'there is no version with a fix yet' : `upgrade to ${found.fixedIn}`;
    return [
      {
        path,
        line,
        column: null,
        level: gates.failOnVulnerabilities ? 'failure' : 'warning',
        title: plainLine(`${id}, ${found.severity}`, 200),
        message: plainLine(`${name} ${found.version}: ${fix}.`, 1000),
      } as const,
    ];
  });
}

const annotate = ({ file, line, linter, rule, message }: LintFinding, level: Annotation['level']): Annotation => ({
  path: file,
  line: line ?? 1,
  column: null,
  level,
  title: plainLine(rule === '' ? linter : `${linter}: ${rule}`, 200),
  message: plainLine(message === '' ? rule : message, 1000),
});

/** GitHub takes no empty message, and no line that is no line. */
const isAnnotatable = ({ file, line, rule, message }: LintFinding): boolean =>
  isInRepository(file) && `${rule}${message}`.trim() !== '' && (line ?? 1) <= MAX_LINE;

const MAX_LINE = 10_000_000;

/** A linter may name a file of its own image, or none at all. */
const isInRepository = (path: string): boolean =>
  path !== '' && !path.startsWith('/') && !path.includes(':') && !path.split('/').includes('..');
