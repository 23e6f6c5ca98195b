/** Where trust roots lie: the two that are shipped, newer ones that were fetched, and the operator's own. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { TRUST_FILES } from '../program-files.ts';
import { loadTrustRoot, TrustRootError, type TrustRoot } from './trust-root.ts';

const FOLDER = fileURLToPath(TRUST_FILES);

const Shipped = z.object({ file: z.string(), asOf: z.iso.date(), mirror: z.url(), tufRoot: z.string() });
const ShippedIndex = z.object({ maxAgeDays: z.number().int().positive(), roots: z.record(z.string(), Shipped) });

const shipped = (): z.infer<typeof ShippedIndex> =>
  ShippedIndex.parse(JSON.parse(readFileSync(join(FOLDER, 'index.json'), 'utf8')));

/** One that was fetched, and when. */
const Fetched = z.object({ asOf: z.iso.date(), json: z.string() });

export interface RootFiles {
  /** Where fetched roots are kept between runs. */
  readonly cacheDir: string;
  /** Name → file, of the trust policy. */
  readonly own: Readonly<Record<string, string>>;
}

/** @throws TrustRootError that names the root and the file */
export function loadTrustRoots({ cacheDir, own }: RootFiles, now: Date): TrustRoot[] {
  const { maxAgeDays, roots } = shipped();
  const builtIn = Object.entries(roots)
    .filter(([name]) => !Object.hasOwn(own, name))
    .map(([name, { file, asOf }]) => {
      const source = newest({ asOf, json: readFileSync(join(FOLDER, file), 'utf8') }, fetchedBefore(cacheDir, name));
      return loadTrustRoot({ name, ...source }, maxAgeDays, now);
    });
  const given = Object.entries(own).map(([name, file]) => loadTrustRoot(fromFile(name, file, now), maxAgeDays, now));
  return [...builtIn, ...given];
}

/** A file of the operator's own is as of today: how old it is only the operator knows. */
export function fromFile(name: string, file: string, now: Date): { name: string; json: string; asOf: string } {
  try {
    return { name, json: readFileSync(file, 'utf8'), asOf: now.toISOString().slice(0, 10) };
  } catch {
    throw new TrustRootError(`Trust root ${name}: ${file} cannot be read.`);
  }
}

type Source = z.infer<typeof Fetched>;

const newest = (one: Source, other: Source | null): Source => (other !== null && other.asOf > one.asOf ? other : one);

function fetchedBefore(cacheDir: string, name: string): Source | null {
  const file = cachedFile(cacheDir, name);
  if (!existsSync(file)) return null;
  try {
    return Fetched.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    throw new TrustRootError(
      `Trust root ${name}: ${file} is not what was fetched. Remove it, and run \`slsa-pipeline trust refresh\`.`,
    );
  }
}

const cachedFile = (cacheDir: string, name: string): string => join(cacheDir, 'trust', `${name}.json`);

export interface Refreshed {
  readonly name: string;
  /** Null where it could not be fetched. */
  readonly problem: string | null;
}

/** Fetches newer roots by TUF, from the root metadata that is shipped: what is not signed by it never arrives. */
export async function refreshTrustRoots(cacheDir: string, now: Date): Promise<Refreshed[]> {
  return Promise.all(
    Object.entries(shipped().roots).map(async ([name, { mirror, tufRoot }]) => ({
      name,
      problem: await refreshOne(cacheDir, { name, mirror, tufRoot }, now),
    })),
  );
}

interface Mirrored {
  readonly name: string;
  readonly mirror: string;
  readonly tufRoot: string;
}

async function refreshOne(cacheDir: string, { name, mirror, tufRoot }: Mirrored, now: Date): Promise<string | null> {
  const asOf = now.toISOString().slice(0, 10);
  try {
    await mkdir(join(cacheDir, 'trust', 'tuf'), { recursive: true });
    // Loaded here only: TUF's client is a third of what `verify` would load.
    const { initTUF } = await import('@sigstore/tuf');
    const client = await initTUF({
      mirrorURL: mirror,
      rootPath: join(FOLDER, tufRoot),
      cachePath: join(cacheDir, 'trust', 'tuf'),
      timeout: 15_000,
      retry: 1,
    });
    const json = await client.getTarget('trusted_root.json');
    // What cannot be used is not kept.
    loadTrustRoot({ name, json, asOf }, shipped().maxAgeDays, now);
    const file = cachedFile(cacheDir, name);
    await writeFile(`${file}.new`, JSON.stringify({ asOf, json }));
    await rename(`${file}.new`, file);
    return null;
  } catch (error) {
    return `${mirror}: ${error instanceof Error ? error.message : String(error)}`;
  }
}
