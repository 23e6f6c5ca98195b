/**
 * A stage's archive → its reading. A report may have tens of megabytes: such a one is inflated and parsed in a thread of
 * its own, with a limit on memory and time, so that the worker's heartbeats and all other runs go on meanwhile.
 */
import { Worker } from 'node:worker_threads';
import { ArchiveError, readEntries, type ArchiveFault } from '../src/adapters/github/artifact-archive.ts';
import { ARCHIVE_THREAD } from '../src/adapters/program-files.ts';
import { canonicalSha256 } from '../src/adapters/sigstore/canonical-json.ts';
import { SBOM_FILE } from '../src/domain/sbom/sbom-result.ts';
import { FILES_OF_STAGE } from '../src/domain/stage/stage-artifact.ts';
import { readStageResult, type StageResults } from '../src/domain/stage/stage-outcome.ts';
import {
  parseJson,
  unreadable,
  unusable,
  type Reading,
  type ReportFiles,
  type StageExpectation,
} from '../src/domain/stage/stage-report.ts';
import type { Stage } from '../src/domain/stage/stage-table.ts';

export interface ArchiveJob {
  readonly archive: Uint8Array;
  readonly expected: StageExpectation;
  /** Of the Actions run that left the archive. */
  readonly conclusion: string;
}

type StageReading = Reading<StageResults[Stage]>;

/** What crosses the thread's border: errors lose their class there. */
type ThreadAnswer =
  | { readonly kind: 'reading'; readonly reading: StageReading }
  | { readonly kind: 'fault'; readonly fault: ArchiveFault; readonly message: string };

/** Parsed within milliseconds: a thread would take longer to start. */
const SMALL_ARCHIVE_BYTES = 256 * 1024;

/** 80 MB of JSON become about a gigabyte of objects; more than that is refused, and the worker lives. */
const THREAD_MEMORY_MB = 1536;
const THREAD_TIMEOUT_MS = 90_000;

/** @throws ArchiveError where the archive cannot be read at all */
export async function readArchive(job: ArchiveJob): Promise<StageReading> {
  const answer =
    job.archive.length <= SMALL_ARCHIVE_BYTES ? await readArchiveHere(job) : await readArchiveInThread(job);
  if (answer.kind === 'fault') throw new ArchiveError(answer.fault, answer.message);
  return answer.reading;
}

export async function readArchiveHere({ archive, expected, conclusion }: ArchiveJob): Promise<ThreadAnswer> {
  try {
    const files = withCanonicalSbom(await readEntries(Buffer.from(archive), FILES_OF_STAGE[expected.stage]));
    return { kind: 'reading', reading: readStageResult(expected.stage, files, expected, conclusion) };
  } catch (error) {
    if (error instanceof ArchiveError) return { kind: 'fault', fault: error.fault, message: error.message };
    throw error;
  }
}

/** An attestation writes the same SBOM anew: its canonical form is what both share. */
function withCanonicalSbom(files: ReportFiles): ReportFiles {
  const sbom = files.get(SBOM_FILE);
  const json = sbom === undefined ? null : parseJson(sbom.text);
  if (sbom === undefined || json?.ok !== true) return files;
  return new Map([...files, [SBOM_FILE, { ...sbom, canonicalSha256: canonicalSha256(json.value) }]]);
}

function readArchiveInThread(job: ArchiveJob): Promise<ThreadAnswer> {
  const tooMuch = (why: string): ThreadAnswer => ({
    kind: 'reading',
    reading: unusable(unreadable(job.expected.stage, 'its report', why)),
  });
  return new Promise((resolve, reject) => {
    const thread = new Worker(ARCHIVE_THREAD, {
      workerData: job,
      resourceLimits: { maxOldGenerationSizeMb: THREAD_MEMORY_MB },
      // Nothing of the environment is needed there, and secrets are in it.
      env: {},
    });
    const timer = setTimeout(() => settle(tooMuch('took too long to read')), THREAD_TIMEOUT_MS);
    const settle = (answer: ThreadAnswer): void => {
      clearTimeout(timer);
      resolve(answer);
      void thread.terminate();
    };
    thread.once('message', settle);
    thread.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') return settle(tooMuch('takes too much memory to read'));
      clearTimeout(timer);
      reject(error);
    });
  });
}
