/**
 * `stage.json`: what each stage workflow of ours says about its own passage. It travels in the stage's artifact beside
 * the tool's report. Everything in it is a claim of the user's repository: it is compared with what was asked for, and
 * never believed further than that.
 */
import { z } from 'zod';
import { SIGNING_MODES, type Signing } from '../build/builder.ts';
import { CommitSha, Digest } from '../git.ts';
import { plainLine } from '../report/plain-text.ts';
import { problem, type Problem } from '../problem.ts';
import type { Exception } from '../settings/settings-schema.ts';
import { STAGE_SCHEMA_VERSION, STAGE_TABLE, STAGES, type Stage } from './stage-table.ts';

export const STAGE_REPORT_FILE = 'stage.json';

export const Sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);

export const StageReport = z.strictObject({
  schemaVersion: z.literal(STAGE_SCHEMA_VERSION),
  stage: z.enum(STAGES),
  /** The commit that the stage was dispatched for. */
  commit: CommitSha,
  /** The tool's own exit code, which GitHub's conclusion hides. */
  exitCode: z.number().int(),
  tool: z.strictObject({ name: z.string().min(1).max(100), version: z.string().min(1).max(100) }),
  /** The image that stages 02 to 06 were given. */
  subject: Digest.optional(),
  /** How the provenance of 01 was signed, as its plan said. */
  signing: z.enum(SIGNING_MODES).optional(),
  /** SHA-256 of the SBOM file as written by 02 and as read by 03 and 05. */
  sbomSha256: Sha256Hex.optional(),
});
export type StageReport = z.infer<typeof StageReport>;

/** One file of a stage's artifact, as text, with the hash of its bytes. */
export interface ReportFile {
  readonly text: string;
  readonly bytes: number;
  readonly sha256: string;
  /** SHA-256 of its RFC 8785 form, where it is JSON and was asked for: the same document however it is written. */
  readonly canonicalSha256?: string | null;
}
export type ReportFiles = ReadonlyMap<string, ReportFile>;

/** What a run asked a stage for: the stage's report must say the same. */
export interface StageExpectation {
  readonly stage: Stage;
  readonly commit: CommitSha;
  readonly digest: Digest | null;
  readonly sbomSha256: string | null;
  /** `registry/name`, without tag, of the image that is built. */
  readonly imageName: string;
  /** Accepted vulnerabilities: what the scan's gate does not count; absent for other stages. */
  readonly exceptions?: readonly Exception[];
  /** What the plan says of the build, which the builder has to find by itself; absent for other stages. */
  readonly build?: { readonly tag: string; readonly signing: Signing };
  /** False for a fork check, whose image goes nowhere. */
  readonly isPushed?: boolean;
}

/** A report that was read, or why it could not be. */
export type Reading<T> =
  { readonly kind: 'read'; readonly result: T } | { readonly kind: 'unusable'; readonly problem: Problem };

export const read = <T>(result: T): Reading<T> => ({ kind: 'read', result });
export const unusable = (problem: Problem): { readonly kind: 'unusable'; readonly problem: Problem } => ({
  kind: 'unusable',
  problem,
});

const LOOK_AT_THE_RUN = 'Open the stage run and look at its last lines, then comment `/slsa rerun failed`.';

/** A report that is there but cannot be used. Whoever wrote the report, the commit is not to blame for it. */
export const unreadable = (stage: Stage, file: string, why: string): Problem =>
  problem('report_unreadable', 'nobody_here', `${STAGE_TABLE[stage].title}: ${file} ${why}.`, LOOK_AT_THE_RUN);

export const missingFile = (stage: Stage, file: string): Problem =>
  problem(
    'artifact_missing',
    'nobody_here',
    `${STAGE_TABLE[stage].title} left an artifact without ${file}: no result is never a clean result.`,
    LOOK_AT_THE_RUN,
  );

export const contradiction = (stage: Stage, message: string): Problem =>
  problem('report_contradicts', 'nobody_here', `${STAGE_TABLE[stage].title}: ${message}.`, LOOK_AT_THE_RUN);

export const wrongSubject = (stage: Stage, expected: string, found: string): Problem =>
  problem(
    'wrong_subject',
    'repository',
    `${STAGE_TABLE[stage].title} reports on ${plainLine(found, 200)}, but was asked about ${expected}.`,
    'Check that the stage file is the one this App renders, unchanged, then comment `/slsa rerun failed`.',
  );

/** JSON of somebody else's making: any failure to read it is a value, since a broken report is an ordinary event. */
export function parseJson(text: string): { readonly ok: true; readonly value: unknown } | { readonly ok: false } {
  if (isMonstrous(text)) return { ok: false };
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false };
  }
}

/** No report that is read here nests deeper than a few dozen levels; validators recurse, and a stack has an end. */
const MAX_JSON_DEPTH = 200;

/** Empty objects cost three bytes of text and dozens of memory: a report of real findings has no more than this. */
const MAX_JSON_NODES = 2_000_000;

function isMonstrous(text: string): boolean {
  let depth = 0;
  let nodes = 0;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index] ?? '';
    // Strings are skipped whole: what stands in them is no structure.
    if (character === '"') index = endOfString(text, index);
    depth += DEPTH_OF[character] ?? 0;
    if (character === '{' || character === '[' || character === ',') nodes += 1;
    if (depth > MAX_JSON_DEPTH || nodes > MAX_JSON_NODES) return true;
  }
  return false;
}

const DEPTH_OF: Readonly<Record<string, number>> = { '{': 1, '[': 1, '}': -1, ']': -1 };

/** Index of the quote that ends the string begun at `start`; the text's end where there is none. */
function endOfString(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index += 1) {
    if (text[index] === '\\') index += 1;
    else if (text[index] === '"') return index;
  }
  return text.length;
}

/** Parses one file of the artifact: absent, not JSON, or not of the shape are each said by name. */
export function readJsonFile<T>(files: ReportFiles, stage: Stage, file: string, schema: z.ZodType<T>): Reading<T> {
  const found = files.get(file);
  if (found === undefined) return unusable(missingFile(stage, file));
  if (found.text.trim() === '') return unusable(unreadable(stage, file, 'is empty'));
  const json = parseJson(found.text);
  if (!json.ok) return unusable(unreadable(stage, file, 'is not JSON'));
  const parsed = schema.safeParse(json.value);
  if (parsed.success) return read(parsed.data);
  const [issue] = parsed.error.issues;
  const path = plainLine((issue?.path ?? []).slice(0, 6).join('.'), 100);
  const where = path === '' ? 'its top level' : path;
  return unusable(
    unreadable(
      stage,
      file,
      `is not what was expected at ${where} (${plainLine(issue?.message ?? 'unknown shape', 200)})`,
    ),
  );
}

/** Reads `stage.json` and compares it with what was asked for. */
export function readStageReport(files: ReportFiles, expected: StageExpectation): Reading<StageReport> {
  const reading = readJsonFile(files, expected.stage, STAGE_REPORT_FILE, StageReport);
  if (reading.kind === 'unusable') return reading;
  const report = reading.result;
  if (report.stage !== expected.stage) return unusable(wrongSubject(expected.stage, expected.stage, report.stage));
  if (report.commit !== expected.commit) {
    return unusable(wrongSubject(expected.stage, `commit ${expected.commit}`, `commit ${report.commit}`));
  }
  if (expected.digest !== null && report.subject !== expected.digest) {
    return unusable(wrongSubject(expected.stage, expected.digest, report.subject ?? 'no image'));
  }
  if (expected.sbomSha256 !== null && report.sbomSha256 !== expected.sbomSha256) {
    return unusable(
      wrongSubject(expected.stage, `SBOM ${expected.sbomSha256}`, `SBOM ${report.sbomSha256 ?? '(none)'}`),
    );
  }
  return reading;
}
