/**
 * Whether a repair is one: the same linters, before and on the repaired branch, finding by finding. What is proposed has no
 * finding left that it claims to repair, none that is new, and no file that did not get better.
 */
import type { LintFinding } from '../lint/lint-result.ts';
import type { LintEvidence } from '../lint/all-findings.ts';
import { compareFindings, fingerprintOf } from './fingerprint.ts';
import { isRepairable, repositoryPath } from './repair-scope.ts';

export type LintReport = Pick<LintEvidence, 'findings' | 'unplaced' | 'linters' | 'from' | 'isWhole'>;

/** What a repaired file promises. */
export interface Pledge {
  readonly path: string;
  /** Once the fixers' version is in place: what they repaired is what this does not have any more. */
  readonly leftByFixers: readonly LintFinding[] | null;
  /** Claimed by the model. */
  readonly claimed: readonly LintFinding[];
}

export interface FileProof {
  readonly path: string;
  readonly gone: number;
  readonly left: number;
  readonly fresh: number;
  /** Findings that were promised to go, and are still there: in words, for the next round. */
  readonly refuted: readonly string[];
  readonly byModel: number;
}

export interface ProofRow {
  readonly linter: string;
  readonly rule: string;
  readonly before: number;
  readonly after: number;
  readonly by: 'fixers' | 'model' | 'fixers and model' | null;
}

export interface Proof {
  readonly before: number;
  readonly after: number;
  /** New findings anywhere, also in files that nobody touched. */
  readonly fresh: readonly string[];
  readonly files: readonly FileProof[];
  readonly rows: readonly ProofRow[];
  /** Why the two reports do not tell the same: then nothing is proven by them. Null where they do. */
  readonly incomparable: string | null;
}

const MAX_WORDS = 10;
const MAX_ROWS = 30;

export function proofOf(before: LintReport, after: LintReport, promises: readonly Pledge[]): Proof {
  const files = promises.map((promise) => proofOfFile(before.findings, after.findings, promise));
  const { fresh } = compareFindings(before.findings.map(placed), after.findings.map(placed));
  return {
    before: total(before),
    after: total(after, before),
    fresh: [...fresh.map(words), ...worse(before, after)].slice(0, MAX_WORDS),
    files,
    rows: rowsOf(before, after, promises),
    incomparable: whyIncomparable(before, after),
  };
}

/** What a linter does not place is taken for as it was: that it tells of fewer may be that it came to no end. */
const total = ({ findings, unplaced }: LintReport, before?: LintReport): number =>
  findings.length + (before ?? { unplaced }).unplaced.reduce((sum, { errors }) => sum + errors, 0);

/** A linter that did not run, or looked at fewer files, finds nothing: that is no proof (no evidence is never a pass). */
function whyIncomparable(before: LintReport, after: LintReport): string | null {
  if (!before.isWhole || !after.isWhole) return 'a report of the linters is too long to be compared whole';
  if (before.from !== after.from) return 'one of the two reports has no SARIF that can be read';
  for (const { name, files, errors } of before.linters) {
    const again = after.linters.find((each) => each.name === name);
    if (again === undefined) return `${name} did not run on the repaired branch`;
    if (again.files < files) return `${name} looked at fewer files on the repaired branch`;
    if (again.errors > errors) return `${name} counts more errors on the repaired branch`;
  }
  return null;
}

/** The container's paths are no part of a finding. */
const placed = (finding: LintFinding): LintFinding => ({ ...finding, file: repositoryPath(finding.file) });

const words = ({ rule, linter, file, line, message }: LintFinding): string =>
  `${rule === '' ? linter : rule} in ${file}${line === null ? '' : `:${line}`}: ${message}`;

/** Linters that tell no places: more errors than before are new ones. */
function worse({ unplaced: before }: LintReport, { unplaced: after }: LintReport): string[] {
  return after
    .filter(({ linter, errors }) => errors > (before.find((each) => each.linter === linter)?.errors ?? 0))
    .map(({ linter }) => `${linter} found more than before`);
}

const of = (findings: readonly LintFinding[], path: string): LintFinding[] =>
  findings.map(placed).filter(({ file }) => file === path);

function proofOfFile(
  before: readonly LintFinding[],
  after: readonly LintFinding[],
  { path, leftByFixers, claimed }: Pledge,
): FileProof {
  const [old, young] = [of(before, path), of(after, path)];
  const repairable = old.filter(isRepairable);
  const compared = compareFindings(old, young);
  const promised = [
    ...(leftByFixers === null ? [] : compareFindings(repairable, leftByFixers.map(placed)).gone),
    ...claimed.map(placed),
  ];
  const refuted = stillThere(promised, { old, young });
  return {
    path,
    gone: compared.gone.length,
    left: compared.left.length,
    fresh: compared.fresh.length,
    refuted: refuted.slice(0, MAX_WORDS).map(words),
    byModel: claimed.length,
  };
}

/** Of so many promised to go of a kind, all must be gone: those that were promised to nobody may stay. */
function stillThere(
  promised: readonly LintFinding[],
  { old, young }: { readonly old: readonly LintFinding[]; readonly young: readonly LintFinding[] },
): LintFinding[] {
  const counts = (findings: readonly LintFinding[]): Map<string, number> => {
    const found = new Map<string, number>();
    for (const finding of findings) found.set(fingerprintOf(finding), (found.get(fingerprintOf(finding)) ?? 0) + 1);
    return found;
  };
  const [was, is, pledged] = [counts(old), counts(young), counts(promised)];
  return [...Map.groupBy(promised, fingerprintOf)].flatMap(([key, same]) => {
    const [first] = same;
    const excess = (is.get(key) ?? 0) + (pledged.get(key) ?? 0) - (was.get(key) ?? 0);
    return first !== undefined && excess > 0 ? [first] : [];
  });
}

function rowsOf(before: LintReport, after: LintReport, promises: readonly Pledge[]): ProofRow[] {
  const keyOf = ({ linter, rule }: LintFinding): string => JSON.stringify([linter, rule]);
  const [old, young] = [Map.groupBy(before.findings, keyOf), Map.groupBy(after.findings, keyOf)];
  const byModel = new Set(promises.flatMap(({ claimed }) => claimed.map(keyOf)));
  const byFixers = new Set(
    promises.flatMap(({ path, leftByFixers }) =>
      leftByFixers === null
        ? []
        : compareFindings(of(before.findings, path).filter(isRepairable), leftByFixers.map(placed)).gone.map(keyOf),
    ),
  );
  const rows = [...old].map(([key, was]): ProofRow => {
    const is = young.get(key)?.length ?? 0;
    const hands = [...(byFixers.has(key) ? ['fixers'] : []), ...(byModel.has(key) ? ['model'] : [])];
    const by = is < was.length && hands.length > 0 ? (hands.join(' and ') as ProofRow['by']) : null;
    return { linter: was[0]?.linter ?? '', rule: was[0]?.rule ?? '', before: was.length, after: is, by };
  });
  const silent = before.unplaced.map(({ linter, errors }): ProofRow => ({
    linter,
    rule: '',
    before: errors,
    after: errors,
    by: null,
  }));
  return [...rows, ...silent].toSorted((a, b) => b.before - b.after - (a.before - a.after)).slice(0, MAX_ROWS);
}

export type ProofJudgement =
  | { readonly kind: 'proven' }
  /** Some files did well: the others go once more to the model, with what failed, or are dropped. */
  | { readonly kind: 'again'; readonly ask: readonly string[]; readonly drop: readonly string[] }
  | { readonly kind: 'failed'; readonly why: string };

/**
 * Files that did not get strictly better are dropped; those that did, and kept a finding that was to go, are asked about
 * once more. A new finding where nobody changed anything is nobody's to repair.
 */
export function judgeProof({ files, fresh, incomparable }: Proof): ProofJudgement {
  if (incomparable !== null) return { kind: 'failed', why: incomparable };
  const isGood = ({ gone, fresh: own, refuted }: FileProof): boolean => gone > 0 && own === 0 && refuted.length === 0;
  const bad = files.filter((file) => !isGood(file));
  const ownFresh = files.reduce((sum, file) => sum + file.fresh, 0);
  if (bad.length === 0) {
    if (fresh.length === 0) return { kind: 'proven' };
    return { kind: 'failed', why: `a new finding appeared where nothing was changed: ${fresh[0] ?? ''}` };
  }
  if (fresh.length > ownFresh)
    return { kind: 'failed', why: `a new finding appeared where nothing was changed: ${fresh.at(-1) ?? ''}` };
  const ask = bad.filter(({ gone, fresh: own, byModel }) => gone > 0 && own === 0 && byModel > 0);
  const drop = bad.filter((file) => !ask.includes(file));
  if (drop.length === files.length) return { kind: 'failed', why: whyNone(drop) };
  return { kind: 'again', ask: ask.map(({ path }) => path), drop: drop.map(({ path }) => path) };
}

const whyNone = (files: readonly FileProof[]): string =>
  files.some(({ fresh }) => fresh > 0)
    ? 'the linters found something new in every file that was repaired'
    : 'the linters still found in every file what was to be repaired';
