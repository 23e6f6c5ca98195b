/** How a stage ended. A stage has an *outcome*, a run a *verdict*, a check run a *conclusion* (docs/glossary.md). */
import { z } from 'zod';
import { BuildResult, readBuild } from '../build/build-result.ts';
import type { Diagnosis } from '../fault/diagnosis.ts';
import { LintResult } from '../lint/lint-result.ts';
import { readLint } from '../lint/read-megalinter.ts';
import type { Problem } from '../problem.ts';
import { readSbom, SbomResult } from '../sbom/sbom-result.ts';
import { readScan } from '../scan/read-grype.ts';
import { ScanResult } from '../scan/scan-result.ts';
import {
  AttestResult,
  readAttest,
  readSign,
  readVerify,
  SignResult,
  VerifyResult,
} from '../signature/signature-result.ts';
import type { Reading, ReportFiles, StageExpectation } from './stage-report.ts';
import type { Stage } from './stage-table.ts';

export interface StageResults {
  lint: LintResult;
  build: BuildResult;
  sbom: SbomResult;
  scan: ScanResult;
  sign: SignResult;
  attest: AttestResult;
  verify: VerifyResult;
}

/** The Actions run that a stage's outcome came from: evidence is keyed by (run, attempt). */
export const StageRun = z.object({
  actionsRunId: z.number().int().positive(),
  attempt: z.number().int().positive(),
  url: z.string(),
  /** As the API said it when the run had ended. */
  conclusion: z.string(),
  /** ISO times by GitHub's clock. */
  startedAt: z.string(),
  endedAt: z.string(),
  /** The artifact that the outcome was read from, null where there was none. */
  artifact: z.object({ id: z.number().int().positive(), name: z.string() }).nullable(),
});
export type StageRun = z.infer<typeof StageRun>;

/** `finished` says that there is a result, not that it is a good one: gates decide that (domain/run/gates.ts). */
export type StageOutcome<S extends Stage = Stage> =
  | {
      readonly kind: 'finished';
      readonly run: StageRun;
      readonly result: StageResults[S];
      /** Of a build that failed: which step, and what its log says. */
      readonly diagnosis?: Diagnosis;
    }
  | {
      readonly kind: 'errored';
      readonly run: StageRun | null;
      readonly problem: Problem;
      /** Where a run of Actions was looked into. */
      readonly diagnosis?: Diagnosis;
    }
  | { readonly kind: 'cancelled'; readonly run: StageRun | null; readonly by: string };

export type StageOutcomes = { readonly [S in Stage]?: StageOutcome<S> };

type Reader<S extends Stage> = (
  files: ReportFiles,
  expected: StageExpectation,
  conclusion: string,
) => Reading<StageResults[S]>;

const READERS: { readonly [S in Stage]: Reader<S> } = {
  lint: readLint,
  build: readBuild,
  sbom: readSbom,
  scan: readScan,
  sign: readSign,
  attest: readAttest,
  verify: readVerify,
};

/** The one place where an artifact's files become a result. Pure: bytes were fetched, bounded and hashed before. */
export function readStageResult<S extends Stage>(
  stage: S,
  files: ReportFiles,
  expected: StageExpectation,
  conclusion: string,
): Reading<StageResults[S]> {
  return READERS[stage](files, expected, conclusion);
}

const RESULT_SCHEMAS: { readonly [S in Stage]: z.ZodType<StageResults[S]> } = {
  lint: LintResult,
  build: BuildResult,
  sbom: SbomResult,
  scan: ScanResult,
  sign: SignResult,
  attest: AttestResult,
  verify: VerifyResult,
};

const FinishedEnvelope = z.object({ kind: z.literal('finished'), run: StageRun, result: z.unknown() });

/** A finished outcome kept from an earlier attempt; null where an older version wrote another shape. */
export function parseFinishedOutcome<S extends Stage>(stage: S, value: unknown): StageOutcome<S> | null {
  const envelope = FinishedEnvelope.safeParse(value);
  if (!envelope.success) return null;
  const result = RESULT_SCHEMAS[stage].safeParse(envelope.data.result);
  return result.success ? { kind: 'finished', run: envelope.data.run, result: result.data } : null;
}
