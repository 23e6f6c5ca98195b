/** An artifact's bytes: fetched from where GitHub keeps them, bounded, checked against its digest, read in memory. */
import { createHash } from 'node:crypto';
import { fromBuffer, type Entry, type ZipFile } from 'yauzl';
import type { ReportFile, ReportFiles } from '../../domain/stage/stage-report.ts';

const DOWNLOAD_TIMEOUT_MS = 120_000;
export const MAX_ARCHIVE_BYTES = 40 * 1024 * 1024;
const MAX_INFLATED_BYTES = 80 * 1024 * 1024;
const MAX_ENTRIES = 500;

export type ArchiveFault = 'refused_host' | 'unavailable' | 'expired_address' | 'too_large' | 'changed' | 'not_a_zip';

export class ArchiveError extends Error {
  readonly fault: ArchiveFault;

  constructor(fault: ArchiveFault, message: string) {
    super(message);
    this.name = 'ArchiveError';
    this.fault = fault;
  }
}

export interface ArchiveSource {
  readonly fetch: typeof fetch;
  /** The API's own address: GHES keeps artifacts beside it. */
  readonly baseUrl: string;
}

/** Where github.com's artifact redirects lead. Source: GitHub docs, "Communicating with GitHub-hosted runners". */
const ARTIFACT_HOSTS = ['.blob.core.windows.net', '.actions.githubusercontent.com'];

function isAllowedHost(location: URL, baseUrl: string): boolean {
  if (location.username !== '' || location.password !== '') return false;
  if (location.origin === new URL(baseUrl).origin) return true;
  return (
    location.protocol === 'https:' &&
    location.port === '' &&
    ARTIFACT_HOSTS.some((host) => location.hostname.endsWith(host))
  );
}

/**
 * Fetches an archive without our credentials, and without following a redirect any further.
 *
 * @param digest GitHub's digest of the zip, where it names one: bytes that differ are never read.
 * @throws ArchiveError
 */
export async function fetchArchive(source: ArchiveSource, address: string, digest: string | null): Promise<Buffer> {
  const bytes = await fetchBounded(source, address, MAX_ARCHIVE_BYTES);
  const found = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  if (digest !== null && digest !== found) {
    throw new ArchiveError('changed', `the artifact is ${found}, but GitHub listed ${digest}`);
  }
  return bytes;
}

/**
 * Bytes from one of GitHub's own stores, without our credentials and without following a redirect.
 *
 * @throws ArchiveError
 */
export async function fetchBounded(source: ArchiveSource, address: string, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of download(source, address, maxBytes)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * The last bytes of a text from there, such as a log: what failed stands at its end, and the rest is let go as it comes.
 *
 * @throws ArchiveError
 */
export async function fetchTail(source: ArchiveSource, address: string, keepBytes: number): Promise<string> {
  let tail = Buffer.alloc(0);
  for await (const chunk of download(source, address, MAX_LOG_BYTES)) {
    tail = Buffer.concat([tail, chunk]).subarray(-keepBytes);
  }
  return tail.toString('utf8');
}

/** A job that prints more than this has a log that nobody reads to its end either. */
const MAX_LOG_BYTES = 200 * 1024 * 1024;

async function* download(source: ArchiveSource, address: string, maxBytes: number): AsyncGenerator<Uint8Array> {
  const location = URL.canParse(address) ? new URL(address) : null;
  if (location === null || !isAllowedHost(location, source.baseUrl)) {
    throw new ArchiveError('refused_host', "the artifact is kept at an address that is not GitHub's");
  }
  const signal = AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS);
  const reply = await source.fetch(location, { redirect: 'manual', signal }).catch(() => null);
  if (reply === null || reply.status >= 500) throw new ArchiveError('unavailable', 'the artifact store did not answer');
  if (reply.status !== 200) throw new ArchiveError('expired_address', `the artifact store answered ${reply.status}`);
  let size = 0;
  try {
    for await (const chunk of (reply.body ?? []) as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > maxBytes) throw new ArchiveError('too_large', `the artifact is larger than ${maxBytes} bytes`);
      yield chunk;
    }
  } catch (error) {
    if (error instanceof ArchiveError) throw error;
    throw new ArchiveError('unavailable', 'the download of the artifact was cut');
  }
}

/**
 * Reads the wanted files, by exact name, in memory: nothing is ever extracted, so a name cannot lead anywhere.
 *
 * @throws ArchiveError
 */
export async function readEntries(archive: Buffer, wanted: readonly string[]): Promise<ReportFiles> {
  const zip = await open(archive);
  try {
    if (zip.entryCount > MAX_ENTRIES) throw new ArchiveError('too_large', `the artifact has ${zip.entryCount} entries`);
    const files = new Map<string, ReportFile>();
    let inflated = 0;
    for (let entry = await nextEntry(zip); entry !== null; entry = await nextEntry(zip)) {
      if (!wanted.includes(entry.fileName)) continue;
      if (files.has(entry.fileName)) throw new ArchiveError('not_a_zip', `the artifact has ${entry.fileName} twice`);
      const bytes = await inflate(zip, entry, MAX_INFLATED_BYTES - inflated);
      inflated += bytes.length;
      files.set(entry.fileName, toReportFile(bytes));
    }
    return files;
  } finally {
    zip.close();
  }
}

/** One file's bytes; null where the archive has no such file. @throws ArchiveError */
export async function readEntryBytes(archive: Buffer, name: string): Promise<Buffer | null> {
  const zip = await open(archive);
  try {
    if (zip.entryCount > MAX_ENTRIES) throw new ArchiveError('too_large', `the artifact has ${zip.entryCount} entries`);
    for (let entry = await nextEntry(zip); entry !== null; entry = await nextEntry(zip)) {
      if (entry.fileName === name) return await inflate(zip, entry, MAX_INFLATED_BYTES);
    }
    return null;
  } finally {
    zip.close();
  }
}

export function toReportFile(bytes: Buffer): ReportFile {
  return {
    text: new TextDecoder().decode(bytes),
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  };
}

const notAZip = (error: Error): ArchiveError =>
  new ArchiveError('not_a_zip', `the artifact is not a readable zip: ${error.message}`);

const open = (archive: Buffer): Promise<ZipFile> =>
  new Promise((resolve, reject) => {
    fromBuffer(archive, { lazyEntries: true, validateEntrySizes: true, autoClose: false }, (error, zip) => {
      if (error) reject(notAZip(error));
      else resolve(zip);
    });
  });

const nextEntry = (zip: ZipFile): Promise<Entry | null> =>
  new Promise((resolve, reject) => {
    const settle = (action: () => void): void => {
      zip.removeAllListeners();
      action();
    };
    zip.once('entry', (entry: Entry) => settle(() => resolve(entry)));
    zip.once('end', () => settle(() => resolve(null)));
    zip.once('error', (error: Error) => settle(() => reject(notAZip(error))));
    zip.readEntry();
  });

/** The header's size is the attacker's word: bytes are counted as they come. */
const inflate = (zip: ZipFile, entry: Entry, budget: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => {
      if (error) return reject(notAZip(error));
      const chunks: Buffer[] = [];
      let size = 0;
      stream.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > budget) stream.destroy(new ArchiveError('too_large', `${entry.fileName} is too large`));
        else chunks.push(chunk);
      });
      stream.on('end', () => resolve(Buffer.concat(chunks)));
      stream.on('error', (fault: Error) => reject(fault instanceof ArchiveError ? fault : notAZip(fault)));
    });
  });
